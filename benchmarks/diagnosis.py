"""How often a diagnosis names what is wrong with trainings that were spoilt on purpose, and leaves good ones alone.

    python benchmarks/diagnosis.py                 # 16 things that go wrong and ten good trainings, 5 seeds each
    python benchmarks/diagnosis.py --seeds 0 1     # some of those that the thresholds were set on

Small images (the embedded digits at 16×16, drawn shapes at 24×24), networks of a second or so, each spoilt in one way;
most kinds have two or three variants that take turns with the seed. The seed also draws the images, their parts, the
weights and the batches. "no_gpu" alone is made up in part: the seconds of its history are multiplied.

One table: how often the right name comes first, how often it is among the findings of severity warning or more, and
what came first otherwise. Then the good trainings: a severe finding there is a mistake. `--smoke` tries two kinds and
two good trainings on one seed.
"""

import argparse
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

SEEDS = (7, 8, 9, 10, 11)  # the thresholds were set on 0 to 6
SMOKE = ("learning_rate_too_high", "shuffled_labels")
CLASSES = tuple("0123456789")


@dataclass(frozen=True)
class Spoilt:
    """One training: on which images, of which network, how."""

    network: str
    data: str = "digits"
    epochs: int = 10
    chosen: dict[str, Any] = field(default_factory=dict)
    augmentation: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    slower: float = 1.0  # what its seconds are multiplied by


