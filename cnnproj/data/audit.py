"""What is in the images, before anything is trained: what cannot be read, what needs care, what stands there twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cnnproj.data.decoding import NOTES
from cnnproj.data.near_duplicates import LEAST_CONTRAST, colorfulness, contrast, near_pairs
from cnnproj.data.resizing import Resize
from cnnproj.data.sources.source import PASSED_OVER_KINDS, natural_order
from cnnproj.data.store import PIXELS, build_store, load_pixels
from cnnproj.errors import CnnprojError
from cnnproj.files import write_table
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.data.sources.source import Source

Finding = tuple[str, str, str, str]  # kind, image, other, detail
STORE = "store"
TABLE, FINDINGS, PAIRS = "found.csv", "findings.csv", "near_duplicates.csv"

# Every kind of finding, in the order in which they are told. Its words are `audit.kind.<kind>`.
UNREADABLE = (
    "empty",
    "web_page",
    "lfs_pointer",
    "other_format",
    "unknown",
    "truncated",
    "damaged",
    "range",
    "too_large",
    "file_too_large",
    "unopened",
)
CARE = (
    "placeholder",
    "nearly_constant",
    "tiny",
    "extreme_shape",
    "extreme_size",
    "gray_among_color",
    "color_among_gray",
    *NOTES,
)
REPEATED = ("contradiction", "leak", "near_contradiction", "near_leak", "duplicate", "near_duplicate")
# Of an image and its mask, where there are masks: what sets the image aside, and what does not.
UNUSABLE_MASKS = (
    "mask_missing",
    "mask_size",
    "mask_unknown_value",
    "mask_lossy",
    "mask_unreadable",
    "mask_unlabelled",
)
MASKS = (*UNUSABLE_MASKS, "image_missing", "outside_pairs", "mask_contradiction", "mask_empty", "mask_ignored")
CLASSES = ("unreadable_class", "too_few", "imbalance")
# What can make a result wrong comes first, what is only worth knowing last.
KINDS = tuple(dict.fromkeys((*CLASSES, *REPEATED, *MASKS, *UNREADABLE, *CARE, *PASSED_OVER_KINDS)))

SAME_AS_PLACEHOLDER = 5  # so many equal pictures are hardly photos of the class
FEW = 0.2  # the share up to which gray images among colour ones, or colour among gray, are the odd ones out
GRAY_BELOW = 3.0  # colorfulness: JPEG gives gray a little colour
EXTREME_SHAPE = 2.5  # times the usual ratio of the longer side to the shorter
EXTREME_SIZE = 8.0  # times the usual side (the root of the area), or one over it
TINY = 0.25  # of the usual side, and
TINY_PIXELS = 16  # the shorter side below this
IMBALANCE = 2.0  # the largest class over the smallest
FEWEST = 3  # different images that a class needs to stand in all three parts
MOSTLY = 0.8  # the share of the images of a kind that is worth telling if it falls on one class


@dataclass(frozen=True)
class Audit:
    """What was found in the images of a source.

    Attributes:
        images: a row an image: ``image``, ``label``, ``given_split``, ``group``, ``content`` (SHA-256 of its decoded
            pixels), ``format``, ``width``, ``height`` (pixels, as it came), ``mode`` (``gray`` or ``rgb``), ``notes``
            (what decoding met), ``reason`` and ``gaps`` (why it cannot be read, or ""), ``row`` of the pixels (-1 where
            it cannot be read).
        findings: a row a finding: ``kind`` (one of ``KINDS``), ``image`` (or another path), ``other`` (the image that
            it repeats, or "") and ``detail`` (numbers or names, or "").
        pairs: of near duplicates: ``a`` and ``b`` (contents) and their ``difference``.
        folder: where it is stored.
    """

    images: pd.DataFrame
    findings: pd.DataFrame
    pairs: pd.DataFrame
    folder: Path

    @cached_property
    def pixels(self) -> np.ndarray:
        """The image store: uint8, (readable images, height, width, 1 or 3); read from disk as it is used."""
        return load_pixels(self.folder / STORE)

    @property
    def readable(self) -> pd.DataFrame:
        """The rows of ``images`` that could be read."""
        return self.images[self.images["reason"] == ""]

    @property
    def unreadable(self) -> pd.DataFrame:
        """What could not be read: ``image``, ``label`` and the ``reason`` in words."""
        bad = self.images[self.images["reason"] != ""]
        reasons = [say(reason, **json.loads(gaps)) for reason, gaps in zip(bad["reason"], bad["gaps"], strict=True)]
        return bad[["image", "label"]].assign(reason=pd.Series(reasons, index=bad.index, dtype=object))

    @property
    def classes(self) -> pd.DataFrame:
        """How many images of each class (rows, in the order of the numbers in them) came, and how many can be used."""
        order = sorted(set(self.images["label"]), key=natural_order)
        usable = self.images["reason"].eq("").groupby(self.images["label"])
        columns = {say("audit.column.came"): usable.size(), say("audit.column.usable"): usable.sum()}
        return pd.DataFrame(columns).loc[order]

    @property
    def summary(self) -> pd.DataFrame:
        """What was found, a row a kind, in words: how often, the first of them, and what it means."""
        rows = [
            {
                say("audit.column.finding"): say(f"audit.kind.{kind}"),
                say("audit.column.count"): len(found),
                say("audit.column.first"): first_of(found),
                say("audit.column.advice"): self.advice(kind, found),
            }
            for kind, found in self.by_kind()
        ]
        columns = [say(f"audit.column.{name}") for name in ("finding", "count", "first", "advice")]
        return pd.DataFrame(rows, columns=columns)

    def advice(self, kind: str, found: pd.DataFrame) -> str:
        """What the findings ``found`` of a ``kind`` mean; and if nearly all of them fall on one class, that."""
        text = say(f"audit.advice.{kind}")
        labels = found["image"].map(dict(zip(self.images["image"], self.images["label"], strict=True))).dropna()
        counts = labels.value_counts()
        if kind not in CARE or len(labels) < FEWEST or counts.iloc[0] < MOSTLY * len(labels):
            return text
        return f"{text} {say('audit.mostly', n=int(counts.iloc[0]), total=len(labels), label=counts.index[0])}"

    def by_kind(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Each kind of which there are findings, in the order of ``KINDS``, with them."""
        for kind in KINDS:
            found = self.findings[self.findings["kind"] == kind]
            if len(found):
                yield kind, found


