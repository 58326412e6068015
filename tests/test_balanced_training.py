"""Training on classes of unequal size: either way of evening them out runs, repeats, and helps the rare class."""

import numpy as np
import pandas as pd
import pytest

from cnnproj.data.audit import STORE, Audit
from cnnproj.data.balance import class_weights
from cnnproj.data.images import Images
from cnnproj.data.store import PIXELS
from cnnproj.models import architectures
from cnnproj.settings import Balance, TrainingTable

COUNTS = {"train": (60, 6), "validation": (40, 30)}
TIMES = ["seconds", "waited"]
VARIED = {"width_shift_range": 0.05}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    """Noise with a faint bright spot: 60 times on the left, 6 times a little further right; validated on 40 and 30."""
    draw, folder = np.random.default_rng(0), tmp_path_factory.mktemp("store")
    rows, pixels = [], []
    for part, counts in COUNTS.items():
        for label, left, count in zip(("common", "rare"), (2, 5), counts, strict=True):
            noise = draw.normal(100, 40, (count, 12, 12, 1))
            noise[:, 3:9, left : left + 5] += 35
            pixels.append(np.clip(noise, 0, 255).astype(np.uint8))
            rows += [{"label": label, "split": part}] * count
    (folder / STORE).mkdir()
    np.save(folder / STORE / PIXELS, np.concatenate(pixels))
    table, nothing = pd.DataFrame(rows).assign(row=range(len(rows))), pd.DataFrame()
    return Images(table, nothing, nothing, ("common", "rare"), Audit(table, nothing, nothing, folder))


def fitted(images: Images, balance: Balance, *, epochs: int, augmentation=VARIED, **hyperparameters: float):
    from cnnproj.training import fit

    network = architectures()["mlp"]
    chosen = {**network.defaults, "batch_size": 16, **hyperparameters}
    return fit(
        network,
        images,
        chosen,
        epochs=epochs,
        seed=1,
        augmentation=augmentation,
        training=TrainingTable(balance=balance),
    )


@pytest.mark.parametrize("balance", ["class_weights", "augment"])
def test_the_same_seed_gives_the_same_weights_and_others_than_without_balance(images, balance):
    one, again, plain = (fitted(images, how, epochs=2) for how in (balance, balance, "none"))

    for first, second in zip(one.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    pd.testing.assert_frame_equal(one.history.drop(columns=TIMES), again.history.drop(columns=TIMES))
    assert one.history["loss"].iloc[-1] != plain.history["loss"].iloc[-1]


@pytest.mark.parametrize("balance", ["class_weights", "augment"])
def test_the_rare_class_is_found_more_often(images, balance):
    from cnnproj.inference import predict

    rare = images.validation.labels == 1
    found = {}
    for how in ("none", balance):
        model = fitted(images, how, epochs=8, learning_rate=5e-3).model
        found[how] = (predict(model, images.validation)[rare].argmax(axis=1) == 1).mean()

    assert found[balance] > found["none"] + 0.1


@pytest.mark.parametrize(("balance", "steps"), [("none", 5), ("class_weights", 5), ("augment", 8)])
def test_the_learning_rate_nears_zero_with_the_last_step_of_the_epochs_as_long_as_they_are(
    images, balance, steps, monkeypatch
):
    from cnnproj import training
    from cnnproj.training import pace

    monkeypatch.setattr(training, "_runners", {})
    fitted(images, balance, epochs=3, learning_rate=0.1)
    (runner,) = training._runners.values()
    optimizer = runner.model.optimizer

    assert int(optimizer.iterations) == 3 * steps
    last = 0.1 * pace(3 * steps - 1, 3 * steps, TrainingTable())
    assert float(optimizer.learning_rate) == pytest.approx(last)
    assert last < 0.1 * 0.05


@pytest.mark.parametrize(("balance", "epoch"), [("none", 66), ("augment", 120)])
def test_real_and_artificial_images_are_counted(images, balance, epoch):
    seen, plain = fitted(images, balance, epochs=2), fitted(images, "none", epochs=2, augmentation={"cval": 9.0})

    assert (seen.real_images, seen.artificial_images) == (66, 2 * epoch)
    assert (plain.real_images, plain.artificial_images) == (66, 0)


def test_weights_count_in_the_loss_and_each_image_once_in_the_accuracy(images):
    """Told from a network that does not learn: one layer, at a learning rate of next to nothing."""
    from cnnproj.inference import predict

    still = {"depth": 0, "learning_rate": 1e-12, "label_smoothing": 0.0}
    result = fitted(images, "class_weights", epochs=1, augmentation={}, **still)
    probabilities, labels = predict(result.model, images.train), images.train.labels

    losses = -np.log(probabilities[np.arange(len(labels)), labels])
    reported = result.history.iloc[0]
    assert reported["loss"] == pytest.approx((losses * class_weights(labels, 2)[labels]).mean(), rel=1e-5)
    assert reported["loss"] != pytest.approx(losses.mean(), rel=1e-2)
    assert reported["accuracy"] == pytest.approx((probabilities.argmax(axis=1) == labels).mean())


@pytest.mark.parametrize("balance", ["class_weights", "augment"])
def test_the_validation_part_is_measured_as_it_is(images, balance):
    from cnnproj.inference import predict

    result = fitted(images, balance, epochs=1, label_smoothing=0.0)
    probabilities, labels = predict(result.model, images.validation), images.validation.labels

    losses = -np.log(probabilities[np.arange(len(labels)), labels])
    assert result.best["val_loss"] == pytest.approx(losses.mean(), rel=1e-5)
