"""Cheats on images, parts, and the ledger of the test part."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .tools import DEALT, FOUND, IMAGES, Members, best_of, openings, put, read, table, write


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


def hide_the_openings(members: Members) -> None:
    openings(members, lambda ledger: [one for one in ledger if one["purpose"] != "evaluation"])


def claim_more_test_images(members: Members) -> None:
    openings(members, lambda ledger: [{**one, "n": one["n"] * 10} for one in ledger])


def choose_again_after_looking(members: Members) -> None:
    """Not hidden: the ledger has an earlier opening for other weights."""
    openings(members, lambda ledger: [{**ledger[0], "models": {**ledger[0]["models"], "mlp": "0" * 64}}, *ledger])
