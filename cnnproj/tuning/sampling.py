"""Drawing the hyperparameters of a trial: at random, by TPE from the trials before it, or one by one from a grid."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import optuna

from cnnproj.models import CONDITIONS, Architecture, Choice, Space, Value

STARTUP = 4  # trials drawn at random before TPE learns from them; the first of all is the network's defaults


def sampler(name: str, seed: int) -> optuna.samplers.BaseSampler:
    """Optuna's sampler called ``name``: ``tpe`` or ``random``; a grid's trials are fixed, so nothing is drawn there."""
    if name == "tpe":
        return optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
    return optuna.samplers.RandomSampler(seed=seed)


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
