"""The images of a project in their parts: the table that describes them, and the pixels of each part."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from cnnproj.data.audit import Audit, load_audit, read_table
from cnnproj.data.sources.source import natural_order
from cnnproj.data.split import LEAKED, PARTS, UNUSED, limit_training, split
from cnnproj.errors import CnnprojError
from cnnproj.files import write_table, write_text
from cnnproj.words import say

TABLE, CLASSES, ASIDE, MOVES, DEALT = "images.csv", "classes.json", "set_aside.csv", "moves.csv", "dealt.json"


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
    def stores(self) -> tuple[np.ndarray, ...]:
        """All that is stored of each readable image, a row each: its pixels."""
        return (self.pixels,)

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
    """All images of a project, in their parts.

    Attributes:
        table: a row an image that is used: ``image``, ``label``, ``split``, ``group`` (a person, a session; or ""),
            ``cluster`` (images that must stay together have the same number), ``content`` (SHA-256 of its decoded
            pixels), ``width``, ``height`` (pixels, before resizing), ``mode`` (``gray`` or ``rgb``) and ``row`` of the
            pixels.
        set_aside: the images that are not used: ``image``, ``label`` and the ``reason`` in words.
        moves: images that an earlier split had in another part: ``image``, ``label``, ``before``, ``after``.
        classes: their names, numbers in them in the order of their value.
        audit: what was found in the images.
    """

    table: pd.DataFrame
    set_aside: pd.DataFrame
    moves: pd.DataFrame
    classes: tuple[str, ...]
    audit: Audit

    @property
    def pixels(self) -> np.ndarray:
        """The image store: uint8, (readable images, height, width, channels); read from disk as it is used."""
        return self.audit.pixels

    @property
    def stores(self) -> tuple[np.ndarray, ...]:
        """All that is stored of each readable image, a row each: its pixels."""
        return (self.pixels,)

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
        table = self.table[self.table["split"] == name]
        codes = pd.Categorical(table["label"], categories=list(self.classes)).codes
        return Part(name, self.pixels, table["row"].to_numpy(), codes.astype(np.int64), self.classes)

    def of(self, classes: Sequence[str], *, most: int | None = None, seed: int = 0) -> Images:
        """The images of some ``classes``, in their parts; for training at most so many of each, drawn by ``seed``."""
        table = self.table[self.table["label"].isin(list(classes))]
        if most is not None:
            train = table[table["split"] == "train"]
            draw = np.random.default_rng(seed)
            drawn = [draw.permutation(group.index.to_numpy())[:most] for _, group in train.groupby("label", sort=True)]
            table = table[(table["split"] != "train") | table.index.isin(np.concatenate(drawn))]
        kept = tuple(name for name in self.classes if name in classes)
        return replace(self, table=table.reset_index(drop=True), classes=kept)

    @property
    def counts(self) -> pd.DataFrame:
        """How many images of each class (rows) stand in each part (columns)."""
        count = pd.crosstab(self.table["label"], self.table["split"])
        return count.reindex(index=list(self.classes), columns=list(PARTS), fill_value=0)


def load_images(folder: Path) -> Images:
    """The images that ``divide_images`` has dealt out in ``folder``."""
    table = read_table(folder / TABLE)
    classes = tuple(json.loads((folder / CLASSES).read_text(encoding="utf-8")))
    audit = load_audit(folder)
    reasons = {LEAKED: say("split.leaked"), UNUSED: say("split.unused")}
    unwanted = table[table["aside"] != ""]
    unwanted = unwanted[["image", "label"]].assign(reason=unwanted["aside"].map(reasons))
    aside = pd.concat([audit.unreadable, unwanted]).sort_values("image", ignore_index=True)
    used = table[table["aside"] == ""].drop(columns="aside").reset_index(drop=True)
    return Images(used, aside, read_table(folder / MOVES), classes, audit)


def divide_images(
    folder: Path,
    *,
    fractions: Mapping[str, float],
    group_pattern: str | None,
    set_leaks_aside: bool,
    train_limit: int | None,
    seed: int,
) -> list[Path]:
    """Deal the images that were audited in ``folder`` out to their parts.

    Images that were dealt there before keep their part, unless ``fractions``, ``group_pattern`` or ``seed`` are others.

    Args:
        fractions: the share of each part, for the parts that the data does not bring.
        group_pattern: a regular expression; images whose paths have equal text in its brackets (or, without
            brackets, in all of it) stay together.
        set_leaks_aside: training images that also stand in a held-out part are not used; or they are.
        train_limit: at most so many training images, or all of them.
        seed: what the order of dealing is drawn from.

    Returns:
        The files written.

    Raises:
        CnnprojError: where a class is too small to split, or no path matches ``group_pattern``.
    """
    audit = load_audit(folder)
    images = in_groups(audit.readable.reset_index(drop=True), group_pattern)
    identity = [dict(fractions), group_pattern, seed]
    earlier, deals = load_dealt(folder / DEALT, identity)
    parts = split(images, fractions, seed=seed, pairs=audit.pairs, earlier=earlier, set_leaks_aside=set_leaks_aside)
    before = images["content"].map(earlier)
    moved = before.notna() & (before != parts["split"]) & (parts["aside"] == "")
    moves = images[["image", "label"]].assign(before=before, after=parts["split"])[moved]
    if train_limit is not None:
        parts = limit_training(images, parts, train_limit, seed=seed)
    table = pd.concat([images, parts], axis=1)
    columns = ["image", "label", "split", "aside", "group", "cluster", "content", "width", "height", "mode", "row"]
    write_table(folder / TABLE, table[columns].assign(cluster=pd.factorize(table["cluster"])[0]))
    write_table(folder / MOVES, moves)
    labels = sorted(set(table["label"][table["aside"] == ""]), key=natural_order)
    write_text(folder / CLASSES, json.dumps(labels, ensure_ascii=False) + "\n")
    write_table(folder / ASIDE, load_images(folder).set_aside)
    # Last: until it is there, what was dealt before is what counts.
    # What is not there this time keeps its part for when it comes back; of equal images the one that is used counts.
    order = parts["aside"].eq("").sort_values(kind="stable").index
    dealt = {**earlier, **dict(zip(images["content"][order], parts["split"][order], strict=True))}
    now = max(deals.values(), default=0) + 1
    deals = {content: deals.get(content, now) for content in dealt}
    record = {"identity": identity, "parts": dealt, "deals": deals}
    write_text(folder / DEALT, json.dumps(record, sort_keys=True) + "\n")
    return [folder / name for name in (TABLE, MOVES, CLASSES, ASIDE, DEALT)]


def in_groups(images: pd.DataFrame, pattern: str | None) -> pd.DataFrame:
    """``images``, those without a ``group`` in the one that ``pattern`` finds in their path; see ``divide_images``."""
    if pattern is None:
        return images
    return images.assign(group=images["group"].mask(images["group"] == "", _named(images["image"], pattern)))


def _named(paths: pd.Series, pattern: str) -> pd.Series:
    """What ``pattern`` finds in each path, "" where it finds nothing."""
    found = [re.search(pattern, path) for path in paths]
    names = ["" if match is None else "/".join(part or "" for part in match.groups() or [match[0]]) for match in found]
    if not any(names):
        raise CnnprojError("split.pattern_matches_nothing", pattern=pattern, image=paths.iloc[0])
    return pd.Series(names, index=paths.index, dtype=object)


def load_dealt(path: Path, identity: Sequence[object]) -> tuple[dict[str, str], dict[str, int]]:
    """The part of each content in the latest split of the same ``identity``, and with which deal it came, from 1.

    By the deals a split of images that have grown in number can be dealt again in the same steps.
    """
    if not path.is_file():
        return {}, {}
    dealt = json.loads(path.read_text(encoding="utf-8"))
    if dealt["identity"] != identity:
        return {}, {}
    parts: dict[str, str] = dealt["parts"]
    return parts, dealt.get("deals") or dict.fromkeys(parts, 1)
