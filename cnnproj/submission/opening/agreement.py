"""What a file of a submission must have in common with the others, beyond what it must be by itself."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cnnproj.recipe import Recipe
from cnnproj.run import Manifest
from cnnproj.segmentation.recipe import SegmentationRecipe
from cnnproj.segmentation.scores import IGNORED
from cnnproj.submission.contents import TEST_MASKS
from cnnproj.submission.opening.limits import Unreadable, shown
from cnnproj.submission.opening.schemas import Classes, is_sayable

if TYPE_CHECKING:
    from cnnproj.submission.opening.opened import Submission

_SIDES = (8, 1024)  # of an image, in pixels, as in the settings
_LARGEST = 65_536  # of a hyperparameter
_DEEPEST = 100  # of the hyperparameter depth


def require_agreement(submission: Submission, name: str, value: Any) -> None:
    """Raise ``Unreadable`` unless the ``value`` of the file ``name`` agrees with the other files of ``submission``."""
    for pattern, check in _CHECKS.items():
        if fnmatch.fnmatchcase(name, pattern):
            check(submission, name, value)


def _outputs_stay_inside(submission: Submission, file: str, manifest: Manifest) -> None:
    for stage in manifest.stages.values():
        for path in stage.outputs:
            if path.startswith("/") or ":" in path or "\\" in path or ".." in path.split("/"):
                raise Unreadable("opened.leads_out", file=file, key=shown(path))


def _classes_differ(submission: Submission, file: str, classes: Classes) -> None:
    if len(set(classes.root)) < len(classes.root):
        raise Unreadable("opened.classes", file=file)


def _images_have_classes(submission: Submission, file: str, table: pd.DataFrame) -> None:
    if submission.task == "segmentation":  # there pixels have
        return
    _require_classes(submission, file, table.loc[table["aside"] == "", "label"])


def _reasons_can_be_said(submission: Submission, file: str, table: pd.DataFrame) -> None:
    if not is_sayable(table):
        raise Unreadable("opened.gaps", file=file)


def _recipe_is_of_this_network(submission: Submission, file: str, recipe: Recipe | SegmentationRecipe) -> None:
    height, width, channels = recipe.shape
    numbers = [value for value in recipe.hyperparameters.values() if isinstance(value, int | float)]
    depth = recipe.hyperparameters.get("depth", 0)
    wrong = {
        "model": recipe.model != file.split("/")[1],
        "shape": not all(_SIDES[0] <= side <= _SIDES[1] for side in (height, width)) or channels not in (1, 3),
        "classes": recipe.classes != submission.classes,
        "hyperparameters": any(abs(number) > _LARGEST for number in numbers)
        or (isinstance(depth, int | float) and depth > _DEEPEST),
    }
    for key, is_wrong in wrong.items():
        if is_wrong:
            raise Unreadable("opened.recipe", file=file, key=key, came=shown(getattr(recipe, key)))


def _predictions_are_of_classes(submission: Submission, file: str, table: pd.DataFrame) -> None:
    columns = [name.removeprefix("p:") for name in table.columns if name.startswith("p:")]
    _require_columns(submission, file, columns)
    for column in ("label", "predicted"):
        _require_classes(submission, file, table[column])


def _confusion_is_of_classes(submission: Submission, file: str, table: pd.DataFrame) -> None:
    _require_columns(submission, file, [name for name in table.columns if name != "class"])


def _true_masks_are_of_classes(submission: Submission, file: str, masks: np.ndarray) -> None:
    _masks_are_of_classes(submission, file, np.where(masks == IGNORED, 0, masks))


def _masks_are_of_classes(submission: Submission, file: str, masks: np.ndarray) -> None:
    size, classes = submission.settings.data.size, len(submission.classes)
    if masks.ndim != 3 or masks.shape[1:] != size or masks.max(initial=0) >= classes:
        most = int(masks.max(initial=0))
        expected = f"(n, {size[0]}, {size[1]}), 0 … {classes - 1}"
        raise Unreadable("opened.masks", file=file, expected=expected, came=f"{masks.shape}, 0 … {most}")


def _maps_are_of_cases(submission: Submission, file: str, maps: np.ndarray) -> None:
    if submission.task == "segmentation":
        _maps_are_of_images(submission, file, maps)
        return
    wanted = (len(submission.explained.methods), len(submission.cases))
    if maps.ndim != 4 or maps.shape[:2] != wanted or not np.isfinite(maps).all():
        raise Unreadable("opened.heatmaps", file=file, n=wanted[0], cases=wanted[1], came=maps.shape)


def _maps_are_of_images(submission: Submission, file: str, maps: np.ndarray) -> None:
    size, n = submission.settings.data.size, len(submission.cases)
    if maps.shape != (n, *size) or not np.isfinite(maps).all():
        raise Unreadable("opened.heatmaps", file=file, n=1, cases=n, came=maps.shape)


def _require_classes(submission: Submission, file: str, labels: pd.Series) -> None:
    strange = sorted(set(labels) - set(submission.classes))
    if strange:
        raise Unreadable("opened.no_class", file=file, label=shown(strange[0]))


def _require_columns(submission: Submission, file: str, columns: list[str]) -> None:
    if tuple(columns) != submission.classes:
        raise Unreadable("opened.class_columns", file=file, came=shown(", ".join(columns)))


_CHECKS: Mapping[str, Callable[[Submission, str, Any], None]] = {
    "run.json": _outputs_stay_inside,
    "data/classes.json": _classes_differ,
    "data/pixel_classes.json": _classes_differ,
    "data/images.csv": _images_have_classes,
    "data/found.csv": _reasons_can_be_said,
    "models/*/recipe.json": _recipe_is_of_this_network,
    "models/*/validation.csv": _predictions_are_of_classes,
    "evaluation/predictions_*.csv": _predictions_are_of_classes,
    "evaluation/predicted_*.npy": _masks_are_of_classes,
    TEST_MASKS: _true_masks_are_of_classes,
    "evaluation/confusion.csv": _confusion_is_of_classes,
    "interpretation/heatmaps.npy": _maps_are_of_cases,
}
