"""What the trained networks of a run reached, took and keep: measured, beside what was counted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cnnproj.anatomy.anatomy import Anatomy, dissect, sketch
from cnnproj.anatomy.costs import training_memory
from cnnproj.data.images import Images
from cnnproj.evaluation.evaluate import groups_of
from cnnproj.evaluation.intervals import wilson
from cnnproj.models import architectures
from cnnproj.recipe import HISTORY, VALIDATION, Recipe, load_model, load_predictions, load_recipe

TEST = ["test_accuracy", "test_low", "test_high"]


def measured(folders: Mapping[str, Path], images: Images, scores: pd.DataFrame | None) -> pd.DataFrame:
    """A row a trained network: what it is made of, and how it did on the same validation and test images.

    The columns: ``model``, ``layers`` (with weights, on the main path), ``parameters``, ``multiply_adds`` (for one
    image), ``receptive_field`` (pixels), ``seconds`` (an epoch of the final training, the median), ``memory`` (bytes
    that its training keeps at the least: weights, gradients, what the optimizer remembers and what the layers give for
    a batch; computed, in float32), ``val_accuracy``, ``val_low`` and ``val_high`` (its 95 % interval),
    ``test_accuracy``, ``test_low`` and ``test_high`` (empty for a network that was not evaluated).

    Args:
        folders: of the networks, by name.
        images: of the run.
        scores: of its evaluation; ``None`` where there is none.
    """
    tested = pd.DataFrame() if scores is None else scores.set_index("model")
    rows = []
    for name, folder in folders.items():
        recipe, history = load_recipe(folder), pd.read_csv(folder / HISTORY)
        # A student's own network whose code is not here was saved whole.
        anatomy = anatomy_of(name, recipe) if name in architectures() else dissect(load_model(folder))
        row = costs(recipe, history, anatomy)
        rows.append({"model": name, **row, **_on_validation(folder, images), **_on_test(name, tested)})
    return pd.DataFrame(rows)


def anatomy_of(name: str, recipe: Recipe) -> Anatomy:
    """What the network ``name`` is made of, a registered one, as ``recipe`` says that it was built."""
    return sketch(architectures()[name], recipe.shape, len(recipe.classes), recipe.hyperparameters)


def costs(recipe: Recipe, history: pd.DataFrame, anatomy: Anatomy) -> dict[str, Any]:
    """What a trained network is made of and took: the columns of ``measured`` that are no scores."""
    return {
        "layers": anatomy.depth,
        "parameters": anatomy.parameters,
        "multiply_adds": anatomy.multiply_adds,
        "receptive_field": anatomy.receptive_field,
        "seconds": float(history["seconds"].median()),
        "memory": _memory(anatomy, recipe),
    }


def _on_validation(folder: Path, images: Images) -> dict[str, float]:
    """The best epoch chose itself by these images, so that the accuracy is a little too good."""
    part = images.validation
    _, probabilities = load_predictions(folder / VALIDATION)
    right = probabilities.argmax(axis=1) == part.labels
    interval = wilson(right, groups_of(images.table, part))
    return {"val_accuracy": float(right.mean()), "val_low": interval.low, "val_high": interval.high}


def _on_test(name: str, tested: pd.DataFrame) -> dict[str, float]:
    if name not in tested.index:
        return dict.fromkeys(TEST, float("nan"))
    row = tested.loc[[name]].iloc[0]
    return dict(zip(TEST, (float(row[key]) for key in ("accuracy", "low", "high")), strict=True))


def _memory(anatomy: Anatomy, recipe: Recipe) -> int:
    chosen = recipe.hyperparameters
    return training_memory(
        anatomy.parameters,
        anatomy.outputs,
        batch_size=int(chosen["batch_size"]),
        optimizer=str(chosen["optimizer"]),
        momentum=float(chosen["momentum"]),
    )
