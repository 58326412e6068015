"""The verdict: what it says, when it is which, and the schema that it keeps to."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import cnnproj.submission.verification as package
from cnnproj.submission.finding import CHECKS, Finding, Result
from cnnproj.submission.handing_in.pack import pack
from cnnproj.submission.opening.opened import open_submission
from cnnproj.submission.verification.judge import judge
from cnnproj.submission.verification.reference import prepare, wanted
from cnnproj.submission.verification.verdict import ESSENTIAL, Verdict, outcome_of, refusal


@pytest.fixture(scope="module")
def verdict(honest, finished, copies, tmp_path_factory) -> Verdict:
    path = tmp_path_factory.mktemp("verdict") / "Ada.zip"
    pack(honest, path)
    with open_submission(path) as submission:
        sources = [str((finished / "data" / "patterns").resolve())]
        return judge(submission, prepare(sources, wanted(submission), copies))


def test_it_says_who_handed_in_what_and_what_it_came_to(verdict):
    assert (verdict.file, verdict.name, verdict.authors) == ("Ada.zip", "tiny", ("Ada Lovelace",))
    assert verdict.models == ("mlp", "compact_cnn", "deep_cnn")
    assert verdict.claimed == pytest.approx(verdict.found)
    assert verdict.whose_images == "reference"
    assert verdict.environment_of_run == verdict.environment_of_check
    assert (verdict.outcome, verdict.exit_code) == ("verified", 0)


def test_it_has_every_check_in_order(verdict):
    assert tuple(result.check for result in verdict.results) == CHECKS
    assert verdict.results[-1].state == "not_asked"


def test_submissions_can_be_compared_by_it(verdict):
    facts = verdict.facts

    assert facts is not None
    assert (facts.seed, "works" in facts.prose) == (3, True)
    assert facts.weights.keys() == facts.predictions.keys() == facts.trials.keys() == set(verdict.models)


def test_it_is_written_as_json_of_the_published_schema(verdict, tmp_path):
    verdict.save(tmp_path / "verdict.json")
    schema = json.loads((Path(package.__file__).parent / "verdict.schema.json").read_text())
    written = json.loads((tmp_path / "verdict.json").read_text())

    jsonschema.validate(written, schema)
    assert schema == {"$schema": schema["$schema"], **Verdict.model_json_schema()}
    assert Verdict.model_validate(written) == verdict


def test_what_could_not_be_opened_has_a_verdict_too():
    verdict = refusal(Path("bad.zip"), "It is no zip.")

    assert (verdict.outcome, verdict.exit_code, verdict.refused) == ("unchecked", 2, "It is no zip.")
    assert tuple(result.check for result in verdict.results) == CHECKS


WRONG = Finding("discrepancy", "other_split", {"where": "there"})


@pytest.mark.parametrize(
    ("results", "outcome"),
    [
        ([Result("data", "passed"), Result("retraining", "not_asked")], "verified"),
        ([Result("data", "passed", (Finding("look", "packed", {"n": 3}),))], "verified"),
        ([Result("split", "failed", (WRONG,)), Result("data", "unchecked")], "discrepancies"),
        ([Result("notebooks", "failed")], "discrepancies"),
        ([Result("validation", "unchecked", reason="no images")], "verified"),
        ([Result("retraining", "unchecked", reason="a network of their own")], "unchecked"),
        *[([Result(check, "unchecked", reason="no images")], "unchecked") for check in ESSENTIAL],
    ],
)
def test_the_outcome_is_the_worst_that_was_found(results, outcome):
    assert outcome_of(results) == outcome
