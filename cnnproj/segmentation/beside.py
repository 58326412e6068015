"""A segmentation project in a folder of its own beside one that classifies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from cnnproj.files import write_text
from cnnproj.segmentation.project import SegmentationProject
from cnnproj.settings_file import FILE_NAME, as_toml, read_settings

if TYPE_CHECKING:
    from cnnproj.project import Project

FOLDER = "segmentation"
FEW = 160  # training images on a smoke budget


def open_beside(project: Project) -> SegmentationProject:
    """``project``, where its task is segmentation; else the one in its folder ``segmentation``, made the first time.

    Raises:
        SettingsError: where the project.toml there says something that cannot be.
        CnnprojError: where it cannot be written.
    """
    if isinstance(project, SegmentationProject):
        return project
    path = project.folder / FOLDER / FILE_NAME
    if not path.exists():
        text = Path(__file__).with_name(FILE_NAME).read_text(encoding="utf-8")
        told = project.settings.project
        for key, value in (("seed", told.seed), ("budget", told.budget)):
            text = re.sub(rf'(?m)^{key} = (?:\d+|"full")', f"{key} = {as_toml(value)}", text, count=1)
        if told.budget == "smoke":  # to try the flow, few images are as good as many
            limit = f"train_limit = {FEW}        # training images at most; delete this line with the full budget"
            text = text.replace("\n[segmentation]", f"{limit}\n\n[segmentation]", 1)
        if told.language is not None:
            text = text.replace("\n[data]", f"language = {as_toml(told.language)}\n\n[data]", 1)
        write_text(path, text)
    settings = read_settings(path)
    return SegmentationProject(path.parent, settings)
