"""project.toml → settings. Whatever cannot be is refused with its line, its key, what was expected and what came."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cnnproj.errors import CnnprojError, SettingsError
from cnnproj.models import ACTIVATIONS, OPTIMIZERS, Architecture, Choice, Space, Value
from cnnproj.models.backbones import KERAS_NETWORKS, find_backbone, own_names
from cnnproj.models.transfer import BATCH_NORM
from cnnproj.settings import Author, Settings
from cnnproj.tasks import losses, networks
from cnnproj.toml_lines import line_of
from cnnproj.words import say

FILE_NAME = "project.toml"


def read_settings(path: Path) -> Settings:
    """Read and check ``path``.

    Raises:
        SettingsError: naming the line, the key, what was expected, what came and the nearest valid name.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows' editor may begin a file with a mark
    except FileNotFoundError:
        raise SettingsError("settings.no_file", path=path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("settings.unreadable", path=path, reason=error) from None
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError("settings.not_toml", path=path, reason=error) from None
    try:
        settings = Settings.model_validate(table)
    except ValidationError as error:
        # The first in the file is the first that its author meets.
        details = min(error.errors(), key=lambda one: line_of(text, _toml_keys(one)))
        raise _explain(path, text, details) from None
    _check_task(path, text, settings)
    _check_models(path, text, settings)
    _check_balance(path, text, settings)
    return settings


def _toml_keys(details: ErrorDetails) -> tuple[str | int, ...]:
    """The keys that lead to the mistake; to the whole array where one of its items is missing."""
    keys = details["loc"]
    return keys[:-1] if details["type"] == "missing" and isinstance(keys[-1], int) else keys


def _explain(path: Path, text: str, details: ErrorDetails) -> SettingsError:
    keys = _toml_keys(details)
    where = {"path": path, "line": line_of(text, keys), "key": ".".join(str(key) for key in keys)}
    if details["type"] == "extra_forbidden":
        known = _known_keys(keys[:-1])
        return SettingsError("settings.unknown_key", **where, hint=nearest(str(keys[-1]), known))
    if details["type"] == "missing" and keys == details["loc"]:
        return SettingsError("settings.missing_key", **where)
    return SettingsError("settings.bad_value", **where, expected=expected_of(details), came=as_toml(details["input"]))


def expected_of(details: ErrorDetails) -> str:
    """What a value had to be, in words."""
    kind, context = details["type"], details.get("ctx", {})
    if kind == "expected":
        return str(context["expected"])
    if kind == "literal_error":
        return say("settings.one_of", names=str(context["expected"]).replace("'", '"').replace(" or ", ", "))
    bounds = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}
    if kind in bounds:
        return say(f"settings.{kind}", bound=f"{context[bounds[kind]]:g}")
    if kind in ("too_long", "too_short", "missing"):
        return say("settings.two_numbers")
    known = {
        "int_type": "whole_number",
        "int_from_float": "whole_number",
        "float_type": "number",
        "string_type": "text",
        "bool_type": "boolean",
        "tuple_type": "list",
        "list_type": "list",
        "dict_type": "table",
        "model_type": "table",
        "model_attributes_type": "table",
        "string_pattern_mismatch": "name",
        "string_too_short": "source",
        "string_too_long": "name",
    }
    return say(f"settings.{known[kind]}")


def _known_keys(table: tuple[str | int, ...]) -> list[str]:
    model: Any = Settings
    for key in table:
        if isinstance(key, int):
            continue
        annotation = model.model_fields[key].annotation
        model = Author if key == "authors" else annotation
    return list(model.model_fields)