def networks() -> None:
    """Register the networks: what students write, good ones and bad ones."""
    import keras
    from keras import layers

    from cnnproj import architecture

    def classifier(shape, classes, hidden, last="softmax", **options):
        return keras.Sequential([keras.Input(shape), *hidden, layers.Dense(classes, activation=last, **options)])

    def cnn(shape, classes, first=(), last="softmax", **options):
        options = {"activation": "relu", **options}
        stages = [layers.Conv2D(12, 3, **options), layers.MaxPooling2D(), layers.Conv2D(24, 3, **options)]
        dense = [layers.MaxPooling2D(), layers.Flatten(), layers.Dense(48, **options)]
        return classifier(shape, classes, [*first, *stages, *dense], last)

    def stack(shape, classes, depth, width=48, **options):
        return classifier(shape, classes, [layers.Flatten(), *(layers.Dense(width, **options) for _ in range(depth))])

    @architecture(space={})
    def lenet(shape, classes, *, activation="relu"):
        """Convolutions without normalisation."""
        return cnn(shape, classes, activation=activation)

    @architecture(space={})
    def dense(shape, classes, *, units=96, depth=1):
        """A plain MLP."""
        return stack(shape, classes, depth, units, activation="relu")

    @architecture(space={})
    def deep_dense(shape, classes, *, activation="sigmoid", depth=8, scale=1.0):
        """Many dense layers."""
        spread = keras.initializers.VarianceScaling(scale)
        return stack(shape, classes, depth, 48, activation=activation, kernel_initializer=spread)

    @architecture(space={})
    def thin(shape, classes, *, side=2, dropout=0.0):
        """Too little to tell classes by."""
        pool = layers.AveragePooling2D(shape[0] // side)
        return classifier(shape, classes, [pool, layers.Flatten(), layers.Dropout(dropout)])

    @architecture(space={})
    def biased(shape, classes, *, bias=-3.0):
        """Units that begin below zero."""
        return cnn(shape, classes, bias_initializer=keras.initializers.Constant(bias))

    @architecture(space={})
    def stretched(shape, classes, *, factor=255.0, offset=0.0, activation="relu"):
        """Images of 0 to 255, or far from 0."""
        return cnn(shape, classes, [layers.Rescaling(factor, offset=offset)], activation=activation)

    @architecture(space={})
    def begun(shape, classes, *, initializer="zeros", deviation=0.0):
        """Weights that begin badly."""
        start = keras.initializers.RandomNormal(stddev=deviation) if deviation else initializer
        return cnn(shape, classes, kernel_initializer=start)

    @architecture(space={})
    def scores(shape, classes, *, units=48):
        """It ends without a softmax."""
        return classifier(shape, classes, [layers.Flatten(), layers.Dense(units, activation="relu")], last=None)


SGD = {"optimizer": "sgd", "momentum": 0.9}
VARIED = {"rotation_range": 10.0, "width_shift_range": 0.08, "height_shift_range": 0.08}
HEAVY = {
    **VARIED,
    "zoom_range": 0.2,
    "shear_range": 20.0,
    "noise": 20.0,
    "hue": 20.0,
    "saturation": 0.5,
    "contrast": 0.5,
}

# What is wrong → the ways in which it was done, which take turns with the seed.
SPOILT: dict[str, tuple[Spoilt, ...]] = {
    "learning_rate_too_high": (
        Spoilt("lenet", chosen={"learning_rate": 0.3}),
        Spoilt("lenet", chosen={**SGD, "learning_rate": 2.0}),
        Spoilt("compact_cnn", chosen={"learning_rate": 5.0, "filters": 8}),
    ),
    "learning_rate_too_low": (
        Spoilt("lenet", chosen={"learning_rate": 1e-5}),
        Spoilt("dense", chosen={**SGD, "learning_rate": 1e-5}),
        Spoilt("compact_cnn", chosen={"learning_rate": 3e-6, "filters": 8}),
    ),
    "overfitting": (
        Spoilt("dense", "noisy", epochs=40, chosen={"learning_rate": 3e-3, "units": 256}),
        Spoilt("mlp", "noisy", epochs=40, chosen={"dropout": 0.0, "learning_rate": 3e-3}),
    ),
    "underfitting": (
        Spoilt("thin", epochs=20),
        Spoilt("mlp", epochs=15, chosen={"units": 16, "dropout": 0.9}),
        Spoilt("compact_cnn", epochs=15, chosen={"filters": 1, "learning_rate": 1e-2}),
    ),
    "vanishing_gradients": (
        Spoilt("deep_dense", chosen={"learning_rate": 3e-3}),
        Spoilt("deep_dense", chosen={**SGD, "learning_rate": 0.01, "depth": 6}),
        Spoilt("deep_dense", chosen={**SGD, "activation": "tanh", "scale": 0.05, "learning_rate": 0.01}),
    ),
    "exploding_gradients": (
        Spoilt("deep_dense", chosen={**SGD, "activation": "relu", "scale": 8.0, "depth": 12, "learning_rate": 0.01}),
        Spoilt("deep_dense", chosen={**SGD, "activation": "linear", "scale": 4.0, "depth": 10, "learning_rate": 0.01}),
    ),
    "dead_relus": (
        Spoilt("biased", chosen={"learning_rate": 1e-3}),
        Spoilt("biased", chosen={**SGD, "learning_rate": 0.01, "bias": -1.0}),
    ),
    "unnormalised_input": (
        Spoilt("stretched", chosen={**SGD, "learning_rate": 0.01}),
        Spoilt("lenet", "dark", chosen={**SGD, "learning_rate": 0.01}),
        Spoilt("stretched", chosen={**SGD, "factor": 1.0, "offset": 100.0, "learning_rate": 0.01}),
    ),
    "bad_initialisation": (
        Spoilt("begun", chosen={"learning_rate": 1e-3}),
        Spoilt("begun", chosen={**SGD, "deviation": 3.0, "learning_rate": 0.01}),
        Spoilt("begun", chosen={**SGD, "deviation": 1e-4, "learning_rate": 0.01}),
    ),
    "wrong_loss": (
        Spoilt("lenet", chosen={"loss": "mean_absolute_error", "learning_rate": 1e-3}),
        Spoilt("scores", chosen={"learning_rate": 1e-3}),
        Spoilt("lenet", chosen={**SGD, "loss": "mean_squared_error", "learning_rate": 0.01}),
    ),
    "class_imbalance": (
        Spoilt("lenet", "uneven", chosen={"learning_rate": 3e-3}),
        Spoilt("compact_cnn", "uneven", chosen={"filters": 8}),
    ),
    "too_little_data": (
        Spoilt("dense", "few", epochs=30, chosen={"learning_rate": 3e-3, "batch_size": 16}),
        Spoilt("compact_cnn", "few", epochs=30, chosen={"filters": 8, "batch_size": 16}),
    ),
    "shuffled_labels": (
        Spoilt("dense", "shuffled", epochs=40, chosen={"learning_rate": 3e-3, "units": 256}),
        Spoilt("compact_cnn", "shuffled", epochs=12, chosen={"filters": 8}),
        Spoilt("lenet", "shuffled", epochs=12, chosen={"learning_rate": 3e-3}),
    ),
    "waiting_for_data": (Spoilt("thin", "large", epochs=10, chosen={"side": 8}, augmentation=HEAVY),),
    "no_gpu": (Spoilt("lenet", epochs=6, chosen={"learning_rate": 3e-3}, slower=2000.0),),
    "stopped_early": (
        Spoilt("lenet", epochs=3, chosen={"learning_rate": 7e-4}, training={"schedule": "constant"}),
        Spoilt("dense", epochs=5, chosen={"learning_rate": 3e-4}, training={"schedule": "constant"}),
    ),
}
GOOD = (
    Spoilt("mlp", augmentation=VARIED),
    Spoilt("compact_cnn", augmentation=VARIED),
    Spoilt("deep_cnn", chosen={"filters": 8}, augmentation=VARIED),
    Spoilt("compact_cnn", "shapes", epochs=15),
    Spoilt("deep_cnn", "shapes", epochs=25, chosen={"filters": 8}),
    Spoilt("lenet", epochs=15, chosen={"learning_rate": 3e-3}),
    Spoilt("lenet", epochs=15, chosen={**SGD, "activation": "tanh", "learning_rate": 0.05}),
    Spoilt("dense", epochs=15, chosen={"learning_rate": 3e-3}),
    Spoilt("compact_cnn", "noisy", epochs=15, augmentation=VARIED),
    Spoilt("mlp", "uneven", training={"balance": "class_weights"}),
)


def draw(name: str, seed: int) -> tuple[np.ndarray, np.ndarray, list[int], tuple[str, ...]]:
    """Pixels, uint8 (n, height, width, channels), labels, how many of each class are for training, and the classes."""
    import cv2
    from sklearn.datasets import load_digits

    draw = np.random.default_rng(seed)
    if name == "shapes":
        from cnnproj.data.sources.shapes import open_shapes

        source = open_shapes(seed)
        scenes = [cv2.resize(source.read(row).pixels, (24, 24), interpolation=cv2.INTER_AREA) for row in range(1200)]
        codes = np.array([list(source.classes).index(label) for label in source.table["label"]])
        return np.stack(scenes), codes, [200] * 4, tuple(source.classes)
    given = load_digits()
    order = draw.permutation(len(given.images))
    side = 96 if name == "large" else 16
    pixels = np.stack([cv2.resize(one, (side, side)) for one in given.images[order]])[..., None] * 15.0
    labels, counts = given.target[order], [70] * 10
    match name:
        case "noisy":
            pixels += draw.normal(0, 90, pixels.shape)
            counts = [40] * 10
        case "dark":
            pixels /= 80
        case "uneven":
            counts = [90] * 5 + [4] * 5
        case "few":
            pixels += draw.normal(0, 60, pixels.shape)
            counts = [4] * 10
        case "shuffled":
            labels = draw.permutation(labels)
        case "large":
            pixels, counts = np.repeat(pixels, 3, axis=-1), [60] * 10
    return np.clip(pixels, 0, 255).astype(np.uint8), labels, counts, CLASSES


def deal(name: str, seed: int, folder: Path):
    """The images in their parts, without a project around them."""
    import pandas as pd

    from cnnproj.data.audit import STORE, Audit
    from cnnproj.data.images import Images
    from cnnproj.data.store import PIXELS

    pixels, labels, counts, classes = draw(name, seed)
    rows = []
    for label, count in enumerate(counts):
        places = np.flatnonzero(labels == label)
        parts = ["train"] * count + ["validation"] * 50
        rows += [{"label": classes[label], "split": part, "row": row} for part, row in zip(parts, places, strict=False)]
    (folder / STORE).mkdir(parents=True)
    np.save(folder / STORE / PIXELS, pixels)
    table = pd.DataFrame(rows).sort_values("row", ignore_index=True)
    return Images(table, table[:0], table[:0], classes, Audit(table, table[:0], table[:0], folder))


def train(spoilt: Spoilt, seed: int):
    """Train once, and gather what a diagnosis looks at."""
    from cnnproj.diagnosis.chance import confusion_of
    from cnnproj.diagnosis.evidence import Evidence
    from cnnproj.diagnosis.measure import measure
    from cnnproj.inference import predict
    from cnnproj.models import architectures
    from cnnproj.settings import Settings
    from cnnproj.training import DivergenceError, fit

    with tempfile.TemporaryDirectory() as work:
        images = deal(spoilt.data, seed, Path(work))
        network = architectures()[spoilt.network]
        chosen = {**network.defaults, **spoilt.chosen}
        settings = Settings.model_validate({"training": spoilt.training, "augmentation": spoilt.augmentation})
        given = {name: list(value) if isinstance(value, tuple) else value for name, value in settings.augmentation}
        result, diverged, best, confusion = None, None, None, None
        try:
            result = fit(
                network,
                images,
                chosen,
                epochs=spoilt.epochs,
                seed=seed,
                augmentation=given,
                training=settings.training,
            )
            history, best = result.history, int(result.best["epoch"])
            labels = images.validation.labels
            predicted = predict(result.model, images.validation).argmax(axis=1)
            confusion = confusion_of(labels, predicted, len(images.classes))
        except DivergenceError as error:
            history, diverged = error.history[:-1], len(error.history)
        return Evidence(
            model=network.name,
            ours=network.ours,
            hyperparameters=chosen,
            epochs=spoilt.epochs,
            history=history.assign(
                seconds=history["seconds"] * spoilt.slower, waited=history["waited"] * spoilt.slower
            ),
            diverged=diverged,
            best_epoch=best,
            probe=measure(network, images, chosen, seed=seed, trained=result),
            train=images.counts["train"],
            validation=images.counts["validation"],
            confusion=confusion,
            settings=settings,
        )


def judge(kinds: dict[str, tuple[Spoilt, ...]], seeds: tuple[int, ...]) -> list[str]:
    """Spoil trainings and diagnose them; the rows of the table, the sum last."""
    from cnnproj.diagnosis.diagnose import diagnose

    rows, sums = [], Counter()
    for kind, variants in kinds.items():
        firsts, found = [], 0
        for seed in seeds:
            findings = diagnose(train(variants[seed % len(variants)], seed)).findings
            told = [finding.kind for finding in findings if finding.severity != "note"]
            firsts.append((told or ["nothing"])[0])
            found += kind in told
        first = firsts.count(kind)
        sums.update(first=first, found=found, n=len(seeds))
        others = ", ".join(f"{name} × {n}" for name, n in Counter(firsts).items() if name != kind)
        rows.append(f"| {kind} | {len(variants)} | {first} of {len(seeds)} | {found} of {len(seeds)} | {others} |")
        print(rows[-1], flush=True)
    shares = " | ".join(
        f"**{sums[name]} of {sums['n']} ({sums[name] / sums['n']:.0%})**" for name in ("first", "found")
    )
    return [*rows, f"| **all** | | {shares} | |"]


def spare(good: tuple[Spoilt, ...], seeds: tuple[int, ...]) -> list[str]:
    """Diagnose good trainings; the rows of their table."""
    from cnnproj.diagnosis.diagnose import diagnose

    rows = []
    for one in good:
        told: Counter[str] = Counter()
        accuracies = []
        for seed in seeds:
            diagnosis = diagnose(train(one, seed))
            accuracies.append(diagnosis.evidence.accuracy)
            told.update(f"{finding.kind} ({finding.severity})" for finding in diagnosis.findings)
        severe = sum(n for name, n in told.items() if name.endswith("(severe)"))
        others = ", ".join(f"{name} × {n}" for name, n in told.items())
        reached = f"{min(accuracies):.3f} – {max(accuracies):.3f}"
        rows.append(f"| {one.network} on {one.data} | {reached} | {severe} of {len(seeds)} | {others} |")
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="which trainings of each")
    parser.add_argument("--smoke", action="store_true", help="two kinds and two good trainings on one seed")
    chosen = parser.parse_args()
    seeds = tuple(chosen.seeds[:1] if chosen.smoke else chosen.seeds)
    kinds = {kind: SPOILT[kind] for kind in SMOKE} if chosen.smoke else SPOILT
    from cnnproj.runtime import start_tensorflow

    start_tensorflow(2)
    networks()
    start = time.perf_counter()
    rows, good = judge(kinds, seeds), spare(GOOD[:2] if chosen.smoke else GOOD, seeds)
    print("\n| what is wrong | variants | named first | found, warning or more | what came first otherwise |")
    print("|---|---|---|---|---|")
    print("\n".join(rows))
    print("\n| good training | validation accuracy | with a severe finding | what was found |")
    print("|---|---|---|---|")
    print("\n".join(good))
    print(f"\nSeeds {', '.join(map(str, seeds))}; {(time.perf_counter() - start) / 60:.1f} minutes.")


if __name__ == "__main__":
    main()
