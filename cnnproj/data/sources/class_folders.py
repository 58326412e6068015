"""Folders whose names are the labels, as nearly every image set comes: in a folder or a zip, split or not."""

import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from cnnproj.data import formats
from cnnproj.data.sources.source import SPLIT_NAMES, PassedOver, Record, digest, image_table
from cnnproj.data.sources.tree import FileSource, FileTree, Listing
from cnnproj.errors import CnnprojError


class _File(NamedTuple):
    path: str
    below: tuple[str, ...]  # the parts of the path that have not been looked at


_Level = dict[str, list[_File]]


def open_class_folders(tree: FileTree) -> FileSource:
    """The images of class folders, or of train, validation and test folders of class folders.

    Any number of folders may be wrapped around them. Images directly beside the class folders are passed over, and so
    are folders beside train, validation and test.

    Raises:
        CnnprojError: where there are no images, no class folders or only one, or it is unclear which they are.
    """
    listing = tree.listing()
    found = _records(listing.images, tree.where)
    records = sorted(record._replace(stamp=listing.images[record.image]) for record in found)
    outside = listing.images.keys() - {record.image for record in records}
    passed_over = {
        *listing.passed_over,
        *(PassedOver(image, "outside_classes") for image in outside),
        *(PassedOver(folder, "no_images") for folder in _folders_without_images(listing)),
    }
    return FileSource(
        name=tree.name,
        table=image_table(records, tree.where),
        fingerprint=digest("files", *(f"{record.image} {record.stamp}" for record in records)),
        passed_over=tuple(sorted(passed_over)),
        tree=tree,
    )


def _folders_without_images(listing: Listing) -> Iterator[str]:
    """The folders without an image in them or below, beside a folder that has some."""
    filled = {parent for image in listing.images for parent in PurePosixPath(image).parents}
    beside_filled = {folder.parent for folder in filled}
    for folder in map(PurePosixPath, listing.folders):
        # One within another has nothing filled beside it: only the topmost is told.
        if folder not in filled and folder.parent in beside_filled:
            yield str(folder)


def _records(paths: Iterable[str], where: str) -> list[Record]:
    files = [_File(path, tuple(path.split("/"))) for path in paths]
    if not files:
        raise CnnprojError("data.no_images", where=where, extensions=" ".join(formats.READ))
    level = _folders(files)
    while len(level) == 1:
        inner = _folders(next(iter(level.values())))
        if not inner:
            break
        level = inner
    if not level:
        raise CnnprojError("data.no_class_folders", where=where, n=len(files))

    # Two at least: a lone folder "train" among others may as well be the class of photos of trains.
    parts = {name: files for name, files in level.items() if name.lower() in SPLIT_NAMES and _folders(files)}
    if len({SPLIT_NAMES[name.lower()] for name in parts}) >= 2:
        return [
            record
            for name, files in parts.items()
            for record in _labelled(_folders(files), SPLIT_NAMES[name.lower()], where)
        ]
    return _labelled(level, "", where)


def _folders(files: Iterable[_File]) -> _Level:
    """The folders at the top of a level, each with its files one level down."""
    level: _Level = {}
    for path, (top, *below) in files:
        if below:
            level.setdefault(top, []).append(_File(path, tuple(below)))
    return level


def _labelled(level: _Level, split: str, where: str) -> list[Record]:
    """The records of a level of class folders; a class folder may have folders within."""
    flat = [name for name, files in level.items() if not _folders(files)]
    nested = [name for name, files in level.items() if all(len(file.below) > 1 for file in files)]
    if flat and nested:  # such as `Dataset/0 … 9` beside `Examples`: these are not two classes
        raise CnnprojError("data.mixed_folders", where=where, nested=min(nested), flat=min(flat))
    return [
        # macOS writes "ñ" as two characters and other systems as one: to a reader they are one label.
        Record(file.path, unicodedata.normalize("NFC", name), split)
        for name, files in level.items()
        for file in files
    ]
