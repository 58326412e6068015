"""``cnnproj diagnose`` says what a finished project's trainings were like, and why one did not end well."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cnnproj import CnnprojError, Project, architecture
from cnnproj.diagnosis.gather import FAILED
from cnnproj.diagnosis.probe import PROBE
from cnnproj.models import forget

from ..conftest import cnnproj


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished project, to change."""
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    return folder


@pytest.fixture
def wild():
    """A student's network whose loss is soon no number."""
    import keras
    from keras import layers

    @architecture(space={})
    def wild(shape, classes):
        """Weights that explode."""
        large = keras.initializers.RandomNormal(stddev=1e12)
        hidden = [layers.Dense(16, kernel_initializer=large) for _ in range(4)]
        return keras.Sequential(
            [keras.Input(shape), layers.Flatten(), *hidden, layers.Dense(classes, activation="softmax")]
        )

    yield "wild"
    forget("wild")


def test_every_training_is_measured_and_told(finished):
    told = cnnproj("diagnose", cwd=finished)

    assert told.returncode == 0, told.stderr
    assert all(f"{model} was trained for too few epochs (1)" in told.stdout for model in ("mlp", "deep_cnn"))
    assert (finished / "reports" / "tiny" / "models" / "mlp" / PROBE).is_file()
    assert f"models/mlp/{PROBE}" in Project.open(finished).record.manifest.stages["train mlp"].outputs


def test_it_is_told_without_tensorflow(finished):
    code = "import sys; from cnnproj import Project; print(Project.open().diagnose('mlp').headline);"
    code += "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=finished, check=False).returncode == 0


def test_one_that_is_not_trained_yet_says_what_comes_first(make_project):
    folder = make_project()

    assert "First comes" in (told := cnnproj("diagnose", "mlp", cwd=folder)).stderr
    assert "No network has been trained yet" in cnnproj("diagnose", cwd=folder).stderr
    assert (told.returncode, told.stderr.count("\n")) == (2, 1)


def test_an_unknown_model_is_told_with_the_nearest(finished):
    told = cnnproj("diagnose", "mpl", cwd=finished)

    assert told.returncode == 2
    assert "Did you mean 'mlp'?" in told.stderr


def test_one_that_was_not_measured_is_passed_over_or_told(project):
    path = project / "reports" / "tiny" / "run.json"
    manifest = json.loads(path.read_text())
    del manifest["stages"]["train mlp"]["outputs"][f"models/mlp/{PROBE}"]
    path.write_text(json.dumps(manifest))
    (project / "reports" / "tiny" / "models" / "mlp" / PROBE).unlink()

    opened = Project.open(project)

    assert list(opened.diagnoses()) == ["compact_cnn", "deep_cnn"]
    with pytest.raises(CnnprojError, match="was not measured"):
        opened.diagnose("mlp")


def test_a_training_that_did_not_end_well_is_told_also_where_its_function_is_not_known(wild, project, monkeypatch):
    import cnnproj.tuning.search as searching

    opened = Project.open(project)
    fit = searching.fit

    def tame(network, images, chosen, *, on_epoch, **given):
        on_epoch({"epoch": 1, "loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5})
        return type("Result", (), {"best": {"val_accuracy": 0.5, "val_loss": 1.0}})

    monkeypatch.setattr(searching, "fit", tame)  # a search would refuse it before it came to the final training
    opened.tune(wild)
    monkeypatch.setattr(searching, "fit", fit)
    with pytest.raises(CnnprojError, match="cnnproj diagnose wild"):
        opened.train(wild)

    diagnosis = opened.diagnose(wild)
    assert diagnosis.findings[0].kind == "bad_initialisation"
    assert "learning_rate_too_high" in [finding.kind for finding in diagnosis.findings]
    forget(wild)
    told = cnnproj("diagnose", wild, cwd=project)
    assert told.returncode == 0, told.stderr
    assert "hardly learned anything" in told.stdout
    text = (project / "project.toml").read_text()
    (project / "project.toml").write_text(text + "\n[training]\nschedule = 'constant'\n")
    with pytest.raises(CnnprojError, match="There is no model 'wild'"):
        Project.open(project).diagnose(wild)  # that attempt was with other settings


def test_a_training_that_ends_well_is_the_end_of_what_came_before(project):
    attempt = project / "reports" / "tiny" / "models" / "mlp" / FAILED
    attempt.write_text("{}")
    (attempt.parent / PROBE).unlink()

    Project.open(project).train("mlp")

    assert not attempt.exists()
