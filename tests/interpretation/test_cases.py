"""The cases shown are chosen by rule: nobody picks the pretty ones, and whoever follows the rule finds the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnproj.interpretation.cases import RULES, choose_cases


def two_classes(*first: float) -> np.ndarray:
    """Probabilities of the first and the second class."""
    return np.array([(value, 1 - value) for value in first])


# Right where the first class leads: the labels are all of the first class.
MIXED = two_classes(0.9, 0.55, 0.1, 0.7, 0.3, 0.99, 0.8)
ALL_FIRST = np.zeros(7, np.int64)


def chosen(probabilities: np.ndarray, labels: np.ndarray, count: int) -> list[tuple[int, str]]:
    cases = choose_cases(probabilities, labels, count)
    return list(zip(cases["position"].tolist(), cases["rule"], strict=True))


def test_each_rule_finds_its_case():
    assert chosen(MIXED, ALL_FIRST, 5) == [
        (5, "confident_right"),  # 0.99
        (2, "confident_wrong"),  # 0.90 for the other
        (1, "least_sure"),  # a lead of 0.10
        (6, "typical_right"),  # the middle of 0.99 0.90 0.80 0.70 0.55
        (4, "second_confident_wrong"),  # 0.70 for the other
    ]


@pytest.mark.parametrize("count", [3, 4, 5])
def test_fewer_cases_are_the_first_of_more(count):
    assert chosen(MIXED, ALL_FIRST, count) == chosen(MIXED, ALL_FIRST, 5)[:count]


def test_a_case_tells_what_was_predicted_how_surely_what_came_second_and_what_the_truth_got():
    cases = choose_cases(np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.4, 0.35, 0.25]]), np.array([2, 2, 0]), 3)

    wrong = cases.set_index("rule").loc["confident_wrong"]
    assert wrong.to_dict() == {
        "position": 0,
        "label": 2,
        "predicted": 1,
        "second": 2,
        "probability": 0.5,
        "second_probability": 0.3,
        "label_probability": 0.3,
    }


def test_the_lead_is_of_the_first_class_over_the_second_not_the_confidence():
    """0.40 against 0.30 is surer than 0.49 against 0.48."""
    probabilities = np.array([[0.4, 0.3, 0.3], [0.49, 0.48, 0.03], [0.9, 0.05, 0.05]])

    assert (1, "least_sure") in chosen(probabilities, np.zeros(3, np.int64), 3)


def test_without_wrong_ones_the_next_least_sure_take_their_place():
    found = chosen(two_classes(0.9, 0.6, 0.7, 0.8, 0.95), np.zeros(5, np.int64), 5)

    assert found == [
        (4, "confident_right"),
        (1, "least_sure"),
        (3, "typical_right"),
        (2, "next_least_sure"),
        (0, "next_least_sure"),
    ]


def test_with_one_wrong_one_only_the_second_is_replaced():
    rules = [rule for _, rule in chosen(two_classes(0.9, 0.6, 0.7, 0.8, 0.1, 0.95), np.zeros(6, np.int64), 5)]

    assert rules == [*RULES[:4], "next_least_sure"]


def test_without_right_ones_there_is_no_right_case():
    rules = [rule for _, rule in chosen(two_classes(0.1, 0.2, 0.3, 0.4, 0.45), np.zeros(5, np.int64), 5)]

    assert rules == ["confident_wrong", "least_sure", "second_confident_wrong", "next_least_sure", "next_least_sure"]


def test_equal_images_are_taken_in_their_order():
    found = chosen(np.full((6, 2), 0.5), np.array([0, 0, 0, 1, 1, 1]), 5)

    assert found == [
        (0, "confident_right"),
        (3, "confident_wrong"),
        (1, "least_sure"),
        (2, "typical_right"),
        (4, "second_confident_wrong"),
    ]


def test_more_cases_than_images_gives_every_image_once():
    assert sorted(place for place, _ in chosen(two_classes(0.9, 0.2), np.zeros(2, np.int64), 5)) == [0, 1]


@given(
    st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), st.integers(0, 1)), min_size=1, max_size=12),
    st.integers(3, 5),
)
def test_no_image_is_shown_twice_and_as_many_as_there_are_or_were_asked_for(images, count):
    probabilities, labels = two_classes(*[value for value, _ in images]), np.array([label for _, label in images])
    cases = choose_cases(probabilities, labels, count)

    assert len(cases) == min(count, len(images))
    assert cases["position"].is_unique
    right = cases["label"] == cases["predicted"]
    assert right[cases["rule"].isin(["confident_right", "typical_right"])].all()
    assert not right[cases["rule"].isin(["confident_wrong", "second_confident_wrong"])].any()
    assert (cases["label"] == labels[cases["position"]]).all()
