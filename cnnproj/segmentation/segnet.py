"""SegNet: an encoder that remembers where each maximum stood, and a decoder that puts values back there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnproj.models.space import Choice, Range
from cnnproj.segmentation.registry import BOTTLENECK, segmenter
from cnnproj.segmentation.starting_encoder import start_encoder

if TYPE_CHECKING:
    import keras


@segmenter(
    space={"learning_rate": Range(2e-3, 2e-2, log=True), "filters": Choice(12, 16), "dropout": Range(0.0, 0.3)},
    parts=("blocks.py", "unpooling.py", "../models/vgg.py"),
    start=start_encoder,
)
def segnet(
    shape: tuple[int, int, int],
    classes: int,
    *,
    filters: int = 16,
    depth: int = 0,
    activation: str = "relu",
    dropout: float = 0.1,
    weights: str = "none",
) -> keras.Model:
    """Only the places of the maxima are carried across, not the maps: lighter than U-Net, edges a little rougher.

    The encoder has the stages of VGG-16 with a quarter of the filters, the decoder mirrors it. The paper halves 360×480
    pixels five times, down to 11×15; of a small image that would leave a few pixels, from which the places of maxima
    alone bring nothing back. Halved only twice, the network sees 28×28 pixels around each, too few to tell one thing
    from another. So there are two bounds: 16×16 deepest maps of large images, 8×8 of small ones.

    Args:
        shape: height, width (pixels) and channels of the images; of any size from 8×8.
        classes: how many there are, the background counted.
        filters: filters of the first stage.
        depth: how often the maps are halved, at most five times; 0 for as often as leaves at least 16×16, and of images
            smaller than 128×128 at least 8×8, but at least twice.
        activation: after each convolution, by Keras' name.
        dropout: share of the deepest maps' values put to zero in training, 0 to below 1.
        weights: ``none`` for random ones; or the folder of a trained model, from the project's, whose encoder it begins
            with: of a VGG-16 classifier or of a SegNet or FCN-8s.

    Source: Badrinarayanan, Kendall and Cipolla, "SegNet: a deep convolutional encoder-decoder architecture for image
    segmentation" (2017).
    """
    import keras

    from cnnproj.models.layers import Dropout
    from cnnproj.models.vgg import DEPTHS, stage, width_of
    from cnnproj.segmentation.blocks import classify, convolve, stages_for
    from cnnproj.segmentation.unpooling import MaxPoolingWithIndices, MaxUnpooling

    depths = DEPTHS["vgg16"]
    if depth > len(depths):
        raise ValueError(f"SegNet has at most {len(depths)} halvings, not {depth}.")
    count = stages_for(shape, depth, least=16 if min(shape[:2]) >= 128 else 8, most=len(depths))
    image = maps = keras.Input(shape, name="image")
    pooled, places = [], []
    for number in range(1, count + 1):
        for layer in stage(number, depths[number - 1], filters, activation=activation):
            maps = layer(maps)
        pooled.append(maps)
        maps, place = MaxPoolingWithIndices(name=f"pool_{number}")(maps)
        places.append(place)
    maps = Dropout(dropout, name=BOTTLENECK)(maps)
    for number in range(count, 0, -1):
        maps = MaxUnpooling(name=f"unpool_{number}")([maps, places[number - 1], pooled[number - 1]])
        # As wide as the stage that it mirrors; the last one as the stage before, whose maxima are put back next.
        widths = [width_of(number, filters)] * (depths[number - 1] - 1) + [width_of(max(1, number - 1), filters)]
        maps = convolve(maps, widths, f"up_{number}", activation=activation)
    return keras.Model(image, classify(maps, classes))
