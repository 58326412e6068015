"""Hostile tables."""

from __future__ import annotations

from .register import MILLION, replaces

_HISTORY = "models/mlp/history.csv"
_HEAD = b"epoch,loss,accuracy,val_loss,val_accuracy,seconds,waited\n"
replaces("table_formula", _HISTORY, _HEAD + b"=cmd|'/c calc'!A1,1,1,1,1,1,1\n", "cell")
replaces("table_not_a_number", _HISTORY, _HEAD + b"1,nan,1,1,1,1,1\n", "cell")
replaces("table_above_one", _HISTORY, _HEAD + b"1,1,1.5,1,1,1,1\n", "cell")
replaces("table_endless_number", _HISTORY, _HEAD + b"9" * 100_000 + b",1,1,1,1,1,1\n", "cell")
replaces("table_of_short_rows", _HISTORY, _HEAD + b"1,1\n", "row")
replaces("table_of_a_million_columns", _HISTORY, b",".join(b"c%d" % n for n in range(MILLION)), "columns")
replaces("table_of_an_endless_cell", _HISTORY, _HEAD + b'"' + b"a" * 10 * MILLION, "not_csv")
replaces("table_without_a_column", _HISTORY, b"epoch,loss\n1,1\n", "column_missing")
replaces("table_with_a_column_more", _HISTORY, _HEAD.replace(b"waited", b"waited,__class__"), "column_unknown")
replaces("table_with_zero_bytes", _HISTORY, _HEAD + b"\0" * 1000, "not_utf8")
replaces("table_of_too_many_cells", "data/near_duplicates.csv", b"a,b,difference\n" + b",,\n" * 10, "cell")
replaces(
    "table_of_endless_rows",
    "evaluation/confusion.csv",
    b"class," + b",".join(b"c%d" % n for n in range(1000)) + b"\n" + (b"x" + b",1" * 1000 + b"\n") * 3500,
    "cells",
)
_FOUND = b"image,label,given_split,group,content,format,width,height,mode,notes,reason,gaps,row\n"
replaces("reason_of_another_room", "data/found.csv", _FOUND + b"a,b,,,,,0,0,,,report.column.model,{},-1\n", "cell")
replaces("reason_without_gaps", "data/found.csv", _FOUND + b"a,b,,,,,0,0,,,data.image_empty,{},-1\n", "gaps")
replaces("reason_deep", "data/found.csv", _FOUND + b"a,b,,,,,0,0,,,data.image_empty,%s,-1\n" % (b"[" * 999), "gaps")
replaces(
    "prediction_of_no_class",
    "evaluation/predictions_mlp.csv",
    lambda data: data.replace(b",down,", b",=1+1,"),
    "no_class",
)
