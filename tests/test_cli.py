"""The command line answers at once, and what the user can mend is one sentence with exit code 2."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cnnproj
from cnnproj import words
from cnnproj.__main__ import main
from cnnproj.cli import app
from cnnproj.run import MANIFEST
from cnnproj.words import say

from .conftest import cnnproj as run_in_a_process

COMMANDS = ("new", "audit", "run", "diagnose", "status", "report", "predict", "submit", "verify", "grade")
HEAVY = ("tensorflow", "keras", "pandas", "numpy", "sklearn", "scipy", "matplotlib", "optuna", "cv2", "PIL", "pydantic")


class Answer:
    """What a command printed and how it ended."""

    def __init__(self, code: object, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """Runs ``cnnproj …`` in this process, in an empty folder."""
    monkeypatch.setattr(words, "_language", "en")
    monkeypatch.setattr(words, "_insisted", False)
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["cnnproj", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        return Answer(end.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that would not take long."""
    for label in ("cat", "dog"):
        (tmp_path / "data" / label).mkdir(parents=True)
        (tmp_path / "data" / label / "1.png").touch()
    (tmp_path / "project.toml").write_text('[project]\nname = "mine"\n[data]\nsource = "data"\n[models.mlp]\n')
    return tmp_path


def assert_told(answer: Answer, *parts: str) -> None:
    """It ended as what the user can mend does: one line, without a traceback, that says all of ``parts``."""
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err
    assert [part for part in parts if part not in answer.err] == []


def loaded_by(code: str) -> set[str]:
    """Which of the heavy packages ``code`` imports."""
    code += f"\nimport sys; print(*[name for name in {HEAVY} if name in sys.modules])"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_help_names_every_command():
    answer = CliRunner().invoke(app, ["--help"])

    assert answer.exit_code == 0
    assert [name for name in COMMANDS if name not in answer.output] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name):
    answer = CliRunner().invoke(app, [name, "--help"])

    assert answer.exit_code == 0
    assert say(f"cli.{name}")[:30] in answer.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("rnu",), "There is no command 'rnu'. Did you mean 'run'?"),
        (("xyz",), "There is no command 'xyz'. The names known here are: new, run,"),
        (("run", "--fast"), "'cnnproj run' has no option --fast. See what it has: cnnproj run --help"),
        (("tune",), "'cnnproj tune' needs MODEL too."),
        (("verify", "a.zip"), "'cnnproj verify' needs --data too."),
        (("tune", "mlp", "--trials", "many"), "--trials of 'cnnproj tune' cannot be that: "),
        (("new", "a", "b"), "'cnnproj new' was not understood: "),
    ],
)
def test_what_is_typed_wrong_is_told_in_a_sentence(command, arguments, told):
    assert_told(command(*arguments), told)


def test_without_a_command_help_is_shown(command):
    answer = command()

    assert "Usage: cnnproj" in answer.out + answer.err
    assert "Commands:" in answer.out + answer.err


def test_help_is_spanish_throughout(tmp_path):
    told = run_in_a_process("--language", "es", "tune", "--help", cwd=tmp_path).stdout

    assert [
        part for part in ("Uso: cnnproj tune", "Busca los", "Opciones:", "Muestra esta ayuda.") if part not in told
    ] == []
    assert not re.search(r"Usage|Options:|Arguments:|Show this|\[required|default", told)


def test_help_loads_nothing_heavy():
    code = "import sys; sys.argv = ['cnnproj', '--help']\nfrom cnnproj.__main__ import main\n"
    code += (
        "import contextlib, io\nwith contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()): main()"
    )

    assert loaded_by(code) == set()


def test_importing_cnnproj_loads_nothing_heavy():
    assert loaded_by("import cnnproj; dir(cnnproj)") == set()


def test_the_public_names_are_all_there():
    # In a fresh process: here another test may have imported the home of a name already.
    code = f"from cnnproj import {', '.join(cnnproj.__all__)}"
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = cnnproj.no_such_name


def test_the_version_is_printed(command):
    assert command("--version").out == f"{cnnproj.__version__}\n"


