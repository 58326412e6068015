"""Backbones: every network of Keras that is offered, and cnnproj's own, as far as their features."""

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnproj.errors import CnnprojError
from cnnproj.models import architectures
from cnnproj.models.backbones import (
    KERAS_NETWORKS,
    KerasNetwork,
    OwnNetwork,
    describe,
    find_backbone,
    in_stages,
    own_names,
)

# What is built here: one of each kind.
BUILT = ("VGG16", "ResNet50", "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large", "EfficientNetV2B0", "DenseNet121")
# By the network, the module of keras.applications that says how images are to be preprocessed.
MODULES = {
    "VGG16": "vgg16",
    "ResNet50": "resnet50",
    "ResNet50V2": "resnet_v2",
    "MobileNet": "mobilenet",
    "MobileNetV2": "mobilenet_v2",
    "MobileNetV3Small": "mobilenet_v3",
    "EfficientNetV2B0": "efficientnet_v2",
    "DenseNet121": "densenet",
    "InceptionV3": "inception_v3",
    "InceptionResNetV2": "inception_resnet_v2",
    "Xception": "xception",
    "ConvNeXtTiny": "convnext",
}


@pytest.mark.parametrize("name", BUILT)
def test_a_network_of_keras_is_cut_into_stages_that_do_what_it_does_whole(name):
    import keras

    network = KERAS_NETWORKS[name]
    keras.utils.set_random_seed(1)
    whole = network.whole((64, 64, 3))
    layers = network.layers((64, 64, 1))
    for mine, stage in zip(layers[1:], in_stages(whole), strict=True):
        mine.set_weights(stage.get_weights())
    images = np.random.default_rng(0).random((1, 64, 64, 1), np.float32)

    model = keras.Sequential([keras.Input((64, 64, 1)), *layers])
    sides = [min(layer.output.shape[1:3]) for layer in model.layers[1:]]
    np.testing.assert_array_equal(model(images), whole(layers[0](images)))
    assert model.output_shape == whole.output_shape
    assert model.output_shape[1:3] == (2, 2)
    assert sides == sorted(sides, reverse=True)
    assert 4 in sides, "maps that a heatmap can be drawn of"
    assert sum(bool(layer.weights) for layer in layers) == 5
    assert sum(layer.count_params() for layer in layers) == whole.count_params()


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_preprocessed_as_keras_wants_them(name, channels):
    from cnnproj.models.preprocessing import Preprocessing

    images = np.random.default_rng(1).random((2, 4, 5, channels), np.float32)
    module = importlib.import_module(f"keras.applications.{MODULES[name]}")
    wanted = module.preprocess_input(255 * np.broadcast_to(images, (2, 4, 5, 3)))

    given = Preprocessing(KERAS_NETWORKS[name].expects)(images)
    np.testing.assert_allclose(given, wanted, atol=2e-4)


def test_preprocessing_comes_back_from_what_it_says_of_itself():
    from cnnproj.models.preprocessing import Preprocessing

    layer = Preprocessing("blue_first", name="x")
    assert Preprocessing.from_config(layer.get_config()).get_config() == layer.get_config()
    assert layer.compute_output_shape((None, 8, 9, 1)) == (None, 8, 9, 3)


@pytest.mark.parametrize(
    ("name", "side"),
    [(name, 96) for name in MODULES if name not in ("InceptionResNetV2", "EfficientNetV2B0", "ResNet50V2")]
    + [("MobileNetV2", 100), ("MobileNet", 128)],
)
def test_the_file_that_is_named_is_the_one_that_keras_looks_for(name, side, monkeypatch, tmp_path):
    from keras.src.utils import file_utils

    class Asked(Exception):
        pass

    def ask(fname=None, origin=None, cache_subdir="datasets", **how):
        raise Asked(f"{cache_subdir}/{fname}")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(file_utils, "get_file", ask)
    network = KERAS_NETWORKS[name]
    with pytest.raises(Asked) as asked:
        network.whole((side, side, 3), "imagenet")

    assert str(network.place((side, side, 1))) == f"{tmp_path}/{asked.value}"


def test_a_backbone_is_found_by_the_name_of_keras_or_of_cnnproj():
    assert find_backbone("mobilenet_v2") is KERAS_NETWORKS["MobileNetV2"]
    assert find_backbone("EfficientNetV2B0") is KERAS_NETWORKS["EfficientNetV2B0"]
    own = find_backbone("compact_cnn( filters=32, depth = 4)")
    assert own == OwnNetwork(architectures()["compact_cnn"], {"filters": 32, "depth": 4})
    assert own.name == "compact_cnn(filters=32, depth=4)"
    assert find_backbone("compact_cnn(filters=24)") == find_backbone("compact_cnn")
    assert "transfer" not in own_names()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mobilnet", "There is no backbone 'mobilnet'. There is: VGG16"),
        ("transfer", "There is no backbone 'transfer'"),
        ("compact_cnn(filters)", "value of filters cannot be ''"),
        ("compact_cnn(filters=many)", "value of filters cannot be 'many'"),
        ("compact_cnn(filters=1000000000)", "0 to 65536"),
        ("compact_cnn(depth=101)", "depth: to 100"),
        ("compact_cnn(learning_rate=1)", "'learning_rate', which this network does not have. It has: filters, depth"),
    ],
)
def test_what_is_no_backbone_is_refused_with_what_there_is(name, told):
    with pytest.raises(CnnprojError) as refused:
        find_backbone(name)

    assert told in str(refused.value)


@given(st.integers(1, 64), st.integers(1, 6), st.sampled_from(["relu", "tanh"]), st.floats(0, 0.9))
def test_a_trained_network_of_ours_is_described_so_that_it_is_found_again(filters, depth, activation, dropout):
    network = architectures()["compact_cnn"]
    chosen = {"filters": filters, "depth": depth, "activation": activation, "dropout": dropout, "learning_rate": 0.5}

    backbone = describe(network, {**network.defaults, **chosen})

    assert find_backbone(backbone.name) == backbone
    assert "dropout" not in backbone.name


@pytest.mark.parametrize("name", ["compact_cnn", "deep_cnn(filters=4)", "mlp", "resnet18(filters=4)"])
def test_of_one_of_ours_all_layers_up_to_the_features_are_taken(name):
    import keras

    backbone = find_backbone(name)
    layers = backbone.layers((32, 32, 3), 0.1)

    whole = backbone.network.build((32, 32, 3), 2, {**backbone.network.defaults, **backbone.chosen})
    model = keras.Sequential([keras.Input((32, 32, 3)), *layers])
    head = whole.layers[-1].count_params()
    assert model.count_params() == whole.count_params() - head
    assert not isinstance(layers[-1], keras.layers.Dropout)
    assert len(model.output_shape) == 2


def test_images_that_are_too_small_are_refused_with_what_is_needed():
    with pytest.raises(CnnprojError, match=r"Xception needs images of at least 71×71 pixels\. .* is 32×64"):
        KERAS_NETWORKS["Xception"].layers((32, 64, 3))


def test_all_that_is_offered_is_in_keras():
    import keras

    assert all(callable(getattr(keras.applications, name)) for name in KERAS_NETWORKS)
    assert all(isinstance(find_backbone(name), KerasNetwork) for name in KERAS_NETWORKS)
