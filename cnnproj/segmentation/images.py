"""The images of a segmentation project in their parts, with the mask of each; and the audit that makes both stores."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from cnnproj.data.audit import Finding, examine, write_audit
from cnnproj.data.images import Images, Part, load_images
from cnnproj.data.resizing import Resize, fit_mask
from cnnproj.errors import CnnprojError
from cnnproj.files import replacing, write_text
from cnnproj.progress import Progress
from cnnproj.segmentation.scores import IGNORED
from cnnproj.segmentation.sources import MaskedSource
from cnnproj.words import say

PIXEL_CLASSES, MASKS = "pixel_classes.json", "masks.npy"


@dataclass(frozen=True)
class MaskedPart(Part):
    """One part of the images, with their masks; ``classes`` are those of pixels, and ``labels`` are all 0.

    Attributes:
        masks: of the whole store, uint8, (images, height, width): the class of each pixel, or ``IGNORED``;
            memory-mapped.
    """

    masks: np.ndarray

    def truth(self, positions: np.ndarray | slice = slice(None)) -> np.ndarray:
        """The masks at ``positions`` of the part, uint8, (n, height, width)."""
        return np.asarray(self.masks[self.rows[positions]])


@dataclass(frozen=True)
class MaskedImages:
    """All images of a segmentation project, in their parts.

    Attributes:
        images: their table, what was set aside, and the audit.
        classes: the classes of pixels, the background first.
        folder: where the masks are stored.
    """

    images: Images
    classes: tuple[str, ...]
    folder: Path

    @cached_property
    def masks(self) -> np.ndarray:
        """The mask store: uint8, (readable images, height, width); read from disk as it is used."""
        return np.asanyarray(np.load(self.folder / MASKS, mmap_mode="r"))

    @property
    def stores(self) -> tuple[np.ndarray, ...]:
        """All that is stored of each readable image, a row each: its pixels, and the class of each of them."""
        return (self.images.pixels, self.masks)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height and width in pixels, and channels, of one image."""
        return self.images.shape

    @property
    def train(self) -> MaskedPart:
        """The images that networks are fitted on."""
        return self._part("train")

    @property
    def validation(self) -> MaskedPart:
        """The images by which hyperparameters, epochs and models are chosen."""
        return self._part("validation")

    def _part(self, name: str) -> MaskedPart:
        # The test part is given out by cnnproj.evaluation.test_set alone, as for classification.
        part = self.images._part(name)
        return MaskedPart(part.name, part.pixels, part.rows, part.labels, self.classes, self.masks)

    @property
    def table(self) -> pd.DataFrame:
        """A row an image that is used: see ``Images.table``."""
        return self.images.table

    @property
    def shares(self) -> pd.DataFrame:
        """The share of the pixels of each class (rows) in the training and the validation part (columns).

        The last row is of the pixels that are ignored, where there are any.
        """
        columns, n = {}, len(self.classes)
        for part in (self.train, self.validation):
            counts = sum(np.bincount(np.minimum(mask, n).ravel(), minlength=n + 1) for mask in _each(part))
            columns[say(f"figures.{part.name}")] = counts / np.sum(counts)
        rows = pd.Index([*self.classes, say("segmentation.ignored")], name=say("report.column.class"))
        table = pd.DataFrame(columns, index=rows)
        return table if table.iloc[-1].any() else table.iloc[:-1]


def _each(part: MaskedPart) -> Iterator[np.ndarray]:
    for position in range(len(part)):
        yield part.truth(np.array([position]))


def load_masked_images(folder: Path) -> MaskedImages:
    """The images that were audited and dealt out in ``folder``."""
    classes = tuple(json.loads((folder / PIXEL_CLASSES).read_text(encoding="utf-8")))
    return MaskedImages(load_images(folder), classes, folder)


def audit_masked(
    source: MaskedSource,
    folder: Path,
    *,
    size: tuple[int, int],
    resize: Resize,
    color: str,
    near_duplicates: bool,
    threads: int,
) -> list[Path]:
    """Decode every image and mask of ``source`` into the stores in ``folder``, and write what was found beside them.

    Args:
        source: an image without a sound mask is set aside.
        folder: of the data.
        size: height and width in pixels of the stored images and masks.
        resize: how they are brought to it: ``stretch``, ``pad`` or ``crop``; masks by the nearest pixel.
        color: of the images: ``gray``, ``rgb``, or ``auto`` (gray if every image is).
        near_duplicates: whether to look for them; equal images are found in any case.
        threads: how many images are decoded at once; changes nothing in the result.

    Returns:
        The files written.

    Raises:
        CnnprojError: where no image can be used, or no mask has anything but background.
    """
    known = source.prepared()
    images, pairs, findings = examine(
        known, folder, size=size, resize=resize, color=color, near_duplicates=near_duplicates, threads=threads
    )
    readable = images[images["row"] >= 0]
    digests: dict[str, str] = {}
    empty: list[str] = []
    with replacing(folder / MASKS) as partial, Progress(say("segmentation.storing"), len(readable)) as progress:
        store = np.lib.format.open_memmap(partial, "w+", np.uint8, (len(readable), *size))
        for place, row, image in zip(readable.index, readable["row"], readable["image"], strict=True):
            mask = known.classes_at(place)
            store[row] = fit_mask(mask, size, resize)
            digests[image] = hashlib.sha256(mask.tobytes()).hexdigest()
            if ignored := float(np.mean(mask == IGNORED)):
                findings.append(("mask_ignored", image, "", f"{ignored:.1%}"))
            if not ((mask > 0) & (mask != IGNORED)).any():
                empty.append(image)
            progress.advance()
        store.flush()
        del store
    if len(empty) == len(readable):
        raise CnnprojError("segmentation.all_empty", source=source.name, classes=", ".join(known.pixel_classes))
    findings += [("mask_empty", image, "", "") for image in empty]
    findings += _contradictions(readable, digests)
    write_text(folder / PIXEL_CLASSES, json.dumps(known.pixel_classes, ensure_ascii=False) + "\n")
    written = write_audit(folder, images, pairs, findings)
    return [*written, folder / MASKS, folder / PIXEL_CLASSES]


def _contradictions(images: pd.DataFrame, digests: dict[str, str]) -> Iterator[Finding]:
    """Images of which every pixel is equal, with masks that are not."""
    for _, same in images[images.duplicated("content", keep=False)].groupby("content", sort=False):
        first, *others = same["image"]
        yield from (("mask_contradiction", one, first, "") for one in others if digests[one] != digests[first])
