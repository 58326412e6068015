"""What a filter detects: a few by hand, laid over a photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from cnnproj.chart import Chart
from cnnproj.errors import CnnprojError
from cnnproj.lecture.arguments import Numbers, image_of
from cnnproj.lecture.convolution import convolve

# Prewitt's two are the slides' edge filters; the others are as in Gonzalez and Woods, "Digital image processing".
FILTERS: Mapping[str, Numbers] = MappingProxyType(
    {
        "vertical_edges": np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]]),
        "horizontal_edges": np.array([[1, 1, 1], [0, 0, 0], [-1, -1, -1]]),
        "all_edges": np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
        "blur": np.full((3, 3), 1 / 9),
        "sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    }
)


@dataclass(frozen=True, eq=False)
class Detected:
    """A gray image and what filters make of it.

    Attributes:
        image: (height, width).
        maps: the feature map of each filter, by its name, of the image's size less what the filter needs.
    """

    image: Numbers
    maps: Mapping[str, Numbers]

    def figure(self) -> Chart:
        """The image and its feature maps; edges with 0 as mid-gray, from dark to bright one way and back the other."""
        from cnnproj.lecture.drawing.photos import draw_detected

        return draw_detected(self)


def detect(image: ArrayLike, names: Sequence[str] = tuple(FILTERS)) -> Detected:
    """Lay filters over a gray image, without padding.

    Args:
        image: (height, width).
        names: of ``FILTERS``.

    Raises:
        CnnprojError: where there is no such filter, or the image has channels.
    """
    for name in names:
        if name not in FILTERS:
            raise CnnprojError("lecture.no_filter", came=name, known=", ".join(FILTERS))
    pixels = image_of(image)
    return Detected(pixels, {name: convolve(pixels, FILTERS[name]).result for name in names})
