"""From whatever the user has to one table of images: ``open_source`` is the only door."""

import difflib
from collections.abc import Callable
from pathlib import Path

from cnnproj.data.sources.archive import Zip
from cnnproj.data.sources.arrays import open_digits
from cnnproj.data.sources.class_folders import open_class_folders
from cnnproj.data.sources.csv_list import open_csv
from cnnproj.data.sources.keras_datasets import KERAS_DATASETS, open_keras_dataset
from cnnproj.data.sources.shapes import open_shapes
from cnnproj.data.sources.source import Source as Source
from cnnproj.data.sources.tree import Folder
from cnnproj.errors import CnnprojError

__all__ = ["NAMES", "Source", "existing_path", "open_source"]

NAMES = ("digits", "shapes", *KERAS_DATASETS)

_FILES: dict[str, Callable[[Path], Source]] = {
    ".zip": lambda path: open_class_folders(Zip(path)),
    ".csv": open_csv,
}


def open_source(source: str, folder: Path, *, seed: int) -> Source:
    """The images that ``data.source`` in project.toml names.

    Args:
        source: one of ``NAMES``, or a path: a folder or a zip of class folders, or of train, validation and test
            folders of class folders; or a CSV with the columns ``path`` and ``label``. A folder that has one of the
            names is written ``./digits``.
        folder: the project folder, from which a path starts unless it is absolute or begins with ``~``.
        seed: decides what is drawn for ``shapes``; of no account for the others.

    Raises:
        CnnprojError: where there is no such source, or it is not what it must be.
    """
    if source == "digits":
        return open_digits()
    if source == "shapes":
        return open_shapes(seed)
    if source in KERAS_DATASETS:
        return open_keras_dataset(source)
    path = existing_path(source, folder)
    if path.is_dir():
        return open_class_folders(Folder(path))
    open_file = _FILES.get(path.suffix.lower())
    if open_file is None:
        raise CnnprojError("data.unknown_kind", path=path)
    return open_file(path)


def existing_path(source: str, folder: Path) -> Path:
    """The path that ``source`` names, from the project folder on.

    Raises:
        CnnprojError: where there is nothing of that name.
    """
    path = folder / source
    try:
        path = folder / Path(source).expanduser()
        path.stat()
    except (FileNotFoundError, NotADirectoryError, RuntimeError):  # RuntimeError: `~nobody`
        raise _unknown(source, path) from None
    except OSError as error:
        raise CnnprojError("data.unopened", path=path, reason=error.strerror) from error
    return path


def _unknown(source: str, path: Path) -> CnnprojError:
    siblings = {entry.name: str(Path(source).with_name(entry.name)) for entry in _listing(path.parent)}
    known = {name: name for name in NAMES} | siblings
    nearest = difflib.get_close_matches(Path(source).name, known, n=1)
    values = {"source": source, "path": path, "known": ", ".join(NAMES)}
    if nearest:
        return CnnprojError("data.unknown_source_nearest", nearest=known[nearest[0]], **values)
    return CnnprojError("data.unknown_source", **values)


def _listing(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