def first_of(found: pd.DataFrame) -> str:
    """The first of some findings: its image, the one that it repeats, and its detail."""
    image, other, detail = found.iloc[0][["image", "other", "detail"]]
    named = " = ".join(name for name in (image, other) if name)
    return f"{named} ({detail})" if named and detail else named or detail


def audit_source(
    source: Source,
    folder: Path,
    *,
    size: tuple[int, int],
    resize: Resize,
    color: str,
    near_duplicates: bool,
    threads: int,
) -> list[Path]:
    """Decode every image of ``source`` into the store below ``folder``, and write what was found beside it.

    Args:
        size: height and width in pixels of the stored images.
        resize: how they are brought to it: ``stretch``, ``pad`` or ``crop``.
        color: ``gray``, ``rgb``, or ``auto`` (gray if every image is).
        near_duplicates: whether to look for them; equal images are found in any case.
        threads: how many images are decoded at once; changes nothing in the result.

    Returns:
        The files written.

    Raises:
        CnnprojError: where no image can be read, or all that can be are of one class, or the store cannot be written.
    """
    images, pairs, findings = examine(
        source, folder, size=size, resize=resize, color=color, near_duplicates=near_duplicates, threads=threads
    )
    readable = sorted(set(images["label"][images["reason"] == ""]))
    if len(readable) < 2:
        reason = next(iter(Audit(images, images, images, folder).unreadable["reason"]))
        raise CnnprojError("split.one_class_readable", source=source.name, label=readable[0], reason=reason)
    return write_audit(folder, images, pairs, findings)


