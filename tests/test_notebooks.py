"""Every notebook is there in every language, from one source of code, and is stored without what it gave."""

import json
from pathlib import Path
from typing import Any

import pytest

from cnnproj.words import languages

ROOT = Path(__file__).parents[1] / "notebooks"
NAMES = sorted(path.name for path in ROOT.glob("*.ipynb"))
LANGUAGES = [code for code in languages() if code != "en"]
ALL = [(language, name) for language in languages() for name in NAMES]


def notebook(language: str, name: str) -> dict[str, Any]:
    path = ROOT / name if language == "en" else ROOT / language / name
    return json.loads(path.read_text(encoding="utf-8"))


def code(language: str, name: str) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook(language, name)["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_notebook_has_its_partner_and_nothing_else_is_there(language):
    assert sorted(path.name for path in (ROOT / language).glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_code_is_the_same_to_the_letter(language, name):
    assert code(language, name) == code("en", name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_cells_come_in_the_same_order(language, name):
    def kinds(of: str) -> list[tuple[str, str]]:
        return [(cell["cell_type"], cell["id"]) for cell in notebook(of, name)["cells"]]

    assert kinds(language) == kinds("en")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_all_prose_is_translated(language, name):
    def prose(of: str) -> list[str]:
        return ["".join(cell["source"]) for cell in notebook(of, name)["cells"] if cell["cell_type"] == "markdown"]

    assert [here for here, there in zip(prose(language), prose("en"), strict=True) if here == there] == []


@pytest.mark.parametrize(("language", "name"), ALL)
def test_nothing_is_stored_that_it_gave(language, name):
    cells = [cell for cell in notebook(language, name)["cells"] if cell["cell_type"] == "code"]

    assert [cell["id"] for cell in cells if cell["outputs"] or cell["execution_count"] is not None] == []


@pytest.mark.parametrize(("language", "name"), ALL)
def test_it_says_in_which_language_it_is(language, name):
    assert notebook(language, name)["metadata"]["cnnproj_language"] == language


@pytest.mark.parametrize(("language", "name"), ALL)
def test_it_opens_with_what_it_does_and_the_cell_for_colab(language, name):
    first = notebook(language, name)["cells"][:3]

    assert [cell["cell_type"] for cell in first] == ["markdown", "markdown", "code"]
    assert "".join(first[2]["source"]) == code("en", "01_data.ipynb")[0]
    assert "Colab" in "".join(first[1]["source"])
