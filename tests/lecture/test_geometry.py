"""Sizes of feature maps, and what gives a size."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cnnproj import CnnprojError
from cnnproj.lecture import convolve, feature_map_size, kernel_for, padding_for, size_for, stride_for

sizes = st.integers(1, 40)
kernels = st.integers(1, 9)
strides = st.integers(1, 4)
paddings = st.integers(0, 4)


@given(sizes, kernels, strides, st.one_of(paddings, st.sampled_from(["valid", "same", "full"])))
def test_the_size_is_that_of_what_convolution_gives(size, kernel, stride, padding):
    if padding == "valid" or isinstance(padding, int):
        ends = 0 if padding == "valid" else padding
        assume(size + 2 * ends >= kernel)
    worked = feature_map_size(size, kernel, padding=padding, stride=stride)
    frame = padding if isinstance(padding, str) else ((padding, padding), (0, 0))
    # One column wide: same padding widens it by nothing, full by nothing.
    column = convolve(np.ones((size, 1)), np.ones((kernel, 1)), padding=frame, stride=(stride, 1)).result

    assert worked.result == len(column)
    assert worked.steps[-1].endswith(f" = {worked.result}")


@given(sizes, kernels, strides)
def test_the_padding_gives_the_size_that_was_asked_for(size, kernel, stride):
    for output in {size, max(1, size // 2)}:
        if kernel <= size and feature_map_size(size, kernel, stride=stride).result > output:
            with pytest.raises(CnnprojError, match="No padding"):
                padding_for(size, kernel, output=output, stride=stride)
            continue
        ends = padding_for(size, kernel, output=output, stride=stride).result
        assert 0 <= ends[1] - ends[0] <= 1
        assert feature_map_size(size, kernel, padding=ends, stride=stride).result == output


@given(sizes, kernels, strides, paddings)
def test_filter_stride_and_image_are_found_again(size, kernel, stride, padding):
    assume(size + 2 * padding >= kernel)
    output = feature_map_size(size, kernel, padding=padding, stride=stride).result
    options = {"padding": padding, "stride": stride}

    found = kernel_for(size, output, **options).result
    assert kernel <= found < kernel + stride
    assert feature_map_size(size, found, **options).result == output
    found = stride_for(size, output, kernel, padding=padding).result
    assert found <= stride
    assert feature_map_size(size, kernel, padding=padding, stride=found).result == output
    if (output - 1) * stride + kernel - 2 * padding >= 1:
        found = size_for(output, kernel, **options).result
        assert found <= size < found + stride
        assert feature_map_size(found, kernel, **options).result == output


def test_each_way_back_says_how_it_goes():
    assert str(kernel_for(32, 28).steps) == "32 + 2·0 − (28 − 1)·1 = 5"
    assert str(size_for(28, 5).steps) == "(28 − 1)·1 + 5 − 2·0 = 32"
    assert stride_for(224, 112, 7, padding=3).steps[-1] == "⌊223 / 2⌋ + 1 = ⌊111.5⌋ + 1 = 112"
    assert (
        "from 6 to 7"
        in kernel_for(224, 112, padding=3, stride=2).steps[1] + kernel_for(225, 112, padding=2, stride=2).steps[1]
    )
    assert "one side only" in padding_for(5, 2).steps[1]
    assert "1 pixel at the end" in padding_for(6, 3, output=2, stride=2).steps[1]


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: feature_map_size(3, 5), "does not fit once"),
        (lambda: feature_map_size(0, 1), "image's size.*at least 1.*was 0"),
        (lambda: feature_map_size(5, 2.5), "filter.*whole number.*2.5"),
        (lambda: feature_map_size(5, 2, stride=0), "stride.*at least 1"),
        (lambda: feature_map_size(5, 2, padding="big"), '"valid", "same" or "full".*big'),
        (lambda: feature_map_size(5, 2, padding=-1), "not below 0.*-1"),
        (lambda: padding_for(20, 3, output=4), "No padding.*larger stride"),
        (lambda: kernel_for(5, 9), "No filter.*only 5.*more padding"),
        (lambda: stride_for(10, 7, 3), "No stride"),
        (lambda: stride_for(3, 1, 7), "does not fit once"),
        (lambda: size_for(1, 1, padding=2), "less padding"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(ask, told):
    with pytest.raises(CnnprojError, match=told):
        ask()
