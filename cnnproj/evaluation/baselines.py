"""What a network must beat: always naming the most frequent class, and logistic regression on the pixels."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from cnnproj.data.images import Part
from cnnproj.files import digest_arrays
from cnnproj.models.registry import BASELINES

MAJORITY, REGRESSION = BASELINES
MOST_IMAGES = 10_000
MOST_NUMBERS = 1_024  # of an image, for logistic regression
STEPS = 200


@dataclass(frozen=True)
class Baseline:
    """A fitted baseline.

    Attributes:
        name: ``majority_class`` or ``logistic_regression``.
        predict: gives the probabilities of each image of a part, float64, (n, classes).
        parameters: how many numbers were fitted.
        digest: of these numbers.
    """

    name: str
    predict: Callable[[Part], np.ndarray]
    parameters: int
    digest: str


def baselines(train: Part, *, seed: int) -> list[Baseline]:
    """Both baselines, fitted on the training part; ``seed`` chooses the images where there are more than 10,000.

    Where the training part has images of one class only, there is no regression to be made.
    """
    found = [_majority(train)]
    return [*found, _logistic_regression(train, seed=seed)] if len(np.unique(train.labels)) > 1 else found


def _majority(train: Part) -> Baseline:
    shares = np.bincount(train.labels, minlength=len(train.classes)) / len(train)
    return Baseline(MAJORITY, lambda part: np.tile(shares, (len(part), 1)), len(shares) - 1, digest_arrays([shares]))


def _logistic_regression(train: Part, *, seed: int) -> Baseline:
    """Of the pixels, made smaller until an image has at most 1,024 numbers, in at most 200 steps of L-BFGS."""
    chosen = np.arange(len(train))
    if len(train) > MOST_IMAGES:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, MOST_IMAGES, replace=False))
    model = LogisticRegression(max_iter=STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a baseline need not be fitted to the last digit
        with threadpool_limits(1):  # more threads give other last digits, and on a busy machine wait for each other
            model.fit(_numbers(train, chosen), train.labels[chosen])

    def predict(part: Part) -> np.ndarray:
        probabilities = np.zeros((len(part), len(part.classes)))
        probabilities[:, model.classes_] = model.predict_proba(_numbers(part, np.arange(len(part))))
        return probabilities

    fitted = [model.coef_, model.intercept_]
    return Baseline(REGRESSION, predict, sum(array.size for array in fitted), digest_arrays(fitted))


def _numbers(part: Part, positions: np.ndarray) -> np.ndarray:
    """The images at ``positions`` as rows of numbers from 0 to 1."""
    height, width, channels = part.shape
    shrink = min(1.0, math.sqrt(MOST_NUMBERS / (height * width * channels)))
    size = max(1, int(width * shrink)), max(1, int(height * shrink))
    rows = [
        cv2.resize(part.images(positions[place : place + 1])[0], size, interpolation=cv2.INTER_AREA).ravel()
        for place in range(len(positions))
    ]
    return np.stack(rows).astype(np.float32) / 255
