"""ReLU, softmax, cross-entropy and Dice, against Keras and by their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnproj import CnnprojError
from cnnproj.lecture import cross_entropy, dice, relu, softmax

rows = st.lists(st.floats(-1e3, 1e3, width=32, allow_subnormal=False), min_size=2, max_size=6)


@given(rows)
def test_softmax_and_relu_are_those_of_keras(values):
    import keras

    row = np.array([values], np.float32)
    np.testing.assert_allclose(softmax(values).result, np.asarray(keras.ops.softmax(row))[0], rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(relu(row).result, np.asarray(keras.ops.relu(row)))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=5).filter(lambda row: sum(row) > 0.1), st.integers(0, 9))
def test_cross_entropy_is_that_of_keras(values, truth):
    import keras

    probabilities = np.array(values) / sum(values)
    truth %= len(values)
    one_hot = np.eye(len(values))[truth]
    theirs = float(keras.losses.categorical_crossentropy(one_hot, probabilities))

    assert cross_entropy(truth, probabilities).result == pytest.approx(theirs, rel=1e-4, abs=1e-5)
    assert cross_entropy(one_hot, probabilities).result == cross_entropy(truth, probabilities).result


def test_smoothed_labels_are_weighted():
    worked = cross_entropy([0.9, 0.1], [0.5, 0.5])

    assert worked.result == pytest.approx(np.log(2))
    assert worked.steps[0] == "−(0.9·ln 0.5 + 0.1·ln 0.5)"


def test_the_steps_of_softmax():
    assert list(softmax([1, 0]).steps) == [
        "e^(1) = 2.7183",
        "e^(0) = 1",
        "2.7183 + 1 = 3.7183",
        "2.7183 / 3.7183 = 0.73106",
        "1 / 3.7183 = 0.26894",
    ]
    assert softmax([1000, 0]).steps[0] == "e^(1000 − 1000) = 1"


def test_relu_keeps_whole_numbers_whole_and_says_so():
    worked = relu([[-2, 3]])

    assert worked.result.dtype == np.int64
    assert list(worked.steps) == ["max(0, −2) = 0", "max(0, 3) = 3"]


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=20))
def test_dice_is_twice_what_is_shared(pairs):
    first, second = (np.array(mask) for mask in zip(*pairs, strict=True))
    total = first.sum() + second.sum()

    assert dice(first, second).result == (2 * (first & second).sum() / total if total else 1)


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: softmax([[1, 2]]), "in one row.*1×2"),
        (lambda: softmax(["a"]), "must be numbers.*a"),
        (lambda: softmax([]), "must be numbers"),
        (lambda: softmax([1.0, np.nan]), "finite"),
        (lambda: cross_entropy(3, [0.5, 0.5]), "no class 3.*0 to 1"),
        (lambda: cross_entropy(0, [2.0, 1.0]), "add up to 1.*softmax"),
        (lambda: cross_entropy([1, 0, 0], [0.5, 0.5]), "3 classes.*2"),
        (lambda: dice([1, 0], [1]), "same shape"),
        (lambda: dice([0.4], [1]), "0 or 1.*0.4.*threshold"),
        (lambda: relu([[1, 2], [3]]), "rows must be of the same length"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(ask, told):
    with pytest.raises(CnnprojError, match=told):
        ask()
