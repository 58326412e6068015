"""A network laid open for its explanations: its maps and its logits come out, and gradients are traced once."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from cnnproj.anatomy.receptive_field import UNKNOWN, receptive_field
from cnnproj.anatomy.unfold import unfold
from cnnproj.errors import CnnprojError

FINE = 6  # positions a side: of fewer, each is so wide that the peak often misses what the network looks at
LEAST = 4  # a coarser map than 4×4 says little about where
BATCH = 32
MAPS = "maps"  # what the layer is called, in ``OpenedModel.logits``, that hands on the maps


def gradcam_layer(model: keras.Sequential) -> str | None:
    """The last layer of ``model`` whose maps have at least 6×6 positions, from its first convolution on.

    Where there is none, the last with at least 4×4; ``None`` where there is none of these either. A layer convolves if
    it has a kernel with four axes, itself or in a block that it is made of.
    """
    sides, convolved = {}, False
    for layer in model.layers:
        convolved = convolved or any(len(weight.shape) == 4 for weight in layer.weights)
        shape = layer.output.shape
        if convolved and len(shape) == 4:
            sides[layer.name] = min(shape[1:3])
    for least in (FINE, LEAST):
        if found := [name for name, side in sides.items() if side >= least]:
            return str(found[-1])
    return None


class OpenedModel:
    """Asks a network, in batches, what its explanations need. The network itself stays as it is.

    Its graph is built anew from its layers, whatever these are: a network within the network too. The last activation
    is left out, since behind a softmax the score of a class also rises where the evidence for others falls.

    Args:
        model: built, its last layer a ``Dense``, an ``Activation`` or a ``Softmax``.
        layer: whose maps class activation maps read: its name, or within a block its path, as ``unfold`` names it. The
            one of ``gradcam_layer`` unless it is given.

    Attributes:
        layer: the layer with the maps that class activation maps read, or ``None`` where there is none.
        field: what a position of these maps sees of the image.
        logits: the network up to its logits, (n, height, width, channels) → (n, classes).
        layers: those with weights, the last one first.

    Raises:
        CnnprojError: where there is no such layer, or it has no maps.
    """

    def __init__(self, model: keras.Sequential, layer: str | None = None) -> None:
        self.model = model
        self.layer = gradcam_layer(model) if layer is None else _with_maps(model, layer)
        self.field = UNKNOWN if self.layer is None else receptive_field(model, self.layer)
        image = inner = keras.Input(model.input_shape[1:])
        maps = None
        path = self.layer or ""
        outer, within, _ = path.partition("/")
        for one in model.layers[:-1]:
            if one.name != outer:
                inner = one(inner)
            elif not within:
                inner = maps = keras.layers.Identity(name=MAPS)(one(inner))
            else:
                parted = _Parted(one, path)
                maps = keras.layers.Identity(name=MAPS)(parted(inner))
                inner = parted(inner, maps)
        logits = _linear(model.layers[-1])(inner)
        self.logits = keras.Model(image, logits)
        self.layers = [layer for layer in reversed(self.logits.layers) if layer.weights]
        pixels, labels = tf.TensorSpec((None, *model.input_shape[1:])), tf.TensorSpec((None,), tf.int32)
        both = None if maps is None else keras.Model(image, [maps, logits])
        self._cams = tf.function(_class_activation(both), input_signature=[pixels, labels]) if both else None
        self._influence = tf.function(_influence(self.logits), input_signature=[pixels, labels])
        self._outputs = tf.function(lambda images: model(images, training=False), input_signature=[pixels])

    def class_activation(self, images: np.ndarray, classes: np.ndarray) -> dict[str, np.ndarray]:
        """The maps of Grad-CAM, Grad-CAM++ and LayerCAM, each (n, rows, columns) as coarse as those of ``layer``.

        Args:
            images: float32, (n, height, width, channels), in [0, 1].
            classes: the class to explain for each, (n,).
        """
        if self._cams is None:
            raise ValueError("Expected a network with a layer that keeps positions.")
        found = [self._cams(*batch) for batch in _batches(images, classes.astype(np.int32))]
        return {method: np.concatenate([maps[method].numpy() for maps in found]) for method in found[0]}

    def influence(self, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """By how much the score of a class changes with each value of an image, (n, height, width, channels)."""
        found = [self._influence(*batch).numpy() for batch in _batches(images, classes.astype(np.int32))]
        return np.concatenate(found)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """The probabilities of the classes, (n, classes), with the sum 1 whatever the last activation is."""
        given = np.concatenate([self._outputs(*batch).numpy() for batch in _batches(images)]).astype(np.float32)
        total: np.ndarray = given.sum(axis=1, keepdims=True)
        shares: np.ndarray = given / np.maximum(total, np.finfo(np.float32).tiny)
        return shares


def _with_maps(model: keras.Sequential, path: str) -> str:
    """``path``, if a layer of ``model`` with maps is there."""
    whole = {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}
    shape = whole[path] if path in whole else unfold(model).step(path).shape
    if len(shape) != 3:
        raise CnnprojError("anatomy.no_maps", path=path, shape=" × ".join(map(str, shape)))
    return path


class _Parted(keras.layers.Layer):  # type: ignore[misc]
    """A block in two parts: up to the maps of the layer at a path within it, and on from there."""

    def __init__(self, block: keras.layers.Layer, path: str) -> None:
        super().__init__(name=block.name)
        self.block, self.place = block, path
        inputs = keras.Input(block.input.shape[1:])
        self.unfolded = unfold(keras.Model(inputs, block(inputs)))
        self.built = True

    def call(self, inputs: tf.Tensor, maps: tf.Tensor | None = None) -> tf.Tensor:
        """The maps at the path for ``inputs``; with ``maps`` in their place what the block makes of both."""
        if maps is None:
            return next(given for step, given in self.unfolded.values(inputs) if step.path == self.place)
        *_, (_, last) = self.unfolded.values(inputs, {self.place: maps})
        return last


def _linear(layer: keras.layers.Layer) -> keras.layers.Layer:
    """``layer`` without its activation, with weights of its own."""
    if isinstance(layer, keras.layers.Softmax):
        return keras.layers.Identity()
    if not hasattr(layer, "activation"):
        return layer
    twin = type(layer).from_config({**layer.get_config(), "activation": "linear"})
    twin.build(layer.input.shape)
    twin.set_weights(layer.get_weights())
    return twin


def _class_activation(network: keras.Model) -> Callable[[tf.Tensor, tf.Tensor], dict[str, tf.Tensor]]:
    """The three kinds of map that the gradients of a class's score give; ``network`` gives maps and logits.

    Source: Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based localization" (2017);
    Chattopadhay et al., "Grad-CAM++: improved visual explanations for deep convolutional networks" (2018); Jiang et
    al., "LayerCAM: exploring hierarchical class activation maps for localization" (2021).
    """

    def maps_of(images: tf.Tensor, classes: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            maps, logits = network(images, training=False)
            score = tf.gather(logits, classes, batch_dims=1)
        gradients = tf.cast(tape.gradient(score, maps), tf.float32)
        maps = tf.cast(maps, tf.float32)
        weights = {
            "gradcam": tf.reduce_mean(gradients, axis=(1, 2), keepdims=True),
            "gradcam_plus_plus": _plus_plus(maps, gradients),
            "layercam": tf.nn.relu(gradients),
        }
        return {method: tf.nn.relu(tf.reduce_sum(weight * maps, axis=-1)) for method, weight in weights.items()}

    return maps_of


def _plus_plus(maps: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """The weight of each map in Grad-CAM++, of exp(score), but for the factor exp(score) that all of an image share.

    It would leave the shape of a heatmap as it is, and make the scales of any two images incomparable.
    """
    bottom = 2 * gradients**2 + gradients**3 * tf.reduce_sum(maps, axis=(1, 2), keepdims=True)
    alphas = tf.math.divide_no_nan(gradients**2, bottom)
    alphas = tf.math.divide_no_nan(alphas, tf.reduce_sum(alphas, axis=(1, 2), keepdims=True))
    return tf.reduce_sum(tf.nn.relu(gradients) * alphas, axis=(1, 2), keepdims=True)


def _influence(network: keras.Model) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    def influence(images: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            score = tf.gather(network(images, training=False), classes, batch_dims=1)
        return tape.gradient(score, images)

    return influence


def _batches(*arrays: np.ndarray) -> list[tuple[np.ndarray, ...]]:
    return [tuple(array[at : at + BATCH] for array in arrays) for at in range(0, len(arrays[0]), BATCH)]
