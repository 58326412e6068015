"""What code and templates ask the catalogue for: read from their text, without running it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import NamedTuple

import cnnproj

from .keys import BUILT, NO_SENTENCES

PACKAGE = Path(cnnproj.__file__).parent
ROOMS = {path.stem for path in (PACKAGE / "words" / "en").glob("*.toml")}
KEY = re.compile(rf"(?:{'|'.join(sorted(ROOMS))})(?:\.[a-z0-9_]+)+")
SPEAKS = re.compile(r"say|\w*Error|UnreadableImage")
TEMPLATES = sorted(PACKAGE.rglob("templates/*.html"))


class Call(NamedTuple):
    """A sentence asked for: its key, the names of the values given, and whether there may be more than is seen."""

    key: str
    values: frozenset[str]
    open_ended: bool
    where: str


def shape_of(text: ast.JoinedStr) -> str:
    return "".join(part.value if isinstance(part, ast.Constant) else "*" for part in text.values)


def python_files() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def calls() -> Iterator[Call]:
    """Every ``say("…", …)`` and every error with its key written out."""
    for path, tree in python_files():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and SPEAKS.fullmatch(ast.unparse(node.func)):
                values = frozenset(keyword.arg for keyword in node.keywords if keyword.arg)
                spread = any(keyword.arg is None for keyword in node.keywords)
                for key in ast.walk(node.args[0]):
                    if isinstance(key, ast.Constant) and KEY.fullmatch(str(key.value)):
                        yield Call(str(key.value), values, spread, f"{path.name}:{node.lineno} {key.value}")


def keys_written_out() -> dict[str, str]:
    """Every key that stands whole in code or a template, with where it stands."""
    found = {}
    for path, tree in python_files():
        parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and id(node) not in parts and KEY.fullmatch(str(node.value)):
                found[str(node.value)] = f"{path.name}:{node.lineno}"
    for path in TEMPLATES:
        found |= dict.fromkeys(re.findall(rf'"({KEY.pattern})"', path.read_text(encoding="utf-8")), path.name)
    return {key: where for key, where in found.items() if key not in NO_SENTENCES}


def keys_built() -> set[str]:
    """The shapes of the keys that code or a template puts together."""
    found = {
        shape
        for _, tree in python_files()
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) and KEY.fullmatch((shape := shape_of(node)).replace("*", "x"))
    }
    for path in TEMPLATES:
        found |= {f"{start}*" for start in re.findall(r'say\("([a-z_.]+)" ~', path.read_text(encoding="utf-8"))}
    return found - NO_SENTENCES


def keys_filled() -> set[str]:
    """The keys that ``BUILT`` says there are."""
    return {shape[: shape.index("*")] + name for shape, names in BUILT.items() for name in names}


def gaps(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def forms(entry: str | dict[str, str]) -> dict[str, str]:
    return entry if isinstance(entry, dict) else {"other": entry}
