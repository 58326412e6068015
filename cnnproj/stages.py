"""The stages of a run: what goes into each, what comes before it, and how it stands.

A stage is done again when, and only when, one of its inputs here has changed or a file that it wrote is gone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnnproj.anatomy.published import PUBLISHED
from cnnproj.errors import CnnprojError
from cnnproj.run import Plain, Run, fingerprint
from cnnproj.settings import Settings
from cnnproj.tasks import networks
from cnnproj.tuning.tables import load_best
from cnnproj.words import language, say

if TYPE_CHECKING:
    from cnnproj.data.sources.source import Source

AUDIT, DATA, EVALUATE, INTERPRET, REPORT = "audit", "data", "evaluate", "interpret", "report"
NOTEBOOKS = {
    AUDIT: "01_data",
    DATA: "01_data",
    "mlp": "02_mlp",
    "compact_cnn": "03_compact_cnn",
    "deep_cnn": "04_deep_cnn",
    EVALUATE: "05_evaluation",
    INTERPRET: "06_interpretability",
    **dict.fromkeys(PUBLISHED, "07_famous_networks"),
}
SEGMENTATION_NOTEBOOK = "09_segmentation"
# Those of ours that need a project that classifies.
CLASSIFYING_NOTEBOOKS = frozenset({*NOTEBOOKS.values(), "08_transfer_learning"})


@dataclass(frozen=True)
class StageStatus:
    """How a stage stands: ``done``, ``stale`` or ``to do``, and why it is not done."""

    stage: str
    state: str
    reasons: list[str]


@dataclass(frozen=True)
class Stages:
    """The stages: ``audit``, ``data``, ``tune <model>``, ``train <model>``, ``evaluate``, ``interpret`` and ``report``.

    Attributes:
        settings: of the project.
        record: of the run: what each stage was given, and what it wrote.
        models: gives the names of all models of the project.
        source: gives the user's images.
        folder: of the project, where paths start from; none where no file that it names may be opened.
    """

    settings: Settings
    record: Run
    models: Callable[[], list[str]]
    source: Callable[[], Source]
    folder: Path | None = None

    def before(self, stage: str) -> list[str]:
        """The stages that ``stage`` builds on directly."""
        kind, _, model = stage.partition(" ")
        return {
            AUDIT: [],
            DATA: [AUDIT],
            "tune": [DATA],
            "train": [f"tune {model}"],
            EVALUATE: [f"train {name}" for name in self.models()],
            INTERPRET: [EVALUATE],
            REPORT: [INTERPRET],
        }[kind]

    def inputs(self, stage: str) -> dict[str, Plain]:
        """What goes into ``stage``, by names that a person understands."""
        settings, record = self.settings, self.record
        kind, _, model = stage.partition(" ")
        if kind == "tune":
            return {**_tune(model, settings, record), **_start(stage, settings, record, self.folder)}
        if kind == "train":
            return {**_train(model, settings, record), **_start(stage, settings, record, self.folder)}
        if stage == AUDIT:
            return _audit(settings, self.source())
        if stage == DATA:
            return _data(settings, record)
        if stage == EVALUATE:
            trained = {f"train {name}": record.output_digest(f"train {name}") for name in self.models()}
            counted = _masks(settings, "background")
            return {"data": _images(record), "project.seed": settings.project.seed, **trained, **counted}
        if stage == INTERPRET:
            given: dict[str, Plain] = {
                "evaluation": record.output_digest(EVALUATE),
                "way of interpreting": WAY_OF_INTERPRETING,
            }
            return {**given, "interpretation.cases": settings.interpretation.cases, **_masks(settings, "explain")}
        before = {name: record.output_digest(name) for name in record.manifest.stages if name != REPORT}
        return {**before, "settings": fingerprint(settings.model_dump(mode="json")), "language": language()}

    def of_training(self, model: str) -> dict[str, Plain]:
        """What every training of ``model`` depends on, beside its hyperparameters."""
        return _fit(model, self.settings, self.record)

    def status(self, stage: str) -> StageStatus:
        """How ``stage`` stands; it is not done while one that it builds on is not."""
        before = [name for name in self.before(stage) if not self.is_done(name)]
        waits = [say("project.waits", stage=title(name)) for name in before]
        reasons = waits or self.record.staleness(stage, self.inputs(stage))
        known = stage in self.record.manifest.stages
        return StageStatus(stage, "stale" if reasons and known else "to do" if reasons else "done", reasons)

    def is_done(self, stage: str) -> bool:
        """Whether ``stage`` and all before it are up to date."""
        return self.status(stage).state == "done"

    def require(self, stage: str) -> None:
        """Go on only if ``stage`` is up to date.

        Raises:
            CnnprojError: naming the first stage that is not, why, and what to run.
        """
        status = self.status(stage)
        if status.state == "done":
            return
        for name in self.before(stage):
            self.require(name)
        kind, _, model = stage.partition(" ")
        notebook = NOTEBOOKS.get(model or kind, say("project.your_notebook"))
        if self.settings.project.task == "segmentation":
            notebook = SEGMENTATION_NOTEBOOK
        reason = "; ".join(status.reasons[:3])
        raise CnnprojError("project.run_first", stage=title(stage), reason=reason, notebook=notebook)


def title(stage: str) -> str:
    """What people call ``stage``."""
    kind, _, model = stage.partition(" ")
    return say(f"project.stage.{kind}", model=model)


def _audit(settings: Settings, source: Source) -> dict[str, Plain]:
    found: dict[str, Plain] = {"images": source.fingerprint, "other files": fingerprint(source.passed_over)}
    return {**found, **settings_of_audit(settings)}


def settings_of_audit(settings: Settings) -> dict[str, Plain]:
    """What goes into the audit beside the user's files."""
    data = settings.data
    return {
        "data.size": f"{data.size[0]}×{data.size[1]}",
        "data.resize": data.resize,
        "data.color": data.color,
        "data.near_duplicates": data.near_duplicates,
        **({"data.ignore": data.ignore} if data.ignore is not None else {}),
        **_masks(settings, "classes", "colors"),
    }


