"""Writing so that a kill at any moment leaves the old file or the new one, never half of one; and digests."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cnnproj.errors import CnnprojError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write to, which takes its place if the block ends well.

    Raises:
        CnnprojError: where the disk is full or the folder cannot be written to; ``path`` is then as it was.
    """
    # The suffix stays: what writes Keras weights or archives goes by it.
    partial = path.with_name(f".{os.getpid()}.part.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        os.replace(partial, path)  # noqa: PTH105 - the atomic one on every system
    except OSError as error:
        raise CnnprojError("files.cannot_write", path=path, reason=error.strerror or error) from error
    finally:
        with suppress(OSError):  # where it could not even be made, the reason is told already
            partial.unlink()


def write_text(path: Path, text: str) -> None:
    """Write ``text`` in UTF-8, with the same line ends on every system."""
    with replacing(path) as partial:
        # Linux allows file names that are no text: their odd bytes are written as \udcXX.
        partial.write_bytes(text.encode("utf-8", "backslashreplace"))


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, numbers in full."""
    text = table.to_csv(index=False, lineterminator="\n")
    if "\r" in text:  # in a name or a label: it is read as a line end unless it is quoted
        text = table.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    write_text(path, text)


def digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_arrays(arrays: list[np.ndarray]) -> str:
    """The SHA-256 of the shapes, types and values of ``arrays``, in hex: the same wherever they are stored."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.shape}{array.dtype.str}".encode())
        total.update(array.tobytes())
    return total.hexdigest()
