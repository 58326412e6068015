"""Deep CNN: pairs of 3×3 convolutions in stages, as VGG has them, with batch normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnproj.models.registry import BATCH_NORM_MOMENTUM, architecture
from cnnproj.models.space import Choice, Range

if TYPE_CHECKING:
    import keras


@architecture(
    space={
        "learning_rate": Range(3e-3, 3e-2, log=True),
        "filters": Choice(12, 16),
        "dropout": Range(0.0, 0.4),
    }
)
def deep_cnn(
    shape: tuple[int, int, int],
    classes: int,
    *,
    filters: int = 16,
    depth: int = 0,
    activation: str = "relu",
    dropout: float = 0.2,
) -> keras.Sequential:
    """Stages of two 3×3 convolutions, the width doubling where the size halves, down to a map of at least 4×4.

    The number of stages follows the image unless it is given: three at 28 to 63 pixels, four from 64 pixels on.

    Args:
        shape: height, width (pixels) and channels of the images; at least 8×8.
        classes: how many classes there are.
        filters: filters of the first stage.
        depth: number of stages; 0 for as many as the image asks for.
        activation: after each convolution, by Keras' name.
        dropout: share of the pooled features put to zero in training, 0 to below 1.

    Source: Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2014), with
    batch normalisation (Ioffe and Szegedy 2015) and global average pooling (Lin, Chen and Yan 2013).
    """
    import keras
    from keras import layers

    from cnnproj.models.layers import BatchNormalization, Dropout

    side = min(shape[:2])
    count = depth or (2 if side < 28 else 3 if side < 64 else 4)
    stages = []
    for stage in range(1, count + 1):
        width = filters << (stage - 1)
        for step in (1, 2):
            stages.append(layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"conv_{stage}_{step}"))
            if step == 2 and stage < count:  # before the normalisation: a quarter of the positions is left to normalise
                stages.append(layers.MaxPooling2D(name=f"pool_{stage}"))
            stages += [
                BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"norm_{stage}_{step}"),
                layers.Activation(activation, name=f"relu_{stage}_{step}"),
            ]
    return keras.Sequential(
        [
            keras.Input(shape, name="image"),
            *stages,
            layers.GlobalAveragePooling2D(name="average"),
            Dropout(dropout, name="dropout"),
            layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"),
        ]
    )
