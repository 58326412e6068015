"""The heatmaps are those of the papers: as tf-keras-vis makes them, and right where the truth is known."""

import numpy as np
import pytest

from cnnproj import words
from cnnproj.errors import CnnprojError
from cnnproj.models import architectures

from ..models.inside import NARROW
from .networks import HALF, adding_up, bright_quadrants, in_blocks, in_blocks_of_ours, nested, one_quadrant

ALL = ["compact_cnn", "deep_cnn", "googlenet", "lenet5", "mlp", "resnet18"]  # every kind of layer and of block
RANDOM = np.random.default_rng(5)
COLOUR = RANDOM.random((3, 32, 32, 3), dtype=np.float32)
CLASSES = np.array([2, 0, 3])


@pytest.fixture(scope="module", params=ALL)
def model(request):
    """A network of ours, its normalisation not that of a new one."""
    import keras

    keras.utils.set_random_seed(4)
    network = architectures()[request.param]
    built = network.build((32, 32, 3), 4, {**network.defaults, **NARROW.get(request.param, {})})
    built(COLOUR, training=True)
    return built


@pytest.fixture(scope="module")
def opened(model):
    from cnnproj.interpretation.opened_model import OpenedModel

    return OpenedModel(model)


@pytest.fixture(scope="module")
def cnn(opened):
    if opened.layer is None:
        pytest.skip("it keeps no positions")
    return opened


def reference(model, method: str, **how: object) -> np.ndarray:
    """The maps of tf-keras-vis, neither enlarged nor stretched."""
    import keras
    from tf_keras_vis.gradcam import Gradcam, GradcamPlusPlus
    from tf_keras_vis.layercam import Layercam
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.scorecam import Scorecam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    kind = {
        "gradcam": Gradcam,
        "gradcam_plus_plus": GradcamPlusPlus,
        "layercam": Layercam,
        "scorecam": Scorecam,
        "saliency": Saliency,
    }[method]
    maker = kind(keras.Model(model.inputs, model.outputs), model_modifier=ReplaceToLinear(), clone=True)
    return np.asarray(maker(CategoricalScore(CLASSES.tolist()), COLOUR, **how))


def at_the_last_maps(model):
    """Opened where the gradients are large: Grad-CAM++ divides by 2 + gradient · sum of the map, which may be next to 0
    for a small negative one, and rounding decides how near."""
    from cnnproj.interpretation.opened_model import OpenedModel

    return OpenedModel(model, [layer.name for layer in model.layers if len(layer.output.shape) == 4][-1])


def assert_the_same(ours: np.ndarray, theirs: np.ndarray) -> None:
    assert theirs.max() > 0
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * float(theirs.max()))


@pytest.mark.filterwarnings("ignore:(?s).*The structure of `inputs` doesn't match")
class TestEveryNetworkAsTfKerasVisHasIt:
    @pytest.mark.parametrize("method", ["gradcam", "layercam", "gradcam_plus_plus", "scorecam"])
    def test_by_class_activation(self, model, cnn, method, capsys, monkeypatch):
        from cnnproj.interpretation import heatmaps

        monkeypatch.setattr(heatmaps, "MOST_MASKS", 1000)  # all of them, as tf-keras-vis takes unless it is told
        if method == "gradcam_plus_plus":
            cnn = at_the_last_maps(model)
        how = {"penultimate_layer": cnn.layer, "seek_penultimate_conv_layer": False}
        theirs = reference(model, method, **how, expand_cam=False, normalize_cam=False)
        capsys.readouterr()
        ours = heatmaps.coarse(cnn, method, COLOUR, CLASSES, seed=0)
        assert capsys.readouterr().out == ""
        if method == "gradcam_plus_plus":  # theirs has the factor that all of an image share
            score = cnn.logits(COLOUR, training=False).numpy()[np.arange(3), CLASSES]
            ours = ours * np.exp(score)[:, None, None]
        assert_the_same(ours, theirs)

    def test_by_saliency(self, model, opened):
        from cnnproj.interpretation.heatmaps import smooth_grad

        theirs = reference(model, "saliency", smooth_samples=0, normalize_map=False)
        assert_the_same(smooth_grad(opened, COLOUR, CLASSES, seed=0, noise=0), theirs)


