"""Figure of the classes' sizes: training images of each before they are evened out, and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cnnproj.reporting.balance import balance_table
from cnnproj.reporting.figures.chart import BLUE, GRAY, ORANGE, WIDTH, Chart, house_style, short
from cnnproj.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cnnproj.data.images import Images
    from cnnproj.settings import Balance

MOST_NAMED = 30  # classes that get a bar; of more, half of them the largest and half the smallest
_BEFORE: dict[str, Any] = {"facecolor": BLUE, "edgecolor": BLUE, "linewidth": 0.8}
_AFTER: dict[str, Any] = {"facecolor": "white", "edgecolor": ORANGE, "hatch": "/////", "linewidth": 0.8}
_TALLEST = 7.13  # inches of bars: with axis and legend, a page
_BAR = 0.72  # of the room of a class


@house_style()
def balance(images: Images, balance: Balance = "none") -> Chart:
    """The training images of each class before and after they are evened out: bars, one class a row.

    With ``augment`` the artificial extra images of an epoch lengthen the bars of the real ones; with ``class_weights``
    a second bar shows how many images of weight 1 a class counts for; with ``none`` there is nothing but the images.
    Of more than 30 classes, sorted by size, the 15 largest and the 15 smallest are shown.

    Args:
        images: of the project.
        balance: ``none``, ``class_weights`` or ``augment``, as in project.toml.
    """
    table, hidden = _shown(balance_table(images, balance))
    room = (len(table) + bool(hidden)) * (0.34 if balance == "class_weights" else 0.23)
    chart = Chart(WIDTH, 0.85 + min(room, _TALLEST))
    axes = chart.add_subplot()
    places = np.arange(len(table), dtype=float)
    if hidden:
        places[MOST_NAMED // 2 :] += 1  # an empty row, for what is not shown
    _bars(axes, places, table, balance)
    axes.set_yticks(places, [short(label, 24) for label in table.index])
    if hidden:
        more = say("figures.more_between", n=hidden)
        axes.annotate(more, (0, MOST_NAMED // 2), (4, 0), textcoords="offset points", va="center", color=GRAY)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(say("figures.training_images"))
    axes.margins(y=0.01)
    if balance != "none":
        chart.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return chart


def _shown(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """The rows that get a bar, and how many do not."""
    if len(table) <= MOST_NAMED:
        return table, 0
    order = table.sort_values("images", ascending=False, kind="stable")
    half = MOST_NAMED // 2
    return pd.concat([order.head(half), order.tail(half)]), len(table) - 2 * half


def _bars(axes: Axes, places: np.ndarray, table: pd.DataFrame, balance: Balance) -> None:
    real, extra = table["images"].to_numpy(), table["extra"].to_numpy()
    if balance == "class_weights":
        half, after = _BAR / 2, table["effective"].to_numpy()
        axes.barh(places - half / 2, real, height=half, label=say("figures.real"), **_BEFORE)
        axes.barh(places + half / 2, after, height=half, label=say("figures.effective"), **_AFTER)
        notes = [
            f"{count:,} × {weight:.3g}" if count else "0" for count, weight in zip(real, table["weight"], strict=True)
        ]
        ends = np.maximum(real, after)
    else:
        axes.barh(places, real, height=_BAR, label=say("figures.real"), **_BEFORE)
        filled = extra > 0  # a bar of no length would still show its edge
        options: dict[str, Any] = {"height": _BAR, "label": say("figures.extra"), **_AFTER}
        axes.barh(places[filled], extra[filled], left=real[filled], **options)
        notes = [f"{count:,} + {more:,}" if more else f"{count:,}" for count, more in zip(real, extra, strict=True)]
        ends = table["shown"].to_numpy()
    for place, end, note in zip(places, ends, notes, strict=True):
        axes.annotate(note, (end, place), (4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_xlim(0, 1.01 * ends.max())
