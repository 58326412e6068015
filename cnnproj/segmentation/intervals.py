"""How far the scores of a segmentation may be off, the test part having only so many images: by bootstrap."""

from __future__ import annotations

import numpy as np
from scipy.stats import t

from cnnproj.evaluation.intervals import LEVEL, Interval, corrected, leave_out, resamples
from cnnproj.segmentation.scores import Counts, mean, scored


def intervals(counts: Counts, groups: np.ndarray, *, seed: int, background: bool = False) -> dict[str, Interval]:
    """The 95 % bootstrap interval (BCa) of each of the ``scores``, and of the Dice of each class.

    What is drawn again are images, or groups of them where there are groups, never pixels: those of one image are right
    or wrong together. Nothing is said of fewer than two images.

    Args:
        counts: of the part.
        groups: which images belong together, (n,); each its own where nothing does.
        seed: of the resamples; with the same one they are the same for every model.
        background: as in ``scores``.

    Returns:
        The intervals by the names of ``scores``; and ``dice:<class>`` for each class by its number.
    """
    sets = len(np.unique(groups))
    if sets < 2:
        return {}
    parts = [_weighted(counts, weights, background) for weights in resamples(groups, seed=seed)]
    drawn = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    left = _weighted(counts, leave_out(groups), background)
    known = _weighted(counts, np.ones((1, len(groups))), background)
    far = (sets / (sets - 1)) ** 0.5 * float(t.ppf((1 + LEVEL) / 2, sets - 1))
    return {name: corrected(drawn[name], float(known[name][0]), left[name], far) for name in drawn}


def _weighted(counts: Counts, weights: np.ndarray, background: bool) -> dict[str, np.ndarray]:
    """The scores where image i counts ``weights[:, i]`` times, by name, (resamples,)."""
    chosen = scored(counts.truth.shape[1], background=background)
    by_class = {"dice": _means(counts.dice, weights), "iou": _means(counts.iou, weights)}
    whole = weights @ (counts.truth + counts.predicted)
    together = np.divide(2 * (weights @ counts.both), whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    found = {name: mean(values[:, chosen]) for name, values in by_class.items()}
    found["pooled_dice"] = mean(together[:, chosen])
    found["pixel_accuracy"] = _means(counts.pixel_accuracy[:, None], weights)[:, 0]
    return found | {f"dice:{label}": by_class["dice"][:, label] for label in range(counts.truth.shape[1])}


def _means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weighted mean of each column over the images in which it is a number, (resamples, columns)."""
    known = np.isfinite(values)
    total = weights @ known
    summed = weights @ np.where(known, values, 0)
    means: np.ndarray = np.divide(summed, total, out=np.full(total.shape, np.nan), where=total > 0)
    return means


def difference(
    one: Counts, other: Counts, groups: np.ndarray, *, seed: int, background: bool = False
) -> tuple[float, Interval]:
    """By how much the Dice of ``one`` is above that of ``other`` on the same images, and the 95 % interval of that.

    Both are taken of the same resamples: what makes an image hard is hard for both, and falls out of the difference.
    There is no interval of fewer than two images.
    """

    def apart(weights: np.ndarray) -> np.ndarray:
        found: np.ndarray = _weighted(one, weights, background)["dice"] - _weighted(other, weights, background)["dice"]
        return found

    value, sets = float(apart(np.ones((1, len(groups))))[0]), len(np.unique(groups))
    if sets < 2:
        return value, Interval(np.nan, np.nan, "")
    drawn = np.concatenate([apart(weights) for weights in resamples(groups, seed=seed)])
    far = (sets / (sets - 1)) ** 0.5 * float(t.ppf((1 + LEVEL) / 2, sets - 1))
    return value, corrected(drawn, value, apart(leave_out(groups)), far)
