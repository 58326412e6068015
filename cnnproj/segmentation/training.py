"""Fit one segmentation network once: as classifiers are, by a loss over pixels, the best epoch kept by Dice."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from cnnproj.data.augmentation import Augmentation, strengthen
from cnnproj.data.batches import Feed
from cnnproj.models import TRAINING_DEFAULTS, Value
from cnnproj.runtime import best_precision
from cnnproj.segmentation.batches import MaskedBatches
from cnnproj.segmentation.images import MaskedImages
from cnnproj.segmentation.inference import measure
from cnnproj.segmentation.losses import LOSSES, dice
from cnnproj.segmentation.registry import Segmenter
from cnnproj.selection import DICE
from cnnproj.settings import TrainingTable
from cnnproj.training import LIVE, MOST_PARAMETERS, DivergenceError, _Runner, _structure, make_optimizer, pace


@dataclass(frozen=True)
class SegmentationFit:
    """A fitted segmentation network.

    Attributes:
        model: the network with the weights of its best epoch.
        last: the weights after the last epoch.
        history: a row an epoch, from 1: ``epoch``, ``loss``, ``dice`` (of the probabilities, of varied images),
            ``val_loss``, ``val_dice`` (see ``scores``), ``seconds`` and ``waited``, as of a ``Fit``.
        real_images: how many different training images there were.
        artificial_images: how many varied copies of them were shown, in all epochs; 0 where nothing is varied.
        start: a digest of the weights that its encoder began with, or "" where these were random.
    """

    model: keras.Model
    last: list[np.ndarray]
    history: pd.DataFrame
    real_images: int
    artificial_images: int
    start: str = ""

    @property
    def best(self) -> pd.Series:
        """The row of ``history`` whose weights were kept."""
        return DICE.best_epoch(self.history)


def fit_segmenter(
    network: Segmenter,
    images: MaskedImages,
    hyperparameters: Mapping[str, Value],
    *,
    epochs: int,
    seed: int,
    augmentation: Mapping[str, object],
    training: TrainingTable = TrainingTable(),  # noqa: B008 - frozen
    folder: Path | None = None,
    on_epoch: Callable[[Mapping[str, float]], None] = lambda row: None,
) -> SegmentationFit:
    """Build ``network`` and train it on the training part for ``epochs`` epochs.

    Args:
        network: what to build.
        images: the training part is fitted, images and masks varied together; the validation part measured as it is.
        hyperparameters: a value for each of the network's ``defaults``.
        epochs: passes over the training part, at most.
        seed: of the weights, the dropout, the order and the augmentation.
        augmentation: arguments of ``ImageDataGenerator``.
        training: as of ``cnnproj.training.fit``; its balance is not looked at.
        folder: where paths in hyperparameters start from; without one no file is opened for them.
        on_epoch: called with the new row of the history after each epoch.

    Raises:
        DivergenceError: where the loss is no longer a number.
        CnnprojError: where the network cannot be built, or the weights that it begins with cannot be had.
    """
    keras.utils.set_random_seed(seed)
    model = network.build(images.shape, len(images.classes), hyperparameters)
    start = network.begin(model, hyperparameters, folder)
    runner = _runner(network, model, hyperparameters, training)
    runner.start_from(model)
    vary = Augmentation(strengthen(augmentation, float(hyperparameters["augmentation"])))
    batches = MaskedBatches(images.train, int(hyperparameters["batch_size"]), seed=seed, augmentation=vary)
    peak, steps = float(hyperparameters["learning_rate"]), epochs * len(batches)
    loss = LOSSES[str(hyperparameters["loss"])]
    rows: list[dict[str, float]] = []
    with Feed(batches, epochs=epochs) as feed:
        for epoch in range(epochs):
            begun, waited = time.perf_counter(), feed.waited
            runner.model.reset_metrics()
            for step, batch in enumerate(feed.epoch(), start=epoch * len(batches)):
                runner.model.optimizer.learning_rate = peak * pace(step, steps, training)
                logs = runner.step(batch)
            row = {"epoch": epoch + 1, "loss": float(logs["loss"]), "dice": float(logs["dice"])}
            row |= measure(runner.model, loss, images.validation)
            row |= {"seconds": time.perf_counter() - begun, "waited": feed.waited - waited}
            rows.append(row)
            if not math.isfinite(row["loss"]) or not math.isfinite(row["val_loss"]):
                raise DivergenceError(pd.DataFrame(rows))
            on_epoch(row)
            best = int(DICE.best_epoch(pd.DataFrame(rows))["epoch"]) - 1
            if best == epoch:
                weights = runner.model.get_weights()
            if training.patience is not None and epoch - best >= training.patience:
                break
    last = runner.model.get_weights()
    model.set_weights(weights)
    history = pd.DataFrame(rows).round({"seconds": 3, "waited": 4})
    artificial = len(rows) * batches.shown if vary.varies else 0
    return SegmentationFit(model, last, history, len(images.train), artificial, start)


class _SegmentationRunner(_Runner):
    """A segmentation network that is traced once, and trained again and again from new weights."""

    def __init__(self, model: keras.Model, hyperparameters: Mapping[str, Value]) -> None:
        self.model = model
        model.compile(
            optimizer=make_optimizer(hyperparameters),
            loss=LOSSES[str(hyperparameters["loss"])],
            metrics=[_soft_dice()],
            jit_compile=False,  # as for classifiers
        )
        model.optimizer.build(model.trainable_variables)
        self._fresh = [variable.numpy() for variable in model.optimizer.variables]
        shape = model.input_shape[1:]
        batch = (tf.TensorSpec((None, *shape)), tf.TensorSpec((None, *shape[:2]), tf.uint8))
        self.step = tf.function(model.train_step, input_signature=[batch], autograph=False)


def _soft_dice() -> keras.metrics.Metric:
    return keras.metrics.MeanMetricWrapper(lambda truth, given: 1 - dice(truth, given), name="dice")


_runners: dict[str, _SegmentationRunner] = {}


def _runner(
    network: Segmenter, model: keras.Model, hyperparameters: Mapping[str, Value], training: TrainingTable
) -> _SegmentationRunner:
    """The runner for networks that are built as ``model`` is."""
    precision = best_precision() if training.precision == "auto" else training.precision
    baked = {name: value for name, value in hyperparameters.items() if name in TRAINING_DEFAULTS and name not in LIVE}
    key = json.dumps([network.fingerprint, _structure(model), baked, precision], sort_keys=True, default=str)
    if key not in _runners:
        usual = keras.config.dtype_policy()
        keras.config.set_dtype_policy(precision)
        try:
            again = network.build(model.input_shape[1:], model.output_shape[-1], hyperparameters)
        finally:
            keras.config.set_dtype_policy(usual)
        while _runners and sum(one.model.count_params() for one in _runners.values()) > MOST_PARAMETERS:
            del _runners[next(iter(_runners))]
        _runners[key] = _SegmentationRunner(again, hyperparameters)
    return _runners[key]
