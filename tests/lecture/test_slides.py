"""Every example that the slides work out, with the slides' own numbers."""

import numpy as np
import pytest

from cnnproj import lecture


def table(text: str) -> np.ndarray:
    """Rows with slashes between them."""
    return np.array([[int(word.replace("−", "-")) for word in row.split()] for row in text.split("/")])


COUNTED_3 = table("1 2 3 / 4 5 6 / 7 8 9")
COUNTED_4 = table("1 2 3 4 / 5 6 7 8 / 9 10 11 12 / 13 14 15 16")
FIVE = table("35 40 41 45 50 / 40 40 42 46 52 / 42 46 50 55 55 / 48 52 56 58 60 / 56 60 65 70 75")
SIX = table("4 2 2 1 4 6 / 3 1 5 7 8 8 / 9 12 14 6 9 11 / 4 3 4 11 4 6 / 4 7 15 2 8 13 / 3 2 10 1 5 8")
EXERCISE = table("10 20 10 5 10 / 4 3 10 5 20 / 2 15 18 2 10 / 8 6 16 22 10 / 2 0 1 0 5")
EDGES = table("3 1 0 2 1 0 / 2 0 1 3 2 1 / 0 1 2 1 0 3 / 4 0 3 2 2 1 / 1 1 0 1 0 1 / 3 2 1 0 2 1")

CONVOLUTIONS = {
    "3×3 with 2×2": (COUNTED_3, "1 0 / 0 −1", "valid", "−4 −4 / −4 −4"),
    "4×4 with padding 1": (
        COUNTED_4,
        "0 1 0 / 0 1 1 / 1 0 0",
        1,
        "3 10 13 11 / 12 24 28 23 / 24 40 44 35 / 36 39 42 28",
    ),
    "5×5 with 3×3": (FIVE, "−2 −1 0 / −1 1 1 / 0 1 2", "valid", "78 87 94 / 98 109 108 / 120 125 127"),
    "the exercise": (EXERCISE, "5 2 / 4 1", "valid", "109 142 105 85 / 49 113 134 83 / 78 151 180 128 / 60 63 128 135"),
    "vertical edges": (EDGES, "1 0 −1 / 1 0 −1 / 1 0 −1", "valid", "2 −4 0 2 / 0 −5 2 1 / 0 −2 3 −1 / 4 0 0 0"),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_convolution_of_the_slides(name):
    image, kernel, padding, expected = CONVOLUTIONS[name]
    worked = lecture.convolve(image, table(kernel), padding=padding)

    np.testing.assert_array_equal(worked.result, table(expected))
    assert worked.result.dtype == np.int64


def test_a_step_reads_as_it_stands_on_the_board():
    worked = lecture.convolve(COUNTED_3, [[1, 0], [0, -1]])

    assert worked.steps[0] == "1·1 + 2·0 + 4·0 + 5·(−1) = −4"
    assert len(worked.steps) == 4


def test_pooling_of_the_slides():
    image = table("2 3 1 4 / 5 6 7 8 / 9 10 11 12 / 13 14 15 16")

    np.testing.assert_array_equal(lecture.pool(image).result, table("6 8 / 14 16"))
    np.testing.assert_array_equal(lecture.pool(image, kind="average").result, [[4, 5], [11.5, 13.5]])
    np.testing.assert_array_equal(lecture.pool(image, kind="min").result, table("2 1 / 9 11"))
    np.testing.assert_array_equal(lecture.pool(SIX).result, table("4 7 8 / 12 14 11 / 7 15 13"))
    assert lecture.pool(image).steps[0] == "max(2, 3, 5, 6) = 6"
    assert lecture.pool(image, kind="average").steps[2] == "(9 + 10 + 13 + 14) / 4 = 11.5"


def test_the_exercise_goes_on_with_max_pooling():
    after = lecture.pool(lecture.convolve(EXERCISE, [[5, 2], [4, 1]]).result, 2, stride=1)

    np.testing.assert_array_equal(after.result, table("142 142 134 / 151 180 180 / 151 180 180"))


def test_the_homework_with_one_row_and_one_column_on_one_side():
    padding, convolved, largest, mean, mean_before = (one.solution() for one in lecture.homework())
    map_ = table("109 142 105 85 130 / 49 113 134 83 140 / 78 151 180 128 90 / 60 63 128 135 70 / 10 2 5 10 25")

    assert padding.result == (0, 1)
    assert padding.steps[0] == "((5 − 1)·1 − 5 + 2) / 2 = 0.5"
    np.testing.assert_array_equal(convolved.result, map_)
    np.testing.assert_array_equal(
        largest.result, table("142 142 134 140 / 151 180 180 140 / 151 180 180 135 / 63 128 135 135")
    )
    np.testing.assert_array_equal(
        mean.result,
        [
            [103.25, 123.5, 101.75, 109.5],
            [97.75, 144.5, 131.25, 110.25],
            [88, 130.5, 142.75, 105.75],
            [33.75, 49.5, 69.5, 60],
        ],
    )
    np.testing.assert_array_equal(mean_before.result, np.asarray(mean)[:3, :3])


def test_the_shapes_of_the_slides():
    image, kernel = np.ones((32, 32, 3)), np.ones((5, 5, 3))
    eight = lecture.stack_filters([np.full((3, 3), weight) for weight in range(8)])

    assert lecture.convolve(image, kernel).result.shape == (28, 28, 1)
    assert lecture.convolve(image, kernel, depthwise=True).result.shape == (28, 28, 3)
    assert lecture.convolve(np.ones((6, 6)), eight).result.shape == (4, 4, 8)


def test_the_padding_that_keeps_the_size_on_the_slides():
    worked = lecture.padding_for(4, 3)

    assert worked.result == (1, 1)
    assert str(worked.steps) == "((4 − 1)·1 − 4 + 3) / 2 = 1"
