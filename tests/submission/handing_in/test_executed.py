"""Of an executed notebook it can be told whether it ran from top to bottom, without an error, on the saved results."""

from pathlib import Path
from typing import Any

import pytest

from cnnproj.run import Run
from cnnproj.submission.handing_in.executed import STAMP, notebook_faults, results


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """One with three stages."""
    record = Run(tmp_path / "run")
    for stage in ("audit", "data", "report"):
        (record.folder / stage).parent.mkdir(exist_ok=True)
        (record.folder / stage).write_text(stage)
        record.complete(stage, {}, lambda stage=stage: [record.folder / stage])
    return record


def cell(count: int | None, source: str | list[str] = "1 + 1", *outputs: dict[str, Any]) -> dict[str, Any]:
    shared = {"metadata": {}, "source": source}
    return {"cell_type": "code", "execution_count": count, "outputs": list(outputs), **shared}


def notebook(run: Run, *cells: dict[str, Any]) -> dict[str, Any]:
    text = {"cell_type": "markdown", "metadata": {}, "source": "# Title"}
    return {"cells": [text, *cells], "metadata": {STAMP: results(run)}, "nbformat": 4, "nbformat_minor": 5}


def faults(run: Run, *cells: dict[str, Any]) -> list[str]:
    return [one.sentence for one in notebook_faults({"01_data.ipynb": notebook(run, *cells)}, run)]


def test_one_that_was_executed_in_order_has_none(run):
    assert faults(run, cell(1), cell(2), cell(3)) == []


def test_empty_cells_count_for_nothing(run):
    assert faults(run, cell(1), cell(None, ""), cell(None, ["  \n", ""]), cell(2)) == []


@pytest.mark.parametrize("counts", [(1, 3), (2, 3), (2, 1), (1, 1), (1, 2, 2), (3, 4)])
def test_gaps_repeats_and_jumps_are_found(run, counts):
    assert faults(run, *map(cell, counts)) == ["out_of_order"]


def test_the_place_is_told(run):
    found = notebook_faults({"01_data.ipynb": notebook(run, cell(1), cell(7))}, run)

    assert "01_data.ipynb" in str(found[0])
    assert "[2]" in str(found[0])
    assert "[7]" in str(found[0])


def test_a_cell_that_was_not_executed_is_found(run):
    assert faults(run, cell(1), cell(None)) == ["not_executed"]


def test_an_error_is_found_and_told(run):
    error = {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "division by zero", "traceback": []}
    found = notebook_faults({"02_mlp.ipynb": notebook(run, cell(1), cell(2, "1 / 0", error))}, run)

    assert [one.sentence for one in found] == ["shows_error"]
    assert "02_mlp.ipynb shows an error in its code cell 2: ZeroDivisionError: division by zero" in str(found[0])


def test_one_without_a_stamp_was_not_executed_to_its_end(run):
    plain = {**notebook(run, cell(1)), "metadata": {}}

    assert [one.sentence for one in notebook_faults({"01_data.ipynb": plain}, run)] == ["not_executed"]


def test_results_that_changed_since_are_found(run):
    before = notebook(run, cell(1))
    (run.folder / "data").write_text("other data")
    run.complete("data", {}, lambda: [run.folder / "data"], again=True)

    assert [one.sentence for one in notebook_faults({"01_data.ipynb": before}, run)] == ["other_results"]


def test_results_that_came_later_are_of_no_account(run):
    before = notebook(run, cell(1))
    (run.folder / "evaluate").write_text("scores")
    run.complete("evaluate", {}, lambda: [run.folder / "evaluate"])

    assert notebook_faults({"01_data.ipynb": before}, run) == []


def test_the_report_is_of_no_account(run):
    before = notebook(run, cell(1))
    (run.folder / "report").write_text("other words")
    run.complete("report", {}, lambda: [run.folder / "report"], again=True)

    assert notebook_faults({"06_interpretability.ipynb": before}, run) == []


def test_many_of_one_kind_are_told_in_one_sentence(run):
    idle = {f"0{number}.ipynb": notebook(run, cell(None)) for number in (2, 1)}

    assert [str(one) for one in notebook_faults(idle, run)] == [
        "Not executed to the end: 01.ipynb, 02.ipynb. Run: cnnproj run --notebooks"
    ]


def test_there_must_be_some(run):
    assert [one.sentence for one in notebook_faults({}, run)] == ["no_notebooks"]
