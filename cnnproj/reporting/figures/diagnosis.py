"""Figure of what a diagnosis measured in each layer: how the gradient reaches it, and how many units are dead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cnnproj.reporting.figures.chart import BLUE, GRAY, ORANGE, WIDTH, Chart, house_style, short
from cnnproj.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cnnproj.diagnosis.diagnose import Diagnosis
    from cnnproj.diagnosis.probe import LayerState

MOST_NAMED = 30  # layers, for whose names there is room
_TALLEST = 6.6  # inches of layers: with axis and legend, a page
_BEFORE: dict[str, Any] = {"marker": "o", "linestyle": "--", "color": ORANGE, "markerfacecolor": "white"}
_AFTER: dict[str, Any] = {"marker": "o", "linestyle": "-", "color": BLUE}


@house_style()
def diagnosis(diagnosis: Diagnosis) -> Chart:
    """Layer by layer from the image on: the gradient against the weights, and the share of ReLU units that are dead.

    Both before training and, where there was one, in the epoch that was kept.
    """
    probe = diagnosis.evidence.probe
    layers = probe.before.layers
    chart = Chart(WIDTH, 1.15 + min(0.24 * max(len(layers), 2), _TALLEST))
    gradient, dead = chart.subplots(1, 2, sharey=True)
    for snapshot, style, when in ((probe.before, _BEFORE, "before"), (probe.after, _AFTER, "after")):
        if snapshot is not None:
            places = np.arange(len(snapshot.layers))
            gradient.plot(
                [_ratio(one) for one in snapshot.layers], places, label=say(f"figures.{when}_training"), **style
            )
            shares = [np.nan if one.dead is None else one.dead for one in snapshot.layers]
            dead.plot(shares, places, **{**style, "linestyle": "none"})
    gradient.set(xscale="log", xlabel=say("figures.gradient"))
    _name_layers(gradient, layers)
    dead.set(xlim=(-0.04, 1.04), xlabel=say("figures.dead_units"))
    dead.tick_params(axis="y", length=0)
    if all(layer.dead is None for layer in layers):
        dead.text(0.5, 0.5, say("figures.no_relu"), ha="center", va="center", color=GRAY, transform=dead.transAxes)
    for axes in (gradient, dead):
        axes.grid(axis="both")
    chart.legend(*gradient.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return chart


def _name_layers(axes: Axes, layers: tuple[LayerState, ...]) -> None:
    step = max(1, -(-len(layers) // MOST_NAMED))
    axes.set_yticks(range(0, len(layers), step), [short(layer.layer, 20) for layer in layers[::step]])
    axes.set_ylim(len(layers) - 0.5, -0.5)


def _ratio(layer: LayerState) -> float:
    """Gradient against weights; nothing to draw where there is no number above 0."""
    ratio = layer.gradient / layer.weights if layer.weights else np.nan
    return ratio if 0 < ratio < np.inf else np.nan
