"""Search the hyperparameters of one network with Optuna. A finished epoch is in the store before the next begins."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import keras
import optuna
import pandas as pd
import tensorflow as tf
from optuna.trial import FrozenTrial, TrialState

from cnnproj.errors import CnnprojError, TrialError
from cnnproj.files import write_table, write_text
from cnnproj.models import Architecture, Space, Value
from cnnproj.models.starting_weights import DECIDE_START
from cnnproj.progress import Progress
from cnnproj.randomness import derive_seed
from cnnproj.selection import ACCURACY, Goal
from cnnproj.settings import SearchTable, TrainingTable
from cnnproj.training import fit
from cnnproj.tuning.outcome import best_trial, repeats_wanted, scores_of, trial_table
from cnnproj.tuning.pruning import brackets, is_hopeless
from cnnproj.tuning.sampling import defaults, draw, grid, sampler
from cnnproj.tuning.study import Trials, in_order, open_trials, running_best
from cnnproj.tuning.tables import BEST, TABLE
from cnnproj.words import say

MAX_FAILURES = 3
PATIENCE = 2  # seconds between looks at the store, where others do the last trials
BARS = "▁▂▃▄▅▆▇█"


class Fitted(Protocol):
    """What training a trial gives: the row of its history that counts."""

    @property
    def best(self) -> pd.Series:
        """The row, with the columns of ``scores_of``."""


class Divided(Protocol):
    """Images in their parts, of which a search looks at shape and classes, and at how many there are for validation."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height and width in pixels, and channels."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""

    @property
    def validation(self) -> Sized:
        """The validation part."""


