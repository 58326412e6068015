"""What each optimizer of the course does on the same loss surface. The formulas are those of Keras, step for step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnproj.chart import Chart
from cnnproj.errors import CnnprojError
from cnnproj.lecture.arguments import Numbers, vector_of, whole

_EPSILON = 1e-7
Gradient = Callable[[Numbers], Numbers]
State = dict[str, Numbers | float]
Rule = Callable[[Numbers, Numbers, State, float], Numbers]


def valley(point: npt.ArrayLike) -> Any:
    """The loss surface: a long valley, flat along x and steep along y, its lowest point at (0, 0): x²/20 + y²."""
    x, y = np.moveaxis(np.asarray(point, float), -1, 0)
    return x**2 / 20 + y**2


def valley_gradient(point: Numbers) -> Numbers:
    """Of ``valley``: (x/10, 2y)."""
    slopes: Numbers = point * np.array([0.1, 2.0])
    return slopes


def _sgd(w: Numbers, g: Numbers, state: State, rate: float) -> Numbers:
    return w - rate * g


def _momentum(w: Numbers, g: Numbers, state: State, rate: float) -> Numbers:
    state["velocity"] = 0.9 * state.get("velocity", 0.0) - rate * g
    return w + state["velocity"]


def _adagrad(w: Numbers, g: Numbers, state: State, rate: float) -> Numbers:
    state["squares"] = state.get("squares", 0.1) + g**2
    return w - rate * g / np.sqrt(state["squares"] + _EPSILON)


def _rmsprop(w: Numbers, g: Numbers, state: State, rate: float) -> Numbers:
    state["squares"] = 0.9 * state.get("squares", 0.0) + 0.1 * g**2
    return w - rate * g / np.sqrt(state["squares"] + _EPSILON)


def _adadelta(w: Numbers, g: Numbers, state: State, rate: float) -> Numbers:
    state["squares"] = 0.95 * state.get("squares", 0.0) + 0.05 * g**2
    moved = state.get("moved", 0.0)
    step = -np.sqrt(moved + _EPSILON) * g / np.sqrt(state["squares"] + _EPSILON)
    state["moved"] = 0.95 * moved + 0.05 * step**2
    return w + rate * step


def _adam(w: Numbers, g: Numbers, state: State, rate: float) -> Numbers:
    state["steps"] = t = state.get("steps", 0) + 1
    state["mean"] = 0.9 * state.get("mean", 0.0) + 0.1 * g
    state["squares"] = 0.999 * state.get("squares", 0.0) + 0.001 * g**2
    corrected = rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return w - corrected * state["mean"] / (np.sqrt(state["squares"]) + _EPSILON)


def _adamw(w: Numbers, g: Numbers, state: State, rate: float) -> Numbers:
    return _adam(w - 0.004 * rate * w, g, state, rate)


def _adamax(w: Numbers, g: Numbers, state: State, rate: float) -> Numbers:
    state["steps"] = t = state.get("steps", 0) + 1
    state["mean"] = 0.9 * state.get("mean", 0.0) + 0.1 * g
    state["largest"] = np.maximum(0.999 * state.get("largest", 0.0), np.abs(g))
    return w - rate / (1 - 0.9**t) * state["mean"] / (state["largest"] + _EPSILON)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "sgd": _sgd,
        "momentum": _momentum,
        "rmsprop": _rmsprop,
        "adagrad": _adagrad,
        "adadelta": _adadelta,
        "adam": _adam,
        "adamw": _adamw,
        "adamax": _adamax,
    }
)
# For this valley: what brings each well on its way. Adadelta's is the 1.0 of its paper.
RATES: Mapping[str, float] = MappingProxyType(
    {
        "sgd": 0.9,
        "momentum": 0.1,
        "rmsprop": 0.3,
        "adagrad": 1.0,
        "adadelta": 1.0,
        "adam": 0.3,
        "adamw": 0.3,
        "adamax": 0.5,
    }
)


@dataclass(frozen=True, eq=False)
class Descent:
    """The ways of some optimizers down one valley.

    Attributes:
        paths: of each optimizer the points it came by, (steps + 1, 2), with the start.
        rates: the learning rate of each.
    """

    paths: Mapping[str, Numbers]
    rates: Mapping[str, float]

    @property
    def losses(self) -> dict[str, float]:
        """Where each of them ended."""
        return {name: float(valley(path[-1])) for name, path in self.paths.items()}

    def figure(self) -> Chart:
        """Each path over the contours of the valley, with its learning rate and the loss at its end."""
        from cnnproj.lecture.drawing.curves import draw_descent

        return draw_descent(self)


def descend(
    optimizers: Sequence[str] = tuple(RULES),
    *,
    steps: int = 40,
    start: npt.ArrayLike = (-7.0, 2.0),
    rates: Mapping[str, float] = RATES,
    gradient: Gradient = valley_gradient,
) -> Descent:
    """Let optimizers go down from one point, each with the defaults of Keras but for its learning rate.

    Args:
        optimizers: which of ``RULES``; ``momentum`` is SGD with a momentum of 0.9.
        steps: how many each of them goes.
        start: (x, y).
        rates: the learning rates of those that are to have another one than in ``RATES``.
        gradient: of the surface, at a point (x, y).

    Raises:
        CnnprojError: where there is no such optimizer, or a number cannot be.

    Source: the papers that Keras' documentation names for each of its optimizers.
    """
    count, used = whole(steps, "steps"), {**RATES, **rates}
    paths = {}
    for name in optimizers:
        if name not in RULES:
            raise CnnprojError("lecture.no_optimizer", came=name, known=", ".join(RULES))
        state: State = {}
        points = [vector_of(start, "values").astype(np.float64)]
        for _ in range(count):
            points.append(RULES[name](points[-1], gradient(points[-1]), state, used[name]))
        paths[name] = np.array(points)
    return Descent(paths, {name: used[name] for name in paths})
