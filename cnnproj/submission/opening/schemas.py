"""What each table and each JSON file of a submission must be: those of every task, and those of classification."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, RootModel

from cnnproj.data.audit import KINDS, UNREADABLE, UNUSABLE_MASKS
from cnnproj.data.split import LEAKED, PARTS, UNUSED
from cnnproj.diagnosis.gather import Attempt
from cnnproj.diagnosis.probe import Probe
from cnnproj.interpretation.belief import RANDOM
from cnnproj.interpretation.cases import RULES
from cnnproj.interpretation.methods import WITH_POSITIONS
from cnnproj.models import Value
from cnnproj.recipe import Recipe
from cnnproj.run import MANIFEST, Manifest
from cnnproj.submission.contents import CONTENTS, Contents, Digest
from cnnproj.submission.opening.tables import ANY, DIGEST, FLAG, NUMBER, SHARE, TEXT, Schema, choice, whole
from cnnproj.words import say

METHODS = (*WITH_POSITIONS, "occlusion")
_ROW, _SIDE, _LINK = whole(), whole(1, 100_000), {"image": TEXT, "label": TEXT}
_PART, _MODE = choice(*PARTS), choice("gray", "rgb")
_SHARE = SHARE.or_empty
_NUMBER = NUMBER.or_empty
_REASONS = choice(
    "",
    *(f"data.image_{kind}" for kind in UNREADABLE),
    *(f"segmentation.image_{kind}" for kind in UNUSABLE_MASKS),
)
_PREDICTIONS = Schema({"row": _ROW, "label": TEXT, "predicted": TEXT}, others=SHARE, prefix="p:")
_BOUNDS = {"low": _NUMBER, "high": _NUMBER}
_REPEATS = {"repeats": _NUMBER, "lowest": _SHARE, "mean": _SHARE, "highest": _SHARE}

# By the path of the file; a * stands for one name, or the rest of one. Those of every task …
SHARED_TABLES: Mapping[str, Schema] = {
    "data/images.csv": Schema(
        {
            **_LINK,
            "split": _PART,
            "aside": choice("", LEAKED, UNUSED),
            "group": TEXT,
            "cluster": _ROW,
            "content": DIGEST,
            "width": _SIDE,
            "height": _SIDE,
            "mode": _MODE,
            "row": _ROW,
        }
    ),
    "data/found.csv": Schema(
        {
            **_LINK,
            "given_split": choice("", *PARTS),
            "group": TEXT,
            "content": DIGEST.or_empty,
            "format": TEXT,
            "width": whole(0, 10**6),
            "height": whole(0, 10**6),
            "mode": choice("", "gray", "rgb"),
            "notes": TEXT,
            "reason": _REASONS,
            "gaps": TEXT,
            "row": whole(-1),
        }
    ),
    "data/findings.csv": Schema({"kind": choice(*KINDS), "image": TEXT, "other": TEXT, "detail": TEXT}),
    "data/near_duplicates.csv": Schema({"a": DIGEST, "b": DIGEST, "difference": NUMBER}),
    "data/moves.csv": Schema({**_LINK, "before": _PART, "after": _PART}),
    "data/set_aside.csv": Schema({**_LINK, "reason": TEXT}),
    "models/*/layers.csv": Schema({"layer": TEXT, "kind": TEXT, "output": TEXT, "parameters": _ROW}),
}


def histories(score: str) -> dict[str, Schema]:
    """The tables of epochs and of trials of networks that are chosen by ``val_<score>``."""
    return {
        "models/*/history.csv": Schema(
            {
                "epoch": whole(1),
                "loss": NUMBER,
                score: SHARE,
                "val_loss": NUMBER,
                f"val_{score}": SHARE,
                "seconds": NUMBER,
                "waited": NUMBER,
            }
        ),
        "models/*/trials.csv": Schema(
            {
                "trial": whole(1),
                f"val_{score}": _SHARE,
                "val_loss": _NUMBER,
                "epoch": _NUMBER,
                "epochs": _ROW,
                "best": FLAG,
                "pruned": FLAG,
                "reason": TEXT,
            },
            _REPEATS,
            others=ANY,
        ),
    }


# … and those of classification.
TABLES: Mapping[str, Schema] = {
    **SHARED_TABLES,
    **histories("accuracy"),
    "models/*/validation.csv": _PREDICTIONS,
    "evaluation/predictions_*.csv": _PREDICTIONS,
    "evaluation/scores.csv": Schema(
        {
            "model": TEXT,
            "accuracy": SHARE,
            "low": SHARE,
            "high": SHARE,
            "log_loss": NUMBER,
            "n": _ROW,
            "val_accuracy": SHARE,
            "val_loss": NUMBER,
            "parameters": _ROW,
            "kind": choice("network", "baseline"),
            "best": FLAG,
            "groups": _ROW,
        }
    ),
    "evaluation/metrics.csv": Schema(
        {"model": TEXT, "metric": TEXT, "value": _NUMBER, **_BOUNDS, "method": choice("", "wilson", "bootstrap")}
    ),
    "evaluation/comparisons.csv": Schema(
        {
            "model": TEXT,
            "difference": NUMBER,
            "low": NUMBER,
            "high": NUMBER,
            "only_best": _ROW,
            "only_other": _ROW,
            "p": SHARE,
            "p_corrected": SHARE,
            "verdict": choice("better", "tied", "worse"),
        }
    ),
    "evaluation/classes.csv": Schema(
        {"class": TEXT, "precision": SHARE, "recall": SHARE, "f1": SHARE, "support": _ROW}
    ),
    "evaluation/confusion.csv": Schema({"class": TEXT}, others=_ROW),
    "evaluation/reliability.csv": Schema(
        {"low": SHARE, "high": SHARE, "n": _ROW, "confidence": _SHARE, "accuracy": _SHARE}
    ),
    "evaluation/errors.csv": Schema(
        {"row": _ROW, "label": TEXT, "predicted": TEXT, "probability": SHARE, "label_probability": SHARE}
    ),
    "interpretation/cases.csv": Schema(
        {
            "rule": choice(*RULES, "next_least_sure"),
            **_LINK,
            "predicted": TEXT,
            "second": TEXT,
            "probability": SHARE,
            "second_probability": SHARE,
            "label_probability": SHARE,
            "strongest": NUMBER,
            "row": _ROW,
        }
    ),
    "interpretation/belief.csv": Schema(
        {
            "method": choice(*METHODS),
            "n": _ROW,
            **dict.fromkeys(("deletion", "insertion", "random_deletion", "random_insertion"), _NUMBER),
            "better": _ROW,
            **dict.fromkeys(("randomised", "stable", "pointing", "pointing_randomised", "object"), _NUMBER),
        }
    ),
    "interpretation/curves.csv": Schema(
        {
            "method": choice(RANDOM, *METHODS),
            "curve": choice("deletion", "insertion"),
            "share": SHARE,
            "probability": SHARE,
        }
    ),
    "interpretation/randomised.csv": Schema(
        {"method": choice(*METHODS), "step": whole(1), "layer": TEXT, "agreement": _NUMBER}
    ),
}

Name = Annotated[str, Field(max_length=200)]


class Plain(BaseModel):
    """A JSON object with these keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Classes(RootModel[Annotated[list[Name], Field(min_length=2, max_length=10_000)]]):
    """``data/classes.json`` of classification, ``data/pixel_classes.json`` of segmentation."""


