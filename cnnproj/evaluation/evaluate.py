"""Evaluate the trained networks on the test part, once: the best one is chosen on validation before it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cnnproj.data.images import Images, Part
from cnnproj.evaluation.baselines import baselines
from cnnproj.evaluation.calibration import reliability
from cnnproj.evaluation.comparison import compare
from cnnproj.evaluation.intervals import Interval, intervals
from cnnproj.evaluation.scores import class_table, confident_errors, confusion, scores
from cnnproj.evaluation.test_set import open_test
from cnnproj.files import write_table
from cnnproj.randomness import derive_seed
from cnnproj.recipe import load_model, load_predictions, load_recipe, prediction_table
from cnnproj.run import Run, Score
from cnnproj.selection import ACCURACY

TABLES = ("scores", "metrics", "comparisons", "classes", "confusion", "reliability", "errors")
MOST_ERRORS = 12
# Only where numbers stand does an empty cell mean that there is none; text is as it was written.
_EMPTY = {name: [""] for name in ("value", "low", "high", "confidence", "accuracy", "log_loss", "val_loss")}


@dataclass(frozen=True)
class Evaluation:
    """The results on the test part.

    Attributes:
        scores: a row a model: ``model``, ``kind`` (``network`` or ``baseline``), ``accuracy``, its 95 % Wilson interval
            ``low`` to ``high``, ``log_loss``, ``n`` (test images), ``val_accuracy``, ``val_loss``, ``parameters`` and
            ``best`` (chosen on validation).
        metrics: a row a model and score: ``model``, ``metric``, ``value``, and its 95 % interval ``low`` to ``high``
            with its ``method``: ``wilson`` or ``bootstrap``, or nothing where there is none.
        comparisons: the best model against each other one, see ``comparison.compare``.
        classes: of the best model, a row a class: ``precision``, ``recall``, ``f1``, ``support``.
        confusion: of the best model, true classes in rows, predicted in columns.
        reliability: of the best model, see ``calibration.reliability``.
        errors: of the best model, the surest wrong predictions: ``row`` of the store, ``label``, ``predicted``,
            ``probability``, ``label_probability``.
        best: the name of the best model.
        groups: of how many groups (people, sessions) the test images are; as many as images where there are none.
        folder: where the tables are.
    """

    scores: pd.DataFrame
    metrics: pd.DataFrame
    comparisons: pd.DataFrame
    classes: pd.DataFrame
    confusion: pd.DataFrame
    reliability: pd.DataFrame
    errors: pd.DataFrame
    best: str
    groups: int
    folder: Path

    @property
    def networks(self) -> pd.DataFrame:
        """The rows of ``scores`` that are networks."""
        return self.scores[self.scores["kind"] == "network"]

    def probabilities(self, model: str) -> tuple[np.ndarray, np.ndarray]:
        """The store's rows of the test images, (n,), and what ``model`` gave each, (n, classes)."""
        return load_predictions(self.folder / f"predictions_{model}.csv")


def evaluate(run: Run, images: Images, folders: dict[str, Path], folder: Path, *, seed: int) -> list[Path]:
    """Predict the test part with each network and both baselines, and write the tables to ``folder``.

    Args:
        run: whose ledger the opening is entered in, and whose manifest gets the scores and the choice.
        images: of the run.
        folders: of each trained network, by its name.
        folder: where the tables go.
        seed: of the baselines' choice of images, and of the bootstrap.

    Returns:
        The files written.
    """
    from cnnproj.inference import predict

    recipes = {name: load_recipe(path) for name, path in folders.items()}
    best = ACCURACY.best_model(recipes, len(images.validation))
    models = {name: load_model(path) for name, path in folders.items()}
    simple = baselines(images.train, seed=derive_seed(seed, "baselines"))
    known: dict[str, dict[str, object]] = {}
    for name, recipe in recipes.items():
        known[name] = {"val_accuracy": recipe.val_accuracy, "val_loss": recipe.val_loss}
        known[name] |= {"parameters": recipe.parameters, "kind": "network"}
    for one in simple:
        found = scores(one.predict(images.validation), images.validation.labels)
        known[one.name] = {"val_accuracy": found["accuracy"], "val_loss": found["log_loss"]}
        known[one.name] |= {"parameters": one.parameters, "kind": "baseline"}

    weights = {name: recipe.weights_digest for name, recipe in recipes.items()}
    test = open_test(run, images, "evaluation", weights | {one.name: one.digest for one in simple})
    given = {name: predict(model, test) for name, model in models.items()}
    given |= {one.name: one.predict(test) for one in simple}
    paths = [folder / f"predictions_{name}.csv" for name in given]
    for path, probabilities in zip(paths, given.values(), strict=True):
        write_table(path, prediction_table(probabilities, test))
    tables = measure(given, test, groups_of(images.table, test), best, known, seed=derive_seed(seed, "bootstrap"))
    for name, table in tables.items():
        write_table(folder / f"{name}.csv", table)
    run.update(best_model=best, scores=headlines(tables["scores"]))
    return [*paths, *(folder / f"{name}.csv" for name in TABLES)]


