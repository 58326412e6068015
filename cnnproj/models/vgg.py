"""VGG-16 and VGG-19: depth by nothing but 3×3 convolutions, two or more in a row in place of one large filter.

Paper: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2014; at ICLR
2015). https://arxiv.org/abs/1409.1556

Special: the simplest of all: two 3×3 filters see as far as one of 5×5, with fewer weights and a ReLU more; the maps
double in number where they halve in size. Nine tenths of the weights are in the dense layers.

Expected: 138,357,544 parameters (VGG-16) and 143,667,240 (VGG-19) in the original form at 224×224×3 with 1,000 classes.
Top-5 error on ImageNet's validation part, in the paper: 8.1 % and 8.0 % at one scale (table 3), 7.5 % and 7.5 % at
several (table 4), 6.8 % for both together on the test part (table 7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnproj.models.forms import is_original
from cnnproj.models.registry import BATCH_NORM_MOMENTUM, architecture
from cnnproj.models.space import Range

if TYPE_CHECKING:
    import keras

SPACE = {"learning_rate": Range(5e-4, 1e-2, log=True), "dropout": Range(0.0, 0.6)}
# Without batch normalisation, in the original form, the usual rate ends in a network that answers the same for all.
# Small batches: in those of 64 the thousand images of a course make too few steps.
TRAINING = {"learning_rate": 1e-3, "batch_size": 16}
SMALLEST = {"small": 8, "original": 32}
PARTS = ("forms.py",)
# Convolutions in each stage: configurations D and E of the paper.
DEPTHS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}


@architecture(space=SPACE, training=TRAINING, smallest=SMALLEST, parts=PARTS)
def vgg16(
    shape: tuple[int, int, int],
    classes: int,
    *,
    form: str = "small",
    filters: int = 0,
    units: int = 0,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Sequential:
    """Thirteen 3×3 convolutions in five stages with max pooling between, then three dense layers.

    Args:
        shape: height, width (pixels) and channels of the images; at least 8×8, in the original form 32×32.
        classes: how many classes there are.
        form: ``original`` for that of 2014, made for 224×224 pixels, with He's initial weights: the paper began with
            those of a smaller network that had been trained before. ``small``: no pooling that would leave less than
            4×4, batch normalisation, and widths in the same proportions.
        filters: of the first stage; the others have 2, 4, 8 and 8 times as many. 0 for the form's own: 64, and 16 in
            the small form.
        units: of each of the two hidden dense layers; 0 for the form's own: 4,096, and 256 in the small form.
        activation: after each layer, by Keras' name.
        dropout: share of the outputs of both hidden dense layers put to zero in training, 0 to below 1. The paper has
            0.5, for a million images and weeks; of some thousand images the small form learns more with 0.

    Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2014),
    configuration D.
    """
    return _vgg("vgg16", shape, classes, form, filters, units, activation, dropout)


@architecture(space=SPACE, training=TRAINING, smallest=SMALLEST, parts=PARTS)
def vgg19(
    shape: tuple[int, int, int],
    classes: int,
    *,
    form: str = "small",
    filters: int = 0,
    units: int = 0,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Sequential:
    """As vgg16 with a fourth convolution in each of the last three stages, sixteen in all.

    Its arguments are those of ``vgg16``.

    Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2014),
    configuration E.
    """
    return _vgg("vgg19", shape, classes, form, filters, units, activation, dropout)


def stage(
    number: int, depth: int, filters: int, *, activation: str, original: bool = False
) -> list[keras.layers.Layer]:
    """Fresh layers of stage ``number``, from 1, without its pooling: ``depth`` 3×3 convolutions, each activated.

    They are called ``conv_1_1``, ``norm_1_1``, ``relu_1_1`` …, in every network that is built of them: by these names
    the weights of one come into another.

    Args:
        number: of the stage, 1 to 5.
        depth: how many convolutions.
        filters: of the first stage of the network; this one has 1, 2, 4, 8 or 8 times as many.
        activation: after each convolution, by Keras' name.
        original: as in 2014, without batch normalisation.
    """
    from keras import layers

    from cnnproj.models.layers import BatchNormalization

    width, made = width_of(number, filters), []
    for step in range(1, depth + 1):
        name = f"{number}_{step}"
        made.append(
            layers.Conv2D(
                width, 3, padding="same", use_bias=original, kernel_initializer="he_normal", name=f"conv_{name}"
            )
        )
        if not original:
            made.append(BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"norm_{name}"))
        made.append(layers.Activation(activation, name=f"relu_{name}"))
    return made


def width_of(number: int, filters: int) -> int:
    """The filters of stage ``number``, from 1, where the first has ``filters``: doubled up to eight times as many."""
    return filters << min(number - 1, 3)


def _vgg(
    name: str,
    shape: tuple[int, int, int],
    classes: int,
    form: str,
    filters: int,
    units: int,
    activation: str,
    dropout: float,
) -> keras.Sequential:
    """The network called ``name``."""
    import keras
    from keras import layers

    from cnnproj.models.layers import Dropout

    original = is_original(name, form)
    first, hidden = filters or (64 if original else 16), units or (4096 if original else 256)
    he = {"kernel_initializer": "he_normal"}
    side = min(shape[:2])
    stages: list[keras.layers.Layer] = []
    for number, depth in enumerate(DEPTHS[name], start=1):
        stages += stage(number, depth, first, activation=activation, original=original)
        if original or side >= 8:
            stages.append(layers.MaxPooling2D(name=f"pool_{number}"))
            side //= 2
    stages.append(layers.Flatten(name="flatten"))
    for step in (1, 2):
        stages += [
            layers.Dense(hidden, name=f"dense_{step}", **he),
            layers.Activation(activation, name=f"relu_dense_{step}"),
            Dropout(dropout, name=f"dropout_{step}"),
        ]
    return keras.Sequential(
        [
            keras.Input(shape, name="image"),
            *stages,
            layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"),
        ]
    )
