"""A stranger's CSV: every column known, every cell of its kind, read cell by cell and never more than is allowed."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cnnproj.submission.opening.documents import read_text
from cnnproj.submission.opening.limits import Limits, Unreadable, shown
from cnnproj.words import say

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Column:
    """What stands in the cells of a column.

    Attributes:
        kind: in sentences, below ``opened.expected.``.
        dtype: of the column in the table that is made of it.
        parse: gives what a cell holds; raises ``ValueError`` where that is not of this kind.
        empty: what an empty cell stands for; none where it is not of this kind.
        bounds: what the sentence says of them.
    """

    kind: str
    dtype: Any
    parse: Callable[[str], Any]
    empty: Any = None
    bounds: str = ""

    @property
    def or_empty(self) -> Column:
        """The same, where a cell may be empty: whole numbers and flags then are numbers, NaN where there is none."""
        if self.dtype is object:
            return Column(self.kind, object, self.parse, "", self.bounds)
        return Column(self.kind, np.float64, self.parse, math.nan, self.bounds)


def choice(*names: str) -> Column:
    """One of the ``names``, of which one may be ""."""
    known = frozenset(names)
    empty = "" if "" in known else None
    listed = ", ".join(name for name in names if name)
    return Column("choice", object, lambda cell: _require(cell in known, cell), empty, listed)


def whole(low: int = 0, high: int = 10**15) -> Column:
    """A whole number from ``low`` to ``high``."""

    def parse(cell: str) -> int:
        number = int(_require(_WHOLE.fullmatch(cell), cell))
        return int(_require(low <= number <= high, number))

    return Column("whole", np.int64, parse, bounds=f"{low:,} … {high:,}")


def _require(is_so: object, value: Any) -> Any:
    if not is_so:
        raise ValueError(value)
    return value


def _number(cell: str) -> float:
    number = float(_require(_NUMBER.fullmatch(cell), cell))
    return float(_require(math.isfinite(number), number))


def _share(cell: str) -> float:
    number = _number(cell)
    return float(_require(0 <= number <= 1, number))


TEXT = Column("text", object, str, "")
DIGEST = Column("digest", object, lambda cell: _require(_DIGEST.fullmatch(cell), cell))
NUMBER = Column("number", np.float64, _number)
SHARE = Column("share", np.float64, _share, bounds="0 … 1")
FLAG = Column("flag", np.bool_, lambda cell: {"True": True, "False": False}[_require(cell in ("True", "False"), cell)])


@dataclass(frozen=True)
class Schema:
    """The columns of a table.

    Attributes:
        columns: those that are there, by name.
        optional: those that may be.
        others: what all others are, whose names begin with ``prefix``; none where there are no others.
        prefix: see ``others``.
    """

    columns: Mapping[str, Column]
    optional: Mapping[str, Column] | None = None
    others: Column | None = None
    prefix: str = ""

    def column(self, name: str) -> Column | None:
        """What stands below ``name``; none where that is no column of the table."""
        known = {**self.columns, **(self.optional or {})}
        return known.get(name, self.others if name.startswith(self.prefix) else None)


# A hyperparameter: each column is of the narrowest kind that all its cells have.
ANY = Column("text", None, str, "")


def read_table(data: bytes, name: str, schema: Schema, limits: Limits) -> pd.DataFrame:
    """The table in the CSV file ``name``.

    Raises:
        Unreadable: naming the line and the column that are not as they must be.
    """
    if b"\0" in data:
        raise Unreadable("opened.not_utf8", file=name, place=data.index(b"\0"))
    read_text(data, name)  # to say where it is none
    rows = csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8", newline=""), strict=True)
    try:
        header = next(rows, [])
        columns = _columns(header, name, schema, limits)
        cells: list[list[Any]] = [[] for _ in header]
        for number, row in enumerate(rows, start=1):
            if len(row) != len(header):
                came = {"line": rows.line_num, "expected": len(header), "came": len(row)}
                raise Unreadable("opened.row", file=name, **came)
            if number * len(header) > limits.cells:
                raise Unreadable("opened.cells", file=name, most=limits.cells)
            for place, (column, cell) in enumerate(zip(columns, row, strict=True)):
                cells[place].append(_parsed(column, cell, name, rows.line_num, header[place], limits))
    except csv.Error as error:
        raise Unreadable("opened.not_csv", file=name, line=rows.line_num, reason=shown(error)) from None
    made = [_series(column, values) for column, values in zip(columns, cells, strict=True)]
    return pd.DataFrame(dict(zip(header, made, strict=True)), columns=header)


def _columns(header: list[str], name: str, schema: Schema, limits: Limits) -> list[Column]:
    if len(header) > limits.columns:
        raise Unreadable("opened.columns", file=name, n=len(header), most=limits.columns)
    lacking = [column for column in schema.columns if column not in header]
    if lacking:
        raise Unreadable("opened.column_missing", file=name, column=lacking[0], came=shown(", ".join(header)))
    columns = []
    for place, column in enumerate(header):
        known = schema.column(column)
        if known is None or len(column) > limits.text or column in header[:place]:
            raise Unreadable("opened.column_unknown", file=name, column=shown(column))
        columns.append(known)
    return columns


def _parsed(column: Column, cell: str, name: str, line: int, header: str, limits: Limits) -> Any:
    try:
        return _value(column, _require(len(cell) <= limits.text, cell))
    except ValueError:
        expected = say(f"opened.expected.{column.kind}", bounds=column.bounds, most=limits.text)
        where = {"line": line, "column": shown(header)}
        raise Unreadable("opened.cell", file=name, **where, expected=expected, came=shown(cell)) from None


def _series(column: Column, values: list[Any]) -> pd.Series:
    if column is ANY:
        column, values = _narrowed(values)
    series: pd.Series = pd.Series(values, dtype=column.dtype)
    return series


def _narrowed(cells: list[str]) -> tuple[Column, list[Any]]:
    """The narrowest kind that all ``cells`` have, and what they hold."""
    for narrow in (whole(-(10**15)), NUMBER.or_empty, FLAG):
        try:
            return narrow, [_value(narrow, cell) for cell in cells]
        except ValueError:
            continue
    return TEXT, list(cells)


def _value(column: Column, cell: str) -> Any:
    return column.empty if cell == "" and column.empty is not None else column.parse(cell)
