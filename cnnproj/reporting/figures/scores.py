"""Figures of the test results: each model's accuracy with its interval, what the best one takes for what, its surest
mistakes, and whether its probabilities mean what they say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.ticker import MaxNLocator

from cnnproj.evaluation.intervals import wilson
from cnnproj.models.registry import BASELINES
from cnnproj.reporting.figures.chart import (
    BLUE,
    GRAY,
    INK,
    SKY,
    VERMILION,
    WIDTH,
    Chart,
    colored,
    house_style,
    short,
    show_image,
)
from cnnproj.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cnnproj.data.images import Images
    from cnnproj.evaluation.evaluate import Evaluation

# Color, marker and weight of the text.
_MARKS = {"best": (VERMILION, "D", "bold"), "network": (BLUE, "o", "normal"), "baseline": (GRAY, "s", "normal")}
MOST_COUNTED = 20  # classes up to which a confusion matrix has room for its counts
MOST_NAMED = 50


@house_style()
def test_scores(evaluation: Evaluation) -> Chart:
    """The test accuracy of each model as a point, its 95 % interval as a whisker; chosen model and baseline marked.

    The majority class is left out: beside it all others would look alike.
    """
    scores = evaluation.scores[evaluation.scores["model"] != BASELINES[0]]
    chart = Chart(WIDTH, 0.75 + 0.36 * len(scores))
    axes = chart.add_subplot()
    beside = axes.get_yaxis_transform()
    bounds = scores[["accuracy", "low", "high"]].to_numpy(float)
    kinds = np.where(scores["best"], "best", scores["kind"])
    for place, ((accuracy, low, high), kind) in enumerate(zip(bounds, kinds, strict=True)):
        color, marker, weight = _MARKS[kind]
        axes.plot([low, high], [place, place], color=color, linewidth=2, solid_capstyle="butt")
        axes.plot([low, high], [place, place], "|", color=color, markersize=9, markeredgewidth=1.6)
        axes.plot(accuracy, place, marker=marker, color=color, markersize=8, markeredgecolor="white")
        text = say("figures.score", accuracy=f"{accuracy:.3f}", low=f"{low:.3f}", high=f"{high:.3f}")
        axes.text(1.02, place, text, transform=beside, va="center", fontweight=weight, fontsize=8.5)
    names = [say("figures.chosen", model=name) if best else name for name, best in scores[["model", "best"]].to_numpy()]
    axes.set_yticks(range(len(scores)), names)
    for label, best in zip(axes.get_yticklabels(), scores["best"], strict=True):
        label.set_fontweight("bold" if best else "normal")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(scores) - 0.4, -0.6)
    axes.margins(x=0.04)
    axes.set_xlabel(say("figures.test_accuracy", n=f"{int(scores['n'].iloc[0]):,}"))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    return chart


test_scores.__test__ = False  # type: ignore[attr-defined]  # not a test case, whatever its name suggests to a collector


@house_style()
def confusion(evaluation: Evaluation) -> Chart:
    """What the best model takes for what: the share of each true class (row) that it gives each class (column).

    The shade follows the square root of the share, so that rare mistakes are seen. Up to 20 classes each cell has its
    count, and cells without an image are empty.
    """
    counts = evaluation.confusion.to_numpy()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    classes = len(counts)
    side = min(5.4, max(3.0, 0.4 * classes))
    chart = Chart(side + 1.4, side + 0.4, layout="compressed")  # which knows that the cells are square
    axes = chart.add_subplot()
    norm = PowerNorm(0.5, 0, 1)
    shade = axes.imshow(shares, cmap="Blues", norm=norm, interpolation="nearest")
    if classes <= MOST_COUNTED:
        _write_counts(axes, counts, norm(shares))
    _name_classes(axes, [short(name, 16) for name in evaluation.confusion.index], side / classes)
    bar = chart.colorbar(shade, ax=axes, shrink=0.8, aspect=30, ticks=[0, 0.01, 0.1, 0.25, 0.5, 1])
    bar.ax.set_yticklabels(["0", "0.01", "0.1", "0.25", "0.5", "1"])
    bar.set_label(say("figures.share_of_class"))
    bar.outline.set_edgecolor(GRAY)
    axes.spines[:].set_visible(True)
    return chart


def _write_counts(axes: Axes, counts: np.ndarray, darkness: np.ndarray) -> None:
    size = 8 if counts.max() < 1000 and len(counts) <= 12 else 6.5
    for row, column in zip(*np.nonzero(counts), strict=True):
        color = "white" if darkness[row, column] > 0.6 else INK
        count = f"{counts[row, column]}"
        axes.text(column, row, count, ha="center", va="center", color=color, fontsize=size)


def _name_classes(axes: Axes, names: list[str], cell: float) -> None:
    """Name the rows and columns, each ``cell`` inches wide, as far as there is room."""
    if len(names) > MOST_NAMED:
        axes.set(xticks=[], yticks=[])
        axes.set_xlabel(say("figures.predicted_of", n=len(names)))
        axes.set_ylabel(say("figures.truth_of", n=len(names)))
        return
    size = 8.5 if len(names) <= MOST_COUNTED else 6
    turn = 90 if 0.08 * max(map(len, names)) > cell else 0
    axes.set_xticks(range(len(names)), names, rotation=turn, fontsize=size)
    axes.set_yticks(range(len(names)), names, fontsize=size)
    axes.tick_params(length=0)
    axes.set(xlabel=say("figures.predicted"), ylabel=say("figures.truth"))


@house_style()
def reliability(evaluation: Evaluation) -> Chart:
    """Of the images named with a probability, how many are named correctly; below, how many images those are.

    Each point is a bin of probabilities with the 95 % Wilson interval of its accuracy. On the diagonal probabilities
    mean what they say; below it the network is too sure of itself.
    """
    bins = evaluation.reliability.dropna()
    chart = Chart(WIDTH * 0.62, 4.2)
    above, below = chart.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot([0, 1], [0, 1], color=GRAY, linestyle="--", linewidth=1)
    for _, _, n, confidence, accuracy in bins.itertuples(index=False):
        right = np.arange(n) < round(accuracy * n)
        low, high, _ = wilson(right, np.arange(n))
        above.plot([confidence, confidence], [low, high], color=BLUE, linewidth=1.2)
    above.plot(bins["confidence"], bins["accuracy"], "o", color=BLUE, markersize=6, markeredgecolor="white")
    above.set(xlim=(0, 1.02), ylim=(-0.04, 1.04), ylabel=say("figures.accuracy"))
    above.grid()
    width = float(bins["high"].iloc[0] - bins["low"].iloc[0])
    below.bar(bins["low"] + width / 2, bins["n"], width * 0.9, color=SKY, edgecolor=BLUE, linewidth=0.6)
    below.set(xlabel=say("figures.confidence"), ylabel=say("figures.images"))
    below.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    return chart


@house_style()
def errors(evaluation: Evaluation, images: Images) -> Chart:
    """The test images that the best model named wrongly with the highest probability: the truth, and what it said."""
    table = evaluation.errors
    columns = 6
    rows = max(1, math.ceil(len(table) / columns))
    chart = Chart(WIDTH, 0.1 + 1.5 * rows)
    grid = chart.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(table) :]:
        axes.set_axis_off()
    if table.empty:
        grid[0].text(0, 0.5, say("figures.no_errors"), fontsize=9)
    for axes, row, error in zip(grid, table["row"].to_numpy(), table.to_dict("records"), strict=False):
        show_image(axes, colored(images.pixels[row]))
        axes.set_title(short(error["label"], 14), fontsize=8.5)
        given = say("figures.taken_for", label=short(error["predicted"], 12), probability=f"{error['probability']:.2f}")
        axes.set_xlabel(given, fontsize=8)
    return chart
