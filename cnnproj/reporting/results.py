"""All that a report tells, in the order in which it tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cnnproj.data.images import Images
from cnnproj.diagnosis.diagnose import Diagnosis
from cnnproj.evaluation.evaluate import Evaluation
from cnnproj.interpretation.interpret import Interpretation
from cnnproj.models import Value
from cnnproj.recipe import HISTORY, LAYERS, Recipe, load_recipe
from cnnproj.run import Manifest, Plain
from cnnproj.settings import Settings
from cnnproj.tuning.tables import load_best, load_trials, varied
from cnnproj.words import say


@dataclass(frozen=True)
class AugmentationPreview:
    """Some training images and what augmentation makes of them.

    Attributes:
        originals: (n, height, width, channels), uint8.
        varied: (n, variants, height, width, channels), float32, 0–255.
        labels: the class of each, (n,) names.
        arguments: what ``ImageDataGenerator`` was given; empty where nothing is varied.
        alone: what each of the arguments that do something makes of the first original when it is the only one, by its
            name, (variants, height, width, channels), float32, 0–255.
    """

    originals: np.ndarray
    varied: np.ndarray
    labels: tuple[str, ...]
    arguments: Mapping[str, object]
    alone: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Search:
    """The finished search for one model's hyperparameters.

    Attributes:
        model: its name.
        space: what was varied, and among which values, as text.
        trials: a row a trial: ``trial`` (from 1), a column for each name in ``space``, ``val_accuracy``, ``val_loss``,
            its best ``epoch``, ``best`` (the one chosen), ``reason`` (of a failed trial, else missing).
        best: the hyperparameters of the best trial, all of them.
    """

    model: str
    space: Mapping[str, str]
    trials: pd.DataFrame
    best: Mapping[str, Value]


@dataclass(frozen=True)
class Training:
    """The final training of one model.

    Attributes:
        recipe: what it is built from (``summary`` is its description in a line), and how it did on validation.
        history: a row an epoch: ``epoch``, ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``, ``seconds``
            and, of these, ``waited``, for batches; histories that were written before this was measured lack it.
        layers: a row a layer: ``layer`` (name), ``kind``, ``output`` (shape as text), ``parameters``.
    """

    recipe: Recipe
    history: pd.DataFrame
    layers: pd.DataFrame

    @property
    def waiting(self) -> float | None:
        """The share of its time, 0 to 1, that training stood still for want of a batch; none where not measured."""
        if "waited" not in self.history:
            return None
        return float(self.history["waited"].sum() / self.history["seconds"].sum())

    @property
    def waited(self) -> str:
        """``waiting`` in words."""
        return say("progress.waited", share="–" if self.waiting is None else f"{self.waiting:.1%}")


@dataclass(frozen=True)
class Results:
    """A finished run; ``diagnoses`` are of the trainings that were measured."""

    settings: Settings
    manifest: Manifest
    images: Images
    preview: AugmentationPreview
    searches: Mapping[str, Search]
    trainings: Mapping[str, Training]
    diagnoses: Mapping[str, Diagnosis]
    evaluation: Evaluation
    interpretation: Interpretation


def load_search(model: str, folder: Path, inputs: Mapping[str, Plain]) -> Search:
    """The search of ``model`` as it stands in ``folder``; ``inputs`` of its stage say what was varied."""
    trials = load_trials(folder)
    space = {name: str(inputs[f"models.{model}.{name}"]) for name in varied(trials)}
    return Search(model, space, trials, load_best(folder))


def load_training(folder: Path) -> Training:
    """The final training as it stands in ``folder``."""
    history, layers = (pd.read_csv(folder / name) for name in (HISTORY, LAYERS))
    return Training(load_recipe(folder), history, layers)
