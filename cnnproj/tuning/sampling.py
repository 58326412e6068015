"""Drawing the hyperparameters of a trial: at random, by TPE from the trials before it, or one by one from a grid."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping

import numpy as np
import optuna

from cnnproj.models import CONDITIONS, Architecture, Choice, Space, Value

STARTUP = 4  # trials before TPE has enough to learn from; the first of all is the network's defaults
AFRESH = 4  # every fourth trial is drawn afresh; the others stay near the best so far
CHANGED = 1 / 3  # of the hyperparameters, what a trial near the best changes


def sampler(
    name: str, seed: int, space: Mapping[str, Space], best: Mapping[str, Value], key: int
) -> optuna.samplers.BaseSampler:
    """What draws a trial: Optuna's sampler of that ``name``, ``tpe`` or ``random``; a grid's trials are fixed.

    With ``tpe`` three of four trials change a few hyperparameters of the best so far, by a step each. A search begins
    at the network's defaults, and most of a wide space is worse than these: that pays while the trials are too few to
    learn much from. Source of the mixture: Mallik et al., "PriorBand" (2023).

    Args:
        name: of the sampler.
        seed: of this trial.
        space: what is varied.
        best: what the best trial so far had drawn of it.
        key: which trial it is, from 1.
    """
    if name == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    tpe = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
    if not best or key % AFRESH == 0:
        return tpe
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.PartialFixedSampler(near(space, best, np.random.default_rng(seed)), tpe)


def near(space: Mapping[str, Space], best: Mapping[str, Value], rng: np.random.Generator) -> dict[str, Value]:
    """The hyperparameters of ``best``, about a third of them, and one at least, a step away."""
    names = sorted(best)
    changed = rng.random(len(names)) < CHANGED
    if not changed.any():
        changed[rng.integers(len(names))] = True
    return {
        name: space[name].near(best[name], rng) if other else best[name]
        for name, other in zip(names, changed, strict=True)
    }


def draw(trial: optuna.Trial, network: Architecture, space: Mapping[str, Space]) -> dict[str, Value]:
    """The hyperparameters of ``trial``: all of the network's, drawn where the space has several values.

    What depends on another hyperparameter is drawn only where it means something: momentum with SGD alone.
    """
    chosen = dict(network.defaults)
    for name in _in_order(space):
        if _applies(name, chosen):
            chosen[name] = space[name].suggest(trial, name)
    return chosen


def defaults(network: Architecture, space: Mapping[str, Space]) -> dict[str, Value]:
    """The network's own defaults, as far as the space has them: what the first trial tries."""
    return {name: network.defaults[name] for name in space if _holds(space[name], network.defaults[name])}


def grid(network: Architecture, space: Mapping[str, Space], *, seed: int) -> list[dict[str, Value]]:
    """Every combination of the values of ``space`` once, in an order drawn from ``seed``.

    Of a range its lowest, middle and highest value are taken. What does not apply in a combination is left out of it.
    """
    names = _in_order(space)
    values = [space[name].grid() for name in names]
    found: dict[str, dict[str, Value]] = {}
    for combination in itertools.product(*values):
        given = dict(zip(names, combination, strict=True))
        applying = {name: value for name, value in given.items() if _applies(name, {**network.defaults, **given})}
        found[repr(applying)] = applying
    every = list(found.values())
    return [every[place] for place in np.random.default_rng(seed).permutation(len(every))]


def _in_order(space: Mapping[str, Space]) -> list[str]:
    """The names in ``space``, those first on which others depend."""
    leading = {name for name, _ in CONDITIONS.values()}
    return sorted(space, key=lambda name: name not in leading)


def _applies(name: str, chosen: Mapping[str, Value]) -> bool:
    if name not in CONDITIONS:
        return True
    other, values = CONDITIONS[name]
    return chosen[other] in values


def _holds(space: Space, value: Value) -> bool:
    if isinstance(space, Choice):
        return len(space.values) > 1 and value in space.values
    return isinstance(value, int | float) and space.low <= value <= space.high
