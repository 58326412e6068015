"""Figures of training: gradients layer by layer, and the ways of the optimizers down one valley."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import NullFormatter

from cnnproj.chart import BLUE, GRAY, GREEN, INK, ORANGE, VERMILION, WIDTH, Chart, house_style
from cnnproj.lecture.notation import number
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.lecture.descent import Descent
    from cnnproj.lecture.gradients import GradientFlow

# By colour, line style and marker: each is told from the others by any one of the three.
_LOOKS = ((VERMILION, "-", "o"), (BLUE, "--", "s"), (ORANGE, ":", "^"), (GREEN, "-.", "D"))
_ACROSS = 4


@house_style()
def draw_gradients(flow: GradientFlow) -> Chart:
    """A curve a network, from the first layer to the last."""
    chart = Chart(WIDTH, 2.9)
    axes = chart.add_subplot()
    for place, (name, norms) in enumerate(flow.norms.items()):
        color, line, marker = _LOOKS[place % len(_LOOKS)]
        layers = np.arange(1, len(norms) + 1)
        every = max(1, len(norms) // 10)
        look = {"color": color, "linestyle": line, "marker": marker, "markevery": (place, every)}
        axes.semilogy(layers, norms, label=say(f"lecture.network.{name}"), **look)
    axes.set(xlabel=say("lecture.figure.layer"), ylabel=say("lecture.figure.gradient"))
    axes.yaxis.set_major_formatter(lambda value, _: _power(value))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid()
    chart.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return chart


def _power(value: float) -> str:
    """A power of ten as it is written: figures of the house show no formulas."""
    exponent = str(round(math.log10(value)))
    return "10" + exponent.translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


@house_style()
def draw_descent(descent: Descent) -> Chart:
    """A small map a path; all maps are of the same valley, cut off where the paths need no more room."""
    from cnnproj.lecture.descent import valley

    points = np.concatenate(list(descent.paths.values()))
    near = points[np.isfinite(points).all(axis=1) & (np.abs(points).max(axis=1) < 20)]
    (left, low), (right, high) = near.min(axis=0) - 0.6, near.max(axis=0) + 0.6
    across = min(_ACROSS, len(descent.paths))
    rows = math.ceil(len(descent.paths) / across)
    chart = Chart(WIDTH, rows * 1.55 + 0.1)
    grid = np.stack(np.meshgrid(np.linspace(left, right, 120), np.linspace(low, high, 90)), axis=-1)
    levels = np.array([0.05, 0.2, 0.5, 1, 2, 4, 7, 12, 20])
    cells = chart.subplots(rows, across, squeeze=False, sharex=True, sharey=True).flat
    for axes, name in zip(cells, [*descent.paths, *[None] * (rows * across - len(descent.paths))], strict=True):
        if name is None:
            axes.axis("off")
            continue
        path = descent.paths[name]
        axes.contour(grid[..., 0], grid[..., 1], valley(grid), levels, colors=GRAY, linewidths=0.5)
        axes.plot(*path.T, "-o", color=BLUE, linewidth=1.1, markersize=2.2)
        axes.plot(*path[0], "s", color=INK, markersize=5)
        axes.plot(0, 0, "x", color=VERMILION, markersize=7, markeredgewidth=2)
        axes.set(xlim=(left, right), ylim=(low, high))
        axes.set_title(say(f"lecture.optimizer.{name}"), fontsize=8.5, pad=3)
        words = {"rate": number(descent.rates[name]), "loss": f"{descent.losses[name]:.1g}"}
        axes.set_xlabel(say("lecture.figure.rate_and_loss", **words), fontsize=8)
    return chart
