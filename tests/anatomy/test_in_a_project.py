"""A famous network beside the project's own: trained, opened and compared, and nothing else is touched."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from cnnproj.anatomy import famous
from cnnproj.errors import CnnprojError
from cnnproj.models import architectures
from cnnproj.project import Project
from cnnproj.reporting import figures

from ..conftest import cnnproj
from ..submission.conftest import listed
from ..submission.verification.judging import check, codes, evidence_of, honest_members


@pytest.fixture(scope="module")
def folder(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished project in which LeNet-5 was trained too, though project.toml does not name it."""
    copy = tmp_path_factory.mktemp("famous") / "project"
    shutil.copytree(finished, copy, symlinks=True)
    project = Project.open(copy)
    project.tune("lenet5")
    project.train("lenet5")
    return copy


@pytest.fixture
def project(folder: Path) -> Project:
    return Project.open(folder)


def test_the_evaluation_stays_as_it_was(project):
    states = {status.stage: status.state for status in project.status()}
    assert states.pop("report") == "stale"
    assert set(states.values()) == {"done"}
    assert "lenet5" not in project.models


def test_it_stands_beside_the_others_measured_on_validation(project, monkeypatch):
    monkeypatch.setattr(famous, "famous", lambda: {"lenet5": architectures()["lenet5"]})
    table = project.networks().measured.set_index("model")
    assert list(table.index) == ["mlp", "compact_cnn", "deep_cnn", "lenet5"]
    scores = project.evaluation.scores.set_index("model")
    for name in project.models:
        assert table.loc[name, "test_accuracy"] == scores.loc[name, "accuracy"]
        assert table.loc[name, "parameters"] == scores.loc[name, "parameters"]
        assert table.loc[name, "val_accuracy"] == pytest.approx(scores.loc[name, "val_accuracy"])
    assert np.isnan(table.loc["lenet5", "test_accuracy"])
    assert (table["val_low"] < table["val_high"]).all()
    assert (table["seconds"] > 0).all()
    assert (table["memory"] > 4 * 4 * table["parameters"]).all()


def test_it_is_opened_at_a_validation_image_and_drawn(project):
    inside = project.look_inside("lenet5", image=1)
    np.testing.assert_array_equal(inside.images[0], project.images.validation.images(slice(1, 2))[0])
    assert [path for path, _ in inside.features.layers][:3] == ["conv_1", "act_1", "pool_1"]
    assert inside.maps("conv_2").shape == (5, 5, 16)
    assert inside.heatmap("conv_2").shape == inside.images.shape[1:3]
    for chart in (
        figures.network(inside.anatomy),
        figures.feature_maps(inside),
        figures.layer_maps(inside, "conv_2"),
        figures.layer_heatmap(inside, "conv_1"),
        figures.filters(inside),
    ):
        assert chart.png().startswith(b"\x89PNG")
    for figure in (figures.layer_maps, figures.layer_heatmap):
        with pytest.raises(CnnprojError, match="dense"):
            figure(inside, "dense")


def test_what_cannot_be_is_refused(project):
    with pytest.raises(CnnprojError, match=r"no image 99 .* 0 to 14"):
        project.look_inside("lenet5", image=99)
    with pytest.raises(CnnprojError, match=r"no original form of 'mlp'.*lenet5, alexnet"):
        project.anatomy("mlp", original=True)
    with pytest.raises(CnnprojError, match="resnet18"):
        project.anatomy("resnet19")
    with pytest.raises(CnnprojError, match="07_famous_networks"):
        project.look_inside("resnet18")


def test_a_network_that_is_not_trained_is_dissected_for_the_images_of_the_project(project):
    found = project.anatomy("resnet18")
    assert found.shape == project.images.shape
    assert found.layers["output"].iloc[-1] == "3"


def test_a_submission_without_it_lacks_nothing(folder, tmp_path):
    patterns = (folder / "data" / "patterns").resolve()
    members = {path: data for path, data in honest_members(folder).items() if not path.startswith("models/lenet5/")}
    with evidence_of(listed(members), [patterns], tmp_path, tmp_path / "copies") as evidence:
        assert codes(check("record", evidence)) == []


def test_the_command_line_shows_its_layers(folder):
    ran = cnnproj("networks", "lenet5", cwd=folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "conv_2" in ran.stdout
    assert "receptive field" in ran.stdout
    assert "5 layers with weights" in ran.stdout
