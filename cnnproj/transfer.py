"""The experiment of transfer learning, 2×2: with a pretrained backbone or a random one, fine-tuned or left as it is."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cnnproj.errors import CnnprojError
from cnnproj.files import replacing, write_table
from cnnproj.models import Architecture, Choice, Value, architectures
from cnnproj.models.backbones import OwnNetwork, find_backbone
from cnnproj.models.starting_weights import RANDOM
from cnnproj.progress import Progress
from cnnproj.run import Plain, Run, fingerprint
from cnnproj.settings import Settings, TrainingTable
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.data.images import Images
    from cnnproj.data.resizing import Resize

FOLDER, TABLE, FIGURE, PRETRAINED = "transfer", "cells.csv", "transfer.png", "pretrained"
# What is compared: whether the backbone begins pretrained, and whether it learns too; each with what it is called.
CELLS: Mapping[str, tuple[bool, bool]] = {
    "random_frozen": (False, False),
    "random_trained": (False, True),
    "pretrained_frozen": (True, False),
    "pretrained_trained": (True, True),
}


@dataclass(frozen=True)
class Experiment:
    """What came of the experiment.

    Attributes:
        table: a row for each of ``CELLS``: ``cell``, ``pretrained``, ``fine_tuned``, ``accuracy`` on the validation
            images, its 95 % Wilson interval ``low`` to ``high``, ``n`` (validation images), ``train`` (training
            images), ``epochs`` and ``seconds`` of training.
        backbone: what was transferred …
        weights: … and the weights that it began with, as in project.toml.
        chance: the accuracy of naming the most frequent class of the validation images every time.
        folder: where the table and the figure are.
    """

    table: pd.DataFrame
    backbone: str
    weights: str
    chance: float
    folder: Path


@dataclass(frozen=True)
class Conditions:
    """What all trainings of an experiment have in common.

    Attributes:
        epochs: of each.
        seed: of each, so that they begin alike and see the same batches.
        augmentation: arguments of ``ImageDataGenerator``.
        training: how each is trained.
        project: the folder that paths in hyperparameters start from.
        inputs: all else that a result depends on, by names that a person understands.
    """

    epochs: int
    seed: int
    augmentation: Mapping[str, object]
    training: TrainingTable
    project: Path
    inputs: Mapping[str, Plain]


def partition(
    images: Images, pretrain_on: Sequence[str], *, per_class: int | None, seed: int
) -> tuple[Images | None, Images]:
    """The images of the classes to pre-train on, if there are any, and those to transfer to.

    Args:
        images: of the project.
        pretrain_on: names of classes.
        per_class: how many training images of each class there are to transfer to, at most.
        seed: they are drawn by.

    Raises:
        CnnprojError: where there is no such class, or fewer than two are left on either side.
    """
    for label in pretrain_on:
        if label not in images.classes:
            raise CnnprojError("transfer.no_such_class", label=label, known=", ".join(images.classes))
    others = [label for label in images.classes if label not in pretrain_on]
    if pretrain_on and min(len(set(pretrain_on)), len(others)) < 2:
        raise CnnprojError("transfer.too_few_classes", n=len(set(pretrain_on)), left=len(others))
    known = images.of(pretrain_on) if pretrain_on else None
    return known, images.of(others, most=per_class, seed=seed)


def experiment_hyperparameters(
    settings: Settings, backbone: str | None = None, weights: str | None = None
) -> dict[str, Value]:
    """Those of ``[models.transfer]`` that are fixed there, else the defaults; and what is given here before them.

    A network of cnnproj's own has its own learning rate, from scratch and in transfer: what is compared is all else.
    """
    defaults = architectures()["transfer"].defaults
    fixed = {
        name: space.values[0]
        for name, space in settings.models.get("transfer", {}).items()
        if isinstance(space, Choice) and len(space.values) == 1
    }
    given = {"backbone": backbone, "weights": weights}
    chosen = {**defaults, **fixed, **{name: value for name, value in given.items() if value is not None}}
    found = find_backbone(str(chosen["backbone"]))
    if isinstance(found, OwnNetwork) and "learning_rate" not in fixed:
        chosen["learning_rate"] = found.network.defaults["learning_rate"]
    return chosen


def pretrain(name: str, images: Images, folder: Path, conditions: Conditions, resize: Resize) -> Path:
    """Train the backbone that is called ``name`` on ``images`` from random weights. Returns where it is kept.

    Nothing is done again that was done before with the same images and settings. The weights kept are those of the
    epoch that does best on the validation part of ``images``.
    """
    from cnnproj.recipe import save
    from cnnproj.training import fit, summary_line

    network, chosen = _alone(name)
    inputs = {**conditions.inputs, **_digested(network, chosen, images, conditions)}
    target = folder / PRETRAINED

    def work() -> list[Path]:
        with Progress(say("progress.pretraining", model=network.name), conditions.epochs) as bar:
            result = fit(
                network,
                images,
                chosen,
                epochs=conditions.epochs,
                seed=conditions.seed,
                augmentation=conditions.augmentation,
                training=conditions.training,
                on_epoch=lambda row: bar.advance(1, note=summary_line(row)),
            )
        return save(
            target,
            result,
            images.validation,
            model=network.name,
            summary=network.summary,
            ours=True,
            resize=resize,
            hyperparameters=chosen,
            epochs=conditions.epochs,
            seed=conditions.seed,
        )

    Run(folder).complete(PRETRAINED, inputs, work)
    return target


def _alone(name: str) -> tuple[Architecture, dict[str, Value]]:
    """The network that a backbone is to be pretrained as, and its hyperparameters."""
    backbone = find_backbone(name)
    if isinstance(backbone, OwnNetwork):
        return backbone.network, {**backbone.network.defaults, **backbone.chosen}
    network = architectures()["transfer"]
    return network, {**network.defaults, "backbone": name, "weights": RANDOM}


def experiment(
    images: Images, hyperparameters: Mapping[str, Value], folder: Path, conditions: Conditions
) -> Experiment:
    """Train the network ``transfer`` in all four ways for the same number of epochs, and measure each.

    It is measured on the validation images, with the weights of the last epoch: nothing was chosen on these images, so
    the comparison is as good as one on test images, and the test part stays closed. A way that was tried before, with
    the same images and settings, is not tried again.

    Args:
        images: trained on the first part, measured on the second.
        hyperparameters: of ``transfer``; its ``weights`` are those of the pretrained backbone.
        folder: where the results are kept.
        conditions: of all four trainings.

    Raises:
        CnnprojError: where there are no such weights.
    """
    if hyperparameters["weights"] == RANDOM:
        raise CnnprojError("transfer.nothing_pretrained")
    network, record = architectures()["transfer"], Run(folder)
    network.begin(
        network.build(images.shape, len(images.classes), hyperparameters), hyperparameters, conditions.project
    )
    with Progress(say("progress.transfer"), len(CELLS) * conditions.epochs) as bar:
        for done, name in enumerate(CELLS, start=1):
            chosen = _hyperparameters(name, hyperparameters)
            inputs = {**conditions.inputs, **_digested(network, chosen, images, conditions)}
            record.complete(name, inputs, partial(_try, name, chosen, images, record, conditions, bar))
            bar.advance(done * conditions.epochs - bar.done)
    return _together(images, hyperparameters, record, conditions)


def _hyperparameters(cell: str, given: Mapping[str, Value]) -> dict[str, Value]:
    """Those of one way: all that differs is what the backbone begins with, and whether it learns."""
    pretrained, fine_tuned = CELLS[cell]
    chosen = {**given, "weights": given["weights"] if pretrained else RANDOM}
    if not fine_tuned:
        return {**chosen, "frozen": 1.0}
    usual = architectures()["transfer"].defaults["frozen"]
    return {**chosen, "frozen": given["frozen"] if float(given["frozen"]) < 1 else usual}


def _try(
    cell: str, chosen: Mapping[str, Value], images: Images, record: Run, conditions: Conditions, bar: Progress
) -> Sequence[Path]:
    """Train in one way; writes the history, and what the network says of each validation image in the end."""
    from cnnproj.inference import predict
    from cnnproj.recipe import prediction_table
    from cnnproj.training import fit, summary_line

    begun = time.perf_counter()
    result = fit(
        architectures()["transfer"],
        images,
        chosen,
        epochs=conditions.epochs,
        seed=conditions.seed,
        augmentation=conditions.augmentation,
        training=conditions.training.model_copy(update={"patience": None}),
        folder=conditions.project,
        on_epoch=lambda row: bar.advance(1, note=f"{say(f'transfer.cell.{cell}')} · {summary_line(row)}"),
    )
    seconds = time.perf_counter() - begun
    result.model.set_weights(result.last)
    said = predict(result.model, images.validation)
    files = [record.folder / f"{kind}_{cell}.csv" for kind in ("history", "validation")]
    write_table(files[0], result.history.assign(total=round(seconds, 2)))
    write_table(files[1], prediction_table(said, images.validation))
    return files


def _together(images: Images, hyperparameters: Mapping[str, Value], record: Run, conditions: Conditions) -> Experiment:
    from cnnproj.evaluation.evaluate import groups_of
    from cnnproj.evaluation.intervals import wilson
    from cnnproj.reporting import figures

    groups = groups_of(images.table, images.validation)
    rows = []
    for name, (pretrained, fine_tuned) in CELLS.items():
        said = pd.read_csv(record.folder / f"validation_{name}.csv", dtype=str, keep_default_na=False)
        right = (said["label"] == said["predicted"]).to_numpy()
        low, high, _ = wilson(right, groups)
        history = pd.read_csv(record.folder / f"history_{name}.csv")
        row = {"cell": name, "pretrained": pretrained, "fine_tuned": fine_tuned, "accuracy": float(right.mean())}
        row |= {"low": low, "high": high, "n": len(right), "train": len(images.train), "epochs": conditions.epochs}
        rows.append({**row, "seconds": float(history["total"].iloc[0])})
    table = pd.DataFrame(rows)
    chance = float(said["label"].value_counts(normalize=True).iloc[0])
    names = str(hyperparameters["backbone"]), str(hyperparameters["weights"])
    found = Experiment(table, *names, chance, record.folder)
    write_table(record.folder / TABLE, table)
    with replacing(record.folder / FIGURE) as file:
        file.write_bytes(figures.transfer(found).png())
    return found


def _digested(
    network: Architecture, chosen: Mapping[str, Value], images: Images, conditions: Conditions
) -> dict[str, Plain]:
    """What a training is made of beside ``conditions.inputs``."""
    from cnnproj.models.starting_weights import digest_of

    parts = {part.name: [part.rows.tolist(), part.labels.tolist()] for part in (images.train, images.validation)}
    start = digest_of(str(chosen["weights"]), conditions.project) if network.start else ""
    return {
        "images": fingerprint([parts, list(images.classes), list(images.shape)]),
        "network": network.fingerprint,
        "starting weights": start,
        "epochs": conditions.epochs,
        "seed": conditions.seed,
        **chosen,
    }
