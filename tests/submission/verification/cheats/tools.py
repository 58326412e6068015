"""What cheats work with: the members by path, and ``seal``."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from cnnproj.run import Run
from cnnproj.settings import Settings
from cnnproj.stages import AUDIT, Stages

from ...conftest import listed

Members = dict[str, bytes]
Cheat = Callable[[Members], None]

SCORES, METRICS, RUN = "evaluation/scores.csv", "evaluation/metrics.csv", "run.json"
IMAGES, FOUND, DEALT = "data/images.csv", "data/found.csv", "data/dealt.json"
CASES, MAPS, METHODS = "interpretation/cases.csv", "interpretation/heatmaps.npy", "interpretation/methods.json"
REPORT = "report.html"


def table(members: Members, path: str) -> pd.DataFrame:
    """The table at ``path``, every cell as the text that it is."""
    return pd.read_csv(io.BytesIO(members[path]), dtype=str, keep_default_na=False)


def put(members: Members, path: str, changed: pd.DataFrame) -> None:
    members[path] = changed.to_csv(index=False, lineterminator="\n").encode()


def read(members: Members, path: str) -> Any:
    return json.loads(members[path])


def write(members: Members, path: str, value: Any) -> None:
    members[path] = json.dumps(value, indent=2).encode()


def best_of(members: Members) -> str:
    return str(read(members, RUN)["best_model"])


def other_of(members: Members) -> str:
    return next(model for model in ("mlp", "compact_cnn", "deep_cnn") if model != best_of(members))


def recipe(members: Members, model: str, **changes: Any) -> None:
    path = f"models/{model}/recipe.json"
    write(members, path, {**read(members, path), **changes})


def openings(members: Members, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    run = read(members, RUN)
    write(members, RUN, {**run, "test_openings": change(run["test_openings"])})


def seal(members: Members, name: str = "tiny") -> Members:
    """Let every digest fit what it is of, and every stage be done with what there is."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for path, data in members.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        settings = Settings.model_validate(tomllib.loads(members["project.toml"].decode()))
        run = Run(folder)
        manifest = run.manifest
        names = [stage.removeprefix("train ") for stage in manifest.stages if stage.startswith("train ")]
        stages = Stages(settings, run, lambda: names, lambda: None)  # type: ignore[arg-type, return-value]
        for stage, record in manifest.stages.items():
            outputs = {
                path: hashlib.sha256(members[path]).hexdigest() if path in members else digest
                for path, digest in record.outputs.items()
            }
            done = run.manifest.stages
            run.update(stages={**done, stage: record.model_copy(update={"outputs": outputs})})
            if stage != AUDIT:
                now = run.manifest.stages[stage].model_copy(update={"inputs": stages.inputs(stage)})
                run.update(stages={**run.manifest.stages, stage: now})
        return listed({**members, RUN: (folder / RUN).read_bytes()}, name)
