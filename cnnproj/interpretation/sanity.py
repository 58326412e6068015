"""Does a heatmap depend on what the network has learnt, and does it stay the same where the image hardly changes?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from cnnproj.interpretation.opened_model import OpenedModel
from cnnproj.randomness import derive_seed

REPEATS = 3
MOST_STEPS = 12
NOISE = 5 / 255  # standard deviation; images are in [0, 1]

Maps = Callable[[np.ndarray], dict[str, np.ndarray]]


def agreement(maps: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each map with its other one, (n,), -1 to 1; 0 where one is the same all over."""
    first, second = (rankdata(given.reshape(len(given), -1), axis=1) for given in (maps, others))
    first, second = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (first, second))
    length = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    found: np.ndarray = np.divide((first * second).sum(axis=1), length, out=np.zeros(len(maps)), where=length > 0)
    return found


@dataclass(frozen=True)
class Randomised:
    """What is left of the maps of n images as the weights are randomised, from the last layer to the first.

    Attributes:
        layers: of each step, the last layer that is random by then.
        agreement: with the original map, by method, (steps, n), the mean over some repeats.
        maps: of each repeat, the coarse maps of the network with nothing but random weights, by method.
    """

    layers: list[str]
    agreement: dict[str, np.ndarray]
    maps: list[dict[str, np.ndarray]]


def randomised(opened: OpenedModel, explain: Maps, images: np.ndarray, *, seed: int) -> Randomised:
    """Randomise the weights of a network from its last layer to its first, and look what is left of its maps.

    The values of each weight array are dealt out anew among its places, so a layer keeps their distribution and loses
    what it has learnt. Of many layers several go at once. Afterwards the network is as it was.

    Args:
        opened: the network.
        explain: gives the coarse maps of images by method, for the classes that are explained.
        images: float32, (n, height, width, channels), in [0, 1].
        seed: of the dealing.

    Source: Adebayo et al., "Sanity checks for saliency maps" (2018), cascading randomisation.
    """
    original, layers = explain(images), opened.layers
    learnt = [layer.get_weights() for layer in layers]
    steps = np.array_split(np.arange(len(layers)), min(MOST_STEPS, len(layers)))
    left: dict[str, list[list[np.ndarray]]] = {method: [] for method in original}
    last = []
    try:
        for repeat in range(REPEATS):
            random = np.random.default_rng(derive_seed(seed, "randomised", repeat))
            for rows in left.values():
                rows.append([])
            for step in steps:
                for place in step:
                    layers[place].set_weights([_dealt_anew(array, random) for array in learnt[place]])
                maps = explain(images)
                for method, rows in left.items():
                    rows[-1].append(agreement(original[method], maps[method]))
            last.append(maps)
            _set(layers, learnt)
    finally:
        _set(layers, learnt)
    names = [layers[step[-1]].name for step in steps]
    return Randomised(names, {method: np.mean(rows, axis=0) for method, rows in left.items()}, last)


def _dealt_anew(array: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return random.permutation(array.ravel()).reshape(array.shape)


def _set(layers: list[object], weights: list[list[np.ndarray]]) -> None:
    for layer, arrays in zip(layers, weights, strict=True):
        layer.set_weights(arrays)  # type: ignore[attr-defined]


def stability(explain: Maps, images: np.ndarray, *, seed: int) -> dict[str, np.ndarray]:
    """The agreement of each map with that of the image under noise that nobody sees, by method, (n,): 1 is the same.

    Source: Alvarez-Melis and Jaakkola, "On the robustness of interpretability methods" (2018).
    """
    original = explain(images)
    found: dict[str, list[np.ndarray]] = {method: [] for method in original}
    for repeat in range(REPEATS):
        random = np.random.default_rng(derive_seed(seed, "noise", repeat))
        noise = NOISE * random.standard_normal(images.shape, dtype=np.float32)
        maps = explain(np.clip(images + noise, 0, 1))
        for method, rows in found.items():
            rows.append(agreement(original[method], maps[method]))
    return {method: np.mean(rows, axis=0) for method, rows in found.items()}
