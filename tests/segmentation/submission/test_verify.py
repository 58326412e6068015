"""A segmentation that is handed in: honest work is verified, and each cheat is named."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cnnproj.project import Project
from cnnproj.run import Run
from cnnproj.settings import Settings
from cnnproj.submission.contents import TEST_IMAGES, TEST_MASKS, is_wanted
from cnnproj.submission.finding import CHECKS, REPRODUCIBLE
from cnnproj.submission.grading.pages import verdict_page
from cnnproj.submission.handing_in.checklist import missing
from cnnproj.submission.handing_in.pack import pack
from cnnproj.submission.handing_in.submit import _test_arrays
from cnnproj.submission.opening.opened import Unreadable, open_submission
from cnnproj.submission.verification.judge import _verdict
from cnnproj.submission.verification.reference import Wanted, fingerprint_of, prepare, wanted
from cnnproj.submission.verification.retrain import retrain_evidence
from cnnproj.submission.verification.verdict import outcome_of
from cnnproj.submission.verification.verify import verify_evidence

from ...submission.conftest import listed
from ...submission.verification import cheats as general
from ...submission.verification.judging import check, codes, evidence_of, honest_members
from . import cheats


@pytest.fixture(scope="module")
def honest(finished_cells: Path) -> dict[str, bytes]:
    """The members of an honest submission. Tests copy them before they change any."""
    return honest_members(finished_cells, "cells")


@pytest.fixture(scope="module")
def masked(finished_cells: Path) -> Path:
    """The assistant's copy of the images and masks."""
    return (finished_cells / "cells").resolve()


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("copies")


def sealed(members: dict[str, bytes]) -> dict[str, bytes]:
    return general.tools.seal(members, "cells")


def found(results, *levels):
    return [
        (one.check, finding.sentence)
        for one in results
        for finding in one.findings
        if not levels or finding.level in levels
    ]


@pytest.fixture(scope="module")
def checked(honest, masked, copies, tmp_path_factory):
    """What every check of the honest submission came to, and its verdict."""
    with evidence_of(honest, [masked], tmp_path_factory.mktemp("honest"), copies) as evidence:
        results = verify_evidence(evidence)
        return results, _verdict(evidence, results)


class TestHonestWork:
    def test_is_verified_but_for_what_is_missing(self, checked):
        results, _ = checked
        assert [result.check for result in results] == [name for name in CHECKS if name not in REPRODUCIBLE]
        assert found(results, "discrepancy", "look") == []
        # There are two networks where three are asked for, and nobody has signed.
        assert found(results, "missing") == [("assignment", "missing"), ("assignment", "missing")]
        assert {result.check for result in results if result.state != "passed"} == {"assignment"}
        assert min(result.compared for result in results) > 0

    def test_has_a_verdict_by_dice(self, checked, finished_cells):
        _, verdict = checked
        dice = Run(finished_cells / "reports" / "cells").manifest.dice

        assert verdict.score == "dice"
        assert verdict.whose_images == "reference"
        assert verdict.claimed == {model: score.dice for model, score in dice.items()}
        assert verdict.found == pytest.approx(verdict.claimed)
        assert verdict.n == 4
        assert verdict.facts is not None
        assert verdict.facts.predictions.keys() == {"unet", "segnet"}
        assert "Dice on the test images" in verdict_page(verdict)

    def test_trained_again_has_the_same_weights(self, honest, masked, copies, tmp_path):
        with evidence_of(honest, [masked], tmp_path, copies) as evidence:
            result = retrain_evidence(evidence)

        assert (result.state, codes(result)) == ("passed", ["identical"])

    def test_brings_its_test_images_with_their_masks(self, honest, finished_cells, copies, tmp_path):
        members = listed({**honest, **_test_arrays(Project.open(finished_cells))}, "cells")
        assert {TEST_IMAGES, TEST_MASKS} <= members.keys()

        with evidence_of(members, [], tmp_path, copies) as evidence:
            results = {name: check(name, evidence) for name in ("data", "predictions", "scores", "heatmaps")}

        assert codes(results["data"], "look") == ["packed"]
        assert {result.state for result in results.values()} == {"passed"}
        assert evidence.whose_images == "packed"

    def test_without_any_masks_cannot_be_checked(self, honest, finished_cells, copies, tmp_path):
        arrays = _test_arrays(Project.open(finished_cells))
        members = listed({**honest, TEST_IMAGES: arrays[TEST_IMAGES]}, "cells")

        with evidence_of(members, [], tmp_path, copies) as evidence:
            result = check("scores", evidence)

        assert result.state == "unchecked"
        assert TEST_MASKS in result.reason


