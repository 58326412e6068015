"""Measure a segmentation network before and after its training: see ``cnnproj.diagnosis.measure``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from cnnproj.diagnosis.chance import confusion_of, skill
from cnnproj.diagnosis.machine import look_at_machine
from cnnproj.diagnosis.measure import begun, entering_layer, evenly, is_relu, kernels, snapshot
from cnnproj.diagnosis.probe import Probe
from cnnproj.models import Value
from cnnproj.segmentation.images import MaskedImages, MaskedPart
from cnnproj.segmentation.inference import predict
from cnnproj.segmentation.losses import LOSSES
from cnnproj.segmentation.registry import Segmenter
from cnnproj.segmentation.scores import IGNORED, count, scores
from cnnproj.segmentation.training import SegmentationFit

MOST_IMAGES, BATCH = 64, 16  # that Dice is of, and that gradients and dead units are of: pixels are many


def measure(
    network: Segmenter,
    images: MaskedImages,
    hyperparameters: Mapping[str, Value],
    *,
    seed: int,
    trained: SegmentationFit | None,
    folder: Path | None = None,
) -> Probe:
    """Measure the network that a training with ``seed`` began with, and what came of it.

    Args:
        network: what was built.
        images: of the project; measured on the first two parts.
        hyperparameters: a value for each of the network's ``defaults``.
        seed: of the training.
        trained: what came of the training; none where its weights are no numbers.
        folder: where paths in hyperparameters start from.
    """
    model = begun(network, images.shape, len(images.classes), hyperparameters, seed, folder, trained)
    loss, train = LOSSES[str(hyperparameters["loss"])], images.train
    few, many = evenly(len(train), BATCH), evenly(len(train), MOST_IMAGES)
    pixels = np.multiply(train.images(few), 1 / 255, dtype=np.float32)
    truth, parts = train.truth(few), [(layer.name, layer) for layer in model.layers]
    start = [kernels(layer) for _, layer in parts]
    places = [place for place, (_, layer) in enumerate(parts) if is_relu(layer)]
    watched = keras.Model(model.inputs[0], [*(parts[place][1].output for place in places), model.output])
    known = (model, (watched, places), parts, loss, pixels, truth, start)
    outputs = np.asarray(model(pixels, training=False))
    before = snapshot(*known, *_right(model, train, many))
    first = next((layer.name for _, layer in parts if kernels(layer)), None)
    after = None
    if trained is not None:
        model.set_weights(trained.last)
        after = snapshot(*known, *_right(model, train, many))
    sums = outputs.sum(axis=-1)
    return Probe(
        images=len(many),
        input=entering_layer(first, pixels) if first else None,
        outputs=(float(sums.min()), float(sums.max()), float(outputs.min())),
        chance_loss=_chance_loss(hyperparameters, images),
        before=before,
        after=after,
        neighbours=0.0,  # to compare whole images says nothing of their pixels
        neighbours_by_chance=1.0,
        machine=look_at_machine(),
        pixels=None if trained is None else _pixels(trained.model, images.validation),
    )


def _right(model: keras.Model, part: MaskedPart, places: np.ndarray) -> tuple[float, float]:
    """The mean Dice on the images at ``places`` of ``part``, 0 where there is none, and Cohen's kappa of its pixels."""
    masks = []
    for start in range(0, len(places), BATCH):
        images = part.images(places[start : start + BATCH]).astype(np.float32) / 255
        masks.append(np.nan_to_num(np.asarray(model(images, training=False))).argmax(axis=-1).astype(np.uint8))
    truth, predicted = part.truth(places), np.concatenate(masks)
    dice = scores(count(truth, predicted, len(part.classes)))["dice"]
    return float(np.nan_to_num(dice)), skill(_confusion(truth, predicted, len(part.classes)))


def _chance_loss(hyperparameters: Mapping[str, Value], images: MaskedImages) -> float:
    """The loss on the validation images of giving every pixel each class as probable as it is in the training ones."""
    loss, part = LOSSES[str(hyperparameters["loss"])], images.validation
    shares = images.shares.iloc[:, 0].to_numpy(np.float32)  # of the training part
    truth = part.truth(evenly(len(part), MOST_IMAGES))
    return float(loss(truth, np.broadcast_to(shares, (*truth.shape, len(shares)))))


def _pixels(model: keras.Model, part: MaskedPart) -> tuple[tuple[int, ...], ...]:
    """How many pixels of each class (rows) of ``part`` the network takes for each."""
    confusion = _confusion(part.truth(), predict(model, part), len(part.classes))
    return tuple(tuple(int(pixels) for pixels in row) for row in confusion)


def _confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """How many pixels of each class (rows) were taken for each (columns); those that are ignored left out."""
    labelled = truth != IGNORED
    return confusion_of(truth[labelled], predicted[labelled], classes)
