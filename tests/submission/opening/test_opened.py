"""A submission opened for checking gives back what the run wrote, and says in a sentence what it cannot give."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cnnproj.data.images import load_images
from cnnproj.evaluation.evaluate import TABLES, load_evaluation
from cnnproj.files import digest, digest_arrays
from cnnproj.interpretation.interpret import load_interpretation
from cnnproj.models import architectures
from cnnproj.recipe import WEIGHTS, load_predictions, load_recipe
from cnnproj.run import Run
from cnnproj.submission.contents import CONTENTS, TEST_IMAGES
from cnnproj.submission.finding import Unchecked
from cnnproj.submission.handing_in.pack import pack
from cnnproj.submission.opening.opened import (
    Limits,
    Refused,
    Submission,
    Unreadable,
    build_network,
    build_own,
    load_weights,
    open_submission,
)
from cnnproj.tuning.tables import load_best, load_trials

from ...models.inside import NARROW, make_shallow
from ..conftest import listed, members_of
from .hostile import OWN, layer, own, zipped

MODELS = ("compact_cnn", "deep_cnn", "mlp")


@pytest.fixture(scope="module")
def opened(submission: Path) -> Iterator[Submission]:
    with open_submission(submission) as opened:
        yield opened


@pytest.fixture
def run(finished: Path) -> Path:
    return finished / "reports" / "tiny"


def _open(members: dict[str, bytes], folder: Path, limits: Limits = Limits()) -> Submission:  # noqa: B008
    """The submission of ``members``, read as far as can be before it is closed."""
    (folder / "made.zip").write_bytes(zipped(members))
    with open_submission(folder / "made.zip", limits) as submission:
        assert isinstance(submission.faults, tuple)
    return submission


def test_an_honest_submission_has_no_faults(opened: Submission, submission: Path):
    assert opened.faults == ()
    assert opened.notes == ()
    assert opened.digest == digest(submission)
    assert opened.files == {name: digest(opened.folder / name) for name in opened.files}
    assert opened.contents.files == {name: value for name, value in opened.files.items() if name != CONTENTS}


def test_what_was_set_and_recorded_comes_back(opened: Submission, run: Path):
    assert opened.manifest == Run(run).manifest
    assert opened.settings.project.title == "Three patterns"
    assert opened.models == MODELS
    assert opened.recipes == {model: load_recipe(run / "models" / model) for model in MODELS}
    for model in MODELS:
        assert opened.best(model) == load_best(run / "models" / model)


def test_the_images_come_back(opened: Submission, run: Path):
    images = load_images(run / "data")

    assert opened.classes == images.classes
    pd.testing.assert_frame_equal(opened.found, images.audit.images, check_dtype=False)
    used = opened.images[opened.images["aside"] == ""].drop(columns="aside").reset_index(drop=True)
    pd.testing.assert_frame_equal(used, images.table, check_dtype=False)
    assert set(opened.dealt.parts) == set(images.table["content"])
    assert opened.test_images is None


def test_the_networks_tables_come_back(opened: Submission, run: Path):
    for model in MODELS:
        folder = run / "models" / model
        layers = pd.read_csv(folder / "layers.csv", dtype={"output": object})
        pd.testing.assert_frame_equal(opened.layers(model), layers, check_dtype=False)
        pd.testing.assert_frame_equal(opened.history(model), pd.read_csv(folder / "history.csv"), check_dtype=False)
        trials = load_trials(folder).assign(reason="")
        pd.testing.assert_frame_equal(opened.trials(model), trials, check_dtype=False)
        for table, path in (
            (opened.validation(model), folder / "validation.csv"),
            (opened.predictions(model), run / "evaluation" / f"predictions_{model}.csv"),
        ):
            rows, probabilities = load_predictions(path)
            assert table["row"].to_numpy().tolist() == rows.tolist()
            assert np.array_equal(table.filter(like="p:").to_numpy(np.float32), probabilities)


def test_the_results_come_back(opened: Submission, run: Path):
    evaluation = load_evaluation(run / "evaluation")
    for name in TABLES:
        expected = getattr(evaluation, name)
        expected = expected.reset_index() if name == "confusion" else expected
        pd.testing.assert_frame_equal(opened.evaluation_table(name), expected, check_dtype=False)
    interpretation = load_interpretation(run / "interpretation", load_images(run / "data"))
    pd.testing.assert_frame_equal(opened.cases, interpretation.cases, check_dtype=False)
    assert list(opened.heatmaps) == opened.explained.methods == list(interpretation.heatmaps)
    assert all(np.array_equal(opened.heatmaps[name], maps) for name, maps in interpretation.heatmaps.items())
    assert opened.report == (run / "report.html").read_text(encoding="utf-8")
    assert opened.pictures == {path.stem: path.read_bytes() for path in (run / "figures").glob("*.png")}


def test_rebuilt_networks_have_the_weights_of_the_run(opened: Submission):
    for model in MODELS:
        network = build_network(opened, model)
        load_weights(network, opened, model)
        assert digest_arrays(network.get_weights()) == opened.recipes[model].weights_digest


def test_the_folder_goes_in_the_end(submission: Path):
    with open_submission(submission) as opened:
        folder = opened.folder
        assert folder.stat().st_mode & 0o077 == 0, "private"
    assert not folder.exists()


def test_a_missing_file_is_the_trouble_of_those_alone_who_ask_for_it(finished: Path, tmp_path: Path):
    members = members_of(finished)
    del members["models/mlp/recipe.json"], members["run.json"]

    with pytest.raises(Unreadable, match=r"'run\.json' is missing from .*made\.zip"):
        _ = _open(members, tmp_path).manifest
    opened = _open(members, tmp_path)
    assert len(opened.classes) == 3
    with pytest.raises(Unreadable, match=r"models/mlp/recipe\.json"):
        _ = opened.recipes


def test_a_cell_is_named_by_file_line_and_column(finished: Path, tmp_path: Path):
    members = members_of(finished)
    history = members["models/mlp/history.csv"].decode().split("\n")
    history[1] = history[1].replace("1,", "first,", 1)
    members["models/mlp/history.csv"] = "\n".join(history).encode()

    (fault,) = _open(members, tmp_path).faults

    assert str(fault) == (
        "'models/mlp/history.csv', line 2, column 'epoch': "
        "expected a whole number, 1 … 1,000,000,000,000,000, came 'first'."
    )


def test_a_zip_packed_again_is_put_up_with(finished: Path, tmp_path: Path):
    members = {f"my homework/{name}": data for name, data in members_of(finished).items()}
    more = {"__MACOSX/my homework/._run.json": b"\0\5", "my homework/.DS_Store": b"\0", "my homework/data/": b""}

    opened = _open({**members, **more}, tmp_path)

    assert opened.faults == ()
    assert len(opened.files) == len(members)
    assert [note.split(":")[0] for note in opened.notes] == [
        "The zip holds 2 files that a computer left behind when it was packed again; they were passed over.",
        "All files of the zip stand in the folder 'my homework/'",
    ]


def test_names_written_as_macos_does_are_the_same_names(finished: Path, tmp_path: Path):
    members = members_of(finished)
    members["figures/cafe\u0301.png"] = members["figures/confusion.png"]
    opened = _open(listed(members), tmp_path)

    assert "figures/caf\u00e9.png" in opened.files
    assert opened.contents.files.keys() == opened.files.keys() - {CONTENTS}


def test_packed_test_images_come_back(finished: Path, tmp_path: Path):
    pixels = np.random.default_rng(1).integers(0, 256, (5, 16, 16, 1), np.uint8)
    saved = io.BytesIO()
    np.save(saved, pixels)

    opened = _open({**members_of(finished), TEST_IMAGES: saved.getvalue()}, tmp_path)

    assert np.array_equal(opened.test_images, pixels)


def test_what_is_no_file_is_refused(tmp_path: Path):
    for path in (tmp_path, tmp_path / "nothing.zip"):
        with pytest.raises(Refused, match="cannot be opened"), open_submission(path):
            pass


@pytest.mark.parametrize(
    ("limit", "value", "sentence"),
    [
        ("zip_bytes", 1_000, "zip_size"),
        ("members", 3, "no_zip"),
        ("unpacked_bytes", 10_000, "unpacked"),
        ("depth", 1, "depth"),
        ("values", 3, "values"),
        ("cells", 3, "cells"),
        ("columns", 3, "columns"),
        ("text", 40, "cell"),
        ("picture_pixels", 100, "picture_size"),
        ("sides", 1, "array_length"),
        ("objects", 3, "weights_object"),
    ],
)
def test_every_limit_holds(limit: str, value: int, sentence: str, finished: Path, tmp_path: Path):
    limits = dataclasses.replace(Limits(), **{limit: value})
    try:
        found = {fault.sentence for fault in _open(members_of(finished), tmp_path, limits).faults}
    except Refused as error:
        found = {error.sentence}

    assert f"opened.{sentence}" in found


@pytest.mark.parametrize(("limit", "value"), [("parameters", 100), ("outputs", 10), ("layers", 2)])
def test_every_limit_of_a_network_holds(limit: str, value: int, submission: Path):
    limits = dataclasses.replace(Limits(), **{limit: value})
    with open_submission(submission, limits) as opened, pytest.raises(Unreadable, match="more than is built"):
        build_network(opened, "mlp")


# A student's own network --------------------------------------------------------------------------------------------


def _own_network(shape: list[int], classes: int):
    import keras
    from keras import layers

    from cnnproj.models.blocks import BottleneckBlock, DenseBlock, InceptionModule, ResidualBlock, Transition
    from cnnproj.models.layers import BatchNormalization, Dropout, LocalResponseNormalization

    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2", kernel_constraint="max_norm"),
            BatchNormalization(),
            layers.ZeroPadding2D(((1, 0), (0, 1))),
            layers.SeparableConv2D(3, 3, padding="same", activation=layers.LeakyReLU(0.3)),
            LocalResponseNormalization(),
            ResidualBlock(4, activation="elu"),
            BottleneckBlock(2, strides=2),
            InceptionModule((2, 1, 2, 1, 2, 1), normalised=True),
            DenseBlock(2, growth_rate=3),
            Transition(),
            layers.Conv2D(6, 1),
            layers.PReLU(shared_axes=[1, 2]),
            layers.MaxPooling2D(),
            layers.GroupNormalization(3),
            Dropout(0.2),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(8, activation="gelu"),
            layers.Rescaling(0.5, offset=0.1),
            layers.Dense(classes, activation="softmax", dtype="float32"),
        ]
    )


def test_a_network_of_ones_own_is_rebuilt_to_the_same_function(finished: Path, tmp_path: Path):
    members = members_of(finished)
    recipe = json.loads(members["models/mlp/recipe.json"])
    model = _own_network(recipe["shape"], len(recipe["classes"]))
    model.save_weights(tmp_path / "model.weights.h5")
    model.compile("adam", "categorical_crossentropy")
    model.save(tmp_path / "model.keras")
    members = dict(own(members, [], (tmp_path / "model.weights.h5").read_bytes()))
    members[f"models/{OWN}/model.keras"] = (tmp_path / "model.keras").read_bytes()
    pack(members, tmp_path / "made.zip")

    with open_submission(tmp_path / "made.zip") as opened:
        assert opened.faults == ()
        rebuilt = build_network(opened, OWN)
        load_weights(rebuilt, opened, OWN)

    pixels = np.random.default_rng(1).random((7, *recipe["shape"])).astype(np.float32)
    assert digest_arrays(rebuilt.get_weights()) == digest_arrays(model.get_weights())
    assert np.array_equal(rebuilt.predict_on_batch(pixels), model.predict_on_batch(pixels))


def test_what_matters_in_training_alone_is_not_even_looked_at(finished: Path, tmp_path: Path):
    stranger = layer("system", "os", command="touch canary")
    dense = layer("Dense", name="a", units=3, kernel_initializer=stranger, bias_regularizer=stranger)
    pack(own(members_of(finished), [dense]), tmp_path / "made.zip")

    with open_submission(tmp_path / "made.zip") as opened:
        assert build_own(opened, OWN).layers[0].units == 3


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "resnet50", "googlenet", "densenet121"])
def test_a_network_of_the_lectures_is_rebuilt_to_the_same_function(
    name: str, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make_shallow(monkeypatch)
    network, members = architectures()[name], members_of(finished)
    chosen = {**network.defaults, **NARROW.get(name, {})}
    recipe = json.loads(members["models/mlp/recipe.json"]) | {"model": name, "hyperparameters": chosen}
    model = network.build(tuple(recipe["shape"]), len(recipe["classes"]), chosen)
    model.save_weights(tmp_path / WEIGHTS)
    recipe |= {"weights_digest": digest_arrays(model.get_weights())}
    members[f"models/{name}/recipe.json"] = json.dumps(recipe).encode()
    members[f"models/{name}/{WEIGHTS}"] = (tmp_path / WEIGHTS).read_bytes()
    pack(listed(members), tmp_path / "made.zip")

    with open_submission(tmp_path / "made.zip") as opened:
        rebuilt = build_network(opened, name)
        load_weights(rebuilt, opened, name)

    pixels = np.random.default_rng(1).random((7, *recipe["shape"])).astype(np.float32)
    assert np.array_equal(rebuilt.predict_on_batch(pixels), model.predict_on_batch(pixels))


def test_an_older_keras_does_not_build_a_strangers_network(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pack(own(members_of(finished), []), tmp_path / "made.zip")
    monkeypatch.setattr("keras.__version__", "3.13.2")

    with open_submission(tmp_path / "made.zip") as opened, pytest.raises(Unchecked, match=r"3\.15\.1 or newer"):
        build_network(opened, OWN)


def test_a_network_of_a_later_cnnproj_cannot_be_checked(finished: Path, tmp_path: Path):
    members = members_of(finished)
    recipe = json.loads(members["models/mlp/recipe.json"]) | {"model": "lenet_9"}
    members["models/lenet_9/recipe.json"] = json.dumps(recipe).encode()
    pack(members, tmp_path / "made.zip")

    with open_submission(tmp_path / "made.zip") as opened, pytest.raises(Unchecked, match="lenet_9"):
        build_network(opened, "lenet_9")


def test_the_weights_of_another_network_are_not_taken(submission: Path):
    with open_submission(submission) as opened, pytest.raises(Unreadable, match="does not hold the weights"):
        load_weights(build_network(opened, "mlp"), opened, "deep_cnn")


def test_the_zip_is_closed_in_the_end(submission: Path):
    with open_submission(submission):
        pass
    with zipfile.ZipFile(submission) as archive:
        assert archive.testzip() is None
