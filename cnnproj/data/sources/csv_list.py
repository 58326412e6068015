"""A CSV that lists images: the columns ``path`` and ``label``, and if wanted ``split`` and ``group``."""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path, PurePosixPath

from cnnproj.data.sources.source import SPLIT_NAMES, Record, digest, image_table
from cnnproj.data.sources.tree import FileSource, Folder
from cnnproj.errors import CnnprojError

_Row = tuple[int, dict[str, str]]  # its line in the file, and its cells by column


def open_csv(path: Path) -> FileSource:
    """The images a CSV lists; their paths are relative to the CSV.

    The separator may be a comma, a semicolon (as Excel writes in many countries) or a tab.

    Raises:
        CnnprojError: naming the line, where a column, a cell or a file is missing or cannot be.
    """
    folder = Folder(path.parent)
    text = _text(path)
    records: dict[str, Record] = {}
    stamps: list[str] = []
    missing: list[tuple[int, str]] = []
    lines: dict[str, int] = {}
    for line, row in _rows(text, path):
        record = _record(row, line, path)
        if record.image in records:
            raise CnnprojError("data.csv_twice", path=path, line=line, first=lines[record.image], image=record.image)
        stamp = folder.stamp(record.image)
        records[record.image] = record._replace(stamp=stamp)
        lines[record.image] = line
        stamps.append(stamp)
        if not stamp:
            missing.append((line, record.image))
    if missing:
        line, image = missing[0]
        raise CnnprojError("data.csv_missing_files", n=len(missing), path=path, line=line, image=image)
    if not records:
        raise CnnprojError("data.csv_empty", path=path)
    return FileSource(
        name=path.stem,
        table=image_table(records.values(), str(path)),
        fingerprint=digest("csv", text, *stamps),
        tree=folder,
    )


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CnnprojError("data.unopened", path=path, reason=error.strerror) from error
    except UnicodeDecodeError as error:
        raise CnnprojError("data.csv_encoding", path=path) from error


def _rows(text: str, path: Path) -> Iterator[_Row]:
    header = text.partition("\n")[0]
    reader = csv.reader(StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        for column in ("path", "label"):
            if column not in columns:
                raise CnnprojError("data.csv_column", path=path, column=column, came=", ".join(columns) or "-")
        for cells in reader:
            if len(cells) > len(columns):
                raise CnnprojError(
                    "data.csv_cells", path=path, line=reader.line_num, came=len(cells), expected=len(columns)
                )
            if any(cell.strip() for cell in cells):
                yield reader.line_num, dict(zip(columns, (cell.strip() for cell in cells), strict=False))
    except csv.Error as error:
        raise CnnprojError("data.csv_damaged", path=path, line=reader.line_num, reason=error) from error


def _record(row: dict[str, str], line: int, path: Path) -> Record:
    for column in ("path", "label"):
        if not row.get(column):
            raise CnnprojError("data.csv_cell", path=path, line=line, column=column)
    split = row.get("split", "")
    if split and split.lower() not in SPLIT_NAMES:
        raise CnnprojError("data.csv_split", path=path, line=line, came=split, known=", ".join(SPLIT_NAMES))
    return Record(
        image=str(PurePosixPath(row["path"].replace("\\", "/"))),
        label=row["label"],
        given_split=SPLIT_NAMES[split.lower()] if split else "",
        group=row.get("group", ""),
    )
