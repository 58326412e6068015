"""Whether one model is really better than another, measured on the same images."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cnnproj.evaluation.intervals import LEVEL, resamples

ALPHA = 1 - LEVEL


def compare(best: str, right: Mapping[str, np.ndarray], groups: np.ndarray, *, seed: int) -> pd.DataFrame:
    """The model ``best`` against each other one, by which of the same images each has right.

    Args:
        best: its name.
        right: of each model, by its name, which images it has right, (n,) of bool.
        groups: which images belong together, (n,); each its own where nothing does.
        seed: of the bootstrap.

    Returns:
        A row a model but ``best``: ``model``; ``difference``, the accuracy of ``best`` less that of the model, and its
        95 % bootstrap interval ``low`` to ``high``; ``only_best`` and ``only_other``, how many images one of the two
        alone has right; ``p``, see ``exact_test``; ``p_corrected``, by Holm for as many comparisons as there are rows;
        and ``verdict`` on ``best``: ``better``, ``tied`` or ``worse``, by ``p_corrected`` below 0.05.
    """
    others = [name for name in right if name != best]
    leads = {name: right[best].astype(int) - right[name] for name in others}
    rows = []
    for name, lead in leads.items():
        low, high = _difference(lead, groups, seed=seed)
        rows.append(
            {
                "model": name,
                "difference": float(lead.mean()),
                "low": low,
                "high": high,
                "only_best": int((lead > 0).sum()),
                "only_other": int((lead < 0).sum()),
                "p": exact_test(lead, groups),
            }
        )
    table = pd.DataFrame(rows, columns=["model", "difference", "low", "high", "only_best", "only_other", "p"])
    table["p_corrected"] = holm(table["p"].to_numpy(float))
    differs = table["p_corrected"] < ALPHA
    table["verdict"] = np.where(~differs, "tied", np.where(table["difference"] > 0, "better", "worse"))
    return table


def exact_test(lead: np.ndarray, groups: np.ndarray) -> float:
    """The two-sided p of "both models are equally good".

    Without groups it is McNemar's exact test. With groups, the two models' answers are exchanged group by group in all
    ways there are, which is the same test where each group has one image.

    Args:
        lead: 1 where the first model alone is right, -1 where the second alone is, else 0; (n,).
        groups: which images belong together, (n,).

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions" (1947); exchanging by
    groups: Gail et al., "On design considerations and randomization-based inference for community intervention
    trials" (1996).
    """
    _, members = np.unique(groups, return_inverse=True)
    steps = np.abs(np.rint(np.bincount(members, weights=lead)).astype(int))
    # How probable each sum of the steps is when every sign is thrown anew: one group after the other.
    chances = np.ones(1)
    for step in steps[steps > 0]:
        wider = np.zeros(len(chances) + 2 * step)
        wider[: len(chances)] += chances / 2
        wider[2 * step :] += chances / 2
        chances = wider
    sums = np.arange(len(chances)) - len(chances) // 2
    return float(min(1.0, chances[np.abs(sums) >= abs(int(lead.sum()))].sum()))


def holm(values: np.ndarray) -> np.ndarray:
    """The p ``values``, (k,), corrected for k comparisons. Source: Holm, "A simple … test procedure" (1979)."""
    order = np.argsort(values, kind="stable")
    raised = np.maximum.accumulate(values[order] * (len(values) - np.arange(len(values))))
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(1.0, raised)
    return corrected


def _difference(lead: np.ndarray, groups: np.ndarray, *, seed: int) -> tuple[float, float]:
    means = [weights @ lead / weights.sum(axis=1) for weights in resamples(groups, seed=seed)]
    low, high = np.quantile(np.concatenate(means), [ALPHA / 2, 1 - ALPHA / 2])
    return float(low), float(high)
