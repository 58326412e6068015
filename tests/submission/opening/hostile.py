"""Submissions that mean harm, each made of an honest one; by name, with the sentence that must come of it."""

from __future__ import annotations

import io
import json
import pickle
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from cnnproj.submission.contents import CONTENTS

Members = Mapping[str, bytes]
CANARY = "canary"  # the file that any of them writes if it gets to run
WEIGHTS = "models/mlp/model.weights.h5"
OWN = "my_cnn"


@dataclass(frozen=True)
class Hostile:
    """How one is made.

    Attributes:
        make: gives the zip, of the members of an honest one and a folder for the canary.
        sentence: the key that it must come to.
        touches: ``files``, or ``weights`` or ``own`` where a network must be built for it to show.
    """

    make: Callable[[Members, Path], bytes]
    sentence: str
    touches: str = "files"


HOSTILE: dict[str, Hostile] = {}


def _hostile(sentence: str, touches: str = "files") -> Callable[..., Any]:
    def register(make: Callable[[Members, Path], bytes]) -> Callable[[Members, Path], bytes]:
        HOSTILE[make.__name__] = Hostile(make, f"opened.{sentence}", touches)
        return make

    return register


class _Runs:
    """Unpickled it writes the canary."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return subprocess.check_call, ([sys.executable, "-c", f"open({str(self.folder / CANARY)!r}, 'w')"],)


def zipped(members: Members, *more: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of ``members`` and, whatever they are called, of ``more``."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in [*members.items(), *more]:
            archive.writestr(name, data)
    return made.getvalue()


def _adds(name: str, sentence: str, data: bytes = b"x") -> None:
    def make(members: Members, folder: Path) -> bytes:
        return zipped(members, (name, data))

    label = "".join(letter if letter.isalnum() else "_" for letter in name[:30])
    HOSTILE[f"adds_{label}"] = Hostile(make, f"opened.{sentence}")


# The zip ------------------------------------------------------------------------------------------------------------

_adds("../outside.csv", "outside")
_adds("data/../../outside.csv", "outside")
_adds("/etc/outside.csv", "outside")
_adds("..\\..\\outside.csv", "outside")
_adds("C:\\outside.csv", "outside")
_adds("data/inner.zip", "unknown")
_adds("models/mlp/model.pkl", "unknown")
_adds("setup.py", "unknown")
_adds(".bashrc", "unknown")
_adds("models/mlp/more/recipe.json", "unknown")
_adds("figures/<script>alert(1)</script>.png", "unknown")  # the slash makes it a folder more
_adds("figures/<img src=x onerror=alert(1)>.png", "name")
_adds("figures/a\nb.png", "name")
_adds("figures/a\u202egnp.png", "name")
_adds("figures/nul.png", "name")
_adds("figures/a .png /x.png", "unknown")
_adds(f"figures/{'a' * 300}.png", "name")
_adds("models/=cmd|calc/recipe.json", "name")
_adds("models/a b/recipe.json", "name")
_adds("data/Classes.json", "twice")


def _info(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


@_hostile("link")
def symlink(members: Members, folder: Path) -> bytes:
    return zipped(members, (_info("data/passwords.csv", 0o120777), b"/etc/passwd"))


@_hostile("link")
def device(members: Members, folder: Path) -> bytes:
    return zipped(members, (_info("data/zero.csv", 0o020666), b""))


@_hostile("twice")
def same_name_twice(members: Members, folder: Path) -> bytes:
    raw = bytearray(zipped(members, ("data/classes.jsom", b"[]")))
    while (place := raw.find(b"data/classes.jsom")) >= 0:
        raw[place : place + 17] = b"data/classes.json"
    return bytes(raw)


@_hostile("twice")
def same_name_in_other_letters(members: Members, folder: Path) -> bytes:
    return zipped(members, ("figures/caf\u00e9.png", b"x"), ("figures/cafe\u0301.png", b"x"))


@_hostile("encrypted")
def encrypted(members: Members, folder: Path) -> bytes:
    raw = bytearray(zipped(members))
    raw[raw.rfind(b"PK\1\2") + 8] |= 1
    return bytes(raw)


@_hostile("method")
def lzma(members: Members, folder: Path) -> bytes:
    return zipped(members, method=zipfile.ZIP_LZMA)


@_hostile("file_size")
def bomb_in_one_file(members: Members, folder: Path) -> bytes:
    return zipped({**members, "data/found.csv": bytes(100 << 20)})


@_hostile("ratio")
def bomb_in_many_files(members: Members, folder: Path) -> bytes:
    return zipped({f"data/{number}.csv": bytes(8 << 20) for number in range(6)})


@_hostile("overlap")
def bomb_of_shared_bytes(members: Members, folder: Path) -> bytes:
    """Many names in the directory, one member."""
    raw = zipped({CONTENTS: members[CONTENTS], "data/found.csv": np.random.default_rng(1).bytes(1 << 16)})
    start = raw.rfind(b"PK\1\2")
    entry, end = raw[start:-22], raw[-22:]
    entries = b"".join(entry.replace(b"found", b"fou%02d" % number) for number in range(50))
    count, size = 1 + 50, len(raw[raw.find(b"PK\1\2") : start]) + len(entries)
    return raw[:start] + entries + end[:8] + struct.pack("<2HL", count, count, size) + end[16:]


@_hostile("member")
def header_that_lies(members: Members, folder: Path) -> bytes:
    """It says ten bytes, and a hundred million come."""
    raw = bytearray(zipped(members, ("data/zeros.csv", bytes(100_000_000))))
    place = raw.rfind(b"PK\1\2") + 24
    raw[place : place + 4] = struct.pack("<L", 10)
    return bytes(raw)


@_hostile("member")
def checksum_that_lies(members: Members, folder: Path) -> bytes:
    raw = bytearray(zipped(members))
    raw[raw.rfind(b"PK\1\2") + 16] ^= 1
    return bytes(raw)


@_hostile("no_zip")
def too_many_files(members: Members, folder: Path) -> bytes:
    return zipped(members, *((f"data/{number}.csv", b"") for number in range(2_001)))


@_hostile("no_zip")
def program_before_the_zip(members: Members, folder: Path) -> bytes:
    return b"#!/bin/sh\nexit\n" + zipped(members)


@_hostile("no_zip")
def comment_behind_the_zip(members: Members, folder: Path) -> bytes:
    return zipped(members)[:-2] + struct.pack("<H", 5) + b"hello"


@_hostile("no_zip")
def directory_of_64_bits(members: Members, folder: Path) -> bytes:
    raw = zipped(members)
    start = raw.find(b"PK\1\2")
    size = len(raw) - 22 - start
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1 << 40, 1 << 40, size, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(raw) - 22, 1)
    return raw[:-22] + record + locator + raw[-22:]


@_hostile("no_zip")
def cut_off(members: Members, folder: Path) -> bytes:
    return zipped(members)[:-1000]


@_hostile("no_zip")
def web_page(members: Members, folder: Path) -> bytes:
    return b"<html><script>alert(1)</script></html>"


@_hostile("no_zip")
def empty(members: Members, folder: Path) -> bytes:
    return b""


@_hostile("no_zip")
def pickle_named_zip(members: Members, folder: Path) -> bytes:
    return pickle.dumps(_Runs(folder))


# JSON, TOML, text ---------------------------------------------------------------------------------------------------


def _replaces(label: str, name: str, data: bytes | Callable[[bytes], bytes], sentence: str) -> None:
    def make(members: Members, folder: Path) -> bytes:
        return zipped({**members, name: data(members[name]) if callable(data) else data})

    HOSTILE[label] = Hostile(make, f"opened.{sentence}")


def _changed(**values: Any) -> Callable[[bytes], bytes]:
    return lambda data: json.dumps({**json.loads(data), **values}).encode()


_MILLION = 1_000_000
_replaces("json_a_million_deep", "run.json", b"[" * _MILLION + b"]" * _MILLION, "depth")
_replaces("json_a_million_deep_and_open", "run.json", b'{"a":' * _MILLION, "depth")
_replaces("json_of_too_many_values", "data/dealt.json", b"[" + b"0," * 3 * _MILLION + b"0]", "values")
_replaces("json_text_without_end", "run.json", b'"' + b'\\"' * _MILLION, "not_json")
_replaces("json_key_twice", "run.json", b'{"version": 1, "version": 1, "name": "a"}', "not_json")
_replaces("json_not_a_number", "models/mlp/best.json", b'{"units": NaN}', "not_json")
_replaces("json_infinite", "models/mlp/best.json", b'{"units": 1e999}', "not_json")
_replaces("json_endless_number", "models/mlp/best.json", b'{"units": ' + b"9" * 100_000 + b"}", "not_json")
_replaces("json_of_another_kind", "models/mlp/best.json", b'["units"]', "value")
_replaces("json_no_utf8", "data/classes.json", b'["\xff", "\xfe"]', "not_utf8")
_replaces("json_with_more_keys", "run.json", _changed(__class__="os.system"), "value")
_replaces("classes_twice", "data/classes.json", b'["across", "across", "down"]', "classes")
_replaces("toml_deep", "project.toml", b"a = " + b"[" * 100_000, "depth")
_replaces("toml_long_key", "project.toml", b".".join([b"a"] * 100_000) + b" = 1", "depth")
_replaces("toml_text_without_end", "project.toml", b'a = """' + b'""\\' * 50_000, "not_toml")
_replaces("toml_deep_pattern", "project.toml", b"[data]\ngroup_pattern = '" + b"(" * 50_000 + b"'", "value")
_replaces("toml_unknown_key", "project.toml", b"[data]\n__import__ = 'os'", "value")
_replaces("report_no_utf8", "report.html", b"<html>\xff", "not_utf8")
_replaces("notebook_of_another_kind", "notebooks/01_data.ipynb", b'{"nbformat": 4, "cells": "x"}', "value")


