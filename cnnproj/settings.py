"""project.toml → typed, frozen settings. Whatever cannot be is refused with its line, its key and what was expected."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from cnnproj.errors import SettingsError
from cnnproj.models import ACTIVATIONS, LOSSES, OPTIMIZERS, Choice, Range, Space, Value, architectures
from cnnproj.toml_lines import line_of
from cnnproj.words import languages, say

FILE_NAME = "project.toml"
DEFAULT_MODELS = ("mlp", "compact_cnn", "deep_cnn")


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _refuse(expected: str) -> PydanticCustomError:
    return PydanticCustomError("expected", "{expected}", {"expected": expected})


def _known_language(code: str | None) -> str | None:
    if code is not None and code not in languages():
        raise _refuse(say("settings.one_of", names=", ".join(languages())))
    return code


def _sensible_size(size: tuple[int, int]) -> tuple[int, int]:
    if not all(8 <= side <= 1024 for side in size):
        raise _refuse(say("settings.size"))
    return size


def _database(address: str | None) -> str | None:
    """The address of a database server, without a password: that has no place in a file that is handed in."""
    if address is not None:
        parts = urlsplit(address)
        if parts.scheme != "postgresql" or not parts.hostname or not parts.path.strip("/"):
            raise _refuse(say("settings.database"))
        if parts.password or "password" in parts.query:
            raise _refuse(say("settings.no_password"))
    return address


def _regular_expression(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise _refuse(say("settings.regular_expression", reason=error)) from None
    return pattern


def _is_interval(value: Any) -> bool:
    numbers = isinstance(value, list | tuple) and all(type(number) in (int, float) for number in value)
    return numbers and len(value) == 2 and 0 <= value[0] <= value[1] < math.inf


def _interval(value: Any) -> tuple[float, float]:
    if _is_interval(value):
        return (float(value[0]), float(value[1]))
    raise _refuse(say("settings.interval"))


def _zoom(value: Any) -> float | tuple[float, float]:
    if type(value) in (int, float) and 0 <= value < 1:
        return float(value)
    if _is_interval(value):
        return _interval(value)
    raise _refuse(say("settings.zoom"))


# Strict as all tables are, but TOML has arrays where Python has tuples.
_Size = Annotated[tuple[int, int], Field(strict=False), AfterValidator(_sensible_size)]
_Interval = Annotated[tuple[float, float], BeforeValidator(_interval)]
_Zoom = Annotated[float | tuple[float, float], BeforeValidator(_zoom)]


class Author(_Table):
    """One of those who hand the project in."""

    name: str
    id: str = ""


class ProjectTable(_Table):
    """Who hands in what, and in which words."""

    name: Annotated[str, Field(pattern=r"^[\w][\w.-]*$", max_length=60)] = "project"
    title: str = ""
    group: str = ""
    authors: Annotated[tuple[Author, ...], Field(strict=False)] = ()
    language: Annotated[str | None, AfterValidator(_known_language)] = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 7
    budget: Literal["full", "smoke"] = "full"
    discussion: str = ""
    conclusions: str = ""


class Fractions(_Table):
    """The share of the images in each part, where the data brings no parts of its own."""

    train: Annotated[float, Field(gt=0, lt=1)] = 0.7
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.15
    test: Annotated[float, Field(gt=0, lt=1)] = 0.15

    @model_validator(mode="after")
    def _sum_to_one(self) -> Fractions:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise _refuse(say("settings.sum_to_one", total=f"{total:g}"))
        return self


class DataTable(_Table):
    """Where the images come from and what is made of them."""

    source: Annotated[str, Field(min_length=1)] = "digits"
    size: _Size = (32, 32)
    resize: Literal["stretch", "pad", "crop"] = "stretch"
    color: Literal["auto", "gray", "rgb"] = "auto"
    fractions: Fractions = Fractions()
    train_limit: Annotated[int, Field(ge=10)] | None = None
    group_pattern: Annotated[str, AfterValidator(_regular_expression)] | None = None
    near_duplicates: bool = True
    leaks: Literal["set_aside", "keep"] = "set_aside"


Balance = Literal["none", "class_weights", "augment"]
Share = Annotated[float, Field(ge=0, le=1)]


class AugmentationTable(_Table):
    """What is varied in training images only, named and meant as our ``ImageDataGenerator`` has it."""

    rotation_range: Annotated[float, Field(ge=0, le=180)] = 0.0
    width_shift_range: Share = 0.0
    height_shift_range: Share = 0.0
    brightness_range: _Interval | None = None
    shear_range: Annotated[float, Field(ge=0, le=90)] = 0.0
    zoom_range: _Zoom = 0.0
    channel_shift_range: Annotated[float, Field(ge=0, le=255)] = 0.0
    fill_mode: Literal["nearest", "constant", "reflect", "wrap"] = "nearest"
    cval: Annotated[float, Field(ge=0, le=255)] = 0.0
    horizontal_flip: bool = False
    vertical_flip: bool = False
    # Those below the stock class does not have.
    noise: Annotated[float, Field(ge=0, le=255)] = 0.0
    salt_and_pepper: Share = 0.0
    cutout: Share = 0.0
    hue: Annotated[float, Field(ge=0, le=180)] = 0.0
    saturation: Share = 0.0
    contrast: Share = 0.0
    random_crop: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @property
    def changed(self) -> dict[str, Any]:
        """The arguments that differ from their defaults."""
        unchanged = type(self)()
        return {name: value for name, value in self if value != getattr(unchanged, name)}

    @property
    def varies(self) -> bool:
        """Whether an image comes out differently each time; a way of filling or a fixed factor alone does not."""
        fixed = {name for name, value in self if isinstance(value, tuple) and value[0] == value[1]}
        return bool(self.changed.keys() - fixed - {"fill_mode", "cval"})


def _space(spec: Any) -> Any:
    """``0.3`` fixes, ``[16, 32]`` lists the values to try, ``{low = …, high = …, log = true}`` is a range."""
    try:
        is_range = isinstance(spec, dict) and {"low", "high"} <= set(spec) <= {"low", "high", "log"}
        if is_range and isinstance(spec.get("log", False), bool):
            return Range(**spec)
        if isinstance(spec, list) and spec and not any(isinstance(value, list | dict) for value in spec):
            return Choice(*spec)
        if isinstance(spec, bool | int | float | str):
            return Choice(spec)
    except (TypeError, ValueError) as error:
        raise _refuse(say("settings.range_order")) from error
    raise _refuse(say("settings.space"))


_SpaceField = Annotated[Choice | Range, BeforeValidator(_space)]


class SearchTable(_Table):
    """How long each model is searched for its hyperparameters, how, and where the trials are kept."""

    trials: Annotated[int, Field(ge=1)] = 5
    epochs: Annotated[int, Field(ge=1)] = 4
    sampler: Literal["tpe", "random", "grid"] = "tpe"
    pruning: Literal["halving", "hyperband", "none"] = "halving"
    repeats: Annotated[int, Field(ge=1)] = 1
    storage: Annotated[str | None, AfterValidator(_database)] = None


class TrainingTable(_Table):
    """How all training is done; and how long the final one of each model, by its best trial, may take."""

    epochs: Annotated[int, Field(ge=1)] = 20
    balance: Balance = "none"
    threads: Annotated[int, Field(ge=1, le=256)] = 2
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warm_up: Annotated[float, Field(ge=0, lt=1)] = 0.1
    patience: Annotated[int, Field(ge=1)] | None = None
    precision: Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"] = "auto"

    @property
    def changed(self) -> dict[str, Any]:
        """What differs from the defaults, of what all training has in common."""
        unchanged = type(self)()
        return {name: value for name, value in self if name != "epochs" and value != getattr(unchanged, name)}


class InterpretationTable(_Table):
    """The figures that show where the best model looks."""

    cases: Annotated[int, Field(ge=3, le=5)] = 5


class Settings(_Table):
    """All of project.toml. Every key has a default, so an empty file is a whole project."""

    project: ProjectTable = ProjectTable()
    data: DataTable = DataTable()
    augmentation: AugmentationTable = AugmentationTable()
    models: dict[str, dict[str, _SpaceField]] = Field(
        default_factory=lambda: {name: {} for name in DEFAULT_MODELS}  # type: ignore[arg-type]
    )
    search: SearchTable = SearchTable()
    training: TrainingTable = TrainingTable()
    interpretation: InterpretationTable = InterpretationTable()

    @property
    def trials(self) -> int:
        """Trials a model: 2 on a smoke budget."""
        return 2 if self.project.budget == "smoke" else self.search.trials

    @property
    def search_epochs(self) -> int:
        """Epochs a trial: 1 on a smoke budget."""
        return 1 if self.project.budget == "smoke" else self.search.epochs

    @property
    def training_epochs(self) -> int:
        """Epochs of the final training: 1 on a smoke budget."""
        return 1 if self.project.budget == "smoke" else self.training.epochs

    def space(self, model: str) -> dict[str, Space]:
        """The search space of ``model``: the architecture's own, with what project.toml puts in its place."""
        return {**architectures()[model].space, **self.models.get(model, {})}


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
    return SettingsError("settings.bad_value", **where, expected=_expected(details), came=_as_toml(details["input"]))