@pytest.mark.parametrize("arguments", [("--language", "xx"), ("--language=xx",), ("--language",)])
def test_an_unknown_language_is_told_with_those_that_there_are(command, arguments):
    assert_told(command(*arguments, "status"), "There is no language", "en")


def test_a_known_language_is_taken_from_before_the_command(command, project):
    assert command("--language", "en", "status").code == 0


@pytest.mark.parametrize("arguments", [("run",), ("status",), ("report",), ("predict", "x.png")])
def test_without_a_project_toml_it_says_how_to_make_one(command, arguments, tmp_path):
    assert_told(command(*arguments), "There is no", str(tmp_path / "project.toml"), "cnnproj new")


def test_a_mistake_in_project_toml_is_told_by_its_line(command, project):
    (project / "project.toml").write_text("[project]\nsead = 1\n")

    assert_told(command("status"), "project.toml, line 2", "project.sead", "'seed'")


@pytest.mark.parametrize(
    "text", ["", "[project]\nlanguage = 3", "project = 3", "not toml", "[project]\nlanguage = 'xx'"]
)
def test_whatever_project_toml_says_of_its_language_help_is_shown(command, project, text):
    (project / "project.toml").write_text(text)

    assert command("--help").code == 0


def test_status_before_any_run_says_what_is_to_do(command, project):
    answer = command("status")

    assert answer.code == 0
    lines = [line for line in answer.out.splitlines()[1:] if line.strip()]
    assert len(lines) == 7
    assert all("to do" in line for line in lines)
    assert "not done yet" in lines[0]
    assert not (project / "reports").exists()


def test_status_works_from_below_the_project_and_by_its_path(command, project, monkeypatch):
    assert command("status", "--project", str(project / "project.toml")).code == 0
    monkeypatch.chdir(project / "data" / "cat")
    assert command("status").code == 0


@pytest.mark.parametrize("arguments", [("status",), ("report",), ("run",)])
def test_a_broken_manifest_is_told_and_kept(command, project, arguments):
    path = project / "reports" / "mine" / MANIFEST
    path.parent.mkdir(parents=True)
    path.write_text('{"version": 1, "na')

    assert_told(command(*arguments), str(path), "cannot be read as the record of a run")
    assert path.read_text() == '{"version": 1, "na'


def test_a_manifest_of_a_later_version_is_told(command, project):
    path = project / "reports" / "mine" / MANIFEST
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"version": 2, "name": "mine"}))

    assert_told(command("status"), str(path), "version")


def test_images_that_cannot_be_read_are_told_and_nothing_is_left(command, project):
    answer = command("run")

    assert answer.code == 2
    assert "None of the images" in answer.err
    assert "Traceback" not in answer.err
    assert [path for path in (project / "reports").rglob("*") if path.is_file()] == []


def test_a_report_before_the_run_says_what_comes_first(command, project):
    assert_told(command("report"), "First comes: Audit", "01_data", "cnnproj run")


def test_a_prediction_before_the_run_says_what_comes_first(command, project):
    assert_told(command("predict", "x.png"), "First comes", "cnnproj run")


def test_new_makes_a_project_and_a_second_time_touches_nothing(command, tmp_path):
    assert str(tmp_path / "mine") in command("new", "mine").out
    assert_told(command("new", "mine"), "already something")


def test_an_interruption_says_that_all_is_kept(command, project, monkeypatch):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cnnproj.project.Project.open", stop)

    answer = command("status")

    assert answer.code == 130
    assert "Stopped" in answer.err


def test_it_runs_as_a_module_and_ends_with_the_exit_code_of_a_mistake(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "cnnproj", "status"], check=False, capture_output=True, text=True, cwd=tmp_path
    )

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert "project.toml" in ended.stderr


def test_the_audit_names_what_it_found_and_the_list_of_all(make_project):
    folder = make_project()
    told = run_in_a_process("audit", cwd=folder)

    assert told.returncode == 0, told.stderr
    assert "web page in place of" in told.stdout
    assert "square/broken.jpg" in told.stdout
    assert "91 images were checked" in told.stdout
    assert (folder / "reports" / "tiny" / "data" / "findings.csv").is_file()
