"""A rubric is weights in a file; what it says wrongly is told with its line, and marks follow from it."""

import tomllib

import pytest

from cnnproj.errors import CnnprojError
from cnnproj.submission.finding import CHECKS
from cnnproj.submission.grading.rubric import DEFAULT, mark, read_rubric

PASSED = dict.fromkeys(CHECKS, "passed") | {"retraining": "not_asked"}


@pytest.fixture
def write(tmp_path):
    """Writes a rubric."""

    def written(text: str):
        path = tmp_path / "rubric.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_the_default_weighs_every_check_and_explains_every_key():
    text = DEFAULT.read_text(encoding="utf-8")
    table = tomllib.loads(text)
    keys = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]

    assert tuple(table["weights"]) == CHECKS
    assert sum(table["weights"].values()) - table["weights"]["retraining"] == table["points"] == 100
    assert all("# " in line for line in keys)


def test_what_a_rubric_leaves_out_keeps_its_default(write):
    rubric, default = read_rubric(write("points = 20\n[weights]\nreport = 0\n")), read_rubric(None)

    assert rubric.points == 20
    assert rubric.weights == {**default.weights, "report": 0}
    assert rubric.taken == default.taken


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pionts = 20", ["line 1", "'pionts'", "Did you mean 'points'"]),
        ("points = 20\n[weights]\nscore = 2", ["line 3", "'weights.score'", "Did you mean 'scores'"]),
        ("[weights]\nscores = -1", ["line 2", "'weights.scores'", "0 or more", "-1"]),
        ('[weights]\nscores = "5"', ["line 2", "'weights.scores'", "a number", '"5"']),
        ("[taken]\nmissing = 2.0", ["line 2", "'taken.missing'", "1 or less"]),
        ("points = 0", ["line 1", "'points'", "above 0"]),
        ("points = nan", ["line 1", "'points'"]),
        ("weights = 3", ["line 1", "'weights'", "a table"]),
        ("points =", ["not valid TOML"]),
        ("[weights]\n" + "\n".join(f"{check} = 0" for check in CHECKS), ["no check a weight above 0"]),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(write, text, told):
    path = write(text)
    with pytest.raises(CnnprojError) as caught:
        read_rubric(path)

    assert [words for words in [*told, str(path)] if words not in str(caught.value)] == []


def test_a_rubric_that_is_not_there_is_told_with_one_to_copy(tmp_path):
    with pytest.raises(CnnprojError, match=r"rubric\.toml"):
        read_rubric(tmp_path / "mine.toml")


def test_all_in_order_earns_all():
    earned = mark(PASSED, {}, read_rubric(None))

    assert (earned.given, earned.open, earned.grade) == (100, 0, 100)
    assert "retraining" not in [one.check for one in earned.criteria]


def test_what_is_missing_takes_its_share_and_no_check_gives_less_than_nothing():
    rubric = read_rubric(None)
    once = mark({**PASSED, "assignment": "failed"}, {"assignment": ["missing", "look", "note"]}, rubric)
    often = mark({**PASSED, "assignment": "failed"}, {"assignment": ["missing"] * 5}, rubric)

    assert once.grade == pytest.approx(100 - 0.34 * 30)
    assert often.grade == 70


def test_a_discrepancy_takes_its_check_and_holds_the_grade_back(write):
    states, levels = {**PASSED, "scores": "failed"}, {"scores": ["discrepancy"]}
    held = mark(states, levels, read_rubric(None))
    written = mark(states, levels, read_rubric(write("[written]\nwith_discrepancies = true")))

    assert (held.given, held.grade) == (95, None)
    assert written.grade == 95


def test_what_could_not_be_checked_stays_open_or_is_shared_out(write):
    states = {**PASSED, "predictions": "unchecked", "scores": "unchecked"}
    held = mark(states, {}, read_rubric(None))
    shared = mark(states, {}, read_rubric(write("[written]\nwith_unchecked = true")))

    assert (held.given, held.open, held.grade) == (90, 10, None)
    assert (shared.given, shared.open, shared.grade) == (100, 0, 100)


def test_nothing_checked_is_no_grade_whatever_the_rubric_says(write):
    earned = mark({}, {}, read_rubric(write("[written]\nwith_unchecked = true")))

    assert (earned.given, earned.grade) == (0, None)


def test_training_again_counts_where_it_was_asked_for():
    earned = mark({**PASSED, "retraining": "failed"}, {"retraining": ["missing"]}, read_rubric(None))

    assert earned.criteria[-1].check == "retraining"
    assert earned.given == pytest.approx(100 - 100 * 10 / 110 * 0.34, abs=0.1)
    assert sum(one.most for one in earned.criteria) == pytest.approx(100, abs=0.1)
