"""Tables that gradebooks import and that spreadsheets open without executing anything.

Moodle     Grading worksheet (Assignment → Upload grading worksheet). It finds its columns by their English names
           Identifier, Grade and Last modified (grade), all three of which must be there, and Feedback comments; it
           passes over others, and a student whose grade is empty. Source: mod/assign/feedback/offline of Moodle.
Canvas     Gradebook import. The first five columns are Student, ID, SIS User ID, SIS Login ID and Section; every other
           one is an assignment, found by «Title (number)» or its title. A row «Points Possible» tells the most. An
           empty grade would take one away, so such students are left out. Source: lib/gradebook_importer.rb of Canvas.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnproj.files import write_text
from cnnproj.submission.grading.names import HandedIn

MOODLE = (
    "Identifier",
    "Full name",
    "Grade",
    "Maximum Grade",
    "Last modified (grade)",
    "Feedback comments",
    "File",
    "Outcome",
    "Points so far",
    "Points open",
)
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
# What makes a cell a formula, where a cell can begin: also behind a separator of another country's tables.
# Source: OWASP, «CSV injection».
_FORMULA = re.compile(r"(^|[,;|\t\r\n])([\s'\"]*)(?=[=+\-@＝＋－＠])")


@dataclass(frozen=True)
class Entry:
    """A student's line in the gradebook.

    Attributes:
        handed_in: whose it is, and which file.
        outcome: what the check came to, in words.
        grade: points, or ``None`` where a person decides.
        given, open: points so far, and of checks that could not be done.
        comment: for the student.
    """

    handed_in: HandedIn
    outcome: str
    grade: float | None
    given: float
    open: float
    comment: str


def defused(text: str) -> str:
    """``text`` as a cell that no spreadsheet executes: an apostrophe stands before what would make it a formula."""
    return _FORMULA.sub(r"\1\2'", text)


def write_gradebook(path: Path, entries: Iterable[Entry], points: float) -> None:
    """Write the table of all students, which is Moodle's grading worksheet too."""
    rows = []
    for entry in entries:
        student = entry.handed_in.student
        number = f"Participant {student.number}" if student.system == "moodle" else ""
        told = (defused(entry.comment), defused(entry.handed_in.path.name), defused(entry.outcome))
        rows.append((number, defused(student.name), _points(entry.grade), _points(points), "", *told, *_both(entry)))
    _write(path, [MOODLE, *rows])


def write_canvas(path: Path, entries: Iterable[Entry], assignment: str, points: float) -> None:
    """Write the table that Canvas imports: its students whose number is known and who have a grade."""
    rows: list[Sequence[str]] = [(*CANVAS, defused(assignment)), ("    Points Possible", *[""] * 4, _points(points))]
    for entry in entries:
        student = entry.handed_in.student
        if student.system == "canvas" and student.number and entry.grade is not None:
            rows.append((defused(student.name), student.number, "", "", "", _points(entry.grade)))
    _write(path, rows)


def _both(entry: Entry) -> tuple[str, str]:
    return _points(entry.given), _points(entry.open)


def _points(points: float | None) -> str:
    return "" if points is None else f"{points:.2f}"


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    # The mark at the beginning tells Excel that it is UTF-8; Moodle and Canvas pass over it.
    write_text(path, "\ufeff" + text.getvalue())
