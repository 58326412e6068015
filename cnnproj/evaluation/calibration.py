"""Whether probabilities mean what they say: of the images named with 80 %, are 80 % named correctly?"""

from __future__ import annotations

import numpy as np
import pandas as pd

BINS = 15


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """The points of a reliability diagram.

    The probability of the predicted class is put into one of 15 bins of equal width; an edge belongs to the bin below.

    Args:
        probabilities: (n, classes).
        labels: (n,).

    Returns:
        A row a bin: ``low`` and ``high`` (its edges), ``n``, and the means ``confidence`` and ``accuracy`` of its
        images (nan where there are none).

    Source: Guo et al., "On calibration of modern neural networks" (2017), after Naeini et al. (2015).
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, BINS + 1)
    bins = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, BINS - 1)
    n = np.bincount(bins, minlength=BINS)
    sums = (np.bincount(bins, weights=values, minlength=BINS) for values in (confidence, right))
    means = [np.divide(total, n, out=np.full(BINS, np.nan), where=n > 0) for total in sums]
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "n": n, "confidence": means[0], "accuracy": means[1]})


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The expected calibration error (ECE): how far confidence and accuracy of a bin lie apart, in the mean of images.

    0 is perfect. With few images it is above 0 by chance alone.
    """
    bins = reliability(probabilities, labels).dropna()
    return float((bins["n"] * (bins["accuracy"] - bins["confidence"]).abs()).sum() / bins["n"].sum())
