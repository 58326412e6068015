"""The report of a segmentation project: the page of every report, with masks, Dice and Seg-Grad-CAM on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cnnproj.diagnosis.diagnose import Diagnosis
from cnnproj.files import replacing, write_text
from cnnproj.reporting import figures
from cnnproj.reporting.audit import audit_facts
from cnnproj.reporting.page import environment
from cnnproj.reporting.pictures import Picture, Plan, diagnosis_plan
from cnnproj.reporting.report import FIGURES, FILE, hyperparameters, paragraphs, same_weights, settings_used
from cnnproj.reporting.results import Search
from cnnproj.run import Manifest
from cnnproj.segmentation.evaluate import SegmentationEvaluation
from cnnproj.segmentation.images import MaskedImages
from cnnproj.segmentation.interpret import SegmentationInterpretation
from cnnproj.segmentation.networks import segmenters
from cnnproj.segmentation.preview import MaskedPreview
from cnnproj.segmentation.recipe import SegmentationTraining
from cnnproj.settings import Settings
from cnnproj.words import language, say

TEMPLATE = "segmentation.html"
_MOST_ASIDE = 50


@dataclass(frozen=True)
class SegmentationResults:
    """A finished run of a segmentation project; ``diagnoses`` are of the trainings that were measured."""

    settings: Settings
    manifest: Manifest
    images: MaskedImages
    preview: MaskedPreview
    searches: Mapping[str, Search]
    trainings: Mapping[str, SegmentationTraining]
    diagnoses: Mapping[str, Diagnosis]
    evaluation: SegmentationEvaluation
    interpretation: SegmentationInterpretation


def write_report(results: SegmentationResults, folder: Path) -> list[Path]:
    """Write ``report.html`` and the figures beside it to ``folder``.

    Returns:
        The files written: the same bytes for the same results.
    """
    pictures, paths = {}, []
    for number, plan in enumerate(plans(results), start=1):
        chart = plan.draw()
        width, height = chart.pixels
        png = chart.png()
        pictures[plan.name] = Picture(plan.name, number, plan.caption, plan.alt, png, width, height)
        paths.append(folder / FIGURES / f"{plan.name}.png")
        with replacing(paths[-1]) as partial_file:
            partial_file.write_bytes(png)
    write_text(folder / FILE, render(results, pictures))
    return [*paths, folder / FILE]


def render(results: SegmentationResults, pictures: Mapping[str, Picture]) -> str:
    """The report as HTML, with ``pictures`` for its figures."""
    project, data, evaluation = results.settings.project, results.settings.data, results.evaluation
    scores, background = evaluation.scores, results.settings.segmentation.background
    table, aside = results.images.table, results.images.images.set_aside
    height, width, channels = results.images.shape
    facts: dict[str, Any] = {
        "language": language(),
        "title": project.title or say("segmentation.title", source=Path(data.source).name),
        "pictures": pictures,
        "audit": audit_facts(results.images.images, data.near_duplicates),
        "balance": None,
        "data": {
            "source": data.source,
            "n": len(table),
            "size": f"{height}×{width}",
            "channels": channels,
            "parts": table["split"].value_counts().to_dict(),
            "shares": results.images.shares,
            "aside": aside.head(_MOST_ASIDE).to_dict("records"),
            "n_aside": len(aside),
        },
        "models": {model: _model(results, model) for model in results.trainings},
        "best": scores[scores["best"]].iloc[0].to_dict(),
        "counted": say("segmentation.counted.all" if background else "segmentation.counted.objects"),
        "same_weights": same_weights(results),
        "words": {part: paragraphs(getattr(project, part)) for part in ("discussion", "conclusions")},
        "stages": {name: stage for name, stage in results.manifest.stages.items() if name != "report"},
        "settings": settings_used(results),
    }
    return environment().get_template(TEMPLATE).render(results=results, **facts)


def _model(results: SegmentationResults, model: str) -> dict[str, Any]:
    training, search = results.trainings[model], results.searches[model]
    ours = model in segmenters() and segmenters()[model].ours
    return {
        "training": training,
        "recipe": training.recipe,
        "summary": say(f"segmentation.summary.{model}") if ours else training.recipe.summary,
        "hyperparameters": hyperparameters(search),
        "trials": len(search.trials),
        "failed": int(search.trials["val_dice"].isna().sum()),
        "layers": training.layers.to_dict("records"),
        "diagnosis": results.diagnoses.get(model),
    }


class SegmentationPlan(Plan):
    """A figure of this report; its caption says what it shows."""

    @property
    def caption(self) -> str:
        """See ``Plan.caption``."""
        return say(f"segmentation.caption.{self.kind}", **self.facts)

    @property
    def alt(self) -> str:
        """See ``Plan.alt``."""
        return self.caption


def plans(results: SegmentationResults) -> Iterator[Plan]:
    """Every figure of the report, in order, before it is drawn."""
    images, evaluation = results.images, results.evaluation
    yield SegmentationPlan("masked_samples", "masked_samples", partial(figures.masked_samples, images), {})
    if results.preview.arguments:
        facts = {"arguments": ", ".join(results.preview.arguments)}
        yield SegmentationPlan(
            "masked_variants", "masked_variants", partial(figures.masked_variants, results.preview), facts
        )
    for model, training in results.trainings.items():
        told = {"model": model}
        yield SegmentationPlan(f"trials_{model}", "trials", partial(figures.trials, results.searches[model]), told)
        known = {**told, "epoch": training.recipe.best_epoch, "dice": f"{training.recipe.val_dice:.3f}"}
        draw: Any = partial(figures.history, training)  # type: ignore[arg-type]
        yield SegmentationPlan(f"history_{model}", "history", draw, known)
        if diagnosis := results.diagnoses.get(model):
            yield diagnosis_plan(model, diagnosis)
    best = {"model": evaluation.best}
    yield SegmentationPlan("class_dice", "class_dice", partial(figures.class_dice, evaluation), best)
    yield SegmentationPlan("image_dice", "image_dice", partial(figures.image_dice, evaluation), best)
    cases = results.interpretation.cases
    rules = [say(f"figures.segmented.{rule}") for rule in cases["rule"]]
    listed = "; ".join(f"{rule} {dice:.3f}" for rule, dice in zip(rules, cases["dice"], strict=True))
    yield SegmentationPlan(
        "segmented", "segmented", partial(figures.segmented, results.interpretation), {**best, "cases": listed}
    )
