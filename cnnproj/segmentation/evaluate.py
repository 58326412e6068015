"""Evaluate the segmentation networks on the test part, once: the best is chosen on validation before it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cnnproj.evaluation.evaluate import groups_of
from cnnproj.evaluation.intervals import Interval
from cnnproj.evaluation.test_set import open_test
from cnnproj.files import replacing, write_table
from cnnproj.randomness import derive_seed
from cnnproj.run import DiceScore, Run
from cnnproj.segmentation.images import MaskedImages
from cnnproj.segmentation.intervals import difference, intervals
from cnnproj.segmentation.recipe import SegmentationRecipe, load_model, load_recipe
from cnnproj.segmentation.scores import Counts, class_table, count, image_scores, scores
from cnnproj.selection import DICE

TABLES = ("scores", "metrics", "comparisons", "classes", "images")
_NONE = Interval(np.nan, np.nan, "")


@dataclass(frozen=True)
class SegmentationEvaluation:
    """The results on the test part.

    Attributes:
        scores: a row a network: ``model``, ``dice``, its 95 % bootstrap interval ``low`` to ``high``, ``iou``,
            ``pooled_dice``, ``pixel_accuracy``, ``n`` (test images), ``val_dice``, ``val_loss``, ``parameters`` and
            ``best`` (chosen on validation).
        metrics: a row a network and score: ``model``, ``metric``, ``value``, ``low``, ``high`` and ``method``.
        comparisons: a row a network that was not chosen: ``model``, by how much the chosen one's ``dice`` is higher on
            the same images (``difference``), the 95 % interval of that, ``low`` to ``high``, and the ``verdict``.
        classes: of the best network, a row a class: ``class``, ``dice``, ``low``, ``high``, ``iou``, ``images``,
            ``pixels``, see ``scores.class_table``.
        images: of the best network, a row a test image: ``row`` of the store, ``image``, ``dice``, ``iou``,
            ``pixel_accuracy``; empty where nothing was to be found and nothing was.
        best: the name of the best network.
        folder: where the tables are, and ``predicted_<model>.npy``: of each test image the predicted masks.
    """

    scores: pd.DataFrame
    metrics: pd.DataFrame
    comparisons: pd.DataFrame
    classes: pd.DataFrame
    images: pd.DataFrame
    best: str
    folder: Path

    def predicted(self, model: str) -> np.ndarray:
        """What ``model`` made of the test images, in the order of ``images``: uint8, (n, height, width)."""
        return np.asarray(np.load(self.folder / f"predicted_{model}.npy"))


def evaluate(
    run: Run, images: MaskedImages, folders: Mapping[str, Path], folder: Path, *, seed: int, background: bool
) -> list[Path]:
    """Predict the masks of the test part with each network, and write the tables to ``folder``.

    Args:
        run: whose ledger the opening is entered in, and whose manifest gets the scores and the choice.
        images: of the run.
        folders: of each trained network, by its name.
        folder: where the tables go.
        seed: of the bootstrap.
        background: whether the background counts as a class of its own.

    Returns:
        The files written.
    """
    from cnnproj.segmentation.inference import predict

    recipes = {name: load_recipe(path) for name, path in folders.items()}
    best = DICE.best_model(recipes, len(images.validation))
    models = {name: load_model(path) for name, path in folders.items()}
    test = open_test(run, images, "evaluation", {name: recipe.weights_digest for name, recipe in recipes.items()})
    masks = {name: predict(model, test) for name, model in models.items()}
    paths = [folder / f"predicted_{name}.npy" for name in masks]
    for path, predicted in zip(paths, masks.values(), strict=True):
        with replacing(path) as partial:
            np.save(partial, predicted)
    truth = test.truth()
    counts = {name: count(truth, predicted, len(test.classes)) for name, predicted in masks.items()}
    groups = groups_of(images.table, test)
    names = images.table.set_index("row")["image"].loc[test.rows].to_numpy()
    tables = measure(
        counts, recipes, best, test.classes, groups, seed=derive_seed(seed, "bootstrap"), background=background
    )
    tables["images"] = image_table(counts[best], test.rows, names, background=background)
    for name in TABLES:
        write_table(folder / f"{name}.csv", tables[name])
    run.update(best_model=best, dice=headlines(tables["scores"]))
    return [*paths, *(folder / f"{name}.csv" for name in TABLES)]


def image_table(counts: Counts, rows: np.ndarray, names: np.ndarray, *, background: bool) -> pd.DataFrame:
    """The table ``images``: of each test image its row of the store, its name and its scores."""
    known = pd.DataFrame({"row": rows, "image": names})
    return pd.concat([known, image_scores(counts, background=background)], axis=1)


def measure(
    counts: Mapping[str, Counts],
    recipes: Mapping[str, SegmentationRecipe],
    best: str,
    classes: tuple[str, ...],
    groups: np.ndarray,
    *,
    seed: int,
    background: bool,
) -> dict[str, pd.DataFrame]:
    """The ``TABLES`` of an evaluation by name, but that of the images.

    Args:
        counts: of each network on the test part, by its name.
        recipes: of each network.
        best: the chosen network.
        classes: of pixels.
        groups: which test images belong together, (n,).
        seed: of the bootstrap.
        background: whether the background counts as a class of its own.
    """
    heads, metrics = [], []
    for name, counted in counts.items():
        values = scores(counted, background=background)
        bounds = intervals(counted, groups, seed=seed, background=background)
        metrics += [
            {"model": name, "metric": metric, "value": value, **bounds.get(metric, _NONE)._asdict()}
            for metric, value in values.items()
        ]
        low, high, _ = bounds.get("dice", _NONE)
        known = recipes[name].model_dump(include={"val_dice", "val_loss", "parameters"})
        head = {"model": name, "dice": values.pop("dice"), "low": low, "high": high, **values}
        heads.append({**head, "n": len(groups), **known, "best": name == best})
    bounds = intervals(counts[best], groups, seed=seed, background=background)
    table = class_table(counts[best], classes)
    for place, end in enumerate(("low", "high"), start=2):
        values_of = [bounds.get(f"dice:{label}", _NONE)[place - 2] for label in range(len(classes))]
        table.insert(place, end, values_of)
    return {
        "scores": pd.DataFrame(heads),
        "metrics": pd.DataFrame(metrics),
        "comparisons": _comparisons(counts, best, groups, seed=seed, background=background),
        "classes": table,
    }


def _comparisons(
    counts: Mapping[str, Counts], best: str, groups: np.ndarray, *, seed: int, background: bool
) -> pd.DataFrame:
    rows = []
    for name in counts:
        if name == best:
            continue
        value, (low, high, _) = difference(counts[best], counts[name], groups, seed=seed, background=background)
        verdict = "better" if low > 0 else "worse" if high < 0 else "tied"
        rows.append({"model": name, "difference": value, "low": low, "high": high, "verdict": verdict})
    return pd.DataFrame(rows, columns=["model", "difference", "low", "high", "verdict"])


def headlines(table: pd.DataFrame) -> dict[str, DiceScore]:
    """The scores of each network as the manifest has them, from the table ``scores``; Dice of nothing found is 0."""
    found = {}
    for row in table.to_dict("records"):
        values = {name: None if pd.isna(row[name]) else row[name] for name in ("low", "high")}
        values |= {name: float(np.nan_to_num(row[name])) for name in ("dice", "iou", "pixel_accuracy")}
        found[str(row["model"])] = DiceScore.model_validate({**values, "n": row["n"]})
    return found


def load_evaluation(folder: Path) -> SegmentationEvaluation:
    """The evaluation that ``evaluate`` wrote to ``folder``."""
    text = dict.fromkeys(("class", "model", "image", "method", "verdict"), "string")
    numbers = ("dice", "iou", "pooled_dice", "pixel_accuracy", "low", "high", "value", "difference")
    empty = {name: [""] for name in numbers}
    tables = {
        name: pd.read_csv(folder / f"{name}.csv", dtype=text, keep_default_na=False, na_values=empty) for name in TABLES
    }
    scores = tables["scores"]
    return SegmentationEvaluation(**tables, best=str(scores.loc[scores["best"], "model"].iloc[0]), folder=folder)
