"""Local translation invariance: an image that is moved by a pixel changes everywhere, what is pooled of it hardly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cnnproj.chart import Chart
from cnnproj.errors import CnnprojError
from cnnproj.lecture.arguments import Numbers, image_of, whole
from cnnproj.lecture.pooling import Kind, pool


@dataclass(frozen=True, eq=False)
class Moved:
    """An image before and after it was moved, and both pooled.

    Attributes:
        image: (height, width).
        moved: the same, some pixels further right; what comes in from the left is 0.
        pooled: of ``image``.
        pooled_moved: of ``moved``.
        by: pixels by which it was moved.
        size: of the pooling window.
    """

    image: Numbers
    moved: Numbers
    pooled: Numbers
    pooled_moved: Numbers
    by: int
    size: int

    @property
    def unchanged(self) -> float:
        """The share of the pixels that are as they were, 0 to 1."""
        return float((self.image == self.moved).mean())

    @property
    def unchanged_pooled(self) -> float:
        """The share of the pooled numbers that are as they were, 0 to 1."""
        return float((self.pooled == self.pooled_moved).mean())

    def figure(self) -> Chart:
        """Above the image, below what is pooled of it; left before, right after; cells that changed are outlined."""
        from cnnproj.lecture.drawing.comparisons import draw_moved

        return draw_moved(self)


def move(image: ArrayLike, by: int = 1, *, size: int = 2, stride: int | None = None, kind: Kind = "max") -> Moved:
    """Move an image to the right, and pool it before and after.

    Args:
        image: (height, width).
        by: pixels, fewer than the image is wide.
        size: of the pooling window.
        stride: of the pooling; its size unless it is given.
        kind: of the pooling.

    Raises:
        CnnprojError: where the image is no single table, is moved out of itself, or the window does not fit.

    Source: Goodfellow, Bengio and Courville, "Deep learning" (2016), section 9.3.
    """
    table = image_of(image)
    if table.ndim != 2:
        raise CnnprojError("lecture.one_table", channels=table.shape[2])
    pixels = whole(by, "by")
    if pixels >= table.shape[1]:
        raise CnnprojError("lecture.shift_too_far", width=table.shape[1], by=pixels)
    moved = np.zeros_like(table)
    moved[:, pixels:] = table[:, :-pixels]
    pooled, pooled_moved = (pool(one, size, stride=stride, kind=kind).result for one in (table, moved))
    return Moved(table, moved, pooled, pooled_moved, pixels, size)
