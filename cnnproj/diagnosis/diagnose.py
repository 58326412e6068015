"""Go through the checklist in order, and tell causes from what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnnproj.diagnosis.beginning import bad_initialisation, unnormalised_input, wrong_loss
from cnnproj.diagnosis.evidence import Evidence
from cnnproj.diagnosis.finding import SEVERITIES, Finding, fill
from cnnproj.diagnosis.generalisation import overfitting, too_little_data, underfitting
from cnnproj.diagnosis.gradients import dead_relus, exploding_gradients, vanishing_gradients
from cnnproj.diagnosis.labels import class_imbalance, shuffled_labels
from cnnproj.diagnosis.of_pixels import SegmentationEvidence, only_background, rare_pixels
from cnnproj.diagnosis.pace import learning_rate_too_high, learning_rate_too_low, stopped_early
from cnnproj.diagnosis.speed import no_gpu, waiting_for_data
from cnnproj.words import say

# The most telling first: of what is equally severe, the first here is named first.
CHECKS: tuple[Callable[[Evidence], Finding | None], ...] = (
    unnormalised_input,
    bad_initialisation,
    wrong_loss,
    exploding_gradients,
    dead_relus,
    vanishing_gradients,
    learning_rate_too_high,
    learning_rate_too_low,
    shuffled_labels,
    too_little_data,
    class_imbalance,
    stopped_early,
    underfitting,
    overfitting,
    waiting_for_data,
    no_gpu,
)
# Of segmentation: what is told by the classes of whole images is left out, and what the pixels tell comes instead.
PIXEL_CHECKS: tuple[Callable[[Any], Finding | None], ...] = (
    unnormalised_input,
    bad_initialisation,
    exploding_gradients,
    dead_relus,
    vanishing_gradients,
    learning_rate_too_high,
    learning_rate_too_low,
    only_background,
    too_little_data,
    rare_pixels,
    stopped_early,
    underfitting,
    overfitting,
    waiting_for_data,
    no_gpu,
)
_OF_CLASSES = tuple(check.__name__ for check in CHECKS)
_PLACE = _OF_CLASSES.index("shuffled_labels")
KINDS = (*_OF_CLASSES[:_PLACE], "only_background", *_OF_CLASSES[_PLACE:], "rare_pixels")
_START = ("unnormalised_input", "bad_initialisation", "wrong_loss")
# What may be a mere consequence, and of what.
FOLLOWS: Mapping[str, Sequence[str]] = {
    "exploding_gradients": _START,
    "dead_relus": (*_START, "exploding_gradients", "learning_rate_too_high"),
    "vanishing_gradients": (*_START[:2], "dead_relus"),
    "learning_rate_too_high": (*_START, "exploding_gradients"),
    "learning_rate_too_low": (*_START, "dead_relus", "vanishing_gradients"),
    "underfitting": KINDS[: KINDS.index("underfitting")],
    "class_imbalance": KINDS[: KINDS.index("shuffled_labels") + 1],
    "only_background": KINDS[: KINDS.index("only_background")],
    "rare_pixels": KINDS[: KINDS.index("shuffled_labels")],
    "stopped_early": KINDS[: KINDS.index("shuffled_labels") + 1],
    "overfitting": ("shuffled_labels", "too_little_data"),
}
# Of these, what follows from something else says no more than that does, and is left out.
MERE = ("vanishing_gradients", "learning_rate_too_low", "stopped_early", "underfitting")
# While one of these keeps a network from learning, it says nothing about the labels.
_MECHANICS = KINDS[: KINDS.index("shuffled_labels")]


@dataclass(frozen=True)
class Diagnosis:
    """What was found in the final training of one network.

    Attributes:
        evidence: what was looked at.
        findings: the most severe first; of equally severe ones, what follows from another after it.
    """

    evidence: Evidence
    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        return "\n\n".join([fill(self.headline), *(str(finding) for finding in self.findings)])

    @property
    def model(self) -> str:
        """The network's name."""
        return self.evidence.model

    @property
    def headline(self) -> str:
        """The result in a sentence."""
        if not self.findings:
            told = "nothing" if self.evidence.is_long_enough else "too_short"
            return say(f"diagnosis.headline.{told}", model=self.model, n=len(self.evidence.history))
        first = self.findings[0]
        told = "failed" if first.severity == "severe" and self.evidence.failed else first.severity
        return say(f"diagnosis.headline.{told}", model=self.model, name=first.name)


def diagnose(evidence: Evidence) -> Diagnosis:
    """Find what is wrong with the training that ``evidence`` is of."""
    checks = PIXEL_CHECKS if isinstance(evidence, SegmentationEvidence) else CHECKS
    found = [finding for check in checks if (finding := check(evidence)) is not None]
    mechanical = any(finding.kind in _MECHANICS and finding.severity == "severe" for finding in found)
    if mechanical:
        found = [finding for finding in found if finding.kind != "shuffled_labels"]
    told = [replace(finding, follows=_cause(finding, found)) for finding in found]
    told = [finding for finding in told if not (finding.follows and finding.kind in MERE)]
    told.sort(key=lambda finding: (SEVERITIES.index(finding.severity), bool(finding.follows)))
    return Diagnosis(evidence, tuple(told))


def _cause(finding: Finding, found: Sequence[Finding]) -> str:
    """The kind of the first finding, at least as severe, that ``finding`` may be a consequence of."""
    rank = SEVERITIES.index(finding.severity)
    causes = [one.kind for one in found if one.kind in FOLLOWS.get(finding.kind, ())]
    strong = {one.kind for one in found if SEVERITIES.index(one.severity) <= rank}
    return next((kind for kind in causes if kind in strong), "")
