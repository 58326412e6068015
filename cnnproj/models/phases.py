"""The phases of a training: which layers learn for how many epochs, and how fast the backbone does beside the head."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Phase:
    """Some epochs in which the same layers learn.

    The head of a network is its last layer; the rest is its backbone. What does not learn is frozen: its weights stay,
    and its batch normalisation works as in prediction, so that its running statistics stay too.

    Attributes:
        epochs: how many; the learning rate rises and falls once in them.
        stages: how many of the last stages of the backbone learn, 0 to all of them (``None``).
        rate: what the learning rate is multiplied by for the backbone, above 0.
        keeps_norms: whether batch normalisation stays frozen in those stages too.
    """

    epochs: int
    stages: int | None = None
    rate: float = 1.0
    keeps_norms: bool = False

    @property
    def manner(self) -> tuple[int | None, float, bool]:
        """All but how long it is."""
        return self.stages, self.rate, self.keeps_norms

    def prepare(self, model: keras.Sequential) -> list[float]:
        """Freeze what does not learn in ``model``, built and as yet all trainable.

        Returns:
            What the learning rate is multiplied by for each of its ``trainable_variables``.
        """
        import keras

        every = stages_of(model)
        frozen = every if self.stages == 0 else every[: -self.stages] if self.stages else []
        for layer in (layer for stage in frozen for layer in stage):
            layer.trainable = False
        if self.keeps_norms:
            for inner in (inner for stage in every for layer in stage for inner in all_within(layer)):
                if isinstance(inner, keras.layers.BatchNormalization):
                    inner.trainable = False
        head = {id(variable) for variable in model.layers[-1].trainable_variables}
        return [1.0 if id(variable) in head else self.rate for variable in model.trainable_variables]


def stages_of(model: keras.Sequential) -> list[list[keras.layers.Layer]]:
    """The layers with weights of ``model`` but the last layer, in stages: those whose maps halve the image as often.

    Layers without maps belong to the stage before them.
    """
    stages: list[list[keras.layers.Layer]] = []
    before, side = None, min(model.input_shape[1:3])
    for layer in model.layers[:-1]:
        halved = octave(side, layer.output.shape) if len(layer.output.shape) == 4 else before
        if not layer.weights:
            continue
        if halved != before or not stages:
            stages.append([])
        stages[-1].append(layer)
        before = halved
    return stages


def octave(side: int, shape: tuple[int | None, ...]) -> int:
    """How often maps of ``shape`` (n, height, width, channels) halve an image of ``side`` pixels, as near as can be."""
    return max(0, round(math.log2(side / min(one for one in shape[1:3] if one))))


def all_within(layer: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """``layer`` and all layers that it is made of."""
    yield layer
    for inner in layer._layers:
        yield from all_within(inner)
