"""Which test images are shown: by a stated rule, so that nobody picks the pretty ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

# In the order in which they are taken; the first three always, more where more cases are asked for.
RULES = ("confident_right", "confident_wrong", "least_sure", "typical_right", "second_confident_wrong")


def choose_cases(probabilities: np.ndarray, labels: np.ndarray, count: int) -> pd.DataFrame:
    """The ``count`` cases to show, 3 to 5.

    They are the most confident right one, the most confident wrong one, the least sure one (smallest lead of the
    first class over the second), the right one of median confidence, and the second most confident wrong one. Where
    there are not enough wrong ones, the next least sure ones take their place (rule ``next_least_sure``).

    Args:
        probabilities: (n, classes).
        labels: (n,).
        count: how many.

    Returns:
        A row a case: ``position`` (in the part), ``rule``; ``label``, ``predicted`` and ``second`` (the runner-up) as
        positions in the classes; ``probability`` (of the prediction), ``second_probability``, ``label_probability``.
    """
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    top = np.sort(probabilities, axis=1)
    lead = top[:, -1] - top[:, -2]
    right = predicted == labels
    # Ties are broken by position: a stable sort of a fixed order.
    falling = np.argsort(-confidence, kind="stable")
    rising_lead = np.argsort(lead, kind="stable")
    rights = falling[right[falling]]
    queues = {
        "confident_right": rights,
        "confident_wrong": falling[~right[falling]],
        "least_sure": rising_lead,
        "typical_right": rights[np.argsort(np.abs(np.arange(len(rights)) - len(rights) // 2), kind="stable")],
        "second_confident_wrong": falling[~right[falling]],
    }
    taken: dict[int, str] = {}
    for rule in RULES[:count]:
        free = [int(place) for place in queues[rule] if int(place) not in taken]
        if free:
            taken[free[0]] = rule
    for place in rising_lead:
        if len(taken) < min(count, len(labels)) and int(place) not in taken:
            taken[int(place)] = "next_least_sure"
    places = np.array(list(taken))
    second = np.argsort(-probabilities[places], axis=1, kind="stable")[:, 1]
    return pd.DataFrame(
        {
            "position": places,
            "rule": list(taken.values()),
            "label": labels[places],
            "predicted": predicted[places],
            "second": second,
            "probability": confidence[places],
            "second_probability": probabilities[places, second],
            "label_probability": probabilities[places, labels[places]],
        }
    )
