"""Every sentence a user reads, by key, in the language in force.

The sentences stand in ``words/<language>/<room>.toml``; ``say("data.no_images", path=…)`` reads the entry
``no_images`` of ``data.toml``. An entry is a sentence with ``{named}`` gaps, or a table with the forms ``one``
and ``other``, of which the value ``n`` picks. A new language is a new folder with the same files and keys.
"""

import locale
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_language = "en"
_insisted = False
_spoken: ContextVar[str | None] = ContextVar("spoken", default=None)  # in place of it, for a while


def languages() -> tuple[str, ...]:
    """The codes of the languages that there are, English first."""
    found = sorted(path.name for path in _FOLDER.iterdir() if any(path.glob("*.toml")))
    return tuple(sorted(found, key=lambda code: code != "en"))


def use_language(code: str) -> None:
    """Speak ``code`` from here on, whatever ``project.toml`` says.

    Raises:
        KeyError: where there is no such language.
    """
    global _language, _insisted
    if code not in languages():
        raise KeyError(code)
    _language, _insisted = code, True


def prefer_language(code: str | None) -> None:
    """Speak ``code``, or the language of the user's environment; unless ``use_language`` has said otherwise."""
    global _language
    if not _insisted:
        _language = code if code in languages() else system_language()


@contextmanager
def speaking(code: str | None) -> Iterator[None]:
    """Speak ``code`` in this thread for as long as the block lasts; nothing changes where there is no such language."""
    token = _spoken.set(code if code in languages() else _spoken.get())
    try:
        yield
    finally:
        _spoken.reset(token)


def language() -> str:
    """The code of the language in force."""
    return _spoken.get() or _language


def system_language() -> str:
    """The language of the user's environment if there is a catalogue for it, else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            code = locale.normalize(value).split("_")[0].split(".")[0].lower()
            return code if code in languages() else "en"
    return "en"


@cache
def catalogue(code: str) -> dict[str, str | dict[str, str]]:
    """All entries of one language: ``room.entry`` → a sentence, or its forms ``one`` and ``other``."""
    entries: dict[str, str | dict[str, str]] = {}
    for path in sorted((_FOLDER / code).glob("*.toml")):
        _flatten(tomllib.loads(path.read_text(encoding="utf-8")), path.stem, entries)
    return entries


def _flatten(table: dict[str, Any], prefix: str, entries: dict[str, str | dict[str, str]]) -> None:
    for key, value in table.items():
        if isinstance(value, dict) and set(value) != {"one", "other"}:
            _flatten(value, f"{prefix}.{key}", entries)
        else:
            entries[f"{prefix}.{key}"] = value


def say(sentence: str, /, **values: Any) -> str:
    """The entry ``sentence`` in the language in force, its gaps filled with ``values``.

    Raises:
        KeyError: where there is no such entry, or a gap has no value.
    """
    entry = catalogue(language())[sentence]
    if isinstance(entry, dict):
        entry = entry["one" if values["n"] == 1 else "other"]
    return entry.format(**values)
