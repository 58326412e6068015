"""Measure a network before and after its training: what enters it, its gradients, and the units that are dead.

The network that training began with is built again from its seed, so that nothing needs to be measured, and nothing
can be disturbed, while it is trained.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import cv2
import keras
import numpy as np
import tensorflow as tf
from sklearn.neighbors import KNeighborsClassifier

from cnnproj.data.images import Images, Part
from cnnproj.diagnosis.chance import by_chance, confusion_of, skill
from cnnproj.diagnosis.machine import look_at_machine
from cnnproj.diagnosis.probe import Input, LayerState, Probe, Snapshot
from cnnproj.inference import make_loss
from cnnproj.models import Architecture, Value
from cnnproj.models.blocks import Block
from cnnproj.training import Fit

MOST_IMAGES = 512  # that accuracies are of
BATCH = 128  # images that gradients and dead units are of …
BATCH_PIXELS = 128 * 64 * 64  # … and fewer where they are large: all layers' outputs are in memory at once
NEIGHBOURS, MOST_COMPARED, SIDE = 5, 2000, 16
NORMALISING = (keras.layers.BatchNormalization, keras.layers.LayerNormalization, keras.layers.GroupNormalization)


class HasModel(Protocol):
    """What a training gives, for whichever task."""

    @property
    def model(self) -> keras.Model:
        """The trained network."""


def measure(
    network: Architecture,
    images: Images,
    hyperparameters: Mapping[str, Value],
    *,
    seed: int,
    trained: Fit | None,
    folder: Path | None = None,
) -> Probe:
    """Measure the network that a training with ``seed`` began with, and what came of it.

    Keras' random numbers are in another state afterwards, as after a training.

    Args:
        network: what was built.
        images: of the project; measured on the first two parts.
        hyperparameters: a value for each of the network's ``defaults``.
        seed: of the training.
        trained: what came of the training; none where its weights are no numbers.
        folder: where paths in hyperparameters start from.
    """
    model = begun(network, images.shape, len(images.classes), hyperparameters, seed, folder, trained)
    loss, train = make_loss(hyperparameters), images.train
    batch = min(BATCH, max(16, BATCH_PIXELS // math.prod(train.shape[:2])), len(train))
    many = evenly(len(train), MOST_IMAGES)
    pixels, labels = _given(train, evenly(len(train), batch))
    start = [kernels(layer) for _, layer in _unfolded(model)]
    outputs = _answers(model, train, many, batch)
    watching = _watched(model)
    before = snapshot(model, watching, _unfolded(model), loss, pixels, labels, start, *_right(outputs, train, many))
    entering = _input(model, pixels)
    after = None
    if trained is not None:
        model.set_weights(trained.last)
        answers = _answers(model, train, many, batch)
        after = snapshot(model, watching, _unfolded(model), loss, pixels, labels, start, *_right(answers, train, many))
    sums = outputs.sum(axis=1)
    neighbours = neighbour_confusion(train, images.validation)
    return Probe(
        images=len(many),
        input=entering,
        outputs=(float(sums.min()), float(sums.max()), float(outputs.min())),
        chance_loss=_chance_loss(loss, train, images.validation),
        before=before,
        after=after,
        neighbours=float(np.trace(neighbours) / neighbours.sum()),
        neighbours_by_chance=by_chance(neighbours),
        machine=look_at_machine(),
    )


def begun(
    network: Architecture,
    shape: tuple[int, int, int],
    classes: int,
    hyperparameters: Mapping[str, Value],
    seed: int,
    folder: Path | None,
    trained: HasModel | None,
) -> keras.Model:
    """The network as a training with ``seed`` begins with it, its layers called as those that were ``trained`` are."""
    keras.utils.set_random_seed(seed)
    model = network.build(shape, classes, hyperparameters)
    network.begin(model, hyperparameters, folder)
    if trained is not None:  # Keras counts the layers that have no name of their own
        for layer, known in zip(model.layers, trained.model.layers, strict=True):
            layer.name = known.name
    return model


def _chance_loss(loss: keras.losses.Loss, train: Part, validation: Part) -> float:
    """The loss on ``validation`` of naming for every image each class as probable as it is in ``train``."""
    shares = np.bincount(train.labels, minlength=len(train.classes)) / len(train)
    truth = np.eye(len(train.classes), dtype=np.float32)[validation.labels]
    return float(loss(truth, np.broadcast_to(shares.astype(np.float32), truth.shape)))


def neighbour_confusion(train: Part, validation: Part) -> np.ndarray:
    """What the five training images most like it take each validation image for, int64 (classes, classes).

    It asks the labels, not the network: where it is no better than chance either, they may not belong to the images.
    Images are compared pixel by pixel at no more than 16×16 pixels.
    """
    known, asked = (evenly(len(part), MOST_COMPARED) for part in (train, validation))
    neighbours = KNeighborsClassifier(min(NEIGHBOURS, len(known))).fit(_small(train, known), train.labels[known])
    predicted = neighbours.predict(_small(validation, asked))
    return confusion_of(validation.labels[asked], predicted, len(train.classes))


def _small(part: Part, places: np.ndarray) -> np.ndarray:
    """Small copies of the images at ``places`` of ``part``, as vectors, float32 (n, values)."""
    size = tuple(min(side, SIDE) for side in reversed(part.shape[:2]))
    images = (part.images(places[[number]])[0] for number in range(len(places)))
    return np.stack([cv2.resize(image, size, interpolation=cv2.INTER_AREA).ravel() for image in images]).astype("f4")


def evenly(n: int, most: int) -> np.ndarray:
    """At most ``most`` of ``n`` positions, as far apart from each other as can be."""
    return np.linspace(0, n - 1, min(n, most)).round().astype(int)


def _given(part: Part, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The images at ``places`` of ``part`` as a network gets them, float32 in [0, 1], and their labels, one-hot."""
    pixels = np.multiply(part.images(places), 1 / 255, dtype=np.float32)
    return pixels, np.eye(len(part.classes), dtype=np.float32)[part.labels[places]]


