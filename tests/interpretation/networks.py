"""Networks whose truth is known, and blocks as a student may write them."""

import keras
import numpy as np
from keras import layers

SIDE, HALF = 16, 8


@keras.saving.register_keras_serializable("tests")
class Block(layers.Layer):
    """A residual block: one layer to the network, with two convolutions inside."""

    def __init__(self, filters: int, **how) -> None:
        super().__init__(**how)
        self.filters = filters
        self.first = layers.Conv2D(filters, 3, padding="same", activation="relu")
        self.second = layers.Conv2D(filters, 3, padding="same")
        self.norm = layers.BatchNormalization()

    def build(self, shape):
        self.first.build(shape)
        self.second.build((*shape[:-1], self.filters))
        self.norm.build((*shape[:-1], self.filters))

    def call(self, inputs, training=False):
        return keras.ops.relu(inputs + self.norm(self.second(self.first(inputs)), training=training))

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


def in_blocks(classes: int = 3) -> keras.Sequential:
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            Block(3, name="block_1"),
            layers.MaxPooling2D(name="pool"),
            Block(3, name="block_2"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def in_blocks_of_ours(classes: int = 4) -> keras.Sequential:
    """One block of each kind that the networks of the lectures are made of."""
    from cnnproj.models.blocks import BottleneckBlock, DenseBlock, InceptionModule, ResidualBlock, Transition

    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.Conv2D(8, 3, padding="same", activation="relu", name="conv_1"),
            ResidualBlock(8, name="residual"),
            BottleneckBlock(4, 2, name="bottleneck"),
            InceptionModule((8, 4, 8, 4, 8, 8), True, name="inception"),
            DenseBlock(2, 8, name="dense"),
            Transition(name="transition"),
            layers.GlobalAveragePooling2D(name="average"),
            layers.Dense(classes, activation="softmax", name="probabilities"),
        ]
    )


def nested(classes: int = 3) -> keras.Sequential:
    """A network within the network, as in transfer learning."""
    image = keras.Input((SIDE, SIDE, 3))
    inner = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu")(image)
    backbone = keras.Model(image, layers.Conv2D(4, 3, padding="same", activation="relu")(inner), name="backbone")
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.RandomFlip(),  # switched on unless it is told that this is no training
            backbone,
            layers.GlobalAveragePooling2D(),
            layers.Dense(classes),
            layers.Softmax(),
        ]
    )


def adding_up(side: int, padding: str) -> keras.Sequential:
    """Class 0 the more, the brighter the image is anywhere; three convolutions that add up what they see."""
    how = {"kernel_initializer": "ones", "use_bias": False, "padding": padding}
    model = keras.Sequential(
        [
            keras.Input((side, side, 1)),
            layers.Conv2D(1, 5, **how),
            layers.Conv2D(1, 3, strides=2, **how),
            layers.Conv2D(1, 3, strides=2, **how),
            layers.Conv2D(1, 3, **how),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.layers[-1].set_weights([np.array([[1.0, -1.0]]), np.zeros(2)])
    return model


def one_quadrant() -> keras.Sequential:
    """Class 0 if the upper left quarter of a gray image is bright on the whole; the rest of the image is cut off."""
    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            layers.Conv2D(1, 1, use_bias=False, name="same"),
            layers.Cropping2D(((0, HALF), (0, HALF))),
            layers.ZeroPadding2D(((0, HALF), (0, HALF)), name="quadrant"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.layers[0].set_weights([np.ones((1, 1, 1, 1))])
    model.layers[-1].set_weights([np.array([[400.0, -400.0]]), np.array([-85.0, 85.0])])
    return model


def bright_quadrants(count: int = 8) -> np.ndarray:
    """Gray noise whose upper left quarter is bright."""
    images = np.random.default_rng(0).uniform(0.2, 0.4, (count, SIDE, SIDE, 1)).astype(np.float32)
    images[:, :HALF, :HALF] += 0.6
    return images
