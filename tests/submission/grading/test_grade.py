"""A class is graded whatever is in it: side by side, to the end, once; and one submission by itself."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cnnproj.errors import CnnprojError
from cnnproj.submission.finding import CHECKS
from cnnproj.submission.grading.examine import FILE, PAGE, Terms
from cnnproj.submission.grading.grade import grade_class
from cnnproj.submission.grading.rubric import read_rubric
from cnnproj.submission.grading.sandbox import GIB, Allowance

JOBS = str(Path(__file__).with_name("jobs.py"))
# What stands for the real thing where it is not about what is in a zip: the worker does what the file says.
PASSED = [{"check": check, "state": "passed"} for check in CHECKS[:-1]] + [{"check": CHECKS[-1], "state": "not_asked"}]
MISSING = {"level": "missing", "code": "x", "sentence": "There is no MLP."}
FALSE = {"level": "discrepancy", "code": "x", "sentence": "=1+1", "where": "a", "claimed": "0.9", "found": "0.8"}


def checked(**failed: dict[str, str]) -> list[dict[str, object]]:
    """The results of every check, all passed but those that ``failed`` with a finding."""
    return [
        {**one, "state": "failed", "findings": [failed[one["check"]]]} if one["check"] in failed else one
        for one in PASSED
    ]


CLASS: dict[str, dict[str, object]] = {
    "Ada Lovelace_11_assignsubmission_file_x.zip": {"results": PASSED},
    "Ada Lovelace_11_assignsubmission_file_x-1.zip": {"results": PASSED, "authors": ["Ada"]},
    "Bo_12_assignsubmission_file_x.zip": {"results": checked(assignment=MISSING), "outcome": "discrepancies"},
    "Cy_13_assignsubmission_file_x.zip": {"results": checked(scores=FALSE), "outcome": "discrepancies"},
    "Di_14_assignsubmission_file_x.zip": {"job": "crash"},
    "Ed_15_assignsubmission_file_x.zip": {"job": "eat_bit_by_bit"},
    "Flo_16_assignsubmission_file_x.zip": {"job": "sleep"},
    "=cmd|calc_17_assignsubmission_file_<script>alert(1)<script>.zip": {"results": PASSED},
    "gaugust_LATE_18_99_x.zip": {"results": PASSED},
}


@pytest.fixture
def terms(pattern_folder: Path) -> Terms:
    """Small ones, for workers that do as they are told."""
    return Terms((str(pattern_folder),), allowance=Allowance(seconds=3, memory=GIB // 2), program=(JOBS,))


def hand_in(folder: Path, files: dict[str, dict[str, object]]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, asked in files.items():
        (folder / name).write_text(json.dumps(asked))
    return folder


def grades(output: Path) -> dict[str, dict[str, str]]:
    with (output / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["Full name"]: row for row in csv.DictReader(file)}


def silent(_: str) -> None:
    pass


def written(output: Path) -> dict[str, int]:
    """When each verdict was written, in nanoseconds."""
    paths = sorted((output / "verdicts").glob(f"*/{FILE}"))
    return {path.parent.name: path.stat().st_mtime_ns for path in paths if (path.parent / PAGE).is_file()}


def test_every_student_gets_a_line_and_a_page_whatever_was_handed_in(tmp_path, terms):
    output = tmp_path / "out"
    graded = grade_class(hand_in(tmp_path / "in", CLASS), output, read_rubric(None), terms, workers=2, announce=silent)
    rows = grades(output)

    assert {name: (row["Grade"], row["Outcome"]) for name, row in rows.items()} == {
        "Ada Lovelace": ("100.00", "verified"),
        "Bo": ("89.80", "not in order"),
        "Cy": ("", "not in order"),
        "Di": ("", "not fully checked"),
        "Ed": ("", "not fully checked"),
        "Flo": ("", "not fully checked"),
        "'=cmd|calc": ("100.00", "verified"),
        "gaugust": ("100.00", "verified"),
    }
    assert rows["Ada Lovelace"]["File"] == "Ada Lovelace_11_assignsubmission_file_x-1.zip"
    assert rows["Bo"]["Feedback comments"] == "There is no MLP."
    assert rows["Cy"]["Feedback comments"] == "'=1+1"
    assert "memory" in rows["Ed"]["Feedback comments"]
    assert "longer than 3 seconds" in rows["Flo"]["Feedback comments"]
    assert str(tmp_path) not in (output / "grades.csv").read_text()
    assert len(graded) == len(list((output / "feedback").iterdir())) == len(written(output)) == 8
    assert (output / "feedback" / "Bo_12_assignsubmission_file_feedback.html").is_file()
    assert "gaugust,18,,,,100.00" in (output / "canvas.csv").read_text()


def test_what_was_examined_is_not_examined_again_and_another_rubric_only_marks(tmp_path, terms):
    folder = hand_in(tmp_path / "in", {name: CLASS[name] for name in list(CLASS)[1:4]})
    said: list[str] = []
    grade_class(folder, tmp_path / "out", read_rubric(None), terms, announce=said.append)
    before, table = written(tmp_path / "out"), (tmp_path / "out" / "grades.csv").read_bytes()
    (tmp_path / "rubric.toml").write_text("points = 10\n[taken]\nmissing = 1.0\n")
    grade_class(folder, tmp_path / "out", read_rubric(tmp_path / "rubric.toml"), terms, announce=said.append)

    assert written(tmp_path / "out") == before
    assert grades(tmp_path / "out")["Bo"]["Grade"] == "7.00"
    grade_class(folder, tmp_path / "out", read_rubric(None), terms, announce=said.append)
    assert (tmp_path / "out" / "grades.csv").read_bytes() == table
    assert [line.split(",")[1].split()[0] for line in said[::2]] == ["3", "0", "0"]


def test_a_file_that_was_handed_in_anew_is_examined_and_so_is_one_on_other_terms(tmp_path, terms):
    folder = hand_in(tmp_path / "in", {"a.zip": {"results": PASSED}, "b.zip": {"results": PASSED}})
    grade_class(folder, tmp_path / "out", read_rubric(None), terms, announce=silent)
    hand_in(folder, {"b.zip": {"results": checked(scores=FALSE), "outcome": "discrepancies"}})
    grade_class(folder, tmp_path / "out", read_rubric(None), terms, announce=silent)

    assert len(written(tmp_path / "out")) == 3
    assert grades(tmp_path / "out")["b"]["Outcome"] == "not in order"


KILLED = """
import sys
from pathlib import Path
from cnnproj.submission.grading.examine import Terms
from cnnproj.submission.grading.grade import grade_class
from cnnproj.submission.grading.rubric import read_rubric
source, folder, output, program = sys.argv[1:]
grade_class(Path(folder), Path(output), read_rubric(None), Terms((source,), program=(program,)), workers=2)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_killed_in_the_middle_and_started_again_no_work_is_repeated_and_the_table_is_the_same(tmp_path, pattern_folder):
    folder = hand_in(tmp_path / "in", {f"{n}.zip": {"results": PASSED, "seconds": 0.3} for n in range(12)})
    command = [sys.executable, "-c", KILLED, str(pattern_folder), str(folder)]
    with subprocess.Popen([*command, str(tmp_path / "out"), JOBS], stdout=subprocess.DEVNULL) as process:
        until = time.monotonic() + 60
        while len(written(tmp_path / "out")) < 3 and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    before = written(tmp_path / "out")
    for output in ("out", "undisturbed"):
        subprocess.run([*command, str(tmp_path / output), JOBS], check=True, stdout=subprocess.DEVNULL)
    after = written(tmp_path / "out")

    assert 3 <= len(before) < 12 == len(after)
    assert {key: after[key] for key in before} == before
    tables = [(tmp_path / output / "grades.csv").read_bytes() for output in ("out", "undisturbed")]
    assert tables[0] == tables[1]


