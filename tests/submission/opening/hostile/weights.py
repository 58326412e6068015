"""Hostile files of weights."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from .register import HOSTILE, WEIGHTS, Hostile, Members, Runs, hostile, zipped

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


@hostile("weights", "weights")
def pickle_named_weights(members: Members, folder: Path) -> bytes:
    return zipped({**members, WEIGHTS: pickle.dumps(Runs(folder))})


@hostile("weights_object", "weights")
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


@hostile("missing", "weights")
def no_weights(members: Members, folder: Path) -> bytes:
    return zipped({name: data for name, data in members.items() if name != WEIGHTS})
