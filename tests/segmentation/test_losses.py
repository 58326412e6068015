"""The losses agree with their definitions, and with the scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cnnproj.segmentation.losses import LOSSES, SMOOTH
from cnnproj.segmentation.scores import IGNORED, count

MASKS = arrays(np.uint8, (2, 5, 5), elements=st.integers(0, 2))
TRUTH = np.array([[[0, 1], [2, 1]]])
GIVEN = np.array([[[[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], [[0.3, 0.3, 0.4], [0.5, 0.25, 0.25]]]], np.float32)
RIGHT = np.array([0.7, 0.8, 0.4, 0.25])


def value(name: str, truth: np.ndarray, given: np.ndarray) -> float:
    return float(LOSSES[name](truth, given))


def test_cross_entropy_is_the_mean_surprise_at_the_true_class():
    assert value("categorical_crossentropy", TRUTH, GIVEN) == pytest.approx(-np.log(RIGHT).mean(), rel=1e-5)


def test_binary_cross_entropy_takes_each_class_by_itself():
    of_truth = np.eye(3)[TRUTH]
    by_hand = -(of_truth * np.log(GIVEN) + (1 - of_truth) * np.log(1 - GIVEN)).mean()
    assert value("binary_crossentropy", TRUTH, GIVEN) == pytest.approx(by_hand, rel=1e-5)


def test_focal_counts_a_sure_pixel_for_little():
    assert value("focal", TRUTH, GIVEN) == pytest.approx((-((1 - RIGHT) ** 2) * np.log(RIGHT)).mean(), rel=1e-5)


@given(MASKS, MASKS)
def test_dice_is_one_minus_the_score_of_sure_pixels(truth, predicted):
    counts = count(truth, predicted, 3)
    both, each = counts.both.sum(axis=0), (counts.truth + counts.predicted).sum(axis=0)
    by_hand = 1 - ((2 * both + SMOOTH) / (each + SMOOTH))[1:].mean()
    assert value("dice", truth, np.eye(3, dtype=np.float32)[predicted]) == pytest.approx(by_hand, abs=1e-6)


def test_the_sum_is_the_sum():
    parts = value("dice", TRUTH, GIVEN) + value("categorical_crossentropy", TRUTH, GIVEN)
    assert value("dice_crossentropy", TRUTH, GIVEN) == pytest.approx(parts, rel=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_least_where_all_is_right(name):
    right = np.eye(3, dtype=np.float32)[TRUTH]
    assert value(name, TRUTH, right) == pytest.approx(0, abs=1e-5)
    assert value(name, TRUTH, GIVEN) > 0.1


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_ignored_counts_in_no_loss(name):
    truth, given = (np.repeat(values, 2, axis=2) for values in (TRUTH.astype(np.uint8), GIVEN))
    truth[:, :, 2:] = IGNORED
    given[:, :, 2:] = [0.2, 0.2, 0.6]
    labelled = value(name, truth[:, :, :2], given[:, :, :2])
    assert value(name, truth, given) == pytest.approx(labelled, rel=1e-5)
    assert value(name, np.full_like(truth, IGNORED), given) == 0
