"""What a network is made of: a row a layer, those inside blocks too, and what they come to together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import pandas as pd
from keras import layers

from cnnproj.anatomy.costs import multiply_adds
from cnnproj.anatomy.receptive_field import UNKNOWN, Field, receptive_fields
from cnnproj.anatomy.unfold import Slot, Step, Unfolded, unfold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnnproj.models import Architecture, Value

CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.Conv2DTranspose)
_WEIGHED = (*CONVOLUTIONS, layers.Dense)
_NO_OUTPUT_OF_THEIR_OWN = (layers.Flatten, layers.Identity, layers.Reshape)


@dataclass(frozen=True)
class Anatomy:
    """What a network is made of.

    Attributes:
        name: of the network.
        shape: of its images: height, width, channels.
        layers: a row a layer, in the order of computing: ``layer`` (its path, as ``conv2_1/conv_1``), ``kind``,
            ``kernel`` and ``stride`` (rows × columns, empty where there is none), ``output`` (its shape, as text),
            ``parameters``, ``multiply_adds`` (for one image; not a number where it is not known), ``receptive_field``
            (pixels of the image that one position sees, rows × columns; ``"all"`` where each value can see the whole
            image, empty where it is not known), ``maps`` (feature maps; 0 behind the positions) and ``main``, whether
            it is on the main path: the one from image to output with the most convolutions and dense layers.
        unfolded: the layers themselves.
        trainable: how many of its parameters training changes.
        outputs: numbers that all layers give for one image.
    """

    name: str
    shape: tuple[int, ...]
    layers: pd.DataFrame
    unfolded: Unfolded
    trainable: int
    outputs: int

    @property
    def depth(self) -> int:
        """Layers with weights, convolutions and dense ones, on the main path: the number in the networks' names."""
        return self._on_main(_WEIGHED)

    @property
    def convolutions(self) -> int:
        """Convolutions on the main path."""
        return self._on_main(CONVOLUTIONS)

    @property
    def feature_maps(self) -> int:
        """The maps of all convolutions on the main path together."""
        rows = self.layers[self._are(CONVOLUTIONS) & self.layers["main"]]
        return int(rows["maps"].sum())

    @property
    def parameters(self) -> int:
        """All weights, those that only training's statistics change among them."""
        return int(self.layers["parameters"].sum())

    @property
    def multiply_adds(self) -> int | None:
        """For one image; ``None`` where a layer's are not known."""
        known = self.layers["multiply_adds"]
        return None if known.isna().any() else int(known.sum())

    @property
    def receptive_field(self) -> str:
        """The largest that a layer with positions has, rows × columns."""
        seen = [text for text in self.layers["receptive_field"] if text not in ("", "all")]
        return max(seen, key=lambda text: math.prod(map(int, text.split("×"))), default="")

    @property
    def totals(self) -> pd.Series:
        """What the layers come to together, by name."""
        names = ("depth", "convolutions", "feature_maps", "parameters", "trainable", "multiply_adds", "receptive_field")
        return pd.Series({name: getattr(self, name) for name in names}, dtype=object, name=self.name)

    @property
    def kernels(self) -> list[str]:
        """The sizes of the convolutions' kernels, the largest first."""
        found = set(self.layers.loc[self._are(CONVOLUTIONS), "kernel"])
        return sorted(found, key=lambda text: [-int(side) for side in text.split("×")])

    @property
    def pooling(self) -> list[str]:
        """How maps are made smaller: ``max 3×3``, ``average 2×2``, ``global average``; in the order of their use."""
        return list(dict.fromkeys(name for step in self.unfolded.steps if (name := _pooling(step.layer))))

    @property
    def activations(self) -> list[str]:
        """The activations inside the network, by Keras' names, in the order of their use; not that of the output."""
        found = (name for step in self.unfolded.steps[:-1] if (name := _activation(step.layer)))
        return list(dict.fromkeys(found))

    @property
    def normalisation(self) -> list[str]:
        """The kinds of layers that normalise, in the order of their use."""
        kinds = dict.fromkeys(type(step.layer).__name__ for step in self.unfolded.steps)
        return [kind.removesuffix("Normalization") for kind in kinds if kind.endswith("Normalization")]

    def _are(self, kinds: tuple[type[keras.Layer], ...]) -> pd.Series:
        return pd.Series([isinstance(step.layer, kinds) for step in self.unfolded.steps], self.layers.index, dtype=bool)

    def _on_main(self, kinds: tuple[type[keras.Layer], ...]) -> int:
        return int((self._are(kinds) & self.layers["main"]).sum())


