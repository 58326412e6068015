"""Search the hyperparameters of one network with Optuna's TPE. A finished trial is on disk before the next begins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import keras
import optuna
import pandas as pd
from optuna.trial import TrialState
from sqlalchemy import URL

from cnnproj.data.images import Images
from cnnproj.errors import CnnprojError, TrialError
from cnnproj.files import write_table, write_text
from cnnproj.models import Architecture, Choice, Space, Value
from cnnproj.progress import Progress
from cnnproj.randomness import derive_seed
from cnnproj.selection import ranking
from cnnproj.settings import TrainingTable
from cnnproj.training import fit
from cnnproj.tuning.tables import BEST, TABLE
from cnnproj.words import say

STORE = "trials.db"
STARTUP = 4  # trials drawn at random before TPE learns from them; the first of all is the network's defaults
MAX_FAILURES = 3

optuna.logging.set_verbosity(optuna.logging.ERROR)


def search(
    network: Architecture,
    space: Mapping[str, Space],
    images: Images,
    folder: Path,
    *,
    trials: int,
    epochs: int,
    seed: int,
    augmentation: Mapping[str, object],
    training: TrainingTable,
    identity: str,
) -> list[Path]:
    """Try ``trials`` settings of ``network``, each trained for ``epochs`` epochs and judged on the validation part.

    Trials that were finished before, by an earlier run with the same ``identity``, count; one that was cut off is
    done again. Trial k is drawn from a seed of its own and the results before it, so a search that was interrupted
    gives the same trials as one that was not.

    Args:
        network: the architecture.
        space: what is varied; a hyperparameter with one value is fixed.
        images: trained on ``train``, judged on ``validation``.
        folder: where the trials are kept.
        trials: how many in all.
        epochs: of each.
        seed: of the project.
        augmentation: arguments of ``ImageDataGenerator``.
        training: how each trial is trained; its number of epochs is not looked at.
        identity: a digest of all that must be the same for trials to be comparable.

    Returns:
        The files written.

    Raises:
        CnnprojError: where three trials in a row fail.
    """
    folder.mkdir(parents=True, exist_ok=True)
    study = _study(folder, identity)
    done = len(_done(study))
    with Progress(say("progress.searching", model=network.name), trials * epochs, done=done * epochs) as progress:
        for number in range(done, trials):
            progress.advance(0, note=_best_note(study))
            trial = _draw(study, network, space, derive_seed(seed, network.name, "search", number))
            chosen = {**network.defaults, **{name: space[name].suggest(trial, name) for name in space}}
            keras.utils.clear_session(free_memory=False)
            try:
                result = fit(
                    network,
                    images,
                    chosen,
                    epochs=epochs,
                    seed=derive_seed(seed, network.name, "trial", number),
                    augmentation=augmentation,
                    training=training,
                    on_epoch=lambda row: progress.advance(1),
                )
            except TrialError as error:
                trial.set_user_attr("reason", str(error))
                study.tell(trial, state=TrialState.FAIL)
                _stop_if_hopeless(study, network.name)
            else:
                best = result.best
                trial.set_user_attr("hyperparameters", chosen)
                for name in ("val_accuracy", "val_loss", "epoch"):
                    trial.set_user_attr(name, float(best[name]))
                study.tell(trial, ranking(best["val_accuracy"], best["val_loss"], len(images.validation)))
            progress.advance((number + 1) * epochs - progress.done, note=_best_note(study))
    write_table(folder / TABLE, trial_table(study, space))
    write_text(folder / BEST, json.dumps(_best(study).user_attrs["hyperparameters"], indent=2) + "\n")
    return [folder / TABLE, folder / BEST]


def trial_table(study: optuna.Study, space: Mapping[str, Space]) -> pd.DataFrame:
    """A row a trial: ``trial`` (from 1), what was varied, ``val_accuracy``, ``val_loss``, its best ``epoch``, ``best``.

    ``best`` is true for the one that was chosen; ``reason`` says why a trial failed.
    """
    rows = []
    for number, trial in enumerate(_done(study), start=1):
        varied = {name: trial.user_attrs.get("hyperparameters", trial.params).get(name) for name in space}
        scores = {name: trial.user_attrs.get(name) for name in ("val_accuracy", "val_loss", "epoch")}
        chosen = trial.number == _best(study).number
        rows.append({"trial": number, **varied, **scores, "best": chosen, "reason": trial.user_attrs.get("reason", "")})
    return pd.DataFrame(rows)


def _study(folder: Path, identity: str) -> optuna.Study:
    """The study for ``identity``, its trials of a broken run marked as such."""
    location = URL.create("sqlite", database=str(folder / STORE)).render_as_string()
    study = optuna.create_study(study_name=identity, storage=location, direction="maximize", load_if_exists=True)
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def _done(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    """The trials that count: those with a result and those that failed for a reason, not those that were cut off."""
    ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.FAIL))
    return [trial for trial in ended if trial.state == TrialState.COMPLETE or "reason" in trial.user_attrs]


def _draw(study: optuna.Study, network: Architecture, space: Mapping[str, Space], seed: int) -> optuna.Trial:
    """The next trial. The first tries the network's own defaults, as far as the space has them."""
    study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
    if not _done(study) and not study.get_trials(states=(TrialState.WAITING,)):
        defaults = {name: network.defaults[name] for name in space}
        study.enqueue_trial({name: value for name, value in defaults.items() if _holds(space[name], value)})
    return study.ask()


def _holds(space: Space, value: Value) -> bool:
    if isinstance(space, Choice):
        return len(space.values) > 1 and value in space.values
    return isinstance(value, int | float) and space.low <= value <= space.high


def _best(study: optuna.Study) -> optuna.trial.FrozenTrial:
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not finished:
        raise CnnprojError("tuning.none_finished", reason=_done(study)[-1].user_attrs["reason"])
    return max(finished, key=lambda trial: (trial.value, -trial.number))


def _best_note(study: optuna.Study) -> str:
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        return say("progress.no_trial_yet")
    best, numbers = _best(study), [trial.number for trial in _done(study)]
    accuracy = f"{best.user_attrs['val_accuracy']:.3f}"
    return say("progress.best_so_far", accuracy=accuracy, trial=numbers.index(best.number) + 1)


def _stop_if_hopeless(study: optuna.Study, model: str) -> None:
    reasons = [trial.user_attrs.get("reason") for trial in _done(study)][-MAX_FAILURES:]
    if len(reasons) == MAX_FAILURES and None not in reasons:
        raise CnnprojError("tuning.hopeless", model=model, n=MAX_FAILURES, reason=reasons[-1])
