"""Gather what a diagnosis looks at from what a training has written: one that ended well, or one that did not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from cnnproj.data.images import Images
from cnnproj.diagnosis.chance import confusion_of
from cnnproj.diagnosis.evidence import Evidence
from cnnproj.diagnosis.of_pixels import SegmentationEvidence
from cnnproj.diagnosis.probe import Probe, load_probe
from cnnproj.files import write_text
from cnnproj.models import Value
from cnnproj.recipe import HISTORY, VALIDATION, Recipe, load_recipe
from cnnproj.run import Plain
from cnnproj.segmentation.scores import IGNORED
from cnnproj.selection import ACCURACY, DICE, Goal
from cnnproj.settings import Settings
from cnnproj.stages import DATA, Stages
from cnnproj.tasks import Task, networks

if TYPE_CHECKING:
    from cnnproj.segmentation.images import MaskedImages
    from cnnproj.segmentation.recipe import SegmentationRecipe

FAILED = "failed.json"


class Attempt(BaseModel):
    """A training whose loss was no number any more, as it is kept until the next one ends well.

    Attributes:
        inputs: of the stage, by which it is known whether the attempt is of the settings as they are now.
        ours: whether cnnproj ships the network.
        hyperparameters: of the training.
        epochs: how many it was given.
        history: a row an epoch that ended with a number: see ``cnnproj.training.Fit``.
        diverged: the epoch after these, from 1.
        probe: what was measured.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")

    inputs: dict[str, Plain]
    ours: bool
    hyperparameters: dict[str, Value]
    epochs: Annotated[int, Field(ge=1)]
    history: list[dict[str, float]]
    diverged: Annotated[int, Field(ge=1)]
    probe: Probe


def save_attempt(folder: Path, **known: Any) -> None:
    """Write an ``Attempt`` to ``folder``."""
    write_text(folder / FAILED, Attempt(**known).model_dump_json(indent=2) + "\n")


def load_attempt(folder: Path) -> Attempt | None:
    """The attempt in ``folder``; none where the last training ended well."""
    path = folder / FAILED
    return Attempt.model_validate_json(path.read_bytes()) if path.is_file() else None


def forget_attempt(folder: Path) -> None:
    """A training has ended well: what came before it is over."""
    (folder / FAILED).unlink(missing_ok=True)


def attempted(folders: Path) -> list[str]:
    """The models of which there is an attempt in ``folders``."""
    return [path.parent.name for path in sorted(folders.glob(f"*/{FAILED}"))]


def gather(model: str, folder: Path, stages: Stages, images: Callable[[], Any]) -> Evidence | None:
    """What there is of the final training of ``model`` with the settings as they are.

    Args:
        model: its name.
        folder: what its training has written.
        stages: of the project.
        images: gives those of the project.

    Returns:
        None where it is not trained, or was not measured.
    """
    task = stages.settings.project.task
    attempt = load_attempt(folder)
    if attempt is not None and _is_of_now(attempt, model, stages):
        return _FAILED[task](attempt, model, images(), stages.settings)
    probe = load_probe(folder)
    if probe is None or not stages.is_done(f"train {model}"):
        return None
    return _ENDED[task](folder, probe, images(), stages.settings)


def _is_of_now(attempt: Attempt, model: str, stages: Stages) -> bool:
    if not stages.is_done(DATA):
        return False
    now = stages.inputs(f"train {model}")
    if model not in networks(
        stages.settings.project.task
    ):  # a student's own, where the notebook that defines it is not running
        now["network"] = attempt.inputs["network"]
    return attempt.inputs == now


def _of_attempt(attempt: Attempt, model: str, images: Images, settings: Settings) -> Evidence:
    return Evidence(confusion=None, **_attempted(attempt, model, ACCURACY), settings=settings, **_counts(images))


def _attempted(attempt: Attempt, model: str, goal: Goal) -> Mapping[str, Any]:
    """What an attempt tells, whatever the task."""
    columns = ["epoch", "loss", goal.name, "val_loss", goal.column, "seconds", "waited"]
    return {
        "model": model,
        "ours": attempt.ours,
        "hyperparameters": attempt.hyperparameters,
        "epochs": attempt.epochs,
        "history": pd.DataFrame(attempt.history, columns=columns, dtype=float),
        "diverged": attempt.diverged,
        "best_epoch": None,
        "probe": attempt.probe,
    }


def _of_masked_attempt(attempt: Attempt, model: str, images: MaskedImages, settings: Settings) -> SegmentationEvidence:
    known = _attempted(attempt, model, DICE)
    return SegmentationEvidence(confusion=None, **known, settings=settings, **_masked_counts(images))


def of_masked_training(folder: Path, probe: Probe, images: MaskedImages, settings: Settings) -> SegmentationEvidence:
    """See ``of_training``: that of a segmentation network."""
    from cnnproj.segmentation.networks import segmenters
    from cnnproj.segmentation.recipe import load_recipe

    recipe = load_recipe(folder)
    network = segmenters().get(recipe.model)
    return SegmentationEvidence(
        ours=network is not None and network.ours,
        probe=probe,
        confusion=None if probe.pixels is None else np.array(probe.pixels, np.int64),
        settings=settings,
        **_ended_well(recipe, folder),
        **_masked_counts(images),
    )


def _ended_well(recipe: Recipe | SegmentationRecipe, folder: Path) -> Mapping[str, Any]:
    """What the ``recipe`` and the history of a training that ended well tell, whatever the task."""
    return {
        "model": recipe.model,
        "hyperparameters": recipe.hyperparameters,
        "epochs": recipe.epochs,
        "history": pd.read_csv(folder / HISTORY),
        "diverged": None,
        "best_epoch": recipe.best_epoch,
    }


def _masked_counts(images: MaskedImages) -> Mapping[str, Any]:
    """In how many training images each class is; and how many validation images there are."""
    there = np.zeros(len(images.classes), np.int64)
    for place in range(len(images.train)):
        truth = images.train.truth(np.array([place]))
        there[np.unique(truth[truth != IGNORED])] += 1
    return {"train": pd.Series(there, list(images.classes)), "validation": pd.Series([len(images.validation)])}


def of_training(folder: Path, probe: Probe, images: Images, settings: Settings) -> Evidence:
    """What there is of a final training that ended well, in ``folder``, and on which ``probe`` was measured."""
    recipe = load_recipe(folder)
    return Evidence(
        ours=recipe.ours,
        probe=probe,
        confusion=_confusion(folder / VALIDATION, recipe.classes),
        settings=settings,
        **_ended_well(recipe, folder),
        **_counts(images),
    )


def _counts(images: Images) -> Mapping[str, Any]:
    return {part: images.counts[part] for part in ("train", "validation")}


def _confusion(path: Path, classes: Sequence[str]) -> np.ndarray:
    """What each class was taken for in the table of predictions at ``path``."""
    columns = ["label", "predicted"]
    table = pd.read_csv(path, usecols=columns, dtype="string", keep_default_na=False)
    truth, predicted = (pd.Categorical(table[name], categories=list(classes)).codes for name in columns)
    return confusion_of(truth, predicted, len(classes))


# How a training is read that ended without a number, and one that ended well, by task.
_FAILED: Mapping[Task, Callable[..., Evidence]] = {"classification": _of_attempt, "segmentation": _of_masked_attempt}
_ENDED: Mapping[Task, Callable[..., Evidence]] = {"classification": of_training, "segmentation": of_masked_training}
