"""What is told of the classes' sizes: training images of each before they are evened out, and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from cnnproj.data.balance import class_weights
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.data.images import Images
    from cnnproj.reporting.results import Results
    from cnnproj.settings import Balance

NOTICEABLE = 1.5  # times as many training images in the largest class as in the smallest


def balance_table(images: Images, balance: Balance) -> pd.DataFrame:
    """The training images of each class (rows, in the order of the classes) before and after balancing.

    Columns:
        ``images``: real ones. ``shown``: how many an epoch shows. ``extra``: how many of those are artificial, beyond
        each image once. ``weight``: of an image in the loss. ``effective``: ``shown`` times ``weight``.
    """
    labels = images.train.labels
    counts = images.counts["train"]
    shown = counts.where(counts == 0, counts.max()) if balance == "augment" else counts
    weight = class_weights(labels, len(images.classes)) if balance == "class_weights" else 1.0
    table = pd.DataFrame({"images": counts, "shown": shown, "extra": shown - counts, "weight": weight})
    return table.assign(effective=table["shown"] * table["weight"])


def balance_facts(results: Results) -> dict[str, Any] | None:
    """What the report says of the balance; nothing where it was not asked for and classes hardly differ."""
    balance = results.settings.training.balance
    table = balance_table(results.images, balance)
    counts = table.loc[table["images"] > 0, "images"]
    ratio = counts.max() / counts.min()
    if balance == "none" and ratio < NOTICEABLE:
        return None
    return {
        "balance": balance,
        "ratio": _ratio(counts, ratio),
        "rows": table.to_dict("index"),
        "totals": table.sum(),
        "largest": int(counts.max()),
        "absent": list(table.index[table["images"] == 0]),
    }


def _ratio(counts: pd.Series, ratio: float) -> str:
    """How far apart the largest and the smallest class are, in a sentence."""
    largest, smallest = int(counts.max()), int(counts.min())
    if largest == smallest:
        return say("report.balance.equal", n=largest)
    times = f"{ratio:.2f}" if ratio < 1.1 else f"{ratio:.1f}".removesuffix(".0")
    return say(
        "report.balance.ratio",
        large=counts.idxmax(),
        small=counts.idxmin(),
        largest=largest,
        n=smallest,
        times=times,
    )
