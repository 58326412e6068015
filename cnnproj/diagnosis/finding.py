"""What a diagnosis finds: what was seen, what it means, and what to change."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cnnproj.words import say

Severity = Literal["severe", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("severe", "warning", "note")
Setting = int | float | str
WIDEST = 100  # characters a line: longer ones are hard to read
INDENT = "  "
OWN = "space."  # begins the settings of a student's own network, which stand above its function


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a training, or may be.

    Attributes:
        kind: what it is, by its key among ``KINDS`` of ``cnnproj.diagnosis.diagnose``.
        severity: ``severe`` where next to nothing is learned because of it, ``warning`` where it costs something,
            ``note`` where it is there and did no harm.
        seen: what was measured, in a sentence with its numbers.
        change: what to do about it, in a sentence.
        settings: the keys of project.toml that do it, as ``training.balance``, with their values; for a student's own
            network ``space.`` and a hyperparameter; empty where the change is elsewhere.
        follows: the kind of the finding that this is a consequence of; empty where it is of none.
    """

    kind: str
    severity: Severity
    seen: str
    change: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    follows: str = ""

    def __str__(self) -> str:
        head = f"{self.name} ({say(f'diagnosis.severity.{self.severity}')})"
        told = [self.cause, self.seen] if self.follows else [f"{self.seen} {self.meaning}", self.advice]
        return "\n".join([head, *(fill(text, INDENT) for text in told), *self._indented])

    @property
    def _indented(self) -> list[str]:
        return [textwrap.indent(self.code, 2 * INDENT)] if self.code and not self.follows else []

    @property
    def cause(self) -> str:
        """What it follows from, in a sentence; empty where it follows from nothing."""
        return say("diagnosis.follows", name=say(f"diagnosis.name.{self.follows}")) if self.follows else ""

    @property
    def advice(self) -> str:
        """What to change, said to be that."""
        return say("diagnosis.advice", change=self.change)

    @property
    def name(self) -> str:
        """What people call it."""
        return say(f"diagnosis.name.{self.kind}")

    @property
    def meaning(self) -> str:
        """What it means, in a sentence or two."""
        return say(f"diagnosis.meaning.{self.kind}")

    @property
    def code(self) -> str:
        """``settings`` as they are typed, in lines; empty where there are none."""
        own = {key.removeprefix(OWN): value for key, value in self.settings.items() if key.startswith(OWN)}
        lines = [f"@architecture(space={{{', '.join(f'{_typed(k)}: Choice({_typed(v)})' for k, v in own.items())}}})"]
        lines, last = lines[: len(own)], ""
        for key, value in self.settings.items():
            table, _, name = key.rpartition(".")
            if not key.startswith(OWN):
                lines += [f"[{table}]"] * (table != last) + [f"{name} = {_typed(value)}"]
                last = table
        return "\n".join(lines)


def _typed(value: Setting) -> str:
    """``value`` as TOML and Python alike write it, a number as people do."""
    return f"{value:.12g}" if type(value) is float and value != int(value) else json.dumps(value)


def fill(text: str, indent: str = "") -> str:
    """``text`` in lines that fit the terminal."""
    width = min(WIDEST, shutil.get_terminal_size().columns)
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False)


def number(value: float) -> str:
    """``value`` to three digits, or whole with its thousands apart."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}"
