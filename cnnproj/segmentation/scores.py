"""The scores of a segmentation: Dice, IoU and pixel accuracy, each counted by image and class.

All of them come from three counts for each image and class: the pixels that are of the class in truth, those that are
predicted to be, and those that are both. Masks hold the class of each pixel as a whole number; class 0 is the
background, which the means leave out unless it is asked for: it fills most of most images, and would hide the rest.
A pixel of which the true mask says ``IGNORED`` counts for nothing, whatever is predicted there.

**Empty masks.** Where an image has no pixel of a class, neither in truth nor predicted, its score there is not defined
(nan), and every mean leaves it out: nothing was to be found and nothing was. Counting it as 1 would reward a network
for each class that an image happens to lack. Where only one of the two is empty, the score is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

IGNORED = 255  # in a true mask: nobody has said what is there


@dataclass(frozen=True)
class Counts:
    """Pixels by image and class, whole numbers, (n, classes) each.

    Attributes:
        truth: pixels that are of the class.
        predicted: pixels that are predicted to be.
        both: pixels that are both.
        pixels: of each image, but those that are ignored, (n,).
    """

    truth: np.ndarray
    predicted: np.ndarray
    both: np.ndarray
    pixels: np.ndarray

    @property
    def dice(self) -> np.ndarray:
        """2·|A∩B| / (|A|+|B|) by image and class, (n, classes); nan where both are empty.

        Source: Dice, "Measures of the amount of ecologic association between species" (1945).
        """
        return _share(2 * self.both, self.truth + self.predicted)

    @property
    def iou(self) -> np.ndarray:
        """|A∩B| / |A∪B| by image and class, (n, classes); nan where both are empty.

        Source: Jaccard, "The distribution of the flora in the alpine zone" (1912).
        """
        return _share(self.both, self.truth + self.predicted - self.both)

    @property
    def pixel_accuracy(self) -> np.ndarray:
        """The share of the pixels that are right, background included, by image, (n,)."""
        return _share(self.both.sum(axis=1), self.pixels)


def count(truth: np.ndarray, predicted: np.ndarray, classes: int) -> Counts:
    """The pixels of each image and class.

    Args:
        truth: the class of each pixel, whole numbers from 0 to ``classes`` - 1, or ``IGNORED``, (n, height, width).
        predicted: the class as predicted.
        classes: how many there are, the background counted.

    Raises:
        ValueError: where the shapes differ or a value is no class.
    """
    if truth.shape != predicted.shape or truth.ndim != 3:
        raise ValueError(
            f"Expected two arrays (n, height, width) of one shape. Received: {truth.shape}, {predicted.shape}."
        )
    labelled = truth != IGNORED
    for name, masks in (("truth", truth[labelled]), ("predicted", predicted)):
        if masks.size and (masks.min() < 0 or masks.max() >= classes):
            raise ValueError(
                f"Expected classes from 0 to {classes - 1} in {name}. Received: {masks.min()} to {masks.max()}."
            )
    counted = np.zeros((3, len(truth), classes), np.int64)
    for image, known in enumerate(labelled):
        of_truth, of_prediction = truth[image][known], predicted[image][known]
        right = of_truth[of_truth == of_prediction]
        for place, values in enumerate((of_truth, of_prediction, right)):
            counted[place, image] = np.bincount(values, minlength=classes)
    return Counts(counted[0], counted[1], counted[2], labelled.sum(axis=(1, 2)))


def joined(counts: Sequence[Counts]) -> Counts:
    """The counts of all images of several parts, in their order."""
    fields = ("truth", "predicted", "both", "pixels")
    return Counts(*(np.concatenate([getattr(one, name) for one in counts]) for name in fields))


def dice(truth: np.ndarray, predicted: np.ndarray, classes: int = 2) -> np.ndarray:
    """The Dice score of each class of one image, (classes,); see ``Counts.dice``.

    Args:
        truth: the class of each pixel, (height, width); of a binary mask 0 or 1.
        predicted: the same, as predicted.
        classes: how many there are, the background counted.
    """
    return np.asarray(count(truth[None], predicted[None], classes).dice[0])


def iou(truth: np.ndarray, predicted: np.ndarray, classes: int = 2) -> np.ndarray:
    """The intersection over union of each class of one image, (classes,); see ``Counts.iou``."""
    return np.asarray(count(truth[None], predicted[None], classes).iou[0])


def scored(classes: int, *, background: bool) -> slice:
    """Which classes the means are taken over: all but the background, or all."""
    return slice(0 if background else 1, classes)


def scores(counts: Counts, *, background: bool = False) -> dict[str, float]:
    """Every score of a part by its name, in the order of reports.

    ``dice`` and ``iou``: of each class the mean over the images that have it, in truth or predicted; of these the mean
    over the classes. ``pooled_dice``: all pixels of the part taken as one image, then the mean over the classes.
    ``pixel_accuracy``: the mean over the images; the background counts here in any case.

    Args:
        counts: of the part.
        background: whether the background counts as a class of its own.
    """
    chosen = scored(counts.truth.shape[1], background=background)
    together = _share(2 * counts.both.sum(axis=0), counts.truth.sum(axis=0) + counts.predicted.sum(axis=0))
    return {
        "dice": float(mean(mean(counts.dice[:, chosen].T))),
        "iou": float(mean(mean(counts.iou[:, chosen].T))),
        "pooled_dice": float(mean(together[chosen])),
        "pixel_accuracy": float(mean(counts.pixel_accuracy)),
    }


def class_table(counts: Counts, classes: tuple[str, ...]) -> pd.DataFrame:
    """A row a class: ``class``, its mean ``dice`` and ``iou``, ``images`` (that have it), ``pixels`` (their share)."""
    return pd.DataFrame(
        {
            "class": classes,
            "dice": mean(counts.dice.T),
            "iou": mean(counts.iou.T),
            "images": (counts.truth > 0).sum(axis=0),
            "pixels": counts.truth.sum(axis=0) / counts.pixels.sum(),
        }
    )


def image_scores(counts: Counts, *, background: bool = False) -> pd.DataFrame:
    """A row an image: its mean ``dice`` and ``iou`` over the classes that it has, and its ``pixel_accuracy``.

    ``dice`` and ``iou`` are nan where nothing was to be found and nothing was.
    """
    chosen = scored(counts.truth.shape[1], background=background)
    return pd.DataFrame(
        {
            "dice": mean(counts.dice[:, chosen]),
            "iou": mean(counts.iou[:, chosen]),
            "pixel_accuracy": counts.pixel_accuracy,
        }
    )


def mean(values: np.ndarray) -> np.ndarray:
    """The mean along the last axis of what is a number; nan where nothing is."""
    known = np.isfinite(values)
    return _share(np.where(known, values, 0).sum(axis=-1), known.sum(axis=-1))


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """``part`` / ``whole``, nan where ``whole`` is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    share: np.ndarray = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return share
