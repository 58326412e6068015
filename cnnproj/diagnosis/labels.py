"""Classes of unequal size, and labels that do not belong to their images."""

from __future__ import annotations

from cnnproj.diagnosis.evidence import CHANCE, Evidence
from cnnproj.diagnosis.finding import Finding, Severity
from cnnproj.words import say

UNEQUAL = 3.0  # times as many training images in the largest class as in the smallest
RARE = 0.5  # of the largest class's images
MISSED = 0.2  # lower recall in the rare classes than in the others
ENOUGH = 50  # training images without which nothing can be said of the labels


def class_imbalance(evidence: Evidence) -> Finding | None:
    """Rare classes are named correctly less often than frequent ones, and nothing evens them out."""
    counts, recalls = evidence.train[evidence.train > 0], evidence.recalls
    if recalls is None or evidence.settings.training.balance != "none" or counts.max() < UNEQUAL * counts.min():
        return None
    rare = counts.index[counts < RARE * counts.max()]
    found, others = float(recalls[rare].mean()), float(recalls.drop(rare).mean())
    if not others - found >= MISSED:
        return None
    never = [label for label in rare if recalls[label] == 0]
    numbers = {"largest": int(counts.max()), "smallest": int(counts.min()), "rare": f"{found:.2f}"}
    seen = say("diagnosis.seen.class_imbalance", **numbers, n=len(rare), others=f"{others:.2f}")
    severity: Severity = "severe" if never and evidence.is_long_enough else "warning"
    settings = {"training.balance": "class_weights"}
    return Finding("class_imbalance", severity, seen, say("diagnosis.change.class_imbalance"), settings)


def shuffled_labels(evidence: Evidence) -> Finding | None:
    """Neither the network nor a comparison of pixels does better on validation images than guessing."""
    if evidence.diverged is not None or not evidence.is_long_enough or evidence.train.sum() < ENOUGH:
        return None
    if evidence.learned or evidence.probe.neighbours_by_chance < CHANCE:
        return None
    numbers = {"accuracy": f"{evidence.accuracy:.3f}", "guessing": f"{evidence.guessing:.3f}"}
    numbers |= {"neighbours": f"{evidence.probe.neighbours:.3f}", "fitted": f"{evidence.fitted:.3f}"}
    seen = say("diagnosis.seen.shuffled_labels", **numbers)
    return Finding("shuffled_labels", "severe", seen, say("diagnosis.change.shuffled_labels"))
