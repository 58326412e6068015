"""What a diagnosis finds: what was seen, what it means, and what to change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cnnproj.words import say

Severity = Literal["severe", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("severe", "warning", "note")
Setting = int | float | str
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
