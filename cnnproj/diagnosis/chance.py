"""How much better than chance predictions are, also where classes are of unequal size."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm


def confusion_of(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """How often each class, (rows) 0 to ``classes`` - 1, was taken for each (columns): int64, (classes, classes)."""
    table = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(table, (truth, predicted), 1)
    return table


def skill(confusion: np.ndarray) -> float:
    """Cohen's kappa: 0 for whatever does not depend on the image, 1 for no mistake.

    Source: Cohen, "A coefficient of agreement for nominal scales" (1960).
    """
    right, chance = _shares(confusion)
    return float((right - chance) / (1 - chance)) if chance < 1 else 0.0


def by_chance(confusion: np.ndarray) -> float:
    """The probability that at least so many are right if the same predictions were dealt out to images at random.

    By the normal approximation of that distribution. Source: Hoeffding, "A combinatorial central limit theorem" (1951).
    """
    n, truth, predicted = confusion.sum(), confusion.sum(axis=1), confusion.sum(axis=0)
    right, chance = _shares(confusion)
    apart = np.eye(len(confusion)) - truth[:, None] / n - predicted[None, :] / n + chance
    variance = float((predicted[:, None] * truth[None, :] * apart**2).sum() / max(1, n - 1))
    if variance <= 0:
        return 1.0
    return float(norm.sf((n * (right - chance) - 0.5) / variance**0.5))


def _shares(confusion: np.ndarray) -> tuple[float, float]:
    """The share that is right, and the share that would be if predictions were dealt out at random."""
    n = confusion.sum()
    expected = (confusion.sum(axis=1) / n) @ (confusion.sum(axis=0) / n)
    return float(np.trace(confusion) / n), float(expected)
