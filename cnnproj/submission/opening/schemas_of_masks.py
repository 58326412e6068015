"""What the tables and JSON files of a segmentation's submission must be, where they are not as of classification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field, RootModel

from cnnproj.segmentation.cases import RULES
from cnnproj.segmentation.recipe import SegmentationRecipe
from cnnproj.segmentation.sources import LABEL
from cnnproj.submission.opening.schemas import SHARED_OBJECTS, SHARED_TABLES, Classes, Name, Plain, histories
from cnnproj.submission.opening.tables import FLAG, NUMBER, SHARE, TEXT, Schema, choice, whole

_ROW, _SHARE, _NUMBER = whole(), SHARE.or_empty, NUMBER.or_empty
_SCORES = {"dice": _SHARE, "iou": _SHARE, "pixel_accuracy": SHARE}

TABLES: Mapping[str, Schema] = {
    **SHARED_TABLES,
    **histories("dice"),
    "evaluation/scores.csv": Schema(
        {
            "model": TEXT,
            **_SCORES,
            "low": _SHARE,
            "high": _SHARE,
            "pooled_dice": _SHARE,
            "n": _ROW,
            "val_dice": SHARE,
            "val_loss": NUMBER,
            "parameters": _ROW,
            "best": FLAG,
        }
    ),
    "evaluation/metrics.csv": Schema(
        {
            "model": TEXT,
            "metric": TEXT,
            "value": _NUMBER,
            "low": _NUMBER,
            "high": _NUMBER,
            "method": choice("", "bootstrap"),
        }
    ),
    "evaluation/comparisons.csv": Schema(
        {
            "model": TEXT,
            "difference": _NUMBER,
            "low": _NUMBER,
            "high": _NUMBER,
            "verdict": choice("better", "tied", "worse"),
        }
    ),
    "evaluation/classes.csv": Schema(
        {"class": TEXT, "dice": _SHARE, "low": _SHARE, "high": _SHARE, "iou": _SHARE, "images": _ROW, "pixels": SHARE}
    ),
    "evaluation/images.csv": Schema({"row": _ROW, "image": TEXT, **_SCORES}),
    "interpretation/cases.csv": Schema(
        {
            "rule": choice(*RULES),
            "row": _ROW,
            "image": TEXT,
            **_SCORES,
            "explained": TEXT,
            "on_class": _SHARE,
            "area": SHARE,
        }
    ),
}


class OneLabel(
    RootModel[Annotated[list[Annotated[str, Field(pattern=f"^{LABEL}$")]], Field(min_length=1, max_length=1)]]
):
    """``data/classes.json``: the images themselves are of one class; see ``pixel_classes.json``."""


class Known(Plain):
    """``interpretation/known.json``: the network that is explained, and the places of the cases in the test part."""

    model: Name
    positions: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=100)]


OBJECTS: Mapping[str, type[BaseModel]] = {
    **SHARED_OBJECTS,
    "data/classes.json": OneLabel,
    "data/pixel_classes.json": Classes,
    "models/*/recipe.json": SegmentationRecipe,
    "interpretation/known.json": Known,
}