class TestEveryNetwork:
    def test_is_explained_by_every_method_in_finite_numbers_at_the_size_of_the_image(self, opened):
        from cnnproj.interpretation.heatmaps import heatmaps, methods

        assert ("gradcam" in methods(opened)) == (opened.layer is not None)
        for method in methods(opened):
            maps = heatmaps(opened, method, COLOUR, CLASSES, seed=0)
            assert maps.shape == (3, 32, 32), method
            assert maps.dtype == np.float32
            assert np.isfinite(maps).all(), method
            assert maps.min() >= 0, method

    def test_gives_in_batches_what_it_gives_one_by_one(self, cnn, monkeypatch):
        from cnnproj.interpretation import opened_model

        at_once = cnn.class_activation(COLOUR, CLASSES)
        monkeypatch.setattr(opened_model, "BATCH", 1)
        one_by_one = cnn.class_activation(COLOUR, CLASSES)
        for method, maps in at_once.items():
            np.testing.assert_allclose(maps, one_by_one[method], atol=1e-5 * float(maps.max()))

    def test_stays_as_it_is(self, model, opened):
        import keras

        from cnnproj.interpretation.heatmaps import heatmaps, methods

        before = model(COLOUR, training=False).numpy()
        heatmaps(opened, methods(opened)[0], COLOUR, CLASSES, seed=0)
        assert model.layers[-1].activation is keras.activations.softmax
        np.testing.assert_array_equal(model(COLOUR, training=False).numpy(), before)

    def test_gives_the_probabilities_of_the_network(self, model, opened):
        np.testing.assert_allclose(opened.probabilities(COLOUR), model(COLOUR, training=False), atol=1e-6)


@pytest.mark.parametrize(("build", "layer"), [(in_blocks, "block_2"), (nested, "backbone")])
class TestANetworkOfBlocks:
    def test_is_read_at_its_last_block_by_every_method(self, build, layer):
        from cnnproj.interpretation.heatmaps import heatmaps
        from cnnproj.interpretation.methods import WITH_POSITIONS
        from cnnproj.interpretation.opened_model import OpenedModel

        opened = OpenedModel(build())
        assert opened.layer == layer
        images = np.random.default_rng(0).random((2, 16, 16, 3), dtype=np.float32)
        for method in WITH_POSITIONS:
            maps = heatmaps(opened, method, images, np.array([0, 1]), seed=0)
            assert maps.shape == (2, 16, 16)
            assert np.isfinite(maps).all(), method

    def test_is_asked_for_what_stands_before_its_softmax(self, build, layer):
        from cnnproj.interpretation.opened_model import OpenedModel

        model = build()
        opened, images = OpenedModel(model), np.random.default_rng(0).random((2, 16, 16, 3), dtype=np.float32)
        powers = np.exp(opened.logits(images, training=False).numpy())
        expected = powers / powers.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(model(images, training=False), expected, atol=1e-5)
        np.testing.assert_allclose(opened.probabilities(images), expected, atol=1e-5)


def by_hand(model, images: np.ndarray, block: str, layer: str) -> np.ndarray:
    """Grad-CAM, equations 1 and 2 of Selvaraju et al. (2017), at ``layer`` within ``block``, layer by layer."""
    import keras
    import tensorflow as tf

    inner = tf.constant(images)
    with tf.GradientTape() as tape:
        for one in model.layers[:-1]:
            if one.name == block:
                image = keras.Input(inner.shape[1:])
                outputs, given = one.unfold(image)
                place = [held.name for held in one.held].index(layer)
                maps, inner = keras.Model(image, [given[place], outputs])(inner, training=False)
            else:
                inner = one(inner)
        last = model.layers[-1]
        scores = tf.gather(inner @ last.kernel + last.bias, CLASSES, batch_dims=1)
    weights = tf.reduce_mean(tape.gradient(scores, maps), axis=(1, 2), keepdims=True)
    return np.maximum(tf.reduce_sum(weights * maps, axis=-1).numpy(), 0)


