"""A submission's networks rebuilt: from cnnproj's own code, or layer by layer from what a student's own says of itself.

A ``.keras`` file is a program: Keras imports and calls what its configuration names. So Keras never reads it here. The
configuration is read as JSON, and from it come only layers on a list, with plain numbers and words as arguments; what
matters in training alone (initializers, regularizers, constraints) is left out, and the weights come from the file of
weights, as for every network.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnproj.models import ACTIVATIONS, architectures
from cnnproj.recipe import RECIPE, WHOLE, Recipe
from cnnproj.segmentation.networks import segmenters
from cnnproj.segmentation.recipe import SegmentationRecipe
from cnnproj.submission.finding import Unchecked
from cnnproj.submission.opening.documents import read_json
from cnnproj.submission.opening.limits import Limits, Unreadable, shown
from cnnproj.submission.opening.unpacking import BROKEN, open_zip

if TYPE_CHECKING:
    import keras

    from cnnproj.submission.opening.opened import Submission

CONFIGURATION = "config.json"
# Layers of Keras that compute with plain arguments: none of them calls, imports or reads anything.
STOCK = (
    "Activation",
    "AveragePooling2D",
    "BatchNormalization",
    "Conv2D",
    "Conv2DTranspose",
    "Cropping2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "ELU",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPooling2D",
    "PReLU",
    "Permute",
    "ReLU",
    "Rescaling",
    "Reshape",
    "SeparableConv2D",
    "Softmax",
    "SpatialDropout2D",
    "UnitNormalization",
    "UpSampling2D",
    "ZeroPadding2D",
)
OURS = {  # in cnnproj.models: they hold nothing but layers of the kinds above
    "layers": ("BatchNormalization", "Dropout", "LocalResponseNormalization"),
    "blocks": ("ResidualBlock", "BottleneckBlock", "InceptionModule", "DenseBlock", "Transition"),
}
KNOWN_ACTIVATIONS = (
    *ACTIVATIONS,
    *("linear", "softmax", "softplus", "softsign", "swish", "selu", "relu6", "mish", "exponential", "hard_sigmoid"),
)
_RECENT = (3, 15, 1)  # of Keras: before it what a configuration says is not bounded everywhere
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}")
_ONLY_IN_TRAINING = ("_initializer", "_regularizer", "_constraint")
_CONFIGURATION_BYTES = 4 << 20


def build_network(submission: Submission, name: str) -> keras.Model:
    """The network ``name``, with fresh weights.

    Raises:
        Unreadable: where it cannot be built of what the submission says, or is larger than a network may be.
        Unchecked: where this cnnproj or this Keras cannot build it, though another might.
    """
    if submission.task == "segmentation":
        return _build_segmenter(submission, name)
    file = f"models/{name}/{RECIPE}"
    recipe: Recipe = submission.read(file)
    network = architectures().get(name)
    if network is not None and network.ours != recipe.ours:
        raise Unreadable("opened.recipe", file=file, key="ours", came=recipe.ours)
    if network is None and recipe.ours:
        raise Unchecked("opened.network_unknown", model=shown(name))
    if network is None or not network.ours:
        return build_own(submission, name)
    build = network.build
    hyperparameters = recipe.hyperparameters
    return _bounded(lambda: build(recipe.shape, len(recipe.classes), hyperparameters), file, submission.limits)


def _build_segmenter(submission: Submission, name: str) -> keras.Model:
    """The segmentation network ``name``, with fresh weights: see ``build_network``."""
    network = segmenters().get(name)
    if network is None or not network.ours:
        raise Unchecked("verification.unchecked.own_network", model=shown(name))
    file, build = f"models/{name}/{RECIPE}", network.build
    recipe: SegmentationRecipe = submission.read(file)
    return _bounded(lambda: build(recipe.shape, len(recipe.classes), recipe.hyperparameters), file, submission.limits)


def build_own(submission: Submission, name: str) -> keras.Sequential:
    """A student's own network ``name``, with fresh weights: see ``build_network``."""
    import keras

    if tuple(map(int, re.findall(r"\d+", keras.__version__)[:3])) < _RECENT:
        wanted = ".".join(map(str, _RECENT))
        raise Unchecked("opened.keras_too_old", model=shown(name), wanted=wanted, version=keras.__version__)
    file = f"models/{name}/{WHOLE}"
    layers = _layers(submission.read(file), file, submission.limits)
    recipe: Recipe = submission.read(f"models/{name}/{RECIPE}")

    def build() -> keras.Sequential:
        return keras.Sequential([keras.Input(recipe.shape), *(make() for make in layers)], name=name)

    model = _bounded(build, file, submission.limits)
    if model.output_shape != (None, len(recipe.classes)):
        raise Unreadable("opened.network", file=file, reason=shown(model.output_shape))
    return model


