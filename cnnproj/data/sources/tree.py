"""A tree of image files, the same whether it is a folder or a zip."""

import os
import stat
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from cnnproj.data import formats
from cnnproj.data.decoding import Decoded, decode
from cnnproj.data.sources.source import PassedOver, Source
from cnnproj.errors import CnnprojError, UnreadableImage

# A file is read whole into memory. The largest image that is decoded, uncompressed, is well below this.
MAX_FILE_BYTES = 1 << 30

_HIDDEN = {"__macosx", "thumbs.db", "desktop.ini"}


class Listing(NamedTuple):
    """What stands in a tree, in no order, by posix paths.

    Attributes:
        images: each image file, with a stamp that changes when the file does.
        folders: every folder that is not hidden.
        passed_over: every other file, and what is hidden.
    """

    images: dict[str, str]
    folders: set[str]
    passed_over: set[PassedOver]


class FileTree(ABC):
    """Files by their posix path within the tree."""

    name: str
    where: str

    @abstractmethod
    def listing(self) -> Listing:
        """All that stands in the tree. What is in hidden folders is not looked at."""

    @abstractmethod
    def read(self, path: str) -> bytes:
        """The bytes of one file; may be called from several threads at once.

        Raises:
            UnreadableImage: where they cannot be had.
        """


@dataclass(frozen=True, eq=False)
class FileSource(Source):
    """Images that are files of a tree; ``image`` in the table is the path in the tree."""

    tree: FileTree

    @cached_property
    def _paths(self) -> list[str]:
        return list(self.table["image"])  # pandas takes longer to look one up than a small image takes to decode

    def read(self, row: int) -> Decoded:
        """See ``Source.read``."""
        path = self._paths[row]
        return decode(self.tree.read(path), path)


class Folder(FileTree):
    """The files below a folder. Links are passed over, except a link to a file of the same folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.name = self.root.name
        self.where = str(root)

    def listing(self) -> Listing:
        """See ``FileTree.listing``; a stamp is size and time of the last change.

        Raises:
            CnnprojError: where a folder cannot be listed.
        """
        listing = Listing({}, set(), set())
        self._list("", listing)
        return listing

    def _list(self, folder: str, listing: Listing) -> None:
        """Add to ``listing`` what stands in ``folder``, which is "" or ends in a slash."""
        try:
            entries = list(os.scandir(self.root / folder))
        except OSError as error:
            raise CnnprojError("data.unopened", path=self.root / folder, reason=error.strerror) from error
        for entry in entries:
            path = folder + entry.name
            if is_hidden(entry.name):
                listing.passed_over.add(PassedOver(path, "hidden"))
            elif entry.is_symlink() and not self._leads_to_a_file_within(entry):
                listing.passed_over.add(PassedOver(path, "link"))
            elif entry.is_dir():
                listing.folders.add(path)
                self._list(f"{path}/", listing)
            elif kind := kind_passed_over(path):
                listing.passed_over.add(PassedOver(path, kind))
            elif entry.is_file():
                listing.images[path] = self.stamp(path)
            else:  # a pipe or a socket of such a name
                listing.passed_over.add(PassedOver(path, "other_file"))

    def _leads_to_a_file_within(self, link: os.DirEntry[str]) -> bool:
        try:
            return link.is_file() and Path(link.path).resolve().is_relative_to(self.root)
        except (OSError, RuntimeError):  # it leads round in a circle, or where one may not look
            return False

    def stamp(self, path: str) -> str:
        """Size and time of the last change; "" where there is no such file."""
        try:
            status = (self.root / path).stat()
        except (OSError, ValueError):  # ValueError: a null byte in the path
            return ""
        return f"{status.st_size} {status.st_mtime_ns}" if stat.S_ISREG(status.st_mode) else ""

    def read(self, path: str) -> bytes:
        """See ``FileTree.read``."""
        try:
            with (self.root / path).open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise UnreadableImage("data.image_unopened", name=path, reason=error.strerror) from error
        if len(data) > MAX_FILE_BYTES:
            raise UnreadableImage("data.image_file_too_large", name=path)
        return data


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is none of the user's: ``.DS_Store``, ``__MACOSX``, ``Thumbs.db`` …"""
    return name.startswith(".") or name.lower() in _HIDDEN


def kind_passed_over(path: str) -> str:
    """Which of ``PASSED_OVER_KINDS`` a file is by its extension, or "" for an image."""
    extension = formats.extension(path)
    if extension in formats.READ:
        return ""
    return "other_format" if extension in formats.NOT_READ else "other_file"
