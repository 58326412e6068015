"""The tables are what Moodle and Canvas import, and no spreadsheet executes a cell of them."""

import csv
from pathlib import Path

import pytest

from cnnproj.submission.grading.gradebook import Entry, defused, write_canvas, write_gradebook
from cnnproj.submission.grading.names import HandedIn, Student


def entry(student: Student, grade: float | None = 93.5, comment: str = "Fine.", file: str = "x.zip") -> Entry:
    return Entry(HandedIn(student, Path(file), ""), "verified", grade, 93.5, 0 if grade else 6.5, comment)


def read(path: Path) -> list[list[str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


MOODLE = Student("moodle", "Ada Lovelace", "123456")
CANVAS = Student("canvas", "lovelaceada", "42")


def test_moodle_finds_its_columns_and_its_participants(tmp_path):
    write_gradebook(tmp_path / "grades.csv", [entry(MOODLE), entry(CANVAS, None)], 100)
    columns, ada, other = read(tmp_path / "grades.csv")
    known = dict(zip(columns, ada, strict=True))

    # The three without which Moodle refuses the file, and the comments.
    assert {"Identifier", "Grade", "Last modified (grade)", "Feedback comments"} <= set(columns)
    assert known["Identifier"] == "Participant 123456"
    assert (known["Full name"], known["Grade"], known["Maximum Grade"]) == ("Ada Lovelace", "93.50", "100.00")
    assert columns.index("Feedback comments") > 0  # Moodle takes the first column for none
    unknown = dict(zip(columns, other, strict=True))
    assert (unknown["Identifier"], unknown["Grade"], unknown["Points open"]) == ("", "", "6.50")


def test_canvas_finds_its_columns_and_only_students_with_a_grade(tmp_path):
    anonymous = Student("canvas", "anon_k3XYz")
    entries = [entry(CANVAS), entry(MOODLE), entry(anonymous), entry(Student("canvas", "b", "43"), None)]
    write_canvas(tmp_path / "canvas.csv", entries, "Course project (77)", 100)

    assert read(tmp_path / "canvas.csv") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Course project (77)"],
        ["    Points Possible", "", "", "", "", "100.00"],
        ["lovelaceada", "42", "", "", "", "93.50"],
    ]


@pytest.mark.parametrize(
    "text",
    [
        "=HYPERLINK(0)",
        "+1",
        "-1+cmd|' /C calc'!A0",
        "@SUM(1)",
        "\t=1",
        " =1",
        "\r=1",
        "＝1",
        '"=1"',
        "fine\n=1",
        "fine;=1",
        'fine",=1',
        "fine, @x",
    ],
)
def test_a_formula_is_defused_wherever_a_cell_could_begin(text):
    told = defused(text)

    assert told.replace("'", "") == text.replace("'", "")
    assert all(piece.strip(" \"'")[:1] not in "=+-@＝" or "'" in piece for piece in told.replace("\n", ";").split(";"))
    assert told != text


@pytest.mark.parametrize("text", ["Ada Lovelace", "a-b", "x = 3", "", "O'Brien", "mlp (0.98)"])
def test_what_is_no_formula_stays_as_it_is(text):
    assert defused(text) == text


def test_names_files_and_comments_of_strangers_are_defused(tmp_path):
    hostile = entry(Student("moodle", "=cmd", "1"), comment="@SUM(1)", file="+x.zip")
    write_gradebook(tmp_path / "grades.csv", [hostile], 100)
    _, row = read(tmp_path / "grades.csv")

    assert [cell for cell in row if cell[:1] in "=+-@" and cell] == []
    assert {"'=cmd", "'@SUM(1)", "'+x.zip"} <= set(row)
