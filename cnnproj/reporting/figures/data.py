"""Figures of the data: how many images of each class, what they look like, what augmentation makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cnnproj.reporting.figures.chart import BLUE, INK, ORANGE, WIDTH, Chart, house_style, short, show_strip
from cnnproj.words import say

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from cnnproj.data.images import Images, Part
    from cnnproj.reporting.results import AugmentationPreview

MOST_NAMED = 30  # classes that get a name of their own on an axis
MOST_SAMPLED = 12
MOST_HIGH = 8.0  # inches: what a page of print has room for
_PARTS: dict[str, dict[str, Any]] = {
    "train": {"facecolor": BLUE, "edgecolor": BLUE},
    "validation": {"facecolor": "white", "edgecolor": ORANGE, "hatch": "/////"},
    "test": {"facecolor": "#b8b8b8", "edgecolor": "#5a5a5a"},
}


@house_style()
def class_counts(images: Images) -> Chart:
    """How many images of each class stand in each part: bars, one a class.

    With more than 30 classes the bars are sorted by size and only the largest and the smallest class is named.
    """
    counts = images.counts
    if len(counts) > MOST_NAMED:
        return _many_counts(counts)
    chart = Chart(WIDTH, 0.85 + 0.23 * len(counts))
    axes = chart.add_subplot()
    left = np.zeros(len(counts))
    names = [short(label, 24) for label in counts.index]
    places = np.arange(len(counts))
    for part, look in _PARTS.items():
        axes.barh(places, counts[part], left=left, height=0.72, linewidth=0.8, label=say(f"figures.{part}"), **look)
        left += counts[part].to_numpy()
    for place, total in zip(places, left, strict=True):
        axes.annotate(f"{total:,.0f}", (total, place), (4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(say("figures.images"))
    axes.margins(x=0.08, y=0.01)
    chart.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return chart


def _many_counts(counts: pd.DataFrame) -> Chart:
    order = counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    chart = Chart(WIDTH, 3.0)
    axes = chart.add_subplot()
    bottom = np.zeros(len(order))
    places = np.arange(len(order))
    for part, look in _PARTS.items():
        top = bottom + order[part].to_numpy()
        # Areas, as the seams between so many bars would hide the hatch.
        axes.fill_between(places, bottom, top, step="mid", linewidth=0.8, label=say(f"figures.{part}"), **look)
        bottom = top
    for place, side in ((0, "left"), (len(order) - 1, "right")):
        text = say("figures.class_with_count", label=short(order.index[place], 24), count=f"{bottom[place]:,.0f}")
        axes.annotate(text, (place, bottom[place]), (0, 5), textcoords="offset points", ha=side, fontsize=8.5)
    axes.set(xticks=[], xlim=(0, len(order) - 1), ylim=(0, bottom.max() * 1.12))
    axes.set(ylabel=say("figures.images"), xlabel=say("figures.classes_by_size", n=len(order)))
    chart.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return chart


@house_style()
def samples(images: Images, per_class: int = 5) -> Chart:
    """Some training images of each class, spread evenly over those there are; of at most 12 classes."""
    shown = images.classes[:MOST_SAMPLED]
    columns = 2 if len(shown) > 3 else 1
    rows = -(-len(shown) // columns)
    height, width, _ = images.shape
    wide = WIDTH if columns == 2 else 0.6 * WIDTH
    name = 0.2 + 0.075 * max(len(_row_name(label)) for label in shown)
    side = (wide / columns - name) / per_class
    more = len(images.classes) - len(shown)
    chart = Chart(wide, rows * (side * min(2.0, height / width) + 0.1) + 0.1 + 0.25 * bool(more))
    grid = chart.subplots(rows, columns, squeeze=False)
    for place, axes in enumerate(grid.T.flat):
        axes.axis("off")
        if place < len(shown):
            show_strip(axes, _spread(images.train, place, per_class))
            axes.set(xlim=(-0.02, per_class - 0.04), anchor="W")
            _name_row(axes, _row_name(shown[place]))
    if more:
        chart.supxlabel(say("figures.more_classes", n=more), x=0.01, ha="left", fontsize=9)
    return chart


def _spread(part: Part, label: int, count: int) -> np.ndarray:
    """``count`` images of one class, evenly spaced from the first to the last, uint8, (n, height, width, channels)."""
    places = np.flatnonzero(part.labels == label)
    chosen = np.unique(np.linspace(0, len(places) - 1, min(count, len(places))).round().astype(int))
    return part.images(places[chosen])


def _row_name(label: str) -> str:
    return short(label, 14)


def _name_row(axes: Axes, name: str) -> None:
    axes.text(-0.02, 0.5, name, transform=axes.transAxes, ha="right", va="center", fontsize=9)


def _as_text(value: object) -> str:
    """A setting as project.toml has it, numbers to four digits."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_as_text(item) for item in value) + "]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@house_style()
def augmented(preview: AugmentationPreview) -> Chart:
    """Training images as they are (left) and as training sees them: varied anew in every epoch.

    Below, each argument by itself, named with its value: what it alone makes of the first image.
    """
    variants = preview.varied.shape[1]
    strips = [
        (_row_name(label), *rows)
        for label, *rows in zip(preview.labels, preview.originals[:, None], preview.varied, strict=True)
    ]
    for name, variants_of_first in preview.alone.items():
        strips.append((f"{name}\n{_as_text(preview.arguments[name])}", preview.originals[:1], variants_of_first))
    height, width = preview.originals.shape[1:3]
    tall = min(2.0, height / width)
    side = min(0.85, 5.6 / (variants + 1), MOST_HIGH / len(strips) / tall)
    chart = Chart(WIDTH, 0.35 + len(strips) * (side * tall + 0.08))
    grid = chart.subplots(len(strips), 2, squeeze=False, width_ratios=[1, variants])
    for (left, right), (name, original, varied) in zip(grid, strips, strict=True):
        for axes, strip in ((left, original), (right, varied)):
            show_strip(axes, strip)
        left.set_anchor("E")
        right.set_anchor("W")
        _name_row(left, name)
    heading = {"fontsize": 9, "fontweight": "bold", "color": INK}
    grid[0, 0].set_title(say("figures.original"), **heading)
    grid[0, 1].set_title(say("figures.varied"), **heading)
    return chart