@_hostile("leads_out")
def record_of_files_elsewhere(members: Members, folder: Path) -> bytes:
    run = json.loads(members["run.json"])
    run["stages"]["audit"]["outputs"]["../../../etc/passwd"] = "0" * 64
    return zipped({**members, "run.json": json.dumps(run).encode()})


_RECIPE = "models/mlp/recipe.json"
_replaces("recipe_of_another_name", _RECIPE, _changed(model="../../mlp"), "recipe")
_replaces("recipe_of_a_huge_image", _RECIPE, _changed(shape=[10**6, 10**6, 3]), "recipe")
_replaces("recipe_of_a_huge_layer", _RECIPE, _changed(hyperparameters={"units": 10**12}), "recipe")
_replaces("recipe_of_endless_layers", _RECIPE, _changed(hyperparameters={"depth": 60_000}), "recipe")
_replaces("recipe_of_other_classes", _RECIPE, _changed(classes=["a", "b"]), "recipe")
_replaces("recipe_not_finite", _RECIPE, _changed(val_loss="NaN"), "not_finite")

# Tables -------------------------------------------------------------------------------------------------------------

_HISTORY = "models/mlp/history.csv"
_HEAD = b"epoch,loss,accuracy,val_loss,val_accuracy,seconds,waited\n"
_replaces("table_formula", _HISTORY, _HEAD + b"=cmd|'/c calc'!A1,1,1,1,1,1,1\n", "cell")
_replaces("table_not_a_number", _HISTORY, _HEAD + b"1,nan,1,1,1,1,1\n", "cell")
_replaces("table_above_one", _HISTORY, _HEAD + b"1,1,1.5,1,1,1,1\n", "cell")
_replaces("table_endless_number", _HISTORY, _HEAD + b"9" * 100_000 + b",1,1,1,1,1,1\n", "cell")
_replaces("table_of_short_rows", _HISTORY, _HEAD + b"1,1\n", "row")
_replaces("table_of_a_million_columns", _HISTORY, b",".join(b"c%d" % n for n in range(_MILLION)), "columns")
_replaces("table_of_an_endless_cell", _HISTORY, _HEAD + b'"' + b"a" * 10 * _MILLION, "not_csv")
_replaces("table_without_a_column", _HISTORY, b"epoch,loss\n1,1\n", "column_missing")
_replaces("table_with_a_column_more", _HISTORY, _HEAD.replace(b"waited", b"waited,__class__"), "column_unknown")
_replaces("table_with_zero_bytes", _HISTORY, _HEAD + b"\0" * 1000, "not_utf8")
_replaces("table_of_too_many_cells", "data/near_duplicates.csv", b"a,b,difference\n" + b",,\n" * 10, "cell")
_replaces(
    "table_of_endless_rows",
    "evaluation/confusion.csv",
    b"class," + b",".join(b"c%d" % n for n in range(1000)) + b"\n" + (b"x" + b",1" * 1000 + b"\n") * 3500,
    "cells",
)
_FOUND = b"image,label,given_split,group,content,format,width,height,mode,notes,reason,gaps,row\n"
_replaces("reason_of_another_room", "data/found.csv", _FOUND + b"a,b,,,,,0,0,,,report.column.model,{},-1\n", "cell")
_replaces("reason_without_gaps", "data/found.csv", _FOUND + b"a,b,,,,,0,0,,,data.image_empty,{},-1\n", "gaps")
_replaces("reason_deep", "data/found.csv", _FOUND + b"a,b,,,,,0,0,,,data.image_empty,%s,-1\n" % (b"[" * 999), "gaps")
_replaces(
    "prediction_of_no_class",
    "evaluation/predictions_mlp.csv",
    lambda data: data.replace(b",down,", b",=1+1,"),
    "no_class",
)

