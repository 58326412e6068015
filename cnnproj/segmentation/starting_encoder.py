"""The encoder that a segmentation network begins with: random, or as another run has trained it.

The layers from the image to the bottleneck are the encoder. SegNet and FCN-8s have the stages of VGG-16 there, by the
same names as the classifier: what that has learnt to see, they begin with. The decoder always begins at random.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cnnproj.errors import CnnprojError
from cnnproj.files import digest_arrays
from cnnproj.models import Value, architectures
from cnnproj.models.starting_weights import RANDOM
from cnnproj.segmentation.registry import BOTTLENECK, registered

if TYPE_CHECKING:
    import keras

DEEP = "deep"  # in the names of the layers behind the last pooling, which a classifier does not have


def start_encoder(model: keras.Model, hyperparameters: Mapping[str, Value], folder: Path | None) -> str:
    """Give the encoder of ``model`` the weights that ``hyperparameters`` name: see ``Architecture.begin``.

    The layers must be the same, by name and shape, from the image on and through all stages; those behind the last
    pooling are taken over where the other network has them, too.
    """
    weights = str(hyperparameters["weights"])
    if weights == RANDOM:
        return ""
    if folder is None:
        raise CnnprojError("transfer.not_opened", path=weights)
    path = folder / Path(weights).expanduser()
    given, mine = _trained_encoder(path), encoder(model)
    for number, layer in enumerate(mine):
        other = given[number] if number < len(given) else None
        if other is not None and _form(other) == _form(layer):
            continue
        if DEEP in layer.name:
            mine = mine[:number]
            break
        theirs = "–" if other is None else _form(other)
        raise CnnprojError(
            "segmentation.other_encoder", folder=path, model=model.name, layer=_form(layer), theirs=theirs
        )
    for layer, other in zip(mine, given, strict=False):
        layer.set_weights(other.get_weights())
    return digest_arrays([array for layer in mine for array in layer.get_weights()])


def encoder(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers with weights of a segmentation network from the image to its bottleneck, in order."""
    import keras

    down = keras.Model(model.inputs[0], model.get_layer(BOTTLENECK).output)
    return [layer for layer in down.layers if layer.weights]


def _trained_encoder(folder: Path) -> list[keras.layers.Layer]:
    """The layers with weights of the trained network in ``folder``, a classifier or the encoder of a segmentation."""
    from cnnproj.recipe import RECIPE, load_model
    from cnnproj.segmentation import recipe

    if not (folder / RECIPE).is_file():
        raise CnnprojError("segmentation.no_encoder", path=folder)
    try:
        name = json.loads((folder / RECIPE).read_bytes())["model"]
        known = {**architectures(), **registered()}.get(name)
        if known is None or not known.ours:
            raise CnnprojError("transfer.not_ours", folder=folder, model=name)
        if name in registered():
            return encoder(recipe.load_model(folder))
        return [layer for layer in load_model(folder).layers if layer.weights]
    except (ValidationError, ValueError, KeyError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise CnnprojError("segmentation.bad_encoder", folder=folder, reason=reason) from error


def _form(layer: keras.layers.Layer) -> str:
    """Its name and the shape of its weights, as text."""
    return f"{layer.name} {'×'.join(str(side) for side in layer.weights[0].shape)}"
