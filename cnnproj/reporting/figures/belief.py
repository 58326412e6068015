"""Figures of what speaks for the heatmaps: deletion and insertion, and what random weights leave of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.ticker import MaxNLocator

from cnnproj.reporting.figures.chart import BLUE, GRAY, GREEN, VERMILION, WIDTH, Chart, house_style, short
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.interpretation.belief import Belief

# By colour, line style and marker: each is told from the others by any one of the three.
_LOOKS = ((VERMILION, "-", "o"), (BLUE, "--", "s"), (GREEN, ":", "^"))


@house_style()
def curves(belief: Belief) -> Chart:
    """The probability of the predicted class while the most important pixels go (left) or come (right)."""
    chart = Chart(WIDTH, 2.6)
    main = belief.main["method"]
    for axes, curve in zip(chart.subplots(1, 2, sharey=True), ("deletion", "insertion"), strict=True):
        points = belief.curves[belief.curves["curve"] == curve]
        own, random = (points[points["method"] == method] for method in (main, "random"))
        axes.fill_between(own["share"], random["probability"], own["probability"], color=VERMILION, alpha=0.12)
        axes.plot(own["share"], own["probability"], "-o", color=VERMILION, label=say(f"figures.method.{main}"))
        axes.plot(random["share"], random["probability"], "--s", color=GRAY, label=say("figures.random_map"))
        areas = {"area": f"{belief.main[curve]:.2f}", "random": f"{belief.main[f'random_{curve}']:.2f}"}
        axes.set(title=say(f"figures.{curve}", **areas), xlabel=say(f"figures.share_{curve}"), ylim=(0, 1.02))
        axes.grid()
    axes = chart.axes[0]
    axes.set_ylabel(say("figures.class_probability"))
    axes.legend(loc="upper right")
    return chart


@house_style()
def randomised(belief: Belief) -> Chart:
    """How alike the heatmaps stay as the weights are randomised, layer by layer from the last."""
    table = belief.layers
    chart = Chart(WIDTH, 2.9)
    axes = chart.add_subplot()
    axes.axhline(0, color=GRAY, linewidth=0.8)
    for (method, rows), (color, line, marker) in zip(table.groupby("method", sort=False), _LOOKS, strict=False):
        steps, agreement = [0, *rows["step"]], [1.0, *rows["agreement"]]
        name = say(f"figures.method.{method}")
        axes.plot(steps, agreement, line, marker=marker, color=color, label=name)
    names = table.loc[table["method"] == belief.main["method"], "layer"]
    turn: dict[str, Any] = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(range(len(names) + 1), [say("figures.learnt"), *(short(name, 14) for name in names)], **turn)
    axes.set(xlabel=say("figures.random_down_to"), ylabel=say("figures.agreement"), ylim=(-1.02, 1.05))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y")
    axes.legend(loc="upper right")
    return chart
