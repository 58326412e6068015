"""What the files of a submission must be, by its task: the one place where reading them differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel

from cnnproj.submission.contents import TEST_IMAGES, TEST_MASKS
from cnnproj.submission.opening import schemas, schemas_of_masks
from cnnproj.submission.opening.tables import Schema
from cnnproj.tasks import Task


@dataclass(frozen=True)
class Forms:
    """The forms of the files of one task; a * in a path stands for one name, or the rest of one.

    Attributes:
        tables: the columns of each CSV file.
        objects: what each JSON file is validated as.
        arrays: the type of each ``.npy`` file.
        classes: the file that names the classes which networks tell apart.
    """

    tables: Mapping[str, Schema]
    objects: Mapping[str, type[BaseModel]]
    arrays: Mapping[str, type[np.generic]]
    classes: str


_ARRAYS: Mapping[str, Any] = {TEST_IMAGES: np.uint8, "interpretation/*.npy": np.float32}

FORMS: Mapping[Task, Forms] = {
    "classification": Forms(schemas.TABLES, schemas.OBJECTS, _ARRAYS, "data/classes.json"),
    "segmentation": Forms(
        schemas_of_masks.TABLES,
        schemas_of_masks.OBJECTS,
        {**_ARRAYS, TEST_MASKS: np.uint8, "evaluation/predicted_*.npy": np.uint8},
        "data/pixel_classes.json",
    ),
}
