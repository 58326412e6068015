"""Pooling by hand: of each window one number is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from cnnproj.errors import CnnprojError
from cnnproj.lecture.arguments import Numbers, Padding, image_of, pair_of
from cnnproj.lecture.geometry import lay, padding_of
from cnnproj.lecture.notation import factor, listed, number
from cnnproj.lecture.worked import Steps, Worked

if TYPE_CHECKING:
    from cnnproj.chart import Chart

Kind = Literal["max", "average", "min"]


def pool(
    image: ArrayLike,
    size: int | tuple[int, int] = 2,
    *,
    stride: int | tuple[int, int] | None = None,
    padding: Padding = "valid",
    kind: Kind = "max",
) -> Worked[Numbers]:
    """Keep of each window its largest, its mean or its smallest number; each channel by itself.

    ``max`` and ``average`` are ``keras.layers.MaxPooling2D`` and ``AveragePooling2D``.

    Args:
        image: (height, width), or (height, width, channels).
        size: of the window, or (height, width).
        stride: from one window to the next, or (down, across); the size of the window unless it is given.
        padding: as ``convolve`` has it, but less than the window's size on every side. Padding only makes room: it is
            neither the largest number nor counted in a mean.
        kind: which number is kept.

    Returns:
        Of the image's dimensions; means are floats, the others are as the image is.

    Raises:
        CnnprojError: where an argument cannot be, not one window fits, or one would hold nothing but padding.
    """
    if kind not in get_args(Kind):
        raise CnnprojError("lecture.pooling", came=kind, known=", ".join(get_args(Kind)))
    given = image_of(image)
    pixels = given if given.ndim == 3 else given[..., None]
    windows = pair_of(size, "window")
    strides = windows if stride is None else pair_of(stride, "stride")
    ends = padding_of(padding)
    rows, columns = (lay(pixels.shape[i], windows[i], strides[i], ends[i]) for i in (0, 1))
    if any(max(side.before, side.after) >= side.kernel for side in (rows, columns)):
        raise CnnprojError("lecture.only_padding", window=min(windows))
    frame = ((rows.before, rows.after), (columns.before, columns.after))
    real = np.pad(np.ones(pixels.shape[:2], bool), frame)
    padded = np.pad(pixels, (*frame, (0, 0)))
    parts = np.lib.stride_tricks.sliding_window_view(padded, windows, axis=(0, 1))
    counted = np.lib.stride_tricks.sliding_window_view(real, windows)[:, :, None]
    parts, counted = (one[:: rows.stride, :: columns.stride] for one in (parts, counted))
    if kind == "average":
        pooled = parts.sum(axis=(3, 4)) / counted.sum(axis=(3, 4))  # padding is 0
    elif kind == "max":
        pooled = parts.max(axis=(3, 4), where=counted, initial=pixels.min())
    else:
        pooled = parts.min(axis=(3, 4), where=counted, initial=pixels.max())

    def told(step: int) -> str:
        channel, row, column = np.unravel_index(step, (pooled.shape[2], *pooled.shape[:2]))
        kept = parts[row, column, channel][counted[row, column, 0]]
        came = number(pooled[row, column, channel])
        if kind == "average":
            return f"({' + '.join(map(factor, kept))}) / {kept.size} = {came}"
        return f"{kind}({listed(kept)}) = {came}"

    steps = Steps(pooled.size, told)

    def draw(step: int | None) -> Chart:
        from cnnproj.lecture.drawing.convolution import draw_pooling

        return draw_pooling(padded, pooled, (rows, columns), step, steps, kind)

    return Worked(pooled if given.ndim == 3 else pooled[..., 0], steps, draw)