def examine(
    source: Source,
    folder: Path,
    *,
    size: tuple[int, int],
    resize: Resize,
    color: str,
    near_duplicates: bool,
    threads: int,
) -> tuple[pd.DataFrame, pd.DataFrame, list[Finding]]:
    """Decode every image of ``source`` into the store below ``folder``: see ``audit_source``.

    Returns:
        The images and the pairs of near duplicates, as an ``Audit`` has them, and what was found.
    """
    stored = build_store(source, folder / STORE, size=size, resize=resize, color=color, threads=threads)
    facts = stored.records.drop(columns=["image", "stamp"])
    images = pd.concat([source.table.drop(columns="stamp").reset_index(drop=True), facts], axis=1)
    pairs = _pairs(images, stored.fingerprints) if near_duplicates else _pairs(images.iloc[:0], stored.fingerprints)
    findings = [
        *_unreadable(images),
        *_care(images, stored.fingerprints),
        *_repeated(images),
        *_near(images, pairs),
        *_classes(images),
    ]
    findings += [(kind, path, "", "") for path, kind in source.passed_over]
    return images, pairs, findings


def write_audit(folder: Path, images: pd.DataFrame, pairs: pd.DataFrame, findings: Iterable[Finding]) -> list[Path]:
    """Write what ``examine`` gave to ``folder``. Returns the files written, the image store among them."""
    table = pd.DataFrame(list(findings), columns=["kind", "image", "other", "detail"])
    order = {kind: place for place, kind in enumerate(KINDS)}
    table = table.sort_values(
        list(table.columns), key=lambda column: column.map(order) if column.name == "kind" else column
    )
    write_table(folder / TABLE, images)
    write_table(folder / FINDINGS, table)
    write_table(folder / PAIRS, pairs)
    return [folder / name for name in (TABLE, FINDINGS, PAIRS)] + [folder / STORE / PIXELS]


def load_audit(folder: Path) -> Audit:
    """The audit that ``audit_source`` wrote to ``folder``."""
    return Audit(read_table(folder / TABLE), read_table(folder / FINDINGS), read_table(folder / PAIRS), folder)


def read_table(path: Path) -> pd.DataFrame:
    """A table of images as it was written: text stays text, numbers are numbers."""
    numbers = {"width", "height", "row", "cluster", "difference"}
    columns = pd.read_csv(path, nrows=0).columns
    text = {name: object for name in columns if name not in numbers}
    return pd.read_csv(path, keep_default_na=False, dtype=text)


def _pairs(images: pd.DataFrame, fingerprints: np.ndarray) -> pd.DataFrame:
    """The near duplicates among the different contents of ``images``, the most alike first."""
    first = images[images["row"] >= 0].drop_duplicates("content").sort_values("content")
    contents = first["content"].to_numpy()
    places, differences = near_pairs(fingerprints[first["row"].to_numpy()])
    pairs = pd.DataFrame(
        {"a": contents[places[:, 0]], "b": contents[places[:, 1]], "difference": differences.astype(float).round(4)}
    )
    return pairs.sort_values(["difference", "a", "b"], ignore_index=True)


# Findings -----------------------------------------------------------------------------------------------------------


def _unreadable(images: pd.DataFrame) -> Iterator[Finding]:
    for image, reason in images.loc[images["reason"] != "", ["image", "reason"]].itertuples(index=False, name=None):
        yield reason.partition("image_")[2], image, "", ""


def _care(images: pd.DataFrame, fingerprints: np.ndarray) -> Iterator[Finding]:
    readable = images[images["reason"] == ""]
    for image, notes, form in readable.loc[readable["notes"] != "", ["image", "notes", "format"]].to_numpy():
        for note in notes.split():
            yield note, image, "", form if note == "wrong_extension" else ""
    flat = contrast(fingerprints) < LEAST_CONTRAST
    yield from (("nearly_constant", image, "", "") for image in readable["image"][flat])
    colored = colorfulness(fingerprints) >= GRAY_BELOW
    gray = ~colored & ~flat
    if 0 < gray.sum() <= FEW * (gray | colored).sum():
        yield from (("gray_among_color", image, "", "") for image in readable["image"][gray])
    elif 0 < colored.sum() <= FEW * (gray | colored).sum():
        yield from (("color_among_gray", image, "", "") for image in readable["image"][colored])
    yield from _sizes(readable)


