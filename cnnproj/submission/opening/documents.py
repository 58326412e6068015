"""A stranger's JSON, TOML and text: bounded in size, depth and number of values before they are read."""

from __future__ import annotations

import json
import math
import re
import tomllib
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from cnnproj.submission.opening.limits import Limits, Unreadable, shown

Model = TypeVar("Model", bound=BaseModel)
# Each takes a text to its end in one pass, also where it does not end.
_JSON_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_TOML_TEXT = re.compile(
    r'"""(?:[^"\\]++|\\.|"(?!""))*+(?:"""|\\?\Z)'
    r"|'''(?:[^']++|'(?!''))*+(?:'''|\Z)"
    r'|"(?:[^"\\\n]++|\\.)*+"?'
    r"|'[^'\n]*+'?"
    r"|#[^\n]*+",
    re.DOTALL,
)
_LONGEST_NUMBER = 20  # digits of a whole one


def read_text(data: bytes, name: str) -> str:
    """The text of the file ``name``."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable("opened.not_utf8", file=name, place=error.start) from None


def read_json(data: bytes, name: str, limits: Limits) -> Any:
    """What the JSON file ``name`` holds: no key twice, no number that is none.

    Raises:
        Unreadable: where it is no JSON, or is too deep or too long.
    """
    bare = _JSON_TEXT.sub(b"", data)
    if sum(map(bare.count, (b",", b"[", b"{"))) > limits.values:
        raise Unreadable("opened.values", file=name, most=limits.values)
    _require_shallow(_depth(bare, limits), name, limits)
    try:
        return json.loads(
            read_text(data, name),
            object_pairs_hook=_once,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise Unreadable("opened.not_json", file=name, reason=shown(error)) from None


def read_toml(data: bytes, name: str, limits: Limits) -> dict[str, Any]:
    """What the TOML file ``name`` holds.

    Raises:
        Unreadable: where it is no TOML, or is too deep.
    """
    text = read_text(data, name).removeprefix("\ufeff")
    bare = _TOML_TEXT.sub("", text)
    # ``tomllib`` needs the square of the number of a key's parts.
    dots = max(part.count(".") for part in re.split(r"[^\w \t.-]", bare))
    _require_shallow(max(dots, _depth(bare.encode(), limits)), name, limits)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("opened.not_toml", file=name, reason=shown(error, 200)) from None


def read_model(kind: type[Model], data: bytes, name: str, limits: Limits) -> Model:
    """The JSON file ``name`` as a ``kind``, whose numbers are all finite.

    Raises:
        Unreadable: naming the first key that is not as it must be.
    """
    return validated(kind, read_json(data, name, limits), name)


def validated(kind: type[Model], value: Any, name: str) -> Model:
    """``value``, which the file ``name`` holds, as a ``kind``: see ``read_model``."""
    try:
        model = kind.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "/"
        raise Unreadable("opened.value", file=name, key=shown(where), reason=shown(first["msg"], 200)) from None
    if not _all_finite(model.model_dump()):
        raise Unreadable("opened.not_finite", file=name)
    return model


def _depth(bare: bytes, limits: Limits) -> int:
    """How deep brackets stand in one another, as far as the limit is not passed; ``bare`` of text in quotes."""
    depth = deepest = 0
    for bracket in re.finditer(rb"[\[\]{}]", bare):
        depth += 1 if bracket[0] in b"[{" else -1
        deepest = max(deepest, depth)
        if deepest > limits.depth or depth < 0:
            break
    return deepest


def _require_shallow(depth: int, name: str, limits: Limits) -> None:
    if depth > limits.depth:
        raise Unreadable("opened.depth", file=name, most=limits.depth)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{next(key for key in keys if keys.count(key) > 1)!r} twice")
    return table


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError(f"{shown(digits)} is too long")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{shown(digits)} is not finite")
    return number


def _all_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_all_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_all_finite, value))
    return not isinstance(value, float) or math.isfinite(value)
