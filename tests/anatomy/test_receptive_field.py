"""A receptive field is what the gradient reaches: neither less nor more."""

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from keras import layers

from cnnproj.anatomy.receptive_field import UNKNOWN, WHOLE, receptive_fields
from cnnproj.anatomy.unfold import unfold

from .toys import residual_net

SIDE = 40


def field_of(model, path: str | None = None):
    unfolded = unfold(model)
    return receptive_fields(unfolded)[path or unfolded.steps[-1].path]


def reached(model, row: int, column: int) -> list[tuple[int, int]]:
    """First and last row and column of the image that the value at ``row`` and ``column`` depends on."""
    import tensorflow as tf

    image = tf.ones((1, *model.input_shape[1:]))
    with tf.GradientTape() as tape:
        tape.watch(image)
        value = tf.reduce_sum(model(image, training=False)[0, row, column])
    gradient = np.abs(tape.gradient(value, image)[0].numpy()).sum(axis=-1)
    lines = [np.flatnonzero(gradient.any(axis=axis)) for axis in (1, 0)]
    return [(int(line[0]), int(line[-1])) for line in lines]


def convolution(kernel, strides=1, dilation=1, padding="same") -> layers.Layer:
    """With positive weights, so that no gradients cancel out."""
    how = {"kernel_initializer": "ones", "use_bias": False, "padding": padding}
    return layers.Conv2D(1, kernel, strides, dilation_rate=dilation, **how)


# With oneDNN, TensorFlow 2.21's gradient of a convolution whose kernel is smaller than its steps corrupts memory.
SIDES, WIDE, PADDING = st.integers(1, 4), st.integers(2, 4), st.sampled_from(["same", "valid"])
STEPS = st.one_of(
    st.tuples(st.just("convolution"), st.tuples(SIDES, SIDES), st.just(1), st.just(1), PADDING),
    st.tuples(st.just("convolution"), st.tuples(WIDE, WIDE), st.just(2), st.just(1), PADDING),
    st.tuples(st.just("convolution"), SIDES, st.just(1), st.tuples(st.integers(1, 3), st.just(1)), PADDING),
    st.tuples(st.just("pool"), st.integers(1, 3), st.integers(1, 2), PADDING),
    st.tuples(st.just("beside"), SIDES, SIDES, st.just(1)),
    st.tuples(st.just("beside"), WIDE, WIDE, st.just(2)),
    st.tuples(st.just("pad"), st.tuples(st.integers(0, 2), st.just(0)), st.just((1, 1))),
)


def network(steps) -> keras.Model:
    """Layers one after another; ``beside`` is two ways that meet again."""
    x = image = keras.Input((SIDE, SIDE + 4, 1))
    for kind, *how in steps:
        match kind:
            case "convolution":
                x = convolution(*how)(x)
            case "pool":
                x = layers.AveragePooling2D(*how)(x)
            case "pad":
                x = layers.ZeroPadding2D(tuple(how))(x)
            case "beside":
                x = layers.Concatenate()([convolution(how[0], how[2])(x), convolution(how[1], how[2])(x)])
    return keras.Model(image, x)


@settings(max_examples=25)
@given(st.lists(STEPS, min_size=1, max_size=4))
def test_the_gradient_reaches_exactly_the_receptive_field(steps):
    model = network(steps)
    field = field_of(model)
    places = []
    for interval, length, count in zip(
        (field.rows, field.columns), (SIDE, SIDE + 4), model.output_shape[1:3], strict=True
    ):
        seen = [(interval.low + place * interval.jump, interval.high + place * interval.jump) for place in range(count)]
        inside = [place for place, (low, high) in enumerate(seen) if low >= 0 and high < length]
        assume(inside)
        place = inside[len(inside) // 2]
        places.append((place, seen[place]))
    (row, rows), (column, columns) = places
    assert reached(model, row, column) == [rows, columns]


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("stack", [[(5, 1), (3, 2), (3, 2)], [(4, 2), (2, 1)], [(7, 2), (3, 3), (1, 1)]])
def test_the_middle_is_that_of_what_the_gradient_reaches(stack, padding):
    model = keras.Sequential(
        [keras.Input((SIDE, SIDE, 1)), *(convolution(kernel, stride, padding=padding) for kernel, stride in stack)]
    )
    rows = field_of(model).rows
    place = model.output_shape[1] // 2
    (first, last), _ = reached(model, place, place)
    assert rows.middle + place * rows.jump == (first + last + 1) / 2


def test_where_branches_meet_the_middle_lies_between_theirs():
    image = keras.Input((SIDE, SIDE, 1))
    both = layers.Add()([convolution(3, 2)(image), convolution(1, 2)(image)])  # pixels 0 to 2, and pixel 0
    assert field_of(keras.Model(image, both)).rows.middle == 1


@pytest.mark.parametrize(
    ("stack", "size"),
    [
        ([(3, 1), (3, 1)], 5),
        ([(3, 1), (3, 1), (3, 1)], 7),
        ([(7, 2), (3, 2)], 11),
        ([(5, 1), (2, 2), (5, 1), (2, 2)], 16),
    ],
)
def test_a_stack_of_kernels_sees_what_the_lectures_say(stack, size):
    model = keras.Sequential([keras.Input((64, 64, 1)), *(convolution(kernel, stride) for kernel, stride in stack)])
    assert field_of(model).size == (size, size)


def test_a_block_sees_what_its_longest_branch_sees():
    assert field_of(residual_net(), "conv2_1/conv_2").size == (27, 27)
    assert field_of(residual_net(), "conv2_1/add").size == (27, 27)
    assert field_of(residual_net(), "conv3/first/shortcut").size == (27, 27)


def test_maps_weighted_by_what_all_of_them_hold_see_everything_and_their_middles_stay():
    image = keras.Input((SIDE, SIDE, 2))
    maps = convolution(3, 2)(image)
    weights = layers.Reshape((1, 1, 1))(layers.GlobalAveragePooling2D()(maps))
    model = keras.Model(image, convolution(3, 2)(layers.Multiply()([maps, weights])))
    field = field_of(model)
    assert (field.whole, field.size) == (True, None)
    assert (field.rows.jump, field.rows.middle) == (4, 3.5)


def test_behind_the_positions_everything_is_seen():
    assert field_of(residual_net(), "average") == WHOLE
    assert field_of(residual_net(), "probabilities") == WHOLE


@pytest.mark.parametrize(
    "layer", [layers.Permute((2, 1, 3)), layers.LayerNormalization(axis=(1, 2)), layers.Reshape((8, 8, 4))]
)
def test_what_a_layer_sees_that_is_not_known_is_not_guessed(layer):
    assert field_of(keras.Sequential([keras.Input((16, 16, 1)), layer])) == UNKNOWN
