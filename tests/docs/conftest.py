"""A desk on which all lies that the pages speak of, under the names that they use."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnproj import words
from cnnproj.submission.handing_in.pack import pack

from ..submission.verification.judging import honest_members
from .pages import blocks


@pytest.fixture(scope="session")
def lay_desk(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Copies the finished project, with a photo, the course's images, a submission, a class of one and a rubric."""

    def lay() -> Path:
        desk = tmp_path_factory.mktemp("desk") / "project"
        shutil.copytree(finished, desk, symlinks=True)
        shutil.rmtree(desk / "notebooks")  # so that handing in executes none: it says that they are missing
        images = (desk / "data" / "patterns").resolve()
        shutil.copyfile(next(images.rglob("*.png")), desk / "photo.jpg")
        shutil.make_archive(str(desk / "course_images"), "zip", images)
        pack(honest_members(finished), desk / "ada.zip")
        (desk / "downloads").mkdir()
        shutil.copyfile(desk / "ada.zip", desk / "downloads" / "Ada Lovelace_1_assignsubmission_file_x.zip")
        rubric = next(block for block in blocks("toml") if block.title == "my_rubric.toml")
        (desk / "my_rubric.toml").write_text(rubric.text, encoding="utf-8")
        return desk

    return lay


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_language", "en")
    monkeypatch.setattr(words, "_insisted", False)
