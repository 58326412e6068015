"""What changes something: keys of project.toml, or of the space of a student's own network, with a value."""

from __future__ import annotations

from cnnproj.diagnosis.evidence import Evidence
from cnnproj.diagnosis.finding import OWN, Setting

CAPACITY = ("units", "filters")  # the hyperparameters that make a network wider, by what our networks call them
LEAST_RATE, MOST_RATE = 1e-4, 0.1  # a change for the better does not begin beyond these
MOST_EPOCHS = 200


def tuned(evidence: Evidence, name: str, value: Setting) -> dict[str, Setting]:
    """The hyperparameter ``name`` of the network as ``value``, in place of what the search would try."""
    return {f"models.{evidence.model}.{name}" if evidence.ours else f"{OWN}{name}": value}


def learning_rate(evidence: Evidence, factor: float) -> dict[str, Setting]:
    """The learning rate times ``factor``; where that is still far out, one that is usual."""
    rate = float(evidence.hyperparameters["learning_rate"]) * factor
    rate = min(rate, MOST_RATE) if factor < 1 else max(rate, LEAST_RATE)
    return tuned(evidence, "learning_rate", float(f"{rate:.1g}"))


def more_capacity(evidence: Evidence) -> dict[str, Setting]:
    """A network twice as wide; nothing where it has no hyperparameter of ours for that."""
    wider = [name for name in CAPACITY if isinstance(evidence.hyperparameters.get(name), int)]
    return tuned(evidence, wider[0], 2 * int(evidence.hyperparameters[wider[0]])) if wider else {}


def less_dropout(evidence: Evidence) -> dict[str, Setting]:
    """No dropout; nothing where there is none already, or the network knows none."""
    return tuned(evidence, "dropout", 0.0) if evidence.hyperparameters.get("dropout") else {}


def more_dropout(evidence: Evidence) -> dict[str, Setting]:
    """Dropout of up to a half; nothing where there is that much already, or the network knows none."""
    rate = evidence.hyperparameters.get("dropout")
    return tuned(evidence, "dropout", 0.4) if isinstance(rate, int | float) and rate < 0.4 else {}


def more_augmentation(evidence: Evidence) -> dict[str, Setting]:
    """Turns and shifts that hardly ever change what an image shows; stronger where they are there already."""
    augmentation = evidence.settings.augmentation
    if augmentation.varies:
        return tuned(evidence, "augmentation", 1.5 * float(evidence.hyperparameters["augmentation"]))
    names = ("rotation_range", "width_shift_range", "height_shift_range", "zoom_range")
    return {f"augmentation.{name}": value for name, value in zip(names, (10, 0.1, 0.1, 0.1), strict=True)}


def more_epochs(evidence: Evidence) -> dict[str, Setting]:
    """Twice as many epochs."""
    return {"training.epochs": min(2 * evidence.epochs, max(MOST_EPOCHS, evidence.epochs))}
