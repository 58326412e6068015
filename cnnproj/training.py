"""Fit one network once: warm-up, a falling learning rate, batches made ahead, the best epoch's weights kept."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from cnnproj.data.augmentation import Augmentation
from cnnproj.data.batches import Batch, Batches, Feed
from cnnproj.data.images import Images, Part
from cnnproj.errors import TrialError
from cnnproj.models import Architecture, Value
from cnnproj.runtime import best_precision
from cnnproj.selection import best_epoch
from cnnproj.settings import TrainingTable
from cnnproj.words import say

PREDICTION_BATCH = 256


@dataclass(frozen=True)
class Fit:
    """A fitted network.

    Attributes:
        model: the network with the weights of its best epoch.
        history: a row an epoch, from 1: ``epoch``, ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``, ``seconds``
            and ``waited``, the seconds of these that training stood still for want of a batch.
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
    training: TrainingTable = TrainingTable(),  # noqa: B008 - frozen
    on_epoch: Callable[[Mapping[str, float]], None] = lambda row: None,
) -> Fit:
    """Build ``network`` and train it on the training part for ``epochs`` epochs.

    Choosing the epoch, like everything else here, goes by the validation part.

    Args:
        network: what to build.
        images: the training part is fitted, augmented; the validation part measured, as it is.
        hyperparameters: a value for each of the network's ``defaults``.
        epochs: passes over the training part, at most.
        seed: of the weights, the dropout, the order and the augmentation.
        augmentation: arguments of ``ImageDataGenerator``.
        training: how the learning rate runs, how classes of unequal size are evened out (by ``class_weights`` in the
            loss, where the accuracy still counts each image once, or by ``augment``, which makes an epoch longer), in
            which precision, and after how many epochs in vain to stop. Its number of epochs is not looked at.
        on_epoch: called with the new row of the history after each epoch.

    Raises:
        TrialError: where the loss is no longer a number.
        CnnprojError: where the network cannot be built.
    """
    keras.utils.set_random_seed(seed)
    model = _build(network, images, hyperparameters, training)
    vary, batch_size = Augmentation(augmentation), int(hyperparameters["batch_size"])
    batches = Batches(images.train, batch_size, seed=seed, augmentation=vary, balance=training.balance)
    train_step = _traced(model, weighted=training.balance == "class_weights")
    steps, rows, weights = epochs * len(batches), [], model.get_weights()
    with Feed(batches, epochs=epochs) as feed:
        for epoch in range(epochs):
            start, waited = time.perf_counter(), feed.waited
            model.reset_metrics()
            for step, batch in enumerate(feed.epoch(), start=epoch * len(batches)):
                model.optimizer.learning_rate = float(hyperparameters["learning_rate"]) * pace(step, steps, training)
                logs = train_step(batch)
            row = {"epoch": epoch + 1, "loss": float(logs["loss"]), "accuracy": float(logs["accuracy"])}
            row |= _measure(model, images.validation)
            row |= {"seconds": time.perf_counter() - start, "waited": feed.waited - waited}
            if not math.isfinite(row["loss"]) or not math.isfinite(row["val_loss"]):
                raise TrialError("training.not_a_number", epoch=epoch + 1)
            rows.append(row)
            on_epoch(row)
            best = int(best_epoch(pd.DataFrame(rows))["epoch"]) - 1
            if best == epoch:
                weights = model.get_weights()
            if training.patience is not None and epoch - best >= training.patience:
                break
    if model.dtype_policy.name != "float32":  # what is measured, saved and explained from here on is in full precision
        model = network.build(images.shape, len(images.classes), hyperparameters)
    model.set_weights(weights)
    artificial = len(rows) * batches.shown if vary.varies else 0
    return Fit(model, pd.DataFrame(rows).round({"seconds": 3, "waited": 4}), len(images.train), artificial)


