"""What transfer learning gains: trained on some classes, transferred to others of which there are ten images each.

    python benchmarks/transfer.py                  # the embedded digits, 32×32
    python benchmarks/transfer.py --data FOLDER    # photos of hands, 48×48: FOLDER holds sign_digits.zip

The compact CNN is trained on the classes 0 to 4, then transferred to 5 to 9 with ten training images of each class,
once with the backbone frozen and once fine-tuned; and one is trained on the same 50 images from scratch. All with
the defaults of cnnproj, augmented alike, for 40 epochs at the learning rate of the compact CNN (a tenth of it for the
backbone that is fine-tuned, in the second half of the epochs). They are measured on all other images of 5 to 9 with the
weights of the last epoch: nothing is chosen on these. The seed draws the 50 images, the weights and the batches.

Of the hands nobody knows which photos are of one person, so a person can stand on both sides: of all three alike.

One table: the mean accuracy over the seeds and its gain on training from scratch, seed by seed, each with its 95 %
interval by Student's t; and the least and the greatest accuracy. `--smoke` tries the flow with one epoch and two seeds.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import t

KNOWN, NEW = ("0", "1", "2", "3", "4"), ("5", "6", "7", "8", "9")
PER_CLASS = 10
WATCHED = 64  # images that the network is measured on after each epoch: nothing comes of it
AUGMENTATION = {
    "rotation_range": 10,
    "width_shift_range": 0.08,
    "height_shift_range": 0.08,
    "zoom_range": 0.08,
}
WAYS = ("from scratch", "backbone frozen", "fine-tuned")


def load(source: str, folder: Path, size: int):
    """The images, audited and dealt out."""
    from cnnproj.data.audit import audit_source
    from cnnproj.data.images import divide_images, load_images
    from cnnproj.data.sources import open_source

    opened = open_source(source, folder, seed=0)
    audit_source(opened, folder, size=(size, size), resize="stretch", color="auto", near_duplicates=False, threads=2)
    fractions = {"train": 0.8, "validation": 0.1, "test": 0.1}
    divide_images(folder, fractions=fractions, group_pattern=None, set_leaks_aside=True, train_limit=None, seed=0)
    return load_images(folder)


def deal(images, seed: int):
    """Fifty training images of the new classes, some to watch, and the part of all others."""
    table = images.of(NEW).table.assign(split="validation")
    draw = np.random.default_rng(seed)
    chosen = np.concatenate([draw.permutation(rows.index.to_numpy())[:PER_CLASS] for _, rows in table.groupby("label")])
    train, rest = table.loc[chosen].assign(split="train"), table.drop(chosen)
    watched = rest.loc[draw.permutation(rest.index.to_numpy())[:WATCHED]]
    few = replace(images.of(NEW), table=_joined(train, watched))
    return few, replace(few, table=rest.reset_index(drop=True)).validation


def _joined(*tables):
    import pandas as pd

    return pd.concat(tables, ignore_index=True)


def train(network, images, chosen: dict, *, epochs: int, seed: int, folder: Path):
    """Fit with the defaults of cnnproj but for what is ``chosen``."""
    from cnnproj.training import fit

    hyperparameters = {**network.defaults, **chosen}
    return fit(
        network, images, hyperparameters, epochs=epochs, seed=seed, augmentation=AUGMENTATION, folder=folder
    ), hyperparameters


def pretrained(images, folder: Path, *, epochs: int, seed: int) -> Path:
    """Where the compact CNN is that was trained on the known classes."""
    from cnnproj.models import architectures
    from cnnproj.recipe import save

    network, known = architectures()["compact_cnn"], images.of(KNOWN)
    result, hyperparameters = train(network, known, {}, epochs=epochs, seed=seed, folder=folder)
    target = folder / f"pretrained_{seed}"
    save(
        target,
        result,
        known.validation,
        model=network.name,
        summary=network.summary,
        ours=True,
        resize="stretch",
        hyperparameters=hyperparameters,
        epochs=epochs,
        seed=seed,
    )
    return target


def once(images, folder: Path, *, epochs: tuple[int, int], seed: int) -> list[float]:
    """The accuracy of each of ``WAYS`` on the rest, for one seed."""
    from cnnproj.inference import predict
    from cnnproj.models import architectures

    weights = pretrained(images, folder, epochs=epochs[0], seed=seed)
    few, rest = deal(images, seed)
    transfer, scratch = architectures()["transfer"], architectures()["compact_cnn"]
    rate = {"learning_rate": scratch.defaults["learning_rate"]}
    given = {"backbone": "compact_cnn", "weights": str(weights), **rate}
    batch = {"batch_size": transfer.defaults["batch_size"]}
    found = []
    for network, chosen in ((scratch, batch), (transfer, {**given, "frozen": 1.0}), (transfer, given)):
        result, _ = train(network, few, chosen, epochs=epochs[1], seed=seed, folder=folder)
        result.model.set_weights(result.last)
        found.append(float((predict(result.model, rest).argmax(axis=1) == rest.labels).mean()))
    return found


def interval(values: np.ndarray) -> str:
    """The mean with its 95 % interval by Student's t."""
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
    return f"{values.mean():.3f} ± {half:.3f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder with sign_digits.zip")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--smoke", action="store_true", help="one epoch, two seeds")
    given = parser.parse_args()
    from cnnproj.runtime import start_tensorflow

    start_tensorflow(2)
    source, size = ("digits", 32) if given.data is None else (str((given.data / "sign_digits.zip").resolve()), 48)
    seeds, epochs = (2, (1, 1)) if given.smoke else (given.seeds, (10, 40))
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as work:
        images = load(source, Path(work), size)
        rows = []
        for seed in range(seeds):
            rows.append(once(images, Path(work), epochs=epochs, seed=seed))
            print(
                f"seed {seed}: " + ", ".join(f"{way} {value:.3f}" for way, value in zip(WAYS, rows[-1], strict=True)),
                flush=True,
            )
        n = len(deal(images, 0)[1])
    found = np.array(rows)
    minutes = (time.perf_counter() - begun) / 60
    print(f"\n{seeds} seeds, {PER_CLASS} training images a class, n = {n} test images, {minutes:.1f} minutes\n")
    print("| | accuracy | lowest – highest | gain on from scratch |\n|---|---|---|---|")
    for place, way in enumerate(WAYS):
        column = found[:, place]
        gain = interval(column - found[:, 0]) if place else "–"
        print(f"| {way} | {interval(column)} | {column.min():.3f} – {column.max():.3f} | {gain} |")


if __name__ == "__main__":
    main()
