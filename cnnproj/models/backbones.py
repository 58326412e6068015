"""The networks that a training can start from: those of ``keras.applications``, and cnnproj's own.

A backbone is named in ``project.toml`` as Keras calls it (``MobileNetV2``, or ``mobilenet_v2``), or as cnnproj does,
with what differs from the defaults (``compact_cnn(filters=32, depth=4)``). The name alone is enough to build it:
weights come later.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnnproj.errors import CnnprojError
from cnnproj.models.phases import all_within, octave
from cnnproj.models.registry import BATCH_NORM_MOMENTUM, TRAINING_DEFAULTS, Architecture, architectures
from cnnproj.models.space import Value

if TYPE_CHECKING:
    import keras

Shape = tuple[int, int, int]
_RESNET = "_weights_tf_dim_ordering_tf_kernels_notop.h5"
_MOBILE_SIDES = (128, 160, 192, 224)  # the MobileNets were trained at several sizes, each with a file of its own
_LARGEST = 65_536  # of a number in a name: no network of use has a larger one
_DEEPEST = 100
# Left out of the names of cnnproj's own: it is the head's.
_OF_THE_HEAD = ("dropout",)


@dataclass(frozen=True)
class KerasNetwork:
    """A network of ``keras.applications``, without its classifier.

    EfficientNetB0 to B7 are not among them: with ImageNet's weights they have a layer that they lack without. Nor is
    NASNet, whose weights fit images of one size alone.

    Attributes:
        name: of the function of ``keras.applications``.
        expects: how it wants its images, see ``preprocessing``.
        file: what its weights are called in Keras' cache; ``{side}`` stands for the size of the images.
        smallest: images that it can be built for, in pixels a side.
    """

    name: str
    expects: str
    file: str
    smallest: int = 32

    def whole(self, shape: Shape, weights: str | None = None) -> keras.Model:
        """All of it, for images of ``shape`` (height, width, 3), with random weights or with ``imagenet``."""
        import keras

        build = getattr(keras.applications, self.name)
        with warnings.catch_warnings():
            # The MobileNets warn that weights of 224×224 are taken for images of another size: that is meant.
            warnings.simplefilter("ignore", UserWarning)
            model: keras.Model = build(include_top=False, weights=weights, input_shape=shape)
        for layer in all_within(model):
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = BATCH_NORM_MOMENTUM
        return model

    def layers(self, shape: Shape) -> list[keras.layers.Layer]:
        """Fresh layers from images of ``shape`` in [0, 1] to its last maps: the preprocessing, and each stage."""
        from cnnproj.models.preprocessing import Preprocessing

        if min(shape[:2]) < self.smallest:
            height, width, _ = shape
            values = {"backbone": self.name, "side": self.smallest, "height": height, "width": width}
            raise CnnprojError("transfer.too_small", **values)
        return [Preprocessing(self.expects, name="preprocessing"), *in_stages(self.whole((*shape[:2], 3)))]

    def place(self, shape: Shape) -> Path:
        """Where Keras looks for the weights of ImageNet for images of ``shape``."""
        from cnnproj.data.sources.keras_datasets import keras_cache

        height, width, _ = shape
        side = height if height == width and height in self.sides else 224
        return keras_cache().parent / "models" / self.file.format(side=side)

    @property
    def sides(self) -> tuple[int, ...]:
        """The sizes of images that there are files of weights for; none where one file serves all."""
        return {"MobileNet": _MOBILE_SIDES, "MobileNetV2": (96, *_MOBILE_SIDES)}.get(self.name, ())


def _all() -> Iterator[KerasNetwork]:
    for size in ("16", "19"):
        yield KerasNetwork(f"VGG{size}", "blue_first", f"vgg{size}{_RESNET}")
    for size in ("50", "101", "152"):
        yield KerasNetwork(f"ResNet{size}", "blue_first", f"resnet{size}{_RESNET}")
        yield KerasNetwork(f"ResNet{size}V2", "signed", f"resnet{size}v2{_RESNET}")
    for size in ("121", "169", "201"):
        yield KerasNetwork(f"DenseNet{size}", "standardised", f"densenet{size}{_RESNET}")
    yield KerasNetwork("InceptionV3", "signed", f"inception_v3{_RESNET}", smallest=75)
    yield KerasNetwork("InceptionResNetV2", "signed", f"inception_resnet_v2{_RESNET}", smallest=75)
    yield KerasNetwork("Xception", "signed", f"xception{_RESNET}", smallest=71)
    yield KerasNetwork("MobileNet", "signed", "mobilenet_1_0_{side}_tf_no_top.h5")
    yield KerasNetwork("MobileNetV2", "signed", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_{side}_no_top.h5")
    for size in ("Small", "Large"):
        file = f"weights_mobilenet_v3_{size.lower()}_224_1.0_float_no_top_v2.h5"
        yield KerasNetwork(f"MobileNetV3{size}", "levels", file)
    for size in ("B0", "B1", "B2", "B3", "S", "M", "L"):
        yield KerasNetwork(f"EfficientNetV2{size}", "levels", f"efficientnetv2-{size.lower()}_notop.h5")
    for size in ("Tiny", "Small", "Base", "Large", "XLarge"):
        yield KerasNetwork(f"ConvNeXt{size}", "levels", f"convnext_{size.lower()}_notop.h5")


KERAS_NETWORKS: Mapping[str, KerasNetwork] = MappingProxyType({network.name: network for network in _all()})


@dataclass(frozen=True)
class OwnNetwork:
    """One of cnnproj's own networks, without its last layer.

    Attributes:
        network: its architecture.
        chosen: of its hyperparameters those that differ from the defaults.
    """

    network: Architecture
    chosen: Mapping[str, Value]

    def layers(self, shape: Shape, dropout: float) -> list[keras.layers.Layer]:
        """Fresh layers from images of ``shape`` to the features that its last layer reads."""
        import keras

        hyperparameters = {**self.network.defaults, **self.chosen}
        if "dropout" in hyperparameters:
            hyperparameters["dropout"] = dropout
        layers = self.network.build(shape, 2, hyperparameters).layers[:-1]
        while isinstance(layers[-1], keras.layers.Dropout):
            layers = layers[:-1]
        # Those of a network remember where they stood in it.
        return [type(layer).from_config(layer.get_config()) for layer in layers]

    @property
    def name(self) -> str:
        """What ``project.toml`` calls it."""
        inner = ", ".join(f"{key}={value}" for key, value in self.chosen.items())
        return f"{self.network.name}({inner})" if inner else self.network.name


def find_backbone(name: str) -> KerasNetwork | OwnNetwork:
    """The network that is called ``name``.

    Raises:
        CnnprojError: where there is none, or it has no such hyperparameters.
    """
    if name in KERAS_NETWORKS:
        return KERAS_NETWORKS[name]
    match = re.fullmatch(r"\s*(\w+)\s*(?:\((.*)\))?\s*", name)
    own = architectures().get(match[1]) if match else None
    if match and own and own.ours and own.start is None:
        return OwnNetwork(own, dict(_given(own, name, match[2] or "")))
    plain = {_plain(known): network for known, network in KERAS_NETWORKS.items()}
    if _plain(name) in plain:
        return plain[_plain(name)]
    raise CnnprojError("transfer.unknown_backbone", backbone=name, known=", ".join([*KERAS_NETWORKS, *own_names()]))


def own_names() -> list[str]:
    """The names of cnnproj's own networks that can be a backbone."""
    return [name for name, network in architectures().items() if network.ours and network.start is None]


