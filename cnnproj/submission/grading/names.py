"""Whose submission a file is, by the names that Moodle and Canvas give to what they let download.

Moodle     Ada Lovelace_123456_assignsubmission_file_x.zip, or a folder Ada Lovelace_123456_assignsubmission_file_/ with
           x.zip in it; in place of the name Participant where marking is blind, and a group before it with a dash.
           123456 is what its grading worksheet calls «Participant 123456». Source: mod/assign/locallib.php of Moodle.
Canvas     lovelaceada_12345_67890_x.zip, with LATE_ before the student's number where it came late, and
           anon_k3XYz_67890_x.zip where grading is anonymous. The second number is the file's: a later upload has a
           larger one, and a name that was there before gets -1, -2, … at its end. Source: lib/content_zipper.rb.
others     each zip is a student's, who is called as the file.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from cnnproj.data.sources.source import natural_order
from cnnproj.errors import CnnprojError

System = Literal["moodle", "canvas", "other"]
_Order = tuple[bool, int, object]  # whether it is a zip, the number of its upload, its name
_MOODLE = re.compile(r"(?P<prefix>(?P<name>[^_]*)_(?P<number>\d+)_assignsubmission_file)(?:_|$|/)")
_CANVAS = re.compile(
    r"(?P<prefix>(?P<late>LATE_)?(?P<anonymous>anon_[A-Za-z0-9]{5})_(?P<upload>\d+)_)."
    r"|(?P<prefix_>(?P<name>[^\s/]+?)_(?P<late_>LATE_)?(?P<number>\d+)_(?P<upload_>\d+)_)."
)


@dataclass(frozen=True)
class Student:
    """Who handed something in.

    Attributes:
        system: whose file names told it.
        name: as the file name has it.
        number: of the student there; "" where there is none.
    """

    system: System
    name: str
    number: str = ""


@dataclass(frozen=True)
class HandedIn:
    """A student's newest file.

    Attributes:
        student: who.
        path: where it is.
        prefix: what a file for the same student must begin with, where the system is to know it again.
        late: whether the file name says so.
        older: what the student handed in before.
    """

    student: Student
    path: Path
    prefix: str
    late: bool = False
    older: tuple[Path, ...] = ()


def find_submissions(folder: Path) -> list[HandedIn]:
    """The newest file of every student in ``folder``, ordered by name.

    That is a zip, if there is one; what else a student of Moodle or Canvas has handed in cannot be read, and will be
    told so. Newest is the one with the largest number of its upload (Canvas), else the last one in the order of the
    names, in which x-1.zip comes after x.zip and x_2026-11-21.zip after x_2026-11-20.zip.

    Raises:
        CnnprojError: where there is no such folder, or no zip in it.
    """
    if not folder.is_dir():
        raise CnnprojError("grading.no_folder", path=folder)
    found: dict[Student | Path, list[tuple[_Order, HandedIn]]] = {}
    for path in sorted(path for path in folder.rglob("*") if _counts(path, folder)):
        order, one = _read(path, folder)
        if one.student.system != "other":
            found.setdefault(one.student, []).append((order, one))
        elif _is_zip(path):
            found[path] = [(order, one)]
    if not found:
        raise CnnprojError("grading.no_zip", path=folder)
    newest = []
    for versions in found.values():
        *older, (_, last) = sorted(versions, key=lambda version: version[0])
        newest.append(replace(last, older=tuple(one.path for _, one in older)))
    return sorted(newest, key=lambda one: (one.student.name.casefold(), natural_order(one.path.as_posix())))


def _is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip"


def _counts(path: Path, folder: Path) -> bool:
    """Whether ``path`` is a plain file that nobody's system has put there for itself."""
    parts = path.relative_to(folder).parts
    return path.is_file() and not path.is_symlink() and not any(part.startswith((".", "__MACOSX")) for part in parts)


def _read(path: Path, folder: Path) -> tuple[_Order, HandedIn]:
    """What the name of ``path`` says, and what its student's files are ordered by."""
    place = path.relative_to(folder)
    by_name = natural_order(place.with_suffix("").as_posix())
    order = (_is_zip(path), 0, by_name)
    for part in place.parts:
        if moodle := _MOODLE.match(part):
            student = Student("moodle", _name(moodle["name"]), moodle["number"])
            return order, HandedIn(student, path, f"{moodle['prefix']}_")
    if canvas := _CANVAS.match(path.name):
        part = "" if canvas["prefix"] else "_"  # which of the two forms it is
        student = Student("canvas", _name(canvas["anonymous"] or canvas["name"]), canvas["number"] or "")
        late = bool(canvas[f"late{part}"])
        return (_is_zip(path), int(canvas[f"upload{part}"]), by_name), HandedIn(
            student, path, canvas[f"prefix{part}"], late
        )
    name = place.with_suffix("").as_posix()
    return order, HandedIn(Student("other", _name(name)), path, f"{name}_")


def _name(text: str) -> str:
    """A name as it is shown: some systems take letters with accents apart."""
    return unicodedata.normalize("NFC", text)
