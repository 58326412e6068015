"""Honest work is verified, however unusual; what cannot be checked is said; and checking never trains."""

from __future__ import annotations

import ast
import io
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import cnnproj
from cnnproj.selection import ACCURACY
from cnnproj.settings import Settings
from cnnproj.submission.contents import TEST_IMAGES
from cnnproj.submission.finding import CHECKS, REPRODUCIBLE, Unchecked
from cnnproj.submission.handing_in.pack import pack
from cnnproj.submission.opening.limits import Refused
from cnnproj.submission.opening.opened import open_submission
from cnnproj.submission.verification import reference
from cnnproj.submission.verification.checks import training
from cnnproj.submission.verification.reference import Wanted, prepare, wanted
from cnnproj.submission.verification.verdict import outcome_of
from cnnproj.submission.verification.verify import _CHECKS, verify, verify_evidence
from cnnproj.words import catalogue

from ...conftest import pattern
from ..conftest import listed
from . import cheats
from .judging import check, codes, evidence_of, honest_members
from .variety import deals_of, unusual_project, with_other_decoder


@pytest.fixture(scope="module")
def unusual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unusual_project(tmp_path_factory.mktemp("unusual"))


def discrepancies(results):
    return [str(finding) for result in results for finding in result.findings if finding.level == "discrepancy"]


def states(results):
    return {result.check: result.state for result in results}


# Honest work --------------------------------------------------------------------------------------------------------


def test_an_honest_submission_is_verified(honest, patterns, copies, tmp_path):
    with evidence_of(honest, [patterns], tmp_path, copies) as evidence:
        results = verify_evidence(evidence)

    assert set(states(results).values()) == {"passed"}, discrepancies(results)
    assert [result.check for result in results] == [name for name in CHECKS if name not in REPRODUCIBLE]
    assert outcome_of(results) == "verified"
    assert evidence.whose_images == "reference"
    assert max(result.difference for result in results) < 1e-5  # on the machine that it was made on


def test_every_check_has_compared_something(honest, patterns, copies, tmp_path):
    with evidence_of(honest, [patterns], tmp_path, copies) as evidence:
        results = verify_evidence(evidence)

    assert min(result.compared for result in results) > 0


def test_unusual_work_is_no_discrepancy(unusual, copies, tmp_path):
    assert deals_of(unusual) == {1, 2}

    with evidence_of(honest_members(unusual), [unusual / "data" / "patterns"], tmp_path, copies) as evidence:
        results = verify_evidence(evidence)

    assert discrepancies(results) == []
    assert {name for name, state in states(results).items() if state != "passed"} == {"assignment"}  # two CNNs lack
    assert set(evidence.found) == {"mlp", "own_dense"}


def test_the_right_one_of_several_copies_is_taken(honest, patterns, copies, tmp_path):
    with evidence_of(honest, ["digits", patterns], tmp_path, copies) as evidence:
        assert check("predictions", evidence).state == "passed"
        assert check("data", evidence).findings == ()


def test_a_copy_that_another_decoder_has_read_is_no_discrepancy(honest, patterns, copies, tmp_path):
    other = with_other_decoder(patterns, tmp_path / "decoded" / "patterns")
    with evidence_of(honest, [other], tmp_path, copies) as evidence:
        results = verify_evidence(evidence)

    assert discrepancies(results) == []
    assert "decoded_otherwise" in codes(next(one for one in results if one.check == "data"), "look")
    assert states(results)["predictions"] in ("passed", "unchecked")


def test_images_that_came_to_the_copy_since_are_to_be_looked_at(honest, patterns, copies, tmp_path):
    more = Path(shutil.copytree(patterns, tmp_path / "more" / "patterns"))
    Image.fromarray(pattern("down", 77)).save(more / "down" / "77.png")
    with evidence_of(honest, [more], tmp_path, copies) as evidence:
        results = verify_evidence(evidence)

    assert discrepancies(results) == []
    assert "lacks_images" in codes(next(one for one in results if one.check == "data"), "look")
    assert outcome_of(results) == "verified"


def test_images_that_the_copy_lacks_leave_it_unchecked(honest, patterns, copies, tmp_path):
    fewer = Path(shutil.copytree(patterns, tmp_path / "fewer" / "patterns"))
    for number in range(3, 30):
        (fewer / "across" / f"{number:02d}.png").unlink()
    with evidence_of(honest, [fewer], tmp_path, copies) as evidence:
        results = verify_evidence(evidence)

    assert discrepancies(results) == []
    assert states(results)["predictions"] == "unchecked"
    assert outcome_of(results) == "unchecked"


