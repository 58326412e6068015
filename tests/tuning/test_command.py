"""``cnnproj tune`` and ``cnnproj trials``: as many trials as asked, without doing the others again."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from cnnproj.project import Project

from ..conftest import cnnproj


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished project, to change."""
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    return folder


def trials_in(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "reports" / "tiny" / "models" / "mlp" / "trials.csv")


def test_more_trials_than_the_file_says_are_added_and_kept(project):
    before = trials_in(project)
    ran = cnnproj("tune", "mlp", "--trials", "4", cwd=project)

    assert ran.returncode == 0, ran.stderr
    after = trials_in(project)
    assert len(before) == 2
    assert len(after) == 4
    columns = ["trial", "learning_rate", "units", "dropout", "val_accuracy"]
    pd.testing.assert_frame_equal(after[:2][columns], before[columns])
    assert ran.stdout.count("the best") == 1
    assert "learning_rate" in ran.stdout
    opened = Project.open(project)
    assert opened.stages.is_done("tune mlp")
    shown = cnnproj("trials", "mlp", cwd=project)
    assert shown.stdout == ran.stdout


def test_fewer_trials_are_a_beginning_that_run_completes(project):
    text = (project / "project.toml").read_text()
    (project / "project.toml").write_text(text + "\n[models.mlp]\nunits = [32, 64]\n[models.compact_cnn]\n")
    ran = cnnproj("tune", "mlp", "--trials", "1", cwd=project)

    assert ran.returncode == 0, ran.stderr
    assert len(trials_in(project)) == 1
    assert "2 trials of mlp from earlier searches" in ran.stdout
    reasons = Project.open(project).stages.status("tune mlp").reasons
    assert reasons == ["search.trials was 1 and is 2"]
    Project.open(project).tune("mlp")
    assert len(trials_in(project)) == 2


def test_trials_that_there_are_not_are_told_with_what_to_run(make_project):
    ran = cnnproj("trials", "mlp", cwd=make_project())

    assert ran.returncode == 2
    assert ran.stderr.strip().endswith("Search with: cnnproj tune mlp")


def test_a_model_that_there_is_not_is_told_with_the_nearest(make_project):
    ran = cnnproj("tune", "mpl", cwd=make_project())

    assert ran.returncode == 2
    assert "Did you mean 'mlp'?" in ran.stderr
