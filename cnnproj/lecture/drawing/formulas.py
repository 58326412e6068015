"""ReLU, softmax, cross-entropy and the Dice score, each with its own numbers in the figure."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Rectangle

from cnnproj.chart import BLUE, GRAY, INK, VERMILION, WIDTH, Chart, house_style
from cnnproj.lecture.arguments import Numbers
from cnnproj.lecture.drawing.table import LINE, MOST_NUMBERS, draw_table, place, write, write_below
from cnnproj.lecture.notation import number
from cnnproj.lecture.worked import Steps
from cnnproj.words import say

_CELL = 0.4  # inches


@house_style()
def draw_relu(values: Numbers, step: int | None, steps: Steps) -> Chart:
    """The numbers on the curve of ReLU; a small table of them before and after instead."""
    last = len(steps) - 1 if step is None else step
    text = "" if step is None else steps[step]
    if values.ndim != 2 or max(values.shape) > MOST_NUMBERS:
        return _relu_curve(values, values.flat[last] if step is not None else None, text)
    height, width = values.shape
    cell = min(_CELL, (WIDTH - 1.0) / (2 * width))
    chart = Chart(2 * width * cell + 0.9, height * cell + 0.25 + LINE * bool(text), layout=None)
    row, column = divmod(last, width)
    here = None if step is None else (row, column, 1, 1)
    draw_table(place(chart, 0.1, 0.1, width * cell, height * cell), values, window=here)
    right = place(chart, width * cell + 0.8, 0.1, width * cell, height * cell)
    draw_table(right, np.maximum(values, 0), window=here, known=None if step is None else last + 1)
    write(chart, width * cell + 0.45, 0.1 + height * cell / 2, "ReLU\n→", ha="center", va="center", fontsize=9)
    write_below(chart, [text], bottom=0.04)
    return chart


def _relu_curve(values: Numbers, marked: float | None, text: str) -> Chart:
    reach = max(1.0, float(np.abs(values).max())) * 1.1
    chart = Chart(0.6 * WIDTH, 2.4)
    axes = chart.add_subplot()
    axes.plot([-reach, 0, reach], [0, 0, reach], color=BLUE)
    axes.plot(values.ravel(), np.maximum(values, 0).ravel(), "o", color=INK)
    if marked is not None:
        axes.plot(marked, max(marked, 0), "D", color=VERMILION, markersize=9, fillstyle="none", markeredgewidth=2)
    axes.set(xlabel="x", ylabel="max(0, x)", title=text)
    axes.grid()
    return chart


@house_style()
def draw_softmax(logits: Numbers, probabilities: Numbers, text: str) -> Chart:
    """The outputs of the last layer, and the probabilities that softmax makes of them: a bar a class."""
    chart = Chart(WIDTH, 0.9 + 0.26 * len(logits))
    left, right = chart.subplots(1, 2, sharey=True)
    places = np.arange(len(logits))
    for axes, values, title, color in (
        (left, logits, say("lecture.figure.logits"), "#b8b8b8"),
        (right, probabilities, say("lecture.figure.probabilities"), BLUE),
    ):
        axes.barh(places, values, color=color, edgecolor=INK, linewidth=0.6)
        axes.axvline(0, color=GRAY, linewidth=0.8)
        axes.set_title(title)
        for place_, value in zip(places, values, strict=True):
            side = "left" if value >= 0 else "right"
            shift = (4 if value >= 0 else -4, 0)
            written = number(round(float(value), 4))
            axes.annotate(written, (value, place_), shift, textcoords="offset points", va="center", ha=side)
        axes.margins(x=0.25)
    left.invert_yaxis()
    left.set_yticks(places, [say("lecture.figure.class", number=place_) for place_ in places])
    chart.supxlabel(text, x=0.01, ha="left", fontsize=9.5)
    return chart


@house_style()
def draw_cross_entropy(target: Numbers, probabilities: Numbers, text: str) -> Chart:
    """The curve of −ln p, and where each class that the truth gives weight to lies on it."""
    chart = Chart(0.7 * WIDTH, 2.6)
    axes = chart.add_subplot()
    p = np.geomspace(2e-3, 1, 300)
    axes.plot(p, -np.log(p), color=BLUE, label="−ln p")
    for place_ in np.flatnonzero(target):
        own = float(probabilities[place_])
        name = say("lecture.figure.class_weighted", number=place_, weight=number(target[place_]))
        shown = max(own, p[0])
        axes.plot(shown, -np.log(shown), "D", color=VERMILION, markersize=7)
        axes.annotate(name, (shown, -np.log(shown)), (8, 5), textcoords="offset points")
    axes.set(xlabel=say("lecture.figure.probability"), ylabel="−ln p", xlim=(0, 1.02))
    axes.grid()
    chart.supxlabel(text, x=0.01, ha="left", fontsize=9.5)
    return chart


@house_style()
def draw_dice(first: Numbers, second: Numbers, text: str) -> Chart:
    """Two masks over each other: only in one, only in the other, in both. Of a stack the first is shown."""
    a, b = (np.atleast_2d(mask.reshape(-1, *mask.shape[-2:])[0] if mask.ndim > 2 else mask) for mask in (first, second))
    height, width = a.shape
    cell = min(_CELL, 4.2 / max(height, width))
    chart = Chart(width * cell + 2.4, max(height * cell + 0.25, 1.0) + LINE, layout=None)
    axes = place(chart, 0.1, 0.1, width * cell, height * cell)
    axes.set(xlim=(-0.05, width + 0.05), ylim=(height + 0.05, -0.05))
    edges = np.arange(height + 1), np.arange(width + 1)
    looks = (
        (a & ~b, "only_truth", "white", BLUE, "////"),
        (b & ~a, "only_prediction", "white", VERMILION, "...."),
        (a & b, "both", "#8c8c8c", INK, None),
    )
    handles = []
    for mask, name, fill, edge, hatch in looks:
        for row, column in np.argwhere(mask):
            axes.add_artist(Rectangle((column, row), 1, 1, linewidth=0.5, facecolor=fill, edgecolor=edge, hatch=hatch))
        label = say(f"lecture.figure.{name}")
        handles.append(Rectangle((0, 0), 1, 1, label=label, facecolor=fill, edgecolor=edge, hatch=hatch))
    if cell > 0.1:
        axes.hlines(edges[0], 0, width, color=GRAY, linewidth=0.5)
        axes.vlines(edges[1], 0, height, color=GRAY, linewidth=0.5)
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.0))
    write_below(chart, [text], bottom=0.05)
    return chart
