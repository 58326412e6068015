"""A tree of image files, the same whether it is a folder or a zip."""

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cnnproj.data.decoding import Pixels, decode
from cnnproj.data.sources.source import Source
from cnnproj.errors import CnnprojError, UnreadableImage

IMAGE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")

# A file is read whole into memory. The largest image that is decoded, uncompressed, is well below this.
MAX_FILE_BYTES = 1 << 30


class FileTree(ABC):
    """Files by their posix path within the tree."""

    name: str
    where: str

    @abstractmethod
    def images(self) -> dict[str, str]:
        """All image files that are not hidden: path → a stamp that changes when the file does."""

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

    def read(self, row: int) -> Pixels:
        """See ``Source.read``."""
        path = str(self.table["image"].iat[row])
        return decode(self.tree.read(path), path)


class Folder(FileTree):
    """The files below a folder. Links are passed over, except a link to a file of the same folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.name = self.root.name
        self.where = str(root)

    def images(self) -> dict[str, str]:
        """See ``FileTree.images``.

        Raises:
            CnnprojError: where a folder cannot be listed.
        """
        return dict(self._walk(self.root))

    def _walk(self, folder: Path) -> Iterator[tuple[str, str]]:
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            raise CnnprojError("data.unopened", path=folder, reason=error.strerror) from error
        for entry in entries:
            path = Path(entry.path)
            relative = path.relative_to(self.root).as_posix()
            if entry.is_dir(follow_symlinks=False):
                if not is_hidden(entry.name):
                    yield from self._walk(path)
            elif is_image(relative) and entry.is_file() and self._holds(path, entry.is_symlink()):
                yield relative, self.stamp(relative)

    def _holds(self, path: Path, is_link: bool) -> bool:
        return not is_link or path.resolve().is_relative_to(self.root)

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
    """Whether a file or folder of this name is none of the user's: ``.DS_Store``, ``__MACOSX`` …"""
    return name.startswith(".") or name == "__MACOSX"


def is_image(path: str) -> bool:
    """Whether a posix path is that of an image: by its extension, and no part of it hidden."""
    parts = PurePosixPath(path)
    return parts.suffix.lower() in IMAGE_EXTENSIONS and not any(is_hidden(part) for part in parts.parts)
