"""Stopping hopeless trials early, by successive halving, on what the validation part has said so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

ETA = 3  # one in so many goes on from a rung to the next

Course = Mapping[int, float]  # of a trial: its epochs, from 1, and the best value until then


def rungs(epochs: int, first: int) -> list[int]:
    """The epochs after which a trial is looked at: ``first``, then each ETA times as late, all before the last one."""
    found = []
    while first < epochs:
        found.append(first)
        first *= ETA
    return found


def brackets(pruning: str, epochs: int) -> list[list[int]]:
    """The rungs that trials get, in turn. With ``hyperband`` some start later, or are never stopped.

    Source: Li et al., "A system for massively parallel hyperparameter tuning" (2020) for halving one by one, and
    "Hyperband" (2018) for its brackets.
    """
    if pruning == "none":
        return [[]]
    early = rungs(epochs, 1)
    if pruning == "halving":
        return [early]
    return [early[start:] for start in range(len(early) + 1)]


def is_hopeless(course: Course, others: Sequence[Course], looked_at: Sequence[int]) -> bool:
    """Whether a trial is not among the best third of those that came as far, at an epoch at which it is looked at.

    Args:
        course: of the trial, until now.
        others: of the trials before it, wherever they ended.
        looked_at: the rungs of this trial.
    """
    epoch = max(course)
    if epoch not in looked_at:
        return False
    as_far = [other[epoch] for other in others if epoch in other]
    better = sum(value > course[epoch] for value in as_far)
    return better >= max(1, (len(as_far) + 1) // ETA)