# Arrays and pictures ------------------------------------------------------------------------------------------------

_MAPS = "interpretation/heatmaps.npy"


def _npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + data


@_hostile("array_kind")
def pickle_in_an_array(members: Members, folder: Path) -> bytes:
    made = io.BytesIO()
    np.save(made, np.array([_Runs(folder)], dtype=object), allow_pickle=True)
    return zipped({**members, _MAPS: made.getvalue()})


@_hostile("not_array")
def pickle_named_array(members: Members, folder: Path) -> bytes:
    return zipped({**members, _MAPS: pickle.dumps(_Runs(folder))})


_replaces(
    "array_of_a_huge_shape",
    _MAPS,
    _npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000)}"),
    "array_length",
)
_replaces(
    "array_of_a_negative_shape",
    _MAPS,
    _npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -1)}", bytes(4)),
    "array_length",
)
_replaces("array_header_that_is_code", _MAPS, _npy("__import__('os').system('touch canary')"), "not_array")
_replaces("array_header_that_is_deep", _MAPS, _npy("(" * 110), "not_array")
_replaces("array_that_is_not_finite", _MAPS, lambda data: data[:-4] + struct.pack("<f", float("nan")), "heatmaps")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


def _png(width: int, height: int, *chunks: bytes) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">2L5B", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + _chunk(b"IDAT", zlib.compress(b"")) + _chunk(b"IEND", b"")


