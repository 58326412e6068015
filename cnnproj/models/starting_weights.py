"""The weights that a backbone has before it is trained: ImageNet's, those of another run, or those in a file."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from cnnproj.errors import CnnprojError
from cnnproj.files import digest, digest_arrays
from cnnproj.models.backbones import KERAS_NETWORKS, KerasNetwork, OwnNetwork, describe, find_backbone, in_stages
from cnnproj.models.registry import architectures
from cnnproj.models.space import Value

if TYPE_CHECKING:
    import keras

    from cnnproj.recipe import Recipe

RANDOM, IMAGENET = "none", "imagenet"
DECIDE_START = ("backbone", "weights")  # the hyperparameters that say which weights these are
FILES = (".h5", ".hdf5")


def starting_weights(model: keras.Sequential, hyperparameters: Mapping[str, Value], folder: Path | None) -> str:
    """Give the backbone of ``model`` the weights that ``hyperparameters`` name: see ``Architecture.begin``."""
    name, weights = str(hyperparameters["backbone"]), str(hyperparameters["weights"])
    if weights == RANDOM:
        return ""
    backbone = find_backbone(name)
    if weights == IMAGENET:
        _take(model, _of_imagenet(backbone, model.input_shape[1:]))
    elif folder is None:
        raise CnnprojError("transfer.not_opened", path=weights)
    else:
        path = folder / Path(weights).expanduser()
        if (path / "recipe.json").is_file():
            _take_run(model, backbone, name, path)
        elif path.is_file() and path.suffix in FILES:
            _take(model, _of_file(backbone, model.input_shape[1:], path))
        else:
            raise CnnprojError("transfer.no_weights", path=path)
    return digest_arrays([array for layer in _with_weights(model) for array in layer.get_weights()])


def digest_of(weights: str, folder: Path | None) -> str | None:
    """A digest of what ``weights`` names, without building anything; ``None`` where it is not there to be looked at.

    ImageNet's and random weights have none, "": Keras holds the files of the first to theirs, and the seed draws the
    others.
    """
    from cnnproj.recipe import RECIPE

    if weights in (RANDOM, IMAGENET):
        return ""
    if folder is None:
        return None
    path = folder / Path(weights).expanduser()
    if (path / RECIPE).is_file():
        try:  # of a classifier or of a segmentation network: both say it by this name
            return str(json.loads((path / RECIPE).read_bytes())["weights_digest"])
        except (ValueError, LookupError, TypeError):
            return digest(path / RECIPE)
    return digest(path) if path.is_file() else None


def _with_weights(model: keras.Sequential) -> list[keras.layers.Layer]:
    """The layers of the backbone that have weights, in order."""
    return [layer for layer in model.layers[:-1] if layer.weights]


def _take(model: keras.Sequential, whole: keras.Model) -> None:
    """Give the stages of ``model`` the weights of the uncut network of the same backbone."""
    given = [stage for stage in in_stages(whole) if stage.weights]
    for mine, stage in zip(_with_weights(model), given, strict=True):
        mine.set_weights(stage.get_weights())


def _of_imagenet(backbone: KerasNetwork | OwnNetwork, shape: tuple[int, int, int]) -> keras.Model:
    if isinstance(backbone, OwnNetwork):
        same = [name for name in KERAS_NETWORKS if name.lower() == backbone.network.name]
        raise CnnprojError("transfer.no_imagenet", backbone=backbone.name, known=", ".join(same or KERAS_NETWORKS))
    try:
        return backbone.whole((*shape[:2], 3), IMAGENET)
    except Exception as error:  # no network, a damaged cache: Keras raises a bare Exception, OSError, ValueError …
        path, reason = backbone.place(shape), " ".join(str(error).split()) or type(error).__name__
        raise CnnprojError("transfer.no_download", backbone=backbone.name, path=path, reason=reason) from error


def _of_file(backbone: KerasNetwork | OwnNetwork, shape: tuple[int, int, int], path: Path) -> keras.Model:
    if isinstance(backbone, OwnNetwork):
        raise CnnprojError("transfer.run_wanted", backbone=backbone.name, path=path)
    whole = backbone.whole((*shape[:2], 3))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Keras leaves layers that the file does not have as they are, and warns
            warnings.filterwarnings("ignore", message=".*optimizer")
            whole.load_weights(path)
    except (ValueError, OSError, KeyError, TypeError, UserWarning) as error:
        reason = " ".join(str(error).split())
        raise CnnprojError("transfer.bad_file", path=path, backbone=backbone.name, reason=reason[:200]) from error
    return whole


def _take_run(model: keras.Sequential, backbone: KerasNetwork | OwnNetwork, name: str, folder: Path) -> None:
    """Give ``model`` the weights of all layers but the last of the network in ``folder``."""
    from cnnproj.recipe import load_model, load_recipe

    try:
        recipe = load_recipe(folder)
    except ValidationError:
        raise CnnprojError("transfer.no_classifier", folder=folder) from None
    theirs = _backbone_of(recipe, folder)
    if theirs != backbone:
        raise CnnprojError("transfer.other_backbone", folder=folder, theirs=theirs.name, backbone=name)
    shape = model.input_shape[1:]
    if isinstance(backbone, OwnNetwork) and recipe.shape[2] != shape[2]:
        raise CnnprojError("transfer.other_channels", folder=folder, theirs=recipe.shape[2], channels=shape[2])
    given, mine = _with_weights(load_model(folder)), _with_weights(model)
    if [_shapes(layer) for layer in given] != [_shapes(layer) for layer in mine]:
        height, width, _ = recipe.shape
        values = {"height": height, "width": width, "mine": f"{shape[0]}×{shape[1]}"}
        raise CnnprojError("transfer.other_size", folder=folder, backbone=name, **values)
    for layer, other in zip(mine, given, strict=True):
        layer.set_weights(other.get_weights())


def _shapes(layer: keras.layers.Layer) -> list[Any]:
    return [variable.shape for variable in layer.weights]


def _backbone_of(recipe: Recipe, folder: Path) -> KerasNetwork | OwnNetwork:
    network = architectures().get(recipe.model)
    if network is None or not network.ours:
        raise CnnprojError("transfer.not_ours", folder=folder, model=recipe.model)
    if network.start is not None:
        return find_backbone(str(recipe.hyperparameters["backbone"]))
    return describe(network, recipe.hyperparameters)


def backbone_of(folder: Path) -> str:
    """What to call the backbone that the trained network in ``folder`` is.

    Raises:
        CnnprojError: where it is a student's own: another project could not build it.
    """
    from cnnproj.recipe import load_recipe

    return _backbone_of(load_recipe(folder), folder).name
