"""What the pixels of a segmentation tell of its training: nothing but background found, or rare classes given up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from cnnproj.diagnosis.evidence import Evidence
from cnnproj.diagnosis.finding import Finding, Setting, Severity
from cnnproj.diagnosis.remedies import tuned
from cnnproj.selection import DICE, Goal
from cnnproj.words import say

NOTHING = 0.1  # as many pixels called an object as are of one: less is next to none
UNEQUAL = 3.0  # times as many pixels in the largest class as in a rare one
MISSED = 0.2  # of the pixels that are found fewer in rare classes than in the others
BY_OVERLAP = ("dice", "dice_crossentropy")  # losses that weigh a small class as much as a large one


@dataclass(frozen=True)
class SegmentationEvidence(Evidence):
    """The final training of a segmentation network: accuracies are its mean Dice, and ``confusion`` counts pixels.

    ``train`` says in how many training images each class is, the background first; ``validation`` has one row, for all.
    """

    goal: ClassVar[Goal] = DICE
    told: ClassVar[str] = "pixels"

    @cached_property
    def shares(self) -> np.ndarray:
        """The share of each class in the pixels of the validation images, (classes,); empty where none was kept."""
        if self.confusion is None:
            return np.zeros(0)
        shares: np.ndarray = self.confusion.sum(axis=1) / self.confusion.sum()
        return shares

    @cached_property
    def guessing(self) -> float:
        """The best mean Dice that calling every pixel the same comes to, all images taken as one."""
        objects = self.shares[1:]
        return float((2 * objects / (1 + objects)).max() / len(objects)) if len(objects) else 0.0

    @cached_property
    def learned(self) -> bool:
        """Whether the masks of the epoch kept agree with the true ones better than any guess does."""
        return self.confusion is not None and self.accuracy > self.guessing and self.skill > 0


def only_background(evidence: SegmentationEvidence) -> Finding | None:
    """Every pixel, or nearly every one, is called background."""
    if evidence.confusion is None:
        return None
    called = evidence.confusion.sum(axis=0) / evidence.confusion.sum()
    if 1 - called[0] >= NOTHING * (1 - evidence.shares[0]):
        return None
    shares = {"called": f"{called[0]:.1%}", "share": f"{evidence.shares[0]:.1%}"}
    seen = say("diagnosis.seen.only_background", **shares)
    return Finding("only_background", evidence.cost, seen, say("diagnosis.change.only_background"), _overlap(evidence))


def rare_pixels(evidence: SegmentationEvidence) -> Finding | None:
    """The pixels of classes that have few are found less often than those of the others."""
    recalls, shares = evidence.recalls, evidence.shares
    if recalls is None:
        return None
    rare = (shares > 0) & (shares * UNEQUAL < shares.max())
    if not rare.any():
        return None
    found = recalls.to_numpy()
    low, others = float(found[rare].mean()), float(found[~rare & (shares > 0)].mean())
    if others - low < MISSED:
        return None
    worst = int(np.flatnonzero(rare)[np.argmin(found[rare])])
    numbers = {"name": str(recalls.index[worst]), "share": f"{shares[worst]:.1%}", "worst": f"{found[worst]:.2f}"}
    seen = say("diagnosis.seen.rare_pixels", n=int(rare.sum()), rare=f"{low:.2f}", others=f"{others:.2f}", **numbers)
    severity: Severity = "severe" if found[worst] == 0 and evidence.is_long_enough else "warning"
    return Finding("rare_pixels", severity, seen, say("diagnosis.change.rare_pixels"), _overlap(evidence))


def _overlap(evidence: SegmentationEvidence) -> dict[str, Setting]:
    """A loss of overlap; nothing where there is one already."""
    there = evidence.hyperparameters.get("loss") in BY_OVERLAP
    return {} if there else tuned(evidence, "loss", "dice_crossentropy")