def describe(network: Architecture, hyperparameters: Mapping[str, Value]) -> OwnNetwork:
    """The backbone that a network of cnnproj's, built with ``hyperparameters``, is."""
    changed = {
        name: value
        for name, value in hyperparameters.items()
        if name not in TRAINING_DEFAULTS and name not in _OF_THE_HEAD and value != network.defaults.get(name)
    }
    return OwnNetwork(network, changed)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def _given(network: Architecture, name: str, inner: str) -> Iterator[tuple[str, Value]]:
    """The hyperparameters that stand in the brackets of ``name``, each of the kind of its default."""
    usual = {
        key: value
        for key, value in network.defaults.items()
        if key not in TRAINING_DEFAULTS and key not in _OF_THE_HEAD
    }
    for pair in filter(None, map(str.strip, inner.split(","))):
        key, _, text = (part.strip() for part in pair.partition("="))
        if key not in usual:
            raise CnnprojError("transfer.no_such_hyperparameter", backbone=name, key=key, known=", ".join(usual))
        try:
            value = _read(text, usual[key])
        except ValueError:
            raise CnnprojError("transfer.bad_hyperparameter", backbone=name, key=key, came=text) from None
        if isinstance(value, int | float) and not 0 <= value <= (_DEEPEST if key == "depth" else _LARGEST):
            raise CnnprojError("transfer.bad_hyperparameter", backbone=name, key=key, came=text)
        if value != usual[key]:
            yield key, value


def _read(text: str, usual: Value) -> Value:
    if isinstance(usual, bool):
        if text.lower() not in ("true", "false"):
            raise ValueError(text)
        return text.lower() == "true"
    return type(usual)(text)


# A network cut into stages ------------------------------------------------------------------------------------------


def in_stages(whole: keras.Model) -> list[keras.Model]:
    """``whole`` as a row of networks with its layers, each up to where the maps are halved next: all can be looked at.

    It can be cut where nothing goes past: behind the last addition of a residual stage, not within a block. What has no
    weights joins the stage behind it.
    """
    import keras

    nodes = [operation._inbound_nodes[0] for operation in whole.operations]
    ends = {id(tensor) for tensor in _ends(whole, nodes)}
    begin = keras.Input(whole.input_shape[1:])
    tensors = {id(nodes[0].output_tensors[0]): begin}
    stages: list[keras.Model] = []
    for node in nodes[1:]:
        positional, named = node.arguments.fill_in(tensors)
        came = node.operation(*positional, **named)
        given = id(node.output_tensors[0])
        tensors[given] = came
        if given in ends:
            stages.append(keras.Model(begin, came, name=f"stage_{len(stages) + 1}"))
            begin = keras.Input(came.shape[1:])
            tensors = {given: begin}
    return stages


def _ends(whole: keras.Model, nodes: list[keras.Node]) -> list[keras.KerasTensor]:
    """The tensors behind which ``whole`` is cut, in order; ``nodes`` are its operations as they follow each other."""
    import keras

    place = {id(node.output_tensors[0]): number for number, node in enumerate(nodes)}
    needed = list(range(len(nodes)))  # until which operation the outcome of each is
    for number, node in enumerate(nodes):
        for tensor in node.input_tensors:
            needed[place[id(tensor)]] = number
    side, last = min(whole.input_shape[1:3]), len(nodes) - 1
    ends: dict[int, int] = {}  # the last place to cut for each size of maps
    until = 0
    for number, node in enumerate(nodes):
        # A border that is added belongs to the convolution behind it.
        if number and until <= number and not isinstance(node.operation, keras.layers.ZeroPadding2D):
            ends[octave(side, node.output_tensors[0].shape)] = number
        until = max(until, needed[number])
    kept, start = [], 0
    for end in sorted({*ends.values(), last}):
        if end == last or any(getattr(node.operation, "weights", ()) for node in nodes[start : end + 1]):
            kept.append(end)
            start = end + 1
    return [nodes[end].output_tensors[0] for end in kept]
