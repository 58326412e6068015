"""Real trainings, and all that a diagnosis looks at."""

import pandas as pd

from cnnproj.data.images import Images
from cnnproj.diagnosis.chance import confusion_of
from cnnproj.diagnosis.evidence import Evidence
from cnnproj.settings import Settings, TrainingTable


def fitted(network, images: Images, seed: int = 1, epochs: int = 3, **chosen: object):
    from cnnproj.training import fit

    given = {**network.defaults, "batch_size": 16, **chosen}
    return fit(network, images, given, epochs=epochs, seed=seed, augmentation={}, training=TrainingTable())


def measured(network, images: Images, trained=None, seed: int = 1, **chosen: object):
    from cnnproj.diagnosis.measure import measure

    return measure(network, images, {**network.defaults, **chosen}, seed=seed, trained=trained)


def gathered(network, images: Images, *, epochs: int = 8, seed: int = 1, **chosen: object) -> Evidence:
    """Train ``network`` and gather the evidence, as a project does by way of its files."""
    from cnnproj.inference import predict
    from cnnproj.training import DivergenceError

    given = {**network.defaults, "batch_size": 16, **chosen}
    result, diverged, confusion, history = None, None, None, pd.DataFrame()
    try:
        result = fitted(network, images, seed=seed, epochs=epochs, **chosen)
        history = result.history
        predicted = predict(result.model, images.validation).argmax(axis=1)
        confusion = confusion_of(images.validation.labels, predicted, len(images.classes))
    except DivergenceError as error:
        history, diverged = error.history[:-1], len(error.history)
    return Evidence(
        model=network.name,
        ours=network.ours,
        hyperparameters=given,
        epochs=epochs,
        history=history,
        diverged=diverged,
        best_epoch=None if result is None else int(result.best["epoch"]),
        probe=measured(network, images, result, seed, **chosen),
        train=images.counts["train"],
        validation=images.counts["validation"],
        confusion=confusion,
        settings=Settings(),
    )
