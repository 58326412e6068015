"""Our layers do what Keras' own do: batch normalisation to the number, dropout in the mean."""

import numpy as np
import pytest


def pair(**arguments: object):
    import keras

    from cnnproj.models.layers import BatchNormalization

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

    from cnnproj.models.layers import BatchNormalization

    model = keras.Sequential([keras.Input((4, 4, 2)), BatchNormalization(momentum=0.8)])
    model.save(tmp_path / "model.keras")
    layer = keras.models.load_model(tmp_path / "model.keras").layers[0]

    assert type(layer) is BatchNormalization
    assert layer.momentum == 0.8


def test_dropout_drops_its_share_and_scales_up_the_rest():
    from cnnproj.models.layers import Dropout

    ones = np.ones((100, 1000), np.float32)
    layer = Dropout(0.3)
    dropped = np.asarray(layer(ones, training=True))

    assert set(np.unique(dropped).round(5)) == {0, np.float32(1 / 0.7).round(5)}
    assert (dropped == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert not np.array_equal(dropped, layer(ones, training=True))
    np.testing.assert_array_equal(layer(ones), ones)


@pytest.mark.parametrize(("first", "then"), [(0.0, 0.4), (0.4, 0.0)])
def test_the_rate_of_dropout_changes_without_tracing_anew(first, then):
    import tensorflow as tf

    from cnnproj.models.layers import Dropout

    layer, ones, traced = Dropout(first), np.ones((100, 100), np.float32), []

    @tf.function
    def call(inputs):
        traced.append(inputs)
        return layer(inputs, training=True)

    call(tf.constant(ones))
    layer.set_rate(then)
    dropped = call(tf.constant(ones)).numpy()

    assert len(traced) == 1
    assert layer.get_config()["rate"] == then
    assert (dropped == 0).mean() == pytest.approx(then, abs=0.03)