@pytest.fixture(scope="module")
def network():
    """A network of our blocks, its normalisation not that of a new one."""
    import keras

    keras.utils.set_random_seed(4)
    built = in_blocks_of_ours()
    built.get_layer("bottleneck").norm_3.gamma.assign(np.ones(16))  # it begins with 0
    built(COLOUR[:, ::2, ::2], training=True)
    return built


class TestALayerWithinABlock:
    @pytest.mark.parametrize(
        ("block", "layer", "last"),
        [
            ("residual", "conv_2", "relu"),
            ("bottleneck", "conv_3", "relu"),
            ("inception", "conv_5", "join"),
            ("dense", "conv_2_2", "join_2"),
            ("transition", "conv_1", "pool"),
        ],
    )
    def test_is_read_by_its_path_as_the_definition_has_it(self, network, block, layer, last):
        """The gradient is that of all the rest: of the block from there on, with the ways round it and what follows."""
        from cnnproj.interpretation.heatmaps import coarse
        from cnnproj.interpretation.opened_model import OpenedModel

        images = COLOUR[:, ::2, ::2]
        before = network(images, training=False).numpy()
        opened = OpenedModel(network, f"{block}/{layer}")
        found = coarse(opened, "gradcam", images, CLASSES, seed=0)

        assert opened.layer == f"{block}/{layer}"
        assert_the_same(found, by_hand(network, images, block, layer))
        end, whole = (
            coarse(OpenedModel(network, path), "gradcam", images, CLASSES, seed=0)
            for path in (f"{block}/{last}", block)
        )
        assert_the_same(end, whole)
        np.testing.assert_array_equal(network(images, training=False), before)
        np.testing.assert_allclose(opened.probabilities(images), before, atol=1e-6)


class TestALayerOfOnesChoice:
    def test_is_read_by_every_method_within_a_network_in_the_network(self):
        from cnnproj.interpretation.heatmaps import heatmaps
        from cnnproj.interpretation.methods import WITH_POSITIONS
        from cnnproj.interpretation.opened_model import OpenedModel

        model = nested()
        path = f"backbone/{model.get_layer('backbone').layers[1].name}"
        opened = OpenedModel(model, path)
        images = np.random.default_rng(0).random((2, 16, 16, 3), dtype=np.float32)
        for method in WITH_POSITIONS:
            assert np.isfinite(heatmaps(opened, method, images, np.array([0, 1]), seed=0)).all(), method
        np.testing.assert_allclose(opened.probabilities(images), model(images, training=False), atol=1e-6)

    @pytest.mark.parametrize(
        ("path", "told"),
        [
            ("block_3", "no layer 'block_3' in this network. The closest: block_2"),
            ("block_2/conv", "no layer 'block_2/conv' in this network. The closest: block_2"),
            ("global_average_pooling2d", "'global_average_pooling2d' has no maps: its output has the shape 3"),
        ],
    )
    def test_must_be_there_and_have_maps(self, path, told, monkeypatch):
        import keras

        from cnnproj.interpretation.opened_model import OpenedModel

        monkeypatch.setattr(words, "_language", "en")
        keras.backend.clear_session()  # or the pooling has a number in its name
        with pytest.raises(CnnprojError) as caught:
            OpenedModel(in_blocks(), path)
        assert told in str(caught.value)


