"""Whether tables and headlines are those that come out of the predictions, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from pydantic import BaseModel

from cnnproj.run import MANIFEST
from cnnproj.submission.finding import Finding, Tally
from cnnproj.submission.verification import tolerances
from cnnproj.submission.verification.evidence import Evidence


def interval_tolerance(evidence: Evidence) -> float:
    """How far the bounds of an interval may be off: another numpy may draw other resamples from the same seed."""
    same_numpy = evidence.submission.manifest.environment.get("numpy") == np.__version__
    return tolerances.SCORE if same_numpy else tolerances.INTERVAL


def headlines_differ(
    key: str, claimed: Mapping[str, BaseModel], found: Mapping[str, BaseModel], tally: Tally
) -> Iterator[Finding]:
    """Every number of the scores that ``run.json`` has below ``key`` that is not as it comes out."""
    for model in sorted(claimed.keys() | found.keys()):
        where = f"{MANIFEST}: {key}.{model}"
        if (model in claimed) != (model in found):
            yield Finding("discrepancy", "other_models", {"where": where})
            continue
        said = claimed[model].model_dump()
        for name, value in found[model].model_dump().items():
            tally.add(1)
            if not _is_same(said[name], value):
                told = {"where": f"{where}.{name}", "claimed": _shown(said[name]), "found": _shown(value)}
                yield Finding("discrepancy", "other_score", told)


def _is_same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= tolerances.SCORE


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.5f}"


def tables_differ(
    where: str, claimed: pd.DataFrame, found: pd.DataFrame, interval: float, tally: Tally
) -> Iterator[Finding]:
    """The first cell of a table that is not as it comes out, and how many are; bounds may be off by ``interval``."""
    if list(claimed.columns) != list(found.columns) or len(claimed) != len(found):
        yield Finding("discrepancy", "other_table", {"where": where})
        return
    tally.add(found.size)
    wrong: list[tuple[int, str]] = []
    for column in found.columns:
        theirs, ours = claimed[column].to_numpy(), found[column].to_numpy()
        if ours.dtype.kind in "fiu" and theirs.dtype.kind in "fiu":
            apart = np.abs(theirs.astype(float) - ours.astype(float))
            allowed = interval if column in ("low", "high") else tolerances.SCORE
            differs = (apart > allowed) | (np.isnan(theirs.astype(float)) != np.isnan(ours.astype(float)))
            tally.add(0, float(apart[~differs & ~np.isnan(apart)].max(initial=0)))
        else:
            differs = theirs.astype(str) != ours.astype(str)
        wrong += [(int(row), column) for row in np.flatnonzero(differs)]
    if wrong:
        row, column = min(wrong)
        values = {"claimed": str(claimed[column].iloc[row]), "found": str(found[column].iloc[row])}
        yield Finding(
            "discrepancy", "other_cells", {"where": f"{where}: {row + 1}, {column}", "n": len(wrong), **values}
        )
