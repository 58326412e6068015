"""What is shown beside the arithmetic: invariance, sharing, filters, augmentation, gradients, optimizers."""

import numpy as np
import pytest

from cnnproj.lecture import compare_layers, descend, detect, gradient_flow, move, photo, vary
from cnnproj.lecture.augmentations import EXAMPLES
from cnnproj.lecture.descent import RATES, RULES, valley, valley_gradient
from cnnproj.lecture.gradients import NETWORKS, backward


def test_what_stays_in_its_window_is_pooled_alike():
    image = np.zeros((4, 6), int)
    image[::2, ::2] = [[8, 5, 9], [7, 6, 3]]
    moved = move(image)

    np.testing.assert_array_equal(moved.moved[:, 1:], image[:, :-1])
    assert moved.unchanged == 0.5
    assert moved.unchanged_pooled == 1
    assert move(image, 2).unchanged_pooled < 1


def test_parameters_are_counted_as_keras_does():
    import keras

    shape, filters = (7, 6, 2), 3
    found = compare_layers(shape, filters=filters, kernel=3)
    outputs = int(np.prod(found.output))
    for name, layer in {
        "convolution": keras.layers.Conv2D(filters, 3),
        "dense": keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(outputs)]),
    }.items():
        layer.build((None, *shape))
        assert found.parameters[name] == layer.count_params()
    assert found.output == (5, 4, 3)
    assert found.parameters["local"] == outputs * (3 * 3 * 2 + 1)
    assert found.connections == {"dense": 7 * 6 * 2 * outputs, "local": outputs * 18, "convolution": outputs * 18}


def test_with_padding_only_connections_with_pixels_count():
    # 4 pixels, windows of 3 at every pixel: 2 + 3 + 3 + 2 a side.
    assert compare_layers((4, 4, 1), padding="same").connections["convolution"] == 100


def test_filters_find_the_edges_that_they_are_made_for():
    image = np.zeros((8, 8))
    image[:, 4:] = 100
    maps = detect(image).maps

    assert np.abs(maps["vertical_edges"]).max() == 300
    assert np.abs(maps["horizontal_edges"]).max() == 0
    np.testing.assert_allclose(maps["blur"][:, 0], 0)
    np.testing.assert_allclose(maps["blur"][:, -1], 100)


def test_the_photos_need_no_download():
    assert photo().shape == (214, 320, 3)
    gray = photo("flower", width=60, gray=True)
    assert gray.shape == (40, 60)
    assert gray.dtype == np.uint8


def test_each_augmentation_changes_the_photo_and_can_be_repeated():
    image = photo("flower", width=48)
    found, again = vary(image), vary(image)

    assert found.variants.keys() == EXAMPLES.keys()
    for name, variants in found.variants.items():
        assert variants.shape == (3, *image.shape)
        assert (variants != image).any(), name
        np.testing.assert_array_equal(variants, again.variants[name])


@pytest.mark.parametrize("name", NETWORKS)
def test_the_gradients_are_those_of_keras(name):
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(0)
    weights, x, back = rng.normal(0, 0.4, (4, 8, 8)), rng.normal(size=(3, 8)), rng.normal(size=(3, 8))
    activation, residual = name.split("_")[0], name.endswith("residual")
    function = keras.activations.get(activation)
    h = tf.constant(x)
    inputs = []
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(h)
        for weight in weights:
            inputs.append(h)
            h = h + function(h @ weight) if residual else function(h @ weight)
        loss = tf.reduce_sum(h * back)
    theirs = [float(tf.norm(tape.gradient(loss, one))) for one in inputs]

    np.testing.assert_allclose(backward(x, weights, back, activation=activation, residual=residual), theirs, rtol=1e-6)


def test_gradients_vanish_in_deep_sigmoid_networks_and_not_with_shortcuts():
    norms = gradient_flow().norms

    assert norms["sigmoid"][0] < 1e-15
    assert all(0.1 < norms[name][0] < 10 for name in NETWORKS if name != "sigmoid")


@pytest.mark.parametrize("name", RULES)
def test_each_optimizer_goes_as_that_of_keras(name):
    import keras

    kinds = {"sgd": "SGD", "momentum": "SGD", "rmsprop": "RMSprop", "adamw": "AdamW"}
    options = {"momentum": 0.9} if name == "momentum" else {}
    optimizer = getattr(keras.optimizers, kinds.get(name, name.capitalize()))(RATES[name], **options)
    point = keras.Variable([-7.0, 2.0])
    path = [point.numpy()]
    for _ in range(12):
        optimizer.apply([valley_gradient(point.numpy())], [point])
        path.append(point.numpy())

    np.testing.assert_allclose(descend([name], steps=12).paths[name], path, rtol=1e-4, atol=1e-5)


def test_the_slopes_are_those_of_the_valley():
    point, step = np.array([1.3, -0.7]), 1e-6
    slopes = [(valley(point + e) - valley(point - e)) / (2 * step) for e in step * np.eye(2)]

    np.testing.assert_allclose(valley_gradient(point), slopes, rtol=1e-6)


def test_all_but_adadelta_come_down():
    losses = descend().losses

    assert all(loss < 0.2 for name, loss in losses.items() if name != "adadelta")
    assert losses["adadelta"] > 5  # it begins with steps of a thousandth
