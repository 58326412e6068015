"""A result with the way that led to it: the numbers, every step as text, and the figure or the animation of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import numpy as np

from cnnproj.errors import CnnprojError

if TYPE_CHECKING:
    from cnnproj.chart import Chart
    from cnnproj.lecture.drawing.animation import Animation

Result = TypeVar("Result", covariant=True)
MOST_FRAMES = 150  # an animation with more is watched by nobody, and fills a notebook


class Steps(Sequence[str]):
    """The steps as text, each made only when it is asked for: an image of a megapixel has a million."""

    def __init__(self, count: int, tell: Callable[[int], str]) -> None:
        self._count, self._tell = count, tell

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self._tell(one) for one in range(*place.indices(self._count))]
        return self._tell(range(self._count)[place])

    def __iter__(self) -> Iterator[str]:
        return map(self._tell, range(self._count))

    def __str__(self) -> str:
        return "\n".join(self)

    def __repr__(self) -> str:
        return str(self) if self._count <= 40 else "\n".join([*self[:40], "…"])


@dataclass(frozen=True, eq=False, repr=False)
class Worked(Generic[Result]):
    """What was computed, and how.

    Attributes:
        result: the numbers; whole ones where the input was whole and the arithmetic keeps them so.
        steps: every step as text, in the order in which the window moves: from left to right, then down.
    """

    result: Result
    steps: Steps
    _draw: Callable[[int | None], Chart] = field(repr=False)

    def figure(self, step: int | None = None) -> Chart:
        """The figure of the finished result, or of ``step`` (0 is the first, −1 the last)."""
        if step is None:
            return self._draw(None)
        if not -len(self.steps) <= step < len(self.steps):
            raise CnnprojError("lecture.no_step", step=step, last=len(self.steps) - 1)
        return self._draw(step % len(self.steps))

    def animation(self, seconds: float = 1.2) -> Animation:
        """All steps one after the other; in a notebook with a slider that needs neither kernel nor network.

        Args:
            seconds: how long each step is shown.

        Raises:
            CnnprojError: where there are more than 150 steps.
        """
        from cnnproj.lecture.drawing.animation import Animation

        if len(self.steps) > MOST_FRAMES:
            raise CnnprojError("lecture.too_many_steps", n=len(self.steps), most=MOST_FRAMES)
        return Animation.of([self.figure(step) for step in range(len(self.steps))], list(self.steps), seconds)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.result, dtype=dtype)

    def __repr__(self) -> str:
        return str(self.result)
