"""A hyperparameter is fixed, one of several, or anything in a range; and a trial tries nothing else."""

from typing import Any

import pytest

from cnnproj.models import Choice, Range


class Trial:
    """Notes what it is asked, and suggests the highest."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def suggest_categorical(self, name, values):
        self.asked.append(("categorical", name, values))
        return values[-1]

    def suggest_int(self, name, low, high, *, log):
        self.asked.append(("int", name, low, high, log))
        return high

    def suggest_float(self, name, low, high, *, log):
        self.asked.append(("float", name, low, high, log))
        return high


@pytest.fixture
def trial() -> Trial:
    return Trial()


def test_one_value_fixes_the_hyperparameter_without_a_question(trial):
    assert Choice(0.3).suggest(trial, "dropout") == 0.3
    assert trial.asked == []


def test_one_of_several_values_is_asked_for_by_name(trial):
    assert Choice(16, 32).suggest(trial, "filters") == 32
    assert trial.asked == [("categorical", "filters", (16, 32))]


@pytest.mark.parametrize(
    ("space", "asked"),
    [
        (Range(1, 8), ("int", "x", 1, 8, False)),
        (Range(1, 8, log=True), ("int", "x", 1, 8, True)),
        (Range(0.0, 0.5), ("float", "x", 0.0, 0.5, False)),
        (Range(1, 2.5), ("float", "x", 1, 2.5, False)),
        (Range(1e-4, 1e-2, log=True), ("float", "x", 1e-4, 1e-2, True)),
    ],
)
def test_a_range_gives_whole_numbers_if_both_its_ends_are_whole(trial, space, asked):
    assert space.suggest(trial, "x") == space.high
    assert trial.asked == [asked]


def test_a_choice_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"at least one value.*Received none"):
        Choice()


@pytest.mark.parametrize("ends", [(2, 1), (1, 1), (float("nan"), 1), (1, float("nan"))])
def test_a_range_that_does_not_rise_is_refused(ends):
    with pytest.raises(ValueError, match="Expected low < high"):
        Range(*ends)


@pytest.mark.parametrize("low", [0, -1.0])
def test_a_logarithmic_range_begins_above_0(low):
    with pytest.raises(ValueError, match="Expected low > 0 with log=True"):
        Range(low, 1, log=True)


def test_spaces_are_compared_by_what_they_hold_and_do_not_change():
    assert Choice(1, 2) == Choice(1, 2) != Choice(2, 1)
    assert Range(1, 2) != Range(1, 2, log=True)
    with pytest.raises(AttributeError):
        Choice(1).values = (2,)
    with pytest.raises(AttributeError):
        Range(1, 2).low = 0


def test_spaces_are_written_as_people_read_them():
    assert str(Choice(16, True, "adam")) == "16, True, adam"
    assert str(Range(0.0001, 0.01, log=True)) == "0.0001 … 0.01 (log)"
