"""The experiment of transfer learning, and the network ``transfer`` as a model of a project."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

from cnnproj import Project
from cnnproj.data.images import Images
from cnnproj.errors import CnnprojError
from cnnproj.selection import ACCURACY
from cnnproj.submission.finding import Unchecked
from cnnproj.transfer import CELLS, experiment_hyperparameters, partition

from .conftest import cnnproj

BACKBONE = "compact_cnn(filters=4)"
MODELS = f"""
[models.compact_cnn]
filters = 4
[models.transfer]
backbone = "{BACKBONE}"
weights = "reports/taught/models/compact_cnn"
frozen = 0.0
"""


@pytest.fixture(scope="module")
def project(make_project):
    """A project whose one run has taught a small CNN, and whose other one has not begun."""
    folder = make_project()
    text = (folder / "project.toml").read_text()
    (folder / "project.toml").write_text(text + MODELS)
    taught = Project.open(folder).variant("taught", source="data/patterns", size=(16, 16))
    taught.prepare()
    taught.tune("compact_cnn")
    taught.train("compact_cnn")
    opened = Project.open(folder)
    opened.prepare()
    return opened


@pytest.fixture(scope="module")
def tried(project):
    before = project.record.manifest
    return before, project.transfer()


def test_all_four_ways_are_measured_on_validation_and_nothing_else_is_touched(project, tried):
    before, found = tried

    table = found.table
    assert list(table["cell"]) == list(CELLS)
    assert list(zip(table["pretrained"], table["fine_tuned"], strict=True)) == list(CELLS.values())
    assert set(table["n"]) == {len(project.images.validation)}
    assert (table["low"] <= table["accuracy"]).all()
    assert (table["accuracy"] <= table["high"]).all()
    assert (found.backbone, found.weights) == (BACKBONE, "reports/taught/models/compact_cnn")
    assert found.chance == pytest.approx(1 / 3, abs=0.1)
    assert project.record.manifest == before
    assert before.test_openings == []


def test_its_table_and_figure_stay(tried):
    _, found = tried

    pd.testing.assert_frame_equal(pd.read_csv(found.folder / "cells.csv"), found.table)
    assert (found.folder / "transfer.png").read_bytes().startswith(b"\x89PNG")


def test_what_was_tried_is_not_tried_again_and_what_is_missing_is(project, tried, monkeypatch):
    from cnnproj import training

    _, found = tried
    trained = []
    fit = training.fit
    monkeypatch.setattr(training, "fit", lambda *given, **how: trained.append(given) or fit(*given, **how))
    project.transfer()
    assert trained == []
    (found.folder / "validation_random_frozen.csv").unlink()
    again = project.transfer()

    assert len(trained) == 1
    pd.testing.assert_frame_equal(again.table.drop(columns="seconds"), found.table.drop(columns="seconds"))


def test_it_takes_what_project_toml_fixes_and_what_is_given_before_it(project):
    usual = experiment_hyperparameters(project.settings)
    given = experiment_hyperparameters(project.settings, "MobileNetV2", "imagenet")

    assert (usual["backbone"], usual["frozen"], usual["learning_rate"]) == (BACKBONE, 0.0, 1e-2)
    assert (given["backbone"], given["weights"], given["learning_rate"]) == ("MobileNetV2", "imagenet", 1e-3)


def ten_classes() -> Images:
    rows = [
        {"label": str(label), "split": split, "row": 40 * label + number}
        for label in range(5)
        for number, split in enumerate(["train"] * 30 + ["validation"] * 10)
    ]
    nothing = pd.DataFrame()
    return Images(pd.DataFrame(rows), nothing, nothing, tuple("01234"), None)


def test_some_classes_are_kept_for_pre_training_and_few_images_of_the_others():
    known, others = partition(ten_classes(), ["3", "1"], per_class=4, seed=5)
    _, same = partition(ten_classes(), ["3", "1"], per_class=4, seed=5)
    _, everything = partition(ten_classes(), [], per_class=None, seed=5)

    assert known.classes == ("1", "3")
    assert others.classes == ("0", "2", "4")
    assert (others.counts["train"] == 4).all()
    assert (others.counts["validation"] == 10).all()
    assert set(known.table["label"]) == {"1", "3"}
    pd.testing.assert_frame_equal(others.table, same.table)
    assert everything.counts["train"].sum() == 150


@pytest.mark.parametrize(
    ("classes", "told"),
    [(["1", "9"], "no class '9' to pre-train on. There is: 0, 1"), (["1"], "Named were 1"), (list("0123"), "leaves 1")],
)
def test_classes_that_cannot_be_parted_are_told(classes, told):
    with pytest.raises(CnnprojError, match=told):
        partition(ten_classes(), classes, per_class=None, seed=0)


def test_the_command_line_tells_what_is_missing_in_a_sentence(project):
    ran = cnnproj("transfer", "--weights", "reports/nobody", cwd=project.folder)

    assert ran.returncode == 2
    assert "There are no weights at" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


@pytest.fixture(scope="module")
def trained(project):
    project.tune("transfer")
    return project.train("transfer")


def test_it_is_tuned_trained_and_diagnosed(project, trained):
    assert trained.recipe.hyperparameters["weights"] == "reports/taught/models/compact_cnn"
    assert len(trained.recipe.start_digest) == 64
    assert project.diagnose("transfer").model == "transfer"


def test_it_is_stale_when_its_teacher_is_another_and_stays_when_the_teacher_is_gone(project, trained):
    path = project.folder / "reports" / "taught" / "models" / "compact_cnn" / "recipe.json"
    text = path.read_text()
    assert project.stages.is_done("train transfer")
    try:
        path.write_text(json.dumps({**json.loads(text), "weights_digest": "0" * 64}))
        assert project.stages.status("train transfer").state == "stale"
        path.unlink()
        assert project.stages.is_done("train transfer")
        assert project.training_of("transfer").recipe == trained.recipe
    finally:
        path.write_text(text)


def test_a_search_does_not_begin_without_the_weights(project):
    from cnnproj.models import Choice, architectures
    from cnnproj.settings import SearchTable, TrainingTable
    from cnnproj.tuning.search import search

    folder = project.folder / "elsewhere"
    with pytest.raises(CnnprojError, match="There are no weights"):
        search(
            architectures()["transfer"],
            {"backbone": Choice(BACKBONE), "weights": Choice("nowhere", "none")},
            project.images,
            folder,
            table=SearchTable(),
            trials=2,
            epochs=1,
            seed=1,
            augmentation={},
            training=TrainingTable(),
            identity="x",
            project=project.folder,
        )
    assert not (folder / "trials.db").exists()


def test_training_again_without_the_teacher_is_not_checked(project, trained):
    from cnnproj.models import architectures
    from cnnproj.submission.verification.retrain import _train

    submission = SimpleNamespace(settings=project.settings)
    evidence = SimpleNamespace(submission=submission, images=project.images, goal=ACCURACY)
    with pytest.raises(Unchecked, match="cannot be begun again"):
        _train(evidence, architectures()["transfer"], trained.recipe)
