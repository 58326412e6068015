"""Explain three to five test cases of the best network."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cnnproj.data.images import Images
from cnnproj.evaluation.evaluate import Evaluation
from cnnproj.evaluation.test_set import open_test
from cnnproj.files import replacing, write_table, write_text
from cnnproj.interpretation.cases import choose_cases
from cnnproj.recipe import load_model, load_recipe
from cnnproj.run import Run

CASES, MAPS, METHOD = "cases.csv", "heatmaps.npy", "method.json"


@dataclass(frozen=True)
class Interpretation:
    """The cases that are shown, with their heatmaps.

    Attributes:
        model: the network explained.
        method: ``gradcam`` or ``saliency``.
        layer: the layer that Grad-CAM reads; empty for saliency.
        cases: a row a case: ``rule``, ``image``, ``label``, ``predicted`` (names), ``probability`` (of the
            prediction), ``label_probability``, ``strongest`` (the largest value of its map) and ``row`` of the store.
        images: (n, height, width, channels), uint8.
        maps: (n, height, width), float32, on the method's own scale.
    """

    model: str
    method: str
    layer: str
    cases: pd.DataFrame
    images: np.ndarray
    maps: np.ndarray


def interpret(
    run: Run, images: Images, evaluation: Evaluation, model_folder: Path, folder: Path, *, count: int, seed: int
) -> list[Path]:
    """Choose ``count`` test cases of the best network by rule and write their heatmaps to ``folder``.

    The map explains the predicted class, also where the prediction is wrong.

    Returns:
        The files written.
    """
    from cnnproj.interpretation.heatmaps import explain

    recipe = load_recipe(model_folder)
    model = load_model(model_folder)
    test = open_test(run, images, "interpretation", {recipe.model: recipe.weights_digest})
    _, probabilities = evaluation.probabilities(recipe.model)
    cases = choose_cases(probabilities, test.labels, count)
    positions = cases["position"].to_numpy()
    heatmaps = explain(model, test.images(positions) / 255, cases["predicted"].to_numpy(), seed=seed)
    rows = test.rows[positions]
    names = np.array(test.classes)
    table = pd.DataFrame(
        {
            "rule": cases["rule"],
            "image": images.table.set_index("row")["image"].loc[rows].to_numpy(),
            "label": names[cases["label"]],
            "predicted": names[cases["predicted"]],
            "probability": cases["probability"],
            "label_probability": cases["label_probability"],
            "strongest": heatmaps.maps.max(axis=(1, 2)),
            "row": rows,
        }
    )
    write_table(folder / CASES, table)
    with replacing(folder / MAPS) as partial:
        np.save(partial, heatmaps.maps)
    method = {"model": recipe.model, "method": heatmaps.method, "layer": heatmaps.layer}
    write_text(folder / METHOD, json.dumps(method, indent=2) + "\n")
    return [folder / name for name in (CASES, MAPS, METHOD)]


def load_interpretation(folder: Path, images: Images) -> Interpretation:
    """The interpretation that ``interpret`` wrote to ``folder``."""
    text = dict.fromkeys(("rule", "image", "label", "predicted"), "string")
    cases = pd.read_csv(folder / CASES, dtype=text, keep_default_na=False)
    method = json.loads((folder / METHOD).read_text(encoding="utf-8"))
    shown = np.asarray(images.pixels[cases["row"].to_numpy()])
    return Interpretation(**method, cases=cases, images=shown, maps=np.load(folder / MAPS))
