"""How a page is made: templates in which everything is escaped, and how values are written in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cnnproj.words import say


def environment() -> Environment:
    """Reads the templates: escapes all that is put into them, and knows `say` and how values are written."""
    folder = Path(__file__).parent / "templates"
    pages = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    pages.globals["say"] = say
    pages.filters |= {"share": _share, "count": _count, "plain": _plain, "time": _time, "duration": _duration}
    pages.filters |= {"percent": _percent, "signed": _signed, "chance": _chance}
    return pages


def _share(value: float) -> str:
    """A share, a probability or a loss, to three places."""
    return "–" if pd.isna(value) else f"{value:.3f}"


def _count(value: float) -> str:
    return f"{int(value):,}"


def _plain(value: Any) -> str:
    """A setting or hyperparameter, numbers to four digits."""
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return "–"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_plain(item) for item in value) + "]"
    if isinstance(value, float) and value != int(value):
        return f"{value:.4g}"
    if isinstance(value, float):
        return f"{int(value)}"
    return str(value)


def _time(text: str) -> str:
    """``2026-11-21T08:42:10+00:00`` as people write it."""
    return text.replace("T", " ").replace("+00:00", " UTC")


def _duration(seconds: float) -> str:
    if seconds < 60:
        return say("report.seconds", seconds=f"{seconds:.1f}")
    return say("report.minutes", minutes=int(seconds) // 60, seconds=int(seconds) % 60)


def _percent(share: float) -> str:
    return say("report.under_one_in_thousand") if share < 0.001 else f"{share:.1%}"


def _signed(difference: float) -> str:
    """A difference of shares, with its sign and a true minus."""
    return "–" if pd.isna(difference) else f"{difference:+.3f}".replace("-", "\N{MINUS SIGN}")


def _chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
