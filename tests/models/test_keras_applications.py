"""With the same weights, our networks compute what Keras' own copies of them do.

Convolutions that have no bias with us get that of Keras' copy by way of the normalisation: it moves the running mean.
"""

import math

import numpy as np
import pytest

from cnnproj.models import architectures

from .inside import inner_layers

CLASSES, SIDE = 6, 64


def built(name: str, side: int):
    network = architectures()[name]
    return network.build((side, side, 3), CLASSES, {**network.defaults, "form": "original"})


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(1).normal(0, 1, (2, SIDE, SIDE, 3)).astype(np.float32)


def drawn(model, gamma: tuple[float, float]) -> None:
    """Random weights, statistics and offsets included; ``gamma`` is such that images still differ at the end."""
    draw = np.random.default_rng(0)
    for weight in model.weights:
        shape = weight.shape
        if len(shape) > 1:
            weight.assign(draw.normal(0, (2 / math.prod(shape[:-1])) ** 0.5, shape))
        elif weight.name in ("gamma", "moving_variance"):
            weight.assign(draw.uniform(*gamma, shape) if weight.name == "gamma" else draw.uniform(0.5, 1.5, shape))
        else:
            weight.assign(draw.normal(0, 0.2, shape))


def put(theirs: dict[str, object], ours: dict[str, object], pairs: dict[str, str]) -> None:
    """Copy the weights of each of ``pairs``, theirs by ours."""
    assert {path for path, layer in ours.items() if layer.weights} == pairs.keys()
    assert {name for name, layer in theirs.items() if layer.weights} == set(pairs.values())
    bias = np.float32(0)
    for path, name in pairs.items():
        weights = theirs[name].get_weights()
        if hasattr(ours[path], "kernel") and len(weights) > len(ours[path].weights):
            weights, bias = weights[:1], weights[1]
        elif len(weights) == 4:
            weights, bias = [*weights[:2], weights[2] - bias, weights[3]], np.float32(0)
        ours[path].set_weights(weights)


def assert_the_same(theirs, ours, pairs, images, gamma=(0.5, 1.5)) -> None:
    drawn(theirs, gamma)
    put({layer.name: layer for layer in theirs.layers}, inner_layers(ours), pairs)
    expected, found = (model(images, training=False).numpy() for model in (theirs, ours))
    assert np.ptp(expected, axis=0).max() > 1e-3  # or it would not matter what it gets
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_vgg16(images):
    import keras

    theirs = keras.applications.VGG16(weights=None, input_shape=(32, 32, 3), classes=CLASSES)
    ours = built("vgg16", 32)
    named = {"dense_1": "fc1", "dense_2": "fc2", "probabilities": "predictions"}
    pairs = {
        layer.name: named.get(layer.name, layer.name.replace("conv_", "block").replace("_", "_conv"))
        for layer in ours.layers
        if layer.weights
    }

    assert_the_same(theirs, ours, pairs, images[:, :32, :32])


def test_resnet50(images):
    import keras

    shape = (SIDE, SIDE, 3)
    theirs = keras.applications.ResNet50(weights=None, input_shape=shape, classes=CLASSES)
    ours = built("resnet50", SIDE)
    named = {"conv_1": "conv1_conv", "norm_1": "conv1_bn", "probabilities": "predictions"}
    for path in inner_layers(ours):
        if "/" in path:
            block, inner = path.split("/")
            _, stage, step = block.split("_")
            kind, number = ("norm" in inner and "bn") or "conv", inner[-1] if inner[-1].isdigit() else "0"
            named[path] = f"conv{int(stage) + 1}_block{step}_{number}_{kind}"
    pairs = {path: named[path] for path, layer in inner_layers(ours).items() if layer.weights}

    assert_the_same(theirs, ours, pairs, images, gamma=(0.3, 0.8))  # what is added adds up


def test_densenet121(images):
    import keras

    shape = (SIDE, SIDE, 3)
    theirs = keras.applications.DenseNet121(weights=None, input_shape=shape, classes=CLASSES)
    ours = built("densenet121", SIDE)
    named = {"conv_1": "conv1_conv", "norm_1": "conv1_bn", "norm_last": "bn", "probabilities": "predictions"}
    for path in inner_layers(ours):
        block, _, inner = path.partition("/")
        if block.startswith("dense_"):
            kind, step, half = inner.split("_") if inner.count("_") == 2 else (inner, "", "")
            number = int(half or 0) - (kind == "norm")
            place = f"conv{int(block[-1]) + 1}_block{step}"
            named[path] = f"{place}_{number}_{'bn' if kind == 'norm' else 'conv'}"
        elif block.startswith("transition_"):
            named[path] = f"pool{int(block[-1]) + 1}_{'bn' if inner.startswith('norm') else 'conv'}"
    pairs = {path: named[path] for path, layer in inner_layers(ours).items() if layer.weights}

    assert_the_same(theirs, ours, pairs, images)
