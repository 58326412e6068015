"""Before and after a move by a pixel; and a convolution beside the layers that do without its two ideas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cnnproj.chart import BLUE, GRAY, INK, ORANGE, VERMILION, WIDTH, Chart, house_style
from cnnproj.lecture.drawing.table import draw_table, place, write
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.lecture.arguments import Numbers
    from cnnproj.lecture.invariance import Moved
    from cnnproj.lecture.sharing import Sharing

_CELL = 0.4  # inches
_HEAD = 0.36
_INPUTS, _WINDOW = 7, 3  # of the diagrams
# The three weights of a window: told apart by colour and by line.
_WEIGHTS = ((BLUE, "-"), (VERMILION, "--"), (ORANGE, ":"))


@house_style()
def draw_moved(moved: Moved) -> Chart:
    """Above the images, below what is pooled of them; what changed has a thick outline."""
    height, width = moved.image.shape
    cell = min(_CELL, (WIDTH - 1.0) / (2 * width))
    low = moved.pooled.shape[0]
    chart = Chart(2 * width * cell + 0.9, (height + low) * cell + 2 * _HEAD + 0.2, layout=None)
    right = width * cell + 0.7
    below = _HEAD + height * cell
    pairs = ((moved.image, moved.moved, 0.0), (moved.pooled, moved.pooled_moved, below + 0.1))
    shares = (
        (say("lecture.figure.before_move"), say("lecture.figure.moved", n=moved.by, share=f"{moved.unchanged:.0%}")),
        (say("lecture.figure.pooled"), say("lecture.figure.pooled_moved", share=f"{moved.unchanged_pooled:.0%}")),
    )
    for (first, second, top), names in zip(pairs, shares, strict=True):
        for table, left, name, other in ((first, 0.1, names[0], None), (second, right, names[1], first)):
            size = (table.shape[1] * cell, table.shape[0] * cell)
            axes = place(chart, left, top + _HEAD, *size)
            draw_table(axes, table)
            if other is not None:
                _mark(axes, table, other)
            write(chart, left, top + _HEAD - 0.06, name, fontsize=8.5, fontweight="bold", va="bottom")
    return chart


def _mark(axes: Axes, table: Numbers, other: Numbers) -> None:
    for row, column in zip(*(table != other).nonzero(), strict=True):
        box = Rectangle((column + 0.07, row + 0.07), 0.86, 0.86, fill=False, edgecolor=VERMILION, linewidth=1.6)
        axes.add_artist(box)


@house_style()
def draw_sharing(sharing: Sharing) -> Chart:
    """Three diagrams with the same inputs and outputs; in the convolution lines that look alike are one weight."""
    chart = Chart(WIDTH, 2.9)
    for axes, name in zip(chart.subplots(1, 3), sharing.parameters, strict=True):
        axes.set(xticks=[], yticks=[], xlim=(-0.6, _INPUTS - 0.4), ylim=(-0.25, 1.25))
        axes.spines[:].set_visible(False)
        outputs = range(_INPUTS - _WINDOW + 1)
        for output in outputs:
            for unit in range(_INPUTS):
                under = 0 <= unit - output < _WINDOW
                if name == "convolution" and under:
                    color, line = _WEIGHTS[unit - output]
                elif under or name == "dense":
                    color, line = GRAY, "-"
                else:
                    continue
                thick = 1.6 if name == "convolution" else 0.8
                axes.plot([unit, output + _WINDOW // 2], [0, 1], line, color=color, linewidth=thick, zorder=1)
        for y, units in ((0, range(_INPUTS)), (1, [output + _WINDOW // 2 for output in outputs])):
            axes.scatter(units, [y] * len(units), s=70, facecolor="white", edgecolor=INK, zorder=2)
        axes.set_title(say(f"lecture.figure.{name}"))
        numbers = {"parameters": sharing.parameters[name], "connections": sharing.connections[name]}
        axes.set_xlabel(say("lecture.figure.counted", **numbers), fontsize=9)
    return chart
