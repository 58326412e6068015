"""Better than chance is told from chance, also where one class is most of the images."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from cnnproj.diagnosis.chance import by_chance, confusion_of, skill


def drawn(seed: int, n: int = 300, right: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions of three unequal classes; the share ``right`` is the label itself."""
    draw = np.random.default_rng(seed)
    truth, predicted = draw.choice(3, n, p=[0.7, 0.2, 0.1]), draw.choice(3, n, p=[0.5, 0.3, 0.2])
    return truth, np.where(draw.random(n) < right, truth, predicted)


def test_the_probability_is_that_of_dealing_predictions_out_at_random():
    truth, predicted = drawn(0, right=0.05)
    draw = np.random.default_rng(1)
    right = (truth == predicted).sum()
    dealt = np.array([(draw.permutation(predicted) == truth).sum() for _ in range(20_000)])

    assert by_chance(confusion_of(truth, predicted, 3)) == pytest.approx((dealt >= right).mean(), abs=0.01)


def test_skill_is_kappa():
    truth, predicted = drawn(2, right=0.4)

    assert skill(confusion_of(truth, predicted, 3)) == pytest.approx(cohen_kappa_score(truth, predicted))


def test_guessing_is_seldom_taken_for_more():
    taken = [by_chance(confusion_of(*drawn(seed), 3)) < 0.01 for seed in range(500)]

    assert np.mean(taken) < 0.02


@pytest.mark.parametrize("confusion", [[[90, 0], [10, 0]], [[5, 0], [0, 0]]])
def test_always_the_same_class_is_no_skill_however_often_right(confusion):
    assert skill(np.array(confusion)) == 0
    assert by_chance(np.array(confusion)) == 1


def test_a_rare_class_that_is_found_is_more_than_chance_though_hardly_more_accurate():
    confusion = np.array([[178, 2], [10, 10]])  # 0.94, where always naming the first gives 0.9

    assert by_chance(confusion) < 1e-6
    assert skill(confusion) > 0.5
