"""Small networks with blocks, whose numbers are known."""

import keras
from keras import layers


@keras.saving.register_keras_serializable("tests_anatomy")
class Residual(layers.Layer):
    """Two 3×3 convolutions, and beside them nothing, or a 1×1 convolution where the shape changes."""

    def __init__(self, filters: int, strides: int = 1, project: bool = False, **how) -> None:
        super().__init__(**how)
        self.conv_1 = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False, name="conv_1")
        self.norm_1 = layers.BatchNormalization(name="norm_1")
        self.relu_1 = layers.Activation("relu", name="relu_1")
        self.conv_2 = layers.Conv2D(filters, 3, padding="same", use_bias=False, name="conv_2")
        self.norm_2 = layers.BatchNormalization(name="norm_2")
        self.shortcut = layers.Conv2D(filters, 1, strides, use_bias=False, name="shortcut") if project else None
        self.add = layers.Add(name="add")
        self.relu_2 = layers.Activation("relu", name="relu_2")

    def call(self, x, training=None):
        inner = self.relu_1(self.norm_1(self.conv_1(x), training=training))
        inner = self.norm_2(self.conv_2(inner), training=training)
        return self.relu_2(self.add([inner, self.shortcut(x) if self.shortcut else x]))


@keras.saving.register_keras_serializable("tests_anatomy")
class Pair(layers.Layer):
    """A block of two blocks."""

    def __init__(self, filters: int, **how) -> None:
        super().__init__(**how)
        self.first = Residual(filters, 2, project=True, name="first")
        self.second = Residual(filters, name="second")

    def call(self, x):
        return self.second(self.first(x))


class Scaled(layers.Layer):
    """A block with a weight of its own beside those of its layer."""

    def build(self, shape):
        self.conv = layers.Conv2D(2, 3, padding="same")
        self.conv.build(shape)
        self.scale = self.add_weight(shape=(2,), name="scale", initializer="ones")

    def call(self, x):
        return self.conv(x) * self.scale


class Eager(layers.Layer):
    """A block that computes with TensorFlow itself: nobody can follow it."""

    def __init__(self, **how) -> None:
        super().__init__(**how)
        self.conv = layers.Conv2D(2, 3, padding="same")

    def call(self, x):
        import tensorflow as tf

        return tf.math.abs(self.conv(x))


class Twice(layers.Layer):
    """A block that uses one convolution twice."""

    def __init__(self, filters: int, **how) -> None:
        super().__init__(**how)
        self.conv = layers.Conv2D(filters, 3, padding="same", name="conv")

    def call(self, x):
        return self.conv(self.conv(x))


def residual_net(side: int = 16) -> keras.Sequential:
    return keras.Sequential(
        [
            keras.Input((side, side, 3), name="image"),
            layers.Conv2D(4, 7, 2, padding="same", use_bias=False, name="conv1"),
            layers.MaxPooling2D(3, 2, padding="same", name="pool1"),
            Residual(4, name="conv2_1"),
            Pair(8, name="conv3"),
            layers.GlobalAveragePooling2D(name="average"),
            layers.Dense(5, activation="softmax", name="probabilities"),
        ]
    )
