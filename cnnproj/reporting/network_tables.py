"""The tables about networks as people read them: headings in their language, numbers with their units."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from cnnproj.models import architectures
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.anatomy.anatomy import Anatomy
    from cnnproj.anatomy.networks import Networks
    from cnnproj.reporting.results import Training

Told = tuple[list[pd.DataFrame], list[str]]


def layers_of(anatomy: Anatomy) -> Told:
    """The table of the layers of ``anatomy``, and what they come to, a line each."""
    return [readable(anatomy.layers)], totals_of(anatomy)


def totals_of(anatomy: Anatomy) -> list[str]:
    """What the layers of ``anatomy`` come to together, a sentence each."""
    totals = anatomy.totals
    said = [say("anatomy.total.depth", n=totals["depth"], convolutions=totals["convolutions"])]
    if totals["feature_maps"]:
        said.append(say("anatomy.total.maps", n=totals["feature_maps"]))
    said.append(say("anatomy.total.parameters", n=totals["parameters"], trainable=totals["trainable"]))
    if totals["multiply_adds"] is not None:
        said.append(say("anatomy.total.multiply_adds", count=_count(totals["multiply_adds"])))
    if totals["receptive_field"]:
        said.append(say("anatomy.total.receptive_field", size=totals["receptive_field"]))
    return said


def compared(networks: Networks) -> Told:
    """The famous networks in two tables, those of the run if there are any, and the notes on the first, a line each."""
    costs = ["trainable", "multiply_adds", "top5_error", "measured", "source"]
    parts = (networks.famous.drop(columns=costs), networks.famous[["network", *costs]], networks.measured)
    tables = [readable(table) for table in parts if not table.empty]
    lines = [f"{number}. {note}" for number, note in enumerate(networks.notes, start=1)]
    if not networks.measured.empty:
        lines.append(say("anatomy.computed_memory"))
    return tables, lines


def network_costs(trainings: Mapping[str, Training]) -> pd.DataFrame:
    """What the trained networks are made of and took, for the report; those whose architecture is cnnproj's own."""
    from cnnproj.anatomy.measured import anatomy_of, costs

    known = architectures()
    rows = [
        {"model": name, **costs(training.recipe, training.history, anatomy_of(name, training.recipe))}
        for name, training in trainings.items()
        if name in known and known[name].ours
    ]
    return readable(pd.DataFrame(rows))


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """``table`` with headings that people read and every cell as text; an interval stands in one column."""
    told = table.copy()
    for part in ("val", "test"):
        if f"{part}_low" in told:
            ends = zip(told.pop(f"{part}_low"), told.pop(f"{part}_high"), strict=True)
            place = told.columns.get_loc(f"{part}_accuracy")
            told.insert(int(place) + 1, f"{part}_interval", [_interval(low, high) for low, high in ends])  # type: ignore[arg-type]
    told = told.astype(object)
    for name in told.columns:
        told[name] = [_FORMS.get(str(name), _plain)(value) if _is_there(value) else "–" for value in told[name]]
    return told.rename(columns={name: say(f"anatomy.column.{name}") for name in told.columns})


def _is_there(value: Any) -> bool:
    return value is not None and value is not pd.NA and value == value and value != ""


def _plain(value: Any) -> str:
    return str(value)


def _whole(value: Any) -> str:
    return f"{int(value):,}"


def _count(value: Any) -> str:
    """A large number with three digits: 1.81 G."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= size:
            digits = max(0, 2 - int(math.log10(value / size)))
            return f"{value / size:.{digits}f} {unit}"
    return str(int(value))


def _share(value: Any) -> str:
    return f"{value:.3f}"


def _interval(low: float, high: float) -> str:
    return f"{low:.3f} – {high:.3f}" if low == low else ""


def _seen(value: Any) -> str:
    return say("anatomy.all") if value == "all" else str(value)


_FORMS: dict[str, Callable[[Any], str]] = {
    "parameters": _whole,
    "trainable": _whole,
    "multiply_adds": _count,
    "maps": lambda value: _whole(value) if value else "–",
    "main": lambda value: "●" if value else "",
    "receptive_field": _seen,
    "val_accuracy": _share,
    "test_accuracy": _share,
    "seconds": lambda value: f"{value:.1f}",
    "memory": lambda value: f"{value / 2**20:,.0f} MiB",
    "top5_error": lambda value: f"{value:g} %",
}
