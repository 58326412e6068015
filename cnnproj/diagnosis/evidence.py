"""All that a diagnosis may look at: how the training went, what was measured, on which data, with which settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd

from cnnproj.diagnosis.chance import by_chance, skill
from cnnproj.diagnosis.finding import Severity
from cnnproj.diagnosis.probe import LayerState, Probe
from cnnproj.models import Value
from cnnproj.selection import ACCURACY, Goal
from cnnproj.settings import Settings

CHANCE = 0.01  # what cannot pass for chance: so seldom would guessing do as well
FAILED = 0.1  # of the way from guessing to naming all correctly: less is hardly anything
POOR = 0.5  # … and less than this is little
BEHIND = 0.1  # so much less than the neighbours' accuracy is little too
FEW_EPOCHS = 3  # below which a history says nothing yet


@dataclass(frozen=True)
class Evidence:
    """The final training of one network.

    Attributes:
        model: the network's name.
        ours: whether cnnproj ships it; a student's own is not tuned in project.toml but in its notebook.
        hyperparameters: of the training.
        epochs: how many it was given.
        history: a row an epoch with finite losses: see ``cnnproj.training.Fit``.
        diverged: in which epoch the loss was no number any more, from 1; none where it always was one.
        best_epoch: the epoch that was kept, from 1; none where there is none.
        probe: what was measured.
        train: how many training images there are of each class, by its name.
        validation: how many validation images.
        confusion: how often each class (row) of the validation images was taken for each by the network kept; none
            where none was kept.
        settings: of the project.
        goal: what networks are chosen by.
        told: what is named: "images" or "pixels"; keys of sentences that tell of it end so.
    """

    goal: ClassVar[Goal] = ACCURACY
    told: ClassVar[str] = "images"

    model: str
    ours: bool
    hyperparameters: Mapping[str, Value]
    epochs: int
    history: pd.DataFrame
    diverged: int | None
    best_epoch: int | None
    probe: Probe
    train: pd.Series
    validation: pd.Series
    confusion: np.ndarray | None
    settings: Settings

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.train)

    @cached_property
    def guessing(self) -> float:
        """The accuracy on the validation part of always naming the most frequent class."""
        return float(self.validation.max() / self.validation.sum())

    @cached_property
    def accuracy(self) -> float:
        """Of the network that was kept, on the validation part; 0 where none was."""
        return 0.0 if self.best is None else float(self.best[self.goal.column])

    @property
    def best(self) -> pd.Series | None:
        """The row of ``history`` that was kept."""
        return None if self.best_epoch is None else self.history.iloc[self.best_epoch - 1]

    @property
    def fitted(self) -> float:
        """The share of training images named correctly in the end, as they are and without dropout."""
        return 0.0 if self.probe.after is None else self.probe.after.accuracy

    @property
    def gap(self) -> float:
        """By how much training images are named correctly more often than validation images, in the end."""
        if self.probe.after is None or self.history.empty:
            return 0.0
        return self.fitted - float(self.history[self.goal.column].iloc[-1])

    @property
    def held_out(self) -> int:
        """How many validation images there are."""
        return int(self.validation.sum())

    @cached_property
    def skill(self) -> float:
        """How far the network kept is on the way from guessing, 0, to naming all validation images correctly, 1."""
        return 0.0 if self.confusion is None else skill(self.confusion)

    @property
    def recalls(self) -> pd.Series | None:
        """The share of each class's validation images named correctly; none where no network was kept."""
        if self.confusion is None:
            return None
        return pd.Series(self.confusion.diagonal() / np.maximum(self.confusion.sum(axis=1), 1), self.train.index)

    @cached_property
    def learned(self) -> bool:
        """Whether the network does better on validation images than chance would: in the epoch kept, or by its loss.

        Of n images that a network knows nothing of, the mean of its -log(probability) is with probability of at most
        exp(-n·x) by x below that of guessing by the classes' shares: the mean likelihood ratio of the two is 1.
        """
        if self.confusion is None:
            return False
        tries, n = len(self.history), int(self.validation.sum())
        gain = self.probe.chance_loss - self.history["val_loss"].min()
        return bool(n * gain > math.log(tries / CHANCE)) or by_chance(self.confusion) < CHANCE / tries

    @cached_property
    def failed(self) -> bool:
        """Whether next to nothing came of the training."""
        return self.diverged is not None or not self.learned or self.skill < FAILED

    @cached_property
    def poor(self) -> bool:
        """Whether little came of it: far from all correct, or clearly less than comparing pixels gives."""
        return self.failed or self.skill < POOR or self.accuracy < self.probe.neighbours - BEHIND

    @property
    def harm(self) -> Severity:
        """How bad a cause of harm is that was measured, by what came of the training."""
        if self.diverged is None and not self.is_long_enough:
            return "note"
        return "severe" if self.failed else "warning" if self.poor else "note"

    @property
    def cost(self) -> Severity:
        """How bad what was seen to go wrong is: as ``harm``, and a warning at least."""
        return "severe" if self.harm == "severe" else "warning"

    @property
    def is_long_enough(self) -> bool:
        """Whether there were epochs enough to say how the training went."""
        return len(self.history) >= FEW_EPOCHS

    @cached_property
    def hidden(self) -> tuple[LayerState, ...]:
        """The layers with weights before training, the last one left out."""
        return self.probe.before.layers[:-1]

    @cached_property
    def moved(self) -> float:
        """How far training has moved the weights of the middle one of the layers, as a share of their size."""
        return float(np.median([layer.moved for layer in self.probe.after.layers])) if self.probe.after else 0.0
