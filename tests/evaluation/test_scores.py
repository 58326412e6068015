"""The scores are those of the textbooks, and a row of the confusion matrix is what the image truly shows."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnproj.evaluation.scores import class_table, confusion, score
from cnnproj.run import Score

CLASSES = ("cat", "dog", "eel")


def answers(*predicted: int, sure: float = 0.8, classes: int = 3) -> np.ndarray:
    """Probabilities with ``sure`` for the class predicted and the rest shared out evenly."""
    probabilities = np.full((len(predicted), classes), (1 - sure) / (classes - 1), np.float32)
    probabilities[np.arange(len(predicted)), predicted] = sure
    return probabilities


def score_of(right: int, n: int) -> Score:
    return score(answers(*[0] * right, *[1] * (n - right)), np.zeros(n, np.int64))


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons_as_published(right, n, low, high):
    """Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3."""
    found = score_of(right, n)

    assert found.accuracy == right / n
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert found.n == n


@given(st.integers(1, 3000), st.data())
def test_the_interval_lies_within_0_and_1_and_holds_the_accuracy(n, data):
    right = data.draw(st.sampled_from([0, n]) | st.integers(0, n))
    found = score_of(right, n)

    assert 0 <= found.low <= found.accuracy <= found.high <= 1
    assert found.low < found.high


def test_log_loss_is_the_mean_of_minus_the_logarithm_of_the_truths_probability():
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]], np.float32)

    found = score(probabilities, np.array([0, 1]))

    assert found.log_loss == pytest.approx(-(math.log(0.5) + math.log(0.2)) / 2, rel=1e-6)


def test_log_loss_does_not_need_every_class_in_the_labels():
    assert score(answers(1, 1), np.array([1, 1])).log_loss == pytest.approx(-math.log(0.8), rel=1e-6)


def test_a_network_that_was_sure_and_wrong_has_a_finite_loss():
    assert 10 < score(answers(0, sure=1.0), np.array([1])).log_loss < math.inf


def test_the_sums_of_float32_are_no_warning():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(100), 500).astype(np.float32) * np.float32(1.00001)

    assert score(probabilities, np.zeros(500, np.int64)).log_loss > 0


def test_what_is_measured_is_not_changed():
    probabilities = answers(0, 1).astype(np.float64) * 2
    before = probabilities.copy()
    score(probabilities, np.array([0, 1]))

    assert (probabilities == before).all()


def test_a_row_of_the_confusion_matrix_is_a_true_class_and_a_column_a_predicted_one():
    found = confusion(answers(1, 1, 1, 0, 2), np.array([0, 0, 1, 1, 2]), CLASSES)

    assert found["class"].tolist() == list(CLASSES)
    assert found.set_index("class").loc["cat"].to_dict() == {"cat": 0, "dog": 2, "eel": 0}
    assert found.set_index("class").loc["dog"].to_dict() == {"cat": 1, "dog": 1, "eel": 0}


def test_a_class_that_is_never_seen_or_predicted_keeps_its_row_and_its_column():
    found = confusion(answers(0, 0), np.array([0, 0]), CLASSES)

    assert found.columns.tolist() == ["class", *CLASSES]
    assert found[list(CLASSES)].to_numpy().tolist() == [[2, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_precision_recall_and_f1_of_each_class_are_counted_by_hand():
    found = class_table(answers(0, 0, 1, 1, 1), np.array([0, 1, 1, 1, 0]), CLASSES).set_index("class")

    assert found.loc["cat"].tolist() == pytest.approx([1 / 2, 1 / 2, 1 / 2, 2])
    assert found.loc["dog"].tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 3])
    assert found.loc["eel"].tolist() == [0, 0, 0, 0]  # never there and never predicted: no warning, no nan


@pytest.mark.parametrize("name", ["class", "support", "1"])
def test_any_name_of_a_class_is_taken(name):
    classes = (name, "other")
    assert confusion(answers(0, 1, classes=2), np.array([0, 1]), classes).iloc[:, 1:].to_numpy().tolist() == [
        [1, 0],
        [0, 1],
    ]
    assert class_table(answers(0, 1, classes=2), np.array([0, 1]), classes)["class"].tolist() == [name, "other"]
