"""A difference is called one only where chance does not explain it."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import permutation_test
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from cnnproj.evaluation.comparison import compare, exact_test, holm


def lead(only_first: int, only_second: int, both: int = 10) -> np.ndarray:
    return np.repeat([1, -1, 0], [only_first, only_second, both])


@given(st.integers(0, 60), st.integers(0, 60))
def test_without_groups_it_is_mcnemars_exact_test(only_first, only_second):
    given = lead(only_first, only_second)

    expected = mcnemar([[5, only_first], [only_second, 5]], exact=True).pvalue
    assert exact_test(given, np.arange(len(given))) == pytest.approx(expected, abs=1e-9)


def test_the_textbooks_example():
    """Agresti, "Categorical data analysis" (2002), section 10.1.4: 150 against 86 of 944."""
    given = lead(150, 86, both=1600 - 236)
    assert exact_test(given, np.arange(1600)) == pytest.approx(3.7e-5, rel=0.05)


def test_with_groups_it_is_the_exact_exchange_of_groups():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(9), 4)
    given = rng.choice([-1, 0, 1], 36, p=[0.1, 0.5, 0.4])
    sums = np.bincount(groups, weights=given)

    expected = permutation_test(
        (sums,), lambda values, axis: values.sum(axis=axis), permutation_type="samples", n_resamples=np.inf
    )
    assert exact_test(given, groups) == pytest.approx(expected.pvalue, abs=1e-9)


def test_copies_of_an_image_are_no_more_evidence():
    given = lead(9, 1)
    assert exact_test(np.repeat(given, 7), np.repeat(np.arange(20), 7)) == exact_test(given, np.arange(20))


def test_models_that_answer_alike_are_tied_for_certain():
    assert exact_test(np.zeros(50, int), np.arange(50)) == 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_the_correction_is_holms(values):
    with patch("gc.collect"):  # statsmodels collects at every call, which takes seconds where much is loaded
        expected = multipletests(values, method="holm")[1]
    assert holm(np.array(values)) == pytest.approx(expected, abs=1e-9)


def right(accuracy: float, n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(n) < accuracy


def test_each_verdict_goes_by_what_is_known():
    n = 500
    answers = {
        "best": right(0.9, n, 0),
        "like_it": right(0.9, n, 1),
        "weak": right(0.5, n, 2),
        "strong": np.ones(n, bool),
    }
    table = compare("best", answers, np.arange(n), seed=0).set_index("model")

    assert table["verdict"].to_dict() == {"like_it": "tied", "weak": "better", "strong": "worse"}
    assert table.loc["strong", "only_best"] == 0
    assert (table["p_corrected"] >= table["p"]).all()
    for row in table.itertuples():
        assert row.low <= row.difference <= row.high
        assert row.difference == pytest.approx((row.only_best - row.only_other) / n)


def test_a_difference_of_a_few_images_is_a_tie():
    table = compare("best", {"best": share_right(97), "other": share_right(94)}, np.arange(100), seed=0)

    assert table["verdict"].tolist() == ["tied"]
    assert table["p"].tolist() == [0.25]


def share_right(count: int) -> np.ndarray:
    return np.arange(100) < count


def test_a_model_alone_is_compared_with_nothing():
    table = compare("best", {"best": share_right(9)}, np.arange(100), seed=0)

    assert table.empty
    assert "verdict" in table


def test_no_difference_is_called_real_too_often():
    """Of 300 pairs of equally good models, with three comparisons each, in at most some 5 % one is called different."""
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(300):
        answers = {name: rng.random(120) < 0.85 for name in "abcd"}
        wrong += (compare("a", answers, np.arange(120), seed=0)["verdict"] != "tied").any()

    assert wrong <= 22  # 15 expected at most; 22 or fewer in 97 % of such simulations