_replaces("picture_of_a_huge_size", "figures/confusion.png", _png(100_000, 100_000), "picture_size")
_replaces("picture_that_is_a_script", "figures/confusion.png", b"<svg onload=alert(1)>", "not_png")
_replaces(
    "picture_with_a_bomb_in_its_text",
    "figures/confusion.png",
    lambda data: _png(10, 10, _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000)))),
    "not_png",
)

# Weights ------------------------------------------------------------------------------------------------------------

_KERNEL = "layers/dense/vars/0"


def _weights(sentence: str) -> Callable[..., Any]:
    """Registers what is done to the opened file of weights."""

    def register(spoil: Callable[[h5py.File, Path], None]) -> Callable[..., Any]:
        def make(members: Members, folder: Path) -> bytes:
            path = folder / "spoiled.h5"
            path.write_bytes(members[WEIGHTS])
            with h5py.File(path, "r+") as file:
                spoil(file, folder)
            return zipped({**members, WEIGHTS: path.read_bytes()})

        HOSTILE[f"weights_{spoil.__name__}"] = Hostile(make, f"opened.{sentence}", "weights")
        return spoil

    return register


@_weights("weights_object")
def of_another_file(file: h5py.File, folder: Path) -> None:
    del file["layers"]
    file["layers"] = h5py.ExternalLink("/etc/passwd", "/layers")


@_weights("weights_object")
def by_a_soft_link(file: h5py.File, folder: Path) -> None:
    file["layers/dense/vars/9"] = h5py.SoftLink("/" + _KERNEL)


