"""Folders whose names are the labels, as nearly every image set comes: in a folder or a zip, split or not."""

import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from cnnproj.data.sources.source import SPLIT_NAMES, Record, digest, image_table
from cnnproj.data.sources.tree import IMAGE_EXTENSIONS, FileSource, FileTree
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
    images = tree.images()
    records = _records(images, tree.where)
    files = (f"{image} {images[image]}" for image in sorted(record.image for record in records))
    return FileSource(
        name=tree.name,
        table=image_table(records, tree.where),
        fingerprint=digest("files", *files),
        tree=tree,
    )


def _records(paths: Iterable[str], where: str) -> list[Record]:
    files = [_File(path, tuple(path.split("/"))) for path in paths]
    if not files:
        raise CnnprojError("data.no_images", where=where, extensions=" ".join(IMAGE_EXTENSIONS))
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
