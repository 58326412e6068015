"""Gradients that vanish or explode from layer to layer, and units that pass none."""

from __future__ import annotations

import math
import sys

from cnnproj.diagnosis.evidence import Evidence
from cnnproj.diagnosis.finding import Finding, number
from cnnproj.diagnosis.probe import LayerState
from cnnproj.diagnosis.remedies import tuned
from cnnproj.words import say

# Of the gradient, measured against the weights, in the last layer: Glorot and Bengio, "Understanding the difficulty of
# training deep feedforward neural networks" (2010), show what becomes of layers that get less and less.
VANISHED = 1e-3
LOST = 1e-4  # of the weights, in every hidden layer: a thousand steps of plain descent at 0.1 move them by a hundredth
EXPLODED = 10.0  # times the weights: a step of plain descent at 0.1 replaces them
DEAD = 0.5  # of a layer's units


def vanishing_gradients(evidence: Evidence) -> Finding | None:
    """A layer that training began by hardly moving, compared with the last one; or all of them."""
    layers = [layer for layer in evidence.probe.before.layers if layer.weights > 0]
    if len(layers) < 2:
        return None
    weakest, last = min(layers[:-1], key=_relative), layers[-1]
    strongest = max(map(_relative, layers[:-1]))
    if strongest < LOST:
        seen = say("diagnosis.seen.lost", share=number(strongest))
    elif _relative(weakest) < VANISHED * _relative(last):
        share = _relative(last) / max(_relative(weakest), sys.float_info.min)
        seen = say(
            "diagnosis.seen.vanishing", layer=weakest.layer, last=last.layer, share=number(float(f"{share:.1g}"))
        )
    else:
        return None
    saturating = evidence.hyperparameters.get("activation") in ("sigmoid", "tanh")
    settings = tuned(evidence, "activation", "relu") if saturating else {}
    return Finding("vanishing_gradients", evidence.harm, seen, say("diagnosis.change.vanishing"), settings)


def exploding_gradients(evidence: Evidence) -> Finding | None:
    """A layer whose gradient, as training began, was far larger than its weights."""
    layers = [layer for layer in evidence.probe.before.layers if layer.weights > 0]
    if not layers:
        return None
    strongest = max(layers, key=_relative)
    if _relative(strongest) < EXPLODED:
        return None
    seen = say("diagnosis.seen.exploding", layer=strongest.layer, times=number(_relative(strongest)))
    return Finding("exploding_gradients", evidence.harm, seen, say("diagnosis.change.exploding"))


def dead_relus(evidence: Evidence) -> Finding | None:
    """A layer most of whose units are 0 for every image, whatever it shows."""
    probe = evidence.probe
    before, after = probe.before.layers, (probe.after or probe.before).layers
    worst = max(range(len(after)), key=lambda place: after[place].dead or 0, default=None)
    if worst is None or (after[worst].dead or 0) < DEAD:
        return None
    numbers = {"layer": after[worst].layer, "n": max(1, after[worst].units)}
    shares = {"before": f"{before[worst].dead or 0:.0%}", "after": f"{after[worst].dead or 0:.0%}"}
    seen = say("diagnosis.seen.dead" if probe.after else "diagnosis.seen.dead_before", **numbers, **shares)
    known = evidence.hyperparameters.get("activation") == "relu"
    settings = tuned(evidence, "activation", "leaky_relu") if known else {}
    return Finding("dead_relus", evidence.harm, seen, say("diagnosis.change.dead"), settings)


def _relative(layer: LayerState) -> float:
    """The gradient of a layer against its weights; infinite where it is no number."""
    ratio = layer.gradient / layer.weights
    return ratio if math.isfinite(ratio) else math.inf
