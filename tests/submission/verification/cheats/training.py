"""Cheats on networks and their training."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import h5py
import pandas as pd

from .tools import METHODS, RUN, SCORES, Members, best_of, openings, other_of, put, read, recipe, table, write


def _nudge(members: Members, model: str) -> None:
    path = f"models/{model}/model.weights.h5"
    file = io.BytesIO(members[path])
    with h5py.File(file, "r+") as weights:
        arrays: list[h5py.Dataset] = []
        weights.visititems(lambda _, item: arrays.append(item) if isinstance(item, h5py.Dataset) else None)
        for array in arrays:
            array[...] = array[...] * 1.5 + 0.01
    members[path] = file.getvalue()


def hand_in_other_weights(members: Members) -> None:
    """The weights alone; the record keeps the digest of those that were measured."""
    _nudge(members, best_of(members))


def hand_in_other_weights_throughout(members: Members) -> None:
    """With their digest in the recipe and in the ledger."""
    import keras

    from cnnproj.files import digest_arrays
    from cnnproj.tasks import networks

    model = best_of(members)
    _nudge(members, model)
    known = read(members, f"models/{model}/recipe.json")
    architecture = {**networks("classification"), **networks("segmentation")}[model]
    network: keras.Model = architecture.build(tuple(known["shape"]), len(known["classes"]), known["hyperparameters"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.weights.h5")
        path.write_bytes(members[f"models/{model}/model.weights.h5"])
        network.load_weights(path)
    digest = digest_arrays(network.get_weights())
    recipe(members, model, weights_digest=digest)

    def change(ledger: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**one, "models": {**one["models"], model: digest}} for one in ledger]

    openings(members, change)


def claim_a_smaller_network(members: Members) -> None:
    model = best_of(members)
    recipe(members, model, parameters=read(members, f"models/{model}/recipe.json")["parameters"] // 2)


def claim_other_layers(members: Members) -> None:
    path = "models/mlp/layers.csv"
    rows = table(members, path)
    rows.loc[0, "kind"] = "Conv2D"
    put(members, path, rows)


def claim_another_seed(members: Members) -> None:
    recipe(members, best_of(members), seed=1)


def lengthen_the_history(members: Members) -> None:
    path = f"models/{best_of(members)}/history.csv"
    rows = table(members, path)
    put(members, path, pd.concat([rows, rows.tail(1).assign(epoch=str(len(rows) + 1))]))


def better_the_history(members: Members) -> None:
    """A validation accuracy that can be, in the history and in the recipe."""
    model = best_of(members)
    path, n = f"models/{model}/history.csv", len(table(members, f"models/{model}/validation.csv"))
    rows = table(members, path)
    right = round(float(rows["val_accuracy"].iloc[-1]) * n)
    better = (right + 2 if right + 2 <= n else right - 2) / n
    rows.loc[rows.index[-1], "val_accuracy"] = repr(better)
    put(members, path, rows)
    recipe(members, model, val_accuracy=better)


def better_the_history_carelessly(members: Members) -> None:
    model = best_of(members)
    path = f"models/{model}/history.csv"
    rows = table(members, path)
    rows.loc[rows.index[-1], "val_accuracy"] = "0.98765"
    put(members, path, rows)
    recipe(members, model, val_accuracy=0.98765)


def better_the_validation_loss(members: Members) -> None:
    model = best_of(members)
    path = f"models/{model}/history.csv"
    rows = table(members, path)
    rows.loc[rows.index[-1], "val_loss"] = "0.01"
    put(members, path, rows)
    recipe(members, model, val_loss=0.01)


def better_the_validation_predictions(members: Members) -> None:
    path = f"models/{best_of(members)}/validation.csv"
    rows = table(members, path)
    for place, label in enumerate(rows["label"]):
        rows.loc[place, list(rows.columns[3:])] = [
            "0.98" if name == f"p:{label}" else "0.01" for name in rows.columns[3:]
        ]
    rows["predicted"] = rows["label"]
    put(members, path, rows)


def choose_another_trial(members: Members) -> None:
    path = f"models/{best_of(members)}/trials.csv"
    rows = table(members, path)
    rows["best"] = rows["best"].map({"True": "False", "False": "True"})
    put(members, path, rows)


def leave_out_a_trial(members: Members) -> None:
    path = f"models/{best_of(members)}/trials.csv"
    rows = table(members, path)
    kept = rows[rows["best"] == "True"].assign(trial="1")
    put(members, path, kept)


def try_what_was_not_to_be_tried(members: Members) -> None:
    path = f"models/{best_of(members)}/trials.csv"
    rows = table(members, path)
    rows.loc[rows["best"] == "False", "learning_rate"] = "7.5"
    put(members, path, rows)


def train_with_other_hyperparameters(members: Members) -> None:
    model = best_of(members)
    path = f"models/{model}/best.json"
    best = {**read(members, path), "weight_decay": 0.5}
    write(members, path, best)
    recipe(members, model, hyperparameters=best)


def choose_by_the_test(members: Members) -> None:
    """Another network is the best one, wherever that is said."""
    other = other_of(members)
    scores = table(members, SCORES)
    scores["best"] = [str(name == other) for name in scores["model"]]
    put(members, SCORES, scores)
    write(members, RUN, {**read(members, RUN), "best_model": other})
    write(members, METHODS, {**read(members, METHODS), "model": other})
