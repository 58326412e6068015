"""What a network says of the images of a part, and how far off it is: nothing here, or below it, can train."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from cnnproj.data.batches import Batches, Feed
from cnnproj.data.images import Part
from cnnproj.models import CONDITIONS, Value

if TYPE_CHECKING:
    import keras

BATCH = 256


def predict(model: keras.Sequential, part: Part) -> np.ndarray:
    """The probabilities of each image of ``part``, float32, (n, classes), with the sum 1 whatever the last layer is."""
    return normalised(outputs(model, part))


def normalised(given: np.ndarray) -> np.ndarray:
    """Probabilities with the sum 1 from what the last layer has ``given``, float32, (n, classes)."""
    total = given.sum(axis=1, keepdims=True)
    return given if np.allclose(total, 1, atol=1e-3) else given / np.maximum(total, np.finfo(np.float32).tiny)


def outputs(model: keras.Sequential, part: Part) -> np.ndarray:
    """What the last layer gives for each image of ``part``, float32, (n, classes)."""
    size = math.ceil(len(part) / math.ceil(len(part) / BATCH))
    shape = (size, *part.shape)  # the last batch is filled up: another size would be traced anew
    with Feed(Batches(part, size), epochs=1) as feed:
        found = [model.predict_on_batch(np.resize(pixels, shape))[: len(pixels)] for pixels, _ in feed.epoch()]
    together: np.ndarray = np.concatenate(found)
    return together


def make_loss(hyperparameters: Mapping[str, Value]) -> keras.losses.Loss:
    """The loss that ``hyperparameters`` name. It takes one-hot labels and what the last layer gives, (n, classes)."""
    import keras

    name = str(hyperparameters["loss"])
    smooth = name in CONDITIONS["label_smoothing"][1]
    options = {"label_smoothing": float(hyperparameters["label_smoothing"])} if smooth else {}
    return getattr(keras.losses, name.title().replace("_", ""))(**options)


def measure(loss: keras.losses.Loss, given: np.ndarray, part: Part) -> dict[str, float]:
    """``val_loss`` and ``val_accuracy`` of what the last layer has ``given`` for ``part``, (n, classes)."""
    value = loss(np.eye(len(part.classes), dtype=np.float32)[part.labels], given)
    return {"val_loss": float(value), "val_accuracy": float(np.mean(given.argmax(axis=1) == part.labels))}
