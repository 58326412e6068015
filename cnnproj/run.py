"""One run on disk: its folder, its manifest ``run.json``, and which stages are done, stale or still to do."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cnnproj.errors import CnnprojError
from cnnproj.files import digest, write_text
from cnnproj.words import say

Plain = bool | int | float | str | None
Hex = Annotated[str, Field(pattern=r"^[0-9a-f]+$")]
MANIFEST = "run.json"
# The inputs of stages that are no keys of project.toml.
INPUTS = (
    "images",
    "other files",
    "audit",
    "data",
    "network",
    "evaluation",
    "settings",
    "language",
    "way of training",
    "way of interpreting",
)


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StageRecord(_Record):
    """A finished stage: what went in, and the digests of the files that came out (paths from the run's folder)."""

    inputs: dict[str, Plain]
    outputs: dict[str, Hex]
    seconds: Annotated[float, Field(ge=0)]
    finished: str


class TestOpening(_Record):
    """One opening of the test part: when, what for, and which weights were fixed by then."""

    __test__ = False  # not a test case, whatever its name suggests to a collector

    time: str
    purpose: Literal["evaluation", "interpretation"]
    n: Annotated[int, Field(ge=1)]
    models: dict[str, Hex]


class Score(_Record):
    """A model's results on the test part; ``low`` and ``high`` bound the accuracy's 95 % Wilson interval."""

    accuracy: Annotated[float, Field(ge=0, le=1)]
    low: Annotated[float, Field(ge=0, le=1)]
    high: Annotated[float, Field(ge=0, le=1)]
    log_loss: Annotated[float, Field(ge=0)]
    n: Annotated[int, Field(ge=1)]


class DiceScore(_Record):
    """A segmentation network's results on the test part; ``low`` and ``high`` bound the Dice's 95 % bootstrap interval.

    There is no interval of fewer than two images.
    """

    dice: Annotated[float, Field(ge=0, le=1)]
    low: Annotated[float, Field(ge=0, le=1)] | None
    high: Annotated[float, Field(ge=0, le=1)] | None
    iou: Annotated[float, Field(ge=0, le=1)]
    pixel_accuracy: Annotated[float, Field(ge=0, le=1)]
    n: Annotated[int, Field(ge=1)]


class Manifest(_Record):
    """The contract between a run, its report and its verification."""

    version: Literal[1] = 1
    name: str
    settings: dict[str, Any] = {}
    environment: dict[str, str | int] = {}
    stages: dict[str, StageRecord] = {}
    test_openings: list[TestOpening] = []
    best_model: str | None = None
    scores: dict[str, Score] = {}
    dice: dict[str, DiceScore] = {}


class Run:
    """The folder ``reports/<name>/`` and its manifest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def manifest(self) -> Manifest:
        """The manifest as it stands on disk.

        Raises:
            CnnprojError: where it cannot be read as one.
        """
        path = self.folder / MANIFEST
        if not path.exists():
            return Manifest(name=self.folder.name)
        try:
            return Manifest.model_validate_json(path.read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "/"
            raise CnnprojError("run.bad_manifest", path=path, key=where, reason=first["msg"]) from None

    def update(self, **changes: Any) -> None:
        """Write the manifest with ``changes`` to its fields."""
        manifest = self.manifest.model_copy(update=changes)
        text = json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False)
        write_text(self.folder / MANIFEST, text + "\n")

    def open_test(self, opening: TestOpening) -> None:
        """Enter ``opening`` in the ledger, before the test part is given out."""
        self.update(test_openings=[*self.manifest.test_openings, opening])

    def staleness(self, stage: str, inputs: Mapping[str, Plain]) -> list[str]:
        """Why ``stage`` must be done (again), in sentences; nothing if it need not."""
        record = self.manifest.stages.get(stage)
        if record is None:
            return [say("run.not_done")]
        reasons = [
            _change(key, record.inputs.get(key), inputs.get(key))
            for key in sorted(record.inputs.keys() | inputs.keys())
            if record.inputs.get(key) != inputs.get(key)
        ]
        missing = [path for path in record.outputs if not (self.folder / path).is_file()]
        return reasons + [say("run.missing", path=path) for path in missing]

    def complete(
        self, stage: str, inputs: Mapping[str, Plain], work: Callable[[], Iterable[Path]], *, again: bool = False
    ) -> bool:
        """Do ``work`` unless ``stage`` was done with the same ``inputs``; ``work`` returns the files it wrote.

        With ``again`` it is done all the same.

        While it works no record says that the stage is done: were it killed half-way, old files and new ones would
        pass for one. The old record comes back if the work fails before it has touched a file.

        Returns:
            Whether the work was done now.
        """
        if not again and not self.staleness(stage, inputs):
            return False
        start = time.perf_counter()
        before = self._take_back(stage)
        try:
            outputs = {path.relative_to(self.folder).as_posix(): digest(path) for path in work()}
        except BaseException:
            if before and self._still_has(before.outputs):
                self.update(stages={**self.manifest.stages, stage: before})
            raise
        record = StageRecord(
            inputs=dict(inputs), outputs=outputs, seconds=round(time.perf_counter() - start, 2), finished=now()
        )
        self.update(stages={**self.manifest.stages, stage: record})
        return True

    def _take_back(self, stage: str) -> StageRecord | None:
        stages = self.manifest.stages
        if stage in stages:
            self.update(stages={name: record for name, record in stages.items() if name != stage})
        return stages.get(stage)

    def _still_has(self, outputs: Mapping[str, str]) -> bool:
        return all(
            (self.folder / path).is_file() and digest(self.folder / path) == value for path, value in outputs.items()
        )

    def output_digest(self, stage: str) -> str:
        """One digest of all that ``stage`` wrote, for the inputs of the stages behind it; empty if it is not done."""
        record = self.manifest.stages.get(stage)
        return fingerprint(record.outputs) if record else ""


def fingerprint(value: Any) -> str:
    """A short digest of a plain value (numbers, text, lists, dictionaries), the same in any order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def now() -> str:
    """The time of writing, in UTC, to the second, as ISO 8601 has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def called(key: str) -> str:
    """What people call the input ``key`` of a stage; keys of project.toml and names of stages as they are written."""
    kind, _, name = key.partition(" ")
    if kind == "best" and name:
        return say("run.input.best", name=name)
    return say(f"run.input.{key.replace(' ', '_')}") if key in INPUTS else key


def _change(key: str, before: Plain, after: Plain) -> str:
    key = called(key)
    if re.fullmatch(r"[0-9a-f]{16,}", f"{before}") or re.fullmatch(r"[0-9a-f]{16,}", f"{after}"):
        return say("run.content_changed", key=key)
    return say("run.changed", key=key, before=_short(before), after=_short(after))


def _short(value: Plain) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
