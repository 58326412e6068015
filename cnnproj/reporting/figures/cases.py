"""The figure of the interpretation: where the best network looks in three to five test images."""

from __future__ import annotations

import textwrap
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
_MOST_OPAQUE = 0.8


@house_style()
def cases(interpretation: Interpretation) -> Chart:
    """A row a case: the image, its heatmap, the one over the other, and what was asked and answered.

    All heatmaps share one scale, the method's own from zero, so that a case without evidence looks like one.
    """
    count = len(interpretation.cases)
    height, width = interpretation.maps.shape[1:]
    tall = 1.32 * min(1.6, height / width)
    chart = Chart(WIDTH, 0.85 + count * (tall + 0.06))
    ratios: dict[str, Any] = {"width_ratios": [1, 1, 1, 1.5], "height_ratios": [*[tall] * count, 0.1]}
    *grid, last = chart.subplots(count + 1, 4, **ratios)
    top = float(interpretation.maps.max()) or 1.0
    for row, (image, heatmap, both, words) in enumerate(grid):
        pixels = colored(interpretation.images[row])
        heat = interpretation.maps[row]
        show_image(image, pixels)
        shade = show_image(heatmap, heat, cmap=HEAT, vmin=0, vmax=top)
        overlay(both, pixels, heat / top)
        _caption(words, interpretation.cases.iloc[row])
    for axes, key in zip(grid[0], ("image", "heatmap", "overlay"), strict=False):
        axes.set_title(say(f"figures.{key}"), fontsize=9)
    scale(chart, shade, last[1], top, say(f"figures.scale_{interpretation.method}"))
    for axes in last[[0, 2, 3]]:
        axes.axis("off")
    return chart


def scale(chart: Chart, shade: Any, place: Axes, top: float, name: str) -> None:
    """The one scale of all heatmaps, below them."""
    bar = chart.colorbar(shade, cax=place, orientation="horizontal")
    bar.set_ticks([0, top], labels=["0", f"{top:.3g}"])
    first, last = bar.ax.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    bar.set_label(name, fontsize=8.5, labelpad=-1)
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


def _caption(axes: Axes, case: pd.Series) -> None:
    axes.axis("off")
    right = case["label"] == case["predicted"]
    verdict = say("figures.right" if right else "figures.wrong")
    lines = [
        say("figures.case_truth", label=short(case["label"], 20)),
        say("figures.case_predicted", label=short(case["predicted"], 20), verdict=verdict),
        say("figures.case_probability", probability=f"{case['probability']:.3f}"),
    ]
    if not right:
        lines.append(say("figures.case_label_probability", probability=f"{case['label_probability']:.3f}"))
    rule = textwrap.wrap(say(f"figures.rule.{case['rule']}"), 26)
    place: dict[str, Any] = {"xy": (0, 1), "xycoords": "axes fraction", "textcoords": "offset points", "va": "top"}
    axes.annotate("\n".join(rule), xytext=(0, -2), fontweight="bold", fontsize=9, **place)
    axes.annotate("\n".join(lines), xytext=(0, -6 - 12 * len(rule)), fontsize=8.5, linespacing=1.5, **place)
