"""How much of a stranger's submission is read, and the two ways in which reading it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cnnproj.errors import CnnprojError

_KIB, _MIB = 1 << 10, 1 << 20


class Refused(CnnprojError):
    """The whole submission cannot be checked: it is hostile, broken, or more than a limit allows."""


class Unreadable(CnnprojError):
    """One file is missing or not what it must be: the check that needs it fails, the others go on."""


@dataclass(frozen=True)
class Limits:
    """What is read at most. A submission of VGG-16 stays below all of them, and so does one of 200,000 images.

    Attributes:
        zip_bytes: of the zip.
        members: files and folders in it.
        unpacked_bytes: of all its files together.
        ratio: of the bytes unpacked to those of the zip, where more than ``ratio_above`` bytes are unpacked.
        ratio_above: see ``ratio``.
        bytes_of: of one file, by the end of its name; of two that fit the first.
        depth: how deep tables and lists in JSON and TOML may stand in one another.
        values: in a JSON file; each takes some 100 bytes when it is read.
        cells: in a table.
        columns: of a table.
        text: letters in one cell.
        sides: of an array, how many; how long they are is bounded by the length of the file.
        picture_pixels: in one picture.
        objects: groups, arrays and attributes in a file of weights.
        parameters: of one network.
        outputs: of one layer for one image.
        layers: of one network.
    """

    zip_bytes: int = 2048 * _MIB
    members: int = 2_000
    unpacked_bytes: int = 3072 * _MIB
    ratio: int = 100
    ratio_above: int = 32 * _MIB
    bytes_of: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType(
            {
                ".csv": 64 * _MIB,
                "dealt.json": 64 * _MIB,
                ".json": 8 * _MIB,
                ".ipynb": 32 * _MIB,
                ".html": 64 * _MIB,
                ".toml": 256 * _KIB,
                ".png": 16 * _MIB,
                ".npy": 512 * _MIB,
                ".h5": 1024 * _MIB,
                ".keras": 1024 * _MIB,
            }
        )
    )
    depth: int = 16
    values: int = 2_000_000
    cells: int = 3_000_000
    columns: int = 2_000
    text: int = 1_000
    sides: int = 5
    picture_pixels: int = 40_000_000
    objects: int = 10_000
    parameters: int = 200_000_000
    outputs: int = 50_000_000
    layers: int = 500

    def bytes_for(self, name: str) -> int:
        """The most bytes of a file called ``name``."""
        return next(most for ending, most in self.bytes_of.items() if name.endswith(ending))


def shown(text: object, most: int = 60) -> str:
    """``text`` as it may stand in a sentence: on one line, without what cannot be seen, and not too long."""
    line = "".join(letter if letter.isprintable() else "�" for letter in str(text)[: most + 1])
    return line if len(line) <= most else line[:most] + "…"
