"""What goes into each stage. A stage is done again when, and only when, one of its inputs here has changed."""

from __future__ import annotations

from collections.abc import Callable

from cnnproj.models import architectures
from cnnproj.run import Plain, Run, fingerprint
from cnnproj.settings import Settings
from cnnproj.tuning.tables import load_best
from cnnproj.words import language

DATA, EVALUATE, INTERPRET, REPORT = "data", "evaluate", "interpret", "report"


def stage_inputs(
    stage: str, settings: Settings, record: Run, models: list[str], source: Callable[[], str]
) -> dict[str, Plain]:
    """The inputs of ``stage``, by names that a person understands.

    Args:
        stage: ``data``, ``tune <model>``, ``train <model>``, ``evaluate``, ``interpret`` or ``report``.
        settings: of the project.
        record: of the run: the stages before this one, and what they wrote.
        models: all models of the project.
        source: gives the fingerprint of the user's images.
    """
    kind, _, model = stage.partition(" ")
    if kind == "tune":
        return _tune(model, settings, record)
    if kind == "train":
        return _train(model, settings, record)
    if stage == DATA:
        return _data(settings, source())
    if stage == EVALUATE:
        trained = {f"train {name}": record.output_digest(f"train {name}") for name in models}
        return {"data": record.output_digest(DATA), **trained}
    if stage == INTERPRET:
        return {"evaluation": record.output_digest(EVALUATE), "interpretation.cases": settings.interpretation.cases}
    before = {name: record.output_digest(name) for name in record.manifest.stages if name != REPORT}
    return {**before, "settings": fingerprint(settings.model_dump(mode="json")), "language": language()}


def _data(settings: Settings, source: str) -> dict[str, Plain]:
    data = settings.data
    return {
        "images": source,
        "data.size": f"{data.size[0]}×{data.size[1]}",
        "data.color": data.color,
        "data.fractions": " / ".join(f"{share:g}" for _, share in data.fractions),
        "data.train_limit": data.train_limit,
        "project.seed": settings.project.seed,
    }


def _fit(model: str, settings: Settings, record: Run) -> dict[str, Plain]:
    """What every training of ``model`` depends on."""
    network = architectures().get(model)
    recorded = record.manifest.stages.get(f"train {model}")
    return {
        "data": record.output_digest(DATA),
        # A student's own network is taken as recorded where the notebook that defines it is not running.
        "network": network.fingerprint if network else recorded.inputs["network"] if recorded else "",
        "project.seed": settings.project.seed,
        "training.threads": settings.training.threads,
        **{f"augmentation.{name}": str(value) for name, value in settings.augmentation.changed.items()},
    }


def _tune(model: str, settings: Settings, record: Run) -> dict[str, Plain]:
    network = architectures().get(model)
    recorded = record.manifest.stages.get(f"tune {model}")
    if network:
        spaces = {**network.defaults, **settings.space(model)}
        tried: dict[str, Plain] = {f"models.{model}.{name}": str(value) for name, value in spaces.items()}
    else:
        inputs = recorded.inputs if recorded else {}
        tried = {key: value for key, value in inputs.items() if key.startswith(f"models.{model}.")}
    budget: dict[str, Plain] = {"search.trials": settings.trials, "search.epochs": settings.search_epochs}
    return {**_fit(model, settings, record), **tried, **budget}


def _train(model: str, settings: Settings, record: Run) -> dict[str, Plain]:
    best = load_best(record.folder / "models" / model)
    chosen: dict[str, Plain] = {f"best {name}": value for name, value in best.items()}
    return {**_fit(model, settings, record), **chosen, "training.epochs": settings.training_epochs}
