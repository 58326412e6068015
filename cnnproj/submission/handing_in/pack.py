"""Packing files into a zip whose bytes depend on their content alone."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from cnnproj.files import replacing

EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip cannot name an earlier time, and every time would be another file
LEVEL = 6


def pack(members: Mapping[str, bytes | Path], target: Path) -> None:
    """Write the ``members``, by the path that each gets, to the zip ``target``, which takes its place when it is whole.

    The same members give the same bytes, whatever their order, their times and whoever they belong to.
    """
    with replacing(target) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as made:
        for path, content in sorted(members.items()):
            info = zipfile.ZipInfo(path, EPOCH)
            info.create_system, info.external_attr = 3, 0o644 << 16
            data = content if isinstance(content, bytes) else content.read_bytes()
            made.writestr(info, data, compress_type=zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
