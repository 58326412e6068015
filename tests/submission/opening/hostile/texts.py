"""Hostile JSON, TOML and text."""

from __future__ import annotations

import json
from pathlib import Path

from .register import MILLION, RECIPE, Members, changed, hostile, replaces, zipped

replaces("json_a_million_deep", "run.json", b"[" * MILLION + b"]" * MILLION, "depth")
replaces("json_a_million_deep_and_open", "run.json", b'{"a":' * MILLION, "depth")
replaces("json_of_too_many_values", "data/dealt.json", b"[" + b"0," * 3 * MILLION + b"0]", "values")
replaces("json_text_without_end", "run.json", b'"' + b'\\"' * MILLION, "not_json")
replaces("json_key_twice", "run.json", b'{"version": 1, "version": 1, "name": "a"}', "not_json")
replaces("json_not_a_number", "models/mlp/best.json", b'{"units": NaN}', "not_json")
replaces("json_infinite", "models/mlp/best.json", b'{"units": 1e999}', "not_json")
replaces("json_endless_number", "models/mlp/best.json", b'{"units": ' + b"9" * 100_000 + b"}", "not_json")
replaces("json_of_another_kind", "models/mlp/best.json", b'["units"]', "value")
replaces("json_no_utf8", "data/classes.json", b'["\xff", "\xfe"]', "not_utf8")
replaces("json_with_more_keys", "run.json", changed(__class__="os.system"), "value")
replaces("classes_twice", "data/classes.json", b'["across", "across", "down"]', "classes")
replaces("toml_deep", "project.toml", b"a = " + b"[" * 100_000, "depth")
replaces("toml_long_key", "project.toml", b".".join([b"a"] * 100_000) + b" = 1", "depth")
replaces("toml_text_without_end", "project.toml", b'a = """' + b'""\\' * 50_000, "not_toml")
replaces("toml_deep_pattern", "project.toml", b"[data]\ngroup_pattern = '" + b"(" * 50_000 + b"'", "value")
replaces("toml_unknown_key", "project.toml", b"[data]\n__import__ = 'os'", "value")
replaces("report_no_utf8", "report.html", b"<html>\xff", "not_utf8")
replaces("notebook_of_another_kind", "notebooks/01_data.ipynb", b'{"nbformat": 4, "cells": "x"}', "value")


@hostile("leads_out")
def record_of_files_elsewhere(members: Members, folder: Path) -> bytes:
    run = json.loads(members["run.json"])
    run["stages"]["audit"]["outputs"]["../../../etc/passwd"] = "0" * 64
    return zipped({**members, "run.json": json.dumps(run).encode()})


replaces("recipe_of_another_name", RECIPE, changed(model="../../mlp"), "recipe")
replaces("recipe_of_a_huge_image", RECIPE, changed(shape=[10**6, 10**6, 3]), "recipe")
replaces("recipe_of_a_huge_layer", RECIPE, changed(hyperparameters={"units": 10**12}), "recipe")
replaces("recipe_of_endless_layers", RECIPE, changed(hyperparameters={"depth": 60_000}), "recipe")
replaces("recipe_of_other_classes", RECIPE, changed(classes=["a", "b"]), "recipe")
replaces("recipe_not_finite", RECIPE, changed(val_loss="NaN"), "not_finite")
