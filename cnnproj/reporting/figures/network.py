"""Figures of what a network is made of: its stages as boxes, and the maps of one of its layers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.patches import Rectangle

from cnnproj.errors import CnnprojError
from cnnproj.reporting.figures.cases import HEAT, overlay, scale
from cnnproj.reporting.figures.chart import GRAY, INK, PALE, WIDTH, Chart, colored, house_style, show_image
from cnnproj.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cnnproj.anatomy.anatomy import Anatomy
    from cnnproj.anatomy.inside import Inside
    from cnnproj.anatomy.stages import Stage

# Inches: the height of a map of 256 pixels, the width of the narrowest box, between boxes, and of a title.
_HIGH, _LEAST, _GAP, _TITLE = 2.2, 0.24, 0.1, 4.6
_MOST_MAPS, _ACROSS = 48, 8


@house_style()
def network(anatomy: Anatomy) -> Chart:
    """The stages of a network from left to right: a box is as high as its maps and as wide as their number.

    Both on a logarithmic scale. In a box stand its kernels and how many layers it is deep; above it the number of maps,
    below it their size. A dense layer is hatched.
    """
    from cnnproj.anatomy.stages import Stage, stages

    boxes = [Stage(anatomy.shape, (), 0), *stages(anatomy)]
    widths = [0.45, *(_LEAST + 0.05 * math.log2(box.shape[-1]) for box in boxes[1:])]
    places = np.concatenate([[0], np.cumsum([width + _GAP for width in widths])])
    high, wide = max(_tall(box.shape) for box in boxes), max(_TITLE, float(places[-1]))
    chart = Chart(min(WIDTH, wide + 0.2), high + 0.95)
    axes = chart.subplots()
    for left, width, box, before in zip(places, widths, boxes, [None, *boxes], strict=False):
        _box(axes, box, float(left), width, high)
        if before is None or before.shape[:-1] != box.shape[:-1]:
            size = "×".join(map(str, box.shape[:2])) if len(box.shape) == 3 else say("anatomy.figure.vector")
            axes.text(left, (high - _tall(box.shape)) / 2 - 0.07, size, fontsize=7.5, color=INK, va="top", ha="left")
    axes.set_title(say("anatomy.figure.title", model=anatomy.name, n=anatomy.depth, parameters=anatomy.parameters))
    axes.set(xlim=(-0.05, wide), ylim=(-0.2, high + 0.2), aspect="auto")
    axes.axis("off")
    return chart


def _box(axes: Axes, stage: Stage, left: float, width: float, high: float) -> None:
    """Draw ``stage``; one without a layer is the image."""
    tall = _tall(stage.shape)
    bottom = (high - tall) / 2
    face, hatch = (PALE, None) if stage.kernels else ("white", "////" if stage.depth else None)
    axes.add_patch(Rectangle((left, bottom), width, tall, facecolor=face, hatch=hatch, edgecolor=INK, linewidth=0.8))
    axes.text(left + width / 2, bottom + tall + 0.04, f"{stage.shape[-1]:,}", fontsize=7.5, ha="center", va="bottom")
    inside = f"{' '.join(stage.kernels)} · {stage.depth}" if stage.kernels else ""
    text = inside if stage.depth else say("figures.image")
    axes.text(left + width / 2, high / 2, text, fontsize=7, rotation=90, ha="center", va="center", color=INK)


def _tall(shape: tuple[int, ...]) -> float:
    """The height of a box in inches: of a map by the logarithm of its side."""
    side = shape[0] if len(shape) == 3 else 1
    return 0.4 + (_HIGH - 0.4) * math.log2(max(side, 1)) / 8


@house_style()
def layer_maps(inside: Inside, path: str) -> Chart:
    """The image, the mean map of the layer at ``path``, and its maps by themselves, at most 46, all on one scale.

    Raises:
        CnnprojError: where there is no such layer, or it has no maps.
    """
    maps = inside.maps(path)
    if maps.ndim != 3:
        raise CnnprojError("anatomy.no_maps", path=path, shape=" × ".join(map(str, maps.shape)))
    shown = maps[..., : _MOST_MAPS - 2]
    rows = math.ceil((2 + shown.shape[-1]) / _ACROSS)
    side = WIDTH / _ACROSS
    chart = Chart(WIDTH, rows * (side * min(1.6, maps.shape[0] / maps.shape[1]) + 0.18))
    grid = chart.subplots(rows, _ACROSS, squeeze=False).ravel()
    show_image(grid[0], colored(inside.images[0]))
    grid[0].set_title(say("figures.image"), fontsize=7.5, fontweight="normal", pad=2)
    show_image(grid[1], maps.mean(axis=-1), cmap="gray")
    grid[1].set_title(say("anatomy.figure.mean"), fontsize=7.5, fontweight="normal", pad=2)
    low, high = float(shown.min()), float(shown.max())
    for number, axes in enumerate(grid[2:]):
        if number < shown.shape[-1]:
            show_image(axes, shown[..., number], cmap="gray", vmin=low, vmax=high)
            axes.set_title(str(number + 1), fontsize=7, fontweight="normal", pad=2, color=GRAY)
        else:
            axes.axis("off")
    return chart


@house_style()
def layer_heatmap(inside: Inside, path: str) -> Chart:
    """The image, Grad-CAM by the maps of the layer at ``path``, and the one over the other.

    Raises:
        CnnprojError: where there is no such layer, or it has no maps.
    """
    heatmap, pixels = inside.heatmap(path), colored(inside.images[0])
    top = float(heatmap.max()) or 1.0
    tall = 1.8 * min(1.6, heatmap.shape[0] / heatmap.shape[1])
    chart = Chart(6, tall + 0.75)
    ratios: dict[str, Any] = {"height_ratios": [tall, 0.1]}
    (first, second, third), last = chart.subplots(2, 3, **ratios)
    show_image(first, pixels)
    shade = show_image(second, heatmap, cmap=HEAT, vmin=0, vmax=top)
    overlay(third, pixels, heatmap / top)
    for axes, key in zip((first, second, third), ("image", "heatmap", "overlay"), strict=True):
        axes.set_title(say(f"figures.{key}"))
    scale(chart, shade, last[1], top, say("figures.method.gradcam"))
    for axes in last[[0, 2]]:
        axes.axis("off")
    return chart
