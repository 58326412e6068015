"""A search whose trainings take no time: what a setting is worth is computed, not trained.

    python -m tests.tuning.quick FOLDER TRIALS SECONDS [STORAGE]

runs one in a process of its own, each epoch taking SECONDS, and prints the trial's learning rate for each epoch.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import pandas as pd

from cnnproj.models import Choice, Range, Space, architectures
from cnnproj.settings import SearchTable, TrainingTable

SPACE: dict[str, Space] = {
    "learning_rate": Range(1e-3, 1e-1, log=True),
    "units": Choice(32, 64, 128),
    "optimizer": Choice("adamw", "sgd"),
    "momentum": Choice(0.5, 0.9),
}
IMAGES = SimpleNamespace(validation=range(1000), shape=(8, 8, 1))


def worth(chosen: Mapping[str, object], seed: int) -> float:
    """Between 0 and 1; best at a learning rate of 0.01 with 128 units."""
    rate = abs(math.log10(float(chosen["learning_rate"])) + 2)  # type: ignore[arg-type]
    units = {32: 0.1, 64: 0.05}.get(int(chosen["units"]), 0.0)  # type: ignore[call-overload]
    return 0.95 - 0.3 * rate - units - (chosen["optimizer"] == "sgd") * 0.05 + seed % 97 / 97_000


def quick_fit(seconds: float = 0.0, fail: Callable[[Mapping[str, object]], Exception | None] = lambda chosen: None):
    """In place of ``cnnproj.training.fit``."""

    def fit(network, images, chosen, *, epochs, seed, on_epoch, **_: object):
        rows = []
        if (error := fail(chosen)) is not None:
            raise error
        for epoch in range(1, epochs + 1):
            time.sleep(seconds)
            accuracy = worth(chosen, seed) * epoch / epochs
            rows.append({"epoch": epoch, "val_accuracy": accuracy, "val_loss": 1 - accuracy})
            on_epoch(rows[-1])
        return SimpleNamespace(best=pd.DataFrame(rows).iloc[-1])

    return fit


def quick_search(folder: Path, *, trials: int = 8, epochs: int = 7, identity="same", space=SPACE, **table: object):
    """Search; returns the table and the best hyperparameters."""
    import json

    from cnnproj.tuning.search import search
    from cnnproj.tuning.tables import load_trials

    said: list[str] = []
    search(
        architectures()["mlp"],
        space,
        IMAGES,  # type: ignore[arg-type]
        folder,
        table=SearchTable.model_validate(table),
        trials=trials,
        epochs=epochs,
        seed=5,
        augmentation={},
        training=TrainingTable(),
        identity=identity,
        announce=said.append,
    )
    return load_trials(folder), json.loads((folder / "best.json").read_text()), said


def main() -> None:
    """See above."""
    from cnnproj.tuning import search, study

    study.HEARTBEAT, study.GRACE, search.PATIENCE = 1, 3, 0.2
    folder, trials, seconds, *storage = sys.argv[1:]
    inner = quick_fit(float(seconds))

    def told(network, images, chosen, *, on_epoch, **how):
        def note(row):
            print(repr(chosen["learning_rate"]), flush=True)
            on_epoch(row)

        return inner(network, images, chosen, on_epoch=note, **how)

    search.fit = told
    quick_search(Path(folder), trials=int(trials), storage=storage[0] if storage else None)


if __name__ == "__main__":
    main()
