"""What every registered network promises."""

from pathlib import Path

import numpy as np
import pytest

from cnnproj.data.sources import open_source
from cnnproj.models import architecture, architectures, forget

from ..data.stored import stored
from .inside import NARROW, SIBLINGS, SMALL, make_shallow

NETWORKS = sorted(name for name, network in architectures().items() if network.ours)
SHAPES = [(16, 16, 1), (28, 28, 1), (32, 48, 3), (64, 64, 3)]
EVERY = [(shape, classes) for shape in SHAPES for classes in (2, 11)]
BUILDS = [
    (name, *built)
    for name in NETWORKS
    for built in ([EVERY[0], EVERY[-1]] if architectures()[name].smallest else EVERY)
]


@pytest.fixture(scope="module")
def patterns(pattern_folder: Path, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("store")
    return stored(open_source(str(pattern_folder), folder, seed=0), folder, size=(16, 16), seed=0)


@pytest.mark.parametrize(("name", "shape", "classes"), BUILDS)
def test_every_network_is_built_for_gray_and_colour_and_any_size(name, shape, classes):
    import keras

    network = architectures()[name]
    model = network.build(shape, classes, {**network.defaults, **SMALL.get(name, {})})
    assert isinstance(model, keras.Sequential)
    assert model.output_shape == (None, classes)
    assert model.layers[-1].activation is keras.activations.softmax


@pytest.mark.parametrize("name", NETWORKS)
class TestEveryNetwork:
    def test_says_what_it_is_and_where_it_comes_from(self, name):
        builder = architectures()[name].builder
        assert architectures()[name].summary
        assert "Source:" in builder.__doc__

    def test_has_a_search_over_at_least_two_hyperparameters(self, name):
        assert len(architectures()[name].space) >= 2


@pytest.mark.parametrize("name", [name for name in NETWORKS if architectures()[name].smallest])
def test_the_networks_of_the_lectures_compute_and_come_back_from_their_configuration(name):
    import keras

    network = architectures()[name]
    model = network.build((16, 16, 1), 3, {**network.defaults, **NARROW.get(name, {})})
    images = np.random.default_rng(0).random((2, 16, 16, 1), dtype=np.float32)
    given = model(images, training=False).numpy()
    again = keras.Sequential.from_config(model.get_config())
    again.set_weights(model.get_weights())

    np.testing.assert_allclose(given.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(again(images, training=False), given)


TRAINED = [name for name in NETWORKS if name not in SIBLINGS]


@pytest.fixture
def blocks():
    """A network of one block of each kind, registered."""
    import keras
    from keras import layers

    from cnnproj.models.blocks import BottleneckBlock, DenseBlock, InceptionModule, Transition

    @architecture(space={})
    def blocks(shape, classes):
        return keras.Sequential(
            [
                keras.Input(shape),
                layers.Conv2D(8, 3),
                InceptionModule((8, 4, 8, 4, 8, 8), name="inception"),
                BottleneckBlock(4, 2, name="bottleneck"),
                DenseBlock(2, 8, name="dense_block"),
                Transition(name="transition"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(classes, activation="softmax"),
            ]
        )

    yield architectures()["blocks"]
    forget("blocks")


def test_a_network_of_the_students_own_learns_with_our_blocks(blocks, patterns):
    from cnnproj.training import fit

    result = fit(blocks, patterns, {**blocks.defaults, "batch_size": 8}, epochs=12, seed=1, augmentation={})

    assert result.best["val_accuracy"] >= 0.9


class TestEveryKindOfNetwork:
    @pytest.mark.parametrize("name", TRAINED)
    def test_learns_a_tiny_set_and_comes_back_from_disk_the_same(self, name, patterns, tmp_path, monkeypatch):
        from cnnproj.inference import predict
        from cnnproj.recipe import load_model, load_predictions, save
        from cnnproj.training import fit

        make_shallow(monkeypatch)
        network = architectures()[name]
        chosen = {**network.defaults, "batch_size": 8, **NARROW.get(name, {})}
        result = fit(network, patterns, chosen, epochs=15, seed=1, augmentation={})
        assert result.best["val_accuracy"] >= 0.9
        save(
            tmp_path,
            result,
            patterns.validation,
            model=name,
            summary=network.summary,
            ours=True,
            hyperparameters=chosen,
            resize="stretch",
            epochs=15,
            seed=1,
        )
        before = predict(result.model, patterns.validation)
        np.testing.assert_array_equal(predict(load_model(tmp_path), patterns.validation), before)
        np.testing.assert_array_equal(load_predictions(tmp_path / "validation.csv")[1], before)

    @pytest.mark.parametrize("name", [name for name in NETWORKS if name not in SIBLINGS])
    def test_is_explained_by_a_map_of_at_least_4x4_or_by_saliency(self, name, patterns):
        from cnnproj.interpretation.heatmaps import explain
        from cnnproj.interpretation.opened_model import gradcam_layer

        network = architectures()[name]
        model = network.build(patterns.shape, 3, {**network.defaults, **NARROW.get(name, {})})
        images = patterns.validation.images(np.arange(3)) / 255
        found = explain(model, images, np.array([0, 1, 2]), seed=0)
        again = explain(model, images, np.array([0, 1, 2]), seed=0)
        layer = gradcam_layer(model)
        if name == "mlp":
            assert (found.method, found.layer, layer) == ("saliency", "", None)
        else:
            assert (found.method, found.layer) == ("gradcam", layer)
            assert min(model.get_layer(layer).output.shape[1:3]) >= 4
        assert found.maps.shape == (3, 16, 16)
        assert np.isfinite(found.maps).all()
        assert (found.maps >= 0).all()
        np.testing.assert_array_equal(found.maps, again.maps)


def test_the_compact_cnn_has_fewer_than_100_000_parameters_at_28_pixels():
    network = architectures()["compact_cnn"]
    widest = {**network.defaults, "filters": max(network.space["filters"].values)}
    assert network.build((28, 28, 1), 10, widest).count_params() < 100_000


def test_grad_cam_equals_its_definition(patterns):
    """Selvaraju et al. (2017), equations 1 and 2, by hand."""
    import keras
    import tensorflow as tf

    from cnnproj.interpretation.heatmaps import explain
    from cnnproj.interpretation.opened_model import gradcam_layer

    keras.utils.set_random_seed(2)
    network = architectures()["compact_cnn"]
    model = network.build(patterns.shape, 3, network.defaults)
    images = patterns.validation.images(np.arange(2)).astype(np.float32) / 255
    layer = model.get_layer(gradcam_layer(model))
    last = model.layers[-1]
    both = keras.Model(model.inputs[0], [layer.output, model.layers[-2].output])
    with tf.GradientTape() as tape:
        maps, features = both(images)
        logits = features @ last.kernel + last.bias
        score = tf.reduce_sum(logits[:, 1])
    weights = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2), keepdims=True)
    by_hand = np.maximum(tf.reduce_sum(weights * maps, axis=-1).numpy(), 0)
    found = explain(model, images, np.array([1, 1]), seed=0).maps
    # They are enlarged differently; at the corners, where nothing is interpolated, they must agree.
    assert found.shape == (2, 16, 16)
    np.testing.assert_allclose(
        found[:, ::15, ::15], by_hand[:, :: by_hand.shape[1] - 1, :: by_hand.shape[2] - 1], atol=1e-5
    )
