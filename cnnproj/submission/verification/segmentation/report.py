"""Whether the report of a segmentation says what the verified tables say, in words and in pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from cnnproj.data.images import load_images
from cnnproj.diagnosis.diagnose import diagnose
from cnnproj.diagnosis.gather import of_masked_training
from cnnproj.diagnosis.probe import load_probe
from cnnproj.reporting.segmentation import SegmentationResults, plans, render
from cnnproj.segmentation.evaluate import load_evaluation
from cnnproj.segmentation.interpret import load_interpretation
from cnnproj.segmentation.preview import preview
from cnnproj.segmentation.recipe import load_segmentation_training
from cnnproj.submission.finding import Finding, Tally
from cnnproj.submission.opening.networks import build_network
from cnnproj.submission.verification.checks.report import Retold, compare_report, told_of_any_task

if TYPE_CHECKING:
    from cnnproj.submission.verification.evidence import Evidence

_DRAWN = ("class_dice", "image_dice", "segmented")
_WITH_PHOTOS = ("segmented",)


def check_report(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """See ``cnnproj.submission.verification.checks.report.check_report``."""
    yield from compare_report(evidence, tally, _retold)


def _retold(evidence: Evidence) -> Retold:
    results = _results(evidence)
    return Retold(list(plans(results)), partial(render, results), _DRAWN, _WITH_PHOTOS)


def _results(evidence: Evidence) -> SegmentationResults:
    """All that the report tells, from the submission's files and the pixels and masks that are used."""
    from cnnproj.reporting.preview import SHOWN, VARIANTS, varied_as_in

    submission = evidence.submission
    submission.require("data/*", "models/*", "evaluation/*", "interpretation/*")
    folder, settings = submission.folder, submission.settings
    # Why images are set aside was said in the language of whoever checks when they were read.
    told = replace(evidence.images.images, set_aside=load_images(folder / "data").set_aside)
    images = replace(evidence.images, images=told)
    evidence.part("train")
    evidence.part("test")
    for model in evidence.networks:
        build_network(submission, model)
    evaluation = load_evaluation(folder / "evaluation")
    return SegmentationResults(
        **told_of_any_task(evidence),
        images=images,
        preview=preview(images.train, images=SHOWN, **varied_as_in(settings, VARIANTS)),
        trainings={name: load_segmentation_training(folder / "models" / name) for name in evidence.networks},
        diagnoses={
            name: diagnose(of_masked_training(folder / "models" / name, probe, images, settings))
            for name in evidence.networks
            if (probe := load_probe(folder / "models" / name)) is not None
        },
        evaluation=evaluation,
        interpretation=load_interpretation(folder / "interpretation", images, evaluation),
    )
