"""The line of project.toml on which a key stands. The TOML reader does not say."""

import re

_KEY = r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'"""
_DOTTED = re.compile(rf"\s*((?:{_KEY})(?:\s*\.\s*(?:{_KEY}))*)\s*")
_HEADER = re.compile(rf"^\s*(\[\[?)\s*((?:{_KEY})(?:\s*\.\s*(?:{_KEY}))*)\s*\]")
_STRINGS = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'')


def line_of(text: str, keys: tuple[str | int, ...]) -> int:
    """The line, from 1, of ``keys`` in ``text``; of the nearest table around it where it has no line of its own.

    ``keys`` is the path from the root: names, and positions from 0 in arrays of tables. ``text`` is valid TOML.
    """
    found: dict[tuple[str | int, ...], int] = {(): 1}
    table: tuple[str | int, ...] = ()
    counts: dict[tuple[str | int, ...], int] = {}
    depth, fence = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        rest = line
        if not fence and not depth:
            if header := _HEADER.match(line):
                table = _split(header[2])
                if header[1] == "[[":
                    counts[table] = counts.get(table, -1) + 1
                    found.setdefault(table, number)
                    table = (*table, counts[table])
                else:  # a table inside the last entry of an array of tables
                    parents = [name for name in counts if table[: len(name)] == name]
                    for name in sorted(parents, key=len)[-1:]:
                        table = (*name, counts[name], *table[len(name) :])
                found.setdefault(table, number)
                continue
            key = _DOTTED.match(line)
            if key and line[key.end() : key.end() + 1] == "=":
                name = (*table, *_split(key[1]))
                for length in range(len(table) + 1, len(name) + 1):
                    found.setdefault(name[:length], number)
                rest = line[key.end() + 1 :]
        depth, fence = _scan(rest, depth, fence)
    while keys not in found:
        keys = keys[:-1]
    return found[keys]


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, dotted))


def _scan(rest: str, depth: int, fence: str) -> tuple[int, str]:
    """How deep in brackets, and in which multi-line string, the text is after ``rest``."""
    while True:
        if fence:
            end = rest.find(fence)
            if end < 0:
                return depth, fence
            rest, fence = rest[end + 3 :], ""
        starts = [place for place in (rest.find('"""'), rest.find("'''")) if place >= 0]
        bare = rest[: min(starts)] if starts else rest
        plain = _STRINGS.sub("", bare)
        comment = plain.find("#")
        if comment >= 0:
            plain, starts = plain[:comment], []
        depth += sum(plain.count(sign) for sign in "[{") - sum(plain.count(sign) for sign in "]}")
        if not starts:
            return depth, ""
        fence, rest = rest[min(starts) : min(starts) + 3], rest[min(starts) + 3 :]
