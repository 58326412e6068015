"""A block is one layer to the network, and a graph of named layers to whoever unfolds it."""

import numpy as np
import pytest

SIDE, CHANNELS = 9, 6


def blocks() -> dict[str, object]:
    from cnnproj.models.blocks import BottleneckBlock, DenseBlock, InceptionModule, ResidualBlock, Transition

    return {
        "residual": ResidualBlock(CHANNELS, name="residual"),
        "projecting": ResidualBlock(4, 2, activation="elu", name="projecting"),
        "bottleneck": BottleneckBlock(3, 2, name="bottleneck"),
        "inception": InceptionModule((4, 3, 5, 2, 3, 1), name="inception"),
        "normalised": InceptionModule([4, 3, 5, 2, 3, 1], normalised=True, name="normalised"),
        "dense": DenseBlock(3, 2, name="dense"),
        "transition": Transition(name="transition"),
    }


NAMES = ["residual", "projecting", "bottleneck", "inception", "normalised", "dense", "transition"]
EXPECTED = {
    "residual": (9, 9, 6),
    "projecting": (5, 5, 4),
    "bottleneck": (5, 5, 12),
    "inception": (9, 9, 13),
    "normalised": (9, 9, 13),
    "dense": (9, 9, 12),
    "transition": (4, 4, 3),
}


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1, (4, SIDE, SIDE, CHANNELS)).astype(np.float32)


@pytest.fixture
def block(request: pytest.FixtureRequest):
    import keras

    keras.utils.set_random_seed(3)
    made = blocks()[request.param]
    made.build((None, SIDE, SIDE, CHANNELS))
    return made


@pytest.mark.parametrize("block", NAMES, indirect=True)
class TestEveryBlock:
    def test_says_the_shape_that_comes_out(self, block, images):
        assert block.compute_output_shape((None, SIDE, SIDE, CHANNELS)) == (None, *EXPECTED[block.name])
        assert block.compute_output_shape((2, None, None, CHANNELS))[1:3] == (None, None)
        assert block(images).shape == (4, *EXPECTED[block.name])

    def test_holds_layers_of_keras_with_names_of_their_own_and_nothing_else(self, block):
        import keras

        names = [layer.name for layer in block.held]
        assert len(set(names)) == len(names)
        assert all(isinstance(layer, keras.layers.Layer) and not layer._layers for layer in block.held)
        assert sum(layer.count_params() for layer in block.held) == block.count_params() > 0
        convolutions = [layer for layer in block.held if hasattr(layer, "kernel")]
        assert all("conv" in layer.name for layer in convolutions)
        assert len(convolutions) == {"dense": 6, "transition": 1, "projecting": 3, "residual": 2, "bottleneck": 4}.get(
            block.name, 6
        )

    @pytest.mark.parametrize("training", [False, True])
    def test_is_the_graph_of_its_layers_in_training_too(self, block, images, training):
        import keras

        image = keras.Input((SIDE, SIDE, CHANNELS))
        unfolded = keras.Model(image, block.call(image))
        before = block.get_weights()
        whole = block(images, training=training).numpy()
        moved = block.get_weights()
        block.set_weights(before)

        np.testing.assert_allclose(unfolded(images, training=training), whole, atol=1e-5)
        assert {layer.name for layer in unfolded.layers[1:]} == {layer.name for layer in block.held}
        for one, other in zip(moved, block.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)
        normalises = any("norm" in layer.name for layer in block.held)
        changed = any((one != other).any() for one, other in zip(before, moved, strict=True))
        assert changed == (training and normalises)

    def test_unfolds_as_often_as_it_is_asked_to(self, block):
        import keras

        for side in (SIDE, 12):
            image = keras.Input((side, side, CHANNELS))
            outputs, inner = block.unfold(image)
            assert outputs.shape == block.compute_output_shape(image.shape)
            assert len(keras.Model(image, inner).outputs) == len(block.held)

    def test_comes_back_from_a_file_of_a_network(self, block, images, tmp_path):
        import keras

        model = keras.Sequential([keras.Input((SIDE, SIDE, CHANNELS)), block, keras.layers.GlobalMaxPooling2D()])
        model.save(tmp_path / "model.keras")
        model.save_weights(tmp_path / "model.weights.h5")
        again = keras.models.load_model(tmp_path / "model.keras")
        other = keras.models.clone_model(model)
        other.load_weights(tmp_path / "model.weights.h5")

        assert again.layers[0].get_config() == block.get_config()
        for one in (again, other):
            np.testing.assert_array_equal(one(images), model(images))

    def test_computes_in_half_precision_where_it_is_asked_to(self, block, images):
        import keras

        half = type(block).from_config({**block.get_config(), "dtype": "mixed_bfloat16"})
        outputs = half(images)

        assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"
        assert {keras.backend.standardize_dtype(weight.dtype) for weight in half.weights} == {"float32"}
        assert all(layer.compute_dtype == "bfloat16" for layer in half.held)


def test_a_residual_block_adds_to_what_comes_in(images):
    block = blocks()["residual"]
    block.build(images.shape)
    block.norm_2.gamma.assign(np.zeros(CHANNELS))

    np.testing.assert_allclose(block(images), np.maximum(images, 0), atol=1e-6)
    assert not block.projects


def test_a_block_of_three_convolutions_begins_by_handing_on_what_comes_in(images):
    from cnnproj.models.blocks import BottleneckBlock

    block, four = BottleneckBlock(1), images[..., : BottleneckBlock.widening]

    np.testing.assert_allclose(block(four), np.maximum(four, 0), atol=1e-6)
    assert not block.projects


def test_a_dense_block_hands_on_what_comes_in(images):
    block = blocks()["dense"]

    np.testing.assert_array_equal(block(images)[..., :CHANNELS], images)


def test_local_response_normalisation_is_that_of_the_paper(images):
    from cnnproj.models.layers import LocalResponseNormalization

    loud = 100 * images
    expected = np.empty_like(loud)
    for place in range(CHANNELS):
        around = loud[..., max(0, place - 2) : place + 3]
        expected[..., place] = loud[..., place] / (2 + 1e-4 * (around**2).sum(axis=-1)) ** 0.75

    np.testing.assert_allclose(LocalResponseNormalization()(loud), expected, rtol=1e-4)


@pytest.mark.parametrize("steps", [0, 257])
def test_a_dense_block_of_no_steps_or_of_hundreds_is_refused(steps):
    from cnnproj.models.blocks import DenseBlock

    with pytest.raises(ValueError, match=f"Expected 1 to 256 steps. Received: steps={steps}"):
        DenseBlock(steps, 4)


def test_an_inception_module_needs_the_filters_of_six_convolutions():
    from cnnproj.models.blocks import InceptionModule

    with pytest.raises(ValueError, match="filters of six convolutions"):
        InceptionModule((1, 2, 3))
