"""Hopeless trials are stopped, by what stands for others at the same epoch, and never the best so far."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnproj.tuning.pruning import ETA, brackets, is_hopeless

courses = st.lists(st.floats(0, 1), min_size=1, max_size=9).map(lambda values: dict(enumerate(values, start=1)))


@pytest.mark.parametrize(
    ("pruning", "epochs", "expected"),
    [
        ("none", 9, [[]]),
        ("halving", 1, [[]]),
        ("halving", 4, [[]]),
        ("halving", 5, [[3]]),
        ("halving", 6, [[3]]),
        ("halving", 27, [[4, 7, 14]]),
        ("hyperband", 20, [[3, 5, 10], [5, 10], [10], []]),
        ("hyperband", 1, [[]]),
    ],
)
def test_trials_are_looked_at_ever_more_seldom_and_not_at_their_end(pruning, epochs, expected):
    assert brackets(pruning, epochs) == expected


@given(courses, st.lists(courses, max_size=30), st.integers(1, 1000))
def test_the_best_so_far_and_whoever_is_not_looked_at_goes_on(course, others, n):
    epoch = max(course)
    best = all(other.get(epoch, 0) <= course[epoch] for other in others)

    assert not is_hopeless(course, others, [], n)
    assert not is_hopeless(course, others, [epoch + 1], n)
    if best:
        assert not is_hopeless(course, others, [epoch], n)


@given(st.lists(st.integers(0, 1000).map(lambda value: value / 1000), min_size=1, max_size=60, unique=True))
def test_with_very_many_validation_images_about_half_go_on(values):
    others = {value: [{1: one} for one in values if one != value] for value in values}
    going_on = [value for value in values if not is_hopeless({1: value}, others[value], [1], 10**30)]

    assert len(going_on) == max(1, len(values) // ETA)
    assert set(going_on) == set(sorted(values)[-len(going_on) :])


def test_what_may_be_chance_stops_nothing():
    others = [{2: 0.95}, {2: 0.94}, {2: 0.93}]

    assert not is_hopeless({2: 0.92}, others, [2], 270)
    assert is_hopeless({2: 0.92}, others, [2], 10_000)
    assert is_hopeless({2: 0.10}, others, [2], 270)


def test_only_those_count_that_came_as_far():
    assert not is_hopeless({1: 0.2, 2: 0.3}, [{1: 0.9}, {1: 0.9}], [2], 100)
    assert is_hopeless({1: 0.2, 2: 0.3}, [{1: 0.1, 2: 0.9}], [2], 100)
