"""Notebook 00 is stored clean, and its code is the same in both languages."""

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NAME = "00_convolution_by_hand.ipynb"


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def code(path: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == "code"]


def test_the_code_is_the_same_in_both_languages():
    assert code(FOLDER / NAME) == code(FOLDER / "es" / NAME)


@pytest.mark.parametrize("folder", [FOLDER, FOLDER / "es"])
def test_it_is_stored_without_outputs_and_needs_no_images(folder):
    for cell in cells(folder / NAME):
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert "project." not in "".join(code(folder / NAME))