def dissect(model: keras.Model) -> Anatomy:
    """What ``model`` is made of; its weights need not be there, as in a ``tf.Graph``."""
    unfolded = unfold(model)
    fields, main = receptive_fields(unfolded), _main_path(unfolded)
    shapes = {unfolded.image: unfolded.shape}
    rows = []
    for step in unfolded.steps:
        taken = shapes[step.sources[0]] if step.sources else ()
        rows.append({**_row(step, fields[step.path], taken), "main": step.path in main})
        shapes |= dict.fromkeys(step.outputs, step.shape)
    own = (step for step in unfolded.steps if not isinstance(step.layer, _NO_OUTPUT_OF_THEIR_OWN))
    return Anatomy(
        name=model.name,
        shape=unfolded.shape,
        layers=pd.DataFrame(rows).astype({"multiply_adds": "Int64"}),
        unfolded=unfolded,
        trainable=sum(math.prod(variable.shape) for variable in model.trainable_variables),
        outputs=sum(math.prod(step.shape) for step in own),
    )


def sketch(
    network: Architecture, shape: tuple[int, int, int], classes: int, hyperparameters: Mapping[str, Value]
) -> Anatomy:
    """What ``network`` is made of, built for images of ``shape`` where nothing is stored or computed.

    Raises:
        CnnprojError: where the network does not fit the images.
    """
    import tensorflow as tf

    with tf.Graph().as_default():
        return dissect(network.build(shape, classes, hyperparameters))


def _row(step: Step, field: Field, taken: tuple[int, ...]) -> dict[str, Any]:
    layer = step.layer
    size = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    strides = getattr(layer, "strides", None) if size else None
    seen = "all" if field.whole else "" if field == UNKNOWN or field.size is None else _times(field.size)
    return {
        "layer": step.path,
        "kind": type(layer).__name__,
        "kernel": _times(size) if size else "",
        "stride": _times(strides) if strides else "",
        "output": " × ".join(map(str, step.shape)),
        "parameters": step.parameters,
        "multiply_adds": multiply_adds(step, taken),
        "receptive_field": seen,
        "maps": step.shape[-1] if len(step.shape) == 3 else 0,
    }


def _times(pair: tuple[int, ...]) -> str:
    return "×".join(map(str, pair))


def _main_path(unfolded: Unfolded) -> set[str]:
    """The paths of the steps on the way from image to output with the most layers with weights; of such the widest."""
    length: dict[Slot, tuple[int, int]] = {unfolded.image: (0, 0)}
    came: dict[Slot, Slot] = {}
    made: Mapping[Slot, Step] = {slot: step for step in unfolded.steps for slot in step.outputs}
    for step in unfolded.steps:
        longest = max(step.sources, key=lambda slot: length[slot], default=unfolded.image)
        deep, wide = length[longest]
        if isinstance(step.layer, _WEIGHED):
            deep, wide = deep + 1, wide + step.shape[-1]
        length |= dict.fromkeys(step.outputs, (deep, wide))
        came |= dict.fromkeys(step.outputs, longest)
    path, slot = set(), unfolded.result
    while slot in made:
        path.add(made[slot].path)
        slot = came[slot]
    return path


def _pooling(layer: keras.Operation) -> str:
    name = type(layer).__name__
    kind = "max" if "Max" in name else "average"
    if isinstance(layer, layers.MaxPooling2D | layers.AveragePooling2D):
        return f"{kind} {_times(layer.pool_size)}"
    return f"global {kind}" if isinstance(layer, layers.GlobalMaxPooling2D | layers.GlobalAveragePooling2D) else ""


def _activation(layer: keras.Operation) -> str:
    """The activation's name in Keras, of whatever layer has it; or that of the layer that is one."""
    if isinstance(layer, layers.ReLU | layers.LeakyReLU | layers.PReLU | layers.ELU):
        return type(layer).__name__.lower()
    function = getattr(layer, "activation", None)
    name = getattr(function, "__name__", type(function).__name__) if function is not None else ""
    return "" if name == "linear" else str(name)
