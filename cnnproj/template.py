"""``cnnproj new``: a project folder, ready to run, in the language of its owner.

English parts stand where the checkout has them; those of another language in ``words/<language>/project/``, and its
notebooks in ``notebooks/<language>/``.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from cnnproj.errors import CnnprojError
from cnnproj.words import language as language_in_force
from cnnproj.words import languages

PARTS = ("project.toml", "notebooks", "data/README.md", "reports/README.md")


def _origin() -> Path:
    """Where the parts are: inside an installed package, or in the checkout that an editable install points to."""
    installed = Path(__file__).parent / "project_template"
    return installed if installed.is_dir() else Path(__file__).parents[1]


def part_of(language: str, part: str) -> Path:
    """Where ``part``, one of ``PARTS``, stands in ``language``."""
    if language == "en":
        return _origin() / part
    if part == "notebooks":
        return _origin() / part / language
    return Path(__file__).parent / "words" / language / "project" / part


def make_project(folder: Path, language: str | None = None) -> Path:
    """Make ``folder`` with project.toml, notebooks, data and reports.

    Args:
        folder: not there yet, or empty.
        language: the code of theirs; by default the one in force.

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
                source, copy = part_of(language or language_in_force(), part), made / part
                copy.parent.mkdir(parents=True, exist_ok=True)
                if source.is_dir():
                    shutil.copytree(source, copy, ignore=shutil.ignore_patterns(".*", *languages()))
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
