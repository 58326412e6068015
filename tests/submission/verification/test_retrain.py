"""Training again: the same weights on the same machine, and what nothing else can tell."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from cnnproj.files import digest, digest_arrays
from cnnproj.project import Project
from cnnproj.recipe import load_model, prediction_table
from cnnproj.submission.verification.retrain import retrain_evidence
from cnnproj.submission.verification.verdict import outcome_of
from cnnproj.submission.verification.verify import verify_evidence

from ..conftest import listed
from . import cheats
from .judging import codes, evidence_of, honest_members
from .variety import unusual_project


@pytest.fixture(scope="module")
def forged(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose best network was fitted to the test images in secret, and all that follows made by cnnproj."""
    folder = Path(shutil.copytree(finished, tmp_path_factory.mktemp("forged") / "project", symlinks=True))
    project = Project.open(folder)
    model, images = project.evaluation.best, project.images
    where = folder / "reports" / "tiny" / "models" / model
    network = load_model(where)
    test, validation = images._part("test"), images.validation
    keras.utils.set_random_seed(0)
    network.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    network.fit(test.images().astype(np.float32) / 255, test.labels, epochs=30, verbose=0)
    fitted, network = network.get_weights(), load_model(where)  # one without an optimizer
    network.set_weights(fitted)
    network.save_weights(where / "model.weights.h5")
    _record(project, where, network, validation)
    shutil.rmtree(folder / "reports" / "tiny" / "figures")  # it makes no errors now, of which there was one
    project.run(announce=lambda line: None)
    return folder


def _record(project: Project, where: Path, network, validation) -> None:
    """The weights pass for those of the training, as far as files can tell."""
    from cnnproj.inference import make_loss, measure, outputs, predict

    recipe = json.loads((where / "recipe.json").read_text())
    now = measure(make_loss(recipe["hyperparameters"]), outputs(network, validation), validation)
    history = pd.read_csv(where / "history.csv").assign(**now)
    history.to_csv(where / "history.csv", index=False, lineterminator="\n")
    prediction_table(predict(network, validation), validation).to_csv(
        where / "validation.csv", index=False, lineterminator="\n"
    )
    recipe |= {**now, "weights_digest": digest_arrays(network.get_weights())}
    (where / "recipe.json").write_text(json.dumps(recipe, indent=2) + "\n")
    run = project.record
    stage = run.manifest.stages[f"train {recipe['model']}"]
    outputs_now = {path: digest(run.folder / path) for path in stage.outputs}
    stages = {**run.manifest.stages, f"train {recipe['model']}": stage.model_copy(update={"outputs": outputs_now})}
    run.update(stages=stages, test_openings=[])


def elsewhere(members: dict[str, bytes]) -> dict[str, bytes]:
    """The same submission, of a machine with another processor."""
    run = cheats.tools.read(members, cheats.tools.RUN)
    run["environment"]["cpu"] = "another"
    changed = dict(members)
    cheats.tools.write(changed, cheats.tools.RUN, run)
    return listed(changed)


def test_an_honest_network_trained_again_is_identical(honest, patterns, copies, tmp_path):
    with evidence_of(honest, [patterns], tmp_path, copies) as evidence:
        result = retrain_evidence(evidence)

    assert (result.state, codes(result)) == ("passed", ["identical"])


def test_only_training_again_tells_that_a_network_has_seen_the_test_images(forged, patterns, copies, tmp_path):
    with evidence_of(honest_members(forged), [patterns], tmp_path, copies) as evidence:
        results = verify_evidence(evidence)
        again = retrain_evidence(evidence)

    assert [str(finding) for result in results for finding in result.findings if finding.level != "note"] == []
    assert outcome_of(results) == "verified"
    assert codes(again, "discrepancy") == ["not_identical"]
    assert outcome_of([*results, again]) == "discrepancies"


def test_on_another_machine_an_honest_network_is_compared_by_how_its_training_went(honest, patterns, copies, tmp_path):
    members = elsewhere(honest)
    cheats.training.hand_in_other_weights_throughout(members)  # so that the digest is none of this machine

    with evidence_of(cheats.tools.seal(members), [patterns], tmp_path, copies) as evidence:
        result = retrain_evidence(evidence)

    assert (result.state, codes(result)) == ("passed", ["trained_elsewhere"])
    assert "cpu another" in str(result.findings[0])


def test_on_another_machine_a_training_that_went_otherwise_is_named(honest, patterns, copies, tmp_path):
    members = elsewhere(honest)
    cheats.training.hand_in_other_weights_throughout(members)
    path = f"models/{cheats.tools.best_of(members)}/history.csv"
    history = cheats.tools.table(members, path)
    history["loss"] = [repr(float(loss) * 0.9) for loss in history["loss"]]
    cheats.tools.put(members, path, history)

    with evidence_of(cheats.tools.seal(members), [patterns], tmp_path, copies) as evidence:
        result = retrain_evidence(evidence)

    assert "other_first_epoch" in codes(result, "discrepancy")


def test_without_the_training_images_nothing_is_trained(honest, copies, tmp_path):
    with evidence_of(honest, [], tmp_path, copies) as evidence:
        assert retrain_evidence(evidence).state == "unchecked"


def test_a_students_own_network_is_not_trained_again(tmp_path_factory, copies, tmp_path):
    folder = unusual_project(tmp_path_factory.mktemp("own"))
    with evidence_of(honest_members(folder), [folder / "data" / "patterns"], tmp_path, copies) as evidence:
        result = retrain_evidence(evidence)

    best = json.loads((folder / "reports" / "tiny" / "run.json").read_text())["best_model"]
    assert result.state == ("unchecked" if best == "own_dense" else "passed")