def pace(step: int, steps: int, training: TrainingTable) -> float:
    """The share of the learning rate at ``step`` of ``steps``, from 0: it rises evenly, then falls or stays.

    It falls to zero, along half a cosine or along a line. Source of the cosine: Loshchilov and Hutter, "SGDR" (2017);
    of the warm-up: Goyal et al., "Accurate, large minibatch SGD" (2017).
    """
    warm_up = math.ceil(steps * training.warm_up)
    if step < warm_up:
        return (step + 1) / warm_up
    done = (step - warm_up) / max(1, steps - warm_up)
    match training.schedule:
        case "cosine":
            return (1 + math.cos(math.pi * done)) / 2
        case "linear":
            return 1 - done
        case _:
            return 1.0


def predict(model: keras.Sequential, part: Part) -> np.ndarray:
    """The probabilities of each image of ``part``, float32, (n, classes)."""
    size = math.ceil(len(part) / math.ceil(len(part) / PREDICTION_BATCH))
    shape = (size, *part.shape)  # the last batch is filled up: another size would be traced anew
    with Feed(Batches(part, size), epochs=1) as feed:
        found = [model.predict_on_batch(np.resize(pixels, shape))[: len(pixels)] for pixels, _ in feed.epoch()]
    probabilities: np.ndarray = np.concatenate(found)
    return probabilities


def _build(
    network: Architecture, images: Images, hyperparameters: Mapping[str, Value], training: TrainingTable
) -> keras.Sequential:
    """The network, ready to be fitted."""
    usual = keras.config.dtype_policy()
    keras.config.set_dtype_policy(best_precision() if training.precision == "auto" else training.precision)
    try:
        model = network.build(images.shape, len(images.classes), hyperparameters)
    finally:
        keras.config.set_dtype_policy(usual)
    model.compile(
        optimizer=_optimizer(hyperparameters),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=float(hyperparameters["label_smoothing"])),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=False,  # on a CPU XLA is several times slower, and deterministic operations turn it off anyway
    )
    model.optimizer.build(model.trainable_variables)  # or its variables come up in tracing, which is then done twice
    return model


def _traced(model: keras.Sequential, *, weighted: bool) -> Callable[[Batch], Mapping[str, tf.Tensor]]:
    """One step of training, traced once for batches of any size. Takes a batch; gives the epoch's values so far.

    Keras' own loop does the same step, with so much around it that a small network takes twice as long.
    """
    batch = [tf.TensorSpec((None, *model.input_shape[1:])), tf.TensorSpec(model.output_shape), tf.TensorSpec((None,))]
    signature = [tuple(batch[: 3 if weighted else 2])]
    step: Callable[[Batch], Mapping[str, tf.Tensor]] = tf.function(
        model.train_step, input_signature=signature, autograph=False
    )
    return step


def _optimizer(hyperparameters: Mapping[str, Value]) -> keras.optimizers.Optimizer:
    rate, decay = float(hyperparameters["learning_rate"]), float(hyperparameters["weight_decay"]) or None
    match hyperparameters["optimizer"]:
        case "sgd":
            return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=decay)
        case "rmsprop":
            return keras.optimizers.RMSprop(rate, weight_decay=decay)
        case "adam":
            return keras.optimizers.Adam(rate)
        case _:
            return keras.optimizers.AdamW(rate, weight_decay=decay or 0.0)


def _measure(model: keras.Sequential, part: Part) -> dict[str, float]:
    """Loss and accuracy on the validation part."""
    probabilities = predict(model, part)
    loss = model.loss(np.eye(len(part.classes), dtype=np.float32)[part.labels], probabilities)
    accuracy = np.mean(probabilities.argmax(axis=1) == part.labels)
    return {"val_loss": float(loss), "val_accuracy": float(accuracy)}


def summary_line(row: Mapping[str, float]) -> str:
    """What stands behind the progress bar after an epoch."""
    waiting = row["waited"] / row["seconds"]
    return say("progress.epoch_note", accuracy=f"{row['val_accuracy']:.3f}", waiting=f"{waiting:.1%}")