def _expected(details: ErrorDetails) -> str:
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


def _as_toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{_without_password(value)}"'
    if isinstance(value, list):
        return "[" + ", ".join(_as_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_as_toml(item)}" for key, item in value.items()) + " }"
    return str(value)


def _without_password(text: str) -> str:
    """``text`` as it may be shown: an address keeps its password to itself."""
    return re.sub(r"(?<=://)([^/@:]*):[^/@]*@|(?<=password=)[^&]*", r"\1:…@", text) if "://" in text else text


def _check_models(path: Path, text: str, settings: Settings) -> None:
    """The models named exist, and have the hyperparameters named, each with values it can take."""
    known = architectures()
    for model, spaces in settings.models.items():
        where: dict[str, Any] = {"path": path, "line": line_of(text, ("models", model)), "key": f"models.{model}"}
        if model not in known:
            raise SettingsError("settings.unknown_model", **where, hint=nearest(model, list(known)))
        for name, space in spaces.items():
            keys = ("models", model, name)
            where = {"path": path, "line": line_of(text, keys), "key": ".".join(keys)}
            if name not in known[model].defaults:
                raise SettingsError("settings.unknown_key", **where, hint=nearest(name, list(known[model].defaults)))
            if expected := _impossible(name, space, known[model].defaults[name]):
                raise SettingsError("settings.bad_value", **where, expected=expected, came=space)
    if not settings.models:
        raise SettingsError("settings.no_models", path=path, line=line_of(text, ("models",)))


def _check_balance(path: Path, text: str, settings: Settings) -> None:
    """Classes are filled up with images that are varied, not with the same ones again."""
    if settings.training.balance == "augment" and not settings.augmentation.varies:
        line = line_of(text, ("training", "balance"))
        raise SettingsError("settings.nothing_varies", path=path, line=line, key="training.balance")


_NAMED = {"optimizer": OPTIMIZERS, "loss": tuple(LOSSES), "activation": ACTIVATIONS}


def _impossible(name: str, space: Space, default: Value) -> str | None:
    """What was expected of the hyperparameter, where ``space`` holds a value that it cannot take."""
    values = space.values if isinstance(space, Choice) else (space.low, space.high)
    if name in _NAMED:
        ok = isinstance(space, Choice) and all(value in _NAMED[name] for value in values)
        return None if ok else say("settings.one_of", names=", ".join(_NAMED[name]))
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
