"""Numbers and sums as a lecturer writes them on the board: 5·(−1) = −5."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


def number(value: Any) -> str:
    """``value`` with a true minus sign: whole numbers in full, others to five digits."""
    whole = isinstance(value, int | np.integer) or float(value).is_integer()
    text = str(int(value)) if whole and abs(value) < 1e15 else f"{float(value):.5g}"
    return text.replace("-", "−")


def factor(value: Any) -> str:
    """``value`` as it stands within a sum or a product: a negative number in brackets."""
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def product_sum(pairs: Iterable[tuple[Any, Any]]) -> str:
    """Products and their sum: ``1·1 + 2·0 + 4·0 + 5·(−1)``."""
    return " + ".join(f"{factor(left)}·{factor(right)}" for left, right in pairs)


def listed(values: Iterable[Any]) -> str:
    """Numbers with commas between them."""
    return ", ".join(number(value) for value in values)


def size_text(shape: Sequence[int]) -> str:
    """A shape as the slides have it: 32×32×3."""
    return "×".join(str(side) for side in shape)