def _answers(model: keras.Sequential, part: Part, places: np.ndarray, batch: int) -> np.ndarray:
    """What the last layer gives for the images at ``places`` of ``part``, without dropout, (n, classes)."""
    parts = (_given(part, places[start : start + batch])[0] for start in range(0, len(places), batch))
    return np.concatenate([model(pixels, training=False).numpy() for pixels in parts])


def _right(outputs: np.ndarray, part: Part, places: np.ndarray) -> tuple[float, float]:
    """Accuracy and Cohen's kappa of the ``outputs`` for the images at ``places`` of ``part``."""
    # Where outputs are no numbers the first class is named, which is right for those that are of it.
    confusion = confusion_of(part.labels[places], np.nan_to_num(outputs).argmax(axis=1), outputs.shape[1])
    return float(np.trace(confusion) / len(places)), skill(confusion)


def snapshot(
    model: keras.Model,
    watching: tuple[keras.Model, list[int]],
    parts: Sequence[tuple[str, keras.layers.Layer]],
    loss: Callable[[Any, Any], Any],
    pixels: np.ndarray,
    labels: np.ndarray,
    start: Sequence[list[np.ndarray]],
    right: float,
    agreement: float,
) -> Snapshot:
    """The state of ``model``.

    Args:
        model: with its weights.
        watching: the same giving what each ReLU gives, and then its answers; and the places of the ReLUs in ``parts``.
        parts: its layers by name, in order.
        loss: of ``labels`` and answers.
        pixels: a batch, float32, (n, height, width, channels), in [0, 1].
        labels: of these.
        start: the kernels of each of ``parts`` when training began.
        right: accuracy or Dice on the training images measured …
        agreement: … and Cohen's kappa.
    """
    watched, places = watching
    with tf.GradientTape() as tape:
        given = watched(pixels, training=True)
        *active, answers = given if isinstance(given, list) else [given]
        value = loss(labels, answers)
    variables = model.trainable_variables
    gradients = {
        id(variable): np.zeros(variable.shape, np.float32) if slope is None else tf.convert_to_tensor(slope).numpy()
        for variable, slope in zip(variables, tape.gradient(value, variables), strict=True)
    }
    dead = {place: _dead(np.asarray(output)) for place, output in zip(places, active, strict=True)}
    layers = tuple(_states(parts, dead, gradients, start))
    return Snapshot(loss=float(value), accuracy=right, skill=agreement, layers=layers)


def _unfolded(model: keras.Sequential) -> list[tuple[str, keras.layers.Layer]]:
    """The layers of ``model`` by name, in order; in place of a block of ours, those within it, by their path."""
    found = []
    for layer in model.layers:
        if isinstance(layer, Block):
            found += [(f"{layer.name}/{one.name}", one) for one in layer.held]
        else:
            found.append((layer.name, layer))
    return found


