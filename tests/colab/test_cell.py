"""The first cell of the notebooks, run as Colab would: cnnproj not there yet, pip and Drive stood in for."""

import builtins
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest

import cnnproj

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_data.ipynb"
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
CELL = next("".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A machine that has cnnproj only once pip has installed it; ``begun`` holds what the cell began with."""
    found = SimpleNamespace(installed=False, asked=[], begun=[])
    importing = builtins.__import__

    def without_cnnproj(name: str, *arguments: object, **named: object) -> object:
        if name.split(".")[0] == "cnnproj" and not found.installed:
            raise ModuleNotFoundError(f"No module named '{name}'")
        return importing(name, *arguments, **named)  # type: ignore[arg-type]

    def run(command: list[str], *, check: bool) -> None:
        assert check
        found.asked.append(command)
        found.installed = True

    stand_in = SimpleNamespace(start=lambda **choices: found.begun.append(choices))
    monkeypatch.setattr(builtins, "__import__", without_cnnproj)
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(cnnproj, "colab", stand_in, raising=False)
    return found


def run_cell(**constants: object) -> None:
    text = CELL
    for name, value in constants.items():
        lines = [line for line in CELL.splitlines() if line.startswith(f"{name} = ")]
        assert len(lines) == 1
        text = text.replace(lines[0], f"{name} = {value!r}")
    exec(compile(text, "cell", "exec"), {})


def test_without_an_address_it_says_so_in_both_languages(machine):
    with pytest.raises(ModuleNotFoundError, match=r"Put the address of cnnproj in CNNPROJ_SOURCE\. / Pon") as error:
        run_cell()

    assert error.value.__suppress_context__  # one sentence, not the failed import before it
    assert machine.asked == []


@pytest.mark.parametrize(
    "source", ["git+https://example.org/course/cnnproj", "/content/cnnproj-0.1.0-py3-none-any.whl"]
)
def test_it_is_installed_beside_the_tensorflow_that_is_there(machine, source):
    run_cell(CNNPROJ_SOURCE=source, CNNPROJ_ON_DRIVE=True)

    [command] = machine.asked
    assert command[:6] == [sys.executable, "-m", "pip", "install", "--quiet", source]
    assert sorted(command[6:]) == sorted(f"{name}=={version(name)}" for name in ("tensorflow", "keras", "numpy"))
    assert machine.begun == [{"on_drive": True}]


def test_from_a_folder_on_drive_drive_is_mounted_first(machine, colab):
    run_cell(CNNPROJ_SOURCE="/content/drive/MyDrive/cnnproj")

    assert colab.mounted == ["/content/drive"]
    assert machine.asked[0][5] == "/content/drive/MyDrive/cnnproj"


def test_where_it_is_there_nothing_is_installed(machine):
    machine.installed = True

    run_cell()

    assert machine.asked == []
    assert machine.begun == [{"on_drive": False}]


def test_in_jupyter_it_does_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    run_cell()

    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr() == ("", "")
