"""Stopping hopeless trials early, by successive halving, on what the validation part has said so far."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

ETA = 3  # a rung comes after a third of the epochs, one after a third of that …; the best third sets the bar there
FIRST = 3  # epochs: before, the running means of batch normalisation still lag behind, and nothing can be told
CERTAIN = 2.0  # standard errors

Course = Mapping[int, float]  # of a trial: its epochs, from 1, and the best value until then


def rungs(epochs: int) -> list[int]:
    """The epochs after which a trial is looked at: a third of ``epochs``, a ninth …, in order, none before FIRST."""
    found: list[int] = []
    while (epochs := math.ceil(epochs / ETA)) >= FIRST:
        found.insert(0, epochs)
    return found


def brackets(pruning: str, epochs: int) -> list[list[int]]:
    """The rungs that trials get, in turn. With ``hyperband`` some start later, or are never stopped.

    Source: Li et al., "A system for massively parallel hyperparameter tuning" (2020) for halving one by one, and
    "Hyperband" (2018) for its brackets.
    """
    if pruning == "none":
        return [[]]
    every = rungs(epochs)
    if pruning == "halving":
        return [every]
    return [every[start:] for start in range(len(every) + 1)]


def is_hopeless(course: Course, others: Sequence[Course], looked_at: Sequence[int], n: int) -> bool:
    """Whether a trial lies clearly below the best third of those that came as far, at an epoch where it is looked at.

    Clearly is by two standard errors of the difference. Without that margin, measured with a falling learning rate and
    a few hundred validation images, more of the best trials were stopped than epochs saved: what stands where early
    on hardly says who is ahead in the end.

    Args:
        course: of the trial, until now; accuracies.
        others: of the trials before it, wherever they ended.
        looked_at: the rungs of this trial.
        n: how many validation images there are.
    """
    epoch = max(course)
    if epoch not in looked_at:
        return False
    as_far = sorted((other[epoch] for other in others if epoch in other), reverse=True)
    if not as_far:
        return False
    bar, value = as_far[max(1, (len(as_far) + 1) // ETA) - 1], course[epoch]
    return value < bar - CERTAIN * math.sqrt((bar * (1 - bar) + value * (1 - value)) / n)
