"""U-Net: down to a small map and up again, each step up joined with the maps of the same size on the way down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnproj.models.space import Choice, Range
from cnnproj.segmentation.registry import BOTTLENECK, segmenter
from cnnproj.segmentation.starting_encoder import start_encoder

if TYPE_CHECKING:
    import keras


@segmenter(
    space={"learning_rate": Range(2e-3, 2e-2, log=True), "filters": Choice(12, 16), "dropout": Range(0.0, 0.3)},
    parts=("blocks.py",),
    start=start_encoder,
)
def unet(
    shape: tuple[int, int, int],
    classes: int,
    *,
    filters: int = 16,
    depth: int = 0,
    activation: str = "relu",
    dropout: float = 0.1,
    weights: str = "none",
) -> keras.Model:
    """Skip connections carry the fine positions across, so that edges come out sharp.

    The width doubles where the size halves. The paper starts with 64 filters and halves four times; a quarter of the
    filters is what two cores train in minutes. Convolutions are padded, so that a mask is as large as its image.

    Args:
        shape: height, width (pixels) and channels of the images; of any size from 8×8.
        classes: how many there are, the background counted.
        filters: filters of the first stage.
        depth: how often the maps are halved; 0 for as often as leaves at least 8×8, two to four times.
        activation: after each convolution, by Keras' name.
        dropout: share of the deepest maps' values put to zero in training, 0 to below 1.
        weights: ``none`` for random ones; or the folder of a trained model, from the project's, whose encoder it begins
            with: of a U-Net of another run of segmentation.

    Source: Ronneberger, Fischer and Brox, "U-Net: convolutional networks for biomedical image segmentation" (2015),
    with batch normalisation (Ioffe and Szegedy 2015).
    """
    import keras
    from keras import layers

    from cnnproj.models.layers import Dropout
    from cnnproj.segmentation.blocks import classify, convolve, cut_to, stages_for

    count = stages_for(shape, depth, least=8, most=4)
    image = maps = keras.Input(shape, name="image")
    skips = []
    for stage in range(1, count + 1):
        maps = convolve(maps, [filters << (stage - 1)] * 2, f"down_{stage}", activation=activation)
        skips.append(maps)
        maps = layers.MaxPooling2D(padding="same", name=f"pool_{stage}")(maps)
    maps = convolve(maps, [filters << count] * 2, "deep", activation=activation, last=BOTTLENECK)
    maps = Dropout(dropout, name="dropout")(maps)
    for stage in range(count, 0, -1):
        width = filters << (stage - 1)
        maps = layers.Conv2DTranspose(width, 2, strides=2, name=f"enlarge_{stage}")(maps)
        maps = layers.Concatenate(name=f"join_{stage}")([skips[stage - 1], cut_to(maps, skips[stage - 1], f"{stage}")])
        maps = convolve(maps, [width] * 2, f"up_{stage}", activation=activation)
    return keras.Model(image, classify(maps, classes))
