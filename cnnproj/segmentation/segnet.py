"""SegNet: an encoder that remembers where each maximum stood, and a decoder that puts values back there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnproj.models.space import Choice, Range
from cnnproj.segmentation.registry import BOTTLENECK, segmenter

if TYPE_CHECKING:
    import keras


@segmenter(space={"learning_rate": Range(2e-3, 2e-2, log=True), "filters": Choice(12, 16), "dropout": Range(0.0, 0.3)})
def segnet(
    shape: tuple[int, int, int],
    classes: int,
    *,
    filters: int = 16,
    depth: int = 0,
    activation: str = "relu",
    dropout: float = 0.1,
) -> keras.Model:
    """Only the places of the maxima are carried across, not the maps: lighter than U-Net, edges a little rougher.

    The paper's encoder is VGG-16 with five stages of up to 512 filters; here stages of two convolutions, the width
    doubling where the size halves.

    Args:
        shape: height, width (pixels) and channels of the images; of any size from 8×8.
        classes: how many there are, the background counted.
        filters: filters of the first stage.
        depth: how often the maps are halved; 0 for as often as leaves at least 4×4, up to four times.
        activation: after each convolution, by Keras' name.
        dropout: share of the deepest maps' values put to zero in training, 0 to below 1.

    Source: Badrinarayanan, Kendall and Cipolla, "SegNet: a deep convolutional encoder-decoder architecture for image
    segmentation" (2017).
    """
    import keras

    from cnnproj.models.layers import Dropout
    from cnnproj.segmentation.blocks import classify, convolve, stages_for
    from cnnproj.segmentation.unpooling import MaxPoolingWithIndices, MaxUnpooling

    count = stages_for(shape, depth, most=4)
    image = maps = keras.Input(shape, name="image")
    pooled, places = [], []
    for stage in range(1, count + 1):
        maps = convolve(maps, filters << (stage - 1), f"down_{stage}", activation=activation)
        pooled.append(maps)
        maps, place = MaxPoolingWithIndices(name=f"pool_{stage}")(maps)
        places.append(place)
    # As many filters as the last stage has: what is unpooled goes to the places of its maxima, channel by channel.
    maps = convolve(maps, filters << (count - 1), "deep", activation=activation, last=BOTTLENECK)
    maps = Dropout(dropout, name="dropout")(maps)
    for stage in range(count, 0, -1):
        maps = MaxUnpooling(name=f"unpool_{stage}")([maps, places[stage - 1], pooled[stage - 1]])
        maps = convolve(maps, filters << max(0, stage - 2), f"up_{stage}", activation=activation)
    return keras.Model(image, classify(maps, classes))
