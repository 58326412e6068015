"""Which test images are shown: by a stated rule, so that nobody picks the pretty ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

# In the order in which they are taken; the first three always, more where more cases are asked for.
RULES = ("best", "typical", "worst", "lower_quarter", "second_worst")


def choose_cases(dice: np.ndarray, count: int) -> pd.DataFrame:
    """The ``count`` cases to show, 3 to 5, by the Dice of each image.

    They are the best one, the one of median Dice, the worst one, the one that a quarter of the images do worse than,
    and the second worst. Equal ones are taken in their order, each image once; images without a Dice are not shown.

    Args:
        dice: of each image of the part, (n,); nan where nothing was to be found and nothing was.
        count: how many.

    Returns:
        A row a case: ``position`` (in the part), ``rule`` and ``dice``.
    """
    falling = [int(place) for place in np.argsort(-dice, kind="stable") if np.isfinite(dice[place])]
    n = len(falling)
    middle, quarter = (sorted(range(n), key=lambda rank: (abs(rank - share * (n - 1)), rank)) for share in (0.5, 0.75))
    queues = {
        "best": falling,
        "typical": [falling[rank] for rank in middle],
        "worst": falling[::-1],
        "lower_quarter": [falling[rank] for rank in quarter],
        "second_worst": falling[::-1],
    }
    taken: dict[int, str] = {}
    for rule in RULES[:count]:
        free = [place for place in queues[rule] if place not in taken]
        if free:
            taken[free[0]] = rule
    places = list(taken)
    return pd.DataFrame({"position": places, "rule": list(taken.values()), "dice": dice[places]})
