"""Hostile zips: paths that lead out, links, bombs, headers that lie."""

from __future__ import annotations

import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np

from cnnproj.submission.contents import CONTENTS

from .register import HOSTILE, Hostile, Members, Runs, hostile, zipped


def _adds(name: str, sentence: str, data: bytes = b"x") -> None:
    def make(members: Members, folder: Path) -> bytes:
        return zipped(members, (name, data))

    label = "".join(letter if letter.isalnum() else "_" for letter in name[:30])
    HOSTILE[f"adds_{label}"] = Hostile(make, f"opened.{sentence}")


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


@hostile("link")
def symlink(members: Members, folder: Path) -> bytes:
    return zipped(members, (_info("data/passwords.csv", 0o120777), b"/etc/passwd"))


@hostile("link")
def device(members: Members, folder: Path) -> bytes:
    return zipped(members, (_info("data/zero.csv", 0o020666), b""))


@hostile("twice")
def same_name_twice(members: Members, folder: Path) -> bytes:
    raw = bytearray(zipped(members, ("data/classes.jsom", b"[]")))
    while (place := raw.find(b"data/classes.jsom")) >= 0:
        raw[place : place + 17] = b"data/classes.json"
    return bytes(raw)


@hostile("twice")
def same_name_in_other_letters(members: Members, folder: Path) -> bytes:
    return zipped(members, ("figures/caf\u00e9.png", b"x"), ("figures/cafe\u0301.png", b"x"))


@hostile("encrypted")
def encrypted(members: Members, folder: Path) -> bytes:
    raw = bytearray(zipped(members))
    raw[raw.rfind(b"PK\1\2") + 8] |= 1
    return bytes(raw)


@hostile("method")
def lzma(members: Members, folder: Path) -> bytes:
    return zipped(members, method=zipfile.ZIP_LZMA)


@hostile("file_size")
def bomb_in_one_file(members: Members, folder: Path) -> bytes:
    return zipped({**members, "data/found.csv": bytes(100 << 20)})


@hostile("ratio")
def bomb_in_many_files(members: Members, folder: Path) -> bytes:
    return zipped({f"data/{number}.csv": bytes(8 << 20) for number in range(6)})


@hostile("overlap")
def bomb_of_shared_bytes(members: Members, folder: Path) -> bytes:
    """Many names in the directory, one member."""
    raw = zipped({CONTENTS: members[CONTENTS], "data/found.csv": np.random.default_rng(1).bytes(1 << 16)})
    start = raw.rfind(b"PK\1\2")
    entry, end = raw[start:-22], raw[-22:]
    entries = b"".join(entry.replace(b"found", b"fou%02d" % number) for number in range(50))
    count, size = 1 + 50, len(raw[raw.find(b"PK\1\2") : start]) + len(entries)
    return raw[:start] + entries + end[:8] + struct.pack("<2HL", count, count, size) + end[16:]


@hostile("member")
def header_that_lies(members: Members, folder: Path) -> bytes:
    """It says ten bytes, and a hundred million come."""
    raw = bytearray(zipped(members, ("data/zeros.csv", bytes(100_000_000))))
    place = raw.rfind(b"PK\1\2") + 24
    raw[place : place + 4] = struct.pack("<L", 10)
    return bytes(raw)


@hostile("member")
def checksum_that_lies(members: Members, folder: Path) -> bytes:
    raw = bytearray(zipped(members))
    raw[raw.rfind(b"PK\1\2") + 16] ^= 1
    return bytes(raw)


@hostile("no_zip")
def too_many_files(members: Members, folder: Path) -> bytes:
    return zipped(members, *((f"data/{number}.csv", b"") for number in range(2_001)))


@hostile("no_zip")
def program_before_the_zip(members: Members, folder: Path) -> bytes:
    return b"#!/bin/sh\nexit\n" + zipped(members)


@hostile("no_zip")
def comment_behind_the_zip(members: Members, folder: Path) -> bytes:
    return zipped(members)[:-2] + struct.pack("<H", 5) + b"hello"


@hostile("no_zip")
def directory_of_64_bits(members: Members, folder: Path) -> bytes:
    raw = zipped(members)
    start = raw.find(b"PK\1\2")
    size = len(raw) - 22 - start
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1 << 40, 1 << 40, size, start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(raw) - 22, 1)
    return raw[:-22] + record + locator + raw[-22:]


@hostile("no_zip")
def cut_off(members: Members, folder: Path) -> bytes:
    return zipped(members)[:-1000]


@hostile("no_zip")
def web_page(members: Members, folder: Path) -> bytes:
    return b"<html><script>alert(1)</script></html>"


@hostile("no_zip")
def empty(members: Members, folder: Path) -> bytes:
    return b""


@hostile("no_zip")
def pickle_named_zip(members: Members, folder: Path) -> bytes:
    return pickle.dumps(Runs(folder))
