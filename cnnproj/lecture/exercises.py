"""Exercises with numbers that are drawn anew for each seed, and their checking: hint, step, solution, check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cnnproj.errors import CnnprojError
from cnnproj.lecture.arguments import Numbers, numbers
from cnnproj.lecture.notation import number, size_text
from cnnproj.lecture.worked import Worked
from cnnproj.words import say

_ROUNDING = 6e-3  # answers may be rounded to two decimals


@dataclass(frozen=True)
class Feedback:
    """What is said to an answer. It is true where the answer is right.

    Attributes:
        right: whether it is.
        text: what is right or wrong about it.
    """

    right: bool
    text: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return self.text


class Exercise:
    """One exercise. Shown in a notebook it is its question.

    Args:
        name: of the exercise, whose question stands in the catalogue.
        worked: the solution.
        given: what is given, each table or row by the name of what it is.
        hint: which hint it has.
        traps: wrong answers that are often given, by what was done wrong.
        also_right: other answers that are as right, by what is said to them.
        **values: of the question.
    """

    def __init__(
        self,
        name: str,
        worked: Worked[Any],
        given: Mapping[str, Numbers],
        *,
        hint: str,
        traps: Mapping[str, ArrayLike] | None = None,
        also_right: Mapping[str, ArrayLike] | None = None,
        **values: Any,
    ) -> None:
        self.name = name
        self.given = dict(given)
        self._worked, self._hint, self._values = worked, hint, values
        self._traps = {key: np.asarray(wrong, float) for key, wrong in (traps or {}).items()}
        self._also_right = {key: np.asarray(right, float) for key, right in (also_right or {}).items()}
        self._told = 0

    @property
    def question(self) -> str:
        """What is asked, with all numbers that are given."""
        tables = [f"{say(f'lecture.given.{name}')}:\n{_as_text(table)}" for name, table in self.given.items()]
        return "\n\n".join([say(f"lecture.exercise.{self.name}", **self._values), *tables])

    def hint(self) -> str:
        """How to begin."""
        return say(f"lecture.hint.{self._hint}")

    def step(self, number: int | None = None) -> str:
        """One step of the solution: the next one, or the one of that number, from 0.

        Raises:
            CnnprojError: where there is no such step.
        """
        steps = self._worked.steps
        if number is None:
            if self._told == len(steps):
                return say("lecture.feedback.all_steps_told")
            number, self._told = self._told, self._told + 1
        if not 0 <= number < len(steps):
            raise CnnprojError("lecture.no_step", step=number, last=len(steps) - 1)
        return steps[number]

    def solution(self) -> Worked[Any]:
        """The result, with all steps, the figure and the animation."""
        return self._worked

    def check(self, answer: ArrayLike) -> Feedback:
        """Whether ``answer`` is right; numbers may be rounded to two decimals. If it is not, what is wrong about it."""
        try:
            came = numbers(answer, "answer").astype(float)
        except CnnprojError as error:
            return Feedback(False, str(error))
        expected = np.asarray(self._worked.result, float)
        if _same(came, expected):
            return Feedback(True, say("lecture.feedback.right"))
        for key, right in self._also_right.items():
            if _same(came, right):
                return Feedback(True, say(f"lecture.feedback.{key}"))
        for key, wrong in self._traps.items():
            if _same(came, wrong):
                return Feedback(False, say(f"lecture.trap.{key}"))
        if came.shape != expected.shape:
            if expected.ndim < 2:
                return Feedback(False, say("lecture.feedback.count", came=came.size, expected=expected.size))
            shapes = {"came": size_text(came.shape) or 1, "expected": size_text(expected.shape)}
            return Feedback(False, say("lecture.feedback.shape", **shapes))
        return Feedback(False, self._wrong_cells(np.argwhere(~_near(came, expected)), expected))

    def _wrong_cells(self, wrong: Numbers, expected: Numbers) -> str:
        """Where the first of the cells ``wrong`` is, (n, dimensions), in the order of the steps: map by map."""
        if expected.ndim < 2:
            return say("lecture.feedback.wrong")
        height, width, *maps = expected.shape
        place, row, column = min((cell[2] if maps else 0, cell[0], cell[1]) for cell in wrong.tolist())
        if maps:
            where = say("lecture.feedback.row_column_channel", row=row + 1, column=column + 1, channel=place + 1)
        else:
            where = say("lecture.feedback.row_and_column", row=row + 1, column=column + 1)
        step = (place * height + row) * width + column
        return say("lecture.feedback.wrong_cells", n=len(wrong), total=expected.size, where=where, step=step)

    def __repr__(self) -> str:
        return self.question


def _near(came: Numbers, expected: Numbers) -> Any:
    return np.isclose(came, expected, rtol=0, atol=_ROUNDING)


def _same(came: Numbers, expected: Numbers) -> bool:
    return came.shape == expected.shape and bool(_near(came, expected).all())


def _as_text(table: Numbers) -> str:
    """The numbers in columns; of an image with channels one table after the other."""
    if table.ndim == 3:
        return "\n\n".join(_as_text(table[..., channel]) for channel in range(table.shape[2]))
    words = [[number(value) for value in row] for row in np.atleast_2d(table)]
    wide = max(len(word) for row in words for word in row)
    return "\n".join("  ".join(word.rjust(wide) for word in row) for row in words)
