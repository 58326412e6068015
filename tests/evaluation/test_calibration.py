"""Calibration is measured as published."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnproj.evaluation.calibration import BINS, calibration_error, reliability


def with_confidence(*confidences: float) -> np.ndarray:
    return np.array([[value, 1 - value] for value in confidences])


def test_the_error_of_a_small_example_counted_by_hand():
    """Bins of 1/15: two images at 0.95 (one right), two at 0.7 (both right)."""
    probabilities, labels = with_confidence(0.95, 0.95, 0.7, 0.7), np.array([0, 1, 0, 0])

    assert calibration_error(probabilities, labels) == pytest.approx(
        (2 * abs(0.5 - 0.95) + 2 * abs(1 - 0.7)) / 4, abs=1e-9
    )


def test_bins_have_their_images_their_means_and_nothing_where_there_is_nothing():
    bins = reliability(with_confidence(0.95, 0.97, 0.7), np.array([0, 1, 0]))

    assert len(bins) == BINS
    assert bins["n"].sum() == 3
    last = bins.iloc[14]
    assert (last["n"], last["accuracy"], last["confidence"]) == (2, 0.5, pytest.approx(0.96))
    assert bins[bins["n"] == 0][["accuracy", "confidence"]].isna().all(axis=None)


def test_an_edge_belongs_to_the_bin_below_and_1_to_the_last():
    bins = reliability(with_confidence(1.0, 0.8), np.array([0, 0]))

    assert np.flatnonzero(bins["n"]).tolist() == [11, 14]


@given(st.integers(2, 8), st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_it_is_the_definition(classes, n, seed):
    """Guo et al. (2017), equations 1 to 3, image by image."""
    rng = np.random.default_rng(seed)
    probabilities, labels = rng.dirichlet(np.ones(classes), n), rng.integers(0, classes, n)
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    expected = 0.0
    for number in range(15):
        inside = (confidence > number / 15) & (confidence <= (number + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())

    assert calibration_error(probabilities, labels) == pytest.approx(expected, abs=1e-9)


def test_probabilities_that_are_true_have_a_small_error():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3), 20_000)
    labels = (rng.random((20_000, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)

    assert calibration_error(probabilities, labels) < 0.015
    assert calibration_error(np.eye(3)[probabilities.argmax(axis=1)], labels) > 0.2
