"""Evening out classes of unequal size: weights in the loss, or an order that shows every class equally often."""

from __future__ import annotations

import numpy as np


def class_weights(labels: np.ndarray, classes: int) -> np.ndarray:
    """The weight of each class with which all classes count the same in the loss: n / (classes · images of the class).

    The mean weight of an image is 1, so that losses stay comparable. Source: scikit-learn's ``"balanced"``, after King
    and Zeng, "Logistic Regression in Rare Events Data" (2001).

    Args:
        labels: the class of each training image, (n,), 0 to ``classes`` - 1.
        classes: how many classes there are.

    Returns:
        float32, (classes,); 0 for a class without an image.
    """
    counts = np.bincount(labels, minlength=classes)
    weights = len(labels) / (classes * np.maximum(counts, 1))
    return np.where(counts, weights, 0).astype(np.float32)


def balanced_order(labels: np.ndarray, *, seed: int) -> np.ndarray:
    """One epoch in which every class appears as often as the largest, as positions in ``labels``, mixed.

    Each image of a class appears floor(largest / images of the class) times; those that appear once more, to fill the
    class up, are drawn anew for each seed.

    Args:
        labels: the class of each training image, (n,).
        seed: of this epoch.

    Returns:
        int, (classes with an image · images of the largest,).
    """
    draw = np.random.default_rng(seed)
    present, counts = np.unique(labels, return_counts=True)
    chosen = []
    for label, count in zip(present, counts, strict=True):
        places = np.flatnonzero(labels == label)
        times, missing = divmod(int(counts.max()), int(count))
        chosen += [np.tile(places, times), draw.choice(places, missing, replace=False)]
    return draw.permutation(np.concatenate(chosen))
