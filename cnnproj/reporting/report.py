"""The report: one HTML file that opens offline, prints, and says everything in the order of the assignment."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cnnproj.files import replacing, write_text
from cnnproj.models import architectures
from cnnproj.models.registry import BASELINES
from cnnproj.reporting.audit import audit_facts
from cnnproj.reporting.balance import balance_facts
from cnnproj.reporting.interpretation import interpretation_facts
from cnnproj.reporting.network_tables import network_costs
from cnnproj.reporting.page import environment
from cnnproj.reporting.pictures import Picture, draw_pictures
from cnnproj.words import language, say

if TYPE_CHECKING:
    from cnnproj.evaluation.evaluate import Evaluation
    from cnnproj.reporting.results import Results, Search
    from cnnproj.reporting.segmentation import SegmentationResults
    from cnnproj.run import Manifest

FILE, FIGURES = "report.html", "figures"
MOST_ASIDE = 200  # images set aside that the report lists; the file beside it lists all
MOST_UNFOLDED = 12  # classes up to which a table with a row for each stands open
MOST_CONFUSED = 5  # pairs of classes
# Which held-out parts the data brought → what is said of them.
_ORIGIN = {
    (): "drawn",
    ("validation",): "given_validation",
    ("test",): "given_test",
    ("validation", "test"): "given_both",
}
_ITSELF = "report"  # the stage that writes the report: its record is of the one before


def write_report(results: Results, folder: Path) -> list[Path]:
    """Write ``report.html`` and the figures beside it to ``folder``.

    Returns:
        The files written: the same bytes for the same results.
    """
    pictures = draw_pictures(results)
    paths = []
    for picture in pictures.values():
        paths.append(folder / FIGURES / f"{picture.name}.png")
        with replacing(paths[-1]) as partial:
            partial.write_bytes(picture.png)
    write_text(folder / FILE, render(results, pictures))
    return [*paths, folder / FILE]


def render(results: Results, pictures: Mapping[str, Picture]) -> str:
    """The report as HTML, with ``pictures`` for its figures."""
    facts = {
        "language": language(),
        "title": _title(results),
        "pictures": pictures,
        "data": _data(results),
        "audit": audit_facts(results.images, results.settings.data.near_duplicates),
        "balance": balance_facts(results),
        "models": {model: _model(results, model) for model in results.trainings},
        "network_costs": network_costs(results.trainings),
        "best": _row(results.evaluation),
        "metrics": _metrics(results.evaluation),
        "verdicts": _verdicts(results.evaluation),
        "confused": _confused(results.evaluation),
        "same_weights": same_weights(results),
        "explained": interpretation_facts(results.interpretation),
        "words": {part: paragraphs(getattr(results.settings.project, part)) for part in ("discussion", "conclusions")},
        "stages": {name: stage for name, stage in results.manifest.stages.items() if name != _ITSELF},
        "settings": settings_used(results),
        "unfolded": len(results.images.classes) <= MOST_UNFOLDED,
    }
    return environment().get_template(FILE).render(results=results, **facts)


def paragraphs(text: str) -> list[str]:
    """What the student wrote, cut at blank lines and otherwise as it is."""
    return [part for part in re.split(r"\n[ \t]*\n", text.strip("\n")) if part.strip()]


# What is told -------------------------------------------------------------------------------------------------------


def _title(results: Results) -> str:
    project, data = results.settings.project, results.settings.data
    return project.title or say("report.default_title", source=_last(data.source))


def _data(results: Results) -> dict[str, Any]:
    table, aside = results.images.table, results.images.set_aside
    counts = results.images.counts
    given = set(results.images.audit.images["given_split"])
    sizes = table[["width", "height"]].drop_duplicates().sort_values(["width", "height"]).to_numpy()
    ends = [f"{width}×{height}" for width, height in sizes[[0, -1]]]
    height, width, channels = results.images.shape
    reasons = [_reason(image, reason) for image, reason in aside[["image", "reason"]].to_numpy()]
    return {
        "counts": counts,
        "totals": counts.sum(),
        "n": len(table),
        "sizes": ends[0] if len(sizes) == 1 else say("report.from_to", low=ends[0], high=ends[1]),
        "size": f"{height}×{width}",
        "channels": channels,
        "origin": _ORIGIN[tuple(part for part in ("validation", "test") if part in given)],
        "groups": table.loc[table["group"] != "", "group"].nunique(),
        "reasons": pd.Series(reasons, dtype=object)
        .value_counts(sort=False)
        .sort_values(ascending=False, kind="stable"),
        "aside": aside.head(MOST_ASIDE),
        "n_aside": len(aside),
    }


def _reason(image: str, reason: str) -> str:
    """``reason`` without the name of the image, so that equal reasons are counted together."""
    names = "|".join(re.escape(name) for name in (image, _last(image)))
    return re.sub(f"['«]({names})['»]", "…", reason)


def _last(path: str) -> str:
    """The last name of a path of any system."""
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]


def _model(results: Results, model: str) -> dict[str, Any]:
    search = results.searches[model]
    return {
        "search": search,
        "training": results.trainings[model],
        "summary": _summary(results, model),
        "diagnosis": results.diagnoses.get(model),
        "varied": _varied(search),
        "hyperparameters": hyperparameters(search),
        "failed": int(search.trials["val_accuracy"].isna().sum()),
        "pruned": int(_column(search, "pruned", False).astype(bool).sum()),
        "trials": search.trials.assign(
            pruned=_column(search, "pruned", False), repeats=_column(search, "repeats", 1)
        ).to_dict("records"),
        "layers": results.trainings[model].layers.to_dict("records"),
    }


def _summary(results: Results, model: str) -> str:
    """What the network is, in a line; of a student's own as its author wrote it."""
    known = architectures().get(model)
    return say(f"summaries.{model}") if known and known.ours else results.trainings[model].recipe.summary


