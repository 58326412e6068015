"""Fit one network once: warm-up, a falling learning rate, batches made ahead, the best epoch's weights kept."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from cnnproj.data.augmentation import Augmentation, strengthen
from cnnproj.data.batches import Batches, Feed
from cnnproj.data.images import Images
from cnnproj.discriminative import at_rates
from cnnproj.errors import TrialError
from cnnproj.inference import make_loss, measure, outputs
from cnnproj.models import CONDITIONS, TRAINING_DEFAULTS, Architecture, Value
from cnnproj.models.layers import Dropout
from cnnproj.models.phases import Phase
from cnnproj.runtime import best_precision
from cnnproj.selection import best_epoch
from cnnproj.settings import TrainingTable
from cnnproj.words import say


class DivergenceError(TrialError):
    """The loss is no longer a number.

    Attributes:
        history: as of a ``Fit``; the last row is that of the epoch in which it happened.
    """

    def __init__(self, history: pd.DataFrame) -> None:
        super().__init__("training.not_a_number", epoch=len(history))
        self.history = history


@dataclass(frozen=True)
class Fit:
    """A fitted network.

    Attributes:
        model: the network with the weights of its best epoch.
        last: the weights after the last epoch.
        history: a row an epoch, from 1: ``epoch``, ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``, ``seconds``
            and ``waited``, the seconds of these that training stood still for want of a batch.
        real_images: how many different training images there were.
        artificial_images: how many varied copies of them were shown, in all epochs; 0 where nothing is varied.
        start: a digest of the weights that it began with, or "" where these were random.
    """

    model: keras.Sequential
    last: list[np.ndarray]
    history: pd.DataFrame
    real_images: int
    artificial_images: int
    start: str = ""

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
    folder: Path | None = None,
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
        folder: where paths in hyperparameters start from; without one no file is opened for them.
        on_epoch: called with the new row of the history after each epoch.

    Raises:
        DivergenceError: where the loss is no longer a number.
        CnnprojError: where the network cannot be built, or the weights that it begins with cannot be had.
    """
    keras.utils.set_random_seed(seed)
    model = network.build(images.shape, len(images.classes), hyperparameters)
    start = network.begin(model, hyperparameters, folder)
    vary = Augmentation(strengthen(augmentation, float(hyperparameters["augmentation"])))
    batch_size = int(hyperparameters["batch_size"])
    batches = Batches(images.train, batch_size, seed=seed, augmentation=vary, balance=training.balance)
    peak = float(hyperparameters["learning_rate"])
    rows: list[dict[str, float]] = []
    with Feed(batches, epochs=epochs) as feed:
        for phase in network.phases(hyperparameters, epochs):
            runner = _runner(network, model, hyperparameters, training, phase)
            runner.start_from(model)
            first, steps = len(rows), phase.epochs * len(batches)
            for epoch in range(first, first + phase.epochs):
                begun, waited = time.perf_counter(), feed.waited
                runner.model.reset_metrics()
                for step, batch in enumerate(feed.epoch(), start=(epoch - first) * len(batches)):
                    runner.model.optimizer.learning_rate = peak * pace(step, steps, training)
                    logs = runner.step(batch)
                row = {"epoch": epoch + 1, "loss": float(logs["loss"]), "accuracy": float(logs["accuracy"])}
                row |= measure(runner.model.loss, outputs(runner.model, images.validation), images.validation)
                row |= {"seconds": time.perf_counter() - begun, "waited": feed.waited - waited}
                rows.append(row)
                if not math.isfinite(row["loss"]) or not math.isfinite(row["val_loss"]):
                    raise DivergenceError(pd.DataFrame(rows))
                on_epoch(row)
                in_vain = len(rows) - int(best_epoch(pd.DataFrame(rows))["epoch"])
                if not in_vain:
                    weights = runner.model.get_weights()
                if enough := training.patience is not None and in_vain >= training.patience:
                    break
            runner.hand_over(model)
            if enough:
                break
    last = model.get_weights()
    model.set_weights(weights)
    history = pd.DataFrame(rows).round({"seconds": 3, "waited": 4})
    artificial = len(rows) * batches.shown if vary.varies else 0
    return Fit(model, last, history, len(images.train), artificial, start)


