"""What speaks for the heatmaps of a network and against them, in numbers, and its tables on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cnnproj.files import write_table

NUMBERS, POINTS, LAYERS = "belief.csv", "curves.csv", "randomised.csv"
RANDOM = "random"  # what stands for the method in rows about random maps


@dataclass(frozen=True)
class Belief:
    """What speaks for the heatmaps and against them, on ``n`` test images.

    Attributes:
        numbers: a row a method: ``method``, ``n``; the mean areas under its curves ``deletion`` and ``insertion``, and
            ``random_deletion`` and ``random_insertion`` of random maps; ``better``, the number of images on which
            insertion less deletion is higher than with random maps; ``randomised``, the mean rank correlation of its
            maps with those of the network with nothing but random weights; ``stable``, that with the maps of images
            under slight noise; and, where the objects are known, else missing, ``pointing``, the share of its peaks on
            the object, ``pointing_randomised``, that of random weights, and ``object``, the object's share of the
            image, which is what a random peak reaches.
        curves: ``method`` (also ``random``), ``curve`` (``deletion`` or ``insertion``), ``share`` (of the pixels),
            ``probability`` (the mean).
        layers: ``method``, ``step`` (from 1), ``layer`` (the last one that is random by then), ``agreement`` (mean).
    """

    numbers: pd.DataFrame
    curves: pd.DataFrame
    layers: pd.DataFrame

    @property
    def main(self) -> pd.Series:
        """The numbers of the first method."""
        return self.numbers.iloc[0]

    def save(self, folder: Path) -> list[Path]:
        """Write the tables to ``folder``; returns the files."""
        for name, table in zip((NUMBERS, POINTS, LAYERS), (self.numbers, self.curves, self.layers), strict=True):
            write_table(folder / name, table)
        return [folder / name for name in (NUMBERS, POINTS, LAYERS)]


def load_belief(folder: Path) -> Belief:
    """The tables that ``Belief.save`` wrote to ``folder``."""
    text = {"layer": "string"}
    return Belief(*(pd.read_csv(folder / name, dtype=text, keep_default_na=True) for name in (NUMBERS, POINTS, LAYERS)))