def _column(search: Search, name: str, otherwise: Any) -> pd.Series:
    """A column of the trials that not every search has."""
    return search.trials.get(name, pd.Series(otherwise, search.trials.index))


def _varied(search: Search) -> list[str]:
    """The hyperparameters that differ between trials; all others were fixed."""
    return [name for name in search.space if search.trials[name].nunique() > 1]


def hyperparameters(search: Search) -> list[tuple[str, str, Any]]:
    """Name, what was tried (empty where it was fixed) and the best trial's value; those that were varied first."""
    varied = _varied(search)
    fixed = [name for name in search.best if name not in varied]
    return [(name, search.space[name] if name in varied else "", search.best[name]) for name in [*varied, *fixed]]


def _row(evaluation: Evaluation) -> dict[str, Any]:
    """The scores of the chosen model."""
    best = evaluation.scores[evaluation.scores["model"] == evaluation.best].iloc[0]
    known = {str(name): value for name, value in best.items()}
    return {**known, "right": round(best["accuracy"] * best["n"])}


def _verdicts(evaluation: Evaluation) -> list[str]:
    """What the paired comparison allows to say about the chosen model and the others, a sentence each."""
    names = evaluation.networks["model"]
    rows = evaluation.comparisons
    said = []
    for verdict in ("tied", "better", "worse"):
        found = rows.loc[rows["model"].isin(names) & (rows["verdict"] == verdict), "model"]
        if len(found):
            words = {"best": evaluation.best, "models": ", ".join(found), "n": len(found)}
            said.append(say(f"report.{verdict}", images=_row(evaluation)["n"], **words))
    return [*said, *_cheaper(evaluation), *_against_baselines(evaluation)]


def _metrics(evaluation: Evaluation) -> dict[str, dict[str, Any]]:
    """Of each score the row of every model, by its name."""
    rows = evaluation.metrics.to_dict("records")
    return {
        metric: {row["model"]: row for row in rows if row["metric"] == metric}
        for metric in evaluation.metrics["metric"].unique()
    }


def _cheaper(evaluation: Evaluation) -> list[str]:
    """That a network with fewer parameters is tied with the chosen one, where it is so."""
    rows = evaluation.networks.merge(evaluation.comparisons[["model", "verdict"]], on="model", how="left")
    best = _row(evaluation)
    fewer = rows[(rows["verdict"] == "tied") & (rows["parameters"] < best["parameters"])]
    if fewer.empty:
        return []
    least = fewer.sort_values("parameters").iloc[0]
    counts = {"parameters": int(least["parameters"]), "instead": int(best["parameters"])}
    return [say("report.cheaper", best=evaluation.best, model=least["model"], **counts)]


def _against_baselines(evaluation: Evaluation) -> list[str]:
    """That the chosen network is not shown to beat a baseline, where it is so."""
    rows = evaluation.comparisons
    unbeaten = rows.loc[~rows["model"].isin(evaluation.networks["model"]) & (rows["verdict"] != "better"), "model"]
    known = {"best": evaluation.best, "n": _row(evaluation)["n"]}
    return [say("report.unbeaten", **known, baseline=say(f"report.baseline.{name}")) for name in unbeaten]


def _confused(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The most frequent mistakes: ``truth``, ``predicted``, ``count`` and the ``total`` of the true class."""
    counts, names = evaluation.confusion.to_numpy(), list(evaluation.confusion.index)
    wrong = counts * ~np.eye(len(counts), dtype=bool)
    # The largest first, equal ones in the order of the classes.
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSED]
    places = [divmod(int(place), len(counts)) for place in order]
    return [
        {"truth": names[row], "predicted": names[column], "count": wrong[row, column], "total": counts[row].sum()}
        for row, column in places
        if wrong[row, column]
    ]


def same_weights(results: Results | SegmentationResults) -> bool:
    """Whether every opening of the test part was for the weights that this report is about."""
    final = {model: training.recipe.weights_digest for model, training in results.trainings.items()}
    seen = (pair for opening in results.manifest.test_openings for pair in opening.models.items())
    return all(final.get(model) == weights for model, weights in seen if model not in BASELINES)


def settings_used(results: Results | SegmentationResults) -> dict[str, str]:
    """Every setting by its dotted key; the student's words, which stand in the report already, left out."""
    manifest: Manifest = results.manifest
    used = manifest.settings or results.settings.model_dump(mode="json")
    words = ("project.discussion", "project.conclusions")
    return {key: value for key, value in _flat(used).items() if key not in words}


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = json.dumps(value, ensure_ascii=False)
    return flat
