"""The rubric: how much each check counts, and what findings take away; ``rubric.toml`` beside this is the default."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cnnproj.errors import CnnprojError
from cnnproj.settings_file import as_toml, expected_of, nearest
from cnnproj.submission.finding import CHECKS, Level, State
from cnnproj.toml_lines import line_of

DEFAULT = Path(__file__).with_name("rubric.toml")
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=1e6)]
DECIMALS = 2  # of points


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Taken(_Table):
    """What a finding takes of the points of its check."""

    missing: Share
    discrepancy: Share


class Written(_Table):
    """Whether a grade is written where a person should look first."""

    with_discrepancies: bool
    with_unchecked: bool


class Rubric(_Table):
    """How a verdict becomes points; every key is told in ``rubric.toml``."""

    assignment: Annotated[str, Field(min_length=1, max_length=200)]
    points: Annotated[float, Field(gt=0, le=1e6)]
    taken: Taken
    written: Written
    weights: dict[str, Weight]


@dataclass(frozen=True)
class Criterion:
    """What one check earns.

    Attributes:
        check: one of ``CHECKS``.
        most: points that it can earn.
        given: points that it earns, or ``None`` where it could not be done.
    """

    check: str
    most: float
    given: float | None


@dataclass(frozen=True)
class Mark:
    """What a submission earns.

    Attributes:
        criteria: of all checks that count and were asked for, in the order of ``CHECKS``.
        points: the most that can be reached.
        held: whether a person should decide, and no grade is written.
    """

    criteria: tuple[Criterion, ...]
    points: float
    held: bool

    @property
    def given(self) -> float:
        """Points of the checks that were done, to two places."""
        return round(sum(one.given for one in self.criteria if one.given is not None), DECIMALS)

    @property
    def open(self) -> float:
        """Points of those that could not be done."""
        return round(sum(one.most for one in self.criteria if one.given is None), DECIMALS)

    @property
    def grade(self) -> float | None:
        """The points, unless a person should decide."""
        return None if self.held else self.given


def read_rubric(path: Path | None) -> Rubric:
    """The default rubric, with all that the one at ``path`` says otherwise.

    Raises:
        CnnprojError: naming the line, the key, what was expected and what came.
    """
    table = tomllib.loads(DEFAULT.read_text(encoding="utf-8"))
    text = "" if path is None else _text(path)
    try:
        changes = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CnnprojError("settings.not_toml", path=path, reason=error) from None
    try:
        rubric = Rubric.model_validate(_changed(table, changes))
    except ValidationError as error:
        details = min(error.errors(), key=lambda one: line_of(text, one["loc"]))
        keys = tuple(str(key) for key in details["loc"])
        where = {"path": path, "line": line_of(text, keys), "key": ".".join(keys)}
        if details["type"] == "extra_forbidden":
            known: Any = table if len(keys) == 1 else table[keys[0]]
            raise CnnprojError("settings.unknown_key", **where, hint=nearest(keys[-1], list(known))) from None
        came = as_toml(details["input"])
        raise CnnprojError("settings.bad_value", **where, expected=expected_of(details), came=came) from None
    for check in rubric.weights:
        if check not in CHECKS:
            where = {"path": path, "line": line_of(text, ("weights", check)), "key": f"weights.{check}"}
            raise CnnprojError("settings.unknown_key", **where, hint=nearest(check, list(CHECKS)))
    if not any(rubric.weights.values()):
        raise CnnprojError("grading.no_weights", path=path)
    return rubric


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CnnprojError("grading.no_rubric", path=path, example=DEFAULT) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CnnprojError("settings.unreadable", path=path, reason=error) from None


def _changed(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``table`` with ``changes``, which go down one level of tables."""
    changed = dict(table)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(changed.get(key), dict)
        changed[key] = {**changed[key], **value} if both else value
    return changed


def mark(states: Mapping[str, State], levels: Mapping[str, Sequence[Level]], rubric: Rubric) -> Mark:
    """The points of a submission.

    Args:
        states: what each check came to, by its name; those that are not there could not be done.
        levels: of the findings of each check.
    """
    asked = [check for check in CHECKS if states.get(check) != "not_asked" and rubric.weights.get(check)]
    done = [check for check in asked if states.get(check) in ("passed", "failed")]
    sharing = done if rubric.written.with_unchecked and done else asked
    total = sum(rubric.weights[check] for check in sharing)
    criteria = []
    for check in sharing:
        most = rubric.points * rubric.weights[check] / total
        kept = max(0.0, 1 - sum(_taken(level, rubric) for level in levels.get(check, ())))
        criteria.append(Criterion(check, most, most * kept if check in done else None))
    held = not done
    held |= any(one.given is None for one in criteria)
    held |= not rubric.written.with_discrepancies and any("discrepancy" in found for found in levels.values())
    return Mark(tuple(criteria), rubric.points, held)


def _taken(level: Level, rubric: Rubric) -> float:
    return {"missing": rubric.taken.missing, "discrepancy": rubric.taken.discrepancy}.get(level, 0.0)
