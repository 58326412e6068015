"""Too much learned by heart, too little learned at all, too few images to learn from."""

from __future__ import annotations

import numpy as np

from cnnproj.diagnosis.evidence import Evidence
from cnnproj.diagnosis.finding import Finding
from cnnproj.diagnosis.remedies import less_dropout, more_augmentation, more_capacity, more_dropout
from cnnproj.words import say

GAP = 0.1  # between the accuracy on training and on validation images
CERTAIN = 2.0  # standard errors of the validation accuracy
RISE = 1.1  # times the lowest validation loss
LITTLE = 0.7  # of the way from guessing to naming all training images correctly
FEW = 20  # training images of a class: with fewer each image decides, and transfer learning is what is used


def overfitting(evidence: Evidence) -> Finding | None:
    """Training images are named much better than validation images."""
    if evidence.probe.after is None or not evidence.is_long_enough:
        return None
    accuracy = float(evidence.history[evidence.goal.column].iloc[-1])
    error = (accuracy * (1 - accuracy) / evidence.held_out) ** 0.5
    if evidence.gap < max(GAP, CERTAIN * error):
        return None
    numbers = {"fitted": f"{evidence.fitted:.3f}", "accuracy": f"{accuracy:.3f}"}
    seen = f"{say(f'diagnosis.seen.overfitting_{evidence.told}', **numbers)} {_since(evidence)}".rstrip()
    settings = {**more_augmentation(evidence), **more_dropout(evidence)}
    return Finding("overfitting", evidence.cost, seen, say("diagnosis.change.overfitting"), settings)


def _since(evidence: Evidence) -> str:
    """From which epoch on, in a sentence; nothing where the history does not show it, as with much dropout."""
    history = evidence.history
    losses = history["val_loss"].to_numpy()
    if losses[-1] > RISE * losses.min():
        return say("diagnosis.seen.rising", epoch=int(losses.argmin()) + 2)
    shut = np.flatnonzero((history[evidence.goal.name] - history[evidence.goal.column]).to_numpy() < GAP)
    first = int(shut[-1]) + 2 if len(shut) else 1
    return say("diagnosis.seen.gap", epoch=first) if first <= len(history) else ""


def underfitting(evidence: Evidence) -> Finding | None:
    """Not even the training images are learned."""
    if evidence.probe.after is None or not evidence.is_long_enough:
        return None
    if evidence.probe.after.skill > LITTLE or evidence.gap > GAP:
        return None
    numbers = {"fitted": f"{evidence.fitted:.3f}", "accuracy": f"{evidence.accuracy:.3f}"}
    seen = say(f"diagnosis.seen.underfitting_{evidence.told}", **numbers)
    settings = {**more_capacity(evidence), **less_dropout(evidence)}
    return Finding("underfitting", evidence.cost, seen, say("diagnosis.change.underfitting"), settings)


def too_little_data(evidence: Evidence) -> Finding | None:
    """Most classes have only a handful of images."""
    usual = int(evidence.train.median())
    if usual >= FEW:
        return None
    severity = evidence.cost if evidence.gap > GAP else evidence.harm
    numbers = {"n": usual, "total": int(evidence.train.sum()), "classes": evidence.classes}
    seen = say(f"diagnosis.seen.too_little_data_{evidence.told}", **numbers)
    settings = {} if evidence.settings.augmentation.varies else more_augmentation(evidence)
    return Finding("too_little_data", severity, seen, say("diagnosis.change.too_little_data"), settings)
