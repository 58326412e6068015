"""The blocks that networks are built of since GoogLeNet: each one layer to the network, with layers of Keras inside.

A block calls nothing but layers that it holds, each by a name of its own, so that what happens inside can be named by
a path, ``stage_2_1/conv_1``, and unfolded: ``keras.Model(image, block.call(image))`` is the graph of its layers.

They can be used in networks of your own:

    from cnnproj.models.blocks import ResidualBlock

    keras.Sequential([keras.Input(shape), layers.Conv2D(16, 3), ResidualBlock(16), ResidualBlock(32, strides=2), …])
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from cnnproj.models.layers import BatchNormalization
from cnnproj.models.registry import BATCH_NORM_MOMENTUM

Shape = tuple[int | None, ...]  # of a batch; without a number where anything goes

EPSILON = 1e-5  # of the normalisation, as in the authors' own code of ResNet and DenseNet; Keras' default is 1e-3
MOST_LAYERS = 256  # of a dense block


class Block(layers.Layer):  # type: ignore[misc]
    """A layer that is made of layers. What is inside has the precision of the block.

    Args:
        activation: after the convolutions, by Keras' name.
        arguments: those of every layer of Keras: its name above all.
    """

    def __init__(self, *, activation: str = "relu", **arguments: Any) -> None:
        super().__init__(**arguments)
        self.activation = activation

    def get_config(self) -> dict[str, Any]:
        """What the block can be made of again."""
        return {**super().get_config(), "activation": self.activation}

    @property
    def held(self) -> list[Any]:
        """The layers inside, in the order in which they were made."""
        return list(self._layers)

    def unfold(self, inputs: Any) -> tuple[Any, list[Any]]:
        """What comes out for ``inputs``, which are symbolic, by the layers inside; and what each of ``held`` gives."""
        outputs = self.call(inputs)
        return outputs, [layer._inbound_nodes[-1].output_tensors[0] for layer in self.held]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of what comes out: told, not tried out by a pass, which takes seconds for a hundred blocks."""
        raise NotImplementedError

    def _convolution(self, name: str, filters: int, size: int, strides: int = 1, *, bias: bool = False) -> Any:
        how: dict[str, Any] = {"kernel_initializer": "he_normal", "use_bias": bias, "padding": "same"}
        return layers.Conv2D(filters, size, strides, name=name, dtype=self.dtype_policy, **how)

    def _normalisation(self, name: str, scale: str = "ones") -> Any:
        how = {"momentum": BATCH_NORM_MOMENTUM, "epsilon": EPSILON, "dtype": self.dtype_policy}
        return BatchNormalization(name=name, gamma_initializer=scale, **how)

    def _activation(self, name: str) -> Any:
        return layers.Activation(self.activation, name=name, dtype=self.dtype_policy)

    def _hold(self, chain: list[Any], shape: Shape) -> Shape:
        """Keep each layer of ``chain`` by its name and build it for what the one before gives; the shape at the end."""
        for layer in chain:
            setattr(self, layer.name, layer)
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        return shape


