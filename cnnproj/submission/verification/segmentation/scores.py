"""Whether every score, interval and table of a segmentation comes out of the predicted masks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cnnproj.evaluation.evaluate import groups_of
from cnnproj.randomness import derive_seed
from cnnproj.segmentation.evaluate import TABLES, headlines, image_table, measure
from cnnproj.submission.finding import Finding, Tally
from cnnproj.submission.verification.checks.tables import headlines_differ, interval_tolerance, tables_differ

if TYPE_CHECKING:
    from cnnproj.submission.verification.segmentation.evidence import SegmentationEvidence


def check_scores(evidence: SegmentationEvidence, tally: Tally) -> Iterator[Finding]:
    """Whether every score, interval and table comes out of the predicted masks and the true ones."""
    submission, settings = evidence.submission, evidence.submission.settings
    claimed = {name: submission.evaluation_table(name) for name in TABLES}
    heads = claimed["scores"]
    best = heads.loc[heads["best"], "model"]
    if len(best) != 1 or set(heads["model"]) != evidence.networks.keys() or heads["model"].duplicated().any():
        yield Finding("discrepancy", "other_models", {"where": "evaluation/scores.csv"})
        return
    test = evidence.used[evidence.used["split"] == "test"]
    given = {str(model): evidence.claimed(model) for model in heads["model"]}
    if any(len(masks) != len(test) for masks in given.values()):
        yield Finding("discrepancy", "other_images", {"where": "evaluation"})
        return
    counts = {model: evidence.counts(masks) for model, masks in given.items()}
    chosen, background = str(best.iloc[0]), settings.segmentation.background
    part = evidence.part("test")
    found = measure(
        counts,
        evidence.networks,
        chosen,
        submission.classes,
        groups_of(evidence.images.table, part),
        seed=derive_seed(settings.project.seed, "bootstrap"),
        background=background,
    )
    found["images"] = image_table(
        counts[chosen], test["row"].to_numpy(), test["image"].to_numpy(object), background=background
    )
    interval = interval_tolerance(evidence)
    for name in TABLES:
        yield from tables_differ(f"evaluation/{name}.csv", claimed[name], found[name], interval, tally)
    yield from headlines_differ("dice", submission.manifest.dice, headlines(found["scores"]), tally)
    if np.isnan(found["scores"]["dice"]).any():
        yield Finding("note", "nothing_to_find")
