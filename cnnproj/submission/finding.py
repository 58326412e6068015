"""What a check of a submission came to: its state, and what was found, claim against fact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from cnnproj.errors import CnnprojError
from cnnproj.run import Plain
from cnnproj.words import say

Level = Literal["discrepancy", "missing", "look", "note"]
State = Literal["passed", "failed", "unchecked", "not_asked"]
Whose = Literal["reference", "packed", "both", "none"]  # images: the assistant's copy, or the submission's own
# Every check, in the order in which it is told, by what it is about.
COMPLETE = ("contents", "assignment", "notebooks")
TRUE = (
    "record",
    "data",
    "split",
    "search",
    "training",
    "weights",
    "validation",
    "choice",
    "test_openings",
    "predictions",
    "scores",
    "heatmaps",
    "report",
)
REPRODUCIBLE = ("retraining",)
CHECKS = (*COMPLETE, *TRUE, *REPRODUCIBLE)


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        level: ``discrepancy`` (what is claimed is not so), ``missing`` (the assignment asks for it), ``look`` (a person
            should), or ``note`` (worth knowing).
        sentence: the key of its sentence, below ``verification.found.``.
        values: what fills its gaps; where there are such, ``where`` (file and place), ``claimed`` and ``found``.
    """

    level: Level
    sentence: str
    values: Mapping[str, Plain] = field(default_factory=dict)

    def __str__(self) -> str:
        return say(f"verification.found.{self.sentence}", **self.values)


class Unchecked(CnnprojError):
    """Why a check cannot be done; its key stands below ``verification.unchecked.``."""


@dataclass(frozen=True)
class Result:
    """What one check came to.

    Attributes:
        check: one of ``CHECKS``.
        state: ``passed``, ``failed`` (a discrepancy, or something missing), ``unchecked``, or ``not_asked``.
        findings: what was found, also where it passed.
        reason: why it was not checked, in words.
        compared: how many values were compared.
        difference: the largest difference among them that was put up with.
    """

    check: str
    state: State
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    compared: int = 0
    difference: float = 0.0


@dataclass
class Tally:
    """How much a check has compared, and the largest difference that it put up with."""

    compared: int = 0
    difference: float = 0.0

    def add(self, compared: int, difference: float = 0.0) -> None:
        """Count ``compared`` values more, which differ by ``difference`` at most."""
        self.compared += compared
        self.difference = max(self.difference, difference)


def run_check(check: str, work: Callable[[Tally], Iterable[Finding]]) -> Result:
    """Do the ``work`` of a ``check``; what it finds before it cannot go on is kept."""
    found: list[Finding] = []
    tally, reason = Tally(), ""
    try:
        for finding in work(tally):
            found.append(finding)  # one by one: the work may end in an exception
    except Unchecked as error:
        reason = str(error)
    failed = any(finding.level in ("discrepancy", "missing") for finding in found)
    state: State = "failed" if failed else "unchecked" if reason else "passed"
    return Result(check, state, tuple(found), reason, tally.compared, tally.difference)
