"""Steps that are too large, too small, or too few."""

from __future__ import annotations

import math

import numpy as np

from cnnproj.diagnosis.evidence import Evidence
from cnnproj.diagnosis.finding import Finding, number
from cnnproj.diagnosis.remedies import learning_rate, more_epochs
from cnnproj.words import say

PEAK = 2.0  # times the loss that training began with, or that guessing has
JUMP = 1.15  # times the loss of the epoch before
JUMPS = 0.2  # of the epochs
FAR = 3.0  # times the weights' size: trainings that go well moved them by 0.3 to 2, in ten to forty epochs
DIED, THROWN = 0.5, 0.15  # of a layer's units, not 0 for every image before; while weights moved so far, by their size
STILL = 0.03  # of the weights' size: less is hardly a way from where they began
UNFITTED = 0.5  # of the loss of guessing: there is much left to learn
FALLING = 0.2  # of the way that the validation loss has come, in the last third of the epochs …
NOTICED = 0.01  # … and of the loss
FITTED = 0.95


def learning_rate_too_high(evidence: Evidence) -> Finding | None:
    """The loss left the numbers, rose far above where it began, or jumped; or the steps threw the weights far away."""
    seen = _overshoots(evidence)
    if seen is None:
        return None
    rate = f"{float(evidence.hyperparameters['learning_rate']):g}"
    told = f"{seen} {say('diagnosis.seen.rate', rate=rate)}"
    change = say("diagnosis.change.rate_too_high")
    return Finding("learning_rate_too_high", evidence.cost, told, change, learning_rate(evidence, 0.1))


def _overshoots(evidence: Evidence) -> str | None:
    """What shows that the steps were too large, in a sentence."""
    if evidence.diverged is not None:
        return say("diagnosis.seen.not_a_number", epoch=evidence.diverged)
    if not evidence.is_long_enough:
        return None
    losses = evidence.history["loss"].to_numpy()
    guessing = evidence.probe.chance_loss
    start = max(guessing, min(evidence.probe.before.loss, 10 * guessing))
    if losses.max() > PEAK * start:
        numbers = {"loss": number(losses.max()), "epoch": int(losses.argmax()) + 1}
        return say("diagnosis.seen.loss_peak", **numbers, guessing=number(guessing))
    jumps = _jumps(evidence)
    if jumps >= max(2, math.ceil(JUMPS * len(losses))):
        return say("diagnosis.seen.loss_jumps", n=jumps, epochs=len(losses))
    if not evidence.failed or evidence.probe.after is None:
        return None
    if evidence.moved > FAR:
        return say("diagnosis.seen.moved_far", times=f"{evidence.moved:.1f}")
    pairs = zip(evidence.probe.before.layers, evidence.probe.after.layers, strict=True)
    died, name = max(((after.dead or 0) - (before.dead or 0), after.layer) for before, after in pairs)
    killed = died >= DIED and evidence.moved >= THROWN
    return say("diagnosis.seen.died", share=f"{died:.0%}", layer=name) if killed else None


def _jumps(evidence: Evidence) -> int:
    """How often the training loss rose from one epoch to the next, once the learning rate had risen to its peak."""
    risen = math.ceil(evidence.settings.training.warm_up * evidence.epochs)
    losses = evidence.history["loss"].to_numpy()[risen:]
    return int(np.sum(losses[1:] > JUMP * losses[:-1]))


def learning_rate_too_low(evidence: Evidence) -> Finding | None:
    """The weights have hardly left the place where they began, and the loss neither."""
    if evidence.probe.after is None or not evidence.is_long_enough or evidence.moved >= STILL:
        return None
    last, start = float(evidence.history["loss"].iloc[-1]), evidence.probe.chance_loss
    if last < UNFITTED * start:
        return None
    numbers = {"moved": f"{evidence.moved:.2%}", "loss": number(last), "start": number(start)}
    rate = f"{float(evidence.hyperparameters['learning_rate']):g}"
    seen = say("diagnosis.seen.rate_too_low", **numbers, rate=rate)
    change = say("diagnosis.change.rate_too_low")
    return Finding("learning_rate_too_low", evidence.cost, seen, change, learning_rate(evidence, 10))


def stopped_early(evidence: Evidence) -> Finding | None:
    """The validation loss was still falling when the epochs were over."""
    losses = evidence.history["val_loss"].to_numpy()
    if not evidence.is_long_enough or evidence.skill > FITTED or not evidence.learned:
        return None
    epochs = math.ceil(len(losses) / 3)
    fall, way = losses[:-epochs].min() - losses[-1], losses[0] - losses[-1]
    if losses.argmin() < len(losses) - 1 or fall < max(FALLING * way, NOTICED * losses[-1]):
        return None
    seen = say("diagnosis.seen.stopped_early", n=epochs, before=number(losses[-1] + fall), loss=number(losses[-1]))
    return Finding("stopped_early", evidence.cost, seen, say("diagnosis.change.stopped_early"), more_epochs(evidence))