def test_without_any_copy_nothing_is_verified_and_nothing_denied(honest, copies, tmp_path):
    with evidence_of(honest, [], tmp_path, copies) as evidence:
        results = verify_evidence(evidence)

    assert discrepancies(results) == []
    assert {states(results)[name] for name in ("data", "predictions", "validation", "heatmaps")} == {"unchecked"}
    assert states(results)["scores"] == "passed"
    assert outcome_of(results) == "unchecked"


# Packed images ------------------------------------------------------------------------------------------------------


@pytest.fixture
def packed(finished, honest):
    """The honest members, with the stored test images."""
    from cnnproj.data.images import load_images

    images = load_images(finished / "reports" / "tiny" / "data")
    rows = images.table.loc[images.table["split"] == "test", "row"].to_numpy()
    file = io.BytesIO()
    np.save(file, np.asarray(images.pixels[rows]))
    return listed({**honest, TEST_IMAGES: file.getvalue()})


def test_packed_images_are_used_where_no_copy_has_them(packed, copies, tmp_path):
    with evidence_of(packed, ["digits"], tmp_path, copies) as evidence:
        results = verify_evidence(evidence)

    assert discrepancies(results) == []
    assert evidence.whose_images == "packed"
    assert "packed" in codes(next(one for one in results if one.check == "data"), "look")
    assert states(results)["predictions"] == states(results)["heatmaps"] == "passed"
    assert states(results)["validation"] == "unchecked"


def test_packed_images_that_are_not_those_of_the_copy_are_named(packed, patterns, copies, tmp_path):
    pixels = np.load(io.BytesIO(packed[TEST_IMAGES]))
    pixels[0] = 255 - pixels[0]
    file = io.BytesIO()
    np.save(file, pixels)
    members = listed({**packed, TEST_IMAGES: file.getvalue()})

    with evidence_of(members, [patterns], tmp_path, copies) as evidence:
        assert "other_packed" in codes(check("data", evidence), "discrepancy")
        assert evidence.whose_images == "reference"


def test_packed_images_of_another_number_cannot_be_used(packed, copies, tmp_path):
    file = io.BytesIO()
    np.save(file, np.load(io.BytesIO(packed[TEST_IMAGES]))[1:])
    members = listed({**packed, TEST_IMAGES: file.getvalue()})

    with evidence_of(members, [], tmp_path, copies) as evidence:
        assert check("predictions", evidence).state == "unchecked"


# What is broken -----------------------------------------------------------------------------------------------------


def test_a_broken_file_is_told_once(honest, patterns, copies, tmp_path):
    members = dict(honest)
    members["models/mlp/recipe.json"] = b"{}"

    with evidence_of(listed(members), [patterns], tmp_path, copies) as evidence:
        results = verify_evidence(evidence)

    told = [one for result in results for one in codes(result) if one == "unreadable"]
    assert len(told) == 2  # by the check of the files, which tells of all, and by the first that needs it
    assert outcome_of(results) == "discrepancies"
    assert all(result.reason for result in results if result.state == "unchecked")


def test_files_that_contradict_each_other_are_no_crash(honest, patterns, copies, tmp_path):
    members = dict(honest)
    images = cheats.tools.table(members, cheats.tools.IMAGES)
    images["row"] = "0"
    cheats.tools.put(members, cheats.tools.IMAGES, images)

    with evidence_of(cheats.tools.seal(members), [patterns], tmp_path, copies) as evidence:
        results = verify_evidence(evidence)

    assert outcome_of(results) == "discrepancies"
    assert all(result.reason for result in results if result.state == "unchecked")


def test_a_run_of_another_version_is_not_held_to_its_words(honest, patterns, copies, tmp_path):
    members = dict(honest)
    run = cheats.tools.read(members, cheats.tools.RUN)
    run["environment"]["cnnproj"] = "0.0.9"
    for name in ("train mlp", "tune mlp"):
        run["stages"][name]["inputs"]["network"] = "0123456789abcdef"
    cheats.tools.write(members, cheats.tools.RUN, run)

    with evidence_of(listed(members), [patterns], tmp_path, copies) as evidence:
        results = verify_evidence(evidence)

    assert discrepancies(results) == []
    assert states(results)["report"] == "unchecked"
    assert outcome_of(results) == "verified"


# The assistant's copies ---------------------------------------------------------------------------------------------

ASKED = Wanted(size=(16, 16), resize="stretch", color="gray", near_duplicates=True, seed=3)


def test_a_copy_is_made_once(patterns, tmp_path, monkeypatch):
    first = prepare([str(patterns)], ASKED, tmp_path)
    monkeypatch.setattr(reference, "audit_source", None)

    assert prepare([str(patterns)], ASKED, tmp_path) == first


