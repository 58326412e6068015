"""The losses that segmentation networks are trained with: cross-entropy, Dice, their sum, and focal.

Each takes the class of each pixel, (n, height, width), and what the last layer gives, (n, height, width, classes).
Pixels that are ``IGNORED`` count in none of them; of a batch without any other, the loss is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import keras
import tensorflow as tf

from cnnproj.segmentation.scores import IGNORED

SMOOTH = 1.0  # pixels: keeps the Dice loss of a class that a batch hardly has from jumping between 0 and 1
GAMMA = 2.0  # of the focal loss, as in its paper

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def categorical_crossentropy(truth: tf.Tensor, given: tf.Tensor) -> tf.Tensor:
    """The mean over all pixels of -log p(true class); a scalar, from 0."""
    known = tf.where(tf.equal(truth, IGNORED), tf.zeros_like(truth), truth)
    return _mean(keras.losses.sparse_categorical_crossentropy(known, given), truth)


def binary_crossentropy(truth: tf.Tensor, given: tf.Tensor) -> tf.Tensor:
    """The mean over all pixels and classes of the cross-entropy of each class by itself; a scalar, from 0."""
    return _mean(keras.losses.binary_crossentropy(_one_hot(truth, given), given), truth)


def dice(truth: tf.Tensor, given: tf.Tensor) -> tf.Tensor:
    """1 minus the Dice score of the probabilities, the mean over the classes but the background; a scalar in [0, 1].

    The pixels of a batch are taken together: of a single image many classes are empty. For masks that are sure of every
    pixel it is 1 minus the pooled Dice score, but for ``SMOOTH``, which counts as so many pixels that are right.

    Source: Milletari, Navab and Ahmadi, "V-Net: fully convolutional neural networks for volumetric medical image
    segmentation" (2016), with the sum rather than the sum of squares below the line, as Dice has it.
    """
    wanted, given = _one_hot(truth, given), given * _labelled(truth, given)[..., None]
    both = tf.reduce_sum(wanted * given, axis=(0, 1, 2))
    each = tf.reduce_sum(wanted + given, axis=(0, 1, 2))
    return 1 - tf.reduce_mean(((2 * both + SMOOTH) / (each + SMOOTH))[1:])


def dice_crossentropy(truth: tf.Tensor, given: tf.Tensor) -> tf.Tensor:
    """The sum of ``dice``, which is what is measured, and ``categorical_crossentropy``, which is easier to follow."""
    return dice(truth, given) + categorical_crossentropy(truth, given)


def focal(truth: tf.Tensor, given: tf.Tensor) -> tf.Tensor:
    """The mean over all pixels of -(1 - p)² log p(true class): pixels that are sure already count for little.

    Source: Lin et al., "Focal loss for dense object detection" (2017).
    """
    right = tf.reduce_sum(_one_hot(truth, given) * given, axis=-1)
    right = tf.clip_by_value(right, keras.config.epsilon(), 1.0)
    return _mean(-((1 - right) ** GAMMA) * tf.math.log(right), truth)


LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        "categorical_crossentropy": categorical_crossentropy,
        "binary_crossentropy": binary_crossentropy,
        "dice": dice,
        "dice_crossentropy": dice_crossentropy,
        "focal": focal,
    }
)


def _mean(values: tf.Tensor, truth: tf.Tensor) -> tf.Tensor:
    """The mean of ``values``, (n, height, width), over the pixels that are not ignored."""
    labelled = _labelled(truth, values)
    return tf.math.divide_no_nan(tf.reduce_sum(values * labelled), tf.reduce_sum(labelled))


def _labelled(truth: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
    """1 where the class of a pixel is known, 0 where it is ignored, (n, height, width)."""
    return tf.cast(tf.not_equal(truth, IGNORED), like.dtype)


def _one_hot(truth: tf.Tensor, given: tf.Tensor) -> tf.Tensor:
    """(n, height, width, classes); all 0 where a pixel is ignored."""
    return tf.one_hot(tf.cast(truth, tf.int32), given.shape[-1], dtype=given.dtype)
