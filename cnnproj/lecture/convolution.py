"""Convolution by hand: what a convolutional layer computes, and every sum that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from cnnproj.errors import CnnprojError
from cnnproj.lecture.arguments import Numbers, Padding, image_of, numbers, pair_of
from cnnproj.lecture.geometry import Side, lay, padding_of
from cnnproj.lecture.notation import number, product_sum, size_text
from cnnproj.lecture.worked import Steps, Worked

if TYPE_CHECKING:
    from cnnproj.chart import Chart


def stack_filters(filters: Sequence[ArrayLike]) -> Numbers:
    """Several filters of one shape, (height, width) or (height, width, channels), as one array for ``convolve``.

    Returns:
        (height, width, channels, filters), the order that Keras has.
    """
    several = [numbers(one, "kernel") for one in filters]
    if len({one.shape for one in several}) != 1 or several[0].ndim not in (2, 3):
        raise CnnprojError("lecture.filters_differ", shapes=", ".join(size_text(one.shape) for one in several) or "∅")
    return np.stack([one if one.ndim == 3 else one[..., None] for one in several], axis=-1)


def convolve(
    image: ArrayLike,
    kernel: ArrayLike,
    *,
    padding: Padding = "valid",
    stride: int | tuple[int, int] = 1,
    depthwise: bool = False,
    flip: bool = False,
) -> Worked[Numbers]:
    """Slide a filter over an image; at each place multiply what lies on top of each other, and add it all up.

    Networks do not flip the filter, which mathematics calls cross-correlation; ``flip`` does, and is convolution.
    Without bias and activation it is ``keras.layers.Conv2D``, and ``DepthwiseConv2D`` with ``depthwise``.

    Args:
        image: (height, width), or (height, width, channels).
        kernel: one filter, (height, width) or (height, width, channels), as deep as the image; or several, (height,
            width, channels, filters): see ``stack_filters``.
        padding: rows and columns of zeros around the image: ``valid`` none; ``same`` as many as Keras puts, so that
            with a stride of 1 the size is kept; ``full`` until only a corner of the filter lies on the image; or
            pixels: on all sides, (top and bottom, left and right), or ((top, bottom), (left, right)).
        stride: pixels from one window to the next, or (down, across).
        depthwise: give each channel its own filter and do not add the channels up. ``kernel`` then is (height, width,
            channels), or (height, width, channels, filters for each channel).
        flip: turn the filter by 180° first.

    Returns:
        The feature map: (height, width) if image and kernel are tables, else (height, width, filters); depthwise
        (height, width, channels · filters for each), with the filters of the first channel first.

    Raises:
        CnnprojError: where shapes do not fit together, or an argument cannot be.
    """
    pixels, weights = image_of(image), numbers(kernel, "kernel")
    flat = pixels.ndim == 2 and weights.ndim == 2
    pixels = pixels if pixels.ndim == 3 else pixels[..., None]
    weights = _filters(weights, channels=pixels.shape[2], depthwise=depthwise)
    used = weights[::-1, ::-1] if flip else weights
    strides, ends = pair_of(stride, "stride"), padding_of(padding)
    rows, columns = (lay(pixels.shape[i], used.shape[i], strides[i], ends[i]) for i in (0, 1))
    padded = np.pad(pixels, ((rows.before, rows.after), (columns.before, columns.after), (0, 0)))
    maps = _slide(padded, used, rows, columns, depthwise)

    def told(step: int) -> str:
        place, top, left = _place(step, rows, columns)
        window = padded[top : top + rows.kernel, left : left + columns.kernel]
        channels = [place // used.shape[3]] if depthwise else range(used.shape[2])
        of_channel = place % used.shape[3]
        sums = [product_sum(zip(window[..., c].flat, used[..., c, of_channel].flat, strict=True)) for c in channels]
        text = sums[0] if len(sums) == 1 else " + ".join(f"[{one}]" for one in sums)
        return f"{text} = {number(maps.reshape(-1, maps.shape[2])[step % (rows.windows * columns.windows), place])}"

    steps = Steps(maps.size, told)

    def draw(step: int | None) -> Chart:
        from cnnproj.lecture.drawing.convolution import draw_convolution

        return draw_convolution(padded, used, maps, (rows, columns), step, steps, depthwise=depthwise)

    return Worked(maps[..., 0] if flat else maps, steps, draw)


def _filters(kernel: Numbers, *, channels: int, depthwise: bool) -> Numbers:
    """``kernel`` as (height, width, channels, filters), if it fits an image of ``channels``."""
    if kernel.ndim not in (2, 3, 4):
        raise CnnprojError("lecture.kernel_shape", shape=size_text(kernel.shape))
    depth = 1 if kernel.ndim == 2 else kernel.shape[2]
    if depth != channels:
        wanted = size_text((*kernel.shape[:2], channels))
        sentence = "lecture.depth_of_each" if depthwise else "lecture.depth"
        raise CnnprojError(sentence, channels=channels, depth=depth, wanted=wanted, shape=size_text(kernel.shape))
    return kernel.reshape(*kernel.shape[:2], depth, kernel.shape[3] if kernel.ndim == 4 else 1)


def _slide(padded: Numbers, kernel: Numbers, rows: Side, columns: Side, depthwise: bool) -> Numbers:
    """The maps, (height, width, maps): weight by weight, each times all the pixels that it comes to lie on."""
    height, width, channels, filters = kernel.shape
    depth = channels * filters if depthwise else filters
    kind = np.result_type(padded, kernel)
    maps = np.zeros((rows.windows, columns.windows, depth), kind)
    for i in range(height):
        for j in range(width):
            down = slice(i, i + (rows.windows - 1) * rows.stride + 1, rows.stride)
            across = slice(j, j + (columns.windows - 1) * columns.stride + 1, columns.stride)
            under = padded[down, across]
            products = under[..., None] * kernel[i, j] if depthwise else under @ kernel[i, j]
            maps += products.reshape(maps.shape)
    return maps


def _place(step: int, rows: Side, columns: Side) -> tuple[int, int, int]:
    """Which map ``step`` is about, and the top left corner of its window in the padded image."""
    place, window = divmod(step, rows.windows * columns.windows)
    row, column = divmod(window, columns.windows)
    return place, row * rows.stride, column * columns.stride
