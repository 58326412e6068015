"""The figures of a report in its order, each numbered, with a caption and words for those who do not see it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnnproj.data.audit import CARE
from cnnproj.reporting import figures
from cnnproj.reporting.figures.audit import has_findings, has_repeats
from cnnproj.reporting.interpretation import interpretation_charts
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.data.audit import Audit
    from cnnproj.diagnosis.diagnose import Diagnosis
    from cnnproj.reporting.results import Results


@dataclass(frozen=True)
class Picture:
    """One figure of the report.

    Attributes:
        name: of its file, without the suffix.
        number: in the report, from 1.
        caption: what stands below it.
        alt: what it shows, for those who do not see it.
        png: its bytes.
        width: on screen, in CSS pixels.
        height: on screen, in CSS pixels.
    """

    name: str
    number: int
    caption: str
    alt: str
    png: bytes
    width: int
    height: int

    @property
    def address(self) -> str:
        """The picture itself as a ``data:`` address, so that the report needs no other file."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


def draw_pictures(results: Results) -> dict[str, Picture]:
    """Every figure of the report by name, in order."""
    pictures = {}
    for number, (name, kind, chart, facts) in enumerate(_charts(results), start=1):
        width, height = chart.pixels
        caption, alt = (say(f"report.{words}.{kind}", **facts) for words in ("caption", "alt"))
        pictures[name] = Picture(name, number, caption, alt, chart.png(), width, height)
    return pictures


def _charts(results: Results) -> Iterator[tuple[str, str, figures.Chart, dict[str, Any]]]:
    """Name, kind, figure, and what fills the gaps of its caption and its alternative text."""
    images = results.images
    yield from _audit_charts(images.audit)
    totals = images.counts.sum(axis=1)
    yield (
        "class_counts",
        "class_counts",
        figures.class_counts(images),
        {
            "n": len(totals),
            "largest": f"{totals.idxmax()} ({totals.max():,})",
            "smallest": f"{totals.idxmin()} ({totals.min():,})",
        },
    )
    yield "samples", "samples", figures.samples(images), {"n": len(totals)}
    yield from _balance_chart(results)
    if results.preview.arguments:
        facts: dict[str, Any] = {"labels": ", ".join(results.preview.labels)}
        facts["arguments"] = ", ".join(results.preview.alone)
        yield "augmented", "augmented", figures.augmented(results.preview), facts
    for model in results.trainings:
        yield from _model_charts(results, model)
    yield "test_scores", "test_scores", figures.test_scores(results.evaluation), {"scores": _scores(results)}
    matrix = results.evaluation.confusion.to_numpy()
    facts = {"model": results.evaluation.best, "right": int(matrix.trace()), "total": int(matrix.sum())}
    yield "confusion", "confusion", figures.confusion(results.evaluation), facts
    if len(results.evaluation.errors):
        yield (
            "errors",
            "errors",
            figures.errors(results.evaluation, images),
            {**facts, "n": len(results.evaluation.errors)},
        )
    yield "reliability", "reliability", figures.reliability(results.evaluation), facts
    yield from interpretation_charts(results.interpretation)


def _audit_charts(audit: Audit) -> Iterator[tuple[str, str, figures.Chart, dict[str, Any]]]:
    if has_findings(audit):
        kinds = "; ".join(say(f"audit.kind.{kind}") for kind, _ in audit.by_kind() if kind in CARE)
        yield "findings", "findings", figures.findings(audit), {"kinds": kinds}
    if len(audit.readable[["width", "height"]].drop_duplicates()) > 1:
        yield "sizes", "sizes", figures.sizes(audit), {"n": len(audit.readable)}
    if has_repeats(audit):
        yield "repeats", "repeats", figures.repeats(audit), {}


def _balance_chart(results: Results) -> Iterator[tuple[str, str, figures.Chart, dict[str, Any]]]:
    balance = results.settings.training.balance
    if balance == "none":
        return
    counts = results.images.counts["train"]
    facts = {"n": len(counts), "largest": f"{counts.max():,}", "smallest": f"{counts.min():,}"}
    yield "balance", f"balance_{balance}", figures.balance(results.images, balance), facts


def _model_charts(results: Results, model: str) -> Iterator[tuple[str, str, figures.Chart, dict[str, Any]]]:
    search, training = results.searches[model], results.trainings[model]
    best = search.trials[search.trials["best"].astype(bool)].iloc[0]
    facts = {
        "model": model,
        "n": len(search.trials),
        "trial": int(best["trial"]),
        "accuracy": f"{best['val_accuracy']:.3f}",
    }
    yield f"trials_{model}", "trials", figures.trials(search), facts
    if figures.tells_of_hyperparameters(search):
        shares = figures.importance(search)
        facts = {"model": model, "shares": ", ".join(f"{name} {share:.2f}" for name, share in shares.items())}
        yield f"hyperparameters_{model}", "hyperparameters", figures.hyperparameters(search), facts
    recipe = training.recipe
    facts = {
        "model": model,
        "n": recipe.epochs,
        "epoch": recipe.best_epoch,
        "accuracy": f"{recipe.val_accuracy:.3f}",
    }
    yield f"history_{model}", "history", figures.history(training), facts
    if model in results.diagnoses:
        chart = figures.diagnosis(results.diagnoses[model])
        yield f"diagnosis_{model}", "diagnosis", chart, {"model": model, **_flow(results.diagnoses[model])}


def _flow(diagnosis: Diagnosis) -> dict[str, Any]:
    """How many layers with weights there are, and the largest share of a layer's units that were dead in the end."""
    probe = diagnosis.evidence.probe
    layers = (probe.after or probe.before).layers
    return {"n": len(layers), "dead": f"{max((layer.dead or 0 for layer in layers), default=0):.0%}"}


def _scores(results: Results) -> str:
    scores = results.evaluation.scores[["model", "accuracy", "low", "high"]].to_numpy()
    return "; ".join(f"{model} {value:.3f} ({low:.3f} – {high:.3f})" for model, value, low, high in scores)
