"""A network in a few boxes: what stands in line and gives maps of the same size and number is one of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import pandas as pd
from keras import layers

from cnnproj.anatomy.anatomy import CONVOLUTIONS, Anatomy


@dataclass(frozen=True)
class Stage:
    """Convolutions in line, or the blocks that they are in, whose outputs have one shape; or a dense layer.

    Attributes:
        shape: of what each gives: height, width, maps; or units.
        kernels: of the convolutions, those of the last block, the largest first; empty for a dense layer.
        depth: how many layers with weights are on the main path through it.
    """

    shape: tuple[int, ...]
    kernels: tuple[str, ...]
    depth: int


def stages(anatomy: Anatomy) -> list[Stage]:
    """The stages of a network, from the image on; layers without kernels belong to none."""
    units = [
        unit
        for _, rows in groupby(range(len(anatomy.layers)), lambda row: anatomy.layers["layer"].iloc[row].split("/")[0])
        if (unit := _unit(anatomy, list(rows))) is not None
    ]
    found: list[Stage] = []
    for unit in units:
        if found and found[-1].shape == unit.shape and unit.kernels and found[-1].kernels and len(unit.shape) == 3:
            found[-1] = Stage(unit.shape, unit.kernels, found[-1].depth + unit.depth)
        else:
            found.append(unit)
    return found


def _unit(anatomy: Anatomy, rows: list[int]) -> Stage | None:
    """One layer or block as a stage by itself; ``None`` where nothing in it has a kernel."""
    steps, table = [anatomy.unfolded.steps[row] for row in rows], anatomy.layers.iloc[rows]
    convolves = pd.Series([isinstance(step.layer, CONVOLUTIONS) for step in steps], table.index)
    weighs = convolves | pd.Series([isinstance(step.layer, layers.Dense) for step in steps], table.index)
    if not weighs.any():
        return None
    kernels = sorted(set(table.loc[convolves, "kernel"]), key=lambda text: [-int(side) for side in text.split("×")])
    return Stage(steps[-1].shape, tuple(kernels), int((weighs & table["main"]).sum()))
