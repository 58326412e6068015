"""A table of numbers as it stands on the board; a picture where the numbers would be too many to read."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cnnproj.chart import GRAY, INK, VERMILION, Chart, show_image
from cnnproj.lecture.arguments import Numbers
from cnnproj.lecture.geometry import Side
from cnnproj.lecture.notation import number

MOST_NUMBERS = 14  # cells along a side, beyond which a table is shown as a picture
LINE = 0.19  # inches, of a line of text below a figure
_SHADE = 0.38  # of the darkest cell: black digits stay legible on it, also in print
_LEGIBLE = 9.0  # points, of the numbers beside which there is room for weights
Box = tuple[int, int, int, int]  # top, left, height, width, in cells


def place(chart: Chart, left: float, top: float, width: float, height: float) -> Axes:
    """Axes without ticks or frame at a place of ``chart`` in inches, measured from its top left corner."""
    wide, tall = chart.get_size_inches()
    axes = chart.add_axes((left / wide, 1 - (top + height) / tall, width / wide, height / tall))
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return axes


def draw_table(
    axes: Axes,
    values: Numbers,
    *,
    frame: tuple[Side, Side] | None = None,
    window: Box | None = None,
    weights: Numbers | None = None,
    known: int | None = None,
) -> None:
    """Draw the numbers of ``values``, (height, width), each in its cell, darker where they are larger.

    Args:
        axes: where to.
        values: with their padding, if they have one.
        frame: of rows and columns, which tells what is padding: it is hatched.
        window: cells within a thick line.
        weights: of the window's size, written small in the corner of its cells: what they are multiplied by.
        known: how many numbers are there already, in the order in which they are read; all unless it is given.
    """
    height, width = values.shape
    low, high = float(values.min()), float(values.max())
    axes.set(xlim=(-0.06, width + 0.06), ylim=(height + 0.06, -0.06), aspect="equal")
    if max(height, width) > MOST_NUMBERS:
        _draw_picture(axes, values, known)
    else:
        inch = axes.bbox.width / axes.figure.dpi / (width + 0.12)
        longest = max(len(_written(value)) for value in values.flat)
        size = min(10.0, 72 * inch * 0.42, 72 * inch * 1.35 / longest)
        for (row, column), value in np.ndenumerate(values):
            shade = 1 - _SHADE * ((float(value) - low) / (high - low) if high > low else 0)
            padding = frame is not None and not _inside(frame, row, column)
            there = known is None or row * width + column < known
            look = {"facecolor": "white"} if padding or not there else {"facecolor": (shade, shade, shade)}
            hatch = "/////" if padding else None
            edge = "#a8a8a8" if padding else GRAY
            line = "-" if there else ":"
            axes.add_artist(
                Rectangle((column, row), 1, 1, edgecolor=edge, linewidth=0.6, hatch=hatch, linestyle=line, **look)
            )
            if there:
                text = axes.text(column + 0.5, row + 0.5, _written(value), ha="center", va="center", fontsize=size)
                if padding:
                    text.set_bbox({"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"})
        if window and weights is not None and size >= _LEGIBLE:
            _draw_weights(axes, window, weights, size)
    if window:
        _outline(axes, window)


def _written(value: float) -> str:
    return number(round(float(value), 2))


def _inside(frame: tuple[Side, Side], row: int, column: int) -> bool:
    rows, columns = frame
    return 0 <= row - rows.before < rows.size and 0 <= column - columns.before < columns.size


def _draw_picture(axes: Axes, values: Numbers, known: int | None) -> None:
    height, width = values.shape
    shown = values.astype(np.float64)
    limits = {"vmin": shown.min(), "vmax": shown.max()}
    if known is not None:
        shown.flat[known:] = np.nan
    show_image(axes, shown, cmap="gray", extent=(0, width, height, 0), **limits)


def _draw_weights(axes: Axes, window: Box, weights: Numbers, size: float) -> None:
    top, left = window[:2]
    for (row, column), weight in np.ndenumerate(weights):
        place = (left + column + 0.91, top + row + 0.95)
        text = f"×{_written(weight)}"
        axes.text(*place, text, ha="right", va="bottom", fontsize=0.62 * size, color=VERMILION, fontweight="bold")


def _outline(axes: Axes, window: Box) -> None:
    top, left, height, width = window
    for color, line in (("white", 4.2), (VERMILION, 2.4)):
        box = Rectangle((left, top), width, height, fill=False, edgecolor=color, linewidth=line, zorder=4)
        box.set_clip_on(False)
        axes.add_artist(box)


def write(chart: Chart, left: float, top: float, text: str, **look: Any) -> None:
    """Write ``text`` at a place of ``chart`` in inches, measured from its top left corner."""
    wide, tall = chart.get_size_inches()
    chart.text(left / wide, 1 - top / tall, text, **look)


def write_below(chart: Chart, lines: list[str], *, left: float = 0.08, bottom: float = 0.1) -> None:
    """Write ``lines`` in the lower left corner of ``chart``; ``left`` and ``bottom`` in inches."""
    wide, tall = chart.get_size_inches()
    chart.text(left / wide, bottom / tall, "\n".join(lines), ha="left", va="bottom", fontsize=9.5, color=INK)