def test_a_cluster_gives_the_same_table(tmp_path, terms):
    distributed = pytest.importorskip("distributed")
    folder = hand_in(tmp_path / "in", CLASS)
    grade_class(folder, tmp_path / "here", read_rubric(None), terms, workers=2, announce=silent)
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, distributed.Client(cluster):
        grade_class(folder, tmp_path / "there", read_rubric(None), terms, backend="dask", announce=silent)

    assert (tmp_path / "there" / "grades.csv").read_bytes() == (tmp_path / "here" / "grades.csv").read_bytes()


def test_without_its_library_a_cluster_is_told(tmp_path, terms, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    folder = hand_in(tmp_path / "in", {"a.zip": {"results": PASSED}})
    with pytest.raises(CnnprojError, match=r"\.\[cluster\]"):
        grade_class(folder, tmp_path / "out", read_rubric(None), terms, backend="ray", announce=silent)


def test_images_that_are_not_there_are_told_before_anything_is_examined(tmp_path, terms):
    folder = hand_in(tmp_path / "in", {"a.zip": {"results": PASSED}})
    with pytest.raises(CnnprojError, match="nowhere"):
        grade_class(folder, tmp_path / "out", read_rubric(None), Terms(("nowhere",)), announce=silent)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("answer", [{"outcome": "perfect"}, {"outcome": "verified", "results": 3}, {"extra": 1}])
def test_a_worker_that_answers_what_no_verdict_is_is_not_believed(tmp_path, terms, answer):
    folder = hand_in(tmp_path / "in", {"a.zip": answer})
    (graded,) = grade_class(folder, tmp_path / "out", read_rubric(None), terms, announce=silent)

    assert graded.verdict.outcome == "unchecked"
    assert "nonsense" in graded.verdict.refused


@pytest.mark.parametrize("name", ["x" * 240 + ".zip", "odd \udcff byte.zip", "new\nline.zip", "[red]markup[bold].zip"])
def test_no_name_stops_the_class(tmp_path, terms, name):
    folder = hand_in(tmp_path / "in", {name: {"results": PASSED}, "b.zip": {"results": PASSED}})
    graded = grade_class(folder, tmp_path / "out", read_rubric(None), terms, announce=silent)

    assert [one.mark.grade for one in graded] == [100, 100]
    assert len(list((tmp_path / "out" / "feedback").iterdir())) == 2