# The cheat, the check that finds it out, and what that says.
FOUND_OUT = [
    (cheats.raise_the_score, "scores", "other_cells"),
    (cheats.raise_the_score, "scores", "other_score"),
    (cheats.raise_the_score_of_the_record, "scores", "other_score"),
    (cheats.narrow_the_interval, "scores", "other_cells"),
    (cheats.better_a_class, "scores", "other_cells"),
    (cheats.better_an_image, "scores", "other_cells"),
    (cheats.be_better_than_the_other, "scores", "other_cells"),
    (cheats.flip_a_pixel, "predictions", "other_masks_predicted"),
    (cheats.flip_a_pixel, "scores", "other_cells"),
    (cheats.leave_out_a_test_image, "predictions", "other_images"),
    (cheats.call_the_masks_of_the_other_its_own, "predictions", "other_masks_predicted"),
    (general.training.hand_in_other_weights, "weights", "other_weights"),
    (cheats.hand_in_the_weights_of_another_network, "weights", "unreadable"),
    (general.training.hand_in_other_weights_throughout, "predictions", "other_masks_predicted"),
    (general.training.hand_in_other_weights_throughout, "validation", "other_val_loss"),
    (general.training.claim_a_smaller_network, "weights", "other_parameters"),
    (general.training.claim_another_seed, "training", "other_seed"),
    (general.training.lengthen_the_history, "training", "epochs_of_training"),
    (cheats.better_the_history, "validation", "other_val_dice"),
    (general.training.better_the_validation_loss, "validation", "other_val_loss"),
    (general.training.choose_another_trial, "search", "other_best_trial"),
    (general.training.leave_out_a_trial, "search", "too_few_trials"),
    (general.training.try_what_was_not_to_be_tried, "search", "value_outside"),
    (cheats.choose_by_the_test, "choice", "other_choice"),
    (general.images.train_on_a_test_image, "split", "other_split"),
    (general.images.redraw_the_split, "split", "other_split"),
    (general.images.put_a_test_image_into_training, "split", "in_two_parts"),
    (general.images.hide_the_openings, "test_openings", "never_opened"),
    (cheats.draw_a_heatmap_by_hand, "heatmaps", "other_heatmaps"),
    (cheats.show_prettier_cases, "heatmaps", "other_cases"),
    (cheats.say_that_it_looks_at_the_object, "heatmaps", "other_case_numbers"),
    (cheats.better_the_headline, "report", "other_words"),
    (cheats.replace_a_figure, "report", "other_picture"),
]


@pytest.mark.parametrize(("cheat", "name", "code"), FOUND_OUT, ids=lambda one: getattr(one, "__name__", one))
def test_a_cheat_is_named(cheat, name, code, honest, masked, copies, tmp_path):
    members = dict(honest)
    cheat(members)
    assert members != honest

    with evidence_of(sealed(members), [masked], tmp_path, copies) as evidence:
        result = check(name, evidence)

    assert code in codes(result, "discrepancy", "missing"), [str(finding) for finding in result.findings]
    assert outcome_of([result]) == "discrepancies"
    assert all(str(finding) for finding in result.findings)


def test_masks_that_are_not_the_assistants_are_named(honest, masked, copies, tmp_path):
    """A student who has mended the masks of the test part: the score is another on the true ones."""
    mine = tmp_path / "mine"
    shutil.copytree(masked, mine)
    for path in (mine / "masks").iterdir():
        mask = np.array(Image.open(path))
        mask[:6] = 1
        Image.fromarray(mask).save(path)

    with evidence_of(honest, [mine], tmp_path, copies) as evidence:
        data, scores = check("data", evidence), check("scores", evidence)

    assert "other_masks" in codes(data, "look")
    assert "other_cells" in codes(scores, "discrepancy")


def test_packed_masks_that_are_not_the_assistants_are_named(honest, finished_cells, masked, copies, tmp_path):
    arrays = _test_arrays(Project.open(finished_cells))
    masks = np.load(io.BytesIO(arrays[TEST_MASKS]))
    masks[0, 0, 0] = masks[0, 0, 0] != 1
    members = {**honest, **arrays}
    cheats.put_array(members, TEST_MASKS, masks)

    with evidence_of(listed(members, "cells"), [masked], tmp_path, copies) as evidence:
        assert codes(check("data", evidence), "discrepancy") == ["other_packed_mask"]


class TestHostileFiles:
    @pytest.mark.parametrize(
        "array",
        [
            np.array([print], object),
            np.zeros((4, 32, 32), np.int64),
            np.zeros((4, 32), np.uint8),
            np.zeros((4, 64, 64), np.uint8),
            np.full((4, 32, 32), 3, np.uint8),
        ],
        ids=["pickle", "kind", "flat", "size", "no_class"],
    )
    def test_are_not_read_as_masks(self, array, honest, tmp_path):
        members = dict(honest)
        cheats.put_masks(members, "unet", array)
        pack(listed(members, "cells"), tmp_path / "one.zip")

        with open_submission(tmp_path / "one.zip") as submission, pytest.raises(Unreadable, match="predicted_unet"):
            submission.predicted("unet")

    def test_are_no_files_of_classification(self, honest, tmp_path):
        members = {**honest, "interpretation/methods.json": b'{"model": "unet", "layer": "a", "methods": ["gradcam"]}'}
        pack(listed(members, "cells"), tmp_path / "one.zip")

        with open_submission(tmp_path / "one.zip") as submission:
            assert any("interpretation/methods.json" in str(fault) for fault in submission.faults)

    def test_a_network_without_bounds_is_not_built(self, honest, masked, copies, tmp_path):
        members = dict(honest)
        path = "models/unet/recipe.json"
        known = json.loads(members[path])
        known["hyperparameters"]["filters"] = 60_000
        members[path] = json.dumps(known).encode()

        with evidence_of(listed(members, "cells"), [masked], tmp_path, copies) as evidence:
            result = check("weights", evidence)

        assert codes(result, "missing") == ["unreadable"]


