"""Packing files into a zip whose bytes depend on their content alone."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from cnnproj.files import replacing

EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip cannot name an earlier time, and every time would be another file
LEVEL = 6
SHRINKING, SMALL = 50, 1 << 20  # times, and bytes: half of the ratio that ``Limits`` allow


def pack(members: Mapping[str, bytes | Path], target: Path) -> None:
    """Write the ``members``, by the path that each gets, to the zip ``target``, which takes its place when it is whole.

    The same members give the same bytes, whatever their order, their times and whoever they belong to.
    """
    with replacing(target) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as made:
        for path, content in sorted(members.items()):
            info = zipfile.ZipInfo(path, EPOCH)
            info.create_system, info.external_attr = 3, 0o644 << 16
            data = content if isinstance(content, bytes) else content.read_bytes()
            made.writestr(info, data, compress_type=_way(data), compresslevel=LEVEL)


def _way(data: bytes) -> int:
    """How a member is packed: one that would shrink to next to nothing is stored as it is.

    A zip that unpacks to a hundred times its size is refused by whoever reads it, as one made to fill a disk would be;
    honest masks that are nearly all background shrink by more than that.
    """
    small = len(data) < SMALL or len(zlib.compress(data, LEVEL)) * SHRINKING > len(data)
    return zipfile.ZIP_DEFLATED if small else zipfile.ZIP_STORED
