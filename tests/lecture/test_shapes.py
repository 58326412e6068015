"""Shapes that do not fit get the sentence that a teacher would say."""

import numpy as np
import pytest

from cnnproj import CnnprojError
from cnnproj.lecture import (
    FILTERS,
    compare_layers,
    convolve,
    descend,
    detect,
    gradient_flow,
    move,
    photo,
    pool,
    stack_filters,
    vary,
)

TABLE = np.arange(16).reshape(4, 4)
PHOTO = np.ones((4, 4, 3))


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: convolve(PHOTO, np.ones((2, 2))), "as deep as the image.*3 channels.*has 1.*2×2×3.*depthwise"),
        (lambda: convolve(PHOTO, np.ones((2, 2, 2))), "as deep as the image.*3 channels.*has 2"),
        (lambda: convolve(TABLE, np.ones((2, 2, 3))), "1 channels.*has 3"),
        (lambda: convolve(PHOTO, np.ones((2, 2)), depthwise=True), "each channel has a filter of its own.*2×2×3"),
        (lambda: convolve(TABLE, np.ones(3)), "A filter is a table.*shape 3"),
        (lambda: convolve(np.ones((2, 4, 4, 1)), np.ones((2, 2))), "Of a batch take one image"),
        (lambda: convolve(TABLE, np.ones((5, 5))), "window of 5 does not fit once.*4 pixels"),
        (lambda: convolve(TABLE, [[1, 2], [3]]), "A filter: all rows"),
        (lambda: convolve([["a"]], [[1]]), "An image must be numbers"),
        (lambda: convolve(TABLE, [[1]], stride=(1, 2, 3)), "The stride must be a whole number"),
        (lambda: convolve(TABLE, [[1]], stride=True), "The stride must be a whole number"),
        (lambda: convolve(TABLE, [[1]], padding=((0, 1), (0, -1))), "Padding is"),
        (lambda: convolve(TABLE, [[1]], padding=True), "Padding is"),
        (lambda: pool(TABLE, 0), "window's size.*at least 1"),
        (lambda: pool(TABLE, 5), "does not fit once"),
        (lambda: pool(TABLE, kind="median"), "max, average, min.*median"),
        (lambda: pool(TABLE, 2, padding=2), "nothing but padding"),
        (lambda: stack_filters([np.ones((2, 2)), np.ones((3, 3))]), "one shape.*2×2, 3×3"),
        (lambda: stack_filters([]), "one shape"),
        (lambda: move(PHOTO), "single table.*3 channels"),
        (lambda: move(TABLE, 4), "4 pixels wide"),
        (lambda: compare_layers((28, 28)), "height, width, channels"),
        (lambda: detect(TABLE, ["cats"]), "no filter 'cats'.*blur"),
        (lambda: detect(PHOTO), "as deep as the image"),
        (lambda: photo("dog"), "no photo 'dog'.*china, flower"),
        (lambda: vary(PHOTO * 300), "0 to 255"),
        (lambda: gradient_flow(networks=["tanh"]), "no kind of network 'tanh'"),
        (lambda: gradient_flow(1), "number of layers.*at least 2"),
        (lambda: descend(["lion"]), "no optimizer 'lion'.*adamw"),
        (lambda: convolve(TABLE, [[1]]).figure(16), "no step 16.*last 15"),
        (lambda: convolve(np.ones((20, 20)), [[1]]).animation(), "400 steps.*at most 150"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(ask, told):
    with pytest.raises(CnnprojError, match=told):
        ask()


def test_what_is_given_is_not_changed():
    image, kernel = TABLE.copy(), FILTERS["sharpen"].copy()
    convolve(image, kernel, padding="same", flip=True)
    pool(image, padding="same", kind="average")
    move(image)

    np.testing.assert_array_equal(image, TABLE)
    np.testing.assert_array_equal(kernel, FILTERS["sharpen"])
