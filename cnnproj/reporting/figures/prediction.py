"""The figure of one photo that a network was asked about: what it says, and where it looks."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnnproj.reporting.figures.cases import HEAT, overlay, scale
from cnnproj.reporting.figures.chart import WIDTH, Chart, colored, house_style, short, show_image
from cnnproj.words import say

_MOST_CLASSES = 3


@house_style()
def prediction(
    image: np.ndarray, heatmap: np.ndarray, method: str, classes: tuple[str, ...], probabilities: np.ndarray
) -> Chart:
    """The photo, its heatmap, the one over the other, and the likeliest classes.

    Args:
        image: uint8, (height, width, channels), as the network saw it.
        heatmap: (height, width), 0 and above.
        method: that made the heatmap.
        classes: their names.
        probabilities: of each class, (classes,).
    """
    tall = 1.6 * min(1.6, image.shape[0] / image.shape[1])
    chart = Chart(WIDTH, tall + 0.85)
    ratios: dict[str, Any] = {"width_ratios": [1, 1, 1, 1.1], "height_ratios": [tall, 0.1]}
    (first, second, third, words), last = chart.subplots(2, 4, **ratios)
    pixels, top = colored(image), float(heatmap.max()) or 1.0
    show_image(first, pixels)
    shade = show_image(second, heatmap, cmap=HEAT, vmin=0, vmax=top)
    overlay(third, pixels, heatmap / top)
    for axes, key in zip((first, second, third), ("image", "heatmap", "overlay"), strict=True):
        axes.set_title(say(f"figures.{key}"))
    scale(chart, shade, last[1], top, say(f"figures.method.{method}"))
    for axes in last[[0, 2, 3]]:
        axes.axis("off")
    likeliest = np.argsort(-probabilities, kind="stable")[:_MOST_CLASSES]
    lines = [f"{short(classes[label])}  {probabilities[label]:.3f}" for label in likeliest]
    words.axis("off")
    words.text(0, 0.95, "\n".join(lines), va="top", linespacing=1.7, transform=words.transAxes)
    return chart
