"""The table of the lectures: the famous networks as they were published, beside those of the run as they did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cnnproj.anatomy.famous import comparison, notes, originals
from cnnproj.anatomy.measured import measured
from cnnproj.data.images import Images


@dataclass(frozen=True)
class Networks:
    """The famous networks and the student's.

    Attributes:
        famous: a row a network in its original form: see ``famous.comparison``.
        notes: what is often said of them and is not so, with the right figure.
        measured: a row a trained network of the run: see ``measured.measured``; empty before the first.
    """

    famous: pd.DataFrame
    notes: list[str]
    measured: pd.DataFrame


def networks(folders: Mapping[str, Path], images: Images | None, scores: pd.DataFrame | None) -> Networks:
    """The table; the famous networks are built for it, without their weights.

    Args:
        folders: of the trained networks of the run, by name.
        images: of the run; ``None`` before there are any.
        scores: of its evaluation; ``None`` where there is none.
    """
    anatomies = originals()
    own = measured(folders, images, scores) if images is not None else pd.DataFrame()
    return Networks(comparison(anatomies), notes(anatomies), own)
