"""Fit one network once: AdamW or another optimizer, warm-up and cosine, the best epoch's weights kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd

from cnnproj.data.augmentation import Augmentation
from cnnproj.data.batches import Batches
from cnnproj.data.images import Images, Part
from cnnproj.errors import TrialError
from cnnproj.models import Architecture, Value
from cnnproj.selection import best_epoch
from cnnproj.settings import Balance
from cnnproj.words import say

PREDICTION_BATCH = 256


@dataclass(frozen=True)
class Fit:
    """A fitted network.

    Attributes:
        model: the network with the weights of its best epoch.
        history: a row an epoch, from 1: ``epoch``, ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``, ``seconds``.
        real_images: how many different training images there were.
        artificial_images: how many varied copies of them were shown, in all epochs; 0 where nothing is varied.
    """

    model: keras.Sequential
    history: pd.DataFrame
    real_images: int
    artificial_images: int

    @property
    def best(self) -> pd.Series:
        """The row of ``history`` whose weights were kept."""
        return best_epoch(self.history)


def fit(
    network: Architecture,
    images: Images,
    hyperparameters: Mapping[str, Value],
    *,
    epochs: int,
    seed: int,
    augmentation: Mapping[str, object],
    balance: Balance = "none",
    on_epoch: Callable[[Mapping[str, float]], None] = lambda row: None,
) -> Fit:
    """Build ``network`` and train it on the training part for ``epochs`` epochs.

    The learning rate rises evenly over the first tenth of the steps and falls to zero along a cosine. Choosing the
    epoch, like everything else here, goes by the validation part.

    Args:
        network: what to build.
        images: the training part is fitted, augmented; the validation part measured, as it is.
        hyperparameters: a value for each of the network's ``defaults``.
        epochs: passes over the training part.
        seed: of the weights, the dropout, the order and the augmentation.
        augmentation: arguments of ``ImageDataGenerator``.
        balance: how classes of unequal size are evened out in the training part: by ``class_weights`` in the loss (the
            accuracy counts each image once), or by ``augment``, which makes an epoch longer.
        on_epoch: called with the new row of the history after each epoch.

    Raises:
        TrialError: where the loss is no longer a number.
        CnnprojError: where the network cannot be built.
    """
    keras.utils.set_random_seed(seed)
    model = network.build(images.shape, len(images.classes), hyperparameters)
    batch_size = int(hyperparameters["batch_size"])
    vary = Augmentation(augmentation)
    train = Batches(images.train, batch_size, seed=seed, augmentation=vary, balance=balance)
    validation = Batches(images.validation, PREDICTION_BATCH)
    model.compile(
        optimizer=_optimizer(hyperparameters, steps=epochs * len(train)),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=float(hyperparameters["label_smoothing"])),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=False,  # on a CPU XLA is several times slower, and deterministic operations turn it off anyway
    )
    model.optimizer.build(model.trainable_variables)  # or its variables come up in tracing, which is then done twice
    keeper = _KeepBest(on_epoch)
    model.fit(train, validation_data=validation, epochs=epochs, verbose=0, shuffle=False, callbacks=[keeper])
    model.set_weights(keeper.weights)
    artificial = epochs * train.shown if vary.varies else 0
    return Fit(model, pd.DataFrame(keeper.rows), len(images.train), artificial)


def predict(model: keras.Sequential, part: Part) -> np.ndarray:
    """The probabilities of each image of ``part``, float32, (n, classes)."""
    probabilities: np.ndarray = model.predict(Batches(part, PREDICTION_BATCH), verbose=0)
    return probabilities


def _optimizer(hyperparameters: Mapping[str, Value], *, steps: int) -> keras.optimizers.Optimizer:
    warm_up = max(1, math.ceil(steps / 10))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), warmup_target=float(hyperparameters["learning_rate"]), warmup_steps=warm_up
    )
    decay = float(hyperparameters["weight_decay"]) or None
    match hyperparameters["optimizer"]:
        case "sgd":
            return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=decay)
        case "rmsprop":
            return keras.optimizers.RMSprop(rate, weight_decay=decay)
        case "adam":
            return keras.optimizers.Adam(rate)
        case _:
            return keras.optimizers.AdamW(rate, weight_decay=decay or 0.0)


class _KeepBest(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the rows of the history, and in memory the weights of the best epoch so far."""

    def __init__(self, on_epoch: Callable[[Mapping[str, float]], None]) -> None:
        super().__init__()
        self.rows: list[dict[str, float]] = []
        self.weights: list[np.ndarray] = []
        self._on_epoch = on_epoch
        self._start = 0.0

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        row: dict[str, float] = {"epoch": epoch + 1}
        row |= {name: float(logs[name]) for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        row["seconds"] = round(time.perf_counter() - self._start, 3)
        if not math.isfinite(row["loss"]) or not math.isfinite(row["val_loss"]):
            raise TrialError("training.not_a_number", epoch=epoch + 1)
        self.rows.append(row)
        if best_epoch(pd.DataFrame(self.rows))["epoch"] == epoch + 1:
            self.weights = self.model.get_weights()
        self._on_epoch(row)


def summary_line(row: Mapping[str, float]) -> str:
    """What stands behind the progress bar after an epoch."""
    return say("progress.epoch_note", accuracy=f"{row['val_accuracy']:.3f}")
