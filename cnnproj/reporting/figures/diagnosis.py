"""Figure of what a diagnosis measured in each layer: how the gradient reaches it, and how many units are dead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from cnnproj.diagnosis.gradients import VANISHED
from cnnproj.reporting.figures.chart import BLUE, GRAY, ORANGE, WIDTH, Chart, house_style, short
from cnnproj.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cnnproj.diagnosis.diagnose import Diagnosis
    from cnnproj.diagnosis.probe import LayerState, Probe

MOST_NAMED = 30  # layers, for whose names there is room
_TALLEST = 6.4  # inches of layers: with axis and legend, a page
_BEFORE: dict[str, Any] = {
    "marker": "o",
    "linestyle": "--",
    "color": ORANGE,
    "markerfacecolor": "white",
    "markersize": 7,
}
_AFTER: dict[str, Any] = {"marker": "o", "linestyle": "-", "color": BLUE}


@house_style()
def diagnosis(diagnosis: Diagnosis) -> Chart:
    """Layer by layer from the image on: the gradient against the weights, and the share of ReLU units that are dead.

    Both before training and, where it ended with numbers, after it.
    """
    probe = diagnosis.evidence.probe
    layers = probe.before.layers
    chart = Chart(WIDTH, 1.35 + min(0.24 * max(len(layers), 2), _TALLEST))
    gradient, dead = chart.subplots(1, 2, sharey=True)
    _gradients(gradient, probe)
    for snapshot, style in ((probe.before, _BEFORE), (probe.after, _AFTER)):
        if snapshot is not None:
            shares = [np.nan if one.dead is None else one.dead for one in snapshot.layers]
            dead.plot(shares, np.arange(len(shares)), **{**style, "linestyle": "none"})
    _name_layers(gradient, layers)
    dead.set(xlim=(-0.04, 1.04), xlabel=say("figures.dead_units"))
    dead.tick_params(axis="y", length=0)
    if all(layer.dead is None for layer in layers):
        dead.text(0.5, 0.5, say("figures.no_relu"), ha="center", va="center", color=GRAY, transform=dead.transAxes)
    for axes in (gradient, dead):
        axes.grid(axis="both")
    chart.legend(*gradient.get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return chart


def _gradients(axes: Axes, probe: Probe) -> None:
    """The gradients against the weights, over three orders of magnitude at least; a cross where there is none."""
    drawn = {"before_training": (probe.before, _BEFORE), "after_training": (probe.after, _AFTER)}
    ratios = {when: _ratios(one.layers) for when, (one, _) in drawn.items() if one is not None}
    known = np.concatenate([*ratios.values(), [np.nan]])
    known = known[np.isfinite(known) & (known > 0)]
    top = known.max() * 2 if len(known) else 1.0
    low = min(known.min() / 2 if len(known) else 1.0, top / 2000)
    axes.set(xscale="log", xlim=(low, top), xlabel=say("figures.gradient"))
    lost = False
    for when, values in ratios.items():
        style, places = drawn[when][1], np.arange(len(values))
        axes.plot(np.where(values > 0, values, np.nan), places, label=say(f"figures.{when}"), **style)
        none = values == 0
        axes.plot(np.full(none.sum(), low), places[none], "x", color=style["color"], markersize=8, clip_on=False)
        lost = lost or bool(none.any())
    if lost:
        axes.plot([], [], "x", color=GRAY, markersize=8, label=say("figures.no_gradient"))
    begun = ratios["before_training"]
    if len(begun) > 1 and begun[-1] > 0 and low < VANISHED * begun[-1]:
        axes.axvline(VANISHED * begun[-1], color=GRAY, linestyle=":", label=say("figures.vanished"))
    axes.xaxis.set_major_locator(LogLocator(numticks=5))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _name_layers(axes: Axes, layers: tuple[LayerState, ...]) -> None:
    step = max(1, -(-len(layers) // MOST_NAMED))
    axes.set_yticks(range(0, len(layers), step), [short(layer.layer, 20) for layer in layers[::step]])
    axes.set_ylim(max(len(layers), 1) - 0.5, -0.5)


def _ratios(layers: tuple[LayerState, ...]) -> np.ndarray:
    """Gradient against weights of each layer; not a number where there is nothing to draw."""
    found = [layer.gradient / layer.weights if layer.weights else np.nan for layer in layers]
    return np.array([value if np.isfinite(value) else np.nan for value in found], dtype=float)
