"""What the trials of a search came to: their table, the best of them, and the finalists that are tried again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from optuna.trial import FrozenTrial, TrialState

from cnnproj.errors import CnnprojError
from cnnproj.models import CONDITIONS, Space, Value
from cnnproj.selection import ACCURACY, Goal
from cnnproj.tuning.study import in_order

FINALISTS = 3


def scores_of(goal: Goal) -> tuple[str, ...]:
    """What is kept of a trial's best epoch."""
    return (goal.column, "val_loss", "epoch")


def trial_table(done: Mapping[str, FrozenTrial], space: Mapping[str, Space], goal: Goal = ACCURACY) -> pd.DataFrame:
    """A row a trial: ``trial`` (from 1), what was varied, ``val_accuracy``, ``val_loss``, its best ``epoch``, ``best``.

    Where ``goal`` is another score, that stands in the place of ``val_accuracy``.

    ``best`` is true for the one that was chosen, ``epochs`` says for how many it was trained, ``pruned`` whether it was
    stopped as hopeless, ``reason`` why it failed. Where finalists were trained again with other seeds, ``repeats`` says
    how often, and ``lowest``, ``mean`` and ``highest`` what validation accuracy they came to, the first time included.
    """
    rows = []
    for trial in in_order(done):
        attributes, key = trial.user_attrs, trial.user_attrs["key"]
        chosen = attributes.get("hyperparameters", {})
        varied = {name: chosen.get(name) if name in trial.params or name not in CONDITIONS else None for name in space}
        reached = {} if "reason" in attributes else attributes.get("scores", {})
        scores = {name: reached.get(name) for name in scores_of(goal)}
        row = {"trial": int(key), **varied, **scores, "epochs": len(trial.intermediate_values)}
        row |= {"best": trial.number == best_trial(done).number, "pruned": trial.state == TrialState.PRUNED}
        again = [one.user_attrs["scores"][goal.column] for one in _family(done, key)]
        if len(again) > 1:
            row |= {"repeats": len(again), "lowest": min(again), "mean": sum(again) / len(again), "highest": max(again)}
        rows.append({**row, "reason": attributes.get("reason", "")})
    return pd.DataFrame(rows)


def repeats_wanted(done: Mapping[str, FrozenTrial], repeats: int) -> dict[str, Mapping[str, Value]]:
    """What is wanted beyond the search: the best trials again, with other seeds."""
    finished = [trial for trial in in_order(done) if trial.state == TrialState.COMPLETE]
    best = sorted(finished, key=lambda trial: (-trial.value, trial.number))[:FINALISTS]
    times = range(2, repeats + 1)
    return {f"{trial.user_attrs['key']}.{time}": trial.params for time in times for trial in best}


def _family(done: Mapping[str, FrozenTrial], key: str) -> Sequence[FrozenTrial]:
    """A trial and its repeats, as far as they came to an end."""
    family = [trial for name, trial in done.items() if name.partition(".")[0] == key]
    return [trial for trial in family if trial.state == TrialState.COMPLETE]


def best_trial(done: Mapping[str, FrozenTrial]) -> FrozenTrial:
    """The trial with the best value; of finalists that were repeated, the one with the best mean."""
    finished = [trial for trial in in_order(done) if trial.state == TrialState.COMPLETE]
    if not finished:
        reasons = [trial.user_attrs["reason"] for trial in in_order(done) if "reason" in trial.user_attrs]
        raise CnnprojError("tuning.none_finished", reason=reasons[-1])

    def worth(trial: FrozenTrial) -> tuple[int, float, int]:
        values = [one.value for one in _family(done, trial.user_attrs["key"])]
        return len(values), sum(values) / len(values), -int(trial.user_attrs["key"])

    return max(finished, key=worth)
