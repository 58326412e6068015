"""The line of project.toml on which a key stands. The TOML reader does not say."""

import re
import tomllib
from typing import Any

Keys = tuple[str | int, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_DOTTED = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_DOTTED})[ \t]*\]")
_ASSIGNMENT = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")
# Strings and comments whole, so that nothing inside them counts; then what opens, closes or ends something.
_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'{3}.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*|[\[\]{}\n]''', re.DOTALL
)


def line_of(text: str, keys: Keys) -> int:
    """The line, from 1, of ``keys`` in ``text``; of the nearest table around it where it has no line of its own.

    ``keys`` is the path from the root: names, and positions from 0 in arrays of tables. ``text`` is valid TOML.
    """
    found: dict[Keys, int] = {(): 1}
    counts: dict[Keys, int] = {}
    table: Keys = ()
    place, number = 0, 1
    while place < len(text):
        if header := _HEADER.match(text, place):
            name = _below_last(_split(header[2]), counts)
            table = name
            if header[1] == "[[":
                counts[name] = counts.get(name, -1) + 1
                table = (*name, counts[name])
            _enter(table, 0, number, found)
        elif assignment := _ASSIGNMENT.match(text, place):
            _enter((*table, *_split(assignment[1])), len(table), number, found)
        end = _end_of_statement(text, place)
        number += text.count("\n", place, end)
        place = end
    while keys not in found:
        keys = keys[:-1]
    return found[keys]


def _enter(keys: Keys, known: int, number: int, found: dict[Keys, int]) -> None:
    for length in range(known + 1, len(keys) + 1):
        found.setdefault(keys[:length], number)


def _below_last(names: Keys, counts: dict[Keys, int]) -> Keys:
    """The path of a table: below the last entry so far of each array of tables on the way."""
    path: Keys = ()
    for name in names[:-1]:
        path = (*path, name)
        path = (*path, counts[path]) if path in counts else path
    return (*path, names[-1])


def _split(dotted: str) -> Keys:
    value: Any = tomllib.loads(f"{dotted} = 0")
    keys: list[str] = []
    while isinstance(value, dict):
        ((key, value),) = value.items()
        keys.append(key)
    return tuple(keys)


def _end_of_statement(text: str, place: int) -> int:
    """Just behind the line end that ends the statement at ``place``: the first outside all brackets and strings."""
    depth = 0
    for token in _TOKEN.finditer(text, place):
        depth += (token[0] in "[{") - (token[0] in "]}")
        if token[0] == "\n" and depth == 0:
            return token.end()
    return len(text)
