"""What a segmentation network says of each pixel of a part, and how far off it is, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from cnnproj.data.batches import Feed
from cnnproj.segmentation.batches import MaskedBatches
from cnnproj.segmentation.images import MaskedPart
from cnnproj.segmentation.losses import Loss
from cnnproj.segmentation.scores import count, joined, scores

if TYPE_CHECKING:
    import keras

BATCH = 16


def predict(model: keras.Model, part: MaskedPart) -> np.ndarray:
    """The most probable class of each pixel, uint8, (n, height, width)."""
    return np.concatenate([given.argmax(axis=-1).astype(np.uint8) for _, given in _outputs(model, part)])


def measure(model: keras.Model, loss: Loss, part: MaskedPart) -> dict[str, float]:
    """``val_loss``, the mean over batches of 16 images, and ``val_dice``, see ``scores``, of ``part``.

    Where nothing is to be found and nothing is found in the whole part, ``val_dice`` is 0.
    """
    return measured(_outputs(model, part), loss, len(part.classes))


def measured(outputs: Iterable[tuple[np.ndarray, np.ndarray]], loss: Loss, classes: int) -> dict[str, float]:
    """See ``measure``.

    Args:
        outputs: of each batch the true class of each pixel, (n, height, width), and the probabilities of each class,
            (n, height, width, classes).
        loss: of a batch.
        classes: how many there are, the background counted.
    """
    losses, counts = [], []
    for truth, given in outputs:
        losses.append(float(loss(truth, given)) * len(truth))
        counts.append(count(truth, given.argmax(axis=-1).astype(np.uint8), classes))
    value = scores(joined(counts))["dice"]
    n = sum(len(counted.pixels) for counted in counts)
    return {"val_loss": sum(losses) / n, "val_dice": value if np.isfinite(value) else 0.0}


def _outputs(model: keras.Model, part: MaskedPart) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each batch the true class of each pixel, and what the last layer gives, (n, height, width, classes)."""
    size = min(BATCH, len(part))
    shape = (size, *part.shape)  # the last batch is filled up: another size would be traced anew
    with Feed(MaskedBatches(part, size), epochs=1) as feed:
        for pixels, truth in feed.epoch():
            yield truth, model.predict_on_batch(np.resize(pixels, shape))[: len(pixels)]
