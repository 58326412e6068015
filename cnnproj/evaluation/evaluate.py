"""Evaluate the trained networks on the test part, once: the best one is chosen on validation before it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cnnproj.data.images import Images
from cnnproj.evaluation.scores import class_table, confusion, score
from cnnproj.evaluation.test_set import open_test
from cnnproj.files import write_table
from cnnproj.recipe import load_model, load_predictions, load_recipe, prediction_table
from cnnproj.run import Run
from cnnproj.selection import best_model

SCORES, CLASSES, CONFUSION = "scores.csv", "classes.csv", "confusion.csv"


@dataclass(frozen=True)
class Evaluation:
    """The results on the test part.

    Attributes:
        scores: a row a model: ``model``, ``accuracy``, its 95 % Wilson interval ``low`` to ``high``, ``log_loss``,
            ``n`` (test images), ``val_accuracy``, ``val_loss``, ``parameters`` and ``best`` (chosen on validation).
        classes: of the best model, a row a class: ``precision``, ``recall``, ``f1``, ``support``.
        confusion: of the best model, true classes in rows, predicted in columns.
        best: the name of the best model.
        folder: where the tables are.
    """

    scores: pd.DataFrame
    classes: pd.DataFrame
    confusion: pd.DataFrame
    best: str
    folder: Path

    def probabilities(self, model: str) -> tuple[np.ndarray, np.ndarray]:
        """The store's rows of the test images, (n,), and what ``model`` gave each, (n, classes)."""
        return load_predictions(self.folder / f"predictions_{model}.csv")


def evaluate(run: Run, images: Images, folders: dict[str, Path], folder: Path) -> list[Path]:
    """Predict the test part with each network and write the tables to ``folder``.

    Args:
        run: whose ledger the opening is entered in, and whose manifest gets the scores and the choice.
        images: of the run.
        folders: of each trained network, by its name.
        folder: where the tables go.

    Returns:
        The files written.
    """
    from cnnproj.training import predict

    recipes = {name: load_recipe(path) for name, path in folders.items()}
    best = best_model(recipes, len(images.validation))
    models = {name: load_model(path) for name, path in folders.items()}
    test = open_test(run, images, "evaluation", {name: recipe.weights_digest for name, recipe in recipes.items()})
    scores, rows, paths = {}, [], []
    for name, model in models.items():
        probabilities = predict(model, test)
        scores[name] = score(probabilities, test.labels)
        recipe = recipes[name]
        known = {"val_accuracy": recipe.val_accuracy, "val_loss": recipe.val_loss, "parameters": recipe.parameters}
        rows.append({"model": name, **scores[name].model_dump(), **known, "best": name == best})
        paths.append(folder / f"predictions_{name}.csv")
        write_table(paths[-1], prediction_table(probabilities, test))
        if name == best:
            write_table(folder / CLASSES, class_table(probabilities, test.labels, test.classes))
            write_table(folder / CONFUSION, confusion(probabilities, test.labels, test.classes))
    write_table(folder / SCORES, pd.DataFrame(rows))
    run.update(best_model=best, scores=scores)
    return [*paths, *(folder / name for name in (SCORES, CLASSES, CONFUSION))]


def load_evaluation(folder: Path) -> Evaluation:
    """The evaluation that ``evaluate`` wrote to ``folder``."""
    scores = pd.read_csv(folder / SCORES)
    classes, confused = (
        pd.read_csv(folder / name, dtype={"class": "string"}, keep_default_na=False) for name in (CLASSES, CONFUSION)
    )
    best = str(scores.loc[scores["best"], "model"].iloc[0])
    return Evaluation(scores, classes, confused.set_index("class"), best, folder)
