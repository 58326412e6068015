"""Layers as Keras has them, made for many trainings, and one that Keras does not have."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("cnnproj")
class BatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]
    """``keras.layers.BatchNormalization``: same arguments, weights and results; maps are normalised faster in training.

    Keras composes mean, variance and scaling of many operations, each a pass over the maps. TensorFlow has one that
    does them all, which makes a training step of a network of convolutions some 1.2 to 1.5 times as fast on a CPU.
    Whatever that one cannot do is left to Keras: vectors, masks, other axes, half precision, and all inference.

    Source: Ioffe and Szegedy, "Batch normalization: accelerating deep network training" (2015).
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise ``inputs``; with ``training`` by their own mean and variance, which the running ones take up."""
        last = self.axis in (-1, len(inputs.shape) - 1)
        whole = self.scale and self.center and inputs.dtype == "float32"
        if not (training and self.trainable and mask is None and len(inputs.shape) == 4 and last and whole):
            return super().call(inputs, training=training, mask=mask)
        normal = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(self.gamma),
            offset=tf.convert_to_tensor(self.beta),
            mean=tf.zeros([0]),
            variance=tf.zeros([0]),
            epsilon=self.epsilon,
            is_training=True,
        )
        values = tf.cast(tf.size(inputs) / tf.shape(inputs)[-1], tf.float32)  # of a channel
        biased = normal.batch_variance * (1 - 1 / values)  # Keras divides by n, the operation by n - 1
        for running, batch in ((self.moving_mean, normal.batch_mean), (self.moving_variance, biased)):
            running.assign(running * self.momentum + batch * (1 - self.momentum))
        return normal.y


@keras.saving.register_keras_serializable("cnnproj")
class Dropout(keras.layers.Dropout):  # type: ignore[misc]
    """``keras.layers.Dropout`` for a rate below 1 that can be set anew without tracing the network again.

    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting" (2014).
    """

    def __init__(self, rate: float, **arguments: Any) -> None:
        super().__init__(rate or 0.5, **arguments)  # Keras' layer makes what it draws from only where the rate is not 0
        self.rate = rate
        self._share = tf.Variable(rate, trainable=False, dtype=tf.float32)  # Keras does not take it for a weight

    def set_rate(self, rate: float) -> None:
        """Drop this share of the inputs from now on."""
        self.rate = rate
        self._share.assign(rate)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Put a share of ``inputs`` to 0 in training and scale up the rest; leave them as they are otherwise."""
        if not training:
            return inputs
        kept = keras.random.uniform(tf.shape(inputs), seed=self.seed_generator) >= self._share
        return tf.where(kept, inputs / tf.cast(1 - self._share, inputs.dtype), tf.zeros_like(inputs))


@keras.saving.register_keras_serializable("cnnproj")
class LocalResponseNormalization(keras.layers.Layer):  # type: ignore[misc]
    """Divides each value by the size of its neighbours in the maps before and behind: x / (2 + 1e-4 Σ x²)^0.75.

    The sum is over five maps, at the same position. VGG found that it does not help; batch normalisation replaced it.

    Source: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks" (2012),
    section 3.3.
    """

    RADIUS, BIAS, ALPHA, BETA = 2, 2.0, 1e-4, 0.75

    def call(self, inputs: Any) -> Any:
        """``inputs``, (n, height, width, channels), with the loud maps damped."""
        whole = tf.cast(inputs, tf.float32)  # TensorFlow has it for nothing shorter on a CPU
        damped = tf.nn.local_response_normalization(whole, self.RADIUS, self.BIAS, self.ALPHA, self.BETA)
        return tf.cast(damped, inputs.dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As what comes in."""
        return input_shape
