"""Evidence made up: a training that went well, of which a test changes what it is about."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from cnnproj.diagnosis.evidence import Evidence
from cnnproj.diagnosis.probe import Input, LayerState, Machine, Probe, Snapshot
from cnnproj.models import architectures
from cnnproj.settings import Settings

CLASSES = [f"class {number}" for number in range(10)]
LAYERS = ("conv_1", "conv_2", "probabilities")


def layer(name: str = "conv_1", **changes: Any) -> LayerState:
    known = {"kind": "Conv2D", "units": 16, "fan_in": 200, "weights": 0.1, "gradient": 0.01, "alike": False}
    known |= {"dead": 0.0, "normalised": False, "moved": 0.0}
    return LayerState(layer=name, **{**known, **changes})


def snapshot(**changes: Any) -> Snapshot:
    """Of three layers; ``layers`` changes all of them alike, ``first`` the first."""
    of_all, of_first = changes.pop("layers", {}), changes.pop("first", {})
    accuracy = changes.get("accuracy", 0.1)
    layers = [layer(name, **of_all) for name in LAYERS]
    layers[0] = layer(LAYERS[0], **{**of_all, **of_first})
    return Snapshot(
        **{
            "loss": 2.3,
            "accuracy": 0.1,
            "skill": (accuracy - 0.1) / 0.9,
            "layers": tuple(layers),
            **changes,
        }
    )


def history(**columns: Any) -> pd.DataFrame:
    """Twelve epochs that go well, or as many as the columns given have."""
    epochs = np.arange(1, 1 + max([len(column) for column in columns.values() if not np.isscalar(column)] or [12]))
    table = pd.DataFrame({"epoch": epochs, "loss": 0.05 + 2.2 * np.exp(-epochs / 2)})
    table = table.assign(accuracy=0.98 - 0.9 * np.exp(-epochs / 2), val_loss=table["loss"] + 0.02)
    table = table.assign(val_accuracy=0.97 - 0.9 * np.exp(-epochs / 2), seconds=1.0, waited=0.01)
    return table.assign(**columns)


def probe(**changes: Any) -> Probe:
    known = {
        "images": 512,
        "input": Input(layer="conv_1", mean=0.3, deviation=0.3, lowest=0.0, highest=1.0),
        "outputs": (1.0, 1.0, 0.05),
        "chance_loss": 2.3,
        "before": snapshot(),
        "after": snapshot(loss=0.06, accuracy=0.99, layers={"moved": 1.0}),
        "neighbours": 0.9,
        "neighbours_by_chance": 0.0 if changes.get("neighbours", 0.9) > 0.2 else 0.3,
        "machine": Machine(cores=2, gpus=(), idle_card=""),
    }
    return Probe(**{**known, **changes})


def confusion(recalls: Sequence[float], each: int = 20) -> np.ndarray:
    """Of so many images of each class the share of ``recalls`` is right; the others are taken for the next class."""
    right = np.rint(np.array(recalls) * each).astype(int)
    return np.diag(right) + np.roll(np.diag(each - right), 1, axis=1)


def evidence(**changes: Any) -> Evidence:
    """Of ``compact_cnn``; ``settings`` and ``hyperparameters`` are put in place of the defaults."""
    chosen = {**architectures()["compact_cnn"].defaults, **changes.pop("hyperparameters", {})}
    settings = Settings.model_validate(changes.pop("settings", {}))
    made = Evidence(
        model="compact_cnn",
        ours=True,
        hyperparameters=chosen,
        epochs=12,
        history=history(),
        diverged=None,
        best_epoch=12,
        probe=probe(),
        train=pd.Series(60, CLASSES),
        validation=pd.Series(20, CLASSES),
        confusion=confusion([0.95] * 10),
        settings=settings,
    )
    reached = float(changes["history"]["val_accuracy"].max()) if len(changes.get("history", [])) else 0.95
    made = replace(made, **{"confusion": confusion([reached] * 10), **changes})
    if made.best_epoch is not None:
        return replace(made, best_epoch=min(made.best_epoch, len(made.history)), epochs=max(made.epochs, 1))
    return made


def hopeless(**changes: Any) -> Evidence:
    """The same, where nothing was learned: guessing would do as well."""
    flat = {"loss": [2.3] * 12, "accuracy": 0.1, "val_loss": 2.3, "val_accuracy": 0.1}
    told = {"history": history(**flat), "probe": probe(after=snapshot(layers={"moved": 1.0}))}
    return evidence(**{**told, "confusion": confusion([0.1] * 10), **changes})
