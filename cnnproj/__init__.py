"""cnnproj: from a folder of images to a course project that can be handed in.

    from cnnproj import Project

    project = Project.open()
    project.run()

The names below are the whole public API. They are imported when first used, so that ``import cnnproj`` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnproj import lecture as lecture
    from cnnproj.errors import CnnprojError as CnnprojError
    from cnnproj.models import Choice as Choice
    from cnnproj.models import Range as Range
    from cnnproj.models import architecture as architecture
    from cnnproj.project import Project as Project
    from cnnproj.reporting import figures as figures

__version__ = "0.1.0"

_HOME = {
    "Project": "cnnproj.project",
    "architecture": "cnnproj.models",
    "Choice": "cnnproj.models",
    "Range": "cnnproj.models",
    "CnnprojError": "cnnproj.errors",
}
__all__ = ["Choice", "CnnprojError", "Project", "Range", "architecture", "figures", "lecture"]


def __getattr__(name: str) -> Any:
    if name == "figures":
        return import_module("cnnproj.reporting.figures")
    if name == "lecture":
        return import_module("cnnproj.lecture")
    if name not in _HOME:
        raise AttributeError(f"module 'cnnproj' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
