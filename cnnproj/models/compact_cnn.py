"""Compact CNN: three convolutional stages, under 100,000 parameters, trained in a minute or two on two cores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnproj.models.registry import BATCH_NORM_MOMENTUM, architecture
from cnnproj.models.space import Choice, Range

if TYPE_CHECKING:
    import keras


@architecture(
    space={
        "learning_rate": Range(4e-3, 4e-2, log=True),
        "filters": Choice(16, 24, 32),
        "dropout": Range(0.0, 0.4),
    }
)
def compact_cnn(
    shape: tuple[int, int, int],
    classes: int,
    *,
    filters: int = 24,
    depth: int = 3,
    activation: str = "relu",
    dropout: float = 0.2,
) -> keras.Sequential:
    """Convolutions, three of them by default, with pooling between, widening 1 : 2 : 3, then global average pooling.

    Global average pooling in place of a wide dense layer is what keeps it small: at most 91,000 parameters with
    32 filters and 10 classes, whatever the size of the images.

    Args:
        shape: height, width (pixels) and channels of the images; at least 8×8.
        classes: how many classes there are.
        filters: filters of the first convolution.
        depth: number of convolutions; each but the last halves the map.
        activation: after each of them, by Keras' name.
        dropout: share of the pooled features put to zero in training, 0 to below 1.

    Source: the pattern of LeCun et al., "Gradient-based learning applied to document recognition" (1998), with ReLU,
    batch normalisation (Ioffe and Szegedy 2015) and global average pooling (Lin, Chen and Yan 2013).
    """
    import keras
    from keras import layers

    from cnnproj.models.layers import BatchNormalization, Dropout

    stages = []
    for stage in range(1, depth + 1):
        stages.append(layers.Conv2D(stage * filters, 3, padding="same", use_bias=False, name=f"conv_{stage}"))
        if stage < depth:  # before the normalisation: a quarter of the positions is left to normalise
            stages.append(layers.MaxPooling2D(name=f"pool_{stage}"))
        stages += [
            BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"norm_{stage}"),
            layers.Activation(activation, name=f"relu_{stage}"),
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
