"""What the segmentation networks are made of: convolutions in a row, and maps cut to the size of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import layers

from cnnproj.models.layers import BatchNormalization
from cnnproj.models.registry import BATCH_NORM_MOMENTUM
from cnnproj.segmentation.registry import LOGITS, PROBABILITIES

FEWEST = 2  # halvings, or the network hardly sees beyond a pixel's neighbours


def convolve(maps: Any, widths: Sequence[int], name: str, *, activation: str, last: str | None = None) -> Any:
    """3×3 convolutions one after the other, each normalised (Ioffe and Szegedy 2015) and activated.

    Args:
        maps: (n, height, width, channels).
        widths: the filters of each.
        name: what the layers' names end in.
        activation: by Keras' name.
        last: the name of the last layer, where it needs one of its own.
    """
    for step, filters in enumerate(widths, start=1):
        end = last if last and step == len(widths) else f"relu_{name}_{step}"
        maps = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv_{name}_{step}")(maps)
        maps = BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"norm_{name}_{step}")(maps)
        maps = layers.Activation(activation, name=end)(maps)
    return maps


def cut_to(maps: Any, wanted: Any, name: str) -> Any:
    """``maps`` without the rows and columns that they have more than ``wanted``: enlarged maps of odd sides do."""
    height, width = (maps.shape[axis] - wanted.shape[axis] for axis in (1, 2))
    if not height and not width:
        return maps
    return layers.Cropping2D(((0, height), (0, width)), name=f"cut_{name}")(maps)


def probabilities(logits: Any) -> Any:
    """The last layer of every segmentation network: of each pixel the probability of each class, in float32."""
    return layers.Activation("softmax", dtype="float32", name=PROBABILITIES)(logits)


def classify(maps: Any, classes: int) -> Any:
    """The probabilities from the last ``maps``, by a 1×1 convolution."""
    return probabilities(layers.Conv2D(classes, 1, name=LOGITS)(maps))


def stages_for(shape: tuple[int, int, int], depth: int, *, least: int, most: int) -> int:
    """How often the maps are halved: ``depth``; or, where that is 0, as often as leaves ``least`` pixels a side.

    Left to itself it is at least ``FEWEST`` times, and at most ``most``.

    Raises:
        ValueError: where ``depth`` would leave less than 2×2, or is negative.
    """
    side, count = min(shape[:2]), FEWEST
    if depth < 0:
        raise ValueError(f"There cannot be {depth} halvings.")
    if depth:
        if side < 2 << depth:
            raise ValueError(f"{depth} halvings leave less than 2 of {side} pixels.")
        return depth
    while count < most and side >= 2 * least << count:
        count += 1
    return count