def _watched(model: keras.Sequential) -> tuple[keras.Model, list[int]]:
    """``model`` giving what each ReLU gives, and then its answers; and the places of the ReLUs among its layers."""
    image = values = keras.Input(model.input_shape[1:])
    given: list[Any] = []
    for layer in model.layers:
        if isinstance(layer, Block):
            entering = keras.Input(values.shape[1:])
            leaving, inner = layer.unfold(entering)
            # A network of its own: the layers of another block have the same names.
            *inner, values = keras.Model(entering, [*inner, leaving], name=layer.name)(values)
            given += inner
        else:
            values = layer(values)
            given.append(values)
    places = [place for place, (_, layer) in enumerate(_unfolded(model)) if is_relu(layer)]
    return keras.Model(image, [*(given[place] for place in places), values]), places


def _states(
    parts: Sequence[tuple[str, keras.layers.Layer]],
    dead: Mapping[int, float],
    gradients: Mapping[int, np.ndarray],
    start: Sequence[list[np.ndarray]],
) -> Iterator[LayerState]:
    """Every layer with weights that are trained, with what comes of its outputs before the next such layer.

    Args:
        parts: the layers by name, in order.
        dead: the share of the units of each ReLU that are dead, by its place among the layers.
        gradients: by the id of the weights.
        start: the weights of each layer that inputs are multiplied with, when training began.
    """
    places = [place for place, (_, layer) in enumerate(parts) if kernels(layer, trained=True)]
    for place, following in zip(places, [*places[1:], len(parts)], strict=True):
        (name, layer), until = parts[place], [one for _, one in parts[place:following]]
        now, then = kernels(layer), start[place]
        slopes = [gradients[id(variable)] for variable in _kernel_variables(layer, trained=True)]
        single = hasattr(layer, "kernel") and len(now) == 1
        units = now[0].shape[-1] if single else 0
        shares = [share for relu, share in dead.items() if place <= relu < following]
        yield LayerState(
            layer=name,
            kind=type(layer).__name__,
            units=units,
            fan_in=now[0].size // units if units else 0,
            weights=_size(now),
            gradient=_size(slopes),
            alike=units > 1 and bool(np.ptp(now[0], axis=-1).max() == 0),
            dead=max(shares, default=None),
            normalised=any(isinstance(one, NORMALISING) for one in until),
            moved=_moved(now, then),
        )


def _kernel_variables(layer: keras.layers.Layer, *, trained: bool = False) -> list[Any]:
    """The weights of ``layer`` that inputs are multiplied with."""
    variables = layer.trainable_variables if trained else layer.weights
    return [variable for variable in variables if len(variable.shape) > 1]


def kernels(layer: keras.layers.Layer, *, trained: bool = False) -> list[np.ndarray]:
    """The values of the weights of ``layer`` that inputs are multiplied with; or of those alone that are trained."""
    return [variable.numpy() for variable in _kernel_variables(layer, trained=trained)]


def _size(arrays: Sequence[np.ndarray]) -> float:
    """The root mean square of all values."""
    with np.errstate(over="ignore", invalid="ignore"):
        squares = sum(float(np.sum(np.square(array, dtype=np.float64))) for array in arrays)
    return math.sqrt(squares / sum(array.size for array in arrays))


def _moved(now: Sequence[np.ndarray], then: Sequence[np.ndarray]) -> float:
    way, length = _size([one - other for one, other in zip(now, then, strict=True)]), _size(then)
    return way / length if length else 0.0 if not way else math.inf


def _dead(output: np.ndarray) -> float:
    """The share of the units of ``output``, (n, …, units), that are 0 for every image, everywhere."""
    return float(np.mean(output.max(axis=tuple(range(output.ndim - 1))) <= 0))


def is_relu(layer: keras.layers.Layer) -> bool:
    """Whether ``layer`` puts what is below 0 to 0, and passes no gradient there."""
    if isinstance(layer, keras.layers.ReLU):
        return not layer.negative_slope
    return getattr(layer, "activation", None) in (keras.activations.relu, keras.activations.relu6)


def _input(model: keras.Sequential, pixels: np.ndarray) -> Input | None:
    """What enters the first layer with weights, trained or not, as in training."""
    place = next((place for place, layer in enumerate(model.layers) if kernels(layer)), None)
    if place is None:
        return None
    if place:
        image = entering = keras.Input(model.input_shape[1:])
        for layer in model.layers[:place]:
            entering = layer(entering)
        pixels = keras.Model(image, entering)(pixels, training=True).numpy()
    return entering_layer(model.layers[place].name, pixels)


def entering_layer(layer: str, values: np.ndarray) -> Input:
    """What the ``values`` that enter ``layer`` are like."""
    values = values.astype(np.float64)
    return Input(
        layer=layer,
        mean=float(values.mean()),
        deviation=float(values.std()),
        lowest=float(values.min()),
        highest=float(values.max()),
    )
