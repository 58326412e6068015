"""Intervals are those of the textbooks, and wider where images come in groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from cnnproj.evaluation import intervals as module
from cnnproj.evaluation.intervals import bootstrap, intervals, wilson
from cnnproj.evaluation.scores import scores


def share(right: int, n: int) -> np.ndarray:
    return np.arange(n) < right


def made(n: int, classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    logits = rng.normal(0, 1, (n, classes))
    logits[np.arange(n), labels] += 2
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), labels


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_the_published_one(right, n, low, high):
    """Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3."""
    found = wilson(share(right, n), np.arange(n))

    assert found == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5), "wilson")


@given(st.integers(1, 3000), st.data())
def test_wilsons_interval_is_that_of_statsmodels_and_holds_the_share(n, data):
    right = data.draw(st.sampled_from([0, n]) | st.integers(0, n))
    low, high, _ = wilson(share(right, n), np.arange(n))

    assert 0 <= low <= right / n <= high <= 1
    assert low < high
    assert (low, high) == pytest.approx(proportion_confint(right, n, method="wilson"), abs=1e-9)


def test_copies_of_an_image_do_not_make_an_interval_shorter():
    once = wilson(share(90, 100), np.arange(100))
    fivefold = wilson(np.repeat(share(90, 100), 5), np.repeat(np.arange(100), 5))

    assert fivefold.high - fivefold.low == pytest.approx(once.high - once.low, rel=0.03)


def test_groups_that_are_all_right_count_as_one_image_each():
    found = wilson(np.full(200, True), np.arange(200) // 10)

    assert found.low < wilson(np.full(20, True), np.arange(20)).low < 0.85  # wider still: Student's t
    assert found.high == 1


def test_one_group_tells_nothing():
    assert wilson(share(9, 10), np.zeros(10, int)) == (0, 1, "wilson")


def test_the_bootstrap_counts_as_the_scores_do(monkeypatch):
    probabilities, labels = made(60)
    probabilities = probabilities.round(1)  # ties
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    times = np.random.default_rng(1).multinomial(60, np.full(60, 1 / 60), size=20)
    counted = module._scores_of(probabilities, labels, times.astype(float))

    for row, weights in enumerate(times):
        drawn = np.repeat(np.arange(60), weights)
        expected = scores(probabilities[drawn], labels[drawn])
        for name, values in counted.items():
            assert values[row] == pytest.approx(expected[name], abs=1e-9), name


def test_the_same_seed_gives_the_same_intervals_however_many_are_in_memory(monkeypatch):
    probabilities, labels = made(80)
    first = intervals(probabilities, labels, np.arange(80), seed=3)
    assert first == intervals(probabilities, labels, np.arange(80), seed=3)
    assert first != intervals(probabilities, labels, np.arange(80), seed=4)


def test_every_score_but_the_calibration_error_has_an_interval_that_holds_it():
    probabilities, labels = made(300, classes=7)
    found, values = intervals(probabilities, labels, np.arange(300), seed=0), scores(probabilities, labels)

    assert found.keys() == values.keys() - {"calibration_error"}
    for name, (low, high, _) in found.items():
        assert low < values[name] < high, name
        assert high - low < 0.2


def test_groups_make_the_bootstrap_wider():
    probabilities, labels = made(40)
    grouped = bootstrap(np.repeat(probabilities, 6, axis=0), np.repeat(labels, 6), np.repeat(np.arange(40), 6), seed=0)
    ignored = bootstrap(np.repeat(probabilities, 6, axis=0), np.repeat(labels, 6), np.arange(240), seed=0)

    for name, one in grouped.items():
        assert one.high - one.low > 1.8 * (ignored[name].high - ignored[name].low)


def test_labels_of_one_class_have_no_area_and_no_interval_of_one():
    probabilities, _ = made(30)
    found = intervals(probabilities, np.zeros(30, int), np.arange(30), seed=0)

    assert np.isnan(found["roc_auc"].low)
    assert found["log_loss"].low < found["log_loss"].high
