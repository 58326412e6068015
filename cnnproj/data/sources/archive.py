"""A zip, read in place: never unpacked to disk, and refused before any image is read if it looks like an attack."""

import re
import stat
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path, PurePosixPath
from threading import Lock

from cnnproj.data.sources.source import PassedOver
from cnnproj.data.sources.tree import MAX_FILE_BYTES, FileTree, Listing, is_hidden, kind_passed_over
from cnnproj.errors import CnnprojError, UnreadableImage

MAX_MEMBERS = 200_000
MAX_UNPACKED_BYTES = 20 << 30
MAX_RATIO = 200
RATIO_COUNTS_ABOVE_BYTES = 1 << 20
_SAYS_UTF_8 = 0x800  # the flag of a member whose name is known to be UTF-8; else it is read as code page 437


class Zip(FileTree):
    """The files in a zip.

    Raises:
        CnnprojError: where it is no zip or not a safe one.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self.where = str(path)
        try:
            self._zip = zipfile.ZipFile(path)
        except OSError as error:
            raise CnnprojError("data.unopened", path=path, reason=error.strerror) from error
        except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError) as error:
            raise CnnprojError("data.zip_damaged", path=path, reason=error) from error
        self._refuse_if_unsafe()
        self._members = {member_path(info): info for info in self._zip.infolist() if not is_folder(info)}
        # A ZipFile has one position in its file and counts its readers without a lock of its own.
        self._lock = Lock()

    def _refuse_if_unsafe(self) -> None:
        members = self._zip.infolist()
        if len(members) > MAX_MEMBERS:
            self._refuse("data.zip_members", count=len(members), most=MAX_MEMBERS)
        unpacked = sum(info.file_size for info in members)
        if unpacked > MAX_UNPACKED_BYTES:
            self._refuse("data.zip_unpacked", size=unpacked >> 30, most=MAX_UNPACKED_BYTES >> 30)
        for info in members:
            if found := danger(info):
                self._refuse(f"data.zip_{found}", member=info.filename)
            ratio = info.file_size / max(info.compress_size, 1)
            if info.file_size > RATIO_COUNTS_ABOVE_BYTES and ratio > MAX_RATIO:
                self._refuse("data.zip_ratio", member=info.filename, ratio=round(ratio), most=MAX_RATIO)

    def _refuse(self, key: str, **values: object) -> None:
        self._zip.close()
        raise CnnprojError(key, path=self.where, **values)

    def listing(self) -> Listing:
        """See ``FileTree.listing``; a stamp is size and CRC."""
        images: dict[str, str] = {}
        folders: set[str] = set()
        passed_over: set[PassedOver] = set()
        for info in self._zip.infolist():
            path = member_path(info)
            if hidden := _hidden(path):
                passed_over.add(PassedOver(hidden, "hidden"))
                continue
            # A zip need not list its folders; what it lists as "./" is the zip itself.
            folders.update(str(parent) for parent in PurePosixPath(path).parents[:-1])
            if is_folder(info):
                folders.update({path} - {"."})
            elif stat.S_ISLNK(info.external_attr >> 16):
                passed_over.add(PassedOver(path, "link"))
            elif kind := kind_passed_over(path):
                passed_over.add(PassedOver(path, kind))
            else:
                images[path] = f"{info.file_size} {info.CRC:08x}"
        return Listing(images, folders, passed_over)

    def read(self, path: str) -> bytes:
        """See ``FileTree.read``."""
        info = self._members[path]
        if info.file_size > MAX_FILE_BYTES:
            raise UnreadableImage("data.image_file_too_large", name=path)
        try:
            # With a size, `read` unpacks no more than that, even where the header lies about it.
            with self._lock, self._zip.open(info) as member:
                return member.read(info.file_size)
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
            raise UnreadableImage("data.image_damaged", name=path, reason=error) from error


def danger(info: zipfile.ZipInfo) -> str:
    """Why a member must not be unpacked: ``outside`` (leads there), ``encrypted`` or ``method``; "" where it may be."""
    path = member_path(info)
    if path.startswith("/") or re.match("[A-Za-z]:", path) or ".." in path.split("/"):
        return "outside"
    if info.flag_bits & 0x1:
        return "encrypted"
    # The other methods unpack without a bound on what one step gives.
    return "" if info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) else "method"


def member_path(info: zipfile.ZipInfo) -> str:
    """The path of a member; some programs on Windows write backslashes, and many write UTF-8 without saying so."""
    name = info.filename
    if not info.flag_bits & _SAYS_UTF_8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return PurePosixPath(name.replace("\\", "/")).as_posix()


def is_folder(info: zipfile.ZipInfo) -> bool:
    """Whether a member is a folder."""
    return info.filename.endswith(("/", "\\"))


def _hidden(path: str) -> str:
    """The topmost hidden folder on the way to a member, or the member if that is hidden, or ""."""
    upwards = [PurePosixPath(path), *PurePosixPath(path).parents]
    return next((str(part) for part in reversed(upwards) if is_hidden(part.name)), "")