@_weights("weights_object")
def stored_elsewhere(file: h5py.File, folder: Path) -> None:
    shape = file[_KERNEL].shape
    del file[_KERNEL]
    file.create_dataset(_KERNEL, shape, "f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])


@_weights("weights_object")
def virtual(file: h5py.File, folder: Path) -> None:
    shape = file[_KERNEL].shape
    del file[_KERNEL]
    layout = h5py.VirtualLayout(shape, "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape)
    file.create_virtual_dataset(_KERNEL, layout)


@_weights("weights_object")
def packed(file: h5py.File, folder: Path) -> None:
    shape = file[_KERNEL].shape
    del file[_KERNEL]
    file.create_dataset(_KERNEL, shape, "f4", np.zeros(shape), compression="gzip")


@_weights("weights_object")
def of_a_huge_shape(file: h5py.File, folder: Path) -> None:
    del file[_KERNEL]
    file.create_dataset(_KERNEL, (1 << 20, 1 << 20), "f4", chunks=(1024, 1024))


@_weights("weights_object")
def never_written(file: h5py.File, folder: Path) -> None:
    shape = file[_KERNEL].shape
    del file[_KERNEL]
    file.create_dataset(_KERNEL, shape, "f4", chunks=True, fillvalue=1.0)


@_weights("weights_object")
def of_references(file: h5py.File, folder: Path) -> None:
    file.create_dataset("more", (2,), h5py.ref_dtype)


@_weights("weights_object")
def of_text(file: h5py.File, folder: Path) -> None:
    file.create_dataset("more", (2,), h5py.string_dtype(), ["a", "b"])


@_weights("weights_object")
def of_tables(file: h5py.File, folder: Path) -> None:
    file.create_dataset("more", (2,), np.dtype([("a", "f4"), ("b", "f4")]))


@_weights("weights_object")
def in_a_circle(file: h5py.File, folder: Path) -> None:
    file["layers/dense/again"] = file["layers"]


@_weights("weights_object")
def in_endless_groups(file: h5py.File, folder: Path) -> None:
    file.create_group("/".join(["deep"] * 1000))


@_weights("weights_object")
def in_too_many_groups(file: h5py.File, folder: Path) -> None:
    for number in range(10_001):
        file.create_group(f"many/{number}")


@_weights("weights_object")
def with_a_huge_attribute(file: h5py.File, folder: Path) -> None:
    file["layers"].attrs["more"] = np.zeros(8_000)


@_weights("weights_not_finite")
def not_finite(file: h5py.File, folder: Path) -> None:
    file[_KERNEL][0, 0] = np.nan


@_weights("weights_shapes")
def of_another_shape(file: h5py.File, folder: Path) -> None:
    del file[_KERNEL]
    file[_KERNEL] = np.zeros((3, 3), np.float32)


@_weights("weights_shapes")
def of_one_array_more(file: h5py.File, folder: Path) -> None:
    file["more"] = np.zeros(3, np.float32)


@_weights("weights")
def of_another_layer(file: h5py.File, folder: Path) -> None:
    file.move("layers/dense", "layers/lambda")


@_hostile("weights", "weights")
def pickle_named_weights(members: Members, folder: Path) -> bytes:
    return zipped({**members, WEIGHTS: pickle.dumps(_Runs(folder))})


@_hostile("weights_object", "weights")
def weights_that_share_their_bytes(members: Members, folder: Path) -> bytes:
    """Of small arrays it is written in their headers that they are as large as the large one, and lie where it does."""
    path = folder / "shared.h5"
    with h5py.File(path, "w") as file:
        file["large"] = np.zeros((1024, 256), np.float32)
        for number in range(3):
            file[f"small_{number}"] = np.zeros((7, 11 + number), np.float32)
        spots = {name: array.id.get_offset() for name, array in file.items()}
    raw = path.read_bytes()
    path.unlink()
    for number in range(3):
        small = struct.pack("<2Q", spots[f"small_{number}"], 7 * (11 + number) * 4)
        raw = raw.replace(small, struct.pack("<2Q", spots["large"], 1 << 20))
        raw = raw.replace(struct.pack("<2Q", 7, 11 + number), struct.pack("<2Q", 1024, 256))
    return zipped({**members, WEIGHTS: raw})


@_hostile("missing", "weights")
def no_weights(members: Members, folder: Path) -> bytes:
    return zipped({name: data for name, data in members.items() if name != WEIGHTS})


# A student's own network --------------------------------------------------------------------------------------------


def layer(kind: str, module: str = "keras.layers", registered: str | None = None, /, **config: Any) -> dict[str, Any]:
    """What the configuration of a network says of a layer."""
    return {"module": module, "class_name": kind, "config": config, "registered_name": registered}


def _block(kind: str, name: str, **config: Any) -> dict[str, Any]:
    return layer(kind, "cnnproj.models.blocks", f"cnnproj>{kind}", name=name, **config)


def own(members: Members, layers: list[dict[str, Any]], weights: bytes = b"", more: Members | None = None) -> Members:
    """``members`` with a network of the student's own, of ``layers`` and the last one that fits the classes."""
    recipe = json.loads(members[_RECIPE])
    recipe |= {"model": OWN, "ours": False, "hyperparameters": {}}
    last = layer("Dense", name="last", units=len(recipe["classes"]), activation="softmax")
    whole = layer("Sequential", "keras", name=OWN, layers=[*layers, layer("Flatten", name="flatten"), last])
    made = zipped({"config.json": json.dumps(whole).encode(), **(more or {})}, method=zipfile.ZIP_STORED)
    folder = f"models/{OWN}"
    files = {"recipe.json": json.dumps(recipe).encode(), "model.keras": made, "model.weights.h5": weights}
    return {**members, **{f"{folder}/{name}": data for name, data in files.items()}}


def _builds(label: str, sentence: str, *layers: dict[str, Any]) -> None:
    HOSTILE[f"own_{label}"] = Hostile(
        lambda members, folder: zipped(own(members, list(layers))), f"opened.{sentence}", "own"
    )


_CODE = {"class_name": "__lambda__", "config": {"value": "4wEAAAAAAAAAAAAAAA=="}}
_builds("lambda", "layer_unknown", layer("Lambda", name="a", function=_CODE, output_shape=None))
_builds("lambda_as_activation", "layer_unknown", layer("Activation", name="a", activation=_CODE))
_builds("function_as_activation", "layer_unknown", layer("Activation", name="a", activation="builtins.eval"))
_builds(
    "import_as_activation",
    "layer_unknown",
    layer("Activation", name="a", activation=layer("function", "os", config="system")),
)
_builds("class_of_another_module", "layer_unknown", layer("system", "os", command="touch canary"))
_builds("class_of_a_stranger", "layer_unknown", layer("Dense", "evil", "evil>Dense", units=1))
_builds("saved_program", "layer_unknown", layer("TFSMLayer", name="a", filepath="/tmp", call_endpoint="serve"))
_builds("network_in_a_network", "layer_unknown", layer("Sequential", "keras", name="a", layers=[]))
_builds("name_that_leads_out", "argument_unknown", layer("Flatten", name="../../../a"))
_builds("argument_that_is_code", "argument_unknown", layer("Reshape", name="a", target_shape=_CODE))
_builds("huge_layer", "network_size", layer("Flatten", name="a"), layer("Dense", name="b", units=10**9))
_builds("huge_output", "network_size", layer("UpSampling2D", name="a", size=[10**4, 10**4]))
_builds("endless_layers", "network", *(layer("Flatten", name=f"f{number}") for number in range(600)))
_builds("endless_steps", "network", *(_block("DenseBlock", f"d{n}", steps=250, growth_rate=1) for n in range(3)))
_builds("huge_output_in_a_block", "network_size", _block("InceptionModule", "a", filters=[1, 250_000, 1, 1, 1, 1]))
_builds("block_with_code", "layer_unknown", _block("ResidualBlock", "a", filters=1, activation=_CODE))
_builds("block_of_a_stranger", "layer_unknown", layer("ResidualBlock", "evil.blocks", "cnnproj>ResidualBlock"))
_builds("arguments_that_do_not_fit", "network", layer("Conv2D", name="a", filters=-1, kernel_size=[1, 1]))
_builds("argument_that_is_not_known", "network", layer("Flatten", name="a", command="system"))


@_hostile("outside", "own")
def own_zip_that_leads_out(members: Members, folder: Path) -> bytes:
    return zipped(own(members, [], more={"../outside.txt": b"x"}))


@_hostile("network", "own")
def own_pickle(members: Members, folder: Path) -> bytes:
    made = zipped({"config.pkl": pickle.dumps(_Runs(folder))})
    return zipped({**own(members, []), f"models/{OWN}/model.keras": made})


@_hostile("no_zip", "own")
def own_as_hdf5(members: Members, folder: Path) -> bytes:
    return zipped({**own(members, []), f"models/{OWN}/model.keras": members[WEIGHTS]})


@_hostile("not_json", "own")
def own_bomb(members: Members, folder: Path) -> bytes:
    made = zipped({"config.json": b" " * (100 << 20)})
    return zipped({**own(members, []), f"models/{OWN}/model.keras": made})
