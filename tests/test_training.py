"""How a network is fitted: the pace of the learning rate, when it stops, in which precision, and what it kept."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnproj.models import architectures
from cnnproj.settings import TrainingTable

from .test_balanced_training import VARIED, images

__all__ = ["images"]
SCHEDULES = ("cosine", "linear", "constant")


def fitted(images, *, epochs: int = 3, model: str = "mlp", augmentation=VARIED, seed=1, rows=None, **training: object):
    from cnnproj.training import fit

    network = architectures()[model]
    rows = [] if rows is None else rows
    chosen = {**network.defaults, "batch_size": 16, "learning_rate": 1e-3}
    table = TrainingTable.model_validate(training)
    return fit(
        network,
        images,
        chosen,
        epochs=epochs,
        seed=seed,
        augmentation=augmentation,
        training=table,
        on_epoch=rows.append,
    )


def pace(step: int, steps: int, **training: object) -> float:
    from cnnproj.training import pace

    return pace(step, steps, TrainingTable.model_validate(training))


@given(st.integers(1, 500), st.floats(0, 0.9), st.sampled_from(SCHEDULES))
def test_the_learning_rate_rises_to_its_full_value_and_never_rises_again(steps, warm_up, schedule):
    shares = [pace(step, steps, warm_up=warm_up, schedule=schedule) for step in range(steps)]

    top = int(np.argmax(shares))
    assert shares[top] == 1
    assert all(0 < share <= 1 for share in shares)
    assert all(one < other for one, other in itertools.pairwise(shares[: top + 1]))
    assert all(one >= other for one, other in itertools.pairwise(shares[top:]))


def test_the_schedules_fall_as_their_names_say():
    steps = [0, 24, 49, 74, 99]

    assert [pace(step, 99, warm_up=0.0, schedule="constant") for step in steps] == [1] * 5
    linear = [pace(step, 100, warm_up=0.0, schedule="linear") for step in steps]
    np.testing.assert_allclose(linear, [1, 0.76, 0.51, 0.26, 0.01])
    cosine = [pace(step, 100, warm_up=0.0) for step in (0, 25, 50, 75)]
    np.testing.assert_allclose(cosine, [1, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2])


def test_training_stops_after_as_many_epochs_in_vain_as_asked_and_keeps_the_best(images):
    whole = fitted(images, epochs=12, schedule="constant")
    short = fitted(images, epochs=12, schedule="constant", patience=2)

    found = whole.history.sort_values(["val_accuracy", "val_loss"], ascending=[False, True])
    vain, best = 0, 0
    for epoch in range(1, 13):
        best = next(place for place in found["epoch"] if place <= epoch)
        vain = epoch - best
        if vain == 2:
            break
    assert vain == 2, "an example in which nothing is in vain shows nothing"
    assert len(short.history) == epoch < 12
    assert short.best["epoch"] == best
    assert short.artificial_images == epoch * 66


def test_the_weights_are_those_of_the_best_epoch(images):
    from cnnproj.inference import predict

    result = fitted(images, epochs=6, schedule="constant")

    right = (predict(result.model, images.validation).argmax(axis=1) == images.validation.labels).mean()
    assert right == pytest.approx(result.history["val_accuracy"].max())


def test_every_epoch_is_told_as_it_ends(images):
    rows: list = []
    result = fitted(images, rows=rows)

    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert list(result.history) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds", "waited"]
    assert (result.history["waited"] < result.history["seconds"]).all()
    assert (result.history["waited"] >= 0).all()


def test_how_the_epochs_were_cut_into_batches_is_not_seen_in_predictions(images, monkeypatch):
    from cnnproj import inference

    model = fitted(images, epochs=1).model
    whole = inference.predict(model, images.validation)
    monkeypatch.setattr(inference, "BATCH", 16)

    assert whole.shape == (70, 2)
    np.testing.assert_allclose(inference.predict(model, images.validation), whole, atol=1e-6)


def test_a_network_is_traced_once_although_its_last_batch_is_smaller(images, monkeypatch):
    import keras

    from cnnproj import training

    traced = []
    step = keras.Sequential.train_step
    monkeypatch.setattr(keras.Sequential, "train_step", lambda self, data: traced.append(data) or step(self, data))
    monkeypatch.setattr(training, "_runners", {})
    fitted(images)

    assert len(images.train) % 16
    assert len(traced) == 1


def test_trials_that_differ_in_numbers_only_share_one_tracing_and_give_what_they_give_alone(images, monkeypatch):
    import keras

    from cnnproj import training

    def run(**chosen: float):
        network = architectures()["compact_cnn"]
        given = {**network.defaults, "batch_size": 16, **chosen}
        return training.fit(network, images, given, epochs=2, seed=1, augmentation=VARIED).model.get_weights()

    def alone(**chosen: float):
        monkeypatch.setattr(training, "_runners", {})
        return run(**chosen)

    tried = ({"dropout": 0.0}, {"dropout": 0.4, "learning_rate": 1e-3}, {"filters": 8}, {"dropout": 0.0})
    expected = [alone(**chosen) for chosen in tried]
    monkeypatch.setattr(training, "_runners", {})
    traced = []
    step = keras.Sequential.train_step
    monkeypatch.setattr(keras.Sequential, "train_step", lambda self, data: traced.append(data) or step(self, data))
    together = [run(**chosen) for chosen in tried]

    assert len(traced) == 2  # 24 and 8 filters
    for one, other in zip(together, expected, strict=True):
        for first, second in zip(one, other, strict=True):
            np.testing.assert_array_equal(first, second)
    assert not np.array_equal(together[0][0], together[1][0])


def test_a_fitted_network_is_not_changed_by_the_next_training(images):
    first = fitted(images)
    before = first.model.get_weights()
    fitted(images, seed=2)

    for one, other in zip(before, first.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_only_so_many_parameters_are_kept_for_the_next_trial(images, monkeypatch):
    from cnnproj import training

    monkeypatch.setattr(training, "_runners", {})
    monkeypatch.setattr(training, "MOST_PARAMETERS", 0)
    for model in ("mlp", "compact_cnn"):
        fitted(images, model=model, epochs=1)

    assert len(training._runners) == 1


def test_half_precision_trains_and_leaves_a_network_of_full_precision(images):
    import keras

    full, half = fitted(images), fitted(images, precision="mixed_bfloat16")

    assert keras.config.dtype_policy().name == "float32"
    assert {layer.dtype_policy.name for layer in half.model.layers} == {"float32"}
    assert {str(weight.dtype) for weight in half.model.weights} == {"float32"}
    assert full.history["loss"].iloc[-1] != half.history["loss"].iloc[-1]
    assert half.history["loss"].iloc[-1] < half.history["loss"].iloc[0]


@pytest.mark.parametrize(
    ("gpus", "expected"),
    [
        ([], "float32"),
        ([(6, 1)], "float32"),
        ([None], "float32"),
        ([(7, 5)], "mixed_float16"),
        ([(8, 0), (9, 0)], "mixed_bfloat16"),
        ([(8, 6), (7, 0)], "mixed_float16"),
    ],
)
def test_half_precision_is_for_gpus_that_are_built_for_it(gpus, expected, monkeypatch):
    import tensorflow as tf

    from cnnproj.runtime import best_precision

    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    details = {"get_device_details": lambda gpu: {"compute_capability": gpu} if gpu else {}}
    monkeypatch.setattr(tf.config, "experimental", type("Experimental", (), {**details}))

    assert best_precision() == expected


@pytest.mark.parametrize("model", ["mlp", "compact_cnn"])
def test_the_same_seed_gives_the_same_weights(images, model):
    one, again, other = (fitted(images, model=model, epochs=2, seed=seed) for seed in (1, 1, 2))

    for first, second in zip(one.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    times = ["seconds", "waited"]
    pd.testing.assert_frame_equal(one.history.drop(columns=times), again.history.drop(columns=times))
    assert other.history["loss"].iloc[-1] != one.history["loss"].iloc[-1]
