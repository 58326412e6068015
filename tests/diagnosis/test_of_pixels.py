"""What a diagnosis finds in the pixels of a segmentation, and what it leaves out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cnnproj.diagnosis.diagnose import PIXEL_CHECKS, diagnose
from cnnproj.diagnosis.of_pixels import SegmentationEvidence
from cnnproj.segmentation.networks import segmenters
from cnnproj.settings import Settings

from .made import history, probe, snapshot

CLASSES = ("background", "disc", "star")
# How many pixels of each class (rows) are taken for each, where all goes well.
GOOD = np.array([[9000, 50, 50], [40, 500, 10], [40, 10, 300]])


def made(confusion: np.ndarray = GOOD, loss: str = "categorical_crossentropy", **changes: Any) -> SegmentationEvidence:
    """A training of twelve epochs that came to a Dice of 0.9, of which a test changes what it is about."""
    table = history().rename(columns={"accuracy": "dice", "val_accuracy": "val_dice"})
    known = {
        "model": "unet",
        "ours": True,
        "hyperparameters": {**segmenters()["unet"].defaults, "loss": loss},
        "epochs": 12,
        "history": table,
        "diverged": None,
        "best_epoch": 12,
        "probe": probe(neighbours=0.0, after=snapshot(loss=0.06, accuracy=0.97, skill=0.95, layers={"moved": 1.0})),
        "train": pd.Series([100, 80, 80], list(CLASSES)),
        "validation": pd.Series([40]),
        "confusion": confusion,
        "settings": Settings.model_validate({"project": {"task": "segmentation"}}),
    }
    return SegmentationEvidence(**{**known, **changes})


def kinds(evidence: SegmentationEvidence) -> list[str]:
    return [finding.kind for finding in diagnose(evidence).findings]


def failed(confusion: np.ndarray, **changes: Any) -> SegmentationEvidence:
    table = history(val_accuracy=0.0, accuracy=0.0).rename(columns={"accuracy": "dice", "val_accuracy": "val_dice"})
    return made(confusion, history=table.assign(loss=1.0, val_loss=1.0), **changes)


def test_nothing_is_found_where_all_went_well():
    assert kinds(made()) == []


def test_nothing_but_background_is_found_and_the_rare_classes_follow_from_it():
    nothing = np.array([[9100, 0, 0], [550, 0, 0], [350, 0, 0]])
    found = diagnose(failed(nothing))
    first = found.findings[0]

    assert (first.kind, first.severity) == ("only_background", "severe")
    assert "100.0% of the pixels" in first.seen
    assert first.settings == {"models.unet.loss": "dice_crossentropy"}
    assert {one.kind: one.follows for one in found.findings}["rare_pixels"] == "only_background"
    assert "hardly learned" in found.headline


def test_a_loss_of_overlap_is_not_advised_to_who_has_one():
    nothing = np.array([[9100, 0, 0], [550, 0, 0], [350, 0, 0]])
    assert diagnose(failed(nothing, loss="dice")).findings[0].settings == {}


@pytest.mark.parametrize(("right", "severity"), [(0, "severe"), (100, "warning")])
def test_a_class_with_few_pixels_that_is_given_up_is_named(right, severity):
    confusion = GOOD.copy()
    confusion[2] = [350 - right, 0, right]
    confusion[1] = [5, 2500, 45]
    found = diagnose(made(confusion))

    assert [finding.kind for finding in found.findings] == ["rare_pixels"]
    assert found.findings[0].severity == severity
    assert "star" in found.findings[0].seen


def test_overfitting_is_told_by_dice():
    table = history(val_accuracy=0.6).rename(columns={"accuracy": "dice", "val_accuracy": "val_dice"})
    found = diagnose(made(history=table)).findings

    assert [finding.kind for finding in found] == ["overfitting"]
    assert "Dice is 0.970 on the training images, and 0.600" in found[0].seen


def test_a_guess_is_the_best_that_one_class_everywhere_comes_to():
    evidence = made(np.array([[50, 0], [50, 0]]), train=pd.Series([10, 10], ["ground", "cell"]))
    assert evidence.guessing == pytest.approx(2 * 0.5 / 1.5)
    assert evidence.skill == 0
    assert evidence.learned is False


def test_what_is_told_by_the_classes_of_images_is_left_out():
    names = {check.__name__ for check in PIXEL_CHECKS}
    assert names.isdisjoint({"shuffled_labels", "class_imbalance", "wrong_loss"})
