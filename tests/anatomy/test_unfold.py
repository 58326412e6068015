"""A network unfolds to a flat graph that computes the same, with a path to each layer inside its blocks."""

import keras
import numpy as np
import pytest
from keras import layers

from cnnproj.anatomy.unfold import maps_at, unfold
from cnnproj.errors import CnnprojError

from ..interpretation.networks import in_blocks, nested
from .toys import Eager, Residual, Scaled, Twice, residual_net

IMAGES = np.random.default_rng(0).random((3, 16, 16, 3), dtype=np.float32)


def paths(model) -> list[str]:
    return [step.path for step in unfold(model).steps]


def alone(layer) -> keras.Sequential:
    return keras.Sequential([keras.Input((16, 16, 3)), layer])


@pytest.mark.parametrize("build", [residual_net, in_blocks, nested])
def test_it_computes_the_same_and_counts_each_parameter_once(build):
    model = build()
    unfolded = unfold(model)
    last = None
    for step, value in unfolded.values(IMAGES):
        assert tuple(value.shape[1:]) == step.shape
        last = value
    np.testing.assert_allclose(last, model(IMAGES, training=False), atol=1e-6)
    assert sum(step.parameters for step in unfolded.steps) == model.count_params()


def test_layers_in_blocks_in_blocks_have_paths():
    found = paths(residual_net())
    assert found[:3] == ["conv1", "pool1", "conv2_1/conv_1"]
    assert "conv3/first/shortcut" in found
    assert found[-2:] == ["average", "probabilities"]
    assert len(set(found)) == len(found)


def test_a_network_within_the_network_is_unfolded_too():
    model = nested()
    assert [path for path in paths(model) if path.startswith("backbone/")] == [
        f"backbone/{layer.name}" for layer in model.get_layer("backbone").layers[1:]
    ]


@pytest.mark.parametrize("block", [Scaled, Eager])
def test_what_cannot_be_followed_stays_one_layer(block):
    model = alone(block(name="block"))
    assert paths(model) == ["block"]
    assert unfold(model).steps[0].parameters == model.count_params()


def test_a_layer_that_works_twice_has_two_paths_and_its_parameters_once():
    unfolded = unfold(alone(Twice(3, name="twice")))
    assert [(step.path, step.parameters) for step in unfolded.steps] == [("twice/conv", 84), ("twice/conv_2", 0)]
    x = IMAGES[:1]
    (_, once), (_, twice) = unfolded.values(x)
    np.testing.assert_allclose(unfolded.steps[0].layer(once), twice, atol=1e-6)


def test_a_layer_of_keras_with_a_layer_for_its_activation_is_one_layer():
    assert paths(alone(layers.Conv2D(2, 3, activation=layers.LeakyReLU(), name="conv"))) == ["conv"]


def test_the_maps_of_a_layer_inside_a_block_are_found_by_its_path():
    model = residual_net()
    found = maps_at(model, "conv2_1/conv_1", IMAGES[0])
    inner = keras.Model(model.inputs[0], model.get_layer("pool1").output)(IMAGES[:1], training=False)
    np.testing.assert_allclose(found, model.get_layer("conv2_1").conv_1(inner)[0], atol=1e-6)


def test_gradients_go_through():
    import tensorflow as tf

    images = tf.constant(IMAGES)
    blocks = [Residual(4, name="block_1"), Residual(4, name="block_2")]
    model = keras.Sequential([keras.Input((16, 16, 3)), layers.Conv2D(4, 3), *blocks, layers.GlobalAveragePooling2D()])
    with tf.GradientTape() as tape:
        tape.watch(images)
        *_, (_, last) = unfold(model).values(images)
        score = tf.reduce_sum(last[:, 0])
    assert float(tf.reduce_max(tf.abs(tape.gradient(score, images)))) > 0


def test_an_unknown_path_is_refused_with_those_that_come_close():
    with pytest.raises(CnnprojError, match=r"no layer 'conv2_1'.*conv2_1/conv_1, conv2_1/norm_1"):
        maps_at(residual_net(), "conv2_1", IMAGES[0])
    with pytest.raises(CnnprojError, match="conv2_1/conv_2"):
        maps_at(residual_net(), "conv2_1/conv2", IMAGES[0])
