"""How a hostile submission is made of an honest one, and the list of all of them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Members = Mapping[str, bytes]
CANARY = "canary"  # the file that any of them writes if it gets to run
WEIGHTS = "models/mlp/model.weights.h5"
OWN = "my_cnn"
RECIPE = "models/mlp/recipe.json"
MILLION = 1_000_000


@dataclass(frozen=True)
class Hostile:
    """How one is made.

    Attributes:
        make: gives the zip, of the members of an honest one and a folder for the canary.
        sentence: the key that it must come to.
        touches: ``files``, or ``weights`` or ``own`` where a network must be built for it to show.
    """

    make: Callable[[Members, Path], bytes]
    sentence: str
    touches: str = "files"


HOSTILE: dict[str, Hostile] = {}


def hostile(sentence: str, touches: str = "files") -> Callable[..., Any]:
    def register(make: Callable[[Members, Path], bytes]) -> Callable[[Members, Path], bytes]:
        HOSTILE[make.__name__] = Hostile(make, f"opened.{sentence}", touches)
        return make

    return register


class Runs:
    """Unpickled it writes the canary."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return subprocess.check_call, ([sys.executable, "-c", f"open({str(self.folder / CANARY)!r}, 'w')"],)


def zipped(members: Members, *more: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of ``members`` and, whatever they are called, of ``more``."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in [*members.items(), *more]:
            archive.writestr(name, data)
    return made.getvalue()


def replaces(label: str, name: str, data: bytes | Callable[[bytes], bytes], sentence: str) -> None:
    def make(members: Members, folder: Path) -> bytes:
        return zipped({**members, name: data(members[name]) if callable(data) else data})

    HOSTILE[label] = Hostile(make, f"opened.{sentence}")


def changed(**values: Any) -> Callable[[bytes], bytes]:
    return lambda data: json.dumps({**json.loads(data), **values}).encode()
