"""What a submission holds: the files of a run in the folders of a run, the settings, and a list of them all.

submission.json     the list: each file with its SHA-256
project.toml        the settings as the student left them
run.json, report.html, figures/, notebooks/, data/, models/<model>/, evaluation/, interpretation/
test_images.npy     only where asked for: the stored test part, uint8, (n, height, width, channels), in the order
                    in which data/images.csv names its images
test_masks.npy      with it, of a segmentation: the true class of each pixel, uint8, (n, height, width)
"""

from __future__ import annotations

import fnmatch
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
CONTENTS, SETTINGS = "submission.json", "project.toml"
TEST_IMAGES, TEST_MASKS = "test_images.npy", "test_masks.npy"
# Of the run's folder. What is not here is not handed in: pixels, the trials' database, what predict wrote.
WANTED = (
    "run.json",
    "report.html",
    "figures/*.png",
    "notebooks/*.ipynb",
    "data/*.csv",
    "data/*.json",
    "models/*/*.csv",
    "models/*/*.json",
    "models/*/model.weights.h5",
    "models/*/model.keras",
    "evaluation/*.csv",
    "evaluation/predicted_*.npy",
    "interpretation/*.csv",
    "interpretation/*.json",
    "interpretation/*.npy",
)


class Contents(BaseModel):
    """The list of a submission's files.

    Attributes:
        version: of this layout.
        cnnproj: the version that packed it.
        name: of the run.
        missing: what the assignment asks for and is not there, by the names of ``checklist.MISSING``: it was packed as
            incomplete.
        files: the SHA-256 of each file by its path, sorted; all but this list itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    cnnproj: Annotated[str, Field(max_length=40)]
    name: Annotated[str, Field(pattern=r"^[\w][\w.-]*$", max_length=60)]
    missing: Annotated[tuple[Annotated[str, Field(max_length=40)], ...], Field(max_length=100)] = ()
    files: dict[str, Digest]


def is_wanted(path: str) -> bool:
    """Whether a file at ``path``, from the run's folder, belongs to a submission; a ``*`` stands for one name."""
    parts = path.split("/")
    return not any(part.startswith(".") for part in parts) and any(
        len(pattern.split("/")) == len(parts) and all(map(fnmatch.fnmatchcase, parts, pattern.split("/")))
        for pattern in WANTED
    )
