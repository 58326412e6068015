"""The pages of grading: of one submission, of one student, of the class. No script, no request, all text escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnnproj.reporting.page import environment
from cnnproj.submission.finding import CHECKS
from cnnproj.submission.grading.rubric import Mark, Rubric
from cnnproj.submission.grading.similarity import Shared
from cnnproj.submission.opening.limits import shown
from cnnproj.words import language, say

if TYPE_CHECKING:
    from cnnproj.submission.verification.verdict import Verdict

OUTCOMES = ("verified", "discrepancies", "unchecked")
MOST_SIMILAR = 100  # rows on the page of the class; similarity.csv has all
# Distinct for colour-blind readers, and in gray.
_COLORS = {"verified": "#00558a", "discrepancies": "#e69f00", "unchecked": "#b4bcc4"}
_BINS = 20
MOST_TOLD = 1000  # letters of a line


@dataclass(frozen=True)
class Row:
    """A student on the page of the class.

    Attributes:
        student: the name.
        verdict, mark: of the newest file.
        verdict_page, feedback_page: addresses, from the page of the class.
        notes: in words.
    """

    student: str
    verdict: Verdict
    mark: Mark
    verdict_page: str
    feedback_page: str
    notes: tuple[str, ...] = ()


def verdict_page(verdict: Verdict) -> str:
    """The page of one submission, for whoever checks it."""
    both = sorted(verdict.environment_of_run.keys() | verdict.environment_of_check.keys())
    environments = [
        (name, verdict.environment_of_run.get(name, ""), verdict.environment_of_check.get(name, "")) for name in both
    ]
    title = say("grading.page.title", name=verdict.name or verdict.file)
    return _render(
        "verdict.html",
        title=title,
        verdict=verdict,
        told=_told(verdict),
        scores=_scores(verdict),
        environments=environments,
    )


def feedback_page(student: str, verdict: Verdict, mark: Mark, assignment: str) -> str:
    """The page of one student, in the language in force."""
    earned = {
        one.check: say("grading.feedback.earned", given=_points(one.given), most=_points(one.most))
        for one in mark.criteria
    }
    return _render(
        "feedback.html",
        title=say("grading.feedback.title", assignment=assignment),
        student=student,
        verdict=verdict,
        mark=mark,
        told=_told(verdict),
        points=earned,
        states=_states(verdict),
    )


def told(verdict: Verdict) -> Iterator[str]:
    """The verdict in lines for a terminal; what a stranger wrote cannot move its cursor."""
    yield say("grading.told_outcome", file=shown(verdict.file), outcome=say(f"grading.outcome.{verdict.outcome}"))
    if verdict.refused:
        yield shown(verdict.refused, MOST_TOLD)
    for result in verdict.results:
        name = say(f"grading.check.{result.check}")
        for finding in result.findings:
            level = say(f"grading.level.{finding.level}")
            yield shown(f"  {name} – {level}: {finding.sentence}", MOST_TOLD)
        if result.reason:
            yield shown(f"  {name} – {say('grading.state.unchecked')}: {result.reason}", MOST_TOLD)


def comment(verdict: Verdict) -> str:
    """What stands beside the grade in the gradebook: the first things that were found, in the language in force."""
    if verdict.refused:
        return verdict.refused
    told = [
        finding.sentence
        for result in verdict.results
        for finding in result.findings
        if finding.level in ("discrepancy", "missing")
    ]
    told += [result.reason for result in verdict.results if result.reason]
    if not told:
        return say("grading.feedback.comment_good")
    more = [say("grading.feedback.comment_more", n=len(told) - 3)] if len(told) > 3 else []
    return " ".join([*told[:3], *more])


def class_page(
    rows: Sequence[Row], similar: Sequence[Shared], rubric: Rubric, names: Sequence[str], how: Iterable[str]
) -> str:
    """The page of the class.

    Args:
        rows: a student each.
        similar: what they have in common, by positions in ``rows``.
        rubric: that the marks are by.
        names: of the rows, as the table of similarities has them.
        how: sentences about how it was checked.
    """
    counts = {outcome: sum(row.verdict.outcome == outcome for row in rows) for outcome in OUTCOMES}
    states = {check: Counter(_states(row.verdict).get(check, "unchecked") for row in rows) for check in CHECKS}
    checks = [
        (check, rubric.weights.get(check, 0.0), states[check])
        for check in CHECKS
        if states[check]["not_asked"] < len(rows)
    ]
    return _render(
        "class.html",
        title=say("grading.class.title", assignment=rubric.assignment),
        rows=rows,
        counts=counts,
        undecided=[row for row in rows if row.mark.grade is None],
        decided=[row for row in rows if row.mark.grade is not None],
        chart=_chart([(row.mark.given, row.verdict.outcome) for row in rows], rubric.points),
        checks=checks,
        similar=similar[:MOST_SIMILAR],
        more_similar=max(0, len(similar) - MOST_SIMILAR),
        names=names,
        how=list(how),
    )


def _render(template: str, **facts: Any) -> str:
    pages = environment()
    pages.filters["points"] = _points
    return pages.get_template(template).render(language=language(), **facts)


def _points(points: float | None) -> str:
    """Points with as many places as they need, two at most."""
    return "–" if points is None else f"{points:.2f}".rstrip("0").rstrip(".")


def _states(verdict: Verdict) -> Mapping[str, str]:
    return {result.check: result.state for result in verdict.results}


def _told(verdict: Verdict) -> list[Any]:
    """The results of which there is something to say."""
    return [result for result in verdict.results if result.findings or result.reason]


def _scores(verdict: Verdict) -> list[dict[str, Any]]:
    """Of each model the test accuracy claimed, with its interval, and the one found."""
    names = dict.fromkeys([*verdict.models, *verdict.claimed, *verdict.found])
    none = (None, None)
    return [
        {
            "model": model,
            "claimed": verdict.claimed.get(model),
            "interval": verdict.claimed_intervals.get(model, none),
            "found": verdict.found.get(model),
        }
        for model in names
    ]


def _chart(marks: Sequence[tuple[float, str]], points: float) -> dict[str, Any]:
    """A histogram of points, the outcomes stacked: what its template draws, in units of the picture."""
    left, right, top, floor, width = 30, 720, 28, 190, 730
    counts = Counter((min(int(given / points * _BINS), _BINS - 1), outcome) for given, outcome in marks)
    highest = max((sum(counts[place, outcome] for outcome in OUTCOMES) for place in range(_BINS)), default=0) or 1
    step, unit = (right - left) / _BINS, (floor - top) / highest
    bars = []
    for place in range(_BINS):
        below = 0
        for outcome in OUTCOMES:
            count = counts[place, outcome]
            if count:
                text = f"{_points(points * place / _BINS)}–{_points(points * (place + 1) / _BINS)}: {count}"
                box = {"x": left + place * step + 1, "y": floor - (below + count) * unit, "width": step - 2}
                bars.append({**box, "height": count * unit, "fill": _COLORS[outcome], "text": text})
            below += count
    labels: list[dict[str, Any]] = [
        {
            "x": left + (right - left) * share / 4,
            "y": floor + 16,
            "anchor": "middle",
            "text": _points(points * share / 4),
        }
        for share in range(5)
    ]
    labels += [{"x": left - 6, "y": top + 4, "anchor": "end", "text": str(highest)}]
    legend = [
        {"x": left + 230 * place, "fill": _COLORS[outcome], "text": say(f"grading.outcome.{outcome}")}
        for place, outcome in enumerate(OUTCOMES)
    ]
    edges = {"left": left, "right": right, "floor": floor, "width": width, "height": floor + 26}
    return {**edges, "bars": bars, "labels": labels, "legend": legend}
