"""One real submission from zip to verdict, in a confined worker; and what its command says and ends with."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from cnnproj.errors import CnnprojError
from cnnproj.submission.finding import REPRODUCIBLE, TRUE
from cnnproj.submission.grading.examine import FILE, PAGE, Terms, examine, examine_one
from cnnproj.submission.grading.sandbox import GIB, Worker
from cnnproj.submission.handing_in.pack import pack
from cnnproj.submission.verification.verdict import Verdict

from ...conftest import cnnproj
from ..conftest import listed


@pytest.fixture(scope="module")
def worker():
    """One for all tests here: it imports TensorFlow once."""
    made = Worker()
    yield made
    made.close()


@pytest.fixture
def zipped(tmp_path: Path):
    """Packs the members of a submission."""

    def packed(members: Mapping[str, bytes], name: str = "ada.zip") -> Path:
        pack(members, tmp_path / name)
        return tmp_path / name

    return packed


def states(verdict: Verdict) -> dict[str, str]:
    return {result.check: result.state for result in verdict.results}


def test_an_honest_submission_is_verified_by_a_worker_below_two_gibibytes(honest, zipped, patterns, copies, worker):
    verdict = examine(zipped(honest), copies, Terms((str(patterns),)), worker)

    assert verdict.refused == ""
    assert {check: states(verdict)[check] for check in TRUE} == dict.fromkeys(TRUE, "passed")
    assert {check: states(verdict)[check] for check in REPRODUCIBLE} == {"retraining": "not_asked"}
    assert verdict.found.keys() == verdict.claimed.keys()
    assert verdict.whose_images == "reference"
    assert worker.peak < 2 * GIB


def test_a_score_that_is_not_so_is_found_by_the_next_job_of_the_same_worker(honest, zipped, patterns, copies, worker):
    run = json.loads(honest["run.json"])
    run["scores"]["mlp"]["accuracy"] = 0.123
    spoiled = listed({**honest, "run.json": json.dumps(run).encode()})
    verdict = examine(zipped(spoiled), copies, Terms((str(patterns),)), worker)

    assert verdict.outcome == "discrepancies"
    assert "discrepancy" in {finding.level for result in verdict.results for finding in result.findings}
    assert verdict.claimed["mlp"] == 0.123 != verdict.found["mlp"]


def test_without_its_images_it_is_not_fully_checked(honest, zipped, copies, worker):
    verdict = examine(zipped(honest), copies, Terms(("digits",)), worker)

    assert verdict.whose_images == "none"
    assert states(verdict)["predictions"] == "unchecked"


def test_a_zip_that_is_none_is_refused_without_the_path_of_whoever_checks(tmp_path, copies, patterns, worker):
    (tmp_path / "ada.zip").write_bytes(b"PK no zip")
    verdict = examine(tmp_path / "ada.zip", copies, Terms((str(patterns),)), worker)

    assert (verdict.outcome, verdict.exit_code) == ("unchecked", 2)
    assert "ada.zip" in verdict.refused
    assert str(tmp_path) not in verdict.refused


def test_training_again_takes_a_worker_with_the_threads_of_the_run(honest, zipped, patterns, copies, worker):
    terms = Terms((str(patterns),), again=True)
    verdict = examine(zipped(honest), copies, replace(terms, threads=1), worker)

    assert states(verdict)["retraining"] == "passed"
    assert verdict.environment_of_check["threads"] == verdict.environment_of_run["threads"]


def test_images_or_a_zip_that_are_not_there_are_told_and_nothing_is_written(tmp_path, honest, zipped):
    with pytest.raises(CnnprojError, match="nowhere"):
        examine_one(zipped(honest), tmp_path / "out", Terms(("nowhere",)))
    with pytest.raises(CnnprojError, match=r"no file .*none\.zip"):
        examine_one(tmp_path / "none.zip", tmp_path / "out", Terms(("digits",)))
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_it_found_and_where_it_stands(honest, zipped, patterns, tmp_path):
    path = zipped({name: data for name, data in honest.items() if not name.startswith("notebooks/")})
    told = cnnproj("verify", str(path), "--data", str(patterns), cwd=tmp_path)
    folder = tmp_path / "ada-verdict"

    assert told.returncode == 1
    assert told.stderr == ""
    assert told.stdout.splitlines()[0] == "ada.zip: not in order"
    assert str(folder / PAGE) in told.stdout
    assert Verdict.model_validate_json((folder / FILE).read_bytes()).outcome == "discrepancies"


def test_the_command_ends_with_2_where_nothing_can_be_checked(tmp_path, patterns):
    (tmp_path / "ada.zip").write_bytes(b"PK no zip")
    told = cnnproj("verify", "ada.zip", "--data", str(patterns), "--output", "out", cwd=tmp_path)

    assert told.returncode == 2
    assert (told.stderr, told.stdout.splitlines()[0]) == ("", "ada.zip: not fully checked")


def test_a_class_of_real_submissions_is_graded_by_the_command(honest, zipped, patterns, tmp_path):
    (tmp_path / "class").mkdir()
    for name in ("Ada_1_assignsubmission_file_x.zip", "Bo_2_assignsubmission_file_x.zip"):
        zipped(honest, f"class/{name}")
    (tmp_path / "class" / "Cy_3_assignsubmission_file_x.zip").write_bytes(b"PK no zip")
    told = cnnproj("grade", "class", "--data", str(patterns), "--output", "out", "-n", "1", cwd=tmp_path)

    assert told.returncode == 0, told.stderr
    assert "3 submissions, 3 of them" in told.stdout
    rows = (tmp_path / "out" / "grades.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == ["Participant 1", "Participant 2", "Participant 3"]
    similar = (tmp_path / "out" / "similarity.csv").read_text(encoding="utf-8-sig").splitlines()
    assert similar[1].startswith("seed,3,")
    assert similar[-1].endswith("True,Ada; Bo")
