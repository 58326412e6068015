"""Steps that are too large, too small, or too few."""

from __future__ import annotations

import math

import numpy as np

from cnnproj.diagnosis.evidence import Evidence
from cnnproj.diagnosis.finding import Finding
from cnnproj.diagnosis.remedies import learning_rate, more_epochs
from cnnproj.words import say

PEAK = 2.0  # times the loss that training began with, or that guessing has
JUMP = 1.15  # times the loss of the epoch before
JUMPS = 0.2  # of the epochs
STILL = 0.1  # of the weights' size: less is hardly a way from where they began
UNFITTED = 0.5  # of the loss of guessing: there is much left to learn
FALLING = 0.1  # of the validation loss, in the last third of the epochs
FITTED = 0.95


def learning_rate_too_high(evidence: Evidence) -> Finding | None:
    """The loss left the numbers, rose far above where it began, or went up and down."""
    losses = evidence.history["loss"].to_numpy()
    rate = f"{float(evidence.hyperparameters['learning_rate']):g}"
    start = max(evidence.probe.chance_loss, min(evidence.probe.before.loss, 10 * evidence.probe.chance_loss))
    settings, change = learning_rate(evidence, 0.1), say("diagnosis.change.rate_too_high")
    if evidence.diverged is not None:
        seen = say("diagnosis.seen.not_a_number", epoch=evidence.diverged, rate=rate)
        return Finding("learning_rate_too_high", "severe", seen, change, settings)
    if not evidence.is_long_enough:
        return None
    if losses.max() > PEAK * start:
        numbers = {"loss": f"{losses.max():.3g}", "epoch": int(losses.argmax()) + 1, "start": f"{start:.3g}"}
        seen = say("diagnosis.seen.loss_peak", **numbers, rate=rate)
        return Finding("learning_rate_too_high", evidence.cost, seen, change, settings)
    jumps = _jumps(evidence)
    if jumps >= max(2, math.ceil(JUMPS * len(losses))):
        seen = say("diagnosis.seen.loss_jumps", n=jumps, epochs=len(losses), rate=rate)
        return Finding("learning_rate_too_high", evidence.cost, seen, change, settings)
    return None


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
    numbers = {"moved": f"{evidence.moved:.2%}", "loss": f"{last:.3g}", "start": f"{start:.3g}"}
    rate = f"{float(evidence.hyperparameters['learning_rate']):g}"
    seen = say("diagnosis.seen.rate_too_low", **numbers, rate=rate)
    change = say("diagnosis.change.rate_too_low")
    return Finding("learning_rate_too_low", evidence.cost, seen, change, learning_rate(evidence, 10))


def stopped_early(evidence: Evidence) -> Finding | None:
    """The validation loss was still falling when the epochs were over."""
    losses = evidence.history["val_loss"].to_numpy()
    if not evidence.is_long_enough or evidence.skill(evidence.accuracy) > FITTED or not evidence.learned:
        return None
    before = losses[: -math.ceil(len(losses) / 3)].min()
    fall = 1 - losses[-1] / before
    if fall < FALLING or losses.argmin() < len(losses) - 1:
        return None
    epochs = math.ceil(len(losses) / 3)
    seen = say("diagnosis.seen.stopped_early", n=epochs, fall=f"{fall:.0%}", loss=f"{losses[-1]:.3g}")
    return Finding("stopped_early", evidence.cost, seen, say("diagnosis.change.stopped_early"), more_epochs(evidence))
