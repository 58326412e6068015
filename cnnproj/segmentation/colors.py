"""Colours as project.toml writes them."""

from __future__ import annotations


def color_value(text: str) -> int:
    """``#rrggbb`` as 0xRRGGBB.

    Raises:
        ValueError: where it is no such colour.
    """
    if len(text) != 7 or text[0] != "#":
        raise ValueError(text)
    return int(text[1:], 16)
