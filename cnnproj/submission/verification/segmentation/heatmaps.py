"""Whether the cases of a segmentation were chosen by their rules, and its heatmaps are those of the network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cnnproj.run import Plain
from cnnproj.segmentation.cases import choose_cases
from cnnproj.segmentation.interpret import case_table, classes_to_explain
from cnnproj.submission.finding import Finding, Tally, Unchecked
from cnnproj.submission.verification import tolerances
from cnnproj.submission.verification.checks.tables import tables_differ

if TYPE_CHECKING:
    from cnnproj.submission.verification.segmentation.evidence import SegmentationEvidence

CASES, MAPS, KNOWN = "interpretation/cases.csv", "interpretation/heatmaps.npy", "interpretation/known.json"
_OF_HEAT = ["on_class"]  # as exact as the heatmaps are


def check_heatmaps(evidence: SegmentationEvidence, tally: Tally) -> Iterator[Finding]:
    """Whether cases and heatmaps come out of the masks, the network and the pixels."""
    from cnnproj.segmentation.explanation import seg_grad_cam, share_on

    submission = evidence.submission
    known, cases, maps = submission.known, submission.cases, submission.maps
    if known.model not in evidence.networks:
        yield Finding("discrepancy", "other_explained", {"where": KNOWN, "claimed": known.model[:60], "found": "–"})
        return
    images = submission.evaluation_table("images")
    chosen = choose_cases(images["dice"].to_numpy(float), submission.settings.interpretation.cases)
    positions = chosen["position"].to_numpy(int)
    if known.positions != positions.tolist() or cases["image"].tolist() != images["image"].iloc[positions].tolist():
        told = {"claimed": ", ".join(cases["image"].head(2)), "found": ", ".join(images["image"].iloc[positions][:2])}
        yield Finding("discrepancy", "other_cases", {"where": CASES, **told})
        return
    truth, predicted = evidence.truth[positions], evidence.claimed(known.model)[positions]
    explain = submission.settings.segmentation.explain
    if explain and explain not in submission.classes:
        yield Finding("discrepancy", "other_explained", {"where": CASES, "claimed": explain[:60], "found": "–"})
        return
    labels = classes_to_explain(truth, submission.classes, explain)
    pixels = evidence.part("test").images(positions).astype(np.float32) / 255
    heat = seg_grad_cam(evidence.network(known.model), pixels, labels, predicted)
    expected = case_table(chosen, images, labels, submission.classes, heat, truth)
    yield from tables_differ(CASES, cases.drop(columns=_OF_HEAT), expected.drop(columns=_OF_HEAT), 0.0, tally)
    exact = evidence.tolerances_of("test")[positions] < tolerances.PROBABILITY_DECODED
    allowed = tolerances.HEATMAP_GPU if evidence.on_gpu else tolerances.HEATMAP
    scale = np.maximum(heat.max(axis=(1, 2)), 1e-6)
    apart = np.abs(maps - heat).max(axis=(1, 2)) / scale
    tally.add(int(heat[exact].size), float(apart[exact & (apart <= allowed)].max(initial=0)))
    wrong = np.flatnonzero(exact & (apart > allowed))
    if len(wrong):
        place: dict[str, Plain] = {"where": f"{MAPS}: {cases['image'].iloc[wrong[0]]}", "n": len(wrong)}
        yield Finding("discrepancy", "other_heatmaps", {**place, "difference": f"{apart[wrong[0]]:.2f}"})
    shares = pd.Series([share_on(one, mask == label) for one, mask, label in zip(maps, truth, labels, strict=True)])
    if not np.allclose(cases["on_class"].to_numpy(float), shares, rtol=0, atol=tolerances.SCORE, equal_nan=True):
        yield Finding("discrepancy", "other_case_numbers", {"where": f"{CASES}: on_class"})
    if not exact.all():
        raise Unchecked("verification.unchecked.decoded_otherwise", n=int((~exact).sum()), total=len(exact))
