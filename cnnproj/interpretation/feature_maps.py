"""What the layers make of one image, and the filters that it meets first.

Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2014).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from cnnproj.files import replacing, write_text

if TYPE_CHECKING:
    import keras

    from cnnproj.anatomy.unfold import Unfolded

MOST_LAYERS = 24
STRONGEST = 8
MOST_FILTERS = 64
MAPS, STRONG, FILTERS, NAMES = "feature_maps.npy", "strongest_maps.npy", "filters.npy", "feature_maps.json"


@dataclass(frozen=True)
class FeatureMaps:
    """The maps of one image within a network, each enlarged to the image's size without smoothing.

    Attributes:
        layers: of each layer with maps, in order: its path and the size of its maps, as text.
        maps: the mean of each layer's maps, float32, (layers, height, width).
        stages: of the last layer (after its activation) at each size of map: its path, the size, and how many maps it
            has, as text.
        strongest: the maps of each of ``stages`` with the highest means, the highest first, float32, (stages, 8,
            height, width); fewer where the layer has fewer, the rest is empty (NaN).
        filters: of the first convolution, at most 64, float32, (filters, height, width, channels).
        kernel: the path of its layer, or "" where nothing is convolved.
    """

    layers: list[list[str]]
    maps: np.ndarray
    stages: list[list[str]]
    strongest: np.ndarray
    filters: np.ndarray
    kernel: str

    def save(self, folder: Path) -> list[Path]:
        """Write the maps to ``folder``; returns the files."""
        for name, array in ((MAPS, self.maps), (STRONG, self.strongest), (FILTERS, self.filters)):
            with replacing(folder / name) as partial:
                np.save(partial, array)
        names = {"layers": self.layers, "stages": self.stages, "kernel": self.kernel}
        write_text(folder / NAMES, json.dumps(names, indent=2, ensure_ascii=False) + "\n")
        return [folder / name for name in (MAPS, STRONG, FILTERS, NAMES)]


def load_feature_maps(folder: Path) -> FeatureMaps:
    """The maps that ``FeatureMaps.save`` wrote to ``folder``."""
    names = json.loads((folder / NAMES).read_text(encoding="utf-8"))
    arrays = {"maps": MAPS, "strongest": STRONG, "filters": FILTERS}
    return FeatureMaps(**names, **{field: np.load(folder / name) for field, name in arrays.items()})


def feature_maps(model: keras.Sequential, image: np.ndarray) -> FeatureMaps:
    """What each layer of ``model`` makes of ``image``, float32, (height, width, channels), in [0, 1].

    A layer inside a block is one too, by its path. Of more than 24 layers as many are taken, at even distances.
    """
    from cnnproj.anatomy.unfold import unfold

    size, unfolded = image.shape[:2], unfold(model)
    values = ((step.path, np.asarray(given)) for step, given in unfolded.values(image[None]))
    found = {path: maps[0].astype(np.float32) for path, maps in values if maps.ndim == 4}
    shown = _evenly(list(found), MOST_LAYERS)
    stages = _stages(found)
    kernel, filters = _first_filters(unfolded)
    return FeatureMaps(
        layers=[[name, _size(found[name])] for name in shown],
        maps=_stack([enlarged(found[name].mean(axis=-1), size) for name in shown], size),
        stages=[[name, _size(found[name]), str(found[name].shape[-1])] for name in stages],
        strongest=_stack([_strongest(found[name], size) for name in stages], (STRONGEST, *size)),
        filters=filters,
        kernel=kernel,
    )


def _stages(found: Mapping[str, np.ndarray]) -> list[str]:
    """The last layer at each size of map that leaves nothing below 0, as after an activation; or else the last."""
    last = {maps.shape[:2]: name for name, maps in found.items()}  # a later one takes the place of an earlier one
    active = {maps.shape[:2]: name for name, maps in found.items() if maps.min() >= 0}
    return list({**last, **active}.values())


def enlarged(maps: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """One map, (rows, columns), at ``size``, its values the squares that they are."""
    return np.asarray(cv2.resize(maps, (size[1], size[0]), interpolation=cv2.INTER_NEAREST))


def _strongest(maps: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    order = np.argsort(-maps.mean(axis=(0, 1)), kind="stable")[:STRONGEST]
    all_of_them = np.full((STRONGEST, *size), np.nan, np.float32)
    for place, number in enumerate(order):
        all_of_them[place] = enlarged(maps[..., number], size)
    return all_of_them


def _first_filters(unfolded: Unfolded) -> tuple[str, np.ndarray]:
    for step in unfolded.steps:
        for weight in getattr(step.layer, "weights", []):
            if len(weight.shape) == 4:
                return step.path, np.moveaxis(np.asarray(weight, np.float32), -1, 0)[:MOST_FILTERS]
    return "", np.zeros((0, 1, 1, 1), np.float32)


def _evenly(names: list[str], most: int) -> list[str]:
    if len(names) <= most:
        return names
    return [names[place] for place in np.linspace(0, len(names) - 1, most).round().astype(int)]


def _stack(arrays: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    return np.stack(arrays) if arrays else np.zeros((0, *shape), np.float32)


def _size(maps: np.ndarray) -> str:
    return f"{maps.shape[0]}×{maps.shape[1]}"
