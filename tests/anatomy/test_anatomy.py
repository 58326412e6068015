"""The table of layers is right by hand, by Keras, and whatever the network."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from cnnproj.anatomy.anatomy import dissect, sketch
from cnnproj.anatomy.costs import training_memory
from cnnproj.models import architectures

from .toys import Eager, Residual, Scaled, residual_net


def rows_of(model) -> dict[str, dict]:
    return dissect(model).layers.set_index("layer").to_dict("index")


def test_a_small_network_is_counted_as_by_hand():
    rows = rows_of(residual_net())
    assert rows["conv1"] == {
        "kind": "Conv2D",
        "kernel": "7×7",
        "stride": "2×2",
        "output": "8 × 8 × 4",
        "parameters": 7 * 7 * 3 * 4,
        "multiply_adds": 8 * 8 * 4 * 7 * 7 * 3,
        "receptive_field": "7×7",
        "maps": 4,
        "main": True,
    }
    assert rows["pool1"]["parameters"] == rows["pool1"]["multiply_adds"] == 0
    assert rows["conv3/first/shortcut"]["multiply_adds"] == 2 * 2 * 8 * 4
    assert not rows["conv3/first/shortcut"]["main"]
    assert rows["probabilities"]["parameters"] == 8 * 5 + 5
    assert rows["probabilities"]["multiply_adds"] == 8 * 5
    assert rows["probabilities"]["receptive_field"] == "all"


def test_the_totals_are_those_of_the_main_path():
    anatomy = dissect(residual_net())
    assert anatomy.depth == 8
    assert anatomy.convolutions == 7
    assert anatomy.feature_maps == 4 + 2 * 4 + 4 * 8
    assert anatomy.receptive_field == "83×83"
    assert anatomy.kernels == ["7×7", "3×3", "1×1"]
    assert anatomy.pooling == ["max 3×3", "global average"]
    assert anatomy.activations == ["relu"]
    assert anatomy.normalisation == ["Batch"]
    assert anatomy.trainable == anatomy.parameters - 2 * (2 * 4 + 4 * 8)


def test_the_main_path_of_a_stem_and_eight_residual_blocks_has_the_slides_17_convolutions_and_3904_maps():
    """ResNet-18 as in table 1 of He et al. (2015): 64 + 4·64 + 4·128 + 4·256 + 4·512 maps."""
    blocks = [
        Residual(filters, strides=2 if first and filters > 64 else 1, project=first and filters > 64)
        for filters in (64, 128, 256, 512)
        for first in (True, False)
    ]
    anatomy = sketch_of(
        lambda: [
            layers.Conv2D(64, 7, 2, padding="same", use_bias=False),
            layers.MaxPooling2D(3, 2, padding="same"),
            *blocks,
            layers.GlobalAveragePooling2D(),
            layers.Dense(1000, activation="softmax"),
        ]
    )
    assert (anatomy.depth, anatomy.convolutions, anatomy.feature_maps) == (18, 17, 3904)
    assert anatomy.multiply_adds == pytest.approx(1.81e9, rel=0.01)
    assert anatomy.receptive_field == "435×435"


def sketch_of(build):
    import tensorflow as tf

    with tf.Graph().as_default():
        return dissect(keras.Sequential([keras.Input((224, 224, 3)), *build()]))


LAYERS = st.one_of(
    st.builds(
        lambda filters, size, stride, padding: ("Conv2D", filters, size, stride, padding),
        st.sampled_from([2, 4]),
        st.integers(1, 3),
        st.integers(1, 2),
        st.sampled_from(["same", "valid"]),
    ),
    st.tuples(st.just("DepthwiseConv2D"), st.integers(1, 3)),
    st.tuples(st.just("SeparableConv2D"), st.integers(1, 4), st.integers(1, 3)),
    st.tuples(st.just("Conv2DTranspose"), st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.just("BatchNormalization")),
    st.tuples(st.just("Activation"), st.just("relu")),
)


@settings(max_examples=20)
@given(st.lists(LAYERS, min_size=1, max_size=5), st.integers(10, 14))
def test_shapes_and_parameters_are_those_of_keras(stack, side):
    made = [getattr(layers, kind)(*arguments) for kind, *arguments in stack]
    model = keras.Sequential([keras.Input((side, side + 1, 2)), *made, layers.Flatten(), layers.Dense(3)])
    anatomy = dissect(model)
    assert anatomy.parameters == model.count_params()
    assert list(anatomy.layers["layer"]) == [layer.name for layer in model.layers]
    assert list(anatomy.layers["parameters"]) == [layer.count_params() for layer in model.layers]
    for layer, output in zip(model.layers, anatomy.layers["output"], strict=True):
        assert output == " × ".join(map(str, layer.output.shape[1:]))
    assert anatomy.multiply_adds == sum(by_hand(layer) for layer in model.layers)
    assert anatomy.outputs == sum(
        np.prod(layer.output.shape[1:]) for layer in model.layers if layer.name[:7] != "flatten"
    )


def by_hand(layer) -> int:
    """Multiply-adds from the definition: for each value, how many inputs it is a weighted sum of."""
    came, gone = layer.input.shape[1:], layer.output.shape[1:]
    match type(layer).__name__:
        case "Conv2D":
            return int(np.prod(gone) * np.prod(layer.kernel_size) * came[-1])
        case "DepthwiseConv2D":
            return int(np.prod(gone) * np.prod(layer.kernel_size))
        case "SeparableConv2D":
            return int(np.prod(gone[:2]) * came[-1] * np.prod(layer.kernel_size) + np.prod(gone) * came[-1])
        case "Conv2DTranspose":
            return int(np.prod(came) * np.prod(layer.kernel_size) * gone[-1])
        case "Dense":
            return int(came[-1] * gone[-1])
        case _:
            return 0


@pytest.mark.parametrize("block", [Scaled, Eager])
def test_what_a_block_computes_that_cannot_be_followed_is_not_guessed(block):
    anatomy = dissect(keras.Sequential([keras.Input((8, 8, 3)), block(), layers.GlobalAveragePooling2D()]))
    assert anatomy.multiply_adds is None
    assert anatomy.layers["receptive_field"][0] == ""


def test_a_network_is_counted_without_its_weights():
    network = architectures()["deep_cnn"]
    small = network.build((64, 64, 3), 7, network.defaults)
    counted = sketch(network, (64, 64, 3), 7, network.defaults)
    assert counted.parameters == small.count_params()
    huge = {**architectures()["mlp"].defaults, "units": 2**20, "depth": 2}
    assert sketch(architectures()["mlp"], (224, 224, 3), 10, huge).parameters > 5e11


def test_memory_is_weights_gradients_what_the_optimizer_remembers_and_a_batch_of_outputs():
    known = {"parameters": 1000, "outputs": 50}
    assert training_memory(**known, batch_size=8, optimizer="adamw") == 4 * (1000 * 4 + 8 * 50)
    assert training_memory(**known, batch_size=8, optimizer="sgd") == 4 * (1000 * 2 + 8 * 50)
    assert training_memory(**known, batch_size=1, optimizer="sgd", momentum=0.9) == 4 * (1000 * 3 + 50)
