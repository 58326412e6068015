"""Figures of what happens inside the best network: the maps of its layers for one image, and its first filters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cnnproj.reporting.figures.chart import WIDTH, Chart, colored, house_style, show_image
from cnnproj.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cnnproj.anatomy.inside import Inside
    from cnnproj.interpretation.interpret import Interpretation

_ACROSS = 7
_MAPS = "gray"


@house_style()
def feature_maps(interpretation: Interpretation | Inside) -> Chart:
    """The image, that of the first case, and the mean map of each layer, each from its least value to its largest."""
    features, image = interpretation.features, interpretation.images[0]
    rows = math.ceil((1 + len(features.layers)) / _ACROSS)
    side = WIDTH / _ACROSS
    chart = Chart(WIDTH, rows * (side * min(1.6, image.shape[0] / image.shape[1]) + 0.36))
    grid = chart.subplots(rows, _ACROSS, squeeze=False).ravel()
    show_image(grid[0], colored(image))
    _name(grid[0], say("figures.image"), "")
    for axes, maps, (name, size) in zip(grid[1:], features.maps, features.layers, strict=False):
        show_image(axes, maps, cmap=_MAPS)
        _name(axes, _end(name, 15), size)
    for axes in grid[1 + len(features.layers) :]:
        axes.axis("off")
    return chart


@house_style()
def strongest_maps(interpretation: Interpretation | Inside) -> Chart:
    """The maps with the highest means of the last layer at each size, a row a layer that shares one scale."""
    features = interpretation.features
    rows, across, height, width = features.strongest.shape
    tall = (WIDTH - 1.2) / across * min(1.6, height / width)
    chart = Chart(WIDTH, rows * (tall + 0.08) + 0.1)
    grid = chart.subplots(rows, across, squeeze=False)
    for axes_of_row, maps, (name, size, count) in zip(grid, features.strongest, features.stages, strict=True):
        low, high = float(np.nanmin(maps)), float(np.nanmax(maps))
        for axes, one in zip(axes_of_row, maps, strict=True):
            if np.isnan(one).all():
                axes.axis("off")
            else:
                show_image(axes, one, cmap=_MAPS, vmin=low, vmax=high)
        words = "\n".join([_end(name, 16), size, say("figures.of_maps", n=int(count))])
        axes_of_row[0].set_ylabel(words, rotation=0, ha="right", va="center", fontsize=8.5)
    return chart


@house_style()
def filters(interpretation: Interpretation | Inside) -> Chart:
    """The filters of the first convolution: mid-gray is zero, and all share one scale."""
    kernels = interpretation.features.filters
    across = min(16, len(kernels))
    rows = math.ceil(len(kernels) / across)
    side = WIDTH / 16
    chart = Chart(max(2.0, across * side), rows * (side + 0.03))
    grid = chart.subplots(rows, across, squeeze=False).ravel()
    shown = 0.5 + 0.5 * kernels / (float(np.abs(kernels).max()) or 1.0)
    if shown.shape[-1] != 3:
        shown = shown.mean(axis=-1, keepdims=True)
    for axes, kernel in zip(grid, colored(255 * shown), strict=False):
        show_image(axes, kernel)
    for axes in grid[len(kernels) :]:
        axes.axis("off")
    return chart


def _end(path: str, most: int) -> str:
    """``path`` in at most ``most`` characters; of a long one the end, which tells the layers of a block apart."""
    return path if len(path) <= most else "…" + path[1 - most :]


def _name(axes: Axes, name: str, size: str) -> None:
    axes.set_title(name, fontsize=7.5, fontweight="normal", pad=2)
    axes.set_xlabel(size, fontsize=7, labelpad=1)
