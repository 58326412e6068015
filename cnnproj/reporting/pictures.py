"""The figures of a report in its order, each numbered, with a caption and words for those who do not see it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cnnproj.data.audit import CARE
from cnnproj.reporting import figures
from cnnproj.reporting.figures.audit import has_findings, has_repeats
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.data.audit import Audit
    from cnnproj.diagnosis.diagnose import Diagnosis
    from cnnproj.interpretation.interpret import Interpretation
    from cnnproj.reporting.results import Results, Search


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


@dataclass(frozen=True)
class Plan:
    """A figure that is not drawn yet.

    Attributes:
        name: of its file, without the suffix.
        kind: by which its words are found.
        draw: draws it.
        facts: what fills the gaps of its caption and its alternative text.
        more: gives what the alternative text has beyond that, where it takes a while to find.
    """

    name: str
    kind: str
    draw: Callable[[], figures.Chart]
    facts: Mapping[str, Any]
    more: Callable[[], Mapping[str, Any]] = dict

    @property
    def caption(self) -> str:
        """What stands below it."""
        return say(f"report.caption.{self.kind}", **self.facts)

    @property
    def alt(self) -> str:
        """What it shows, for those who do not see it."""
        return say(f"report.alt.{self.kind}", **self.facts, **self.more())


def draw_pictures(results: Results) -> dict[str, Picture]:
    """Every figure of the report by name, in order."""
    pictures = {}
    for number, plan in enumerate(plans(results), start=1):
        chart = plan.draw()
        width, height = chart.pixels
        pictures[plan.name] = Picture(plan.name, number, plan.caption, plan.alt, chart.png(), width, height)
    return pictures


def plans(results: Results) -> Iterator[Plan]:
    """Every figure of the report, in order, before it is drawn."""
    images = results.images
    yield from _audit_charts(images.audit)
    totals = images.counts.sum(axis=1)
    facts: dict[str, Any] = {
        "n": len(totals),
        "largest": f"{totals.idxmax()} ({totals.max():,})",
        "smallest": f"{totals.idxmin()} ({totals.min():,})",
    }
    yield Plan("class_counts", "class_counts", partial(figures.class_counts, images), facts)
    yield Plan("samples", "samples", partial(figures.samples, images), {"n": len(totals)})
    yield from _balance_chart(results)
    if results.preview.arguments:
        facts = {"labels": ", ".join(results.preview.labels), "arguments": ", ".join(results.preview.alone)}
        yield Plan("augmented", "augmented", partial(figures.augmented, results.preview), facts)
    for model in results.trainings:
        yield from _model_charts(results, model)
    scores = partial(figures.test_scores, results.evaluation)
    yield Plan("test_scores", "test_scores", scores, {"scores": _scores(results)})
    matrix = results.evaluation.confusion.to_numpy()
    facts = {"model": results.evaluation.best, "right": int(matrix.trace()), "total": int(matrix.sum())}
    yield Plan("confusion", "confusion", partial(figures.confusion, results.evaluation), facts)
    if n := len(results.evaluation.errors):
        yield Plan("errors", "errors", partial(figures.errors, results.evaluation, images), {**facts, "n": n})
    yield Plan("reliability", "reliability", partial(figures.reliability, results.evaluation), facts)
    yield from _interpretation_charts(results.interpretation)


def _audit_charts(audit: Audit) -> Iterator[Plan]:
    if has_findings(audit):
        kinds = "; ".join(say(f"audit.kind.{kind}") for kind, _ in audit.by_kind() if kind in CARE)
        yield Plan("findings", "findings", partial(figures.findings, audit), {"kinds": kinds})
    if len(audit.readable[["width", "height"]].drop_duplicates()) > 1:
        yield Plan("sizes", "sizes", partial(figures.sizes, audit), {"n": len(audit.readable)})
    if has_repeats(audit):
        yield Plan("repeats", "repeats", partial(figures.repeats, audit), {})


def _balance_chart(results: Results) -> Iterator[Plan]:
    balance = results.settings.training.balance
    if balance == "none":
        return
    counts = results.images.counts["train"]
    facts = {"n": len(counts), "largest": f"{counts.max():,}", "smallest": f"{counts.min():,}"}
    yield Plan("balance", f"balance_{balance}", partial(figures.balance, results.images, balance), facts)


def _model_charts(results: Results, model: str) -> Iterator[Plan]:
    search, training = results.searches[model], results.trainings[model]
    best = search.trials[search.trials["best"].astype(bool)].iloc[0]
    facts = {
        "model": model,
        "n": len(search.trials),
        "trial": int(best["trial"]),
        "accuracy": f"{best['val_accuracy']:.3f}",
    }
    yield Plan(f"trials_{model}", "trials", partial(figures.trials, search), facts)
    if figures.tells_of_hyperparameters(search):
        draw, shares = partial(figures.hyperparameters, search), partial(_shares, search)
        yield Plan(f"hyperparameters_{model}", "hyperparameters", draw, {"model": model}, shares)
    recipe = training.recipe
    facts = {
        "model": model,
        "n": recipe.epochs,
        "epoch": recipe.best_epoch,
        "accuracy": f"{recipe.val_accuracy:.3f}",
    }
    yield Plan(f"history_{model}", "history", partial(figures.history, training), facts)
    if diagnosis := results.diagnoses.get(model):
        yield diagnosis_plan(model, diagnosis)


def _shares(search: Search) -> dict[str, str]:
    """How much each hyperparameter mattered, as text."""
    return {"shares": ", ".join(f"{name} {share:.2f}" for name, share in figures.importance(search).items())}


def diagnosis_plan(model: str, diagnosis: Diagnosis) -> Plan:
    """The figure of what was measured in the layers of ``model``."""
    facts = {"model": model, **_flow(diagnosis)}
    return Plan(f"diagnosis_{model}", "diagnosis", partial(figures.diagnosis, diagnosis), facts)


def _flow(diagnosis: Diagnosis) -> dict[str, Any]:
    """How many layers with weights there are, and the largest share of a layer's units that were dead in the end."""
    probe = diagnosis.evidence.probe
    layers = (probe.after or probe.before).layers
    return {"n": len(layers), "dead": f"{max((layer.dead or 0 for layer in layers), default=0):.0%}"}


