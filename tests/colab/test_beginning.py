"""The first cell's call, in a simulated Colab: the runtime is told, and a project is there to go on with."""

import os
import shutil
import stat
import sys
import time
import tomllib
from pathlib import Path

import pytest

from cnnproj.colab import start
from cnnproj.errors import CnnprojError
from cnnproj.notebooks import EXECUTING
from cnnproj.project import Project


def started(**choices: bool) -> tuple[Path, list[str]]:
    said: list[str] = []
    folder = start(announce=said.append, **choices)
    assert folder is not None
    return folder, said


def new_machine(colab) -> None:
    """The session ends: what was on its disk is gone, Drive stays."""
    os.chdir(colab.folder)
    shutil.rmtree(colab.folder / "my_project")


def wait_for(path: Path, text: str) -> None:
    for _ in range(500):
        if path.is_file() and text in path.read_text():
            return
        time.sleep(0.01)
    raise AssertionError(f"{path} never held {text!r}")


def test_outside_colab_nothing_happens(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    assert start(on_drive=True) is None
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""


def test_a_notebook_that_cnnproj_executes_is_left_alone(colab, monkeypatch):
    monkeypatch.setenv(EXECUTING, "01_data.ipynb")

    assert start() is None
    assert list(colab.folder.iterdir()) == []


def test_a_project_is_made_where_there_is_none_and_is_the_current_folder(colab):
    folder, said = started()

    assert folder == colab.folder / "my_project" == Path.cwd()
    assert Project.open().folder == folder
    assert colab.mounted == []
    assert any("CNNPROJ_ON_DRIVE = True" in line for line in said)


def test_the_project_is_in_the_language_of_the_notebook(colab):
    colab.language = "es"

    folder, said = started()

    assert tomllib.loads((folder / "project.toml").read_text(encoding="utf-8"))["project"]["language"] == "es"
    assert "# 1 · Los datos" in (folder / "notebooks" / "01_data.ipynb").read_text(encoding="utf-8")
    assert any(line.startswith("Hay un proyecto nuevo") for line in said)


def test_where_colab_does_not_tell_the_language_that_of_the_system_holds(colab, monkeypatch):
    monkeypatch.delattr(sys.modules["google.colab._message"], "blocking_request")
    monkeypatch.setenv("LC_ALL", "es_CL.UTF-8")

    assert any("Hay un proyecto nuevo" in line for line in started()[1])


def test_a_second_time_it_goes_on_with_the_same_project(colab):
    folder, _ = started()
    (folder / "project.toml").write_text('[project]\nname = "mine"\n')
    os.chdir(colab.folder)  # as after a restart of the kernel

    assert started()[0] == folder
    assert Project.open().settings.project.name == "mine"


def test_without_a_gpu_it_says_how_to_switch_one_on(colab, monkeypatch):
    monkeypatch.setenv("PATH", "")

    told = started()[1][0]

    assert "without a GPU" in told
    assert "Runtime → Change runtime type" in told


@pytest.mark.parametrize(("answers", "expected"), [("echo Tesla T4", "a GPU: Tesla T4."), ("exit 9", "without a GPU")])
def test_the_gpu_is_the_one_that_its_driver_names(colab, monkeypatch, tmp_path, answers, expected):
    driver = tmp_path / "bin" / "nvidia-smi"
    driver.parent.mkdir()
    driver.write_text(f"#!/bin/sh\n{answers}\n")
    driver.chmod(driver.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(driver.parent))

    assert expected in started()[1][0]


def test_a_run_goes_on_after_a_disconnect(colab, drive_of_user):
    folder, _ = started(on_drive=True)
    (folder / "reports" / "mine").mkdir()
    (folder / "reports" / "mine" / "trials.csv").write_text("trial\n1\n")
    (folder / "reports" / "mine" / "run.json").write_text('{"version": 1, "name": "mine"}')
    wait_for(drive_of_user / "my_project" / "reports" / "mine" / "run.json", "mine")
    new_machine(colab)

    back, said = started(on_drive=True)

    assert any("brought back" in line for line in said)
    assert (back / "reports" / "mine" / "trials.csv").read_text() == "trial\n1\n"
    assert Project.open().settings.data.source == "digits"


def test_the_next_notebook_brings_what_the_one_before_has_done(colab, drive_of_user):
    folder, _ = started(on_drive=True)
    (drive_of_user / "my_project" / "project.toml").write_text('[project]\nname = "other"\n')  # another machine did
    os.chdir(colab.folder)

    started(on_drive=True)

    assert (folder / "project.toml").read_text() == '[project]\nname = "other"\n'


def test_two_projects_are_never_mixed(colab, drive_of_user):
    folder, _ = started()
    shutil.copytree(folder, drive_of_user / "my_project")
    (drive_of_user / "my_project" / "project.toml").write_text("[project]\n")
    os.chdir(colab.folder)

    with pytest.raises(CnnprojError, match="neither is overwritten"):
        started(on_drive=True)

    assert (drive_of_user / "my_project" / "project.toml").read_text() == "[project]\n"
