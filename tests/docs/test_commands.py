"""Every command of the README and of docs/ is executed; or read by the program it calls, and it is said why no more."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cnnproj.cli import app

from .pages import ROOT, commands

# Executed on a desk, in this order: the exit code, and what is said among the rest.
EXECUTED = {
    "cnnproj new my_project": (0, "project.toml"),
    "cnnproj audit": (0, "images"),
    "cnnproj status": (0, "done"),
    "cnnproj run": (0, "report.html"),
    "cnnproj trials compact_cnn": (0, "best"),
    "cnnproj diagnose": (0, "deep_cnn"),
    "cnnproj diagnose mlp": (0, "mlp"),
    "cnnproj new my_project --language es": (0, "project.toml"),
    "cnnproj networks lenet5": (0, "conv_1"),
    "cnnproj networks resnet18 --original": (0, "11,689,512"),
    "cnnproj predict photo.jpg": (0, "photo.jpg"),
    "cnnproj submit": (2, "✗"),  # there are no notebooks
    "cnnproj submit --incomplete": (0, "tiny-submission.zip"),
    "cnnproj submit --with-test-images": (2, "✗"),
    "cnnproj verify ada.zip --data course_images.zip": (0, "verdict"),
    "cnnproj grade downloads --data course_images.zip --output graded": (0, "grades.csv"),
    "cnnproj grade downloads --data course_images.zip --output graded --rubric my_rubric.toml": (0, "grades.csv"),
}
# Executed elsewhere: where, and the words by which it is found there.
ELSEWHERE = {
    "git clone REPOSITORY cnnproj": (".ci/run", 'git clone --quiet . "$work/clone"'),
    "make run": (".ci/run", "\nmake run\n"),
    "make test": (".ci/run", "\nmake test\n"),
    "make check": (".ci/run", "\nmake check\n"),
    "make docs": (".ci/run", "\nmake docs\n"),
    "python -m venv .venv": ("Makefile", "$(PYTHON) -m venv $(VENV)"),
    "pip install -r requirements.txt": ("Makefile", "-m pip install --quiet -r requirements.txt"),
    "pip install -q -r requirements.txt": ("Makefile", "-m pip install --quiet -r requirements.txt"),
    "cnnproj run --notebooks": (".ci/run", 'cnnproj" run --notebooks'),
    "cnnproj report --pdf": ("tests/reporting/test_pdf.py", "write_pdf"),
    "cnnproj tune compact_cnn --trials 20": ("tests/tuning/test_command.py", '"--trials"'),
    "cnnproj tune compact_cnn --trials 100": ("tests/tuning/test_postgresql.py", "CNNPROJ_POSTGRESQL"),
    "cnnproj verify ada.zip --data course_images.zip --retrain": (".ci/run", "--data digits --retrain"),
    "cnnproj grade downloads --data course_images.zip --output graded --backend dask": (
        "tests/submission/grading/test_grade.py",
        'backend="dask"',
    ),
}
# Read only: why.
READ = {
    "cnnproj transfer --weights imagenet --backbone MobileNetV2": "needs a download: see tests/test_phases.py",
    "cnnproj transfer --backbone compact_cnn --pretrain-on 0,1,2,3,4 --images-a-class 10 --epochs 60": (
        "takes a minute or more; tests/test_transfer.py and the notebook do what it does"
    ),
    "cnnproj grade downloads --data course_images.zip --output graded --backend ray": "needs a cluster of Ray",
    "cnnproj networks": "builds a dozen of large networks; tests/anatomy/ does what it does",
    "make run PYTHON=python3.12": "needs another Python",
    "make lock": "asks the package index for every version anew",
    "pip install -r requirements.lock": "installs hundreds of megabytes",
    "pip install --no-deps -e .": "changes the environment that the tests run in",
    'pip install -e ".[cluster]"': "changes the environment that the tests run in",
    'pip install "psycopg[binary]"': "changes the environment that the tests run in",
    "pip install optuna-dashboard": "a program of its own, which nothing here depends on",
    "optuna-dashboard sqlite:///reports/NAME/models/MODEL/trials.db": "a server of its own",
    "make notebook": "a server, which opens a browser",
    "jupyter lab notebooks": "a server, which opens a browser",
    "python -m http.server --directory site": "a server",
}
READ |= {
    command: ".ci/run tries the benchmarks with --smoke; in earnest they take minutes to hours"
    for command in commands()
    if command.startswith("python benchmarks/")
}
# For a shell, with nothing to find out: why.
BY_HAND = {
    "cd cnnproj": "the folder that git clone has made",
    "cd my_project": "the folder that cnnproj new has made",
    r".venv\Scripts\activate": "switches on what python -m venv has made, on Windows",
    "source .venv/bin/activate": "switches on what python -m venv has made",
    "export PGPASSWORD=…": "the password of the reader's own server",
    "git clone": "named, not typed",
    "cnnproj predict": "named, not typed",
    "cnnproj grade": "named, not typed",
    "cnnproj verify": "named, not typed",
    "cnnproj --help": "named, not typed",
    "cnnproj --language es status": "said in Spanish by tests/words/test_language.py",
}


class Read(Exception):
    """A benchmark has read its arguments, and need go no further."""


@pytest.fixture(scope="module")
def desk(lay_desk) -> Path:
    return lay_desk()


@pytest.mark.parametrize("command", EXECUTED)
def test_is_executed(command, desk, monkeypatch):
    code, said = EXECUTED[command]
    monkeypatch.chdir(desk)
    shutil.rmtree("my_project", ignore_errors=True)
    monkeypatch.setenv("COLUMNS", "200")

    answer = CliRunner().invoke(app, shlex.split(command)[1:])

    told = answer.output + str(answer.exception or "")
    assert (answer.exit_code if isinstance(answer.exception, SystemExit | None) else 2) == code, told
    assert said in told


def test_every_command_is_known_and_every_known_one_stands_somewhere():
    known = [*EXECUTED, *ELSEWHERE, *READ, *BY_HAND]

    assert len(known) == len(set(known))
    assert set(commands()) - set(known) == set()
    assert set(known) - set(commands()) == set()


@pytest.mark.parametrize("command", ELSEWHERE)
def test_is_executed_elsewhere(command):
    file, words = ELSEWHERE[command]

    assert words in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [*ELSEWHERE, *READ])
def test_is_taken_by_the_program_that_it_calls(command, monkeypatch):
    program, *arguments = shlex.split(command)
    match program, arguments:
        case "cnnproj", _:
            read_by_cnnproj(arguments)
        case "python", [script, *rest] if script.startswith("benchmarks/"):
            read_by_benchmark(script, rest, monkeypatch)
        case "python", ["-m", module, *_]:
            assert importlib.util.find_spec(module)
        case "pip", ["install", *rest]:
            read_by_pip(rest)
        case "make", _:
            if shutil.which("make") is None:
                pytest.skip("there is no make here")
            subprocess.run(["make", "--dry-run", *arguments], cwd=ROOT, check=True, capture_output=True)
        case "git", ["clone", _, _]:
            pass
        case "jupyter", ["lab", folder]:
            assert version("jupyterlab")
            assert (ROOT / folder).is_dir()
        case "optuna-dashboard", [address]:
            assert re.fullmatch(r"sqlite:///reports/NAME/models/MODEL/trials\.db", address)
        case _:
            pytest.fail(f"nobody has read {command}")


def test_the_trials_are_kept_where_the_dashboard_looks_for_them(finished):
    assert (finished / "reports" / "tiny" / "models" / "mlp" / "trials.db").is_file()


def read_by_cnnproj(arguments: list[str]) -> None:
    """Parsed, with all options and their values, and not invoked."""
    group = get_command(app)
    with group.make_context("cnnproj", arguments[:1], resilient_parsing=True) as context:
        name, command, rest = group.resolve_command(context, arguments)
        command.make_context(name, rest, parent=context).close()


def read_by_benchmark(script: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsed by the benchmark's own parser; and each name of a list is one that it has."""
    for name in ("parse_args", "parse_intermixed_args"):
        monkeypatch.setattr(argparse.ArgumentParser, name, stopping(getattr(argparse.ArgumentParser, name)))
    spec = importlib.util.spec_from_file_location("a_benchmark", ROOT / script)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "a_benchmark", module)
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    spec.loader.exec_module(module)
    monkeypatch.setattr(sys, "argv", [script, *arguments])

    with pytest.raises(Read) as read:
        module.main()

    listed = [value for key in ("sets", "parts", "names") for value in getattr(read.value.args[0], key, [])]
    known = getattr(module, "SETS", None) or getattr(module, "PARTS", ())
    assert set(listed) <= set(known)


def stopping(parse):
    def parse_and_stop(self, *arguments):
        raise Read(parse(self, *arguments))

    return parse_and_stop


def read_by_pip(arguments: list[str]) -> None:
    """The files are there, the extras too; a package by name is one that the project knows of, or has a reason."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    rest: Iterator[str] = iter(arguments)
    for argument in rest:
        if argument == "-r":
            assert (ROOT / next(rest)).is_file()
        elif argument == "-e":
            extra = re.fullmatch(r"\.(?:\[(\w+)\])?", next(rest))
            assert extra
            assert extra[1] is None or extra[1] in extras
        elif argument not in ("-q", "--no-deps", "optuna-dashboard"):
            assert any(one.startswith(argument) for one in extras["dev"])