def groups_of(images: pd.DataFrame, part: Part) -> np.ndarray:
    """The group (a person, a session) of each image of ``part`` as a number; an image without one is its own.

    Args:
        images: of the run: ``Images.table``.
        part: of these.
    """
    table = images.set_index("row").loc[part.rows]
    codes: np.ndarray = pd.factorize(table["group"].where(table["group"] != "", table["image"].map("\0{}".format)))[0]
    return codes


def measure(
    given: Mapping[str, np.ndarray],
    test: Part,
    groups: np.ndarray,
    best: str,
    known: Mapping[str, Mapping[str, object]],
    *,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """The ``TABLES`` of an evaluation by name.

    Args:
        given: the probabilities of each model, by its name, (n, classes).
        test: the part they were measured on.
        groups: which of its images belong together, (n,).
        best: the chosen model.
        known: of each model ``val_accuracy``, ``val_loss``, ``parameters`` and ``kind``.
        seed: of the bootstrap.
    """
    heads, metrics = [], []
    for name, probabilities in given.items():
        values = scores(probabilities, test.labels)
        bounds = intervals(probabilities, test.labels, groups, seed=seed)
        none = Interval(np.nan, np.nan, "")
        metrics += [
            {"model": name, "metric": metric, "value": value, **bounds.get(metric, none)._asdict()}
            for metric, value in values.items()
        ]
        low, high, _ = bounds["accuracy"]
        head = {"accuracy": values["accuracy"], "low": low, "high": high, "log_loss": values["log_loss"]}
        heads.append({"model": name, **head, "n": len(test), **known[name], "best": name == best})
    right = {name: probabilities.argmax(axis=1) == test.labels for name, probabilities in given.items()}
    return {
        "scores": pd.DataFrame(heads).assign(groups=len(np.unique(groups))),
        "metrics": pd.DataFrame(metrics),
        "comparisons": compare(best, right, groups, seed=seed),
        "classes": class_table(given[best], test.labels, test.classes),
        "confusion": confusion(given[best], test.labels, test.classes),
        "reliability": reliability(given[best], test.labels),
        "errors": _errors(given[best], test),
    }


def _errors(probabilities: np.ndarray, test: Part) -> pd.DataFrame:
    places, names = confident_errors(probabilities, test.labels, MOST_ERRORS), np.array(test.classes)
    return pd.DataFrame(
        {
            "row": test.rows[places],
            "label": names[test.labels[places]],
            "predicted": names[probabilities[places].argmax(axis=1)],
            "probability": probabilities[places].max(axis=1),
            "label_probability": probabilities[places, test.labels[places]],
        }
    )


def headlines(table: pd.DataFrame) -> dict[str, Score]:
    """The scores of each network as the manifest has them, from the table ``scores``."""
    networks = table[table["kind"] == "network"].set_index("model")
    fields = networks[list(Score.model_fields)].to_dict("index")
    return {str(name): Score.model_validate(values) for name, values in fields.items()}


def load_evaluation(folder: Path) -> Evaluation:
    """The evaluation that ``evaluate`` wrote to ``folder``."""
    text = dict.fromkeys(("class", "label", "predicted", "method"), "string")
    tables = {
        name: pd.read_csv(folder / f"{name}.csv", dtype=text, keep_default_na=False, na_values=_EMPTY)
        for name in TABLES
    }
    scores = tables["scores"]
    best = str(scores.loc[scores["best"], "model"].iloc[0])
    tables["confusion"] = tables["confusion"].set_index("class")
    return Evaluation(**tables, best=best, groups=int(scores["groups"].iloc[0]), folder=folder)
