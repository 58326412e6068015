"""FCN-8s: a classifier's layers kept as maps, whose coarse scores are joined with finer ones and enlarged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnnproj.models.space import Choice, Range
from cnnproj.segmentation.registry import BOTTLENECK, LOGITS, segmenter
from cnnproj.segmentation.starting_encoder import start_encoder

if TYPE_CHECKING:
    import keras


@segmenter(
    space={"learning_rate": Range(2e-3, 2e-2, log=True), "filters": Choice(12, 16), "dropout": Range(0.0, 0.3)},
    parts=("blocks.py", "initializers.py", "../models/vgg.py"),
    start=start_encoder,
)
def fcn8s(
    shape: tuple[int, int, int],
    classes: int,
    *,
    filters: int = 16,
    activation: str = "relu",
    dropout: float = 0.1,
    weights: str = "none",
) -> keras.Model:
    """The scores of maps at 1/32, 1/16 and 1/8 of the size are added up, and enlarged eight times at the end.

    Nothing finer than eight pixels is carried across, so edges come out round. The stages are those of VGG-16, with a
    quarter of the filters.

    Args:
        shape: height, width (pixels) and channels of the images; of any size from 32×32.
        classes: how many there are, the background counted.
        filters: filters of the first stage.
        activation: after each convolution, by Keras' name.
        dropout: share of the deepest maps' values put to zero in training, 0 to below 1.
        weights: ``none`` for random ones; or the folder of a trained model, from the project's, whose encoder it begins
            with: of a VGG-16 classifier or of a SegNet or FCN-8s.

    Source: Long, Shelhamer and Darrell, "Fully convolutional networks for semantic segmentation" (2015), with batch
    normalisation (Ioffe and Szegedy 2015).
    """
    import keras
    from keras import layers

    from cnnproj.models.layers import Dropout
    from cnnproj.models.vgg import DEPTHS, stage
    from cnnproj.segmentation.blocks import convolve, cut_to, probabilities

    if min(shape[:2]) < 32:
        raise ValueError(f"Five halvings need 32 pixels. There are {min(shape[:2])}.")
    image = maps = keras.Input(shape, name="image")
    pools = []
    for number, depth in enumerate(DEPTHS["vgg16"], start=1):
        for layer in stage(number, depth, filters, activation=activation):
            maps = layer(maps)
        maps = layers.MaxPooling2D(padding="same", name=f"pool_{number}")(maps)
        pools.append(maps)
    # In place of the two layers of 4096 units: they, too, are convolutions.
    maps = convolve(maps, [filters << 4] * 2, "deep", activation=activation, last=BOTTLENECK)
    maps = Dropout(dropout, name="dropout")(maps)
    scores = layers.Conv2D(classes, 1, name="score_32")(maps)
    for pool, size in ((pools[3], 16), (pools[2], 8)):
        finer = layers.Conv2D(classes, 1, name=f"score_{size}")(pool)
        larger = cut_to(_enlarge(scores, 2, f"enlarge_{size}"), finer, f"{size}")
        scores = layers.Add(name=f"sum_{size}")([larger, finer])
    scores = cut_to(_enlarge(scores, 8, "enlarge"), image, "image")
    return keras.Model(image, probabilities(layers.Identity(name=LOGITS)(scores)))


def _enlarge(scores: Any, times: int, name: str) -> Any:
    """``scores`` enlarged by a transposed convolution that begins as linear interpolation, and learns from there."""
    from keras import layers

    from cnnproj.segmentation.initializers import LinearInterpolation

    options = {"padding": "same", "use_bias": False, "kernel_initializer": LinearInterpolation()}
    return layers.Conv2DTranspose(scores.shape[-1], 2 * times, strides=times, **options, name=name)(scores)