def nearest(name: str, known: list[str]) -> str:
    """«Did you mean …?» with the nearest of ``known``, or all of them where none is near."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return say("settings.did_you_mean", name=close[0]) if close else say("settings.known", names=", ".join(known))


def as_toml(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{_without_password(value)}"'
    if isinstance(value, list):
        return "[" + ", ".join(as_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {as_toml(item)}" for key, item in value.items()) + " }"
    return str(value)


def _without_password(text: str) -> str:
    """``text`` as it may be shown: an address keeps its password to itself."""
    return re.sub(r"(?<=://)([^/@:]*):[^/@]*@|(?<=password=)[^&]*", r"\1:…@", text) if "://" in text else text


def _check_models(path: Path, text: str, settings: Settings) -> None:
    """The models named exist, and have the hyperparameters named, each with values it can take."""
    known, named = networks(settings.project.task), {**_NAMED, "loss": losses(settings.project.task)}
    for model, spaces in settings.models.items():
        where: dict[str, Any] = {"path": path, "line": line_of(text, ("models", model)), "key": f"models.{model}"}
        if model not in known:
            raise SettingsError("settings.unknown_model", **where, hint=nearest(model, list(known)))
        for name, space in spaces.items():
            keys = ("models", model, name)
            where = {"path": path, "line": line_of(text, keys), "key": ".".join(keys)}
            if name not in known[model].defaults:
                raise SettingsError("settings.unknown_key", **where, hint=nearest(name, list(known[model].defaults)))
            special = _impossible_in_transfer(name, space) if model == "transfer" else None
            if expected := special or _impossible(name, space, known[model], named):
                raise SettingsError("settings.bad_value", **where, expected=expected, came=space)
        _check_size(path, text, settings, known[model])
    if not settings.models:
        raise SettingsError("settings.no_models", path=path, line=line_of(text, ("models",)))


def _check_task(path: Path, text: str, settings: Settings) -> None:
    """What only one of the tasks knows stands in projects of that task alone."""
    table = settings.segmentation

    def refuse(sentence: str, *keys: str) -> SettingsError:
        return SettingsError(sentence, path=path, line=line_of(text, keys), key=".".join(keys))

    if settings.project.task == "classification":
        if table.changed:
            raise refuse("settings.only_segmentation", "segmentation", next(iter(table.changed)))
        if settings.data.ignore is not None:
            raise refuse("settings.only_segmentation", "data", "ignore")
        return
    if settings.training.balance != "none":
        raise refuse("settings.only_classification", "training", "balance")
    if table.classes and table.colors:
        raise refuse("settings.classes_or_colors", "segmentation", "classes")
    if settings.data.ignore in [color.lower() for color in table.colors.values()]:
        raise refuse("settings.ignored_class", "data", "ignore")


def _check_size(path: Path, text: str, settings: Settings, network: Architecture) -> None:
    """The images are large enough for ``network``, in each of its forms that may be tried."""
    given = settings.models[network.name].get("form", Choice(network.defaults.get("form", "")))
    height, width = settings.data.size
    for form in given.values if isinstance(given, Choice) else ():
        if min(height, width) < (smallest := network.smallest.get(str(form), 0)):
            where = {"path": path, "line": line_of(text, ("data", "size")), "key": "data.size"}
            numbers = {"height": height, "width": width, "smallest": smallest}
            raise SettingsError("networks.too_small_here", **where, model=network.name, form=form, **numbers)


def _check_balance(path: Path, text: str, settings: Settings) -> None:
    """Classes are filled up with images that are varied, not with the same ones again."""
    if settings.training.balance == "augment" and not settings.augmentation.varies:
        line = line_of(text, ("training", "balance"))
        raise SettingsError("settings.nothing_varies", path=path, line=line, key="training.balance")


_NAMED = {"optimizer": OPTIMIZERS, "activation": ACTIVATIONS}


def _impossible(name: str, space: Space, network: Architecture, named: Mapping[str, Sequence[str]]) -> str | None:
    """What was expected of the hyperparameter of ``network``, where ``space`` holds a value that it cannot take."""
    default = network.defaults[name]
    named = {**named, "form": tuple(network.smallest)} if network.smallest else named
    values = space.values if isinstance(space, Choice) else (space.low, space.high)
    if name in named:
        ok = isinstance(space, Choice) and all(value in named[name] for value in values)
        return None if ok else say("settings.one_of", names=", ".join(named[name]))
    if isinstance(default, bool | str):
        ok = isinstance(space, Choice) and all(type(value) is type(default) for value in values)
        return None if ok else say("settings.same_kind")
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < len(values):
        return say("settings.number")
    if isinstance(default, int):
        whole = all(isinstance(value, int) and value >= 1 for value in numbers)
        return None if whole else say("settings.whole_number_above", bound=0)
    if name in ("dropout", "label_smoothing", "momentum"):
        return None if all(0 <= value < 1 for value in numbers) else say("settings.share")
    if name == "learning_rate":
        return None if all(0 < value <= 10 for value in numbers) else say("settings.learning_rate")
    return None if all(0 <= value < math.inf for value in numbers) else say("settings.greater_than_equal", bound=0)


def _impossible_in_transfer(name: str, space: Space) -> str | None:
    """The same of a hyperparameter that the network ``transfer`` alone has."""
    values = space.values if isinstance(space, Choice) else (space.low, space.high)
    if name == "backbone" and not all(_is_backbone(value) for value in values):
        return say("settings.backbone", known=", ".join([*KERAS_NETWORKS, *own_names()]))
    if name == "batch_norm" and not all(value in BATCH_NORM for value in values):
        return say("settings.one_of", names=", ".join(BATCH_NORM))
    if name in ("frozen", "backbone_rate") and not all(_is_share(value) for value in values):
        return say("settings.share_of_all")
    return None


def _is_share(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_backbone(name: Value) -> bool:
    try:
        find_backbone(str(name))
    except CnnprojError:
        return False
    return True
