"""Our batch normalisation gives what Keras' own gives: results, gradients, running statistics, and afterwards."""

import numpy as np
import pytest


def pair(**arguments: object):
    import keras

    from cnnproj.models.normalization import BatchNormalization

    return BatchNormalization(**arguments), keras.layers.BatchNormalization(**arguments)


def trained(layer, batches: list[np.ndarray]):
    """Outputs and gradients of the last of ``batches``, and the weights after all of them."""
    import tensorflow as tf

    layer.build(batches[0].shape)
    draw = np.random.default_rng(1)
    layer.set_weights([draw.uniform(0.5, 1.5, weight.shape).astype(np.float32) for weight in layer.get_weights()])
    for batch in batches:
        inputs = tf.constant(batch)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, training=True)
            score = tf.reduce_sum(outputs**3)
        gradients = tape.gradient(score, [inputs, *layer.trainable_weights])
    return [outputs.numpy(), *(np.asarray(value) for value in gradients), *layer.get_weights()]


@pytest.mark.parametrize("shape", [(8, 6, 5, 3), (1, 4, 4, 2), (16, 7)], ids=str)
@pytest.mark.parametrize("arguments", [{}, {"momentum": 0.9, "epsilon": 0.01}, {"center": False}, {"axis": 1}], ids=str)
def test_it_trains_as_keras_does(shape, arguments):
    draw = np.random.default_rng(0)
    batches = [draw.normal(3, 2, shape).astype(np.float32) for _ in range(3)]
    ours, stock = pair(**arguments)

    for one, other in zip(trained(ours, batches), trained(stock, batches), strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-3)


def test_it_infers_as_keras_does_and_keeps_its_statistics():
    images = np.random.default_rng(0).normal(3, 2, (8, 6, 5, 3)).astype(np.float32)
    ours, stock = pair()
    for layer in (ours, stock):
        layer(images, training=True)
    before = ours.get_weights()

    np.testing.assert_allclose(ours(images), stock(images), rtol=1e-4, atol=1e-4)
    for one, other in zip(before, ours.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_frozen_one_keeps_its_statistics_in_training_too():
    images = np.random.default_rng(0).normal(3, 2, (8, 6, 5, 3)).astype(np.float32)
    ours, stock = pair()
    for layer in (ours, stock):
        layer.trainable = False

    np.testing.assert_allclose(ours(images, training=True), stock(images, training=True), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(ours.moving_mean, 0)


def test_a_saved_network_brings_it_back(tmp_path):
    import keras

    from cnnproj.models.normalization import BatchNormalization

    model = keras.Sequential([keras.Input((4, 4, 2)), BatchNormalization(momentum=0.8)])
    model.save(tmp_path / "model.keras")
    layer = keras.models.load_model(tmp_path / "model.keras").layers[0]

    assert type(layer) is BatchNormalization
    assert layer.momentum == 0.8
