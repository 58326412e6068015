"""Whether the test part was opened in order, and the networks do on it what is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from cnnproj.data.images import Part
from cnnproj.evaluation.baselines import MAJORITY, REGRESSION, baselines
from cnnproj.evaluation.evaluate import TABLES, groups_of, headlines, measure
from cnnproj.models.registry import BASELINES
from cnnproj.randomness import derive_seed
from cnnproj.run import MANIFEST
from cnnproj.submission.finding import Finding, Tally, Unchecked
from cnnproj.submission.verification import tolerances
from cnnproj.submission.verification.checks.networks import compare_predictions
from cnnproj.submission.verification.checks.tables import headlines_differ, interval_tolerance, tables_differ
from cnnproj.submission.verification.evidence import Evidence

MOST_FITTED = 3_000  # training images up to which the regression is fitted again: it takes a second for 1,000


def check_openings(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """Whether the ledger has an opening for the weights handed in, and says what else was opened before."""
    openings = evidence.submission.manifest.test_openings
    weights = {model: recipe.weights_digest for model, recipe in evidence.networks.items()}
    n, where = evidence.size_of("test"), f"{MANIFEST}: test_openings"
    tally.add(len(openings))
    seen = [
        (opening, {model: digest for model, digest in opening.models.items() if model not in BASELINES})
        for opening in openings
    ]
    evaluations = [models for opening, models in seen if opening.purpose == "evaluation"]
    if not evaluations or evaluations[-1] != weights:
        yield Finding("discrepancy", "never_opened", {"where": where})
    best = evidence.submission.manifest.best_model
    explained = [models for opening, models in seen if opening.purpose == "interpretation"]
    if best in weights and (not explained or explained[-1] != {best: weights[best]}):
        yield Finding("discrepancy", "never_explained", {"where": where})
    if openings and openings[-1].n != n:
        numbers = {"claimed": openings[-1].n, "found": n}
        yield Finding("discrepancy", "opened_other_part", {"where": where, **numbers})
    times = [opening.time for opening in openings]
    if times != sorted(times):
        yield Finding("look", "openings_out_of_order", {"where": where})
    # The same weights again, for a figure or after a change of words, are no second look.
    different = {tuple(sorted(models.items())) for models in evaluations}
    if len(different) > 1:
        yield Finding("look", "chosen_again", {"where": where, "n": len(different)})
    known = {(model, digest) for models in evaluations for model, digest in models.items()}
    if any(pair not in known for models in explained for pair in models.items()):
        yield Finding("look", "explained_before", {"where": where})


def check_predictions(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """Whether the networks, and what they are measured against, say of the test images what the tables have."""
    part = evidence.part("test")
    unchecked: list[Unchecked] = []
    for model in evidence.networks:
        where = f"evaluation/predictions_{model}.csv"
        try:
            given = evidence.answers(model, "test")
            evidence.found[model] = float(np.mean(given.argmax(axis=1) == part.labels))
            yield from compare_predictions(evidence, model, "test", where, tally)
        except Unchecked as error:
            unchecked.append(error)
    yield from _baselines(evidence, part, tally)
    if unchecked:
        raise unchecked[0]


def _baselines(evidence: Evidence, test: Part, tally: Tally) -> Iterator[Finding]:
    scores = evidence.submission.evaluation_table("scores")
    named = set(scores.loc[scores["kind"] == "baseline", "model"])
    train = evidence.used[evidence.used["split"] == "train"]
    expected = {MAJORITY} | ({REGRESSION} if train["label"].nunique() > 1 else set())
    if named != expected:
        names = {"claimed": ", ".join(sorted(named)) or "–", "found": ", ".join(sorted(expected))}
        yield Finding("discrepancy", "other_baselines", {"where": "evaluation/scores.csv", **names})
        return
    shares = train["label"].value_counts(normalize=True).reindex(list(evidence.submission.classes)).to_numpy()
    claimed = evidence.claimed(MAJORITY)
    tally.add(claimed.size)
    if claimed.shape[0] != len(test) or np.abs(claimed - shares).max() > tolerances.SCORE:
        yield Finding(
            "discrepancy", "other_baseline", {"where": f"evaluation/predictions_{MAJORITY}.csv", "model": MAJORITY}
        )
    if REGRESSION not in expected or evidence.whose_images != "reference":
        return
    if len(train) > MOST_FITTED:
        yield Finding("note", "regression_not_fitted", {"n": len(train), "most": MOST_FITTED})
        return
    try:
        fitted_on = evidence.part("train")
    except Unchecked:
        yield Finding("note", "regression_not_fitted", {"n": len(train), "most": MOST_FITTED})
        return
    seed = derive_seed(evidence.submission.settings.project.seed, "baselines")
    found = next(one for one in baselines(fitted_on, seed=seed) if one.name == REGRESSION).predict(test)
    claimed = evidence.claimed(REGRESSION)
    apart = float(np.abs(claimed - found).mean()) if claimed.shape == found.shape else 1.0
    tally.add(claimed.size, apart if apart <= tolerances.BASELINE else 0.0)
    if apart > tolerances.BASELINE:
        values = {"where": f"evaluation/predictions_{REGRESSION}.csv", "model": REGRESSION}
        yield Finding("discrepancy", "other_baseline", values)


def check_scores(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """Whether every score, interval and table comes out of the predictions."""
    submission, settings = evidence.submission, evidence.submission.settings
    claimed = {name: submission.evaluation_table(name) for name in TABLES}
    heads = claimed["scores"]
    best = heads.loc[heads["best"], "model"]
    if len(best) != 1 or set(heads["model"]) < evidence.networks.keys() or heads["model"].duplicated().any():
        yield Finding("discrepancy", "other_models", {"where": "evaluation/scores.csv"})
        return
    given = {model: evidence.claimed(model) for model in heads["model"]}
    test = _test_labels(evidence)
    if any(len(one) != len(test) for one in given.values()):
        yield Finding("discrepancy", "other_images", {"where": "evaluation"})
        return
    known: dict[str, Mapping[str, object]] = {}
    for row in heads.to_dict("records"):
        columns = {name: row[name] for name in ("val_accuracy", "val_loss", "parameters", "kind")}
        recipe = evidence.networks.get(row["model"])
        if recipe is not None:
            ours = {name: getattr(recipe, name) for name in ("val_accuracy", "val_loss", "parameters")}
            columns = {**ours, "kind": "network"}
        known[row["model"]] = columns
    table = evidence.used.assign(row=np.arange(len(evidence.used)))
    groups = groups_of(table, test)
    seed = derive_seed(settings.project.seed, "bootstrap")
    found = measure(given, test, groups, str(best.iloc[0]), known, seed=seed)
    interval = interval_tolerance(evidence)
    for name in TABLES:
        theirs = claimed[name]
        if name == "errors":
            theirs = theirs.assign(row=_places(evidence, theirs["row"]))
        yield from tables_differ(f"evaluation/{name}.csv", theirs, found[name], interval, tally)
    yield from headlines_differ("scores", submission.manifest.scores, headlines(found["scores"]), tally)


def _test_labels(evidence: Evidence) -> Part:
    """The test part without pixels: its rows are positions in ``evidence.used``."""
    used, classes = evidence.used, evidence.submission.classes
    rows = np.flatnonzero(used["split"] == "test")
    labels = pd.Categorical(used["label"].iloc[rows], categories=list(classes)).codes.astype(np.int64)
    return Part("test", np.zeros((0, 1, 1, 1), np.uint8), rows, labels, classes)


def _places(evidence: Evidence, rows: pd.Series) -> np.ndarray:
    """The positions in ``evidence.used`` of the student's ``rows``."""
    place = pd.Series(np.arange(len(evidence.used)), index=evidence.used["row"])
    found: np.ndarray = place.reindex(rows, fill_value=-1).to_numpy()
    return found
