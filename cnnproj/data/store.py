"""The image store: every image decoded and resized once, into one array on disk that is read as it is used.

An image is known by its path and the stamp of its file, so that a build that was interrupted goes on where it stopped,
and one after files were added decodes the new ones only. A finished store has the same bytes whatever its history.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import pandas as pd

from cnnproj.data.near_duplicates import FINGERPRINT_LENGTH, fingerprint
from cnnproj.data.resizing import Resize, fit_to, to_gray
from cnnproj.errors import CnnprojError, UnreadableImage
from cnnproj.files import replacing, write_text
from cnnproj.progress import Progress
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.data.sources.source import Source

PIXELS, FINGERPRINTS, RECORDS, KEY = "pixels.npy", "fingerprints.npy", "records.jsonl", "key.json"

_VERSION = 1  # raise it when the same files become other pixels, fingerprints or records
_CHUNK_BYTES = 32 << 20
_FIRST = 8  # images, by whose size the first are judged
_SMALL = 160 * 160  # pixels: of images up to this size threads mostly wait for each other, and one does more than two
_CHUNK_IMAGES = 256
_HEADER_BYTES = 128

# The record of an image, and its pixels and fingerprint if it could be read.
_Found = tuple[dict[str, Any], np.ndarray | None, np.ndarray | None]


@dataclass(frozen=True)
class Stored:
    """What a store holds.

    Attributes:
        records: a row an image of the source, in its order: ``image``, ``stamp``, ``content`` (SHA-256 of its decoded
            pixels), ``format``, ``width``, ``height`` (pixels, before resizing), ``mode`` (``gray`` or ``rgb``),
            ``notes`` (what decoding met), ``reason`` and ``gaps`` (why it cannot be read, or ""), and ``row`` of the
            pixels (-1 where it cannot be read).
        pixels: uint8, (readable images, height, width, 1 or 3); memory-mapped.
        fingerprints: float16, (readable images, FINGERPRINT_LENGTH); memory-mapped.
    """

    records: pd.DataFrame
    pixels: np.ndarray
    fingerprints: np.ndarray


def load_pixels(folder: Path) -> np.ndarray:
    """The pixels of the store in ``folder``, uint8, (images, height, width, 1 or 3); read from disk as used."""
    return np.asanyarray(np.load(folder / PIXELS, mmap_mode="r"))


def build_store(
    source: Source, folder: Path, *, size: tuple[int, int], resize: Resize, color: str, threads: int
) -> Stored:
    """Decode and resize every image of ``source`` that the store in ``folder`` does not have yet.

    Args:
        source: where the images are; one that cannot be read is recorded with its reason, and the rest goes on.
        folder: of the store; beside it, while it is being built, stands what is done so far.
        size: height and width in pixels of the stored images.
        resize: how they are brought to it.
        color: ``gray``, ``rgb``, or ``auto`` (gray if every image is).
        threads: how many images are decoded at once; changes nothing in the result.

    Raises:
        CnnprojError: where the disk has not room enough or cannot be written to; what is done so far is kept.
    """
    key = hashlib.sha256(json.dumps([_VERSION, *size, resize, color]).encode()).hexdigest()
    known = _finished(folder, key)
    partial = folder.with_name(f".{folder.name}.part")
    wanted = list(zip(source.table["image"], source.table["stamp"], strict=True))
    if known is not None and list(zip(known.records["image"], known.records["stamp"], strict=True)) == wanted:
        shutil.rmtree(partial, ignore_errors=True)  # what was begun with other settings
        return known
    try:
        growing = _Growing(partial, key, size, wanted)
        _require_room(folder, (len(wanted) - growing.rows) * growing.image_bytes)
        with growing:
            _fill(growing, source, known, size, resize, threads)
        if not growing.rows:
            reason = _first_reason(partial)
            shutil.rmtree(partial)
            raise CnnprojError("split.nothing_readable", source=source.name, reason=reason)
        _finish(growing, size, color)
        del known  # or its files cannot be replaced on Windows
        _replace_folder(folder, partial)
    except OSError as error:
        raise CnnprojError("files.cannot_write", path=folder, reason=error.strerror or error) from error
    built = _finished(folder, key)
    assert built is not None
    return built


def _finished(folder: Path, key: str) -> Stored | None:
    """The store in ``folder``, if there is one with this ``key``."""
    if not (folder / KEY).is_file() or json.loads((folder / KEY).read_text(encoding="utf-8"))["key"] != key:
        return None
    with (folder / RECORDS).open(encoding="utf-8") as lines:
        records = pd.DataFrame([json.loads(line) for line in lines])
    return Stored(records, load_pixels(folder), np.load(folder / FINGERPRINTS, mmap_mode="r"))


def _replace_folder(folder: Path, new: Path) -> None:
    """Put ``new`` in the place of ``folder``; a kill in between leaves ``new`` whole, to be taken up again."""
    retired = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(retired, ignore_errors=True)
    if folder.exists():
        folder.rename(retired)
    try:
        new.rename(folder)
    except OSError:
        if retired.exists():
            retired.rename(folder)
        raise
    shutil.rmtree(retired, ignore_errors=True)


def _first_reason(folder: Path) -> str:
    with (folder / RECORDS).open(encoding="utf-8") as lines:
        record = json.loads(next(lines))
    return say(record["reason"], **json.loads(record["gaps"]))


def _require_room(folder: Path, needed: int) -> None:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        mebibytes = {"needed": -(-needed >> 20), "free": free >> 20}
        raise CnnprojError("data.no_room", path=folder, **mebibytes)


# Filling ------------------------------------------------------------------------------------------------------------


def _fill(
    growing: _Growing, source: Source, known: Stored | None, size: tuple[int, int], resize: Resize, threads: int
) -> None:
    """Add all images that ``growing`` lacks: those in ``known`` from there, the others decoded."""
    wanted = list(zip(source.table["image"], source.table["stamp"], strict=True))
    before: dict[tuple[str, str], dict[str, Any]] = {}
    if known is not None:
        rows = known.records.to_dict("records")
        before = {(row["image"], row["stamp"]): {str(key): value for key, value in row.items()} for row in rows}

    def work(place: int) -> _Found:
        record = before.get(wanted[place])
        if record is None or known is None:
            image, stamp = wanted[place]
            return _decode(source, place, {"image": image, "stamp": stamp}, size, resize)
        if record["row"] < 0:
            return record, None, None
        stored = known.pixels[record["row"]]
        return record, np.broadcast_to(stored, (*size, 3)), known.fingerprints[record["row"]]

    total = len(source.table)
    chunk = max(1, min(_CHUNK_IMAGES, _CHUNK_BYTES // growing.image_bytes))
    with ThreadPoolExecutor(threads) as pool, Progress(say("progress.decoding"), total, done=growing.done) as progress:
        small, step = True, _FIRST
        while growing.done < total:
            places = range(growing.done, min(growing.done + step, total))
            found = list(map(work, places) if small else pool.map(work, places))
            growing.add(found)
            progress.advance(len(places))
            small, step = max(record["width"] * record["height"] for record, _, _ in found) <= _SMALL, chunk


def _decode(source: Source, place: int, record: dict[str, Any], size: tuple[int, int], resize: Resize) -> _Found:
    """What is known of an image beyond ``record``, and its pixels and fingerprint."""
    try:
        decoded = source.read(place)
    except UnreadableImage as error:
        values = {name: value if isinstance(value, int) else str(value) for name, value in error.values.items()}
        nothing = {"content": "", "format": "", "width": 0, "height": 0, "mode": "", "notes": ""}
        why = {"reason": error.sentence, "gaps": json.dumps(values, ensure_ascii=False)}
        return {**record, **nothing, **why}, None, None
    pixels = np.ascontiguousarray(decoded.pixels)
    height, width = pixels.shape[:2]
    content = hashlib.sha256(f"{pixels.shape}".encode())
    content.update(pixels.data)
    known = {
        "content": content.hexdigest(),
        "format": decoded.format,
        "width": width,
        "height": height,
        "mode": "gray" if pixels.ndim == 2 else "rgb",
        "notes": " ".join(decoded.notes),
        "reason": "",
        "gaps": "",
    }
    return {**record, **known}, fit_to(pixels, size, resize), fingerprint(pixels)


class _Growing:
    """A store that is being built: pixels, fingerprints and a line a record, each only ever added to.

    A record is written after what it tells of, so that the records there are can be relied on after a kill.

    Attributes:
        done: how many images of the source are dealt with.
        rows: how many of these could be read.
    """

    def __init__(self, folder: Path, key: str, size: tuple[int, int], wanted: list[tuple[str, str]]) -> None:
        self.folder = folder
        self.image_bytes = size[0] * size[1] * 3
        if not (folder / KEY).is_file() or json.loads((folder / KEY).read_text(encoding="utf-8"))["key"] != key:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for name in (PIXELS, FINGERPRINTS):
                (folder / name).write_bytes(bytes(_HEADER_BYTES))
            (folder / RECORDS).write_bytes(b"")
            write_text(folder / KEY, json.dumps({"key": key}) + "\n")
        kept = list(self._usable(wanted))
        self.done, self.rows = len(kept), sum(record["row"] >= 0 for record, _ in kept)
        self._length = sum(length for _, length in kept)
        self._files: dict[str, BinaryIO] = {}

    def _usable(self, wanted: list[tuple[str, str]]) -> Iterator[tuple[dict[str, Any], int]]:
        """The records from the first on that are whole and of the images wanted, each with its length in bytes."""
        most = min(
            ((self.folder / name).stat().st_size - _HEADER_BYTES) // length
            for name, length in ((PIXELS, self.image_bytes), (FINGERPRINTS, 2 * FINGERPRINT_LENGTH))
        )
        with (self.folder / RECORDS).open("rb") as lines:
            for line, name in zip(lines, wanted, strict=False):
                try:
                    record = json.loads(line)
                except ValueError:  # cut off by a kill
                    return
                if not line.endswith(b"\n") or (record["image"], record["stamp"]) != name or record["row"] >= most:
                    return
                yield record, len(line)

    def __enter__(self) -> _Growing:
        lengths = {PIXELS: self.image_bytes, FINGERPRINTS: 2 * FINGERPRINT_LENGTH}
        ends = {name: _HEADER_BYTES + self.rows * length for name, length in lengths.items()}
        for name, end in {**ends, RECORDS: self._length}.items():
            self._files[name] = (self.folder / name).open("r+b")
            self._files[name].truncate(end)
            self._files[name].seek(end)
        return self

    def __exit__(self, *error: object) -> None:
        for file in self._files.values():
            file.close()

    def add(self, found: list[_Found]) -> None:
        """Write the next images down."""
        lines = []
        for record, pixels, marks in found:
            readable = pixels is not None and marks is not None
            if pixels is not None and marks is not None:
                self._files[PIXELS].write(np.ascontiguousarray(pixels).data)
                self._files[FINGERPRINTS].write(np.ascontiguousarray(marks, "<f2").data)
            lines.append(json.dumps({**record, "row": self.rows if readable else -1}) + "\n")
            self.rows += readable
        self._files[PIXELS].flush()
        self._files[FINGERPRINTS].flush()
        self._files[RECORDS].write("".join(lines).encode())
        self._files[RECORDS].flush()
        self.done += len(found)


def _finish(growing: _Growing, size: tuple[int, int], color: str) -> None:
    """Give the arrays their headers; in one channel where ``color`` asks for it."""
    pixels = growing.folder / PIXELS
    for path, kind, shape in (
        (pixels, "|u1", (growing.rows, *size, 3)),
        (growing.folder / FINGERPRINTS, "<f2", (growing.rows, FINGERPRINT_LENGTH)),
    ):
        with path.open("r+b") as file:
            file.write(_header(kind, shape))
    with (growing.folder / RECORDS).open("rb") as lines:
        colored = any(json.loads(line)["mode"] == "rgb" for line in lines)
    if color == "rgb" or (color == "auto" and colored):
        return
    stored = load_pixels(growing.folder)
    with replacing(pixels) as partial, partial.open("wb") as file:
        file.write(_header("|u1", (growing.rows, *size, 1)))
        for start in range(0, growing.rows, _CHUNK_IMAGES):
            file.write(to_gray(stored[start : start + _CHUNK_IMAGES]).data)
        del stored


def _header(kind: str, shape: tuple[int, ...]) -> bytes:
    """The first 128 bytes of an ``.npy`` file, format 1.0."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    return b"\x93NUMPY\x01\x00" + (_HEADER_BYTES - 10).to_bytes(2, "little") + text.ljust(117).encode() + b"\n"
