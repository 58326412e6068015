"""Whether the tables of trials and epochs can have come out of the search and the training that the settings want."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from cnnproj.models import CONDITIONS, Choice, Range, Value
from cnnproj.randomness import derive_seed
from cnnproj.selection import FINE, Goal
from cnnproj.submission.finding import Finding, Tally
from cnnproj.submission.verification.evidence import Evidence
from cnnproj.tuning.pruning import brackets
from cnnproj.tuning.tables import varied

NEARLY = 1e-6


def check_search(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """Whether the trials are such as the search makes, and the best of them was chosen by its rule."""
    for model in evidence.networks:
        trials = evidence.submission.trials(model)
        where = f"models/{model}/trials.csv"
        tally.add(trials.size)
        yield from _trials(evidence, trials, where)
        yield from _values(evidence, model, trials, where)
        yield from _chosen(evidence, model, trials, where)


def _trials(evidence: Evidence, trials: pd.DataFrame, where: str) -> Iterator[Finding]:
    settings = evidence.submission.settings
    if list(trials["trial"]) != list(range(1, len(trials) + 1)):
        yield Finding("discrepancy", "trials_numbered", {"where": where})
    if len(trials) < settings.trials and settings.search.sampler != "grid":
        yield Finding(
            "discrepancy", "too_few_trials", {"where": where, "claimed": len(trials), "found": settings.trials}
        )
    rungs = brackets(settings.search.pruning, settings.search_epochs)
    goal, n = evidence.goal, evidence.size_of("validation")
    for row in trials.to_dict("records"):
        place = f"{where}: {row['trial']}"
        failed, pruned, epochs = bool(row["reason"]), row["pruned"], row["epochs"]
        whole = settings.training.patience is None
        if epochs > settings.search_epochs or (whole and not failed and not pruned and epochs < settings.search_epochs):
            yield _other("epochs_of_trial", place, epochs, settings.search_epochs)
        if pruned and epochs not in rungs[(row["trial"] - 1) % len(rungs)]:
            allowed = ", ".join(map(str, rungs[(row["trial"] - 1) % len(rungs)]))
            yield _other("stopped_at", place, epochs, allowed or "–")
        if failed != bool(np.isnan(row[goal.column])) or (not failed and not 1 <= row["epoch"] <= epochs):
            yield _other("epoch_of_trial", place, row["epoch"], epochs)
        if not failed and not _can_be(row[goal.column], goal, n):
            yield _other("share_of_validation", place, row[goal.column], n)


def _values(evidence: Evidence, model: str, trials: pd.DataFrame, where: str) -> Iterator[Finding]:
    """Whether what was tried lies in the space that was searched."""
    spaces = _spaces(evidence, model)
    for name in varied(trials):
        if name not in spaces:
            if model in evidence.architectures:
                yield _other("unknown_hyperparameter", where, name, "–")
            continue
        for number, value in zip(trials["trial"], trials[name], strict=True):
            if not _is_empty(value) and not _lies_in(value, spaces[name]):
                yield _other("value_outside", f"{where}: {number}", f"{name} = {value}", str(spaces[name]))


def _spaces(evidence: Evidence, model: str) -> Mapping[str, Choice | Range]:
    """What the search of ``model`` varies; of a student's own network what project.toml says alone."""
    settings = evidence.submission.settings
    return settings.space(model) if model in evidence.architectures else settings.models.get(model, {})


def _lies_in(value: Value, space: Choice | Range) -> bool:
    if isinstance(space, Range):
        return isinstance(value, int | float) and space.low - NEARLY <= value <= space.high + NEARLY
    return any(_is_same(value, one) for one in space.values)


def _is_same(one: object, other: object) -> bool:
    """Whether two values are the same: read from a table, a number may have come back as text, or text as a number."""
    try:
        return abs(float(one) - float(other)) <= NEARLY  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(one) == str(other)


def _is_empty(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and bool(np.isnan(value)))


