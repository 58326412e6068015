"""``cnnproj new``: a project folder, ready to run."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from cnnproj.errors import CnnprojError

PARTS = ("project.toml", "notebooks", "data/README.md", "reports/README.md")


def _origin() -> Path:
    """Where the parts are: inside an installed package, or in the checkout that an editable install points to."""
    installed = Path(__file__).parent / "project_template"
    return installed if installed.is_dir() else Path(__file__).parents[1]


def make_project(folder: Path) -> Path:
    """Make ``folder`` with project.toml, notebooks, data and reports.

    Raises:
        CnnprojError: where something of that name is there already, or it cannot be made; nothing is left behind.
    """
    target = folder.expanduser().resolve()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CnnprojError("template.exists", folder=target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.part.") as work:
            made = Path(work) / target.name
            for part in PARTS:
                source, copy = _origin() / part, made / part
                copy.parent.mkdir(parents=True, exist_ok=True)
                if source.is_dir():
                    shutil.copytree(source, copy, ignore=shutil.ignore_patterns(".*"))
                else:
                    shutil.copyfile(source, copy)
            if target.exists():  # it is empty, and may be the folder that the user's terminal stands in
                for piece in made.iterdir():
                    piece.rename(target / piece.name)
            else:
                made.rename(target)
    except OSError as error:
        raise CnnprojError("files.cannot_write", path=target, reason=error.strerror or error) from error
    return target
