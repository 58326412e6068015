"""Images audited, stored and dealt out without a project around them."""

from pathlib import Path

from cnnproj.data.audit import audit_source
from cnnproj.data.images import Images, divide_images, load_images
from cnnproj.data.sources.source import Source

FRACTIONS = {"train": 0.6, "validation": 0.2, "test": 0.2}


def audited(source: Source, folder: Path, **changes: object) -> list[Path]:
    arguments = {"size": (8, 12), "resize": "stretch", "color": "auto", "near_duplicates": True, "threads": 2}
    return audit_source(source, folder, **{**arguments, **changes})


def divided(folder: Path, **changes: object) -> list[Path]:
    arguments = {"fractions": FRACTIONS, "group_pattern": None, "set_leaks_aside": True, "train_limit": None, "seed": 3}
    return divide_images(folder, **{**arguments, **changes})


def stored(source: Source, folder: Path, **changes: object) -> Images:
    """Both in a row, each with those of ``changes`` that it takes."""
    of_audit = ("size", "resize", "color", "near_duplicates", "threads")
    audited(source, folder, **{name: value for name, value in changes.items() if name in of_audit})
    divided(folder, **{name: value for name, value in changes.items() if name not in of_audit})
    return load_images(folder)
