"""Figures of a search: trial by trial, against each hyperparameter, all at once, and which of them mattered."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from cnnproj.reporting.figures.chart import BLUE, GRAY, INK, VERMILION, WIDTH, Chart, house_style, short
from cnnproj.words import say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from cnnproj.reporting.results import Search

MOST_PANELS = 4  # hyperparameters beside the course of the search; the report's table has all
LEAST_TRIALS = 5  # finished ones, from which something can be said about hyperparameters
HOLLOW: dict[str, Any] = {"color": BLUE, "markerfacecolor": "white"}


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
    chart.legend(*grid[0].get_legend_handles_labels(), loc="outside upper left", ncols=5)
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


def score_of(trials: pd.DataFrame) -> str:
    """The column of the score that trials were judged by: ``val_accuracy``, or ``val_dice`` of a segmentation."""
    return "val_dice" if "val_dice" in trials else "val_accuracy"


def _course(axes: Axes, trials: pd.DataFrame) -> None:
    accuracy = trials[score_of(trials)].astype(float)
    failed, chosen, pruned = accuracy.isna(), trials["best"].astype(bool), _pruned(trials)
    so_far = accuracy.mask(pruned).cummax().ffill()
    axes.step(trials["trial"], so_far, where="post", color=GRAY, linestyle="--", label=say("figures.best_so_far"))
    axes.plot(trials["trial"][~pruned], accuracy[~pruned], "o", color=BLUE, label=say("figures.trial"))
    if pruned.any():
        axes.plot(trials["trial"][pruned], accuracy[pruned], "o", **HOLLOW, label=say("figures.pruned"))
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
    axes.set(xlabel=say("figures.trial_number"), ylabel=say(f"figures.{score_of(trials)}"))
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
        top = trials[score_of(trials)].max()
        axes.plot([low, high], [top, top], alpha=0)  # the axis spans the range, also where no trial fell
        axes.set_xticks([low, high], [f"{low:g}", f"{high:g}"])
        axes.set_xticks([], minor=True)
    accuracy, pruned = trials[score_of(trials)].astype(float), _pruned(trials)
    axes.plot(x[~pruned], accuracy[~pruned], "o", color=BLUE)
    axes.plot(x[pruned], accuracy[pruned], "o", **HOLLOW)
    _star(axes, x[chosen], trials[score_of(trials)][chosen].astype(float))
    axes.set_xlabel(short(name))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y")


def _pruned(trials: pd.DataFrame) -> pd.Series:
    """Which trials were stopped early; none where that was not yet recorded."""
    return trials["pruned"].astype(bool) if "pruned" in trials else pd.Series(False, trials.index)


def tells_of_hyperparameters(search: Search) -> bool:
    """Whether the search has enough finished trials, and varied enough, for ``hyperparameters`` to draw."""
    varied = [name for name in search.space if search.trials[name].nunique() > 1]
    return len(varied) > 1 and int(search.trials[score_of(search.trials)].notna().sum()) >= LEAST_TRIALS


@house_style()
def hyperparameters(search: Search) -> Chart:
    """Every trial as a line through the values of its hyperparameters; beside it, how much each of them mattered.

    How much one mattered is the share of the variance between trials that a forest fitted to them lays to it alone.
    Source: Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing hyperparameter importance" (2014).

    A search with too few finished trials gets a sentence instead: see ``tells_of_hyperparameters``.
    """
    if not tells_of_hyperparameters(search):
        chart = Chart(WIDTH, 0.6)
        chart.text(0, 0.5, say("figures.too_few_trials", n=LEAST_TRIALS), va="center")
        return chart
    trials = search.trials[search.trials[score_of(search.trials)].notna()]
    names = [name for name in search.space if trials[name].nunique() > 1]
    chart = Chart(WIDTH, 0.6 + max(2.0, 0.3 * len(names)))
    lines, bars = chart.subplots(1, 2, width_ratios=(2.4, 1))
    _lines(chart, lines, trials, names, search)
    found = importance(search)
    order = sorted(found, key=lambda name: found[name])
    bars.barh([short(name) for name in order], [found[name] for name in order], color=BLUE, height=0.6)
    bars.set(xlabel=say("figures.importance"), xlim=(0, 1))
    bars.tick_params(axis="y", length=0)
    bars.grid(axis="x")
    return chart


def importance(search: Search) -> dict[str, float]:
    """The share of the differences between trials that each hyperparameter accounts for; together 1.

    Those are left out that not every trial had, as momentum without SGD.
    """
    import optuna
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    trials = search.trials[search.trials[score_of(search.trials)].notna()]
    names = [name for name in search.space if trials[name].nunique() > 1 and trials[name].notna().all()]
    spread: dict[str, Any] = {}
    for name in names:
        if limits := range_limits(search.space[name]):
            spread[name] = optuna.distributions.FloatDistribution(limits[0], limits[1], log=limits[2])
        else:
            spread[name] = optuna.distributions.CategoricalDistribution(_levels(trials[name]))
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize")
    for _, row in trials.iterrows():
        given = {
            name: float(row[name]) if range_limits(search.space[name]) else _value_text(row[name]) for name in names
        }
        study.add_trial(
            optuna.trial.create_trial(params=given, distributions=spread, value=float(row[score_of(trials)]))
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return dict(get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0)))


def _levels(values: pd.Series) -> list[str]:
    return sorted({_value_text(value) for value in values})


def _lines(chart: Chart, axes: Axes, trials: pd.DataFrame, names: list[str], search: Search) -> None:
    """Parallel coordinates: an upright axis for each of ``names``, a line for each trial, coloured by its accuracy."""
    accuracy = trials[score_of(trials)].astype(float)
    heights = np.column_stack([_height(trials[name], search.space[name]) for name in names])
    colors = ScalarMappable(Normalize(accuracy.min(), accuracy.max()), "viridis_r")
    pruned, best = _pruned(trials), trials["best"].astype(bool)
    for place in accuracy.argsort(kind="stable"):
        row = trials.index[place]
        style = ":" if pruned[row] else "-"
        width = 3.0 if best[row] else 1.2
        axes.plot(heights[place], style, color=colors.to_rgba(accuracy[row]), linewidth=width, marker="o", markersize=3)
    axes.set_xticks(range(len(names)), [short(name, 14) for name in names])
    axes.set(yticks=[], xlim=(-0.25, len(names) - 0.75), ylim=(-0.12, 1.12))
    axes.spines[:].set_visible(False)
    for place, name in enumerate(names):
        axes.axvline(place, ymin=0.1, ymax=0.9, color=GRAY, linewidth=0.8)
        limits = range_limits(search.space[name])
        ends = [f"{limits[0]:g}", f"{limits[1]:g}"] if limits else [*search.space[name].split(", ")]
        axes.text(place, -0.05, short(ends[0], 10), ha="center", va="top", fontsize=8)
        axes.text(place, 1.05, short(ends[-1], 10), ha="center", va="bottom", fontsize=8)
    axes.tick_params(axis="x", length=0, pad=8)
    chart.colorbar(colors, ax=axes, label=say(f"figures.{score_of(trials)}"), pad=0.02)


def _height(values: pd.Series, space: str) -> np.ndarray:
    """Where on its axis, 0 to 1, each of ``values`` lies; not a number where a trial has none."""
    if limits := range_limits(space):
        low, high, log = limits
        numbers = values.astype(float)
        if log:
            return np.asarray((np.log(numbers) - np.log(low)) / (np.log(high) - np.log(low)))
        return np.asarray((numbers - low) / (high - low))
    levels = [_value_text(value) for value in space.split(", ")]
    places = {level: place / max(1, len(levels) - 1) for place, level in enumerate(levels)}
    return np.array([np.nan if pd.isna(value) else places[_value_text(value)] for value in values])
