"""Images with a mask each: from folders ``images/`` and ``masks/``, in a folder or a zip; or the embedded shapes."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from cnnproj.data import formats
from cnnproj.data.decoding import Decoded, decode
from cnnproj.data.sources import existing_path
from cnnproj.data.sources.archive import Zip
from cnnproj.data.sources.shapes import OUTLINES, Shapes, open_shapes
from cnnproj.data.sources.source import SPLIT_NAMES, PassedOver, Record, Source, digest
from cnnproj.data.sources.tree import FileTree, Folder
from cnnproj.errors import CnnprojError, UnreadableImage
from cnnproj.progress import Progress
from cnnproj.segmentation.encoding import Drawn, Encoding, Survey, read_mask
from cnnproj.words import say

IMAGES = ("images", "image", "imgs", "img")
MASKS = ("masks", "mask", "labels", "annotations")
_ENDING = re.compile(r"[_-](?:masks?|labels?|segmentation)$", re.IGNORECASE)  # of a mask's name, where it has one
LABEL = "image"  # of every image: what is told apart are pixels


@dataclass(frozen=True, eq=False)
class MaskedSource(Source):
    """Images with a mask each; all have the ``label`` "image".

    ``read`` sets an image aside whose mask is missing, cannot be read, is of another size, or has an unknown value.
    """

    @abstractmethod
    def prepared(self) -> MaskedSource:
        """The same with its encoding known: whatever has to be looked at for that, is. ``stamp`` changes with it."""

    @property
    @abstractmethod
    def pixel_classes(self) -> tuple[str, ...]:
        """The classes of pixels, the background first."""

    @abstractmethod
    def classes_at(self, row: int) -> np.ndarray:
        """The class of each pixel of an image at its own size, or ``IGNORED``, uint8, (height, width).

        Raises:
            UnreadableImage: where the mask is missing, cannot be read, has an unknown value, or labels no pixel.
        """


@dataclass(frozen=True, eq=False)
class MaskedShapes(MaskedSource):
    """The embedded scenes; each pixel is of the background or of one of the four shapes."""

    shapes: Shapes

    def prepared(self) -> MaskedShapes:
        """See ``MaskedSource.prepared``."""
        return self

    @property
    def pixel_classes(self) -> tuple[str, ...]:
        """See ``MaskedSource.pixel_classes``."""
        return ("background", *sorted(OUTLINES))

    def read(self, row: int) -> Decoded:
        """See ``Source.read``."""
        return self.shapes.read(row)

    def classes_at(self, row: int) -> np.ndarray:
        """See ``MaskedSource.classes_at``."""
        label = str(self.shapes.table["label"].iat[row])
        return self.shapes.mask(row) * np.uint8(self.pixel_classes.index(label))


@dataclass(frozen=True, eq=False)
class Pairs(MaskedSource):
    """Images and masks that are files of a tree.

    Attributes:
        tree: the files.
        masks: the path of each image's mask, or "".
        names: of the classes, or none.
        colors: of the classes by name, or none.
        ignore: the value in masks that stands for no class: see ``Encoding``.
        encoding: how masks are read, once they have been looked at.
    """

    tree: FileTree
    masks: tuple[str, ...]
    names: tuple[str, ...] = ()
    colors: Mapping[str, str] | None = None
    ignore: int | str | None = None
    encoding: Encoding | None = None

    @cached_property
    def _paths(self) -> list[str]:
        return list(self.table["image"])

    def prepared(self) -> Pairs:
        """See ``MaskedSource.prepared``.

        Raises:
            CnnprojError: where no mask can be read, or they hold more values than classes can be, or none.
        """
        survey, there = Survey(self.ignore), [place for place, mask in enumerate(self.masks) if mask]
        reason, seen = "", 0
        with Progress(say("segmentation.surveying"), len(there)) as progress:
            for row in there:
                try:
                    survey.add(self._drawn(row))
                    seen += 1
                except UnreadableImage as error:
                    reason = reason or str(error)
                progress.advance()
        if not seen:
            raise CnnprojError("segmentation.no_readable_mask", where=self.tree.where, reason=reason)
        encoding = survey.encoding(self.names, self.colors or {})
        table = self.table.assign(stamp=self.table["stamp"] + f" {encoding.fingerprint}")
        return replace(self, table=table, encoding=encoding)

    @property
    def pixel_classes(self) -> tuple[str, ...]:
        """See ``MaskedSource.pixel_classes``."""
        return self._known.classes

    @property
    def _known(self) -> Encoding:
        if self.encoding is None:
            raise ValueError("Expected a source that is prepared.")
        return self.encoding

    def read(self, row: int) -> Decoded:
        """See ``Source.read``."""
        path = self._paths[row]
        decoded = decode(self.tree.read(path), path)
        mask = self.classes_at(row)
        if mask.shape != decoded.pixels.shape[:2]:
            sizes = [f"{shape[1]}×{shape[0]}" for shape in (decoded.pixels.shape, mask.shape)]
            raise UnreadableImage(
                "segmentation.image_mask_size", name=path, mask=self.masks[row], size=sizes[0], other=sizes[1]
            )
        return decoded

    def classes_at(self, row: int) -> np.ndarray:
        """See ``MaskedSource.classes_at``."""
        if not self.masks[row]:
            raise UnreadableImage("segmentation.image_mask_missing", name=self._paths[row])
        try:
            drawn = self._drawn(row)
        except UnreadableImage as error:
            if error.sentence.startswith("segmentation."):
                raise
            raise UnreadableImage("segmentation.image_mask_unreadable", name=self._paths[row], reason=error) from error
        return self._known.classes_of(drawn, self.masks[row])

    def _drawn(self, row: int) -> Drawn:
        path = self.masks[row]
        return read_mask(self.tree.read(path), path)


def open_masked(
    source: str,
    folder: Path,
    *,
    seed: int,
    names: Sequence[str] = (),
    colors: Mapping[str, str] | None = None,
    ignore: int | str | None = None,
) -> MaskedSource:
    """The images with masks that ``data.source`` in project.toml names.

    Args:
        source: ``shapes``; or the path of a folder or a zip, see ``open_pairs``.
        folder: the project folder, from which a path starts unless it is absolute or begins with ``~``.
        seed: decides what is drawn for ``shapes``.
        names: of the classes, the background first; or none.
        colors: of the classes as ``#rrggbb`` by name, the background first; or none.
        ignore: the value in masks, a number or ``#rrggbb``, of pixels that are not labelled; or none.

    Raises:
        CnnprojError: where there is no such source, or it is not what it must be.
    """
    if source == "shapes":
        shapes = open_shapes(seed)
        table = shapes.table.assign(label=LABEL)
        return MaskedShapes(shapes.name, table, digest("masked", shapes.fingerprint), shapes=shapes)
    path = existing_path(source, folder)
    if path.is_dir():
        return open_pairs(Folder(path), names, colors, ignore)
    if path.suffix.lower() == ".zip":
        return open_pairs(Zip(path), names, colors, ignore)
    raise CnnprojError("segmentation.unknown_kind", path=path)


class _Place(NamedTuple):
    """Where a file stands but for the folder ``images`` or ``masks``, and what it is called without its extension."""

    folders: tuple[str, ...]
    stem: str


def open_pairs(
    tree: FileTree,
    names: Sequence[str] = (),
    colors: Mapping[str, str] | None = None,
    ignore: int | str | None = None,
) -> Pairs:
    """The images below folders ``images``, each with the file below the folder ``masks`` beside it of the same name.

    ``train/images`` and ``train/masks``, or ``images/train`` and ``masks/train``; the extensions may differ, and a
    mask's name may end in ``_mask``. Of an image without a mask and of a mask without an image the audit tells.

    Raises:
        CnnprojError: where there are no such folders, or no image has a mask.
    """
    listing = tree.listing()
    images: dict[_Place, str] = {}
    masks: dict[_Place, str] = {}
    for path in sorted(listing.images):
        *folders, file = path.split("/")
        at = next((i for i in reversed(range(len(folders))) if folders[i].lower() in (*IMAGES, *MASKS)), None)
        if at is None:
            continue
        rest, stem = (*folders[:at], *folders[at + 1 :]), file[: len(file) - len(formats.extension(path))]
        if folders[at].lower() in IMAGES:
            images[_Place(rest, stem)] = path
        else:
            masks[_Place(rest, stem)] = path
    if not images or not masks:
        raise CnnprojError("segmentation.no_pairs", where=tree.where, images=len(images), masks=len(masks))
    bare = {_Place(place.folders, _ENDING.sub("", place.stem)): path for place, path in masks.items()}
    partner = {path: masks.get(place) or bare.get(place, "") for place, path in images.items()}
    if not any(partner.values()):
        one, other = min(images.values()), min(masks.values())
        raise CnnprojError("segmentation.no_partners", where=tree.where, image=one, mask=other)
    stamps = listing.images
    splits = _splits(images)
    records = sorted(
        Record(image, LABEL, splits.get(image, ""), "", digest(stamps[image], mask, stamps.get(mask, "")))
        for image, mask in partner.items()
    )
    lonely = set(masks.values()) - set(partner.values())
    outside = listing.images.keys() - set(images.values()) - set(masks.values())
    passed_over = {
        *listing.passed_over,
        *(PassedOver(path, "image_missing") for path in lonely),
        *(PassedOver(path, "outside_pairs") for path in outside),
    }
    return Pairs(
        name=tree.name,
        table=pd.DataFrame(records, columns=list(Record._fields)),
        fingerprint=digest("pairs", *(f"{record.image} {record.stamp}" for record in records), *sorted(lonely)),
        passed_over=tuple(sorted(passed_over)),
        tree=tree,
        masks=tuple(partner[record.image] for record in records),
        names=tuple(names),
        colors=colors,
        ignore=ignore,
    )


def _splits(images: Mapping[_Place, str]) -> dict[str, str]:
    """The part of each image by the folders that it stands in; none where these name fewer than two parts."""
    parts = {path: _part(place.folders) for place, path in images.items()}
    return parts if len(set(parts.values()) - {""}) >= 2 else {}


def _part(folders: Iterable[str]) -> str:
    return next((SPLIT_NAMES[name.lower()] for name in folders if name.lower() in SPLIT_NAMES), "")