class Dealt(Plain):
    """``data/dealt.json``: the part of each image by its content, and with which deal it came."""

    identity: Annotated[list[Any], Field(min_length=3, max_length=3)]
    parts: dict[Digest, Annotated[str, Field(pattern=f"^({'|'.join(PARTS)})$")]]
    deals: dict[Digest, Annotated[int, Field(ge=1, le=10_000)]] = {}


class Hyperparameters(RootModel[dict[Annotated[str, Field(max_length=60)], Value]]):
    """``models/*/best.json``."""


class Methods(Plain):
    """``interpretation/methods.json``."""

    model: Name
    layer: Name
    methods: Annotated[list[Annotated[str, Field(pattern=f"^({'|'.join(METHODS)})$")]], Field(min_length=1)]


class MapNames(Plain):
    """``interpretation/feature_maps.json``."""

    layers: list[tuple[Name, Name]]
    stages: list[tuple[Name, Name, Name]]
    kernel: Name


class _Cell(BaseModel):
    cell_type: Annotated[str, Field(pattern="^(code|markdown|raw)$")]
    source: str | list[str]
    execution_count: int | None = None
    outputs: list[dict[str, Any]] = []


class Notebook(BaseModel):
    """``notebooks/*.ipynb``, as far as it is looked at."""

    nbformat: Annotated[int, Field(ge=4, le=4)]
    cells: list[_Cell]
    metadata: dict[str, Any] = {}


SHARED_OBJECTS: Mapping[str, type[BaseModel]] = {
    CONTENTS: Contents,
    MANIFEST: Manifest,
    "data/dealt.json": Dealt,
    "models/*/best.json": Hyperparameters,
    "models/*/probe.json": Probe,
    "models/*/failed.json": Attempt,
    "notebooks/*.ipynb": Notebook,
}
OBJECTS: Mapping[str, type[BaseModel]] = {
    **SHARED_OBJECTS,
    "data/classes.json": Classes,
    "models/*/recipe.json": Recipe,
    "interpretation/methods.json": Methods,
    "interpretation/feature_maps.json": MapNames,
}


def is_sayable(found: pd.DataFrame) -> bool:
    """Whether the reasons in ``data/found.csv`` can be said with what stands in ``gaps``."""
    for reason, gaps in found.loc[found["reason"] != "", ["reason", "gaps"]].drop_duplicates().to_numpy():
        try:
            values = json.loads(gaps)
            say(reason, **values)
        except (ValueError, TypeError, KeyError, RecursionError):
            return False
        if not all(isinstance(value, str | int) for value in values.values()):
            return False
    return True
