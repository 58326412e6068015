"""The arithmetic by hand equals the layers of Keras, for all that both can do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import convolve2d

from cnnproj.lecture import convolve, pool

sides = st.integers(1, 3)


@st.composite
def images(draw: st.DrawFn) -> np.ndarray:
    shape = (draw(st.integers(3, 9)), draw(st.integers(3, 9)), draw(sides))
    return np.random.default_rng(draw(st.integers(0, 999))).normal(size=shape).astype(np.float32)


def layer_of(layer, image: np.ndarray) -> np.ndarray:
    return np.asarray(layer(image[None]))[0]


@settings(max_examples=20)
@given(images(), sides, sides, sides, st.sampled_from(["valid", "same"]), st.integers(0, 999))
@pytest.mark.parametrize("depthwise", [False, True])
def test_convolution(depthwise, image, height, width, filters, padding, seed):
    import keras

    for strides in ((1, 1), (2, 2), (3, 3)) if depthwise else ((1, 1), (2, 1), (3, 2)):
        options = {"strides": strides, "padding": padding, "use_bias": False}
        if depthwise:
            layer = keras.layers.DepthwiseConv2D((height, width), depth_multiplier=filters, **options)
        else:
            layer = keras.layers.Conv2D(filters, (height, width), **options)
        layer.build((None, *image.shape))
        shape = layer.kernel.shape
        weights = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
        layer.kernel.assign(weights)
        ours = convolve(image, weights, padding=padding, stride=strides, depthwise=depthwise).result
        np.testing.assert_allclose(ours, layer_of(layer, image), rtol=1e-5, atol=1e-5)


@settings(max_examples=40)
@given(images(), sides, sides, st.integers(1, 4), st.integers(1, 4), st.sampled_from(["valid", "same"]))
@pytest.mark.parametrize("kind", ["max", "average"])
def test_pooling(kind, image, height, width, down, across, padding):
    import keras

    layer = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}[kind]
    theirs = layer_of(layer((height, width), strides=(down, across), padding=padding), image)
    ours = pool(image, (height, width), stride=(down, across), padding=padding, kind=kind).result

    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


@given(images(), sides, sides)
def test_with_the_filter_turned_it_is_convolution_as_mathematics_has_it(image, height, width):
    kernel = np.arange(1, height * width + 1).reshape(height, width)

    for mode in ("valid", "full"):
        ours = convolve(image[..., 0], kernel, padding=mode, flip=True).result
        np.testing.assert_allclose(ours, convolve2d(image[..., 0], kernel, mode), rtol=1e-5, atol=1e-5)


@given(images(), st.integers(1, 3))
def test_the_smallest_is_the_largest_of_the_negative(image, stride):
    ours = pool(image, 2, stride=stride, padding="same", kind="min").result

    np.testing.assert_array_equal(ours, -pool(-image, 2, stride=stride, padding="same").result)


@settings(max_examples=20)
@given(images(), st.integers(1, 2))
def test_each_step_ends_with_its_number(image, stride):
    whole = np.rint(image * 5).astype(int)
    kernel = np.arange(-4, 8 * image.shape[2] - 4).reshape(2, 2, image.shape[2], 2)

    for worked in (convolve(whole, kernel, stride=stride), convolve(whole, kernel, padding=1, depthwise=True)):
        maps = np.moveaxis(worked.result, -1, 0).ravel()
        assert [text.split(" = ")[1] for text in worked.steps] == [str(value).replace("-", "−") for value in maps]
