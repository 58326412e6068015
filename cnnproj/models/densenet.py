"""DenseNet-121, -169 and -201: every layer of a block gets the maps of all layers before it.

Paper: Huang, Liu, van der Maaten and Weinberger, "Densely connected convolutional networks" (2016; at CVPR 2017).
https://arxiv.org/abs/1608.06993

Special: joining in place of adding, so that maps are used again and each layer adds but a few; transitions halve their
number and their size. As good as ResNet with a third to half of the parameters.

Expected, in the original form at 224×224×3 with 1,000 classes, parameters with the running statistics (without them)
and top-5 error on ImageNet's validation part, of one network, one crop (table 3 of the paper; 10 crops):

    densenet121     8,062,504   (7,978,856)     7.71 %   (6.66 %)
    densenet169    14,307,880  (14,149,480)     6.85 %   (5.92 %)
    densenet201    20,242,984  (20,013,928)     6.34 %   (5.54 %)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnnproj.models.forms import is_original, stem_strides
from cnnproj.models.registry import BATCH_NORM_MOMENTUM, architecture
from cnnproj.models.space import Range

if TYPE_CHECKING:
    import keras

SPACE = {"learning_rate": Range(1e-3, 2e-2, log=True), "dropout": Range(0.0, 0.4)}
# Small batches: in those of 64 the thousand images of a course make too few steps to get such a network off chance.
TRAINING = {"learning_rate": 4e-3, "batch_size": 16}
SMALLEST = {"small": 8, "original": 29}
PARTS = ("forms.py", "blocks.py")
# Steps in each block: table 1 of the paper.
STEPS = {"densenet121": (6, 12, 24, 16), "densenet169": (6, 12, 32, 32), "densenet201": (6, 12, 48, 32)}


@architecture(space=SPACE, training=TRAINING, smallest=SMALLEST, parts=PARTS)
def densenet121(
    shape: tuple[int, int, int],
    classes: int,
    *,
    form: str = "small",
    growth_rate: int = 0,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Sequential:
    """Four dense blocks of 6, 12, 24 and 16 steps with transitions between, then global average pooling: 121 layers.

    Args:
        shape: height, width (pixels) and channels of the images; at least 8×8, in the original form 29×29.
        classes: how many classes there are.
        form: ``original`` for that of 2016, made for 224×224 pixels: a 7×7 convolution and max pooling, each in steps
            of 2, before the blocks. ``small``, as the authors have it for 32×32 pixels: a 3×3 convolution that keeps
            the size of the image, and halves it from 64 pixels on.
        growth_rate: maps that each step adds; the first convolution has twice as many filters. 0 for the form's own:
            32, and 8 in the small form.
        activation: before each convolution but the first, by Keras' name.
        dropout: share of the pooled features put to zero in training, 0 (as in the paper) to below 1.

    Source: Huang, Liu, van der Maaten and Weinberger, "Densely connected convolutional networks" (2016), table 1.
    """
    return _densenet("densenet121", shape, classes, form, growth_rate, activation, dropout)


@architecture(space=SPACE, training=TRAINING, smallest=SMALLEST, parts=PARTS)
def densenet169(
    shape: tuple[int, int, int],
    classes: int,
    *,
    form: str = "small",
    growth_rate: int = 0,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Sequential:
    """As densenet121 with blocks of 6, 12, 32 and 32 steps: 169 layers.

    Its arguments are those of ``densenet121``.

    Source: Huang, Liu, van der Maaten and Weinberger, "Densely connected convolutional networks" (2016), table 1.
    """
    return _densenet("densenet169", shape, classes, form, growth_rate, activation, dropout)


@architecture(space=SPACE, training=TRAINING, smallest=SMALLEST, parts=PARTS)
def densenet201(
    shape: tuple[int, int, int],
    classes: int,
    *,
    form: str = "small",
    growth_rate: int = 0,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Sequential:
    """As densenet121 with blocks of 6, 12, 48 and 32 steps: 201 layers.

    Its arguments are those of ``densenet121``.

    Source: Huang, Liu, van der Maaten and Weinberger, "Densely connected convolutional networks" (2016), table 1.
    """
    return _densenet("densenet201", shape, classes, form, growth_rate, activation, dropout)


def _densenet(
    name: str,
    shape: tuple[int, int, int],
    classes: int,
    form: str,
    growth_rate: int,
    activation: str,
    dropout: float,
) -> keras.Sequential:
    """The network called ``name``."""
    import keras
    from keras import layers

    from cnnproj.models.blocks import DenseBlock, Transition
    from cnnproj.models.layers import Dropout

    original = is_original(name, form)
    steps = STEPS[name]
    growth = growth_rate or (32 if original else 8)
    blocks: list[Any] = []
    for place, count in enumerate(steps, start=1):
        blocks.append(DenseBlock(count, growth, activation=activation, name=f"dense_{place}"))
        if place < len(steps):
            blocks.append(Transition(activation=activation, name=f"transition_{place}"))
    return keras.Sequential(
        [
            keras.Input(shape, name="image"),
            *_stem(shape, original, 2 * growth, activation),
            *blocks,
            _normalisation("norm_last"),
            layers.Activation(activation, name="relu_last"),
            layers.GlobalAveragePooling2D(name="average"),
            Dropout(dropout, name="dropout"),
            layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"),
        ]
    )


def _stem(shape: tuple[int, int, int], original: bool, filters: int, activation: str) -> list[Any]:
    """The layers before the blocks; in the small form a convolution alone, since a block begins by normalising."""
    from keras import layers

    conv = {"use_bias": False, "kernel_initializer": "he_normal", "name": "conv_1"}
    if not original:
        return [layers.Conv2D(filters, 3, stem_strides(shape), padding="same", **conv)]
    return [
        layers.ZeroPadding2D(3, name="pad_1"),
        layers.Conv2D(filters, 7, 2, **conv),
        _normalisation("norm_1"),
        layers.Activation(activation, name="relu_1"),
        layers.ZeroPadding2D(1, name="pad_pool"),
        layers.MaxPooling2D(3, 2, name="pool"),
    ]


def _normalisation(name: str) -> Any:
    from cnnproj.models.blocks import EPSILON
    from cnnproj.models.layers import BatchNormalization

    return BatchNormalization(momentum=BATCH_NORM_MOMENTUM, epsilon=EPSILON, name=name)