def pace(step: int, steps: int, training: TrainingTable) -> float:
    """The share of the learning rate at ``step`` of the ``steps`` of a phase, from 0: it rises, then falls or stays.

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


class _Runner:
    """A network that is traced once, and trained again and again from new weights.

    Tracing takes longer than many an epoch, so trials that differ in numbers only, not in layers, share one.

    Attributes:
        model: the network in the precision of training.
        step: one step of training. Takes a batch of any size; gives the epoch's ``loss`` and ``accuracy`` so far.
    """

    def __init__(
        self, model: keras.Sequential, hyperparameters: Mapping[str, Value], phase: Phase, *, weighted: bool
    ) -> None:
        self.model = model
        model.compile(
            optimizer=make_optimizer(hyperparameters, phase.prepare(model)),
            loss=make_loss(hyperparameters),
            metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
            jit_compile=False,  # XLA is several times slower on a CPU, and deterministic operations turn it off anyway
        )
        model.optimizer.build(model.trainable_variables)  # or they come up in tracing, which is then done twice
        self._fresh = [variable.numpy() for variable in model.optimizer.variables]
        batch = (tf.TensorSpec((None, *model.input_shape[1:])), tf.TensorSpec(model.output_shape))
        signature = [(*batch, tf.TensorSpec((None,)))] if weighted else [batch]
        # Keras' own loop does the same step, with so much around it that a small network takes twice as long.
        self.step = tf.function(model.train_step, input_signature=signature, autograph=False)

    def start_from(self, model: keras.Sequential) -> None:
        """Take over the weights, the state of the random numbers and the dropout of ``model``; forget all training."""
        for mine, given in zip(self.model.variables, model.variables, strict=True):
            mine.assign(given)
        for mine, given in zip(_dropouts(self.model), _dropouts(model), strict=True):
            mine.set_rate(given.rate)
        for variable, value in zip(self.model.optimizer.variables, self._fresh, strict=True):
            variable.assign(value)

    def hand_over(self, model: keras.Sequential) -> None:
        """Give ``model`` the weights and the state of the random numbers as they are now."""
        for given, mine in zip(model.variables, self.model.variables, strict=True):
            given.assign(mine)


_runners: dict[str, _Runner] = {}
LIVE = ("learning_rate", "batch_size", "augmentation")  # of training, what a traced step takes as it comes
MOST_PARAMETERS = 10_000_000  # of the networks that are kept; optimizers remember twice as many numbers again


def _runner(
    network: Architecture,
    model: keras.Sequential,
    hyperparameters: Mapping[str, Value],
    training: TrainingTable,
    phase: Phase,
) -> _Runner:
    """The runner for networks that are built as ``model`` is, in such a ``phase``."""
    precision = best_precision() if training.precision == "auto" else training.precision
    weighted = training.balance == "class_weights"
    baked = {name: value for name, value in hyperparameters.items() if name in TRAINING_DEFAULTS and name not in LIVE}
    try:
        structure: dict[str, Any] = _structure(model)
    except NotImplementedError:  # a student's own layer that cannot tell how it was made
        structure = dict(hyperparameters)
    decisive = [network.fingerprint, structure, baked, precision, weighted, phase.manner]
    key = json.dumps(decisive, sort_keys=True, default=str)
    if key not in _runners:
        usual = keras.config.dtype_policy()
        keras.config.set_dtype_policy(precision)
        try:
            shape, classes = model.input_shape[1:], model.output_shape[-1]
            again = network.build(shape, classes, hyperparameters)
        finally:
            keras.config.set_dtype_policy(usual)
        while _runners and sum(one.model.count_params() for one in _runners.values()) > MOST_PARAMETERS:
            del _runners[next(iter(_runners))]
        _runners[key] = _Runner(again, hyperparameters, phase, weighted=weighted)
    return _runners[key]


def _structure(model: keras.Sequential) -> dict[str, Any]:
    """All that is traced of ``model``: everything but the rates of our dropout."""
    structure: dict[str, Any] = model.get_config()
    for layer in structure["layers"]:
        if layer.get("registered_name") == "cnnproj>Dropout":
            del layer["config"]["rate"]
    return structure


def _dropouts(model: keras.Sequential) -> list[Dropout]:
    return [layer for layer in model.layers if isinstance(layer, Dropout)]


def make_optimizer(hyperparameters: Mapping[str, Value], factors: Sequence[float] = ()) -> keras.optimizers.Optimizer:
    """The optimizer that ``hyperparameters`` name, with what applies to it; its learning rate is set at each step.

    Args:
        hyperparameters: of the training.
        factors: of the learning rate, for each trainable variable; none where all have the same.
    """
    name, options = str(hyperparameters["optimizer"]), {}
    if name in CONDITIONS["weight_decay"][1]:
        options["weight_decay"] = float(hyperparameters["weight_decay"])
    if name in CONDITIONS["momentum"][1]:
        options |= {"momentum": float(hyperparameters["momentum"]), "nesterov": bool(hyperparameters["momentum"])}
    optimizer = keras.optimizers.get({"class_name": name, "config": options})
    return optimizer if set(factors) <= {1.0} else at_rates(type(optimizer), options, factors)


def summary_line(row: Mapping[str, float]) -> str:
    """What stands behind the progress bar after an epoch."""
    waiting = row["waited"] / row["seconds"]
    return say("progress.epoch_note", accuracy=f"{row['val_accuracy']:.3f}", waiting=f"{waiting:.1%}")
