"""AlexNet: the network whose victory in 2012 began the years of deep learning.

Paper: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", NeurIPS 25
(2012). https://doi.org/10.1145/3065386

Special: ReLU in place of tanh, dropout, overlapping max pooling, local response normalisation; two halves of the maps,
on a graphics card each, that meet in the third convolution only.

Expected: 60,965,224 parameters in the original form at 227×227×3 with 1,000 classes ("60 million" in the paper). Top-5
error on ImageNet, in the paper: 18.2 % alone on the validation part, 16.4 % as a mean of five networks on the test part
of 2012, 15.3 % as a mean of seven of which two were pre-trained on more images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnproj.models.forms import is_original, stem_strides
from cnnproj.models.registry import BATCH_NORM_MOMENTUM, architecture
from cnnproj.models.space import Range

if TYPE_CHECKING:
    import keras


@architecture(
    space={"learning_rate": Range(5e-4, 1e-2, log=True), "dropout": Range(0.0, 0.6)},
    training={"learning_rate": 2e-3, "batch_size": 16},
    smallest={"small": 8, "original": 67},
    parts=("forms.py",),
)
def alexnet(
    shape: tuple[int, int, int],
    classes: int,
    *,
    form: str = "small",
    filters: int = 0,
    units: int = 0,
    activation: str = "relu",
    dropout: float = 0.0,
) -> keras.Sequential:
    """Five convolutions with overlapping max pooling behind the first, second and fifth, then three dense layers.

    Args:
        shape: height, width (pixels) and channels of the images; at least 8×8, in the original form 67×67.
        classes: how many classes there are.
        form: ``original`` for that of 2012, made for 227×227 pixels: 11×11 filters in steps of 4, local response
            normalisation, two groups of maps, He's initial weights in place of the paper's. ``small``: 5×5 filters in
            steps of 1 (2 from 64 pixels on), no pooling that would leave less than 4×4, batch normalisation, and
            widths in the same proportions.
        filters: of the first convolution; the others have 8/3, 4, 4 and 8/3 times as many. 0 for the form's own: 96,
            and 24 in the small form.
        units: of each of the two hidden dense layers; 0 for the form's own: 4,096, and 256 in the small form.
        activation: after each layer, by Keras' name.
        dropout: share of the inputs of both hidden dense layers put to zero in training, 0 to below 1. The paper has
            0.5, for a million images and weeks; of some thousand images the small form learns more with 0.

    Source: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks" (2012).
    """
    import keras
    from keras import layers

    from cnnproj.models.layers import BatchNormalization, Dropout, LocalResponseNormalization

    original = is_original("alexnet", form)
    first, hidden = filters or (96 if original else 24), units or (4096 if original else 256)
    widths = [round(first * share) for share in (1, 8 / 3, 4, 4, 8 / 3)]
    sizes = (11, 5, 3, 3, 3) if original else (5, 5, 3, 3, 3)
    side, stages = min(shape[:2]), []
    for step, (width, size) in enumerate(zip(widths, sizes, strict=True), start=1):
        strides = (4 if original else stem_strides(shape)) if step == 1 else 1
        side = -(-side // strides)
        stages.append(
            layers.Conv2D(
                width,
                size,
                strides,
                padding="valid" if original and step == 1 else "same",
                groups=2 if original and step in (2, 4, 5) else 1,
                use_bias=original,
                kernel_initializer="he_normal",
                name=f"conv_{step}",
            )
        )
        if not original:
            stages.append(BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"norm_{step}"))
        stages.append(layers.Activation(activation, name=f"relu_{step}"))
        if original and step in (1, 2):
            stages.append(LocalResponseNormalization(name=f"norm_{step}"))
        if step in (1, 2, 5) and (original or side > 6):
            stages.append(layers.MaxPooling2D(3, 2, padding="valid" if original else "same", name=f"pool_{step}"))
            side = -(-side // 2)
    stages.append(layers.Flatten(name="flatten"))
    for step in (1, 2):
        stages += [
            Dropout(dropout, name=f"dropout_{step}"),
            layers.Dense(hidden, kernel_initializer="he_normal", name=f"dense_{step}"),
            layers.Activation(activation, name=f"relu_dense_{step}"),
        ]
    return keras.Sequential(
        [
            keras.Input(shape, name="image"),
            *stages,
            layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"),
        ]
    )