def _scores(results: Results) -> str:
    scores = results.evaluation.scores[["model", "accuracy", "low", "high"]].to_numpy()
    return "; ".join(f"{model} {value:.3f} ({low:.3f} – {high:.3f})" for model, value, low, high in scores)


def _interpretation_charts(interpretation: Interpretation) -> Iterator[Plan]:
    belief, features, model = interpretation.belief, interpretation.features, interpretation.model
    facts: dict[str, Any] = {"model": model, "n": len(interpretation.cases), "cases": _cases(interpretation)}
    yield Plan("cases", f"cases_{interpretation.method}", partial(figures.cases, interpretation), facts)
    areas = ("deletion", "insertion", "random_deletion", "random_insertion")
    numbers = {name: f"{belief.main[name]:.2f}" for name in (*areas, "randomised")}
    facts = {"method": say(f"figures.method.{belief.main['method']}"), "n": int(belief.main["n"]), **numbers}
    yield Plan("curves", "curves", partial(figures.curves, belief), facts)
    yield Plan("randomised", "randomised", partial(figures.randomised, belief), facts)
    if features.layers:
        facts = {"model": model, "n": len(features.layers)}
        yield Plan("feature_maps", "feature_maps", partial(figures.feature_maps, interpretation), facts)
        yield Plan("strongest_maps", "strongest_maps", partial(figures.strongest_maps, interpretation), facts)
    if features.kernel:
        facts = {"layer": features.kernel, "n": len(features.filters)}
        yield Plan("filters", "filters", partial(figures.filters, interpretation), facts)


def _cases(interpretation: Interpretation) -> str:
    cases = interpretation.cases[["label", "predicted"]].to_numpy()
    return "; ".join(say("report.alt.case", label=label, predicted=predicted) for label, predicted in cases)
