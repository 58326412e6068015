"""MLP: every pixel joined to every unit, the network that convolution is measured against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnproj.models.registry import BATCH_NORM_MOMENTUM, architecture
from cnnproj.models.space import Choice, Range

if TYPE_CHECKING:
    import keras


@architecture(
    space={
        "learning_rate": Range(2e-3, 2e-2, log=True),
        "units": Choice(128, 256, 512),
        "dropout": Range(0.0, 0.4),
    }
)
def mlp(
    shape: tuple[int, int, int],
    classes: int,
    *,
    units: int = 256,
    depth: int = 2,
    activation: str = "relu",
    dropout: float = 0.2,
) -> keras.Sequential:
    """A multilayer perceptron: flatten, then dense layers with batch normalisation, ReLU and dropout.

    It has no layer that keeps the image's positions, so it has no Grad-CAM; its report shows saliency instead.

    Args:
        shape: height, width (pixels) and channels of the images.
        classes: how many classes there are.
        units: units of the first hidden layer; each further layer has half as many.
        depth: number of hidden layers.
        activation: of the hidden layers, by Keras' name.
        dropout: share of a hidden layer's outputs put to zero in training, 0 to below 1.

    Source: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", Nature 323 (1986);
    batch normalisation from Ioffe and Szegedy (2015).
    """
    import keras
    from keras import layers

    from cnnproj.models.layers import BatchNormalization, Dropout

    hidden = []
    for level in range(depth):
        hidden += [
            layers.Dense(max(units >> level, classes), use_bias=False, name=f"dense_{level + 1}"),
            BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"norm_{level + 1}"),
            layers.Activation(activation, name=f"relu_{level + 1}"),
            Dropout(dropout, name=f"dropout_{level + 1}"),
        ]
    return keras.Sequential(
        [
            keras.Input(shape, name="image"),
            layers.Flatten(name="flatten"),
            *hidden,
            layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"),
        ]
    )
