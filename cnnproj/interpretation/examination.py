"""Can the heatmaps be believed? Each check comes to one number, over many test images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from cnnproj.anatomy.receptive_field import Field
from cnnproj.interpretation.belief import RANDOM, Belief
from cnnproj.interpretation.curves import CURVES, SHARES, Curves, area, follow, follow_random
from cnnproj.interpretation.heatmaps import enlarge, seen_by, smooth_grad
from cnnproj.interpretation.opened_model import OpenedModel
from cnnproj.interpretation.pointing import hits
from cnnproj.interpretation.sanity import Maps, Randomised, randomised, stability


def examine(
    opened: OpenedModel,
    images: np.ndarray,
    masks: np.ndarray | None,
    *,
    seed: int,
    done: Callable[[], None] = lambda: None,
) -> Belief:
    """Put the heatmaps of ``images`` to the test: those of the classes that the network predicts.

    It examines Grad-CAM, Grad-CAM++ and LayerCAM, or saliency where the network keeps no positions.

    Args:
        opened: the network.
        images: float32, (n, height, width, channels), in [0, 1].
        masks: where the objects are, bool, (n, height, width), or ``None`` where nobody knows.
        seed: of all that is drawn.
        done: called after each of the three checks.
    """
    classes = opened.probabilities(images).argmax(axis=1)
    explain = _maps(opened, classes, seed)
    maps = explain(images)
    size = images.shape[1:3]
    first = next(iter(maps))
    grain, field = maps[first].shape[1:], seen_by(opened, first)
    large = {method: enlarge(found, size, field) for method, found in maps.items()}
    curves = {method: follow(opened, images, classes, found, seed=seed) for method, found in large.items()}
    curves[RANDOM] = follow_random(opened, images, classes, grain, field, seed=seed)
    done()
    random = randomised(opened, explain, images, seed=seed)
    done()
    stable = stability(explain, images, seed=seed)
    done()
    rows = []
    for method in maps:
        row = {"method": method, "n": len(images), **_areas(curves[method], curves[RANDOM])}
        row |= {"randomised": random.agreement[method][-1].mean(), "stable": stable[method].mean()}
        if masks is not None:
            row["pointing"] = hits(large[method], masks).mean()
            others = [enlarge(found[method], size, field) for found in random.maps]
            row["pointing_randomised"] = np.mean([hits(one, masks) for one in others])
            row["object"] = by_chance(masks, grain, field)
        rows.append(row)
    columns = ["pointing", "pointing_randomised", "object"]
    numbers = pd.DataFrame(rows, columns=[*(name for name in rows[0] if name not in columns), *columns])
    return Belief(numbers, _points(curves), _layers(random))


def by_chance(masks: np.ndarray, grain: tuple[int, ...], field: Field) -> float:
    """How often the peak of a random map lies on the object: the object's share of the pixels that a map reaches.

    Args:
        masks: bool, (n, height, width).
        grain: rows and columns of positions of the maps.
        field: what a position of them sees.
    """
    reached = enlarge(np.ones((1, *grain), np.float32), masks.shape[1:], field)[0] > 0
    return float(masks[:, reached].mean())


def _maps(opened: OpenedModel, classes: np.ndarray, seed: int) -> Maps:
    """Gives the coarse maps of images, by method."""
    if opened.layer is None:
        return lambda images: {"saliency": smooth_grad(opened, images, classes, seed=seed)}
    return lambda images: opened.class_activation(images, classes)


def _areas(curves: Curves, random: Curves) -> dict[str, float]:
    own = {name: area(getattr(curves, name)).mean() for name in CURVES}
    others = {f"random_{name}": area(getattr(random, name)).mean() for name in CURVES}
    return {**own, **others, "better": int((curves.gain > random.gain).sum())}


def _points(curves: dict[str, Curves]) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {"method": method, "curve": name, "share": SHARES, "probability": getattr(found, name).mean(axis=0)}
        )
        for method, found in curves.items()
        for name in CURVES
    ]
    return pd.concat(parts, ignore_index=True)


def _layers(random: Randomised) -> pd.DataFrame:
    steps = np.arange(1, len(random.layers) + 1)
    parts = [
        pd.DataFrame({"method": method, "step": steps, "layer": random.layers, "agreement": found.mean(axis=1)})
        for method, found in random.agreement.items()
    ]
    return pd.concat(parts, ignore_index=True)