def _chosen(evidence: Evidence, model: str, trials: pd.DataFrame, where: str) -> Iterator[Finding]:
    """Whether one trial was chosen, and by validation alone: of those repeated the one with the best mean."""
    if trials["best"].sum() != 1:
        yield _other("best_trials", where, int(trials["best"].sum()), 1)
        return
    chosen = trials[trials["best"]].iloc[0]
    best = evidence.submission.best(model)
    finished = trials[(trials["reason"] == "") & ~trials["pruned"]]
    if chosen["trial"] not in set(finished["trial"]):
        yield _other("best_not_finished", f"{where}: {chosen['trial']}", "–", "–")
        return
    goal, n = evidence.goal, evidence.size_of("validation")
    repeats = finished["repeats"].fillna(1) if "repeats" in finished else pd.Series(1, finished.index)
    most = finished[repeats == repeats.max()]
    if repeats.max() > 1:
        # The table has no losses of repeats: they only ever decide between scores as good as equal.
        wanted, slack = float(most["mean"].max()), 1 / (n if goal.counted else FINE) + NEARLY
        right = chosen["trial"] in set(most["trial"]) and chosen["mean"] >= wanted - slack
        shown = f"{wanted:.4f}"
    else:
        worth = {
            int(row["trial"]): goal.value({str(key): row[key] for key in (goal.column, "val_loss")}, n)
            for row in most.to_dict("records")
        }
        top = max(worth, key=lambda trial: (worth[trial], -trial))
        right, shown = int(chosen["trial"]) == top, str(top)
    if not right:
        yield _other("other_best_trial", where, int(chosen["trial"]), shown)
    for name in varied(trials):
        if name in best and not _is_empty(chosen[name]) and not _is_same(chosen[name], best[name]):
            yield _other("other_best_value", f"models/{model}/best.json: {name}", str(best[name]), str(chosen[name]))
    yield from _fixed(evidence, model, best, set(varied(trials)))
    recipe = evidence.networks[model]
    if recipe.hyperparameters != best:
        yield _other("recipe_of_other_trial", f"models/{model}/recipe.json", "–", "–")


def _fixed(evidence: Evidence, model: str, best: Mapping[str, Value], free: set[str]) -> Iterator[Finding]:
    """Whether what was not varied has the network's own value, or the one of project.toml."""
    network = evidence.architectures.get(model)
    if network is None:
        return
    spaces = _spaces(evidence, model)
    for name, usual in network.defaults.items():
        space = spaces.get(name)
        wanted = space.values if isinstance(space, Choice) else (usual,)
        if name in CONDITIONS:  # where it means nothing it has the network's own value all the same
            wanted = (usual, *wanted)
        if name not in free and not any(_is_same(best.get(name), value) for value in wanted):
            yield _other("other_best_value", f"models/{model}/best.json: {name}", str(best.get(name)), str(wanted[0]))


def check_training(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """Whether the histories are such as training leaves, and the weights kept are those of the best epoch."""
    settings = evidence.submission.settings
    goal, n, real = evidence.goal, evidence.size_of("validation"), evidence.size_of("train")
    for model, recipe in evidence.networks.items():
        history = evidence.submission.history(model)
        where, file = f"models/{model}/history.csv", f"models/{model}/recipe.json"
        tally.add(history.size)
        if list(history["epoch"]) != list(range(1, len(history) + 1)) or history.empty:
            yield _other("epochs_numbered", where, "–", "–")
            continue
        best = goal.best_epoch(history)
        patience = settings.training.patience
        ended = len(history) == recipe.epochs or (
            patience is not None and len(history) < recipe.epochs and len(history) - best["epoch"] == patience
        )
        if recipe.epochs != settings.training_epochs or not ended:
            yield _other("epochs_of_training", where, len(history), settings.training_epochs)
        for row in history.to_dict("records"):
            if not _can_be(row[goal.column], goal, n):
                yield _other("share_of_validation", f"{where}: {row['epoch']}", row[goal.column], n)
        for name, column in (("best_epoch", "epoch"), (goal.column, goal.column), ("val_loss", "val_loss")):
            if not _is_same(getattr(recipe, name), best[column]):
                yield _other("other_epoch", f"{file}: {name}", getattr(recipe, name), best[column])
        seed = derive_seed(settings.project.seed, model, "training")
        if recipe.seed != seed:
            yield _other("other_seed", file, recipe.seed, seed)
        if recipe.resize != settings.data.resize:
            yield _other("other_resize", file, recipe.resize, settings.data.resize)
        if recipe.real_images is not None and recipe.real_images != real:
            yield _other("other_number", f"{file}: real_images", recipe.real_images, real)
        if recipe.artificial_images is not None and recipe.artificial_images % len(history):
            yield _other("other_number", f"{file}: artificial_images", recipe.artificial_images, f"k · {len(history)}")
        if not re.fullmatch(r"[0-9a-f]{64}", recipe.weights_digest):
            yield _other("other_number", f"{file}: weights_digest", recipe.weights_digest[:64], "SHA-256")


def _can_be(score: float, goal: Goal, n: int) -> bool:
    """Whether ``score`` can be one of ``n`` images: where right images are counted, it is the share of some of them."""
    return not goal.counted or bool(abs(score * n - np.round(score * n)) < n * NEARLY)


def _other(sentence: str, where: str, claimed: object, found: object) -> Finding:
    values = {"where": where, "claimed": _plain(claimed), "found": _plain(found)}
    return Finding("discrepancy", sentence, values)


def _plain(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)
