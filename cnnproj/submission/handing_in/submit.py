"""``cnnproj submit``: what is missing is told; what is there goes into one zip."""

from __future__ import annotations

import hashlib
import io
import math
import os
import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cnnproj import __version__
from cnnproj.data.sources import NAMES
from cnnproj.errors import CnnprojError
from cnnproj.files import digest
from cnnproj.notebooks import EXECUTING, originals
from cnnproj.project import Project
from cnnproj.run import MANIFEST
from cnnproj.settings_file import FILE_NAME
from cnnproj.submission.contents import CONTENTS, SETTINGS, TEST_IMAGES, TEST_MASKS, Contents, is_wanted
from cnnproj.submission.handing_in.checklist import ASKED, POINTS, Asked, Missing
from cnnproj.submission.handing_in.pack import pack
from cnnproj.submission.handing_in.readiness import finish, is_ready, outputs, shortcomings, what_comes_last
from cnnproj.submission.opening.limits import Limits
from cnnproj.words import say

Members = dict[str, bytes | Path]
Announce = Callable[[str], None]
LIMITS = Limits()


def submit(
    project: Project, *, target: Path | None, with_test_images: bool, incomplete: bool, announce: Announce
) -> Path:
    """Check a finished run against the assignment, execute its notebooks where that is due, and pack it.

    The same run gives the same bytes.

    Args:
        project: whose run it is.
        target: the zip, or a folder for it; by default ``<name>-submission.zip`` in the project's folder.
        with_test_images: whether the stored test images are packed.
        incomplete: whether it is packed also where something essential is missing; the zip says what.
        announce: called with each line of what is told.

    Returns:
        Where the zip is. From within a notebook that is being executed, nothing is checked or packed.

    Raises:
        CnnprojError: where something essential is missing, a notebook fails, a file is larger than ``Limits`` allow, or
            the zip cannot be written; one that was there before is then as it was.
    """
    target = _target(project, target)
    if name := os.environ.get(EXECUTING):  # else it would execute that notebook, which would call it again …
        announce(say("submission.within", notebook=name))
        return target
    found = shortcomings(project)
    if is_ready(found, incomplete=incomplete):
        finish(project, incomplete=incomplete, announce=announce)
        found = shortcomings(project)
    elif not incomplete:
        found = what_comes_last(found)
    _tell(found, ASKED[project.settings.project.task], announce)
    lacking = [one.sentence for one in found if one.essential]
    if lacking and not incomplete:
        raise CnnprojError("submission.incomplete", n=len(lacking))
    members = _members(project)
    if with_test_images:
        members |= _test_arrays(project)
    members[CONTENTS] = _contents(project, members, lacking)
    _check_sizes(members)
    pack(members, target)
    _tell_packed(project, target, members, announce)
    if lacking:
        announce(say("submission.says_missing"))
    return target


def _target(project: Project, target: Path | None) -> Path:
    name = f"{project.settings.project.name}-submission.zip"
    if target is None:
        return project.folder / name
    path = target.expanduser()
    if path.is_dir():
        return path / name
    if path.suffix.lower() != ".zip":
        raise CnnprojError("submission.no_zip", path=path)
    return path


def _tell(found: list[Missing], asked: Asked, announce: Announce) -> None:
    for point in POINTS:
        of_point = [one for one in found if one.point == point]
        if not of_point:
            announce(say("submission.there", what=asked.label(point)))
        for one in of_point:
            announce(say("submission.lacking" if one.essential else "submission.reminder", what=one))


# What is packed -----------------------------------------------------------------------------------------------------


def _members(project: Project) -> Members:
    """The files by their paths in the zip; what earlier settings have left in the run's folder stays behind."""
    notebooks = [f"notebooks/{original.name}" for original in originals(project)]
    paths = [path for path in (MANIFEST, *outputs(project), *notebooks) if is_wanted(path)]
    files: Members = {path: file for path in paths if (file := project.record.folder / path).is_file()}
    return {**files, SETTINGS: project.folder / FILE_NAME}


def _contents(project: Project, members: Members, lacking: list[str]) -> bytes:
    digests = {path: _digest(content) for path, content in sorted(members.items())}
    name = project.settings.project.name
    contents = Contents(cnnproj=__version__, name=name, missing=tuple(dict.fromkeys(lacking)), files=digests)
    return contents.model_dump_json(indent=2).encode() + b"\n"


def _digest(content: bytes | Path) -> str:
    return hashlib.sha256(content).hexdigest() if isinstance(content, bytes) else digest(content)


def _test_arrays(project: Project) -> Members:
    """The stored test part, each array a .npy; nobody looks at it here, so that the ledger has nothing to enter."""
    table = project.images.table
    rows = table.loc[table["split"] == "test", "row"].to_numpy()
    members: Members = {}
    for name, store in zip((TEST_IMAGES, TEST_MASKS), project.images.stores, strict=False):
        _check_size(name, len(rows) * math.prod(store.shape[1:]))
        packed = io.BytesIO()
        np.save(packed, store[rows])
        members[name] = packed.getvalue()
    return members


def _check_sizes(members: Members) -> None:
    """Nothing is handed in that would not be read."""
    sizes = {path: _size(content) for path, content in members.items()}
    for path, size in sorted(sizes.items()):
        _check_size(path, size)
    if (total := sum(sizes.values())) > LIMITS.zip_bytes:
        raise CnnprojError("submission.too_large", size=_megabytes(total), most=_megabytes(LIMITS.zip_bytes))


def _check_size(path: str, size: int) -> None:
    if size > (most := LIMITS.bytes_for(path)):
        raise CnnprojError("submission.file_too_large", file=path, size=_megabytes(size), most=_megabytes(most))


def _size(content: bytes | Path) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _tell_packed(project: Project, target: Path, members: Members, announce: Announce) -> None:
    figures, notebooks = (sum(path.startswith(f"{folder}/") for path in members) for folder in ("figures", "notebooks"))
    networks = sum(path.endswith(".weights.h5") for path in members)
    size = _megabytes(target.stat().st_size)
    announce(say("submission.packed", path=target, size=size))
    announce(say("submission.holds", figures=figures, notebooks=notebooks, networks=networks))
    source = project.settings.data.source
    if TEST_IMAGES in members:
        announce(say("submission.with_test_images", size=_megabytes(_size(members[TEST_IMAGES]))))
    elif source not in NAMES:
        announce(say("submission.own_images", source=source))
    announce(say("submission.try_it", command=shlex.join(["cnnproj", "verify", str(target), "--data", source])))
