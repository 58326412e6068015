"""What every segmentation network promises."""

import keras
import numpy as np
import pytest

from cnnproj.errors import CnnprojError
from cnnproj.models import Choice
from cnnproj.segmentation.networks import segmenters
from cnnproj.segmentation.registry import BOTTLENECK, LOGITS, PROBABILITIES, segmenter
from cnnproj.segmentation.unpooling import MaxPoolingWithIndices, MaxUnpooling

NETWORKS = sorted(segmenters())


@pytest.mark.parametrize("name", NETWORKS)
class TestEveryNetwork:
    @pytest.mark.parametrize(("shape", "classes"), [((32, 32, 1), 2), ((37, 45, 3), 5), ((96, 64, 3), 3)])
    def test_is_built_for_gray_and_colour_and_any_size(self, name, shape, classes):
        network = segmenters()[name]
        model = network.build(shape, classes, network.defaults)
        assert model.output_shape == (None, *shape[:2], classes)
        assert model.get_layer(PROBABILITIES).activation is keras.activations.softmax
        assert min(model.get_layer(BOTTLENECK).output.shape[1:3]) >= 1

    def test_gives_probabilities_that_add_up_to_one(self, name):
        network = segmenters()[name]
        model = network.build((32, 32, 3), 4, network.defaults)
        given = model(np.random.default_rng(0).random((2, 32, 32, 3), np.float32)).numpy()
        np.testing.assert_allclose(given.sum(axis=-1), 1, atol=1e-5)

    def test_ends_as_the_loss_asks_for(self, name):
        network = segmenters()[name]
        model = network.build((32, 32, 1), 2, {**network.defaults, "loss": "binary_crossentropy"})
        assert model.get_layer(PROBABILITIES).activation is keras.activations.sigmoid

    def test_says_what_it_is_and_where_it_comes_from(self, name):
        assert segmenters()[name].summary
        assert "Source:" in segmenters()[name].builder.__doc__

    def test_has_a_search_over_at_least_two_hyperparameters_that_holds_its_defaults(self, name):
        network = segmenters()[name]
        assert len(network.space) >= 2
        for key, space in network.space.items():
            value = network.defaults[key]
            assert value in space.values if isinstance(space, Choice) else space.low <= value <= space.high

    def test_says_so_where_images_are_too_small(self, name):
        network = segmenters()[name]
        with pytest.raises(CnnprojError, match=r"8×8 pixels"):
            network.build((8, 8, 1), 2, {**network.defaults, **({} if name == "fcn8s" else {"depth": 3})})


def test_unet_joins_maps_of_the_same_size_on_the_way_down():
    network = segmenters()["unet"]
    model = network.build((64, 64, 3), 2, network.defaults)
    joined = [layer for layer in model.layers if isinstance(layer, keras.layers.Concatenate)]
    assert len(joined) == 3  # 64, 32 and 16 pixels: below 8 it does not go by itself
    for layer in joined:
        down, up = layer.input
        assert down.shape == up.shape


@pytest.mark.parametrize(("side", "halvings"), [(16, 2), (32, 2), (64, 3), (128, 3), (256, 4), (1024, 5)])
def test_segnet_stops_where_its_maps_would_be_too_small_to_bring_anything_back(side, halvings):
    network = segmenters()["segnet"]
    model = network.build((side, side, 1), 2, {**network.defaults, "filters": 2})
    assert model.get_layer(BOTTLENECK).output.shape[1] == side >> halvings


@pytest.mark.parametrize(
    ("name", "depth", "words"),
    [("segnet", 6, "at most 5 halvings, not 6"), ("segnet", -1, "cannot be -1"), ("unet", -1, "cannot be -1")],
)
def test_a_depth_that_there_is_not_is_refused(name, depth, words):
    network = segmenters()[name]
    with pytest.raises(CnnprojError, match=words):
        network.build((256, 256, 1), 2, {**network.defaults, "filters": 2, "depth": depth})


def test_segnet_mirrors_the_stages_of_vgg():
    network = segmenters()["segnet"]
    model = network.build((64, 64, 3), 2, {**network.defaults, "filters": 2, "depth": 5})
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)][:-1]
    down, up = convolutions[:13], convolutions[13:]
    assert [layer.name for layer in down] == [f"conv_{n}_{step}" for n in range(1, 6) for step in range(1, 3 + (n > 2))]
    # What a convolution on the way up takes in is as wide as what its mirror image on the way down gives.
    assert [layer.filters for layer in down] == [layer.input.shape[-1] for layer in reversed(up)]


def test_fcn_begins_by_enlarging_linearly():
    network = segmenters()["fcn8s"]
    model = network.build((64, 64, 1), 2, network.defaults)
    coarse = np.zeros((1, 8, 8, 2), np.float32)
    coarse[..., 1] = np.arange(8)
    fine = model.get_layer("enlarge")(coarse).numpy()[0]
    np.testing.assert_allclose(fine[30, 4:60, 1], (np.arange(4, 60) + 0.5) / 8 - 0.5, atol=1e-5)
    assert not fine[..., 0].any()


class TestUnpooling:
    maps = np.random.default_rng(1).normal(size=(3, 7, 10, 4)).astype(np.float32)

    def test_puts_every_maximum_back_where_it_stood(self):
        pooled, places = MaxPoolingWithIndices()(self.maps)
        spread = MaxUnpooling()([pooled, places, self.maps]).numpy()
        assert spread.shape == self.maps.shape
        there = spread != 0
        np.testing.assert_array_equal(spread[there], self.maps[there])
        assert there.sum() == np.prod(pooled.shape)

    def test_says_the_shapes_that_it_gives(self):
        image = keras.Input((7, 10, 4))
        pooled, places = MaxPoolingWithIndices()(image)
        assert pooled.shape == places.shape == (None, 4, 5, 4)
        assert MaxUnpooling()([pooled, places, image]).shape == (None, 7, 10, 4)

    def test_hands_gradients_to_the_maxima_alone(self):
        import tensorflow as tf

        maps = tf.constant(self.maps)
        with tf.GradientTape() as tape:
            tape.watch(maps)
            pooled, places = MaxPoolingWithIndices()(maps)
            total = tf.reduce_sum(MaxUnpooling()([pooled, places, maps]))
        assert set(np.unique(tape.gradient(total, maps).numpy())) == {0.0, 1.0}


class TestRegistering:
    def test_refuses_what_has_no_default(self):
        with pytest.raises(CnnprojError, match="has no default"):

            @segmenter(space={})
            def mine(shape, classes, *, filters):
                return None

    def test_refuses_a_space_of_what_there_is_not(self):
        with pytest.raises(CnnprojError, match="widht"):

            @segmenter(space={"widht": Choice(1, 2)})
            def mine(shape, classes, *, width=3):
                return None

    def test_a_network_must_keep_the_contract(self):
        network = segmenters()["unet"]
        for build, words in (
            (lambda shape, classes: keras.Sequential([keras.Input(shape)]), "no layer 'bottleneck'"),
            (_too_few_classes, "must give a probability for each pixel"),
        ):
            broken = type(network)("mine", build, network.defaults, {}, {}, False, "")
            with pytest.raises(CnnprojError, match=words):
                broken.build((16, 16, 1), 3, {})


def _too_few_classes(shape, classes):
    names = (BOTTLENECK, LOGITS, PROBABILITIES)
    image = maps = keras.Input(shape)
    for name in names:
        maps = keras.layers.Activation("linear", name=name)(maps)
    return keras.Model(image, maps)