def test_other_settings_get_another_copy(patterns, tmp_path):
    other = ASKED.model_copy(update={"size": (8, 8)})

    assert prepare([str(patterns)], ASKED, tmp_path) != prepare([str(patterns)], other, tmp_path)


def test_a_copy_that_would_fill_the_disk_is_refused(patterns, tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "MOST_BYTES", 1000)

    with pytest.raises(Unchecked, match="16×16"):
        prepare([str(patterns)], ASKED, tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_is_wanted_is_plain_and_comes_from_settings_and_networks(submission):
    with open_submission(submission) as opened:
        asked = wanted(opened)

    assert Wanted.model_validate_json(asked.model_dump_json()) == asked
    assert asked == ASKED


# Tables of trials ---------------------------------------------------------------------------------------------------


def judged(rows, **search):
    """What is found in a table of trials of the MLP, with 20 validation images."""
    table = pd.DataFrame([{"reason": "", "pruned": False, "best": False, "epochs": 9, **row} for row in rows])
    space = {"mlp": {"learning_rate": [0.001, 0.01, 0.1]}}
    settings = Settings.model_validate({"models": space, "search": {"trials": len(rows), "epochs": 9, **search}})
    evidence = SimpleNamespace(
        submission=SimpleNamespace(settings=settings), goal=ACCURACY, size_of={"validation": 20}.__getitem__
    )
    return [
        str(finding) for finding in training._trials(evidence, table.assign(trial=range(1, len(rows) + 1)), "there")
    ]


GOOD = {"learning_rate": 0.01, "val_accuracy": 0.85, "val_loss": 0.4, "epoch": 8.0}
STOPPED = {**GOOD, "val_accuracy": 0.2, "epoch": 2.0, "epochs": 3, "pruned": True}
FAILED = {**GOOD, "val_accuracy": np.nan, "val_loss": np.nan, "epoch": np.nan, "epochs": 2, "reason": "not a number"}


def test_stopped_and_failed_trials_are_as_they_should_be():
    assert judged([{**GOOD, "best": True}, STOPPED, FAILED]) == []


@pytest.mark.parametrize(
    ("rows", "search"),
    [
        ([GOOD, {**STOPPED, "epochs": 4}], {}),  # not where trials are looked at
        ([GOOD, STOPPED], {"pruning": "none"}),
        ([GOOD, {**GOOD, "epochs": 5, "epoch": 5.0}], {}),  # ended before the others
        ([GOOD, {**GOOD, "epochs": 12}], {}),
        ([GOOD, {**FAILED, "reason": ""}], {}),
        ([GOOD, {**GOOD, "val_accuracy": 0.851}], {}),
        ([GOOD, {**GOOD, "epoch": 10.0}], {}),
    ],
)
def test_trials_that_the_search_does_not_make_are_named(rows, search):
    assert judged(rows, **search) != []


# How it is made -----------------------------------------------------------------------------------------------------


def test_checking_never_imports_what_trains(honest, patterns, tmp_path):
    target = tmp_path / "submission.zip"
    pack(honest, target)
    code = f"""
import sys
from pathlib import Path
from cnnproj.submission.opening.opened import open_submission
from cnnproj.submission.verification.reference import prepare, wanted
from cnnproj.submission.verification.verify import verify
assert "tensorflow" not in sys.modules
with open_submission(Path({str(target)!r})) as submission:
    results = verify(submission, prepare([{str(patterns)!r}], wanted(submission), Path({str(tmp_path / "cache")!r})))
banned = {{"cnnproj.training", "cnnproj.final_training", "cnnproj.tuning.search", "cnnproj.notebooks", "nbclient"}}
banned |= {{"cnnproj.segmentation.training"}}
print([one.state for one in results], sorted(banned & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines()[-1] == f"{['passed'] * (len(CHECKS) - 1)} []"


def test_every_finding_has_its_words():
    words, missing = catalogue("en"), []
    for path in sorted((Path(cnnproj.__file__).parent / "submission").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            made = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if made in ("Finding", "_other", "differs"):
                key = node.args[1 if made == "Finding" else 0]
                if isinstance(key, ast.Constant) and f"verification.found.{key.value}" not in words:
                    missing.append(f"{path.name}:{node.lineno} {key.value}")

    assert missing == []


def test_every_check_is_done_by_something():
    assert (*_CHECKS, *REPRODUCIBLE) == CHECKS


def test_a_file_that_is_no_submission_is_refused_before_any_check(tmp_path):
    (tmp_path / "no.zip").write_text("no zip")

    with pytest.raises(Refused), open_submission(tmp_path / "no.zip") as opened:
        verify(opened, [])
