"""Figures of tuning and training: the trials of a search, and the epochs of the final training."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from cnnproj.reporting.figures.chart import BLUE, GRAY, INK, ORANGE, VERMILION, WIDTH, Chart, house_style, short
from cnnproj.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cnnproj.reporting.results import Search, Training

MOST_PANELS = 4  # hyperparameters beside the course of the search; the report's table has all


@house_style()
def trials(search: Search) -> Chart:
    """Validation accuracy trial by trial with the best so far, and beside it against each hyperparameter tried."""
    names = [name for name in search.space if search.trials[name].nunique() > 1][:MOST_PANELS]
    chart = Chart(WIDTH, 2.6)
    ratios = [1.9, *[1.0] * len(names)]
    grid = chart.subplots(1, len(ratios), squeeze=False, sharey=True, width_ratios=ratios)[0]
    _course(grid[0], search.trials)
    for axes, name in zip(grid[1:], names, strict=True):
        _against(axes, search.trials, name, search.space[name])
    chart.legend(*grid[0].get_legend_handles_labels(), loc="outside upper left", ncols=4)
    return chart


def range_limits(space: str) -> tuple[float, float, bool] | None:
    """Lowest and highest value and whether the scale is logarithmic, from a range as text; ``None`` for a list."""
    found = re.fullmatch(r"(\S+) … (\S+)( \(log\))?", space)
    return (float(found[1]), float(found[2]), bool(found[3])) if found else None


def _value_text(value: object) -> str:
    """A value of a hyperparameter as text, the same for 0, 0.0 and "0"."""
    try:
        return f"{float(str(value)):.12g}"
    except ValueError:
        return str(value)


def _course(axes: Axes, trials: pd.DataFrame) -> None:
    accuracy = trials["val_accuracy"].astype(float)
    failed, chosen = accuracy.isna(), trials["best"].astype(bool)
    so_far = accuracy.cummax().ffill()
    axes.step(trials["trial"], so_far, where="post", color=GRAY, linestyle="--", label=say("figures.best_so_far"))
    axes.plot(trials["trial"], accuracy, "o", color=BLUE, label=say("figures.trial"))
    _star(axes, trials["trial"][chosen], accuracy[chosen])
    if failed.any():
        axes.plot(
            trials["trial"][failed],
            np.full(failed.sum(), 0.04),
            "x",
            color=INK,
            transform=axes.get_xaxis_transform(),
            label=say("figures.failed"),
        )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set(xlabel=say("figures.trial_number"), ylabel=say("figures.val_accuracy"))
    axes.set_xlim(0.5, len(trials) + 0.5)
    axes.grid(axis="y")


def _star(axes: Axes, x: pd.Series, y: pd.Series) -> None:
    axes.plot(x, y, "*", color=VERMILION, markersize=12, markeredgecolor="white", label=say("figures.best_trial"))


def _against(axes: Axes, trials: pd.DataFrame, name: str, space: str) -> None:
    """Validation accuracy against one hyperparameter, over its range or the values that it might have had."""
    chosen = trials["best"].astype(bool)
    limits = range_limits(space)
    if limits is None:
        values = space.split(", ")
        x = trials[name].map(_value_text).map({_value_text(value): place for place, value in enumerate(values)})
        axes.set_xticks(range(len(values)), [short(value, 10) for value in values])
        axes.set_xlim(-0.5, len(values) - 0.5)
    else:
        low, high, log = limits
        x = trials[name]
        axes.set_xscale("log" if log else "linear")
        top = trials["val_accuracy"].max()
        axes.plot([low, high], [top, top], alpha=0)  # the axis spans the range, also where no trial fell
        axes.set_xticks([low, high], [f"{low:g}", f"{high:g}"])
        axes.set_xticks([], minor=True)
    axes.plot(x, trials["val_accuracy"].astype(float), "o", color=BLUE)
    _star(axes, x[chosen], trials["val_accuracy"][chosen].astype(float))
    axes.set_xlabel(short(name))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y")


@house_style()
def history(training: Training) -> Chart:
    """Loss and accuracy epoch by epoch, training against validation; the epoch whose weights were kept is marked."""
    table, best = training.history, training.recipe.best_epoch
    chart = Chart(WIDTH, 2.7)
    for axes, name in zip(chart.subplots(1, 2), ("loss", "accuracy"), strict=True):
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
