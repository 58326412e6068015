"""A run in which as much as possible is unusual, and all of it honest."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from PIL import Image

from cnnproj import Choice, architecture
from cnnproj.models import forget
from cnnproj.project import Project

from ...conftest import pattern

SETTINGS = """
[project]
name = "tiny"
seed = 11
discussion = "All of it is unusual."

[[project.authors]]
name = "Grace Hopper"

[data]
source = "data/patterns"
size = [16, 16]
leaks = "keep"
train_limit = 50
fractions = { train = 0.6, validation = 0.2, test = 0.2 }

[augmentation]
noise = 3

[models.mlp]
optimizer = ["sgd", "adam"]
learning_rate = { low = 0.001, high = 0.05, log = true }
weight_decay = [0.0, 0.01]
units = 32

[search]
trials = 3
epochs = 2
repeats = 2
sampler = "random"

[training]
epochs = 6
patience = 1
balance = "class_weights"
schedule = "constant"

[interpretation]
cases = 3
"""


def own_dense(shape, classes, *, units=8):
    """A network of the student's own."""
    import keras
    from keras import layers

    return keras.Sequential(
        [keras.Input(shape), layers.Flatten(), layers.Dense(units, "tanh"), layers.Dense(classes, activation="softmax")]
    )


def unusual_project(folder: Path) -> Path:
    """A finished run: parts that the data brings, an image in two of them, images that came later, a network of the
    student's own, repeats, weights of classes, a search with conditions, and training that stops early."""
    for part, numbers in (("train", range(22)), ("test", range(22, 30))):
        for kind in ("across", "down", "square"):
            (folder / "data" / "patterns" / part / kind).mkdir(parents=True)
            for number in numbers:
                save(folder, part, kind, number)
    save(folder, "test", "down", 3)  # which is in training, too
    (folder / "project.toml").write_text(SETTINGS)
    Project.open(folder).prepare()
    for number in range(30, 40):
        save(folder, "train", "across", number)
    architecture(space={"units": Choice(4, 8)})(own_dense)
    try:
        project = Project.open(folder)
        project.prepare()
        for model in ("mlp", "own_dense"):
            project.tune(model)
            project.train(model)
        project.run(announce=lambda line: None)
    finally:
        forget("own_dense")
    return folder


def save(folder: Path, part: str, kind: str, number: int) -> None:
    """Save an image of a pattern."""
    Image.fromarray(pattern(kind, number)).save(folder / "data" / "patterns" / part / kind / f"{number:02d}.png")


def with_other_decoder(folder: Path, target: Path) -> Path:
    """A copy of the images in which every pixel may be a level off, as another decoder has it."""
    import numpy as np

    shutil.copytree(folder, target)
    for path in sorted(target.rglob("*.png")):
        pixels = np.asarray(Image.open(path)).astype(int)
        off = np.random.default_rng(len(path.name)).integers(-1, 2, pixels.shape)
        Image.fromarray(np.clip(pixels + off, 0, 255).astype(np.uint8)).save(path)
    return target


def deals_of(folder: Path) -> set[int]:
    """With which deals the images came."""
    dealt = json.loads((folder / "reports" / "tiny" / "data" / "dealt.json").read_text())
    return set(dealt["deals"].values())
