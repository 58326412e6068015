"""The two tasks of a project, a class for each image or one for each pixel: their networks, losses and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from cnnproj.models import LOSSES, Architecture, architectures
from cnnproj.segmentation.networks import segmenters
from cnnproj.segmentation.registry import ACTIVATION_OF

Task = Literal["classification", "segmentation"]

# What project.toml means where it says nothing, in place of the defaults for classification.
SEGMENTATION_PROJECT: Mapping[str, Mapping[str, Any]] = {
    "data": {"source": "shapes", "size": [64, 64]},
    "models": {"unet": {}, "segnet": {}, "fcn8s": {}},
}


def networks(task: Task) -> dict[str, Architecture]:
    """The networks of ``task`` by name."""
    return dict(segmenters()) if task == "segmentation" else architectures()


def losses(task: Task) -> tuple[str, ...]:
    """The names of the losses that the networks of ``task`` can be trained with."""
    return tuple(ACTIVATION_OF if task == "segmentation" else LOSSES)


def with_defaults(table: Mapping[str, Any]) -> dict[str, Any]:
    """What project.toml says, ``table``, with the defaults of its task where it says nothing."""
    project, completed = table.get("project"), dict(table)
    if isinstance(project, Mapping) and project.get("task") == "segmentation":
        data = table.get("data", {})
        if isinstance(data, Mapping):
            completed["data"] = {**SEGMENTATION_PROJECT["data"], **data}
        completed.setdefault("models", SEGMENTATION_PROJECT["models"])
    return completed