def _masks(settings: Settings, *keys: str) -> dict[str, Plain]:
    """What project.toml says under ``keys`` of [segmentation]; nothing where images are classified."""
    if settings.project.task == "classification":
        return {}
    given = settings.segmentation.model_dump()
    return {f"segmentation.{key}": json.dumps(given[key], ensure_ascii=False) for key in keys}


def _data(settings: Settings, record: Run) -> dict[str, Plain]:
    data = settings.data
    return {
        "audit": record.output_digest(AUDIT),
        "data.fractions": " / ".join(f"{share:g}" for _, share in data.fractions),
        "data.group_pattern": data.group_pattern,
        "data.leaks": data.leaks,
        "data.train_limit": data.train_limit,
        "project.seed": settings.project.seed,
    }


def _images(record: Run) -> str:
    """One digest of the images and their parts: not of what else the stages before wrote about them."""
    from cnnproj.data.images import TABLE
    from cnnproj.data.store import PIXELS
    from cnnproj.segmentation.images import MASKS, PIXEL_CLASSES

    audit, data = (record.manifest.stages.get(stage) for stage in (AUDIT, DATA))
    outputs = {**(audit.outputs if audit else {}), **(data.outputs if data else {})}
    return fingerprint(
        {path: digest for path, digest in outputs.items() if path.endswith((PIXELS, TABLE, MASKS, PIXEL_CLASSES))}
    )


# Raised whenever the same settings come to give other trials or weights.
WAY_OF_TRAINING = 3
# Raised whenever the same network comes to be explained by other files.
WAY_OF_INTERPRETING = 2


def _fit(model: str, settings: Settings, record: Run) -> dict[str, Plain]:
    """What every training of ``model`` depends on."""
    network = networks(settings.project.task).get(model)
    recorded = record.manifest.stages.get(f"train {model}")
    return {
        "data": _images(record),
        # A student's own network is taken as recorded where the notebook that defines it is not running.
        "network": network.fingerprint if network else recorded.inputs["network"] if recorded else "",
        "project.seed": settings.project.seed,
        "training.threads": settings.training.threads,
        "way of training": WAY_OF_TRAINING,
        **{f"augmentation.{name}": str(value) for name, value in settings.augmentation.changed.items()},
        **{f"training.{name}": value for name, value in settings.training.changed.items()},
    }


def _start(stage: str, settings: Settings, record: Run, folder: Path | None) -> dict[str, Plain]:
    """Which weights a training starts from; those that are no longer there, or may not be looked at, as recorded."""
    model = stage.partition(" ")[2]
    network = networks(settings.project.task).get(model)
    if network is None or network.start is None:
        return {}
    from cnnproj.models.starting_weights import digest_of

    space = settings.space(model).get("weights")
    names = space.grid() if space else (network.defaults["weights"],)
    found = {str(name): digest_of(str(name), folder) for name in names}
    recorded = record.manifest.stages.get(stage)
    if recorded and None in found.values():
        return {"starting weights": recorded.inputs.get("starting weights", "")}
    return {"starting weights": fingerprint(found)}


def _tune(model: str, settings: Settings, record: Run) -> dict[str, Plain]:
    network = networks(settings.project.task).get(model)
    recorded = record.manifest.stages.get(f"tune {model}")
    if network:
        spaces = {**network.defaults, **settings.space(model)}
        tried: dict[str, Plain] = {f"models.{model}.{name}": str(value) for name, value in spaces.items()}
    else:
        inputs = recorded.inputs if recorded else {}
        tried = {key: value for key, value in inputs.items() if key.startswith(f"models.{model}.")}
    search = settings.search
    budget: dict[str, Plain] = {"search.trials": settings.trials, "search.epochs": settings.search_epochs}
    how: dict[str, Plain] = {"search.sampler": search.sampler, "search.pruning": search.pruning}
    return {**_fit(model, settings, record), **tried, **budget, **how, "search.repeats": search.repeats}


def _train(model: str, settings: Settings, record: Run) -> dict[str, Plain]:
    best = load_best(record.folder / "models" / model)
    chosen: dict[str, Plain] = {f"best {name}": value for name, value in best.items()}
    return {**_fit(model, settings, record), **chosen, "training.epochs": settings.training_epochs}
