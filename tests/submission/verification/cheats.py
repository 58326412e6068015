"""Ways to make a submission look better than it is. Each changes what it must in the members of an honest one.

A cheat is called with the members by path and changes them. ``seal`` then makes every digest fit again, in ``run.json``
and in the list of files, as somebody would who knows how a submission is built.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from cnnproj.run import Run
from cnnproj.settings import Settings
from cnnproj.stages import AUDIT, Stages

from ..conftest import listed

Members = dict[str, bytes]
Cheat = Callable[[Members], None]

SCORES, METRICS, RUN = "evaluation/scores.csv", "evaluation/metrics.csv", "run.json"
IMAGES, FOUND, DEALT = "data/images.csv", "data/found.csv", "data/dealt.json"
CASES, MAPS, METHODS = "interpretation/cases.csv", "interpretation/heatmaps.npy", "interpretation/methods.json"
REPORT = "report.html"


# What cheats work with ----------------------------------------------------------------------------------------------


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


# Scores and predictions ---------------------------------------------------------------------------------------------


def raise_the_score(members: Members) -> None:
    """A hundredth more, in every file that has it."""
    raise_everywhere(members, "scores", "accuracy")


def raise_everywhere(members: Members, record: str, score: str) -> None:
    """The ``score`` of the best model, in ``record`` of run.json and in the tables."""
    best = best_of(members)
    scores, metrics, run = table(members, SCORES), table(members, METRICS), read(members, RUN)
    value = run[record][best][score]
    better = value + 0.01 if value <= 0.99 else value - 0.01
    scores.loc[scores["model"] == best, score] = repr(better)
    metrics.loc[(metrics["model"] == best) & (metrics["metric"] == score), "value"] = repr(better)
    run[record][best][score] = better
    put(members, SCORES, scores)
    put(members, METRICS, metrics)
    write(members, RUN, run)


def raise_the_score_of_the_record(members: Members) -> None:
    run = read(members, RUN)
    run["scores"][best_of(members)]["log_loss"] /= 2
    write(members, RUN, run)


def narrow_the_interval(members: Members) -> None:
    scores = table(members, SCORES)
    scores.loc[0, "low"] = repr(float(scores.loc[0, "low"]) + 0.02)
    put(members, SCORES, scores)


def flip_a_prediction(members: Members) -> None:
    """The probabilities of two classes change places in one row, and the prediction with them."""
    path = f"evaluation/predictions_{best_of(members)}.csv"
    rows = table(members, path)
    columns = list(rows.columns[3:])
    order = np.argsort(rows.loc[0, columns].astype(float).to_numpy())
    first, second = columns[order[-1]], columns[order[-2]]
    rows.loc[0, [first, second]] = rows.loc[0, [second, first]].to_numpy()
    rows.loc[0, "predicted"] = second.removeprefix("p:")
    put(members, path, rows)


def call_it_otherwise(members: Members) -> None:
    """The prediction alone, its probabilities as they are."""
    path = f"evaluation/predictions_{best_of(members)}.csv"
    rows = table(members, path)
    rows.loc[0, "predicted"] = next(name for name in ("across", "down") if name != rows.loc[0, "predicted"])
    put(members, path, rows)


def leave_out_a_test_image(members: Members) -> None:
    for model in ("mlp", "compact_cnn", "deep_cnn", "majority_class", "logistic_regression"):
        path = f"evaluation/predictions_{model}.csv"
        put(members, path, table(members, path).iloc[1:])


def lower_the_majority(members: Members) -> None:
    path = "evaluation/predictions_majority_class.csv"
    rows = table(members, path)
    rows[["p:across", "p:down"]] = ["0.5", "0.1"]
    put(members, path, rows)


def lower_the_regression(members: Members) -> None:
    """The other classes change places, so that it is wrong where it was right."""
    path = "evaluation/predictions_logistic_regression.csv"
    rows = table(members, path)
    rows[["p:across", "p:down", "p:square"]] = rows[["p:down", "p:square", "p:across"]].to_numpy()
    rows["predicted"] = rows["predicted"].map({"down": "across", "square": "down", "across": "square"})
    put(members, path, rows)


def mend_the_confusion(members: Members) -> None:
    path = "evaluation/confusion.csv"
    matrix = table(members, path)
    for place, name in enumerate(matrix.columns[1:]):
        total = matrix.loc[place, list(matrix.columns[1:])].astype(int).sum()
        matrix.loc[place, list(matrix.columns[1:])] = "0"
        matrix.loc[place, name] = str(total)
    matrix.iloc[0, 1] = str(int(matrix.iloc[0, 1]) + 1)
    put(members, path, matrix)


def be_better_than_the_others(members: Members) -> None:
    path = "evaluation/comparisons.csv"
    rows = table(members, path)
    rows["verdict"], rows["p_corrected"] = "better", "0.001"
    put(members, path, rows)


def hide_the_worst_error(members: Members) -> None:
    path = "evaluation/classes.csv"
    rows = table(members, path)
    rows["recall"] = "1.0"
    put(members, path, rows.iloc[:-1])


# Networks and their training ----------------------------------------------------------------------------------------


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


# Images and parts ---------------------------------------------------------------------------------------------------


def _deal_out(members: Members, images: pd.DataFrame) -> None:
    put(members, IMAGES, images)
    dealt = read(members, DEALT)
    dealt["parts"] |= dict(zip(images["content"], images["split"], strict=True))
    write(members, DEALT, dealt)


def train_on_a_test_image(members: Members) -> None:
    images = table(members, IMAGES)
    images.loc[images.index[images["split"] == "test"][0], "split"] = "train"
    _deal_out(members, images)


def redraw_the_split(members: Members) -> None:
    """As many images of each class in each part, and others."""
    images = table(members, IMAGES)
    for _, rows in images.groupby("label"):
        images.loc[rows.index, "split"] = np.roll(rows["split"].to_numpy(), 1)
    _deal_out(members, images)


def deal_with_another_seed(members: Members) -> None:
    dealt = read(members, DEALT)
    dealt["identity"][2] += 1
    write(members, DEALT, dealt)


def deal_out_otherwise_than_recorded(members: Members) -> None:
    images = table(members, IMAGES)
    images.loc[images.index[images["split"] == "test"][0], "split"] = "train"
    put(members, IMAGES, images)


def put_a_test_image_into_training(members: Members) -> None:
    """Its pixels, under the name of a training image."""
    images, found = table(members, IMAGES), table(members, FOUND)
    test, train = (images.index[images["split"] == part][0] for part in ("test", "train"))
    content, name = images["content"][test], images["image"][train]
    for rows in (images, found):
        rows.loc[rows["image"] == name, "content"] = content
    put(members, IMAGES, images)
    put(members, FOUND, found)


def call_an_error_right(members: Members) -> None:
    """A test image gets the label that the network gives it, everywhere."""
    best, images, found = best_of(members), table(members, IMAGES), table(members, FOUND)
    given = table(members, f"evaluation/predictions_{best}.csv")
    wrong = given[given["label"] != given["predicted"]]
    row, label = wrong.iloc[0][["row", "predicted"]] if len(wrong) else (given["row"][0], "down")
    if not len(wrong):
        label = next(name for name in ("across", "down") if name != given["label"][0])
    for path, rows in ((IMAGES, images), (FOUND, found)):
        rows.loc[rows["row"] == row, "label"] = label
        put(members, path, rows)
    for model in ("mlp", "compact_cnn", "deep_cnn", "majority_class", "logistic_regression"):
        path = f"evaluation/predictions_{model}.csv"
        rows = table(members, path)
        rows.loc[rows["row"] == row, "label"] = label
        put(members, path, rows)


def count_a_hard_image_as_unreadable(members: Members) -> None:
    images, found = table(members, IMAGES), table(members, FOUND)
    name = images["image"][images.index[images["split"] == "test"][0]]
    broken = found[found["reason"] != ""].iloc[0]
    gaps = broken["gaps"].replace(broken["image"].split("/")[-1], name.split("/")[-1])
    rows = found["image"] == name
    found.loc[rows, ["content", "format", "mode", "notes"]] = ""
    found.loc[rows, ["width", "height", "row", "reason", "gaps"]] = ["0", "0", "-1", broken["reason"], gaps]
    images = images[images["image"] != name]
    gone = next(row for row in range(len(found)) if str(row) not in set(found["row"]))
    for path, left in ((FOUND, found), (IMAGES, images)):  # the pixels behind it move up
        row = left["row"].astype(int)
        put(members, path, left.assign(row=row - (row > gone)))


def list_images_that_were_not_found(members: Members) -> None:
    images = table(members, IMAGES)
    put(members, IMAGES, images[images["image"] != images["image"].iloc[0]])


# The ledger ---------------------------------------------------------------------------------------------------------


def hide_the_openings(members: Members) -> None:
    openings(members, lambda ledger: [one for one in ledger if one["purpose"] != "evaluation"])


def claim_more_test_images(members: Members) -> None:
    openings(members, lambda ledger: [{**one, "n": one["n"] * 10} for one in ledger])


def choose_again_after_looking(members: Members) -> None:
    """Not hidden: the ledger has an earlier opening for other weights."""
    openings(members, lambda ledger: [{**ledger[0], "models": {**ledger[0]["models"], "mlp": "0" * 64}}, *ledger])


# Heatmaps, report, files --------------------------------------------------------------------------------------------


def draw_a_heatmap_by_hand(members: Members) -> None:
    maps = np.load(io.BytesIO(members[MAPS]))
    maps[0, 0] = maps[0, 0][::-1, ::-1]
    maps[0, 0, :4, :4] = maps.max()
    file = io.BytesIO()
    np.save(file, maps)
    members[MAPS] = file.getvalue()


def show_prettier_cases(members: Members) -> None:
    cases = table(members, CASES)
    given = table(members, f"evaluation/predictions_{best_of(members)}.csv")
    images = table(members, IMAGES)
    row = next(one for one in given["row"] if one not in set(cases["row"]))
    cases.loc[0, ["row", "image"]] = [row, images.loc[images["row"] == row, "image"].iloc[0]]
    put(members, CASES, cases)


def replace_a_figure(members: Members) -> None:
    """By that of another network, in the folder and in the report."""
    old, new = members["figures/confusion.png"], members["figures/test_scores.png"]
    members["figures/confusion.png"] = new
    report = members[REPORT].decode()
    members[REPORT] = report.replace(base64.b64encode(old).decode(), base64.b64encode(new).decode()).encode()


def replace_a_figure_in_the_report(members: Members) -> None:
    old, new = members["figures/history_mlp.png"], members["figures/test_scores.png"]
    report = members[REPORT].decode()
    members[REPORT] = report.replace(base64.b64encode(old).decode(), base64.b64encode(new).decode()).encode()


def better_the_headline(members: Members) -> None:
    report = members[REPORT].decode()
    members[REPORT] = re.sub(r'(<p class="score">)[0-9.]+', r"\g<1>0.999", report, count=1).encode()


def add_a_sentence_to_the_report(members: Members) -> None:
    members[REPORT] = members[REPORT].replace(b"</main>", b"<p>All of this is new.</p></main>")


def train_longer_than_said(members: Members) -> None:
    """The settings afterwards, with the record of the settings."""
    members["project.toml"] = members["project.toml"].replace(b'budget = "smoke"', b'budget = "full"')


def report_on_another_name(members: Members) -> None:
    members["project.toml"] = members["project.toml"].replace(b'name = "tiny"', b'name = "mine"')
