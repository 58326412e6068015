"""What a hyperparameter may be: one fixed value, one of several, or anything in a range."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import optuna

Value = bool | int | float | str
STEP = 0.2  # of a range: how far a value near another lies from it


@dataclass(frozen=True)
class Choice:
    """One of the values given: ``Choice(16, 32, 64)``. One value alone fixes the hyperparameter."""

    values: tuple[Value, ...]

    def __init__(self, *values: Value) -> None:
        if not values:
            raise ValueError("Expected at least one value to choose from. Received none.")
        object.__setattr__(self, "values", values)

    def suggest(self, trial: optuna.Trial, name: str) -> Value:
        """The value that ``trial`` tries."""
        if len(self.values) == 1:
            return self.values[0]
        value: Value = trial.suggest_categorical(name, self.values)
        return value

    def grid(self) -> tuple[Value, ...]:
        """The values that a grid has of it."""
        return self.values

    def near(self, value: Value, rng: np.random.Generator) -> Value:
        """Another of several values: of numbers the next below or above ``value``, else any."""
        others = [other for other in self.values if other != value]
        if all(isinstance(one, int | float) for one in self.values):
            ordered = sorted(self.values, key=float)
            place = ordered.index(value)
            others = ordered[max(0, place - 1) : place] + ordered[place + 1 : place + 2]
        return others[rng.integers(len(others))]

    def __str__(self) -> str:
        return ", ".join(str(value) for value in self.values)


@dataclass(frozen=True)
class Range:
    """Anything from ``low`` to ``high``, both included; whole numbers if both are whole.

    Args:
        low: the smallest value.
        high: the largest value.
        log: try orders of magnitude evenly rather than values; needs ``low`` > 0.
    """

    low: int | float
    high: int | float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"Expected low < high. Received: low={self.low}, high={self.high}.")
        if self.log and self.low <= 0:
            raise ValueError(f"Expected low > 0 with log=True. Received: low={self.low}.")

    def suggest(self, trial: optuna.Trial, name: str) -> Value:
        """The value that ``trial`` tries."""
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        draw = trial.suggest_int if whole else trial.suggest_float
        value: Value = draw(name, self.low, self.high, log=self.log)
        return value

    def grid(self) -> tuple[Value, ...]:
        """The values that a grid has of it: lowest, middle (of the orders of magnitude, with ``log``) and highest."""
        middle = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        whole = isinstance(self.low, int) and isinstance(self.high, int)
        return tuple(dict.fromkeys((self.low, round(middle) if whole else middle, self.high)))

    def near(self, value: Value, rng: np.random.Generator) -> Value:
        """Another value, from a normal distribution about ``value`` with a fifth of the range as its deviation."""
        scale: Callable[[float], float] = math.log if self.log else float
        low, high = scale(self.low), scale(self.high)
        while True:
            place = rng.normal(scale(float(value)), (high - low) * STEP)
            found = math.exp(place) if self.log else place
            if isinstance(self.low, int) and isinstance(self.high, int):
                found = round(found)
            if self.low <= found <= self.high and found != value:
                return found

    def __str__(self) -> str:
        return f"{self.low:g} … {self.high:g}" + (" (log)" if self.log else "")


Space = Choice | Range
