"""A student's fourth network: one function in a notebook."""

import shutil
from pathlib import Path

import pytest

from cnnproj import Choice, Project, Range, architecture
from cnnproj.models import forget

from .conftest import cnnproj


@pytest.fixture
def my_cnn():
    import keras
    from keras import layers

    @architecture(space={"filters": Choice(4, 8), "learning_rate": Range(1e-3, 1e-2, log=True)})
    def my_cnn(shape, classes, *, filters=4):
        """A network of my own."""
        return keras.Sequential(
            [
                keras.Input(shape),
                layers.Conv2D(filters, 3, activation="relu"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(classes, activation="softmax"),
            ]
        )

    yield "my_cnn"
    forget("my_cnn")


def test_takes_part_in_everything_also_where_its_function_is_not_known(my_cnn, finished: Path, tmp_path: Path):
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    project = Project.open(folder)
    search = project.tune("my_cnn")
    assert len(search.trials) == 2
    assert set(search.space) == {"filters", "learning_rate"}
    training = project.train("my_cnn")
    assert training.recipe.summary == "A network of my own."
    forget("my_cnn")  # as in the next notebook, whose kernel has not seen the function
    project = Project.open(folder)
    assert project.models == ["mlp", "compact_cnn", "deep_cnn", "my_cnn"]
    assert "my_cnn" in set(project.evaluate().scores["model"])
    project.interpret()
    assert "my_cnn" in project.report().read_text()
    ran = cnnproj("run", cwd=folder)  # and on the command line
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("nothing has changed") == 11
