"""ResNet-18, -34, -50, -101 and -152: networks that got deeper by learning what to add to what comes in.

Paper: He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2015; at CVPR 2016).
https://arxiv.org/abs/1512.03385

Special: residual blocks, round which the gradient finds its way unhindered; batch normalisation after every
convolution; no dense layer but the last. From 50 layers on the blocks are bottlenecks.

Expected, in the original form at 224×224×3 with 1,000 classes, trainable parameters and top-5 error on ImageNet's
validation part, of one network, 10 crops (tables 3 and 4 of the paper; that of 18 is not in it):

    resnet18     11,689,512       —
    resnet34     21,797,672       7.46 %   (5.71 % at several scales)
    resnet50     25,557,032       6.71 %   (5.25 %)
    resnet101    44,549,160       6.05 %   (4.60 %)
    resnet152    60,192,808       5.71 %   (4.49 %)

The 3.57 % that are often told are those of six networks together, on the test part (table 5).
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
SMALLEST = {"small": 8, "original": 32}
PARTS = ("forms.py", "blocks.py")
# Blocks in each stage: table 1 of the paper.
DEPTHS = {
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
    "resnet50": (3, 4, 6, 3),
    "resnet101": (3, 4, 23, 3),
    "resnet152": (3, 8, 36, 3),
}


@architecture(space=SPACE, training=TRAINING, smallest=SMALLEST, parts=PARTS)
def resnet18(
    shape: tuple[int, int, int],
    classes: int,
    *,
    form: str = "small",
    filters: int = 0,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Sequential:
    """A convolution and eight residual blocks of two in four stages, then global average pooling: 18 layers.

    Args:
        shape: height, width (pixels) and channels of the images; at least 8×8, in the original form 32×32.
        classes: how many classes there are.
        form: ``original`` for that of 2015, made for 224×224 pixels: a 7×7 convolution and max pooling, each in steps
            of 2, before the blocks. ``small``, as the authors have it for 32×32 pixels: a 3×3 convolution that keeps
            the size of the image, and halves it from 64 pixels on.
        filters: of the first stage; each further one has twice as many. 0 for the form's own: 64, and 16 in the small
            form, which trains on two cores.
        activation: after each convolution, by Keras' name.
        dropout: share of the pooled features put to zero in training, 0 (as in the paper) to below 1.

    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2015), table 1 and section 4.2.
    """
    return _resnet("resnet18", shape, classes, form, filters, activation, dropout)


@architecture(space=SPACE, training=TRAINING, smallest=SMALLEST, parts=PARTS)
def resnet34(
    shape: tuple[int, int, int],
    classes: int,
    *,
    form: str = "small",
    filters: int = 0,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Sequential:
    """As resnet18 with sixteen residual blocks: 34 layers.

    Its arguments are those of ``resnet18``.

    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2015), table 1.
    """
    return _resnet("resnet34", shape, classes, form, filters, activation, dropout)


@architecture(space=SPACE, training=TRAINING, smallest=SMALLEST, parts=PARTS)
def resnet50(
    shape: tuple[int, int, int],
    classes: int,
    *,
    form: str = "small",
    filters: int = 0,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Sequential:
    """A convolution and sixteen bottleneck blocks of three in four stages: 50 layers.

    Its arguments are those of ``resnet18``; the maps are four times as many as in the stages of that.

    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2015), table 1.
    """
    return _resnet("resnet50", shape, classes, form, filters, activation, dropout)


@architecture(space=SPACE, training=TRAINING, smallest=SMALLEST, parts=PARTS)
def resnet101(
    shape: tuple[int, int, int],
    classes: int,
    *,
    form: str = "small",
    filters: int = 0,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Sequential:
    """As resnet50 with 33 bottleneck blocks: 101 layers.

    Its arguments are those of ``resnet18``; the maps are four times as many as in the stages of that.

    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2015), table 1.
    """
    return _resnet("resnet101", shape, classes, form, filters, activation, dropout)


@architecture(space=SPACE, training=TRAINING, smallest=SMALLEST, parts=PARTS)
def resnet152(
    shape: tuple[int, int, int],
    classes: int,
    *,
    form: str = "small",
    filters: int = 0,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Sequential:
    """As resnet50 with 50 bottleneck blocks: 152 layers.

    Its arguments are those of ``resnet18``; the maps are four times as many as in the stages of that.

    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2015), table 1.
    """
    return _resnet("resnet152", shape, classes, form, filters, activation, dropout)


def _resnet(
    name: str,
    shape: tuple[int, int, int],
    classes: int,
    form: str,
    filters: int,
    activation: str,
    dropout: float,
) -> keras.Sequential:
    """The network called ``name``."""
    import keras
    from keras import layers

    from cnnproj.models.blocks import BottleneckBlock, ResidualBlock
    from cnnproj.models.layers import Dropout

    original = is_original(name, form)
    first = filters or (64 if original else 16)
    kind = ResidualBlock if name in ("resnet18", "resnet34") else BottleneckBlock
    blocks = []
    for stage, depth in enumerate(DEPTHS[name], start=1):
        for step in range(1, depth + 1):
            strides = 2 if step == 1 and stage > 1 else 1
            where = {"activation": activation, "name": f"stage_{stage}_{step}"}
            blocks.append(kind(first << (stage - 1), strides, **where))
    return keras.Sequential(
        [
            keras.Input(shape, name="image"),
            *_stem(shape, original, first, activation),
            *blocks,
            layers.GlobalAveragePooling2D(name="average"),
            Dropout(dropout, name="dropout"),
            layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"),
        ]
    )


def _stem(shape: tuple[int, int, int], original: bool, filters: int, activation: str) -> list[Any]:
    """The layers before the blocks. The original pads evenly, as its authors do: ``same`` pads more behind."""
    from keras import layers

    from cnnproj.models.blocks import EPSILON
    from cnnproj.models.layers import BatchNormalization

    size, strides, padding = (7, 2, "valid") if original else (3, stem_strides(shape), "same")
    conv = {"padding": padding, "use_bias": False, "kernel_initializer": "he_normal", "name": "conv_1"}
    found = [
        layers.Conv2D(filters, size, strides, **conv),
        BatchNormalization(momentum=BATCH_NORM_MOMENTUM, epsilon=EPSILON, name="norm_1"),
        layers.Activation(activation, name="relu_1"),
    ]
    if not original:
        return found
    around = [layers.ZeroPadding2D(side, name=f"pad_{place}") for place, side in (("1", 3), ("pool", 1))]
    return [around[0], *found, around[1], layers.MaxPooling2D(3, 2, name="pool")]
