"""How far a score may be off because the test part has only so many images: 95 % intervals.

Images of one person or one session resemble one another, so they count for less than as many of different ones: where
there are groups, what is drawn again and counted are groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from scipy.stats import norm, t

from cnnproj.evaluation.scores import in_float64, is_among, top_k

LEVEL = 0.95
RESAMPLES = 1000
MOST_SETS = 200  # of groups, each left out once
AT_ONCE = 4_000_000  # weights in memory


class Interval(NamedTuple):
    """From ``low`` to ``high``, made by ``method``: ``wilson`` or ``bootstrap``; nan where there is none."""

    low: float
    high: float
    method: str


def intervals(probabilities: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, seed: int) -> dict[str, Interval]:
    """The 95 % interval of each of the ``scores`` but the calibration error, which resampling only ever raises.

    Args:
        probabilities: (n, classes), rows with the sum 1.
        labels: (n,).
        groups: which images belong together, (n,); each its own where nothing does.
        seed: of the resamples; with the same one they are the same for every model.
    """
    right = probabilities.argmax(axis=1) == labels
    found = {"accuracy": wilson(right, groups)}
    k, name = top_k(probabilities.shape[1])
    if k:
        found[name] = wilson(is_among(probabilities, labels, k), groups)
    return found | bootstrap(probabilities, labels, groups, seed=seed)


def wilson(right: np.ndarray, groups: np.ndarray) -> Interval:
    """Wilson's interval of the share of ``right``, (n,) of bool.

    With groups, n is divided by the design effect, and Student's t with as many degrees of freedom as there are groups
    but one takes the normal quantile's place: simulation found the bootstrap's intervals too short there, far too short
    near 1. Where all groups are right, or none, each group counts as one image.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference" (1927); with groups Dean and
    Pagano, "Evaluating confidence interval methods for binomial proportions in clustered surveys" (2015).
    """
    _, members = np.unique(groups, return_inverse=True)
    sizes, n = np.bincount(members), len(right)
    share, count = float(np.mean(right)), len(sizes)
    if count == n:
        return _wilson(share, n, float(norm.ppf((1 + LEVEL) / 2)))
    if count == 1:
        return Interval(0.0, 1.0, "wilson")
    excess = np.bincount(members, weights=right) - share * sizes
    variance = count / (count - 1) * float(excess @ excess) / n**2
    effective = min(n, share * (1 - share) / variance) if variance > 0 else count
    return _wilson(share, max(effective, 1.0), float(t.ppf((1 + LEVEL) / 2, count - 1)))


def _wilson(share: float, n: float, z: float) -> Interval:
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return Interval(max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share)), "wilson")


def bootstrap(probabilities: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, seed: int) -> dict[str, Interval]:
    """The bootstrap intervals (BCa) of balanced accuracy, macro precision, macro F1, AUC and log loss.

    Groups are drawn with replacement, as many as there are, and the score of all their images is taken anew. The
    percentiles are corrected for bias and skewness, and taken a little further out, as few groups ask for.

    Source: Efron, "Better bootstrap confidence intervals" (1987); Hesterberg, "What teachers should know about the
    bootstrap" (2015).
    """
    count = len(np.unique(groups))
    if count < 2:
        return {}
    drawn = _scores_of_all(probabilities, labels, resamples(groups, seed=seed))
    left = _scores_of_all(probabilities, labels, [leave_out(groups)])
    known = _scores_of(probabilities, labels, np.ones((1, len(labels))))
    far = (count / (count - 1)) ** 0.5 * float(t.ppf((1 + LEVEL) / 2, count - 1))
    return {name: corrected(drawn[name], float(known[name][0]), left[name], far) for name in drawn}


def _scores_of_all(
    probabilities: np.ndarray, labels: np.ndarray, weights: Iterable[np.ndarray]
) -> dict[str, np.ndarray]:
    parts = [_scores_of(probabilities, labels, rows) for rows in weights]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def leave_out(groups: np.ndarray) -> np.ndarray:
    """Weights that leave out one group a row, or one of 200 sets of groups where there are more, (rows, n)."""
    _, members = np.unique(groups, return_inverse=True)
    sets = members % min(int(members.max()) + 1, MOST_SETS)
    kept: np.ndarray = (sets != np.unique(sets)[:, None]).astype(np.float64)
    return kept


def corrected(drawn: np.ndarray, value: float, left: np.ndarray, far: float) -> Interval:
    """The interval of a score of ``value`` from its values in resamples, and in those with some images left out."""
    drawn, left = drawn[np.isfinite(drawn)], left[np.isfinite(left)]
    if not len(drawn) or not np.isfinite(value):
        return Interval(np.nan, np.nan, "bootstrap")
    below = (np.mean(drawn < value) + np.mean(drawn <= value)) / 2
    bias = float(norm.ppf(np.clip(below, 1 / len(drawn), 1 - 1 / len(drawn))))
    apart = left.mean() - left
    spread = float((apart**2).sum()) ** 1.5
    skewness = float((apart**3).sum()) / (6 * spread) if spread > 0 else 0.0
    tails = [float(norm.cdf(bias + (bias + z) / (1 - skewness * (bias + z)))) for z in (-far, far)]
    low, high = np.quantile(drawn, tails)
    return Interval(float(low), float(high), "bootstrap")


def resamples(groups: np.ndarray, *, seed: int) -> Iterator[np.ndarray]:
    """How often each image stands in each of ``RESAMPLES`` resamples of ``groups``, some rows of (·, n) at a time."""
    _, members = np.unique(groups, return_inverse=True)
    count, draw = int(members.max()) + 1, np.random.default_rng(seed)
    rows = max(1, AT_ONCE // len(groups))
    for start in range(0, RESAMPLES, rows):
        times = draw.multinomial(count, np.full(count, 1 / count), size=min(rows, RESAMPLES - start))
        yield times[:, members].astype(np.float64)


def _scores_of(probabilities: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """The scores where image i counts ``weights[:, i]`` times, by name, (resamples,)."""
    seen = np.unique(labels)
    truth = labels[:, None] == seen
    given = probabilities.argmax(axis=1)[:, None] == seen
    support, named, hit = weights @ truth, weights @ given, weights @ (truth & given)
    exact = in_float64(probabilities)[np.arange(len(labels)), labels]
    loss = -np.log(np.maximum(exact, np.finfo(np.float64).eps))
    with np.errstate(invalid="ignore"):  # a class that a resample lacks has no recall there
        recall, f1 = hit / support, np.where(support > 0, 2 * hit / (support + named), np.nan)
    precision = np.divide(hit, named, out=np.zeros_like(hit), where=named > 0)
    areas = np.stack([_area(probabilities[:, label], labels == label, weights) for label in seen], axis=1)
    return {
        "balanced_accuracy": _mean(recall),
        "macro_precision": _mean(np.where(support > 0, precision, np.nan)),
        "macro_f1": _mean(f1),
        "roc_auc": _mean(areas),
        "log_loss": weights @ loss / weights.sum(axis=1),
    }


def _area(values: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The area under the ROC curve of each row of ``weights``, (resamples,): equal values count half."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=-np.inf))
    for_, against = (np.add.reduceat(weights[:, order] * side[order], starts, axis=1) for side in (positive, ~positive))
    below = np.cumsum(against, axis=1) - against / 2
    with np.errstate(invalid="ignore"):
        area: np.ndarray = (for_ * below).sum(axis=1) / (for_.sum(axis=1) * against.sum(axis=1))
    return area


def _mean(columns: np.ndarray) -> np.ndarray:
    """The mean of each row, of what is a number in it; nan where nothing is."""
    known = np.isfinite(columns)
    total = np.where(known, columns, 0).sum(axis=1)
    mean: np.ndarray = np.divide(total, known.sum(axis=1), out=np.full(len(columns), np.nan), where=known.any(axis=1))
    return mean
