"""``cnnproj new`` makes a whole project or nothing, and touches nothing that is there."""

import errno
import json
import os
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cnnproj import template, words
from cnnproj.errors import CnnprojError
from cnnproj.settings_file import read_settings
from cnnproj.stages import NOTEBOOKS
from cnnproj.template import PARTS, make_project, part_of
from cnnproj.words import languages


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_language", "en")


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }


def test_a_new_project_has_all_its_parts(tmp_path):
    folder = make_project(tmp_path / "mine")

    assert folder == tmp_path / "mine"
    assert sorted(path.name for path in folder.iterdir()) == ["data", "notebooks", "project.toml", "reports"]
    assert {path.name for path in (folder / "notebooks").glob("*.ipynb")} >= {
        f"{name}.ipynb" for name in NOTEBOOKS.values()
    }
    assert (folder / "data" / "README.md").stat().st_size > 0
    assert (folder / "reports" / "README.md").stat().st_size > 0


def test_a_new_project_can_be_opened(tmp_path):
    folder = make_project(tmp_path / "mine")

    assert read_settings(folder / "project.toml").data.source == "digits"
    assert tomllib.loads((folder / "project.toml").read_text(encoding="utf-8"))["project"]["language"] == "en"


@pytest.mark.parametrize("language", languages())
def test_a_new_project_is_in_the_language_asked_for(tmp_path, language):
    folder = make_project(tmp_path / "mine", language)

    assert read_settings(folder / "project.toml").project.language == language
    notebook = json.loads((folder / "notebooks" / "01_data.ipynb").read_text(encoding="utf-8"))
    assert notebook["metadata"]["cnnproj_language"] == language
    assert [path for path in (folder / "notebooks").iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("language", languages())
def test_settings_are_the_same_in_every_language(language):
    def settings(of: str) -> dict[str, Any]:
        told = tomllib.loads(part_of(of, "project.toml").read_text(encoding="utf-8"))
        assert told["project"].pop("language") == of
        told["project"]["authors"][0].pop("name")
        return told

    assert settings(language) == settings("en")


@pytest.mark.parametrize("language", languages())
def test_every_key_that_is_mentioned_is_mentioned_in_every_language(language):
    def keys(of: str) -> list[str]:
        text = part_of(of, "project.toml").read_text(encoding="utf-8")
        return sorted(re.findall(r"(?m)(?:^(?:# )?|[;#,(] ?)([a-z_]+) = ", text))

    assert keys(language) == keys("en")


@pytest.mark.parametrize("language", languages())
def test_every_language_has_every_part(language):
    assert [part for part in PARTS if not part_of(language, part).exists()] == []


def test_nothing_hidden_is_copied(tmp_path):
    assert [
        name for name in tree(make_project(tmp_path / "mine")) if any(part.startswith(".") for part in name.split("/"))
    ] == []


def test_the_folders_above_are_made(tmp_path):
    assert (make_project(tmp_path / "a" / "b" / "mine") / "project.toml").is_file()


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "mine").mkdir()

    assert (make_project(tmp_path / "mine") / "project.toml").is_file()


def test_the_folder_one_stands_in_can_be_filled_and_stays_the_same_folder(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    before = (tmp_path / "mine").stat().st_ino
    monkeypatch.chdir(tmp_path / "mine")

    make_project(Path())

    assert Path("project.toml").is_file()
    assert (tmp_path / "mine").stat().st_ino == before


@pytest.mark.parametrize("inside", ["thesis.txt", ".git/config", "project.toml"])
def test_a_folder_with_anything_in_it_is_left_as_it_is(tmp_path, inside):
    (tmp_path / "mine" / inside).parent.mkdir(parents=True)
    (tmp_path / "mine" / inside).write_text("years of work")
    before = tree(tmp_path)

    with pytest.raises(CnnprojError, match=r"already something at .*mine, and nothing of it was touched"):
        make_project(tmp_path / "mine")

    assert tree(tmp_path) == before


def test_a_file_in_the_way_is_left_as_it_is(tmp_path):
    (tmp_path / "mine").write_text("years of work")

    with pytest.raises(CnnprojError, match="already something"):
        make_project(tmp_path / "mine")

    assert tree(tmp_path) == {"mine": b"years of work"}


@pytest.mark.parametrize("made_before", [True, False])
def test_a_failure_half_way_leaves_nothing(tmp_path, monkeypatch, made_before):
    if made_before:
        (tmp_path / "mine").mkdir()
    before = tree(tmp_path)
    monkeypatch.setattr(template, "shutil", FullDisk())

    with pytest.raises(CnnprojError, match="could not be written: No space left"):
        make_project(tmp_path / "mine")

    assert tree(tmp_path) == before


class FullDisk:
    """``shutil`` on a disk that is full once the notebooks are copied."""

    ignore_patterns = staticmethod(shutil.ignore_patterns)
    copytree = staticmethod(shutil.copytree)

    def copyfile(self, source: Path, copy: Path) -> None:
        if source.name == "README.md":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        shutil.copyfile(source, copy)


def test_an_interruption_half_way_leaves_nothing(tmp_path, monkeypatch):
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(template.shutil, "copytree", stop)

    with pytest.raises(KeyboardInterrupt):
        make_project(tmp_path / "mine")

    assert tree(tmp_path) == {}


def test_a_place_that_cannot_be_written_to_is_told_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("mine")

    with pytest.raises(CnnprojError, match="could not be written"):
        make_project(tmp_path / "file" / "project")

    assert tree(tmp_path) == {"file": b"mine"}
