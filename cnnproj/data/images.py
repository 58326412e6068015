"""The image store: every image decoded and resized once, into one array on disk, with the table that describes it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cnnproj.data.split import LEAKED, PARTS, UNUSED, limit_training, split
from cnnproj.errors import CnnprojError, UnreadableImage
from cnnproj.files import replacing, write_table, write_text
from cnnproj.progress import Progress
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.data.sources.source import Source

TABLE, STORE, CLASSES, ASIDE = "images.csv", "store.npy", "classes.json", "set_aside.csv"


@dataclass(frozen=True)
class Part:
    """One part of the images.

    Attributes:
        name: ``train``, ``validation`` or ``test``.
        pixels: the whole store, uint8, (images, height, width, channels); memory-mapped.
        rows: which of ``pixels`` belong to the part, (n,).
        labels: the class of each as a position in ``classes``, (n,).
        classes: the names of the classes.
    """

    name: str
    pixels: np.ndarray
    rows: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height and width in pixels, and channels, of one image."""
        height, width, channels = self.pixels.shape[1:]
        return height, width, channels

    def images(self, positions: np.ndarray | slice = slice(None)) -> np.ndarray:
        """The images at ``positions`` of the part, uint8, (n, height, width, channels)."""
        return np.asarray(self.pixels[self.rows[positions]])


