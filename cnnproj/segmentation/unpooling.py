"""Max pooling that remembers where each maximum stood, and unpooling that puts values back there."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("cnnproj")
class MaxPoolingWithIndices(keras.layers.Layer):  # type: ignore[misc]
    """Max pooling over 2×2 pixels, odd sides padded, that also gives the place of each maximum.

    Gives the pooled maps, (n, ⌈height/2⌉, ⌈width/2⌉, channels), and of each value the place in its own image, int64 of
    the same shape: (row · width + column) · channels + channel.
    """

    def call(self, inputs: Any) -> tuple[Any, Any]:
        """Pool ``inputs``, (n, height, width, channels)."""
        pooled, places = tf.nn.max_pool_with_argmax(inputs, 2, 2, "SAME")
        return pooled, tf.stop_gradient(places)

    def compute_output_spec(self, inputs: Any) -> tuple[Any, Any]:
        """The shapes and types that ``call`` gives."""
        n, height, width, channels = inputs.shape
        shape = (n, -(-height // 2), -(-width // 2), channels)
        return keras.KerasTensor(shape, inputs.dtype), keras.KerasTensor(shape, "int64")


@keras.saving.register_keras_serializable("cnnproj")
class MaxUnpooling(keras.layers.Layer):  # type: ignore[misc]
    """Puts each value at the place that its maximum had before pooling, and 0 everywhere else.

    Takes maps, the places that ``MaxPoolingWithIndices`` gave, of the same shape, and the maps that were pooled, of
    which only the height and the width count.

    Source: Badrinarayanan, Kendall and Cipolla, "SegNet: a deep convolutional encoder-decoder architecture for image
    segmentation" (2017).
    """

    def call(self, inputs: Any) -> Any:
        """Unpool ``inputs``: maps, places and the maps that were pooled."""
        maps, places, pooled = inputs
        n, values = tf.shape(maps)[0], int(pooled.shape[1] * pooled.shape[2] * maps.shape[3])
        of_image = tf.reshape(tf.range(n, dtype=places.dtype) * values, (-1, 1, 1, 1))
        flat = tf.reshape(places + of_image, (-1, 1))
        spread = tf.scatter_nd(flat, tf.reshape(maps, (-1,)), tf.cast([n * values], places.dtype))
        return tf.reshape(spread, (-1, *pooled.shape[1:3], maps.shape[3]))

    def compute_output_spec(self, inputs: Any) -> Any:
        """The shape and type that ``call`` gives."""
        maps, _, pooled = inputs
        return keras.KerasTensor((*pooled.shape[:3], maps.shape[3]), maps.dtype)
