"""A stranger's zip into a folder of our own: only files that a submission has, and no byte more than is allowed."""

from __future__ import annotations

import hashlib
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cnnproj.data.sources.archive import danger, is_folder, member_path
from cnnproj.errors import CnnprojError
from cnnproj.submission.contents import CONTENTS, SETTINGS, TEST_IMAGES, TEST_MASKS, is_wanted
from cnnproj.submission.opening.limits import Limits, Refused, shown
from cnnproj.words import say

_CHUNK = 1 << 20
_ENTRY = 1_000  # bytes of a member in the directory, at most on the average
# What computers leave behind in a zip that was unpacked and packed again.
_LEFT_BEHIND = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")
# One name of a path that is a name on every system; and those that are none on Windows.
_NAME = re.compile(r"\w[\w .,()+=@'&-]{0,99}(?<![ .])")
_NO_NAME = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_END, _ZIP64 = struct.Struct("<4s4H2LH"), struct.Struct("<4sLQL")
BROKEN = (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, struct.error)


@dataclass(frozen=True)
class Unpacked:
    """What was unpacked.

    Attributes:
        files: the SHA-256 of each file by its path in the folder, in hex, sorted.
        notes: what was put up with, in sentences.
    """

    files: dict[str, str]
    notes: tuple[str, ...]


def unpack(file: BinaryIO, path: Path, folder: Path, limits: Limits) -> Unpacked:
    """Unpack the zip ``file`` into ``folder``.

    Args:
        file: the zip, open.
        path: what to call it in a sentence.
        folder: empty.
        limits: what is unpacked at most.

    Raises:
        Refused: where it is no zip, not a safe one, or holds what no submission has.
    """
    with open_zip(file, limits, Refused, path=path) as archive:
        members, notes = _wanted(archive, path, limits)
        _refuse_too_much(archive, members, path, limits)
        files = {}
        for name, info in sorted(members.items()):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            files[name] = _write(archive, info, target, path)
    return Unpacked(files, notes)


@contextmanager
def open_zip(file: BinaryIO, limits: Limits, error: type[CnnprojError], **named: object) -> Iterator[zipfile.ZipFile]:
    """The zip ``file``, each of whose members may be unpacked, as far as its directory tells.

    Args:
        file: open for reading.
        limits: the number of members, before the directory is read.
        error: what is raised where it is no zip or not a safe one …
        **named: … and what its sentence says beside the reason.
    """
    try:
        _require_plain_end(file, limits)
        archive = zipfile.ZipFile(file)
    except BROKEN as reason:
        raise error("opened.no_zip", reason=shown(reason), **named) from None
    with archive:
        if len(archive.infolist()) > limits.members:
            raise error("opened.no_zip", reason=say("opened.members", most=limits.members), **named)
        for info in archive.infolist():
            member = shown(info.filename)
            if found := danger(info):
                raise error(f"opened.{found}", member=member, **named)
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise error("opened.link", member=member, **named)
        yield archive


def _require_plain_end(file: BinaryIO, limits: Limits) -> None:
    """Raise ``ValueError`` unless the zip is one from its first byte to its last, and its directory not too long.

    ``zipfile`` reads the whole directory before it can be counted, and looks for it in more than one place.
    """
    size, odd = file.seek(0, 2), say("opened.odd")
    if size < _END.size:
        raise ValueError(odd)
    file.seek(max(0, size - _END.size - _ZIP64.size))
    tail = file.read()
    signature, _, _, _, count, length, start, comment = _END.unpack(tail[-_END.size :])
    if signature != b"PK\5\6" or comment or start + length + _END.size != size or b"PK\6\7" in tail[: -_END.size]:
        raise ValueError(odd)
    if count > limits.members or length > limits.members * _ENTRY:
        too_many = say("opened.members", most=limits.members)
        raise ValueError(too_many)


def _wanted(archive: zipfile.ZipFile, path: Path, limits: Limits) -> tuple[dict[str, zipfile.ZipInfo], tuple[str, ...]]:
    """The members to unpack, by where they go."""
    notes = []
    infos = [info for info in archive.infolist() if not is_folder(info)]
    kept = [info for info in infos if not set(_LEFT_BEHIND) & set(member_path(info).split("/"))]
    if len(kept) < len(infos):
        notes.append(say("opened.left_behind", n=len(infos) - len(kept)))
    wrapped = {member_path(info).partition("/")[0] for info in kept}
    wrapping = f"{wrapped.pop()}/" if len(wrapped) == 1 else ""
    if wrapping and any(member_path(info) == wrapping + CONTENTS for info in kept):
        notes.append(say("opened.wrapped", folder=shown(wrapping)))
    else:
        wrapping = ""
    members: dict[str, zipfile.ZipInfo] = {}
    taken = set()
    for info in kept:
        # macOS writes é as two characters, as nobody else does.
        name = unicodedata.normalize("NFC", member_path(info).removeprefix(wrapping))
        _refuse_unknown(name, path)
        if name.casefold() in taken:
            raise Refused("opened.twice", path=path, member=shown(name))
        taken.add(name.casefold())
        members[name] = info
        most = limits.bytes_for(name)
        if info.file_size > most:
            raise Refused("opened.file_size", path=path, member=shown(name), size=_mib(info.file_size), most=_mib(most))
    return members, tuple(notes)


def _refuse_unknown(name: str, path: Path) -> None:
    parts = name.split("/")
    if not (is_wanted(name) or name in (CONTENTS, SETTINGS, TEST_IMAGES, TEST_MASKS)):
        raise Refused("opened.unknown", path=path, member=shown(name))
    is_model = parts[0] == "models"
    if not all(_NAME.fullmatch(part) and not _NO_NAME.fullmatch(part) for part in parts) or (
        is_model and not is_model_name(parts[1])
    ):
        raise Refused("opened.name", path=path, member=shown(name))


def is_model_name(name: str) -> bool:
    """Whether a network can be called so: as a function, and not too long."""
    return name.isidentifier() and len(name) <= 60


def _refuse_too_much(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], path: Path, limits: Limits) -> None:
    packed, unpacked = archive.start_dir, sum(info.file_size for info in members.values())
    if unpacked > limits.unpacked_bytes:
        raise Refused("opened.unpacked", path=path, size=_mib(unpacked), most=_mib(limits.unpacked_bytes))
    # Members that share their bytes are the one way past the most that deflate can do.
    if sum(info.compress_size for info in members.values()) > packed:
        raise Refused("opened.overlap", path=path)
    ratio = unpacked / max(packed, 1)
    if unpacked > limits.ratio_above and ratio > limits.ratio:
        raise Refused("opened.ratio", path=path, ratio=round(ratio), most=limits.ratio)


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, path: Path) -> str:
    """Unpack one member; returns its SHA-256. No more comes than its header claims, which was checked."""
    digest, left = hashlib.sha256(), info.file_size
    try:
        with archive.open(info) as member, target.open("xb") as file:
            while chunk := member.read(_CHUNK):
                left -= len(chunk)
                digest.update(chunk)
                file.write(chunk)
    except BROKEN as error:
        raise Refused("opened.member", path=path, member=shown(info.filename), reason=shown(error)) from None
    if left:
        raise Refused("opened.member", path=path, member=shown(info.filename), reason=say("opened.not_as_long"))
    return digest.hexdigest()


def _mib(size: int) -> str:
    return f"{size / (1 << 20):,.1f}"