class TestANetworkThatLooksAtOneQuadrant:
    @pytest.mark.parametrize("method", ["gradcam", "gradcam_plus_plus", "layercam", "saliency", "occlusion"])
    def test_is_seen_to_do_so(self, method):
        from cnnproj.interpretation.heatmaps import heatmaps
        from cnnproj.interpretation.opened_model import OpenedModel

        opened, images = OpenedModel(one_quadrant()), bright_quadrants(2)
        assert opened.layer == "quadrant"
        maps = heatmaps(opened, method, images, np.array([0, 0]), seed=0)
        inside = maps[:, :HALF, :HALF].sum(axis=(1, 2)) / maps.sum(axis=(1, 2))
        assert (inside > (0.6 if method == "occlusion" else 0.99)).all()  # a square of 4 pixels reaches over the edge
        assert (maps.reshape(2, -1).argmax(axis=1) % 16 < HALF).all()

    def test_has_no_evidence_for_the_other_class_and_the_map_says_so(self):
        from cnnproj.interpretation.heatmaps import explain

        found = explain(one_quadrant(), bright_quadrants(2), np.array([1, 1]), seed=0)
        assert (found.method, found.layer) == ("gradcam", "quadrant")
        assert found.maps.max() == 0


def test_a_value_is_enlarged_about_the_middle_of_its_pixels():
    from cnnproj.interpretation.heatmaps import enlarge

    one = np.zeros((1, 4, 4), np.float32)
    one[0, 1, 2] = 1
    large = enlarge(one, (32, 32))[0]
    rows, columns = np.mgrid[:32, :32] + 0.5
    assert (large * rows).sum() / large.sum() == pytest.approx(1.5 * 8)
    assert (large * columns).sum() / large.sum() == pytest.approx(2.5 * 8)


@pytest.mark.parametrize(("row", "column"), [(24, 24), (25, 40), (39, 25), (40, 40)])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_heat_lies_where_the_evidence_does_whatever_the_padding_and_the_strides(padding, row, column):
    from cnnproj.interpretation.heatmaps import explain

    images = np.zeros((1, 64, 64, 1), np.float32)
    images[0, row - 4 : row + 5, column - 4 : column + 5] = 1
    (heat,) = explain(adding_up(64, padding), images, np.array([0]), seed=0).maps
    rows, columns = np.mgrid[:64, :64]
    assert (heat * rows).sum() / heat.sum() == pytest.approx(row, abs=1)  # spread evenly, some would be two beside it
    assert (heat * columns).sum() / heat.sum() == pytest.approx(column, abs=1)


def test_a_map_reaches_half_a_step_beyond_its_outermost_positions():
    from cnnproj.anatomy.receptive_field import Field, Interval
    from cnnproj.interpretation.heatmaps import enlarge

    inside = Field(Interval(0, 4, 1, 2.5), Interval(2, 4, 2, 3.5))  # the middles: rows 2 and 3, columns 3 and 5
    (large,) = enlarge(np.array([[[1, 3], [5, 7]]], np.float32), (6, 8), inside)
    np.testing.assert_allclose(large[:, 3], [0, 0, 1, 5, 0, 0])
    np.testing.assert_allclose(large[2], [0, 0, 1, 1, 2, 3, 3, 0])


def test_the_noise_is_that_of_the_seed():
    from cnnproj.interpretation.heatmaps import smooth_grad
    from cnnproj.interpretation.opened_model import OpenedModel

    network = architectures()["mlp"]
    opened = OpenedModel(network.build((32, 32, 3), 4, network.defaults))
    first, same, other = (smooth_grad(opened, COLOUR, CLASSES, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


@pytest.mark.parametrize(("side", "layer"), [(24, "pool_2"), (16, "pool_1"), (8, "conv"), (5, "conv"), (3, None)])
def test_what_is_read_are_the_last_maps_of_6x6_or_else_the_last_of_4x4_behind_the_first_convolution(side, layer):
    import keras
    from keras import layers

    from cnnproj.interpretation.opened_model import gradcam_layer

    halved = [layers.MaxPooling2D(padding="same", name=f"pool_{step}") for step in (1, 2, 3)]
    network = keras.Sequential(
        [keras.Input((side, side, 1)), layers.Conv2D(2, 3, padding="same", name="conv"), *halved, layers.Flatten()]
    )
    assert gradcam_layer(network) == layer
