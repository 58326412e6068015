"""Whether the cases were chosen by their rules, and the heatmaps are those of the network for them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cnnproj.interpretation.cases import choose_cases
from cnnproj.randomness import derive_seed
from cnnproj.run import Plain
from cnnproj.submission.finding import Finding, Tally, Unchecked
from cnnproj.submission.verification import tolerances
from cnnproj.submission.verification.evidence import Evidence

CASES, MAPS, METHODS = "interpretation/cases.csv", "interpretation/heatmaps.npy", "interpretation/methods.json"


def check_heatmaps(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """Whether cases and heatmaps come out of the predictions, the network and the pixels.

    What speaks for the heatmaps, on up to 64 images and with random weights, takes longer than all other checks
    together and is not computed again.
    """
    submission = evidence.submission
    model, cases = submission.explained.model, submission.cases
    if model not in evidence.networks:
        yield Finding("discrepancy", "other_explained", {"where": METHODS, "claimed": model[:60], "found": "–"})
        return
    test = evidence.used[evidence.used["split"] == "test"].reset_index(drop=True)
    expected = _expected(evidence, model, test)
    columns = [name for name in expected.columns if expected[name].dtype.kind == "O"]
    numbers = [name for name in expected.columns if name not in columns]
    tally.add(expected.size)
    if len(cases) != len(expected) or any(cases[name].tolist() != expected[name].tolist() for name in columns):
        claimed, found = (", ".join(f"{rule} {image}" for rule, image in one[["rule", "image"]].head(2).to_numpy())
                          for one in (cases, expected))  # fmt: skip
        yield Finding("discrepancy", "other_cases", {"where": CASES, "claimed": claimed, "found": found})
        return
    for name in numbers:
        if np.abs(cases[name].to_numpy(float) - expected[name].to_numpy(float)).max() > tolerances.SCORE:
            yield Finding("discrepancy", "other_case_numbers", {"where": f"{CASES}: {name}"})
    yield from _maps(evidence, model, cases, test, tally)
    yield Finding("note", "belief_not_computed")


def _expected(evidence: Evidence, model: str, test: pd.DataFrame) -> pd.DataFrame:
    """The cases that the rules choose, with the names and numbers that go with them."""
    submission = evidence.submission
    names = np.array(submission.classes, object)
    labels = pd.Categorical(test["label"], categories=list(names)).codes.astype(np.int64)
    chosen = choose_cases(evidence.claimed(model), labels, submission.settings.interpretation.cases)
    places = chosen["position"].to_numpy()
    text = {name: names[chosen[name]] for name in ("label", "predicted", "second")}
    numbers = chosen[["probability", "second_probability", "label_probability"]]
    table = pd.DataFrame(
        {"rule": chosen["rule"].astype(object), "image": test["image"].to_numpy(object)[places], **text}
    )
    return pd.concat([table, numbers.astype(float), pd.DataFrame({"row": test["row"].to_numpy()[places]})], axis=1)


def _maps(evidence: Evidence, model: str, cases: pd.DataFrame, test: pd.DataFrame, tally: Tally) -> Iterator[Finding]:
    from cnnproj.interpretation.heatmaps import heatmaps, methods
    from cnnproj.interpretation.opened_model import OpenedModel

    submission = evidence.submission
    claimed, part = submission.heatmaps, evidence.part("test")
    opened = OpenedModel(evidence.network(model))
    used = methods(opened)
    said = {"layer": submission.explained.layer, "methods": ", ".join(claimed)}
    for key, found in {"layer": opened.layer or "", "methods": ", ".join(used)}.items():
        if said[key] != found and not (key == "layer" and not evidence.networks[model].ours):
            values = {"where": f"{METHODS}: {key}", "claimed": said[key][:60], "found": found}
            yield Finding("discrepancy", "other_explained", values)
            return
    place = pd.Series(np.arange(len(test)), index=test["image"])
    positions = place.loc[cases["image"]].to_numpy()
    shown = part.images(positions).astype(np.float32) / 255
    predicted = np.array([submission.classes.index(name) for name in cases["predicted"]])
    seed = derive_seed(submission.settings.project.seed, "interpretation")
    exact = evidence.tolerances_of("test")[positions] < tolerances.PROBABILITY_DECODED
    allowed = tolerances.HEATMAP_GPU if evidence.on_gpu else tolerances.HEATMAP
    for method in used:
        found_maps = heatmaps(opened, method, shown, predicted, seed=seed)
        if claimed[method].shape != found_maps.shape:
            yield Finding("discrepancy", "other_heatmap_size", {"where": f"{MAPS}: {method}"})
            continue
        scale = np.maximum(found_maps.max(axis=(1, 2)), 1e-6)
        apart = np.abs(claimed[method] - found_maps).max(axis=(1, 2)) / scale
        tally.add(int(found_maps[exact].size), float(apart[exact & (apart <= allowed)].max(initial=0)))
        wrong = np.flatnonzero(exact & (apart > allowed))
        if len(wrong):
            told: dict[str, Plain] = {"where": f"{MAPS}: {method}, {cases['image'].iloc[wrong[0]]}", "n": len(wrong)}
            yield Finding("discrepancy", "other_heatmaps", {**told, "difference": f"{apart[wrong[0]]:.2f}"})
        if method == used[0]:
            strongest = np.abs(cases["strongest"].to_numpy(float) - found_maps.max(axis=(1, 2))) / scale
            if (strongest[exact] > allowed).any():
                yield Finding("discrepancy", "other_case_numbers", {"where": f"{CASES}: strongest"})
    if not exact.all():
        raise Unchecked("verification.unchecked.decoded_otherwise", n=int((~exact).sum()), total=len(exact))
