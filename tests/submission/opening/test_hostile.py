"""A stranger's bytes: each hostile submission ends in its sentence; nothing runs, nothing is written elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cnnproj.errors import CnnprojError
from cnnproj.submission.opening.limits import Refused
from cnnproj.submission.opening.opened import build_network, load_weights, open_submission

from ..conftest import members_of
from .hostile import CANARY, HOSTILE, OWN, Members, zipped

SECONDS = 20  # for one of them, on a busy machine


@pytest.fixture(scope="module")
def honest(finished: Path) -> Members:
    notebook = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
    return {**members_of(finished), "notebooks/01_data.ipynb": notebook}


def troubles(path: Path, touches: str = "files") -> list[CnnprojError]:
    """Why the submission at ``path`` is refused, or what in it cannot be read."""
    found: list[CnnprojError] = []
    try:
        with open_submission(path) as submission:
            found += submission.faults
            name = {"weights": "mlp", "own": OWN}.get(touches)
            if name:
                load_weights(build_network(submission, name), submission, name)
    except CnnprojError as error:
        found.append(error)
    return found


def test_the_honest_submission_has_no_troubles(honest: Members, tmp_path: Path):
    (tmp_path / "honest.zip").write_bytes(zipped(honest))

    assert troubles(tmp_path / "honest.zip", "weights") == []


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_submission_ends_in_its_sentence(
    name: str, honest: Members, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    hostile = HOSTILE[name]
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    here.mkdir()
    temporary.mkdir()
    (tmp_path / "hostile.zip").write_bytes(hostile.make(honest, tmp_path))
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(here)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    start = time.monotonic()

    found = troubles(tmp_path / "hostile.zip", hostile.touches)

    assert hostile.sentence in {error.sentence for error in found}
    assert time.monotonic() - start < SECONDS
    assert sorted(tmp_path.rglob("*")) == before, "it wrote something, or something was left"
    assert not (tmp_path / CANARY).exists()
    assert all(str(error).isprintable() and len(str(error)) < 1_000 for error in found)
    assert found[-1].sentence == hostile.sentence or not isinstance(found[-1], Refused)


def test_the_sentence_is_the_same_every_time(honest: Members, tmp_path: Path):
    (tmp_path / "hostile.zip").write_bytes(HOSTILE["table_formula"].make(honest, tmp_path))

    assert [str(error) for error in troubles(tmp_path / "hostile.zip")] == [
        str(error) for error in troubles(tmp_path / "hostile.zip")
    ]


LITTLE = """
import resource, sys, time
from pathlib import Path
from tests.submission.opening.test_hostile import troubles
resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[1]), int(sys.argv[1])))
resource.setrlimit(resource.RLIMIT_FSIZE, (200 << 20, 200 << 20))
for path in sorted(Path(sys.argv[2]).glob("*.zip")):
    if not troubles(path):
        sys.exit(f"nothing was found in {path.name}")
status = Path("/proc/self/status").read_text()  # getrusage counts the process that started this one, too
print(int(status.split("VmHWM:")[1].split()[0]) >> 10)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its memory")
def test_all_that_needs_no_network_is_read_in_little_memory(honest: Members, tmp_path: Path):
    for number, hostile in enumerate(HOSTILE.values()):
        if hostile.touches == "files":
            (tmp_path / f"{number:03d}.zip").write_bytes(hostile.make(honest, tmp_path))
    command = [sys.executable, "-c", LITTLE, str(1 << 30), str(tmp_path)]

    ran = subprocess.run(
        command, cwd=Path(__file__).parents[3], env=dict(os.environ), capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert int(ran.stdout) < 800, "MiB"