@dataclass(frozen=True)
class Images:
    """All images of a project: the table, the stored pixels and the names of the classes.

    Attributes:
        table: a row a stored image, with ``image``, ``label``, ``split``, ``group``, ``content`` (SHA-256 of its
            decoded pixels), ``width``, ``height`` (pixels, before resizing) and ``mode`` (``gray`` or ``rgb``).
        set_aside: the images that are not used, each with its reason.
        folder: where they are stored.
    """

    table: pd.DataFrame
    set_aside: pd.DataFrame
    classes: tuple[str, ...]
    folder: Path

    @cached_property
    def pixels(self) -> np.ndarray:
        """Every image, uint8, (images, height, width, channels); read from disk as it is used."""
        return np.asanyarray(np.load(self.folder / STORE, mmap_mode="r"))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height and width in pixels, and channels, of one image."""
        height, width, channels = self.pixels.shape[1:]
        return height, width, channels

    @property
    def train(self) -> Part:
        """The images that networks are fitted on."""
        return self._part("train")

    @property
    def validation(self) -> Part:
        """The images by which hyperparameters, epochs and models are chosen."""
        return self._part("validation")

    def _part(self, name: str) -> Part:
        # The test part is given out by cnnproj.evaluation.test_set alone, which enters each opening in the ledger.
        rows = np.flatnonzero(self.table["split"] == name)
        codes = pd.Categorical(self.table["label"].iloc[rows], categories=list(self.classes)).codes
        return Part(name, self.pixels, rows, codes.astype(np.int64), self.classes)

    @property
    def counts(self) -> pd.DataFrame:
        """How many images of each class (rows) stand in each part (columns)."""
        count = pd.crosstab(self.table["label"], self.table["split"])
        return count.reindex(index=list(self.classes), columns=list(PARTS), fill_value=0)


def load_images(folder: Path) -> Images:
    """The images that ``build_images`` stored in ``folder``."""
    text = dict.fromkeys(("image", "label", "split", "group", "content", "mode", "reason"), "string")
    read: dict[str, Any] = {"keep_default_na": False, "dtype": text}
    table = pd.read_csv(folder / TABLE, **read).astype({name: object for name in text if name != "reason"})
    set_aside = pd.read_csv(folder / ASIDE, **read)
    classes = tuple(json.loads((folder / CLASSES).read_text(encoding="utf-8")))
    return Images(table, set_aside, classes, folder)


def build_images(
    source: Source,
    folder: Path,
    *,
    size: tuple[int, int],
    color: str,
    fractions: Mapping[str, float],
    train_limit: int | None,
    seed: int,
    threads: int,
) -> list[Path]:
    """Decode, resize, split and store every image of ``source`` in ``folder``.

    An image that cannot be decoded is set aside with its reason and the rest goes on.

    Args:
        size: height and width in pixels of the stored images.
        color: ``gray``, ``rgb``, or ``auto`` (gray if every image is).
        fractions: the share of each part, for the parts that the data does not bring.
        train_limit: at most so many training images, or all of them.
        threads: how many images are decoded at once; changes nothing in the result.

    Returns:
        The files written.

    Raises:
        CnnprojError: where no image can be read, or a class is too small to split.
    """
    folder.mkdir(parents=True, exist_ok=True)
    raw = folder / f".{os.getpid()}.part.decoded.npy"
    try:
        pixels = np.lib.format.open_memmap(raw, mode="w+", dtype=np.uint8, shape=(len(source.table), *size, 3))
        found = pd.DataFrame(_decode_all(source, pixels, threads))
        images = pd.concat([source.table.reset_index(drop=True), found], axis=1)
        readable = images[images["reason"] == ""].drop(columns="reason")
        if readable.empty:
            raise CnnprojError("split.nothing_readable", source=source.name, reason=images["reason"].iloc[0])
        part = split(readable, fractions, seed=seed)
        if train_limit is not None:
            part = limit_training(readable, part, train_limit, seed=seed)
        kept = readable.assign(split=part)[part.isin(PARTS)]
        gray = color == "gray" or (color == "auto" and (kept["mode"] == "gray").all())
        with replacing(folder / STORE) as partial:
            shape = (len(kept), *size, 1 if gray else 3)
            store = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
            for start in range(0, len(kept), 1024):
                rows = kept.index[start : start + 1024].to_numpy()
                store[start : start + len(rows)] = to_gray(pixels[rows]) if gray else pixels[rows]
            store.flush()
            del store
    finally:
        raw.unlink(missing_ok=True)
    classes = [label for label in source.classes if (kept["label"] == label).any()]
    _write(folder, kept, _aside(images, part), classes)
    return [folder / name for name in (TABLE, STORE, CLASSES, ASIDE)]


def _decode_all(source: Source, pixels: np.ndarray, threads: int) -> Iterator[dict[str, object]]:
    """Fill ``pixels`` with each image, resized, in colour; yield what is known of each, in order."""

    def decode(row: int) -> dict[str, object]:
        try:
            image = source.read(row).pixels
        except UnreadableImage as error:
            return {"content": "", "width": 0, "height": 0, "mode": "", "reason": str(error)}
        height, width = image.shape[:2]
        content = hashlib.sha256(f"{image.shape}".encode() + image.tobytes()).hexdigest()
        pixels[row] = fit_to(image, (pixels.shape[1], pixels.shape[2]))
        mode = "gray" if image.ndim == 2 else "rgb"
        return {"content": content, "width": width, "height": height, "mode": mode, "reason": ""}

    total = len(source.table)
    with ThreadPoolExecutor(threads) as pool, Progress(say("progress.decoding"), total) as progress:
        for known in pool.map(decode, range(total)):
            progress.advance()
            yield known


def fit_to(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """``image``, uint8 (height, width) or (height, width, 3), stretched to ``size``: uint8, (*size, 3).

    By area where it shrinks, so that fine patterns do not turn into coarse ones; by linear interpolation otherwise.
    """
    import cv2

    shrinks = image.shape[0] >= size[0] and image.shape[1] >= size[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized = cv2.resize(image, (size[1], size[0]), interpolation=how)
    return np.stack([resized] * 3, axis=-1) if image.ndim == 2 else resized


def to_gray(images: np.ndarray) -> np.ndarray:
    """The luma of RGB images by ITU-R BT.601, uint8, (n, height, width, 1)."""
    luma = images @ np.array([0.299, 0.587, 0.114])
    gray: np.ndarray = np.rint(luma).astype(np.uint8)[..., None]
    return gray


def _aside(images: pd.DataFrame, part: pd.Series) -> pd.DataFrame:
    """The images that are not used: those not in ``part`` could not be read, those in no part of it were not wanted."""
    reasons = {LEAKED: say("split.leaked"), UNUSED: say("split.unused")}
    unwanted = part.map(reasons).dropna()
    reason = images["reason"].mask(images["reason"] == "", unwanted.reindex(images.index))
    aside = images.assign(reason=reason)[reason.notna() & (reason != "")]
    return aside[["image", "label", "reason"]]


def _write(folder: Path, kept: pd.DataFrame, aside: pd.DataFrame, classes: list[str]) -> None:
    columns = ["image", "label", "split", "group", "content", "width", "height", "mode"]
    write_table(folder / TABLE, kept[columns])
    write_table(folder / ASIDE, aside)
    write_text(folder / CLASSES, json.dumps(classes, ensure_ascii=False) + "\n")
