"""A trained segmentation network on disk: the recipe it is built from, its weights and its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from cnnproj.data.resizing import Resize
from cnnproj.errors import CnnprojError
from cnnproj.files import digest_arrays, replacing, write_table, write_text
from cnnproj.models import Value
from cnnproj.progress import Progress
from cnnproj.recipe import HISTORY, LAYERS, RECIPE, WEIGHTS, layer_table
from cnnproj.run import Plain
from cnnproj.segmentation.images import MaskedImages
from cnnproj.segmentation.networks import Segmenter, segmenters
from cnnproj.settings import TrainingTable
from cnnproj.tuning.tables import load_best
from cnnproj.words import say

if TYPE_CHECKING:
    import keras


class SegmentationRecipe(BaseModel):
    """What a trained segmentation network is built from, and how it did on the validation part."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    summary: str
    shape: tuple[int, int, int]
    resize: Literal["stretch", "pad", "crop"]
    classes: tuple[str, ...]
    hyperparameters: dict[str, Value]
    epochs: Annotated[int, Field(ge=1)]
    seed: int
    best_epoch: Annotated[int, Field(ge=1)]
    val_dice: float
    val_loss: float
    parameters: Annotated[int, Field(ge=0)]
    weights_digest: str
    real_images: Annotated[int, Field(ge=0)]
    artificial_images: Annotated[int, Field(ge=0)]
    # Of the weights that the encoder started from, where these were not random.
    start_digest: str | None = None


@dataclass(frozen=True)
class SegmentationTraining:
    """The final training of one segmentation network.

    Attributes:
        recipe: what it is built from, and how it did on validation.
        history: a row an epoch: see ``SegmentationFit``.
        layers: a row a layer: ``layer`` (name), ``kind``, ``output`` (shape as text), ``parameters``.
    """

    recipe: SegmentationRecipe
    history: pd.DataFrame
    layers: pd.DataFrame

    @property
    def waiting(self) -> float:
        """The share of its time, 0 to 1, that training stood still for want of a batch."""
        return float(self.history["waited"].sum() / self.history["seconds"].sum())


def train_best(
    network: Segmenter,
    images: MaskedImages,
    folder: Path,
    *,
    epochs: int,
    seed: int,
    augmentation: Mapping[str, object],
    training: TrainingTable,
    resize: Resize,
    inputs: Mapping[str, Plain],
    project: Path | None = None,
) -> list[Path]:
    """Train ``network`` with the best hyperparameters of its search, and write it to ``folder``.

    Args:
        network: the network.
        images: fitted on the first part, its best epoch chosen on the second.
        folder: of the network, where the search has left its best hyperparameters.
        epochs: passes over the training part, at most.
        seed: of the weights, the order and the augmentation.
        augmentation: arguments of ``ImageDataGenerator``.
        training: how it is trained.
        resize: how images are brought to the size of the network, for the recipe.
        inputs: of the stage, by which a training that failed is known again.
        project: the folder that paths in hyperparameters start from.

    Returns:
        The files written.

    Raises:
        CnnprojError: where the loss is no longer a number; what was measured until then is kept for the diagnosis.
    """
    from cnnproj.diagnosis.measure_pixels import measure
    from cnnproj.diagnosis.probe import save_probe
    from cnnproj.final_training import train_and_measure
    from cnnproj.segmentation.training import SegmentationFit, fit_segmenter

    best = load_best(folder)

    def train(progress: Progress) -> SegmentationFit:
        def note(row: Mapping[str, float]) -> None:
            waiting = f"{row['waited'] / row['seconds']:.1%}"
            progress.advance(1, note=say("segmentation.epoch_note", dice=f"{row['val_dice']:.3f}", waiting=waiting))

        return fit_segmenter(
            network,
            images,
            best,
            epochs=epochs,
            seed=seed,
            augmentation=augmentation,
            training=training,
            folder=project,
            on_epoch=note,
        )

    result, probe = train_and_measure(
        network,
        best,
        folder,
        epochs=epochs,
        inputs=inputs,
        train=train,
        measure=lambda trained: measure(network, images, best, seed=seed, trained=trained, folder=project),
    )
    row = result.best
    recipe = SegmentationRecipe(
        model=network.name,
        summary=network.summary,
        shape=images.shape,
        resize=resize,
        classes=images.classes,
        hyperparameters=best,
        epochs=epochs,
        seed=seed,
        best_epoch=int(row["epoch"]),
        val_dice=float(row["val_dice"]),
        val_loss=float(row["val_loss"]),
        parameters=result.model.count_params(),
        weights_digest=digest_arrays(result.model.get_weights()),
        real_images=result.real_images,
        artificial_images=result.artificial_images,
        start_digest=result.start or None,
    )
    with replacing(folder / WEIGHTS) as partial:
        result.model.save_weights(partial)
    write_table(folder / HISTORY, result.history)
    write_table(folder / LAYERS, layer_table(result.model))
    write_text(folder / RECIPE, recipe.model_dump_json(indent=2) + "\n")
    return [*(folder / name for name in (WEIGHTS, HISTORY, LAYERS, RECIPE)), save_probe(folder, probe)]


def load_recipe(folder: Path) -> SegmentationRecipe:
    """The recipe in ``folder``."""
    return SegmentationRecipe.model_validate_json((folder / RECIPE).read_bytes())


def load_segmentation_training(folder: Path) -> SegmentationTraining:
    """The final training as it stands in ``folder``."""
    history, layers = (pd.read_csv(folder / name) for name in (HISTORY, LAYERS))
    return SegmentationTraining(load_recipe(folder), history, layers)


def load_model(folder: Path) -> keras.Model:
    """The trained network in ``folder``, rebuilt from its recipe.

    Raises:
        CnnprojError: where its code is not registered, or the weights are not those of the recipe.
    """
    recipe = load_recipe(folder)
    network = segmenters().get(recipe.model)
    if network is None:
        raise CnnprojError("segmentation.not_registered", model=recipe.model)
    model = network.build(recipe.shape, len(recipe.classes), recipe.hyperparameters)
    model.load_weights(folder / WEIGHTS)
    if digest_arrays(model.get_weights()) != recipe.weights_digest:
        raise CnnprojError("models.other_weights", folder=folder)
    return model
