"""A trained network on disk: the recipe it is built from, its weights and its history.

What travels is the architecture's name, the hyperparameters and the weights: that loads in older and newer Keras, and
can be read before it is believed. A student's own architecture is saved whole as well, since its code stays behind.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from cnnproj.data.images import Part
from cnnproj.errors import CnnprojError
from cnnproj.files import digest_arrays, replacing, write_table, write_text
from cnnproj.models import Value, architectures

if TYPE_CHECKING:
    import keras

    from cnnproj.training import Fit

RECIPE, WEIGHTS, WHOLE = "recipe.json", "model.weights.h5", "model.keras"
HISTORY, LAYERS, VALIDATION = "history.csv", "layers.csv", "validation.csv"


class Recipe(BaseModel):
    """What a trained network is built from, and how it did on the validation part."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    summary: str
    ours: bool
    shape: tuple[int, int, int]
    resize: Literal["stretch", "pad", "crop"]
    classes: tuple[str, ...]
    hyperparameters: dict[str, Value]
    epochs: Annotated[int, Field(ge=1)]
    seed: int
    best_epoch: Annotated[int, Field(ge=1)]
    val_accuracy: float
    val_loss: float
    parameters: Annotated[int, Field(ge=0)]
    weights_digest: str
    # Recipes that were written before these were counted do not have them.
    real_images: Annotated[int, Field(ge=0)] | None = None
    artificial_images: Annotated[int, Field(ge=0)] | None = None
    # Of the weights that the training started from, where these were not random.
    start_digest: str | None = None


def save(folder: Path, result: Fit, validation: Part, **known: Any) -> list[Path]:
    """Write the network of ``result`` to ``folder``; ``known`` are the recipe's fields that the fit does not have."""
    from cnnproj.inference import predict

    model, best = result.model, result.best
    recipe = Recipe(
        shape=validation.shape,
        classes=validation.classes,
        best_epoch=int(best["epoch"]),
        val_accuracy=float(best["val_accuracy"]),
        val_loss=float(best["val_loss"]),
        parameters=model.count_params(),
        weights_digest=digest_arrays(model.get_weights()),
        real_images=result.real_images,
        artificial_images=result.artificial_images,
        start_digest=result.start or None,
        **known,
    )
    names = [WEIGHTS] if recipe.ours else [WEIGHTS, WHOLE]
    for name in names:
        with replacing(folder / name) as partial:
            model.save_weights(partial) if name == WEIGHTS else model.save(partial)
    write_table(folder / HISTORY, result.history)
    write_table(folder / LAYERS, layer_table(model))
    write_table(folder / VALIDATION, prediction_table(predict(model, validation), validation))
    write_text(folder / RECIPE, recipe.model_dump_json(indent=2) + "\n")
    return [folder / name for name in (*names, HISTORY, LAYERS, VALIDATION, RECIPE)]


def layer_table(model: keras.Model) -> pd.DataFrame:
    """A row a layer: ``layer`` (its name), ``kind``, ``output`` (its shape, as text) and ``parameters``."""
    rows = [
        {
            "layer": layer.name,
            "kind": type(layer).__name__,
            "output": " × ".join(str(side) for side in _first(layer.output).shape[1:]),
            "parameters": layer.count_params(),
        }
        for layer in model.layers
    ]
    return pd.DataFrame(rows)


def _first(output: Any) -> Any:
    """What a layer gives; the first where it gives several."""
    return output[0] if isinstance(output, list | tuple) else output


def load_recipe(folder: Path) -> Recipe:
    """The recipe in ``folder``."""
    return Recipe.model_validate_json((folder / RECIPE).read_bytes())


def load_model(folder: Path) -> keras.Sequential:
    """The trained network in ``folder``: rebuilt from its recipe, or read whole if it is a student's own.

    Raises:
        CnnprojError: where the weights are not those of the recipe.
    """
    import keras

    recipe = load_recipe(folder)
    network = architectures().get(recipe.model)
    if network is None:
        import_module("cnnproj.models.blocks")  # makes Keras know our layers, which a student's network may have
        # The user's own file on the user's own machine; a stranger's is never opened this way.
        model = keras.models.load_model(folder / WHOLE, compile=False)
    else:
        model = network.build(recipe.shape, len(recipe.classes), recipe.hyperparameters)
        model.load_weights(folder / WEIGHTS)
    if digest_arrays(model.get_weights()) != recipe.weights_digest:
        raise CnnprojError("models.other_weights", folder=folder)
    return model


def prediction_table(probabilities: np.ndarray, part: Part) -> pd.DataFrame:
    """A row an image: ``row`` of the image store, ``label``, ``predicted``, and ``p:<class>`` for each class."""
    names = np.array(part.classes)
    table = pd.DataFrame(
        {"row": part.rows, "label": names[part.labels], "predicted": names[probabilities.argmax(axis=1)]}
    )
    columns = [f"p:{name}" for name in part.classes]
    return pd.concat([table, pd.DataFrame(probabilities, columns=columns)], axis=1)


def load_predictions(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The store's rows, (n,), and the probabilities, float32 (n, classes), that ``prediction_table`` wrote."""
    table = pd.read_csv(path, dtype={"label": "string", "predicted": "string"}, keep_default_na=False)
    columns = [name for name in table.columns if name.startswith("p:")]
    return table["row"].to_numpy(), table[columns].to_numpy(np.float32)
