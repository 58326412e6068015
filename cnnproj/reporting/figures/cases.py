"""The figure of the interpretation: where the best network looks in three to five test images, by every method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import to_rgb

from cnnproj.reporting.figures.chart import GRAY, VERMILION, WIDTH, Chart, colored, house_style, short, show_image
from cnnproj.words import say

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from cnnproj.interpretation.interpret import Interpretation

HEAT = "inferno"
_MOST_OPAQUE = 0.7  # the image is still seen where the evidence is strongest
_HEADLINE = 0.36  # inches
_SCALE = 0.09


@house_style()
def cases(interpretation: Interpretation) -> Chart:
    """A row a case: the image, the first method's heatmap over it, and the heatmap of each method.

    All heatmaps of a method share one scale, its own from zero, so that a case without evidence looks like one.
    """
    heatmaps = interpretation.heatmaps
    count, (height, width) = len(interpretation.cases), interpretation.images.shape[1:3]
    columns = 2 + len(heatmaps)
    side = min(1.5, WIDTH / columns - 0.06)
    tall = side * min(1.6, height / width)
    chart = Chart(max(columns * (side + 0.06), 4.6), 0.5 + _SCALE + count * (tall + _HEADLINE + 0.05))
    rows = chart.add_gridspec(2 * count + 1, columns, height_ratios=[*[_HEADLINE, tall] * count, _SCALE])
    tops = {method: float(maps.max()) or 1.0 for method, maps in heatmaps.items()}
    first = interpretation.method
    for row in range(count):
        _headline(chart.add_subplot(rows[2 * row, :]), interpretation.cases.iloc[row])
        image, both, *places = (chart.add_subplot(rows[2 * row + 1, column]) for column in range(columns))
        pixels = colored(interpretation.images[row])
        show_image(image, pixels)
        overlay(both, pixels, heatmaps[first][row] / tops[first])
        shades = [
            show_image(axes, maps[row], cmap=HEAT, vmin=0, vmax=tops[method])
            for axes, (method, maps) in zip(places, heatmaps.items(), strict=True)
        ]
    for column, (method, shade) in enumerate(zip(heatmaps, shades, strict=True), start=2):
        name = say(f"figures.method.{method}")
        scale(chart, shade, chart.add_subplot(rows[-1, column]), tops[method], name)
    for column, key in enumerate(("image", "overlay")):
        axes = chart.add_subplot(rows[-1, column])
        axes.axis("off")
        axes.text(0.5, 1, say(f"figures.{key}"), ha="center", va="top", fontsize=8.5, transform=axes.transAxes)
    return chart


def scale(chart: Chart, shade: Any, place: Axes, top: float, name: str) -> None:
    """The one scale of all heatmaps above it."""
    bar = chart.colorbar(shade, cax=place, orientation="horizontal")
    bar.set_ticks([0, top], labels=["0", f"{top:.3g}"])
    bar.ax.tick_params(labelsize=7.5, length=2, pad=1)
    first, last = bar.ax.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    bar.set_label(name, fontsize=8.5, labelpad=0)
    bar.outline.set_edgecolor(GRAY)


def overlay(axes: Axes, pixels: np.ndarray, strength: np.ndarray) -> None:
    """The image in gray, tinted as far as there is evidence: where there is none the image stays as it is.

    Args:
        axes: to draw on.
        pixels: uint8, (height, width, 3).
        strength: (height, width), 0–1.
    """
    gray = pixels @ np.array([0.299, 0.587, 0.114])
    show_image(axes, gray, cmap="gray", vmin=0, vmax=255)
    tint = np.broadcast_to(to_rgb(VERMILION), (*strength.shape, 3))
    show_image(axes, np.dstack([tint, _MOST_OPAQUE * strength]))


def _headline(axes: Axes, case: pd.Series) -> None:
    """Which case it is; what it is taken for, how surely, what comes second; and what it is."""
    axes.axis("off")
    right, second = case["label"] == case["predicted"], case["label"] == case["second"]
    told = {name: short(case[name], 14) for name in ("label", "predicted", "second")}
    told |= {name: f"{case[name]:.3f}" for name in ("probability", "second_probability", "label_probability")}
    known = "figures.case_right" if right else "figures.case_second" if second else "figures.case_wrong"
    beneath = say(known, **told)
    place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    axes.annotate(say(f"figures.rule.{case['rule']}"), (0, 0), (0, 11), fontweight="bold", fontsize=9, **place)
    axes.annotate(beneath, (0, 0), (0, -1), fontsize=8.5, **place)
