"""The scores of a segmentation: the lectures' examples, the rule for empty masks, and what always holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cnnproj.segmentation.intervals import intervals
from cnnproj.segmentation.scores import IGNORED, class_table, count, dice, image_scores, iou, scores

SIDE = 6
MASKS = arrays(np.uint8, (SIDE, SIDE), elements=st.integers(0, 2))


class TestTheLectures:
    def test_a_binary_mask_scores_three_quarters(self):
        truth = np.zeros((5, 5), int)
        truth[1:3, 1:3] = 1
        predicted = np.zeros((5, 5), int)
        predicted[1:3, 1:3] = [[1, 1], [1, 0]]
        predicted[3, 3] = 1
        # Four pixels each, three of them shared: 2 · 3 / (4 + 4).
        assert dice(truth, predicted)[1] == 0.75
        assert iou(truth, predicted)[1] == 0.6

    def test_two_classes_score_four_fifths_each_and_in_the_mean(self):
        truth = np.array([[1, 1, 1, 0, 0, 2, 2], [1, 1, 0, 0, 2, 2, 2]])
        predicted = np.array([[1, 1, 1, 0, 0, 0, 2], [0, 1, 1, 0, 2, 2, 2]])
        predicted[0, 4] = 2
        # Of class 1 five pixels each and four shared; of class 2 the same: 2 · 4 / (5 + 5).
        assert dice(truth, predicted, 3)[1:].tolist() == [0.8, 0.8]
        assert scores(count(truth[None], predicted[None], 3))["dice"] == 0.8


@given(MASKS, MASKS)
def test_dice_is_twice_iou_over_one_plus_iou(truth, predicted):
    overlap = iou(truth, predicted, 3)
    np.testing.assert_allclose(dice(truth, predicted, 3), 2 * overlap / (1 + overlap), rtol=1e-12)


@given(MASKS, MASKS)
def test_truth_and_prediction_can_change_places(truth, predicted):
    np.testing.assert_array_equal(dice(truth, predicted, 3), dice(predicted, truth, 3))


@given(MASKS)
def test_a_perfect_prediction_scores_one_wherever_there_is_something(mask):
    there = np.isin(np.arange(3), mask)
    np.testing.assert_array_equal(dice(mask, mask, 3), np.where(there, 1.0, np.nan))


class TestEmptyMasks:
    empty, full = np.zeros((4, 4), int), np.ones((4, 4), int)

    def test_nothing_to_find_and_nothing_found_is_left_out(self):
        assert np.isnan(dice(self.empty, self.empty)[1])
        counts = count(np.stack([self.empty, self.full]), np.stack([self.empty, self.full]), 2)
        assert scores(counts)["dice"] == 1
        assert image_scores(counts)["dice"].isna().tolist() == [True, False]

    def test_one_of_the_two_empty_scores_nothing(self):
        assert dice(self.empty, self.full)[1] == 0
        assert dice(self.full, self.empty)[1] == 0

    def test_a_class_that_no_image_has_does_not_raise_the_mean(self):
        mask = np.array([[[0, 1], [1, 1]]])
        assert scores(count(mask, np.array([[[0, 1], [1, 0]]]), 9))["dice"] == 0.8


def test_the_background_is_left_out_unless_asked_for():
    truth, predicted = np.zeros((1, 4, 4), int), np.zeros((1, 4, 4), int)
    truth[0, 0, 0] = predicted[0, 0, 1] = 1
    counts = count(truth, predicted, 2)
    assert scores(counts)["dice"] == 0
    assert scores(counts, background=True)["dice"] == pytest.approx(28 / 30 / 2)
    assert scores(counts)["pixel_accuracy"] == 14 / 16


def test_pooling_counts_pixels_and_the_mean_counts_images():
    truth, predicted = np.zeros((2, 4, 4), int), np.zeros((2, 4, 4), int)
    truth[0] = predicted[0] = 1
    truth[1, 0, 0] = predicted[1, 3, 3] = 1
    found = scores(count(truth, predicted, 2))
    assert found["dice"] == 0.5
    assert found["pooled_dice"] == pytest.approx(2 * 16 / 34)


def test_the_table_of_classes_counts_images_and_pixels():
    truth = np.array([[[0, 1], [1, 1]], [[0, 0], [0, 0]]])
    table = class_table(count(truth, truth, 2), ("background", "cell"))
    assert table["images"].tolist() == [2, 1]
    assert table["pixels"].tolist() == [5 / 8, 3 / 8]


@pytest.mark.parametrize(
    ("truth", "predicted"),
    [(np.zeros((1, 2, 2), int), np.zeros((1, 2, 3), int)), (np.full((1, 2, 2), 7), np.zeros((1, 2, 2), int))],
)
def test_what_is_no_pair_of_masks_is_refused(truth, predicted):
    with pytest.raises(ValueError, match="Expected"):
        count(truth, predicted, 2)


class TestIntervals:
    rng = np.random.default_rng(5)
    truth = (rng.random((40, 12, 12)) < 0.4).astype(int)
    predicted = np.where(rng.random(truth.shape) < rng.uniform(0, 0.4, (40, 1, 1)), 1 - truth, truth)

    def test_hold_the_score_and_are_the_same_for_the_same_seed(self):
        counts = count(self.truth, self.predicted, 2)
        found = intervals(counts, np.arange(40), seed=1)
        for name, value in scores(counts).items():
            assert found[name].low < value < found[name].high
        assert found == intervals(counts, np.arange(40), seed=1)
        assert found["dice"][:2] == found["dice:1"][:2]

    def test_are_wider_where_images_belong_together(self):
        counts = count(np.repeat(self.truth[:10], 4, 0), np.repeat(self.predicted[:10], 4, 0), 2)
        alone = intervals(counts, np.arange(40), seed=1)["dice"]
        together = intervals(counts, np.repeat(np.arange(10), 4), seed=1)["dice"]
        assert together.high - together.low > 1.5 * (alone.high - alone.low)

    def test_of_one_image_nothing_is_said(self):
        assert intervals(count(self.truth[:1], self.predicted[:1], 2), np.zeros(1), seed=1) == {}


@given(MASKS, MASKS, MASKS)
def test_what_is_predicted_where_the_truth_is_ignored_counts_for_nothing(truth, predicted, other):
    truth = truth.copy()
    truth[: SIDE // 2] = IGNORED
    other[SIDE // 2 :] = predicted[SIDE // 2 :]
    one, two, half = (
        count(*pair, 3)
        for pair in (
            (truth[None], predicted[None]),
            (truth[None], other[None]),
            (truth[None, SIDE // 2 :], predicted[None, SIDE // 2 :]),
        )
    )
    for name in ("truth", "predicted", "both", "pixels"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
        np.testing.assert_array_equal(getattr(one, name), getattr(half, name))


def test_an_image_of_which_nothing_is_labelled_has_no_score():
    truth = np.full((2, 4, 4), IGNORED)
    truth[1] = 1
    counts = count(truth, np.ones((2, 4, 4), int), 2)
    assert image_scores(counts)["dice"].isna().tolist() == [True, False]
    assert scores(counts) == {"dice": 1, "iou": 1, "pooled_dice": 1, "pixel_accuracy": 1}