def _sizes(images: pd.DataFrame) -> Iterator[Finding]:
    sides = images[["width", "height"]]
    shape = sides.max(axis=1) / sides.min(axis=1)
    side = np.sqrt(sides.prod(axis=1))
    usual = side.median()
    tiny = (side < TINY * usual) & (sides.min(axis=1) < TINY_PIXELS)
    odd = {
        "extreme_shape": (shape > EXTREME_SHAPE * shape.median()) & ~tiny,
        "extreme_size": ((side > EXTREME_SIZE * usual) | (side < usual / EXTREME_SIZE)) & ~tiny,
        "tiny": tiny,
    }
    for kind, found in odd.items():
        for image, width, height in images.loc[found, ["image", "width", "height"]].to_numpy():
            yield kind, image, "", f"{width}×{height}"


def _repeated(images: pd.DataFrame) -> Iterator[Finding]:
    """Images of which every pixel is equal."""
    readable = images[images["reason"] == ""]
    repeated = readable[readable.duplicated("content", keep=False)]
    for _, same in repeated.groupby("content", sort=False):
        many = len(same) >= SAME_AS_PLACEHOLDER
        if many:
            yield from (("placeholder", image, "", f"×{len(same)}") for image in same["image"])
        yield from _told("", same, same.iloc[:1], "", only_leaks=many)


def _near(images: pd.DataFrame, pairs: pd.DataFrame) -> Iterator[Finding]:
    """Images that are nearly equal; of equal ones the first stands for all."""
    wanted = set(pairs["a"]) | set(pairs["b"])
    held = images[images["content"].isin(wanted)]
    of_content = {str(content): rows for content, rows in held.groupby("content", sort=False)}
    for a, b, difference in pairs.itertuples(index=False, name=None):
        one, other = sorted((of_content[a], of_content[b]), key=lambda rows: str(rows["image"].iat[0]))
        elsewhere = other[_part(other) != _part(one).iat[0]]
        yield from _told(
            "near_", (other if elsewhere.empty else elsewhere).iloc[:1], one, f"{difference:.3f}", only_leaks=False
        )


def _told(
    prefix: str, images: pd.DataFrame, first: pd.DataFrame, detail: str, *, only_leaks: bool = False
) -> Iterator[Finding]:
    """What is to say of ``images`` that repeat the ``first``: where labels or given parts differ, that."""
    original = first.iloc[0]
    rows = zip(images["image"], images["label"], _part(images) != _part(first).iat[0], strict=True)
    for image, label, elsewhere in rows:
        if image == original["image"]:
            continue
        differ = label != original["label"]
        if differ and not only_leaks:
            yield f"{prefix}contradiction", image, original["image"], detail or f"{label}, {original['label']}"
        if elsewhere:
            yield f"{prefix}leak", image, original["image"], detail
        elif not differ and not only_leaks:
            yield f"{prefix}duplicate", image, original["image"], detail


def _part(images: pd.DataFrame) -> pd.Series:
    """The part that the data gives each image; what is not held out is for training."""
    return images["given_split"].mask(images["given_split"] == "", "train")


def _classes(images: pd.DataFrame) -> Iterator[Finding]:
    readable = images[images["reason"] == ""]
    counts = readable["label"].value_counts()
    for label, came in images["label"].value_counts().items():
        if label not in counts:
            yield "unreadable_class", "", "", f"{label}: {came:,}"
    for label, different in readable.groupby("label")["content"].nunique().items():
        if different < FEWEST:
            yield "too_few", "", "", f"{label}: {different}"
    if counts.max() >= IMBALANCE * counts.min():
        yield "imbalance", "", "", f"{counts.idxmax()}: {counts.max():,}; {counts.idxmin()}: {counts.min():,}"
