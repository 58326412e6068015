"""An honest submission of the tiny project, for all tests to read, copy and spoil."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from cnnproj import __version__
from cnnproj.submission.contents import CONTENTS, SETTINGS, Contents, is_wanted
from cnnproj.submission.handing_in.pack import pack


def members_of(project: Path, name: str = "tiny") -> dict[str, bytes]:
    """All that a submission of the run in ``project`` holds, by path, without asking whether it is complete."""
    run = project / "reports" / name
    files = {path.relative_to(run).as_posix(): path for path in run.rglob("*") if path.is_file()}
    found = {path: file.read_bytes() for path, file in files.items() if is_wanted(path)}
    return listed({**found, SETTINGS: (project / SETTINGS).read_bytes()}, name)


def listed(members: dict[str, bytes], name: str = "tiny") -> dict[str, bytes]:
    """``members`` with the list of them, made anew."""
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in sorted(members.items()) if path != CONTENTS}
    contents = Contents(cnnproj=__version__, name=name, files=digests)
    return {**members, CONTENTS: contents.model_dump_json(indent=2).encode()}


@pytest.fixture(scope="session")
def submission(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip of the finished tiny project (without notebooks: they were not run)."""
    target = tmp_path_factory.mktemp("submission") / "tiny.zip"
    pack(members_of(finished), target)
    return target


@pytest.fixture
def patterns(finished: Path) -> Path:
    """The assistant's copy of the images."""
    return (finished / "data" / "patterns").resolve()


@pytest.fixture
def spoiled(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished project to spoil."""
    return Path(shutil.copytree(finished, tmp_path / "project", symlinks=True))


@pytest.fixture(scope="session")
def honest(finished: Path) -> dict[str, bytes]:
    """The members of an honest submission, with an executed notebook. Tests copy them before they change any."""
    from .verification.judging import honest_members

    return honest_members(finished)


@pytest.fixture(scope="session")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the assistant's copies of the images are kept, for all tests."""
    return tmp_path_factory.mktemp("copies")