def search(
    network: Architecture,
    space: Mapping[str, Space],
    images: Divided,
    folder: Path,
    *,
    table: SearchTable,
    trials: int,
    epochs: int,
    seed: int,
    augmentation: Mapping[str, object],
    training: TrainingTable,
    identity: str,
    project: Path | None = None,
    announce: Callable[[str], None] = print,
    train: Callable[..., Fitted] | None = None,
    goal: Goal = ACCURACY,
) -> list[Path]:
    """Try ``trials`` settings of ``network``, each for at most ``epochs`` epochs, judged on the validation part.

    Trials that were finished before, by an earlier run or another worker with the same ``identity``, count; one that
    was cut off is done again. Trial k is drawn from a seed of its own and the results before it, so a search that was
    interrupted gives the same trials as one that was not.

    Args:
        network: the architecture.
        space: what is varied; a hyperparameter with one value is fixed.
        images: trained on ``train``, judged on ``validation``.
        folder: where the trials are kept, unless ``table`` names a database, and what they came to.
        table: sampler, pruning, repeats and storage.
        trials: how many in all; of a grid at most as many as it has.
        epochs: of each, at most.
        seed: of the project.
        augmentation: arguments of ``ImageDataGenerator``.
        training: how each trial is trained; its number of epochs is not looked at.
        identity: a digest of all that must be the same for trials to be comparable.
        project: the folder that paths in hyperparameters start from.
        announce: called with a line if the store holds trials that do not count here.
        train: trains a trial; ``cnnproj.training.fit`` unless there is another.
        goal: what trials are judged by.

    Returns:
        The files written.

    Raises:
        CnnprojError: where three trials in a row fail for the same cause, none finishes, the store cannot be used, or
            the weights that trainings are to start from cannot be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keys = [str(number) for number in range(1, trials + 1)]
    wanted: dict[str, Mapping[str, Value]] = {key: {} for key in keys}
    if table.sampler == "grid":
        wanted = dict(zip(keys, grid(network, space, seed=derive_seed(seed, network.name, "grid")), strict=False))
    else:
        wanted["1"] = defaults(network, space)
    _require_start(network, space, images, project)
    with open_trials(folder, table.storage, network.name, identity) as found:
        if found.others:
            announce(say("tuning.others", n=found.others, model=network.name))
        train = train or partial(fit, folder=project)
        work = _Work(network, space, images, table, epochs, seed, augmentation, training, found, train, goal)
        done = sum(key in found.done for key in wanted)
        with Progress(say("progress.searching", model=network.name), len(wanted) * epochs, done=done * epochs) as bar:
            work.run(wanted, bar)
        if table.repeats > 1:
            repeats = repeats_wanted(found.done, table.repeats)
            done = sum(key in found.done for key in repeats)
            title = say("progress.repeating", model=network.name)
            with Progress(title, len(repeats) * epochs, done=done * epochs) as bar:
                work.run(repeats, bar)
        write_table(folder / TABLE, trial_table(found.done, space, goal))
        best = best_trial(found.done).user_attrs["hyperparameters"]
    write_text(folder / BEST, json.dumps(best, indent=2) + "\n")
    return [folder / TABLE, folder / BEST]


def _require_start(network: Architecture, space: Mapping[str, Space], images: Divided, project: Path | None) -> None:
    """Raise before the first trial where the weights that one of them starts from cannot be had: that is no trial."""
    if network.start is None:
        return
    decisive = {name: space[name].grid() if name in space else (network.defaults[name],) for name in DECIDE_START}
    for values in itertools.product(*decisive.values()):
        chosen = {**network.defaults, **dict(zip(decisive, values, strict=True))}
        network.begin(network.build(images.shape, len(images.classes), chosen), chosen, project)


@dataclass(frozen=True)
class _Work:
    """What every trial of a search needs: see ``search``."""

    network: Architecture
    space: Mapping[str, Space]
    images: Divided
    table: SearchTable
    epochs: int
    seed: int
    augmentation: Mapping[str, object]
    training: TrainingTable
    trials: Trials
    train: Callable[..., Fitted]
    goal: Goal

    def run(self, wanted: Mapping[str, Mapping[str, Value]], bar: Progress) -> None:
        """Do trials until all that are ``wanted`` are done, here or by other workers."""
        while any(key not in self.trials.done for key in wanted):
            self._stop_if_hopeless()
            if not self.trials.take(wanted, self._sampler, lambda trial, key: self._try(trial, key, wanted, bar)):
                time.sleep(PATIENCE)
            done = sum(key in self.trials.done for key in wanted)
            bar.advance(done * self.epochs - bar.done, note=_note(self.trials.done, len(wanted), self.goal))

    def _sampler(self, key: str) -> optuna.samplers.BaseSampler:
        finished = [trial for trial in in_order(self.trials.done) if trial.state == TrialState.COMPLETE]
        best = max(finished, key=lambda trial: trial.value).params if finished else {}
        seed, number = derive_seed(self.seed, self.network.name, "search", key), int(key.partition(".")[0])
        return sampler(self.table.sampler, seed, self.space, best, number)

    def _try(self, trial: optuna.Trial, key: str, wanted: Mapping[str, Mapping[str, Value]], bar: Progress) -> float:
        chosen = draw(trial, self.network, self.space)
        trial.set_user_attr("hyperparameters", chosen)
        done = self.trials.done
        others = [running_best(one.intermediate_values) for one in in_order(done)]
        rungs = brackets(self.table.pruning, self.epochs)
        looked_at = [] if "." in key else rungs[(int(key) - 1) % len(rungs)]
        rows: list[Mapping[str, float]] = []
        values: dict[int, float] = {}

        def note(row: Mapping[str, float]) -> None:
            rows.append(row)
            values[int(row["epoch"])] = value = self._value(row)
            trial.report(value, int(row["epoch"]))
            best = self.goal.best_epoch(pd.DataFrame(rows))
            trial.set_user_attr("scores", {name: float(best[name]) for name in scores_of(self.goal)})
            bar.advance(1, note=_note(done, len(wanted), self.goal, [one[self.goal.column] for one in rows]))
            if is_hopeless(running_best(values), others, looked_at, len(self.images.validation)):
                raise optuna.TrialPruned

        keras.utils.clear_session(free_memory=False)
        try:
            result = self.train(
                self.network,
                self.images,
                chosen,
                epochs=self.epochs,
                seed=derive_seed(self.seed, self.network.name, "trial", key),
                augmentation=self.augmentation,
                training=self.training,
                on_epoch=note,
            )
        except (MemoryError, tf.errors.ResourceExhaustedError):
            shape = self.images.shape
            failure = TrialError("tuning.out_of_memory", n=chosen["batch_size"], height=shape[0], width=shape[1])
            _record(trial, failure)
            raise failure from None
        except CnnprojError as error:
            _record(trial, error)
            raise
        return self._value(dict(result.best))

    def _value(self, row: Mapping[str, float]) -> float:
        return self.goal.value(row, len(self.images.validation))

    def _stop_if_hopeless(self) -> None:
        last = in_order(self.trials.done)[-MAX_FAILURES:]
        causes = {trial.user_attrs.get("cause") for trial in last}
        if len(last) == MAX_FAILURES and len(causes) == 1 and None not in causes:
            reason = last[-1].user_attrs["reason"]
            raise CnnprojError("tuning.hopeless", model=self.network.name, n=MAX_FAILURES, reason=reason)


def _record(trial: optuna.Trial, error: CnnprojError) -> None:
    trial.set_user_attr("cause", error.sentence)
    trial.set_user_attr("reason", str(error))


def _note(done: Mapping[str, FrozenTrial], wanted: int, goal: Goal, course: Sequence[float] = ()) -> str:
    """What stands behind the bar: which trial this is, the best so far, how many were stopped, how this one does."""
    finished = [trial for trial in done.values() if trial.state == TrialState.COMPLETE]
    pruned = sum(trial.state == TrialState.PRUNED for trial in done.values())
    parts = [say("progress.trial", k=min(len(done) + 1, wanted), n=wanted)] if len(done) < wanted else []
    if finished:
        best = max(finished, key=lambda trial: trial.value)
        accuracy = f"{best.user_attrs['scores'][goal.column]:.3f}"
        parts.append(say("progress.best_so_far", accuracy=accuracy, trial=best.user_attrs["key"]))
    if pruned:
        parts.append(say("progress.pruned", n=pruned))
    if course:
        bars = "".join(BARS[min(int(accuracy * len(BARS)), len(BARS) - 1)] for accuracy in course)
        parts.append(f"{bars} {course[-1]:.3f}")
    return " · ".join(parts)
