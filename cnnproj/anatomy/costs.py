"""What a layer costs: its multiply-adds for one image, and what a training keeps in memory for a batch.

Counted are the multiplications with a kernel, each with its addition, of convolutions and dense layers, as the papers
count their FLOPs. Normalisation, pooling and activations are left out: together they are a few percent.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers

from cnnproj.anatomy.unfold import Step

_NORMALISING = (
    layers.BatchNormalization,
    layers.GroupNormalization,
    layers.LayerNormalization,
    layers.Normalization,
    layers.PReLU,
)
# How many numbers each optimizer remembers for a weight.
SLOTS = {"sgd": 1, "rmsprop": 1, "adagrad": 1, "adadelta": 2, "adam": 2, "adamw": 2, "adamax": 2}
BYTES = 4  # of a number in float32


def multiply_adds(step: Step, taken: tuple[int, ...]) -> int | None:
    """Multiply-adds of ``step`` for one image; ``None`` where it has weights that are not known to be kernels.

    Args:
        step: a layer at work.
        taken: the shape of what it takes, without the batch.
    """
    layer = step.layer
    if isinstance(layer, layers.Conv2DTranspose):
        return math.prod(_positions(taken, layer)) * _size(layer.kernel)
    if isinstance(layer, layers.SeparableConv2D):
        kernels = _size(layer.depthwise_kernel) + _size(layer.pointwise_kernel)
        return math.prod(_positions(step.shape, layer)) * kernels
    if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
        return math.prod(_positions(step.shape, layer)) * _size(layer.kernel)
    if isinstance(layer, layers.Dense):
        return math.prod(step.shape[:-1]) * _size(layer.kernel)
    counted = isinstance(layer, _NORMALISING) or not isinstance(layer, keras.Layer) or not layer.weights
    return 0 if counted else None


def _positions(shape: tuple[int, ...], layer: keras.Layer) -> tuple[int, ...]:
    return shape[1:] if layer.data_format == "channels_first" else shape[:-1]


def _size(kernel: Any) -> int:
    return math.prod(kernel.shape)


def training_memory(parameters: int, outputs: int, *, batch_size: int, optimizer: str, momentum: float = 0.0) -> int:
    """What a training keeps at the least, in bytes, in float32: computed, not measured.

    The weights, a gradient for each, what the optimizer remembers, and what every layer gave for the images of a batch.

    Args:
        parameters: of the network.
        outputs: numbers that all its layers give for one image.
        batch_size: images of a batch.
        optimizer: by its name in ``OPTIMIZERS``.
        momentum: of ``sgd``, which remembers nothing without it.
    """
    remembered = SLOTS[optimizer] if optimizer != "sgd" or momentum else 0
    return BYTES * (parameters * (2 + remembered) + batch_size * outputs)
