"""Every block says its language; TOML is read by what reads it in earnest, Python prints what it is said to print."""

from __future__ import annotations

import getpass
import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnnproj.models import architectures, forget
from cnnproj.settings_file import read_settings
from cnnproj.submission.finding import Tally
from cnnproj.submission.grading.rubric import DEFAULT, read_rubric

from ..submission.verification.judging import evidence_of, honest_members
from .pages import LANGUAGES, Block, blocks

# The same block on two pages is executed on the first.
PYTHON: dict[str, Block] = {}
for each in blocks("python"):
    PYTHON.setdefault(each.text, each)
PAGES_WITH_PYTHON = list(dict.fromkeys(block.page for block in PYTHON.values()))


def identity(block: Block) -> str:
    return f"{block.page}: {block.text.splitlines()[0]}"


def without_commands(code: str) -> str:
    """Without the lines of a notebook that are commands, which are tested as such."""
    return "\n".join("" if line.startswith(("!", "%")) else line for line in code.splitlines())


@pytest.fixture
def execute(lay_desk, monkeypatch: pytest.MonkeyPatch):
    """Executes the Python blocks of a page in a finished project, one after the other, and gives what they define."""
    known = set(architectures())

    def run(page: str) -> dict[str, Any]:
        monkeypatch.chdir(lay_desk())
        monkeypatch.setenv("PGPASSWORD", "")  # and so put back after what a page does to it
        monkeypatch.setattr(getpass, "getpass", lambda: "a password")
        defined: dict[str, Any] = {"__name__": "a_page"}
        printed = io.StringIO()
        for block in blocks("python", "text"):
            if block.language == "python" and PYTHON[block.text].page == block.page == page:
                printed = io.StringIO()
                with redirect_stdout(printed):
                    exec(compile(without_commands(block.text), page, "exec", dont_inherit=True), defined)
            elif block.title == "printed" and block.page == page:
                assert printed.getvalue() == block.text
        return defined

    yield run
    for name in set(architectures()) - known:
        forget(name)


def test_every_block_says_its_language():
    assert [identity(block) for block in blocks() if block.language not in LANGUAGES] == []


@pytest.mark.parametrize("block", blocks("toml"), ids=identity)
def test_toml_is_read_by_what_reads_it_in_earnest(block, tmp_path):
    path = tmp_path / (block.title or "project.toml")
    path.write_text(block.text, encoding="utf-8")

    match path.name:
        case "project.toml":
            read_settings(path)
        case "rubric.toml" | "my_rubric.toml":
            read_rubric(path)
        case _:
            pytest.fail(f"nobody reads {path.name}")


def test_the_rubric_that_is_shown_is_the_one_that_counts():
    shown = [block.text for block in blocks("toml") if block.title == "rubric.toml"]

    assert shown == [DEFAULT.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", [page for page in PAGES_WITH_PYTHON if page != "docs/developers/adding.md"])
def test_python_is_executed(page, execute):
    execute(page)


def test_what_is_added_by_the_examples_works(execute, finished: Path, tmp_path: Path):
    added = execute("docs/developers/adding.md")

    network = architectures()["plain_cnn"]
    model = network.build((16, 16, 1), 3, network.defaults)
    assert model.output_shape == (None, 3)
    assert network.summary

    stripes, again = added["open_stripes"](3), added["open_stripes"](3)
    assert stripes.classes == ("across", "down")
    assert len(stripes.table) == 200
    assert stripes.fingerprint == again.fingerprint != added["open_stripes"](4).fingerprint
    np.testing.assert_array_equal(stripes.read(7).pixels, again.read(7).pixels)
    across, down = (stripes.table.index[stripes.table["label"] == label][0] for label in ("across", "down"))
    assert stripes.read(across).pixels.std(axis=0).mean() > stripes.read(across).pixels.std(axis=1).mean()
    assert stripes.read(down).pixels.std(axis=0).mean() < stripes.read(down).pixels.std(axis=1).mean()

    members = honest_members(finished)
    images = (finished / "data" / "patterns").resolve()
    with evidence_of(members, [images], tmp_path, tmp_path / "copies") as evidence:
        tally = Tally()
        assert list(added["check_epochs"](evidence, tally)) == []
        assert tally.compared == 3