def _bounded(build: Callable[[], keras.Model], file: str, limits: Limits) -> keras.Model:
    """What ``build`` gives; built first where nothing is stored or computed, to see how large it is."""
    import tensorflow as tf

    try:
        with tf.Graph().as_default():
            sketch = build()
            parameters = sum(math.prod(variable.shape) for variable in sketch.variables)
            outputs = max(math.prod(output.shape[1:]) for layer in sketch.layers for output in _outputs(layer))
        if parameters > limits.parameters or outputs > limits.outputs or len(sketch.layers) > limits.layers:
            numbers = {"parameters": parameters, "outputs": outputs, "layers": len(sketch.layers)}
            raise Unreadable("opened.network_size", file=file, **numbers)
        return build()
    except Unreadable:
        raise
    except Exception as error:  # a stranger's arguments make a layer raise anything
        raise Unreadable("opened.network", file=file, reason=shown(error, 200)) from None


def _outputs(layer: keras.Layer) -> list[keras.KerasTensor]:
    """All that comes out of ``layer``, and of each layer within it if it is a block of ours: that can be larger."""
    import keras

    from cnnproj.models.blocks import Block

    inner = layer.unfold(keras.Input(layer.input.shape[1:]))[1] if isinstance(layer, Block) else []
    return [*keras.tree.flatten(layer.output), *inner]


# A configuration ----------------------------------------------------------------------------------------------------


def read_configuration(path: Path, file: str, limits: Limits) -> Mapping[str, Any]:
    """What the ``.keras`` file called ``file``, at ``path``, says of its network: plain JSON, of which nothing is made.

    Raises:
        Unreadable: where it is no safe zip, or says nothing that can be read.
    """
    with path.open("rb") as whole, open_zip(whole, limits, Unreadable, path=file) as archive:
        try:
            with archive.open(CONFIGURATION) as member:
                data = member.read(_CONFIGURATION_BYTES)
        except (*BROKEN, KeyError) as error:
            raise Unreadable("opened.network", file=file, reason=shown(error)) from None
    configuration = read_json(data, f"{file}/{CONFIGURATION}", limits)
    return _table(configuration, file)


def _layers(configuration: Mapping[str, Any], file: str, limits: Limits) -> list[Callable[[], keras.Layer]]:
    """What makes each layer but the input."""
    if configuration.get("class_name") != "Sequential" or configuration.get("module") != "keras":
        raise Unchecked("opened.layer_unknown", file=file, layer=shown(configuration.get("class_name")))
    inner = _table(configuration.get("config"), file)
    listed = inner.get("layers")
    if not isinstance(listed, list) or len(listed) > limits.layers:
        raise Unreadable("opened.network", file=file, reason="layers")
    tables = [_table(layer, file) for layer in listed]
    if sum(_steps(_table(layer.get("config"), file)) for layer in tables) > limits.layers:
        raise Unreadable("opened.network", file=file, reason="layers")
    return [_maker(layer, file) for layer in tables if layer.get("class_name") != "InputLayer"]


def _steps(arguments: Mapping[str, Any]) -> int:
    """As how many layers one counts: a dense block has as many steps as it says."""
    steps = arguments.get("steps")
    return steps if type(steps) is int and steps > 1 else 1


def _maker(layer: Mapping[str, Any], file: str) -> Callable[[], keras.Layer]:
    kind = _kind(layer, file)
    arguments = _table(layer.get("config"), file)
    plain = {
        key: _argument(key, value, file)
        for key, value in arguments.items()
        if not key.endswith(_ONLY_IN_TRAINING) and key != "seed"
    }
    # An activation can be a layer itself; each network gets its own.
    return lambda: kind.from_config({key: value() if callable(value) else value for key, value in plain.items()})


def _kind(layer: Mapping[str, Any], file: str) -> type[keras.Layer]:
    import keras

    from cnnproj.models import blocks, layers

    named = tuple(layer.get(key) for key in ("module", "class_name", "registered_name"))
    kinds: dict[tuple[object, ...], type[keras.Layer]] = {
        ("keras.layers", name, None): getattr(keras.layers, name) for name in STOCK
    }
    for room in (layers, blocks):
        names = OURS[room.__name__.rpartition(".")[2]]
        kinds |= {(room.__name__, name, f"cnnproj>{name}"): getattr(room, name) for name in names}
    if not all(isinstance(name, str | None) for name in named) or named not in kinds:
        raise Unchecked("opened.layer_unknown", file=file, layer=shown(layer.get("class_name")))
    return kinds[named]


def _argument(key: str, value: Any, file: str) -> Any:
    """The argument ``key`` of a layer: a number, a word, a list of numbers; or what makes the layer that it is."""
    if key == "dtype" and isinstance(value, dict):
        return _argument(key, _table(value.get("config"), file).get("name"), file)
    if key == "activation" and isinstance(value, dict):
        return _maker(value, file)
    if key == "activation" and value is not None and value not in KNOWN_ACTIVATIONS:
        raise Unchecked("opened.layer_unknown", file=file, layer=shown(value))
    plain = value if isinstance(value, list) else [value]
    flat = [one for item in plain for one in (item if isinstance(item, list) else [item])]
    if not all(_is_plain(one) for one in flat):
        raise Unchecked("opened.argument_unknown", file=file, key=shown(key), came=shown(value))
    return value


def _is_plain(value: Any) -> bool:
    return bool(_WORD.fullmatch(value)) if isinstance(value, str) else isinstance(value, bool | int | float | None)


def _table(value: Any, file: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable("opened.network", file=file, reason=shown(value))
    return value
