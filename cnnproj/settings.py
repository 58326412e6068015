"""All that project.toml can say: typed, frozen, each key with its default and what it may be."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from cnnproj.models import Choice, Range, Space
from cnnproj.segmentation.colors import color_value
from cnnproj.tasks import Task, networks, with_defaults
from cnnproj.words import languages, say

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
    except (re.error, RecursionError, OverflowError) as error:
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


def _value_in_masks(value: Any) -> int | str:
    """A number, or a colour as ``#rrggbb``."""
    if type(value) is int and 0 <= value < 2**16:
        return value
    try:
        return f"#{color_value(value):06x}"
    except (TypeError, ValueError):
        raise _refuse(say("settings.value_in_masks")) from None


# Strict as all tables are, but TOML has arrays where Python has tuples.
_Size = Annotated[tuple[int, int], Field(strict=False), AfterValidator(_sensible_size)]
_Interval = Annotated[tuple[float, float], BeforeValidator(_interval)]
ValueInMasks = Annotated[int | str, BeforeValidator(_value_in_masks)]
_Zoom = Annotated[float | tuple[float, float], BeforeValidator(_zoom)]


class Author(_Table):
    """One of those who hand the project in."""

    name: str
    id: str = ""


class ProjectTable(_Table):
    """Who hands in what, and in which words."""

    name: Annotated[str, Field(pattern=r"^[\w][\w.-]*$", max_length=60)] = "project"
    task: Task = "classification"
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
    ignore: ValueInMasks | None = None  # with task = "segmentation" alone


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
    def arguments(self) -> dict[str, Any]:
        """All of them, as ``ImageDataGenerator`` takes them: intervals as lists."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in self}

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


def _names_of_classes(names: tuple[str, ...]) -> tuple[str, ...]:
    if names and (len(names) < 2 or len(set(names)) < len(names) or not all(names)):
        raise _refuse(say("settings.class_names"))
    return names


def _table_of_colors(colors: dict[str, str]) -> dict[str, str]:
    try:
        values = [color_value(color) for color in colors.values()]
    except ValueError:
        raise _refuse(say("settings.colors")) from None
    if colors and (len(colors) < 2 or len(set(values)) < len(values)):
        raise _refuse(say("settings.colors"))
    return colors


class SegmentationTable(_Table):
    """What the values of masks mean, and what counts: for ``task = "segmentation"`` alone."""

    classes: Annotated[tuple[str, ...], Field(strict=False), AfterValidator(_names_of_classes)] = ()
    colors: Annotated[dict[str, str], AfterValidator(_table_of_colors)] = {}
    background: bool = False
    explain: str = ""

    @property
    def changed(self) -> dict[str, Any]:
        """What differs from the defaults."""
        unchanged = type(self)()
        return {name: value for name, value in self if value != getattr(unchanged, name)}


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
    segmentation: SegmentationTable = SegmentationTable()

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, table: Any) -> Any:
        return with_defaults(table) if isinstance(table, dict) else table

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
        return {**networks(self.project.task)[model].space, **self.models.get(model, {})}
