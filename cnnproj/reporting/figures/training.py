"""The figure of the epochs of a final training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from cnnproj.reporting.figures.chart import BLUE, GRAY, INK, ORANGE, WIDTH, Chart, house_style
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.reporting.results import Training


@house_style()
def history(training: Training) -> Chart:
    """Loss and accuracy (or Dice) epoch by epoch, training against validation; the epoch that was kept is marked."""
    table, best = training.history, training.recipe.best_epoch
    score = "dice" if "dice" in table else "accuracy"
    chart = Chart(WIDTH, 2.7)
    for axes, name in zip(chart.subplots(1, 2), ("loss", score), strict=True):
        axes.axvline(best, color=GRAY, linewidth=1, linestyle=":", label=say("figures.kept_epoch"))
        few = len(table) <= 40
        for column, part, color, line in (
            (name, "train", BLUE, "o-"),
            (f"val_{name}", "validation", ORANGE, "s--"),
        ):
            style = line if few else line[1:]
            axes.plot(table["epoch"], table[column], style, color=color, markersize=3.5, label=say(f"figures.{part}"))
        axes.plot(
            best, table.loc[table["epoch"] == best, f"val_{name}"], "D", color=INK, fillstyle="none", markersize=8
        )
        axes.set_title(say(f"figures.{name}"))
        axes.set_xlabel(say("figures.epoch"))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlim(0.5, max(len(table), 1) + 0.5)
        axes.grid(axis="y")
    handles, labels = axes.get_legend_handles_labels()
    chart.legend(handles[1:] + handles[:1], labels[1:] + labels[:1], loc="outside upper left", ncols=3)
    return chart
