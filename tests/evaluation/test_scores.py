"""The scores are those of the textbooks, and a row of the confusion matrix is what the image truly shows."""

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from cnnproj.evaluation.scores import class_table, confident_errors, confusion, scores

CLASSES = ("cat", "dog", "eel")
approx = partial(pytest.approx, abs=1e-9)


def answers(*predicted: int, sure: float = 0.8, classes: int = 3) -> np.ndarray:
    """Probabilities with ``sure`` for the class predicted and the rest shared out evenly."""
    probabilities = np.full((len(predicted), classes), (1 - sure) / (classes - 1), np.float32)
    probabilities[np.arange(len(predicted)), predicted] = sure
    return probabilities


@given(st.integers(2, 30), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_every_score_is_scikit_learns(classes, n, seed):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(classes, 0.3), n)
    labels = rng.integers(0, classes, n)
    predicted, every, seen = probabilities.argmax(axis=1), np.arange(classes), np.unique(labels)
    found = scores(probabilities, labels)

    assert found["accuracy"] == approx(metrics.accuracy_score(labels, predicted))
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        labels, predicted, labels=seen, average="macro", zero_division=0.0
    )
    assert (found["macro_precision"], found["macro_f1"]) == (approx(precision), approx(f1))
    assert found["balanced_accuracy"] == approx(recall)
    assert found["log_loss"] == approx(metrics.log_loss(labels, probabilities, labels=every))
    if classes >= 6:
        k = 3 if classes <= 20 else 5
        assert found[f"top_{k}_accuracy"] == approx(
            metrics.top_k_accuracy_score(labels, probabilities, k=k, labels=every)
        )
    if len(seen) == classes > 2:
        assert found["roc_auc"] == approx(metrics.roc_auc_score(labels, probabilities, multi_class="ovr", labels=every))
    elif len(seen) == classes == 2:
        assert found["roc_auc"] == approx(metrics.roc_auc_score(labels, probabilities[:, 1]))


def test_an_area_under_the_curve_needs_two_classes():
    assert math.isnan(scores(answers(0, 0), np.array([0, 0]))["roc_auc"])


def test_few_classes_have_no_top_k():
    assert not [name for name in scores(answers(0, 1), np.array([0, 1])) if name.startswith("top")]


def test_the_surest_mistakes_come_first():
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7], [0.95, 0.05], [0.2, 0.8]])

    assert confident_errors(probabilities, np.array([1, 0, 0, 0]), 2).tolist() == [0, 3]
    assert confident_errors(probabilities, np.array([0, 1, 0, 1]), 5).tolist() == []


def test_log_loss_is_the_mean_of_minus_the_logarithm_of_the_truths_probability():
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]], np.float32)

    found = scores(probabilities, np.array([0, 1]))

    assert found["log_loss"] == pytest.approx(-(math.log(0.5) + math.log(0.2)) / 2, rel=1e-6)


def test_log_loss_does_not_need_every_class_in_the_labels():
    assert scores(answers(1, 1), np.array([1, 1]))["log_loss"] == pytest.approx(-math.log(0.8), rel=1e-6)


def test_a_network_that_was_sure_and_wrong_has_a_finite_loss():
    assert 10 < scores(answers(0, sure=1.0), np.array([1]))["log_loss"] < math.inf


def test_the_sums_of_float32_are_no_warning():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(100), 500).astype(np.float32) * np.float32(1.00001)

    assert scores(probabilities, np.zeros(500, np.int64))["log_loss"] > 0


def test_what_is_measured_is_not_changed():
    probabilities = answers(0, 1).astype(np.float64) * 2
    before = probabilities.copy()
    scores(probabilities, np.array([0, 1]))

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
