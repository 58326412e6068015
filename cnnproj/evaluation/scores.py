"""The scores of probabilities against labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import (
    confusion_matrix,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)

from cnnproj.evaluation.calibration import calibration_error


def scores(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Every score by its name, in the order of reports.

    ``accuracy``; ``top_3_accuracy`` from 6 classes on, ``top_5_accuracy`` in its place from 21 on;
    ``balanced_accuracy``, the mean of the classes' recalls; ``macro_precision``; ``macro_f1``; ``roc_auc``, the mean of
    each class against the others; ``log_loss``; ``calibration_error``. Means are over the classes that ``labels`` has;
    the precision of a class that is never predicted is 0.

    Args:
        probabilities: (n, classes), rows with the sum 1.
        labels: the true class of each, (n,).

    Returns:
        Shares from 0 to 1, the log loss in nats; an AUC of nan where all labels are of one class.
    """
    classes = probabilities.shape[1]
    predicted = probabilities.argmax(axis=1)
    seen = np.unique(labels)
    columns = precision_recall_fscore_support(labels, predicted, labels=seen, zero_division=0.0)
    precision, recall, f1 = (float(np.mean(column)) for column in columns[:3])
    k, name = top_k(classes)
    ranked = {name: float(is_among(probabilities, labels, k).mean())} if k else {}
    return {
        "accuracy": float((predicted == labels).mean()),
        **ranked,
        "balanced_accuracy": recall,
        "macro_precision": precision,
        "macro_f1": f1,
        "roc_auc": _auc(probabilities, labels, seen),
        "log_loss": float(log_loss(labels, in_float64(probabilities), labels=np.arange(classes))),
        "calibration_error": calibration_error(probabilities, labels),
    }


def top_k(classes: int) -> tuple[int, str]:
    """Among how many first guesses to look for the truth, and the name of that score; 0 and "" where it is none."""
    return (0, "") if classes < 6 else (3, "top_3_accuracy") if classes <= 20 else (5, "top_5_accuracy")


def is_among(probabilities: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Whether the truth is among the ``k`` classes with the highest probabilities, (n,) of bool; of equals the last."""
    order = np.argsort(probabilities, axis=1, kind="stable")[:, -k:]
    among: np.ndarray = (order == labels[:, None]).any(axis=1)
    return among


def _auc(probabilities: np.ndarray, labels: np.ndarray, seen: np.ndarray) -> float:
    if len(seen) < 2:
        return float("nan")
    return float(np.mean([roc_auc_score(labels == label, probabilities[:, label]) for label in seen]))


def in_float64(probabilities: np.ndarray) -> np.ndarray:
    """``probabilities`` with the sum 1 in float64: float32 rounds it."""
    exact: np.ndarray = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    return exact


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


def confident_errors(probabilities: np.ndarray, labels: np.ndarray, most: int) -> np.ndarray:
    """The positions of at most ``most`` wrong predictions, the surest first, equal ones in order."""
    confidence = probabilities.max(axis=1)
    falling = np.argsort(-confidence, kind="stable")
    wrong = probabilities.argmax(axis=1) != labels
    surest: np.ndarray = falling[wrong[falling]][:most]
    return surest
