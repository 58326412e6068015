"""The scores of probabilities against labels, with their intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

from cnnproj.run import Score


def score(probabilities: np.ndarray, labels: np.ndarray) -> Score:
    """Accuracy with its 95 % Wilson interval, and log loss.

    Args:
        probabilities: (n, classes).
        labels: the true class of each, (n,).

    Source: Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
    """
    right, n = int((probabilities.argmax(axis=1) == labels).sum()), len(labels)
    interval = binomtest(right, n).proportion_ci(0.95, method="wilson")
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)  # float32 rounds a sum of 1
    loss = log_loss(labels, exact, labels=np.arange(probabilities.shape[1]))
    return Score(accuracy=right / n, low=interval.low, high=interval.high, log_loss=float(loss), n=n)


def class_table(probabilities: np.ndarray, labels: np.ndarray, classes: tuple[str, ...]) -> pd.DataFrame:
    """A row a class: ``precision``, ``recall``, ``f1`` and ``support`` (its images in the part)."""
    columns = precision_recall_fscore_support(
        labels, probabilities.argmax(axis=1), labels=np.arange(len(classes)), zero_division=0.0
    )
    names = ("precision", "recall", "f1", "support")
    return pd.DataFrame({"class": classes, **dict(zip(names, columns, strict=True))})


def confusion(probabilities: np.ndarray, labels: np.ndarray, classes: tuple[str, ...]) -> pd.DataFrame:
    """How many images of each true class (rows, column ``class``) were taken for each class (columns)."""
    counts = confusion_matrix(labels, probabilities.argmax(axis=1), labels=np.arange(len(classes)))
    return pd.concat([pd.Series(classes, name="class"), pd.DataFrame(counts, columns=list(classes))], axis=1)
