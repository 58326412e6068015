"""Explain three to five test cases of the best network, and examine whether its heatmaps can be believed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cnnproj.data.images import Images, Part
from cnnproj.data.sources.source import Source
from cnnproj.evaluation.evaluate import Evaluation
from cnnproj.evaluation.test_set import open_test
from cnnproj.files import replacing, write_table, write_text
from cnnproj.interpretation.belief import Belief, load_belief
from cnnproj.interpretation.cases import choose_cases
from cnnproj.interpretation.feature_maps import FeatureMaps, load_feature_maps
from cnnproj.interpretation.pointing import masks_of
from cnnproj.progress import Progress
from cnnproj.randomness import derive_seed
from cnnproj.recipe import load_model, load_recipe
from cnnproj.run import Run
from cnnproj.words import say

CASES, MAPS, METHODS = "cases.csv", "heatmaps.npy", "methods.json"
EXAMINED = 64  # test images, at most


@dataclass(frozen=True)
class Interpretation:
    """The cases that are shown, with their heatmaps, and what speaks for these.

    Attributes:
        model: the network explained.
        layer: the layer that the class activation maps read; empty where it keeps no positions.
        cases: a row a case: ``rule``, ``image``, ``label``, ``predicted``, ``second`` (the runner-up; names),
            ``probability`` (of the prediction), ``second_probability``, ``label_probability``, ``strongest`` (the
            largest value of the first method's map) and ``row`` of the store.
        images: (n, height, width, channels), uint8.
        heatmaps: (n, height, width), float32, by method, each on its own scale; the first is the one examined.
        belief: whether the heatmaps can be believed.
        features: the feature maps of the first case, and the first filters.
    """

    model: str
    layer: str
    cases: pd.DataFrame
    images: np.ndarray
    heatmaps: Mapping[str, np.ndarray]
    belief: Belief
    features: FeatureMaps

    @property
    def method(self) -> str:
        """The first method."""
        return next(iter(self.heatmaps))


def interpret(
    run: Run,
    images: Images,
    source: Source,
    evaluation: Evaluation,
    model_folder: Path,
    folder: Path,
    *,
    count: int,
    seed: int,
) -> list[Path]:
    """Choose ``count`` test cases of the best network by rule and write their heatmaps to ``folder``.

    The maps explain the predicted class, also where the prediction is wrong. On up to 64 test images, drawn by
    ``seed``, it is examined whether they can be believed.

    Args:
        run: whose ledger the opening of the test part is entered in.
        images: of the run.
        source: of the images; its masks are used where it has them.
        evaluation: of the run.
        model_folder: of the best network.
        folder: where the files go.
        count: how many cases, 3 to 5.
        seed: of all that is drawn.

    Returns:
        The files written.
    """
    from cnnproj.interpretation.examination import examine
    from cnnproj.interpretation.feature_maps import feature_maps
    from cnnproj.interpretation.heatmaps import heatmaps, methods
    from cnnproj.interpretation.opened_model import OpenedModel

    recipe, model = load_recipe(model_folder), load_model(model_folder)
    test = open_test(run, images, "interpretation", {recipe.model: recipe.weights_digest})
    _, probabilities = evaluation.probabilities(recipe.model)
    cases = choose_cases(probabilities, test.labels, count)
    positions, predicted = cases["position"].to_numpy(), cases["predicted"].to_numpy()
    opened = OpenedModel(model)
    used = methods(opened)
    with Progress(say("progress.interpreting"), len(used) + 3) as progress:
        shown, maps = _pixels(test, positions), []
        for method in used:
            maps.append(heatmaps(opened, method, shown, predicted, seed=seed))
            progress.advance()
        checked = _draw(len(test), seed)
        masks = masks_of(source, _names(images, test.rows[checked]), images.shape[:2], recipe.resize)
        belief = examine(opened, _pixels(test, checked), masks, seed=seed, done=progress.advance)
    table = _table(cases, test, images).assign(strongest=maps[0].max(axis=(1, 2)), row=test.rows[positions])
    write_table(folder / CASES, table)
    with replacing(folder / MAPS) as partial:
        np.save(partial, np.stack(maps))
    known = {"model": recipe.model, "layer": opened.layer or "", "methods": list(used)}
    write_text(folder / METHODS, json.dumps(known, indent=2) + "\n")
    features = feature_maps(model, shown[0])
    return [*(folder / name for name in (CASES, MAPS, METHODS)), *belief.save(folder), *features.save(folder)]


def _pixels(part: Part, positions: np.ndarray) -> np.ndarray:
    return part.images(positions).astype(np.float32) / 255


def _draw(count: int, seed: int) -> np.ndarray:
    """Positions of the test images that are examined, in order."""
    order = np.random.default_rng(derive_seed(seed, "examined")).permutation(count)
    return np.sort(order[:EXAMINED])


def _names(images: Images, rows: np.ndarray) -> list[str]:
    return [str(name) for name in images.table.set_index("row")["image"].loc[rows]]


def _table(cases: pd.DataFrame, test: Part, images: Images) -> pd.DataFrame:
    """``cases`` with names in place of positions."""
    names = np.array(test.classes)
    columns = {name: names[cases[name]] for name in ("label", "predicted", "second")}
    numbers = ["probability", "second_probability", "label_probability"]
    table = pd.DataFrame({"rule": cases["rule"], "image": _names(images, test.rows[cases["position"].to_numpy()])})
    return pd.concat([table.assign(**columns), cases[numbers]], axis=1)


def load_interpretation(folder: Path, images: Images) -> Interpretation:
    """The interpretation that ``interpret`` wrote to ``folder``."""
    text = dict.fromkeys(("rule", "image", "label", "predicted", "second"), "string")
    cases = pd.read_csv(folder / CASES, dtype=text, keep_default_na=False)
    known = json.loads((folder / METHODS).read_text(encoding="utf-8"))
    return Interpretation(
        model=known["model"],
        layer=known["layer"],
        cases=cases,
        images=np.asarray(images.pixels[images.table.set_index("image")["row"].loc[cases["image"]].to_numpy()]),
        heatmaps=dict(zip(known["methods"], np.load(folder / MAPS), strict=True)),
        belief=load_belief(folder),
        features=load_feature_maps(folder),
    )
