"""Hostile arrays and pictures."""

from __future__ import annotations

import io
import pickle
import struct
import zlib
from pathlib import Path

import numpy as np

from .register import Members, Runs, hostile, replaces, zipped

_MAPS = "interpretation/heatmaps.npy"


def _npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + data


@hostile("array_kind")
def pickle_in_an_array(members: Members, folder: Path) -> bytes:
    made = io.BytesIO()
    np.save(made, np.array([Runs(folder)], dtype=object), allow_pickle=True)
    return zipped({**members, _MAPS: made.getvalue()})


@hostile("not_array")
def pickle_named_array(members: Members, folder: Path) -> bytes:
    return zipped({**members, _MAPS: pickle.dumps(Runs(folder))})


replaces(
    "array_of_a_huge_shape",
    _MAPS,
    _npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000)}"),
    "array_length",
)
replaces(
    "array_of_a_negative_shape",
    _MAPS,
    _npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -1)}", bytes(4)),
    "array_length",
)
replaces("array_header_that_is_code", _MAPS, _npy("__import__('os').system('touch canary')"), "not_array")
replaces("array_header_that_is_deep", _MAPS, _npy("(" * 110), "not_array")
replaces("array_that_is_not_finite", _MAPS, lambda data: data[:-4] + struct.pack("<f", float("nan")), "heatmaps")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


def _png(width: int, height: int, *chunks: bytes) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">2L5B", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + _chunk(b"IDAT", zlib.compress(b"")) + _chunk(b"IEND", b"")


replaces("picture_of_a_huge_size", "figures/confusion.png", _png(100_000, 100_000), "picture_size")
replaces("picture_that_is_a_script", "figures/confusion.png", b"<svg onload=alert(1)>", "not_png")
replaces(
    "picture_with_a_bomb_in_its_text",
    "figures/confusion.png",
    lambda data: _png(10, 10, _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000)))),
    "not_png",
)
