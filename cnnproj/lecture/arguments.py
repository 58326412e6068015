"""What a caller gives, read as numbers, or refused with the sentence that a teacher would say."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnproj.errors import CnnprojError
from cnnproj.lecture.notation import size_text
from cnnproj.words import say

Numbers = NDArray[Any]  # of int64 or float64
Pair = tuple[int, int]
# How many rows or columns are put on each side of an image: by name, the same on all four sides, (top and bottom, left
# and right), or each of the four by itself as ((top, bottom), (left, right)).
Padding = str | int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]


def numbers(values: ArrayLike, what: str) -> Numbers:
    """``values`` as int64 where they are whole numbers by their type, else as float64.

    Args:
        values: numbers, as nested lists or as an array.
        what: the entry of the catalogue that names them.

    Raises:
        CnnprojError: where there are none, they are no numbers, or the rows are of different lengths.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        raise CnnprojError("lecture.ragged", what=_named(what)) from None
    if array.dtype.kind not in "biuf" or array.size == 0:
        came = "∅" if array.size == 0 else str(array.ravel()[0])
        raise CnnprojError("lecture.not_numbers", what=_named(what), came=came)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise CnnprojError("lecture.not_finite", what=_named(what))
    return array.astype(np.float64 if array.dtype.kind == "f" else np.int64)


def image_of(values: ArrayLike) -> Numbers:
    """An image as (height, width) or (height, width, channels)."""
    image = numbers(values, "image")
    if image.ndim not in (2, 3):
        raise CnnprojError("lecture.image_shape", shape=size_text(image.shape))
    return image


def vector_of(values: ArrayLike, what: str) -> Numbers:
    """Some numbers in one row."""
    row = numbers(values, what)
    if row.ndim != 1:
        raise CnnprojError("lecture.not_a_row", what=_named(what), shape=size_text(row.shape))
    return row


def whole(value: Any, what: str, least: int = 1) -> int:
    """``value`` as a whole number of at least ``least``."""
    if not is_whole(value, least):
        raise CnnprojError("lecture.not_whole", what=_named(what), least=least, came=value)
    return int(value)


def is_whole(value: Any, least: int) -> bool:
    """Whether ``value`` is a whole number of at least ``least``; ``True`` is none."""
    return not isinstance(value, bool) and isinstance(value, int | np.integer) and bool(value >= least)


def pair_of(value: Any, what: str, least: int = 1) -> Pair:
    """``value`` for rows and for columns: given once for both, or as two numbers."""
    if isinstance(value, tuple | list) and len(value) == 2:
        return whole(value[0], what, least), whole(value[1], what, least)
    one = whole(value, what, least)
    return one, one


def _named(what: str) -> str:
    return say(f"lecture.what.{what}")