@keras.saving.register_keras_serializable("cnnproj")
class ResidualBlock(Block):
    """Two 3×3 convolutions whose outcome is added to what came in: y = activation(x + f(x)).

    Where they change the size of the maps or their number, x goes through a 1×1 convolution (the paper's option B). It
    works on every second position: one in steps of 2 would do the same, but the gradient of that, with 4 channels,
    writes where it must not in TensorFlow 2.21 with oneDNN, and ends the process.

    Args:
        filters: of each convolution.
        strides: of the first one.
        arguments: as of ``Block``.

    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2015), figure 5, left.
    """

    widening = 1  # maps that come out, as a multiple of the filters

    def __init__(self, filters: int, strides: int = 1, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.filters, self.strides = filters, strides

    def build(self, shape: Shape) -> None:
        """Make the layers for inputs of ``shape``, (n, height, width, channels)."""
        self._hold(self._main_path(), shape)
        out = self.compute_output_shape(shape)
        self.projects = self.strides > 1 or shape[-1] != out[-1]
        if self.projects:
            widened = self._convolution("shortcut_conv", int(out[-1] or 0), 1)
            self._hold([*self._steps(), widened, self._normalisation("shortcut_norm")], shape)
        self.add = layers.Add(name="add", dtype=self.dtype_policy)
        self.add.build([out, out])
        self._hold([self._activation("relu")], out)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Smaller by the strides."""
        height, width = (side and -(-side // self.strides) for side in input_shape[1:3])
        return (input_shape[0], height, width, self.widening * self.filters)

    def _steps(self) -> list[Any]:
        """What leaves every second position, say; nothing where all are kept."""
        every = layers.AveragePooling2D(1, self.strides, name="every", dtype=self.dtype_policy)
        return [every] if self.strides > 1 else []

    def _main_path(self) -> list[Any]:
        return [
            self._convolution("conv_1", self.filters, 3, self.strides),
            self._normalisation("norm_1"),
            self._activation("relu_1"),
            self._convolution("conv_2", self.filters, 3),
            self._normalisation("norm_2"),
        ]

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The activation of ``inputs`` plus what the convolutions make of them."""
        shortcut = fewer = self.every(inputs) if self.strides > 1 else inputs
        if self.projects:
            shortcut = self.shortcut_norm(self.shortcut_conv(fewer), training=training)
        return self.relu(self.add([shortcut, self._residual(inputs, fewer, training)]))

    def _residual(self, inputs: Any, fewer: Any, training: bool | None) -> Any:
        """What is added to ``inputs``; ``fewer`` are those of their positions that the strides leave."""
        inner = self.relu_1(self.norm_1(self.conv_1(inputs), training=training))
        return self.norm_2(self.conv_2(inner), training=training)

    def get_config(self) -> dict[str, Any]:
        """What the block can be made of again."""
        return {**super().get_config(), "filters": self.filters, "strides": self.strides}


@keras.saving.register_keras_serializable("cnnproj")
class BottleneckBlock(ResidualBlock):
    """As ``ResidualBlock``, of three convolutions: 1×1 narrows, 3×3 works on what is left, 1×1 widens fourfold.

    The strides come before the first one, as in the paper; others, called "v1.5", give them to the second. The scale of
    the last normalisation begins at 0, so that a network of many blocks begins as one of few: without it ResNet-101
    stayed at chance where it learns with it.

    Args:
        filters: of the first two convolutions; the third has four times as many.
        strides: from one position that is kept to the next.
        arguments: as of ``Block``.

    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2015), figure 5, right; the scale:
    Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour" (2017), section 5.1.
    """

    widening = 4

    def _main_path(self) -> list[Any]:
        return [
            self._convolution("conv_1", self.filters, 1),
            self._normalisation("norm_1"),
            self._activation("relu_1"),
            self._convolution("conv_2", self.filters, 3),
            self._normalisation("norm_2"),
            self._activation("relu_2"),
            self._convolution("conv_3", self.widening * self.filters, 1),
            self._normalisation("norm_3", "zeros"),
        ]

    def _residual(self, inputs: Any, fewer: Any, training: bool | None) -> Any:
        inner = self.relu_1(self.norm_1(self.conv_1(fewer), training=training))
        inner = self.relu_2(self.norm_2(self.conv_2(inner), training=training))
        return self.norm_3(self.conv_3(inner), training=training)


@keras.saving.register_keras_serializable("cnnproj")
class InceptionModule(Block):
    """Four ways side by side, their maps joined: 1×1, 3×3 and 5×5 convolutions, and max pooling.

    A 1×1 convolution narrows what enters the 3×3 and the 5×5, and what comes out of the pooling.

    Args:
        filters: of the convolutions: 1×1; before the 3×3, 3×3; before the 5×5, 5×5; after the pooling.
        normalised: normalise after each convolution, which the first version of 2014 did not.
        arguments: as of ``Block``.

    Source: Szegedy et al., "Going deeper with convolutions" (2014), figure 2 (b).
    """

    NAMES = ("conv_1", "conv_3_reduce", "conv_3", "conv_5_reduce", "conv_5", "conv_pool")

    def __init__(self, filters: tuple[int, ...], normalised: bool = False, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.filters, self.normalised = tuple(filters), normalised
        if len(self.filters) != len(self.NAMES):
            raise ValueError(f"Expected the filters of six convolutions. Received: filters={filters}.")

    def build(self, shape: Shape) -> None:
        """Make the layers for inputs of ``shape``, (n, height, width, channels)."""
        self._hold([layers.MaxPooling2D(3, 1, padding="same", name="pool", dtype=self.dtype_policy)], shape)
        made: dict[str, Shape] = {}
        for name, filters in zip(self.NAMES, self.filters, strict=True):
            size = int(name[5]) if name in ("conv_3", "conv_5") else 1
            chain = [self._convolution(name, filters, size, bias=not self.normalised)]
            if self.normalised:
                chain.append(self._normalisation(f"norm{name[4:]}"))
            chain.append(self._activation(f"relu{name[4:]}"))
            made[name] = self._hold(chain, made.get(f"{name}_reduce", shape))
        self.join = layers.Concatenate(name="join", dtype=self.dtype_policy)
        self.join.build([made[name] for name in ("conv_1", "conv_3", "conv_5", "conv_pool")])

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """As large as what comes in, with the maps of the four ways."""
        made = zip(self.NAMES, self.filters, strict=True)
        return (*input_shape[:-1], sum(count for name, count in made if not name.endswith("_reduce")))

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The maps of the four ways, one behind the other."""
        ways = [
            self._pass("1", inputs, training),
            self._pass("3", self._pass("3_reduce", inputs, training), training),
            self._pass("5", self._pass("5_reduce", inputs, training), training),
            self._pass("pool", self.pool(inputs), training),
        ]
        return self.join(ways)

    def _pass(self, step: str, inputs: Any, training: bool | None) -> Any:
        maps = getattr(self, f"conv_{step}")(inputs)
        if self.normalised:
            maps = getattr(self, f"norm_{step}")(maps, training=training)
        return getattr(self, f"relu_{step}")(maps)

    def get_config(self) -> dict[str, Any]:
        """What the block can be made of again."""
        return {**super().get_config(), "filters": list(self.filters), "normalised": self.normalised}


@keras.saving.register_keras_serializable("cnnproj")
class DenseBlock(Block):
    """Layers each of which gets the maps of all before it: normalise, activate, 1×1, normalise, activate, 3×3, join.

    Args:
        steps: how many of them.
        growth_rate: maps that each adds; its 1×1 convolution has four times as many filters.
        arguments: as of ``Block``.

    Source: Huang, Liu, van der Maaten and Weinberger, "Densely connected convolutional networks" (2016), DenseNet-B.
    """

    def __init__(self, steps: int, growth_rate: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        if not 1 <= steps <= MOST_LAYERS:
            raise ValueError(f"Expected 1 to {MOST_LAYERS} steps. Received: steps={steps}.")
        self.steps, self.growth_rate = steps, growth_rate

    def build(self, shape: Shape) -> None:
        """Make the layers for inputs of ``shape``, (n, height, width, channels)."""
        for step in range(1, self.steps + 1):
            chain = [
                self._normalisation(f"norm_{step}_1"),
                self._activation(f"relu_{step}_1"),
                self._convolution(f"conv_{step}_1", 4 * self.growth_rate, 1),
                self._normalisation(f"norm_{step}_2"),
                self._activation(f"relu_{step}_2"),
                self._convolution(f"conv_{step}_2", self.growth_rate, 3),
            ]
            grown = self._hold(chain, shape)
            join = layers.Concatenate(name=f"join_{step}", dtype=self.dtype_policy)
            join.build([shape, grown])
            setattr(self, join.name, join)
            shape = (*shape[:-1], int(shape[-1] or 0) + self.growth_rate)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """As large as what comes in, with the maps of all steps."""
        return (*input_shape[:-1], int(input_shape[-1] or 0) + self.steps * self.growth_rate)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """``inputs`` with the maps of each step behind them."""
        maps = inputs
        for step in range(1, self.steps + 1):
            inner = maps
            for half in (1, 2):
                inner = getattr(self, f"norm_{step}_{half}")(inner, training=training)
                inner = getattr(self, f"relu_{step}_{half}")(inner)
                inner = getattr(self, f"conv_{step}_{half}")(inner)
            maps = getattr(self, f"join_{step}")([maps, inner])
        return maps

    def get_config(self) -> dict[str, Any]:
        """What the block can be made of again."""
        return {**super().get_config(), "steps": self.steps, "growth_rate": self.growth_rate}


@keras.saving.register_keras_serializable("cnnproj")
class Transition(Block):
    """Between two dense blocks: a 1×1 convolution leaves half of the maps, average pooling half of their size.

    Source: Huang, Liu, van der Maaten and Weinberger, "Densely connected convolutional networks" (2016), DenseNet-C.
    """

    def build(self, shape: Shape) -> None:
        """Make the layers for inputs of ``shape``, (n, height, width, channels)."""
        chain = [
            self._normalisation("norm_1"),
            self._activation("relu_1"),
            self._convolution("conv_1", int(shape[-1] or 0) // 2, 1),
            layers.AveragePooling2D(2, name="pool", dtype=self.dtype_policy),
        ]
        self._hold(chain, shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Half as many maps, of half the size."""
        height, width = (side and side // 2 for side in input_shape[1:3])
        return (input_shape[0], height, width, int(input_shape[-1] or 0) // 2)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Half as many maps, of half the size."""
        return self.pool(self.conv_1(self.relu_1(self.norm_1(inputs, training=training))))
