"""What is measured on a network before and after its training, as it is kept on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from cnnproj.files import write_text

PROBE = "probe.json"
Share = Annotated[float, Field(ge=0, le=1)]


class _Record(BaseModel):
    # A diverging network has values that are no numbers, for which JSON has no word.
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class LayerState(_Record):
    """One layer with weights, at one moment.

    Attributes:
        layer: its name.
        kind: its class.
        units: its outputs a position; 0 where it is a network in itself.
        fan_in: the inputs of each unit; 0 likewise.
        weights: the root mean square of its weights, biases left out.
        gradient: the root mean square of the loss's gradient by them.
        alike: whether all its units have the same weights.
        dead: the share of its units that are 0 for every image measured; none where no ReLU follows it.
        normalised: whether its outputs are normalised before they reach the next layer with weights.
        moved: how far training has moved its weights, as a share of their size at the start; 0 before it.
    """

    layer: str
    kind: str
    units: int
    fan_in: int
    weights: float
    gradient: float
    alike: bool
    dead: Share | None
    normalised: bool
    moved: float


class Snapshot(_Record):
    """A network at one moment.

    Attributes:
        loss: the mean over the batch measured, as in training, with dropout and the statistics of the batch.
        accuracy: the share named correctly of the training images measured, as they are, without dropout.
        skill: the same as Cohen's kappa: 0 for guessing, 1 for all.
        layers: those with weights, from the image to the output.
    """

    loss: float
    accuracy: Share
    skill: float
    layers: tuple[LayerState, ...]


class Input(_Record):
    """What enters the first layer with weights, over all values of the batch measured."""

    layer: str
    mean: float
    deviation: float
    lowest: float
    highest: float


class Machine(_Record):
    """What training had to work with.

    Attributes:
        cores: of the processor, as the system counts them.
        gpus: the graphics cards that TensorFlow used.
        idle_card: a graphics card that is there but that TensorFlow does not see; empty where there is none.
    """

    cores: int
    gpus: tuple[str, ...]
    idle_card: str


class Probe(_Record):
    """All that was measured.

    Attributes:
        images: how many training images the accuracies are of.
        input: of the first layer with weights, before training; none where no layer has any.
        outputs: the lowest and the highest sum of the outputs of an image, and the lowest output, before training.
        chance_loss: on the validation images, of naming each class as probable as it is among the training images.
        before: the network that training began with.
        after: the network that training ended with; none where its weights are no numbers.
        neighbours: the accuracy on the validation images of naming each after the training images most like it …
        neighbours_by_chance: … and how probably chance would give as much.
        machine: what training had to work with.
        pixels: of a segmentation network that was kept, how many pixels of the validation images that are of each class
            (rows) it takes for each; none where images are classified, or none was kept. Accuracies are Dice there.
    """

    images: int
    input: Input | None
    outputs: tuple[float, float, float]
    chance_loss: float
    before: Snapshot
    after: Snapshot | None
    neighbours: Share
    neighbours_by_chance: Share
    machine: Machine
    pixels: tuple[tuple[int, ...], ...] | None = None


def save_probe(folder: Path, probe: Probe) -> Path:
    """Write ``probe`` to ``folder``; returns the file written."""
    write_text(folder / PROBE, probe.model_dump_json(indent=2) + "\n")
    return folder / PROBE


def load_probe(folder: Path) -> Probe | None:
    """The probe in ``folder``; none where the network was trained before there were any."""
    path = folder / PROBE
    return Probe.model_validate_json(path.read_bytes()) if path.is_file() else None
