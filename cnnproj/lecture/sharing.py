"""Sparse interactions and shared parameters: what a convolution saves against a layer that joins all with all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnproj.chart import Chart
from cnnproj.errors import CnnprojError
from cnnproj.lecture.arguments import pair_of, whole
from cnnproj.lecture.geometry import lay, padding_of

if TYPE_CHECKING:
    import pandas as pd

LAYERS = ("dense", "local", "convolution")


@dataclass(frozen=True)
class Sharing:
    """Three layers from the same image to the same feature maps.

    ``dense`` joins every output with every input, ``local`` only with those under its window but with weights of its
    own (sparse interactions), ``convolution`` with the same weights at every place (shared parameters).

    Attributes:
        shape: of the image: height, width, channels.
        output: of the feature maps: height, width, filters.
        parameters: of each layer, with its biases.
        connections: of each layer: from how many inputs to how many outputs, counted one by one.
    """

    shape: tuple[int, int, int]
    output: tuple[int, int, int]
    parameters: dict[str, int]
    connections: dict[str, int]

    @property
    def table(self) -> pd.DataFrame:
        """A row a layer."""
        import pandas as pd

        return pd.DataFrame({"parameters": self.parameters, "connections": self.connections})

    def figure(self) -> Chart:
        """Each layer for a row of seven pixels, and its parameters and connections for this image."""
        from cnnproj.lecture.drawing.comparisons import draw_sharing

        return draw_sharing(self)


def compare_layers(
    shape: tuple[int, int, int], *, filters: int = 1, kernel: int | tuple[int, int] = 3, padding: str = "valid"
) -> Sharing:
    """Count the parameters and the connections of a convolution, and of the layers that do without its two ideas.

    Args:
        shape: of the image: height, width, channels.
        filters: how many feature maps.
        kernel: size of the filters.
        padding: as ``convolve`` has it, by name.

    Raises:
        CnnprojError: where a number cannot be, or the filter does not fit.

    Source: Goodfellow, Bengio and Courville, "Deep learning" (2016), section 9.2.
    """
    if len(shape) != 3:
        raise CnnprojError("lecture.three_numbers", came=shape)
    height, width, channels = (whole(side, "size") for side in shape)
    count, window = whole(filters, "filters"), pair_of(kernel, "kernel")
    ends = padding_of(padding)
    rows, columns = lay(height, window[0], 1, ends[0]), lay(width, window[1], 1, ends[1])
    inputs, places = height * width * channels, rows.windows * columns.windows
    outputs, under = places * count, window[0] * window[1] * channels
    # Weights on padding are multiplied by zeros: a connection is one with a pixel.
    touched = _touched(height, window[0], rows.before, rows.windows)
    touched *= _touched(width, window[1], columns.before, columns.windows)
    joined = touched * channels * count
    return Sharing(
        (height, width, channels),
        (rows.windows, columns.windows, count),
        {"dense": (inputs + 1) * outputs, "local": (under + 1) * outputs, "convolution": (under + 1) * count},
        {"dense": inputs * outputs, "local": joined, "convolution": joined},
    )


def _touched(size: int, kernel: int, before: int, windows: int) -> int:
    """How many pixels of one side all its windows lie on, added up."""
    starts = range(-before, windows - before)
    return sum(min(start + kernel, size) - max(start, 0) for start in starts)