class TestWhatIsAskedFor:
    def layers(self, *kinds: str) -> bytes:
        rows = pd.DataFrame({"layer": kinds, "kind": kinds, "output": "8 × 8 × 2", "parameters": 1})
        return rows.to_csv(index=False).encode()

    def test_is_three_networks_that_differ_and_no_mlp(self, finished_cells, tmp_path):
        folder = tmp_path / "project"
        shutil.copytree(finished_cells, folder)
        record = Run(folder / "reports" / "cells")
        settings = Project.open(folder).settings
        third = settings.model_copy(update={"models": {**settings.models, "fcn8s": {}}})

        def sentences(chosen: Settings) -> list[str]:
            return [one.sentence for one in missing(chosen, record) if one.essential]

        assert sentences(settings) == ["few_segmenters", "no_author"]
        assert "not_trained" in sentences(third)
        shutil.copytree(record.folder / "models" / "segnet", record.folder / "models" / "fcn8s")
        assert "few_segmenters" in sentences(third)
        (record.folder / "models" / "fcn8s" / "layers.csv").write_bytes(self.layers("Conv2D", "Add"))
        assert sentences(third) == ["not_tested", "no_author"]

    def test_is_told_before_anything_is_packed(self, finished_cells, tmp_path):
        folder = tmp_path / "project"
        shutil.copytree(finished_cells, folder)
        said: list[str] = []
        target = Project.open(folder).submit(incomplete=True, announce=said.append)

        assert any("Three segmentation networks are asked for" in line for line in said)
        assert not any("MLP" in line for line in said)
        with open_submission(target) as submission:
            assert "few_segmenters" in submission.contents.missing
            assert submission.faults == ()
            assert {"evaluation/predicted_unet.npy", "evaluation/images.csv"} <= submission.files.keys()
            assert not any("masks.npy" in name or "pixels" in name for name in submission.files)


class TestNotebooks:
    def test_are_those_of_segmentation(self, tmp_path):
        from cnnproj.notebooks import originals
        from cnnproj.template import make_project

        folder = make_project(tmp_path / "mine", "en")
        outer = Project.open(folder)
        assert [path.stem[:2] for path in originals(outer)] == [f"{number:02}" for number in range(10)]
        inner = outer.segmentation()
        assert [path.stem for path in originals(inner)] == ["09_segmentation"]
        assert originals(inner)[0].parent == folder / "notebooks"
        (folder / "project.toml").write_text('[project]\ntask = "segmentation"\n')
        (folder / "notebooks" / "10_mine.ipynb").write_text("{}")
        alone = [path.stem for path in originals(Project.open(folder))]
        assert alone == ["00_convolution_by_hand", "09_segmentation", "10_mine"]


class TestTheAssistantsCopies:
    def test_are_of_the_task_that_a_submission_has(self, honest, masked, pattern_folder, copies, tmp_path):
        pack(honest, tmp_path / "one.zip")
        with open_submission(tmp_path / "one.zip") as submission:
            asked = wanted(submission)
            assert asked.masks is not None
            assert asked.masks.classes == ("ground", "disc", "square")
            assert Wanted.model_validate(asked.model_dump(mode="json")) == asked
            folders = prepare([str(pattern_folder), str(masked)], asked, copies)

        assert len(folders) == 1
        assert (folders[0] / "masks.npy").is_file()

    def test_have_a_digest_that_changes_with_a_mask(self, masked, tmp_path):
        mine = tmp_path / "mine"
        shutil.copytree(masked, mine)
        before = fingerprint_of(str(mine))
        mask = next((mine / "masks").iterdir())
        Image.fromarray(np.zeros((32, 32), np.uint8)).save(mask)
        assert fingerprint_of(str(mine)) != before


class TestPacking:
    def test_masks_that_shrink_to_nothing_are_stored_as_they_are(self, tmp_path):
        import zipfile

        members = {"evaluation/predicted_unet.npy": bytes(4 << 20), "run.json": b"{}"}
        assert all(map(is_wanted, members))
        pack(members, tmp_path / "one.zip")
        with zipfile.ZipFile(tmp_path / "one.zip") as packed:
            kinds = {info.filename: info.compress_type for info in packed.infolist()}
        assert kinds == {"evaluation/predicted_unet.npy": zipfile.ZIP_STORED, "run.json": zipfile.ZIP_DEFLATED}
