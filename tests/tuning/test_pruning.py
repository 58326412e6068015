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
        ("halving", 4, [[1, 3]]),
        ("halving", 27, [[1, 3, 9]]),
        ("hyperband", 10, [[1, 3, 9], [3, 9], [9], []]),
        ("hyperband", 1, [[]]),
    ],
)
def test_trials_are_looked_at_ever_more_seldom_and_not_at_their_end(pruning, epochs, expected):
    assert brackets(pruning, epochs) == expected


@given(courses, st.lists(courses, max_size=30))
def test_the_best_so_far_and_whoever_is_not_looked_at_goes_on(course, others):
    epoch = max(course)
    best = all(other.get(epoch, 0) <= course[epoch] for other in others)

    assert not is_hopeless(course, others, [])
    assert not is_hopeless(course, others, [epoch + 1])
    if best:
        assert not is_hopeless(course, others, [epoch])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60, unique=True))
def test_of_many_about_a_third_goes_on(values):
    others = [{1: value} for value in values]
    going_on = [
        value for value in values if not is_hopeless({1: value}, [one for one in others if one[1] != value], [1])
    ]

    assert len(going_on) == max(1, len(values) // ETA)
    assert set(going_on) == set(sorted(values)[-len(going_on) :])


def test_only_those_count_that_came_as_far():
    assert not is_hopeless({1: 0.2, 2: 0.3}, [{1: 0.9}, {1: 0.9}], [2])
    assert is_hopeless({1: 0.2, 2: 0.3}, [{1: 0.1, 2: 0.9}], [2])
