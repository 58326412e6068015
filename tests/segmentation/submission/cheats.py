"""Ways to make a segmentation look better than it is: see ``tests.submission.verification.cheats``."""

from __future__ import annotations

import base64
import io
import re

import numpy as np

from ...submission.verification.cheats.scores import raise_everywhere
from ...submission.verification.cheats.tools import (
    CASES,
    MAPS,
    RUN,
    SCORES,
    Members,
    best_of,
    put,
    read,
    recipe,
    table,
    write,
)

KNOWN = "interpretation/known.json"
IMAGES = "evaluation/images.csv"


def other_of(members: Members) -> str:
    return next(model for model in ("unet", "segnet") if model != best_of(members))


def masks_of(members: Members, model: str) -> np.ndarray:
    return np.load(io.BytesIO(members[f"evaluation/predicted_{model}.npy"]))


def put_array(members: Members, path: str, array: np.ndarray) -> None:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    members[path] = file.getvalue()


def put_masks(members: Members, model: str, masks: np.ndarray) -> None:
    put_array(members, f"evaluation/predicted_{model}.npy", masks)


# Scores and predictions ---------------------------------------------------------------------------------------------


def raise_the_score(members: Members) -> None:
    """A hundredth more, in every file that has it."""
    raise_everywhere(members, "dice", "dice")


def raise_the_score_of_the_record(members: Members) -> None:
    run = read(members, RUN)
    run["dice"][other_of(members)]["pixel_accuracy"] /= 2
    write(members, RUN, run)


def narrow_the_interval(members: Members) -> None:
    scores = table(members, SCORES)
    scores.loc[0, "low"] = repr(float(scores.loc[0, "low"]) + 0.002)
    put(members, SCORES, scores)


def better_a_class(members: Members) -> None:
    path = "evaluation/classes.csv"
    rows = table(members, path)
    rows.loc[1, "iou"] = repr(float(rows.loc[1, "iou"]) + 0.01)
    put(members, path, rows)


def better_an_image(members: Members) -> None:
    rows = table(members, IMAGES)
    rows.loc[2, "pixel_accuracy"] = repr(min(1.0, float(rows.loc[2, "pixel_accuracy"]) + 0.01))
    put(members, IMAGES, rows)


def be_better_than_the_other(members: Members) -> None:
    path = "evaluation/comparisons.csv"
    rows = table(members, path)
    rows["difference"] = repr(float(rows.loc[0, "difference"]) + 0.1)
    put(members, path, rows)


def flip_a_pixel(members: Members) -> None:
    """One of all."""
    masks = masks_of(members, best_of(members))
    masks[1, 5, 7] = (masks[1, 5, 7] + 1) % 3
    put_masks(members, best_of(members), masks)


def leave_out_a_test_image(members: Members) -> None:
    for model in ("unet", "segnet"):
        put_masks(members, model, masks_of(members, model)[1:])


def call_the_masks_of_the_other_its_own(members: Members) -> None:
    put_masks(members, best_of(members), masks_of(members, other_of(members)))


# Networks and their training ----------------------------------------------------------------------------------------


def hand_in_the_weights_of_another_network(members: Members) -> None:
    paths = [f"models/{model}/model.weights.h5" for model in (best_of(members), other_of(members))]
    members[paths[0]] = members[paths[1]]


def better_the_history(members: Members) -> None:
    """A validation Dice that can be, in the history and in the recipe."""
    model = best_of(members)
    path = f"models/{model}/history.csv"
    rows = table(members, path)
    better = float(rows["val_dice"].iloc[-1]) + 0.01
    rows.loc[rows.index[-1], "val_dice"] = repr(better)
    put(members, path, rows)
    recipe(members, model, val_dice=better)


def choose_by_the_test(members: Members) -> None:
    """Another network is the best one, wherever that is said."""
    other = other_of(members)
    scores = table(members, SCORES)
    scores["best"] = [str(name == other) for name in scores["model"]]
    put(members, SCORES, scores)
    write(members, RUN, {**read(members, RUN), "best_model": other})
    write(members, KNOWN, {**read(members, KNOWN), "model": other})


# Cases, heatmaps, report --------------------------------------------------------------------------------------------


def draw_a_heatmap_by_hand(members: Members) -> None:
    maps = np.load(io.BytesIO(members[MAPS]))
    maps[0, :8, :8] = maps.max() + 1
    put_array(members, MAPS, maps)


def show_prettier_cases(members: Members) -> None:
    known, cases = read(members, KNOWN), table(members, CASES)
    write(members, KNOWN, {**known, "positions": known["positions"][::-1]})
    put(members, CASES, cases.iloc[::-1])


def say_that_it_looks_at_the_object(members: Members) -> None:
    cases = table(members, CASES)
    cases["on_class"] = "0.987"
    put(members, CASES, cases)


def better_the_headline(members: Members) -> None:
    report = members["report.html"].decode()
    members["report.html"] = re.sub(r'(<p class="score">)[0-9.]+', r"\g<1>0.999", report, count=1).encode()


def replace_a_figure(members: Members) -> None:
    """By another one, in the folder and in the report."""
    old, new = members["figures/image_dice.png"], members["figures/class_dice.png"]
    members["figures/image_dice.png"] = new
    report = members["report.html"].decode()
    members["report.html"] = report.replace(base64.b64encode(old).decode(), base64.b64encode(new).decode()).encode()
