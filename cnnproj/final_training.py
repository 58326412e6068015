"""The final training of a network: with its best hyperparameters, measured for the diagnosis, and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from cnnproj.data.images import Images
from cnnproj.data.resizing import Resize
from cnnproj.diagnosis.gather import forget_attempt, save_attempt
from cnnproj.diagnosis.measure import measure
from cnnproj.diagnosis.probe import Probe, save_probe
from cnnproj.errors import CnnprojError
from cnnproj.models import Architecture, Value
from cnnproj.progress import Progress
from cnnproj.recipe import save
from cnnproj.run import Plain
from cnnproj.settings import TrainingTable
from cnnproj.training import DivergenceError, Fit, fit, summary_line
from cnnproj.tuning.tables import load_best
from cnnproj.words import say

Trained = TypeVar("Trained")  # a ``Fit``, or that of a segmentation network


def train_best(
    network: Architecture,
    images: Images,
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
        network: the architecture.
        images: of the project; fitted on the first part, its best epoch chosen on the second.
        folder: of the network, where the search has left its best hyperparameters.
        epochs: passes over the training part, at most.
        seed: of the weights, the order and the augmentation.
        augmentation: arguments of ``ImageDataGenerator``.
        training: how it is trained.
        resize: how photos are brought to the size of the network, for the recipe.
        inputs: of the stage, by which a training that failed is known again.
        project: the folder that paths in hyperparameters start from.

    Returns:
        The files written.

    Raises:
        CnnprojError: where the loss is no longer a number; what was measured until then is kept for the diagnosis.
    """
    best = load_best(folder)

    def train(progress: Progress) -> Fit:
        return fit(
            network,
            images,
            best,
            epochs=epochs,
            seed=seed,
            augmentation=augmentation,
            training=training,
            folder=project,
            on_epoch=lambda row: progress.advance(1, note=summary_line(row)),
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
    saved = save(
        folder,
        result,
        images.validation,
        model=network.name,
        summary=network.summary,
        ours=network.ours,
        resize=resize,
        hyperparameters=best,
        epochs=epochs,
        seed=seed,
    )
    return [*saved, save_probe(folder, probe)]


def train_and_measure(
    network: Architecture,
    hyperparameters: Mapping[str, Value],
    folder: Path,
    *,
    epochs: int,
    inputs: Mapping[str, Plain],
    train: Callable[[Progress], Trained],
    measure: Callable[[Trained | None], Probe],
) -> tuple[Trained, Probe]:
    """What ``train`` gives, for whichever task, and what was measured of it.

    Args:
        network: what is trained.
        hyperparameters: of the training.
        folder: of the network, where an attempt is kept that came to nothing.
        epochs: of the training, at most.
        inputs: of the stage, by which a training that failed is known again.
        train: trains it, with a bar of its epochs.
        measure: measures it before and after, or before alone where there is nothing after.

    Raises:
        CnnprojError: where the loss is no longer a number; what was measured until then is kept for the diagnosis.
    """
    try:
        with Progress(say("progress.training", model=network.name), epochs) as progress:
            result = train(progress)
    except DivergenceError as error:
        save_attempt(
            folder,
            inputs=inputs,
            ours=network.ours,
            hyperparameters=hyperparameters,
            epochs=epochs,
            history=error.history[:-1].to_dict("records"),
            diverged=len(error.history),
            probe=measure(None),
        )
        raise CnnprojError("diagnosis.training_failed", model=network.name, reason=error) from None
    probe = measure(result)
    forget_attempt(folder)
    return result, probe
