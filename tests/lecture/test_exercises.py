"""Exercises: the same for the same seed, and answered as a patient assistant would."""

import numpy as np
import pytest

from cnnproj import CnnprojError
from cnnproj.lecture import EXERCISES, convolve, exercise, homework, pool
from cnnproj.lecture.exercise_book import LECTURE_FILTER, LECTURE_IMAGE


@pytest.mark.parametrize("kind", EXERCISES)
def test_every_exercise_has_a_question_a_hint_steps_and_a_solution(kind):
    for seed in range(5):
        one = exercise(kind, seed)
        assert one.question == exercise(kind, seed).question
        assert one.hint()
        steps = list(one.solution().steps)
        assert [one.step() for _ in steps] == steps
        assert "all the steps" in one.step()
        assert one.step(0) == steps[0]
        assert one.check(one.solution())
        assert one.check(np.round(np.asarray(one.solution(), float), 2))
        assert not one.check(np.asarray(one.solution()) + 1)
    assert len({exercise(kind, seed).question for seed in range(5)}) > 1


def test_the_numbers_that_are_given_stand_in_the_question():
    assert "\n\nImage:\n10  20  10   5  10\n" in repr(homework()[1])


def trapped(kind: str, seed: int = 0) -> np.ndarray:
    """What comes out with the mistake that is tried here."""
    given = exercise(kind, seed).given
    image, kernel = given["image"], given.get("kernel")
    return {
        "convolution": lambda: convolve(image, kernel, flip=True),
        "padding": lambda: convolve(image, kernel),
        "stride": lambda: convolve(image, kernel),
        "channels": lambda: convolve(image, kernel, depthwise=True),
        "max_pooling": lambda: pool(image, kind="average"),
        "average_pooling": lambda: pool(image, kind="max"),
    }[kind]().result


@pytest.mark.parametrize(
    ("kind", "seed", "told"),
    [
        ("convolution", 0, "turned the filter"),
        ("padding", 0, "without padding"),
        ("stride", 0, "a stride of 1"),
        ("channels", 0, "channels apart"),
        ("max_pooling", 1, "average pooling"),
        ("average_pooling", 1, "max pooling"),
    ],
)
def test_a_common_mistake_is_recognised(kind, seed, told):
    feedback = exercise(kind, seed).check(trapped(kind, seed))

    assert not feedback
    assert told in repr(feedback)


def test_a_size_that_was_rounded_up_or_lacks_the_one_is_recognised():
    one = next(one for one in (exercise("size", seed) for seed in range(50)) if one.solution().steps[0][0] == "⌊")

    assert "rounded up" in one.check(one.solution().result + 1).text
    assert "+ 1" in one.check(one.solution().result - 1).text


def test_the_extra_row_may_stand_on_either_side():
    padding, convolved, *_ = homework()
    above = convolve(LECTURE_IMAGE, LECTURE_FILTER, padding=((1, 0), (1, 0))).result

    assert padding.check((0, 1))
    assert padding.check([1, 0]).text.endswith("Both keep the size.")
    assert convolved.check(above).text.endswith("Both keep the size.")
    assert "no half rows" in padding.check((0.5, 0.5)).text


def test_wrong_cells_are_counted_and_the_first_is_named():
    one = exercise("convolution")
    answer = np.array(one.solution())
    answer[1, 2] += 1
    assert one.check(answer).text == "Nearly: 1 of 9 numbers is not right, in row 2, column 3. See .step(5)."
    answer[2, 0] -= 1
    assert one.check(answer).text.startswith("2 of 9 numbers are not right; the first one is in row 2, column 3.")


def test_in_an_answer_with_channels_too():
    one = exercise("channels")
    answer = np.array(one.solution())
    answer[1, 0, 0] += 1

    assert "row 2, column 1, channel 1. See .step(2)." in one.check(answer).text


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ([[1, 2], [3, 4]], "shape 2×2, and 3×3"),
        ([[1, 2], [3]], "rows must be of the same length"),
        ("four", "must be numbers"),
        (None, "must be numbers"),
    ],
)
def test_an_answer_of_another_shape_is_told_so(answer, told):
    feedback = exercise("convolution").check(answer)

    assert not feedback.right
    assert told in feedback.text


def test_what_there_is_not_is_told_in_a_sentence():
    with pytest.raises(CnnprojError, match=r"no exercise 'knitting'.*convolution"):
        exercise("knitting")
    with pytest.raises(CnnprojError, match="The seed must be a whole number"):
        exercise(seed="monday")
    with pytest.raises(CnnprojError, match="no step 99"):
        exercise().step(99)
