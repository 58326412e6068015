"""Show three to five test cases of the best segmentation network: truth, prediction, errors, and where it looked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cnnproj.errors import CnnprojError
from cnnproj.evaluation.test_set import open_test
from cnnproj.files import replacing, write_table, write_text
from cnnproj.run import Run
from cnnproj.segmentation.cases import choose_cases
from cnnproj.segmentation.evaluate import SegmentationEvaluation
from cnnproj.segmentation.images import MaskedImages
from cnnproj.segmentation.recipe import load_model, load_recipe
from cnnproj.segmentation.scores import IGNORED
from cnnproj.settings_file import nearest

CASES, MAPS, KNOWN = "cases.csv", "heatmaps.npy", "known.json"


@dataclass(frozen=True)
class SegmentationInterpretation:
    """The cases that are shown.

    Attributes:
        model: the network explained.
        classes: of pixels, the background first.
        cases: a row a case: ``rule``, ``image``, ``row`` of the store, ``dice``, ``iou``, ``pixel_accuracy``;
            ``explained`` (the class of the heatmap), ``on_class`` (the share of its heat that lies on pixels of the
            class in truth) and ``area`` (the share of all pixels that are).
        images: (n, height, width, channels), uint8.
        truth: the true class of each pixel, uint8, (n, height, width).
        predicted: the predicted one.
        heatmaps: of Seg-Grad-CAM, float32, (n, height, width).
    """

    model: str
    classes: tuple[str, ...]
    cases: pd.DataFrame
    images: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray
    heatmaps: np.ndarray


def interpret(
    run: Run,
    images: MaskedImages,
    evaluation: SegmentationEvaluation,
    model_folder: Path,
    folder: Path,
    *,
    count: int,
    explain: str,
) -> list[Path]:
    """Choose ``count`` test cases of the best network by rule, explain them, and write the files to ``folder``.

    Args:
        run: whose ledger the opening of the test part is entered in.
        images: of the run.
        evaluation: of the run.
        model_folder: of the best network.
        folder: where the files go.
        count: how many cases, 3 to 5.
        explain: the class whose heatmaps are drawn; or "", for the one that fills most of each case's true mask,
            the background left out.

    Returns:
        The files written.

    Raises:
        CnnprojError: where there is no class of that name.
    """
    from cnnproj.segmentation.explanation import seg_grad_cam

    if explain and explain not in images.classes:
        hint = nearest(explain, list(images.classes))
        raise CnnprojError("segmentation.unknown_class", name=explain, hint=hint)
    recipe, model = load_recipe(model_folder), load_model(model_folder)
    test = open_test(run, images, "interpretation", {recipe.model: recipe.weights_digest})
    cases = choose_cases(evaluation.images["dice"].to_numpy(float), count)
    positions = cases["position"].to_numpy(int)
    truth, predicted = test.truth(positions), evaluation.predicted(recipe.model)[positions]
    labels = classes_to_explain(truth, images.classes, explain)
    pixels = test.images(positions).astype(np.float32) / 255
    heat = seg_grad_cam(model, pixels, labels, predicted)
    write_table(folder / CASES, case_table(cases, evaluation.images, labels, images.classes, heat, truth))
    with replacing(folder / MAPS) as partial:
        np.save(partial, heat)
    known = {"model": recipe.model, "positions": positions.tolist()}
    write_text(folder / KNOWN, json.dumps(known) + "\n")
    return [folder / name for name in (CASES, MAPS, KNOWN)]


def classes_to_explain(truth: np.ndarray, classes: Sequence[str], explain: str) -> np.ndarray:
    """The class whose heatmap is drawn for each case, (n,): see ``interpret``.

    Args:
        truth: the true class of each pixel, (n, height, width).
        classes: of pixels, the background first.
        explain: one of them, or "".
    """
    return np.array([classes.index(explain) if explain else _largest(mask) for mask in truth], int)


def case_table(
    cases: pd.DataFrame,
    images: pd.DataFrame,
    labels: np.ndarray,
    classes: Sequence[str],
    heat: np.ndarray,
    truth: np.ndarray,
) -> pd.DataFrame:
    """A row a case: see ``SegmentationInterpretation.cases``.

    Args:
        cases: see ``choose_cases``.
        images: see ``SegmentationEvaluation.images``.
        labels: the class that is explained of each, (n,).
        classes: of pixels.
        heat: of each case, (n, height, width).
        truth: the true class of each pixel, likewise.
    """
    from cnnproj.segmentation.explanation import share_on

    facts = images.iloc[cases["position"].to_numpy(int)].reset_index(drop=True)
    return pd.concat([cases[["rule"]], facts], axis=1).assign(
        explained=[classes[label] for label in labels],
        on_class=[share_on(one, mask == label) for one, mask, label in zip(heat, truth, labels, strict=True)],
        area=[float(np.mean(mask == label)) for mask, label in zip(truth, labels, strict=True)],
    )


def _largest(mask: np.ndarray) -> int:
    """The class that fills most of ``mask`` but the background; 1 where there is none."""
    return int(np.bincount(mask[mask != IGNORED], minlength=2)[1:].argmax()) + 1


def load_interpretation(
    folder: Path, images: MaskedImages, evaluation: SegmentationEvaluation
) -> SegmentationInterpretation:
    """The interpretation that ``interpret`` wrote to ``folder``."""
    text = dict.fromkeys(("rule", "image", "explained"), "string")
    empty = {name: [""] for name in ("dice", "iou", "on_class")}
    cases = pd.read_csv(folder / CASES, dtype=text, keep_default_na=False, na_values=empty)
    known = json.loads((folder / KNOWN).read_text(encoding="utf-8"))
    rows = images.table.set_index("image")["row"].loc[cases["image"]].to_numpy(int)
    return SegmentationInterpretation(
        model=known["model"],
        classes=images.classes,
        cases=cases,
        images=np.asarray(images.images.pixels[rows]),
        truth=np.asarray(images.masks[rows]),
        predicted=evaluation.predicted(known["model"])[known["positions"]],
        heatmaps=np.load(folder / MAPS),
    )
