"""Gather what a diagnosis looks at from what a training has written: one that ended well, or one that did not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from cnnproj.data.images import Images
from cnnproj.diagnosis.chance import confusion_of
from cnnproj.diagnosis.evidence import Evidence
from cnnproj.diagnosis.probe import Probe, load_probe
from cnnproj.files import write_text
from cnnproj.models import Value
from cnnproj.recipe import HISTORY, VALIDATION, load_recipe
from cnnproj.run import Plain
from cnnproj.settings import Settings

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


def evidence_of_attempt(attempt: Attempt, model: str, images: Images, settings: Settings) -> Evidence:
    """What there is of a training whose loss was no number any more."""
    columns = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds", "waited"]
    history = pd.DataFrame(attempt.history, columns=columns, dtype=float)
    return Evidence(
        model=model,
        ours=attempt.ours,
        hyperparameters=attempt.hyperparameters,
        epochs=attempt.epochs,
        history=history,
        diverged=attempt.diverged,
        best_epoch=None,
        probe=attempt.probe,
        confusion=None,
        settings=settings,
        **_counts(images),
    )


def evidence_of_training(folder: Path, images: Images, settings: Settings) -> Evidence | None:
    """What there is of the finished training in ``folder``; none where it was not measured."""
    probe = load_probe(folder)
    if probe is None:
        return None
    recipe = load_recipe(folder)
    return Evidence(
        model=recipe.model,
        ours=recipe.ours,
        hyperparameters=recipe.hyperparameters,
        epochs=recipe.epochs,
        history=pd.read_csv(folder / HISTORY),
        diverged=None,
        best_epoch=recipe.best_epoch,
        probe=probe,
        confusion=_confusion(folder / VALIDATION, recipe.classes),
        settings=settings,
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
