"""How well the networks of the lectures learn in their small form, and whether their heatmaps can be believed.

    python benchmarks/networks.py pointing                     # each on the drawn shapes; an hour and a half
    python benchmarks/networks.py pointing --models resnet18   # or some of them
    python benchmarks/networks.py pointing --models lenet5 --side 28 --scenes 6000
    python benchmarks/networks.py dropout --data FOLDER        # alexnet and vgg16 with it and without
    python benchmarks/networks.py fashion --minutes 60         # resnet18 on all of Fashion-MNIST

`pointing` draws scenes of 64×64 pixels, in which it is known where the object is, trains each network once on 70 % of
them, with its defaults but for the width, which is less, for as many epochs as it needs, and plays the pointing
game on the test images: the share of Grad-CAM maps, of the class that the network names, with their peak on the object,
by the layer whose maps are read: the deepest of each size, in bold the one that cnnproj reads; of these maps if they
are spread evenly over the image, whatever their positions see; and of LayerCAM. A random peak reaches the object's
share of what the map stands for.

`dropout` trains with the papers' dropout of 0.5 and with none, by two seeds, on the same scenes (30 epochs) and, at
32×32, on digits and on the hands of FOLDER/sign_digits.zip (15 epochs). It prints the best validation accuracy of each.

`fashion` trains on the 60,000 images of Fashion-MNIST but for 5,000 that choose the epoch, and measures on the 10,000
test images once, with the weights of the best epoch. As many epochs are planned as fit into `--minutes`, told from the
first steps, since the learning rate must fall to zero in time. Images are shifted by up to 2 pixels and flipped. After
each epoch it prints a line of the curve. The data are those that Keras loads: in `$KERAS_HOME/datasets/fashion-mnist`.

One seed but for `dropout`, two threads. `--smoke` tries each with next to no training.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

# Each as narrow as two cores ask for, and the epochs that it needs to learn the scenes; all else are its defaults.
FAMILIES: dict[str, tuple[dict[str, int], int]] = {
    "lenet5": ({}, 80),
    "alexnet": ({"filters": 12}, 40),
    "vgg16": ({"filters": 8}, 40),
    "vgg19": ({"filters": 8}, 40),
    "googlenet": ({"filters": 8}, 20),
    "resnet18": ({"filters": 8}, 20),
    "resnet34": ({"filters": 8}, 40),
    "resnet50": ({"filters": 4}, 60),
    "resnet101": ({"filters": 4}, 60),
    "resnet152": ({"filters": 4}, 60),
    "densenet121": ({"growth_rate": 4}, 60),
    "densenet169": ({"growth_rate": 4}, 40),
    "densenet201": ({"growth_rate": 4}, 40),
}
SEED, SIDE = 7, 64
VARIED = {"rotation_range": 180, "width_shift_range": 0.1, "height_shift_range": 0.1, "zoom_range": 0.1}
SHAPES = {**VARIED, "horizontal_flip": True, "hue": 180, "fill_mode": "reflect"}
PHOTOS = {**VARIED, "rotation_range": 10}
CLOTHES = {"width_shift_range": 2 / 28, "height_shift_range": 2 / 28, "horizontal_flip": True}


def start() -> None:
    """TensorFlow as cnnproj starts it."""
    from cnnproj.runtime import start_tensorflow

    start_tensorflow(2)


def prepared(source: str, folder: Path, side: int, shares: tuple[float, float, float], train_limit: int | None = None):
    """The source and the images of ``source``, ``side`` pixels high and wide, stored in ``folder`` and dealt out."""
    from cnnproj.data.audit import audit_source
    from cnnproj.data.images import divide_images, load_images
    from cnnproj.data.sources import open_source

    opened = open_source(source, folder, seed=SEED)
    audit_source(opened, folder, size=(side, side), resize="stretch", color="auto", near_duplicates=False, threads=2)
    fractions = dict(zip(("train", "validation", "test"), shares, strict=True))
    how = {"group_pattern": None, "set_leaks_aside": True, "train_limit": train_limit, "seed": SEED}
    divide_images(folder, fractions=fractions, **how)
    return opened, load_images(folder)


def pointing(models: list[str], scenes: int, side: int, most: int, examined: int) -> None:
    """Print accuracy and pointing game of each of ``models``, trained on the drawn shapes."""
    start()
    from cnnproj.data.sources import shapes
    from cnnproj.interpretation.examination import by_chance
    from cnnproj.interpretation.heatmaps import coarse, enlarge, heatmaps
    from cnnproj.interpretation.opened_model import OpenedModel
    from cnnproj.interpretation.pointing import hits, masks_of
    from cnnproj.models import architectures
    from cnnproj.training import fit

    with tempfile.TemporaryDirectory() as name:
        shapes.COUNT = scenes
        source, images = prepared("shapes", Path(name), side, (0.7, 0.15, 0.15))
        test = images._part("test")
        pixels, truth = test.images()[:examined].astype(np.float32) / 255, test.labels[:examined]
        names = images.table.set_index("row")["image"].loc[test.rows[:examined]]
        masks = masks_of(source, list(names), (side, side), "stretch")
        print(f"{len(images.train)} drawn shapes of {side}×{side}; {len(pixels)} test images\n")
        peaks_of = "peak of Grad-CAM, by layer | spread evenly | of LayerCAM | random"
        print(f"| network | width | parameters | epochs | minutes | accuracy | {peaks_of} |")
        print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
        for model in models:
            network = architectures()[model]
            width, needed = FAMILIES[model]
            chosen, epochs = {**network.defaults, **width}, min(needed, most)
            begun = time.perf_counter()
            result = fit(network, images, chosen, epochs=epochs, seed=SEED, augmentation=SHAPES)
            minutes = (time.perf_counter() - begun) / 60
            opened = OpenedModel(result.model)
            predicted = opened.probabilities(pixels).argmax(axis=1)
            peaks = []
            for layer, sides in deepest(result.model).items():
                read = opened if layer == opened.layer else OpenedModel(result.model, layer)
                maps = heatmaps(read, "gradcam", pixels, predicted, seed=SEED)
                if not np.isfinite(maps).all():
                    raise SystemExit(f"{model}: the heatmaps are no numbers")
                found = [f"{sides} {layer}", f"{np.mean(hits(maps, masks)):.3f}"]
                peaks.append(" ".join(found if layer != opened.layer else [f"**{text}**" for text in found]))
            even = enlarge(coarse(opened, "gradcam", pixels, predicted, seed=SEED), (side, side))
            layercam = hits(heatmaps(opened, "layercam", pixels, predicted, seed=SEED), masks).mean()
            row = [
                ", ".join(f"{name} = {value}" for name, value in width.items()) or "–",
                f"{result.model.count_params():,}",
                str(epochs),
                f"{minutes:.1f}",
                f"{np.mean(predicted == truth):.3f}",
                ", ".join(peaks),
                f"{hits(even, masks).mean():.3f}",
                f"{layercam:.3f}",
                f"{by_chance(masks, result.model.get_layer(opened.layer).output.shape[1:3], opened.field):.3f}",
            ]
            print(f"| {model} | {' | '.join(row)} |", flush=True)


def deepest(model) -> dict[str, str]:
    """The last layer with maps of each size, from 16×16 to 4×4 positions, and that size."""
    sizes = {tuple(layer.output.shape[1:3]): layer.name for layer in model.layers if len(layer.output.shape) == 4}
    return {name: f"{rows}×{columns}" for (rows, columns), name in sizes.items() if 4 <= rows <= 16}


def dropout(data: Path | None, most: int) -> None:
    """Print the best validation accuracy of alexnet and vgg16 with the papers' dropout and without."""
    start()
    from cnnproj.models import architectures
    from cnnproj.training import fit

    sets = {"shapes": ("shapes", SIDE, SHAPES, 30), "digits": ("digits", 32, PHOTOS, 15)}
    if data is not None:
        sets["hands"] = (str((data / "sign_digits.zip").resolve()), 32, PHOTOS, 15)
    print("| images | n | epochs | network | dropout | best validation accuracy, by seed |\n|---|---|---|---|---|---|")
    for label, (source, side, augmentation, wanted) in sets.items():
        epochs = min(wanted, most)
        with tempfile.TemporaryDirectory() as name:
            _, images = prepared(source, Path(name), side, (0.7, 0.15, 0.15))
            for model in ("alexnet", "vgg16"):
                network = architectures()[model]
                for share in (0.5, 0.0):
                    chosen = {**network.defaults, **FAMILIES[model][0], "dropout": share}
                    how = {"epochs": epochs, "augmentation": augmentation}
                    found = [fit(network, images, chosen, seed=SEED + more, **how).best for more in (0, 1)]
                    told = ", ".join(f"{best['val_accuracy']:.3f}" for best in found)
                    n = len(images.validation)
                    print(f"| {label} | {n} | {epochs} | {model} | {share} | {told} |", flush=True)


def fashion(filters: int, minutes: float, limit: int | None, batch_size: int, rate: float) -> None:
    """Print the curve of resnet18 on Fashion-MNIST, and its accuracy on the test images."""
    start()
    from cnnproj.evaluation.intervals import wilson
    from cnnproj.inference import predict
    from cnnproj.models import architectures
    from cnnproj.training import fit

    network = architectures()["resnet18"]
    chosen = {**network.defaults, "filters": filters, "batch_size": batch_size, "learning_rate": rate}
    with tempfile.TemporaryDirectory() as name:
        shares = (0.825, 0.075, 0.1)  # the test images are given: of the rest 55,000 and 5,000
        _, images = prepared("fashion_mnist", Path(name), 28, shares, limit)
        few = min(20 * batch_size, len(images.train))
        sample = pd.concat([images.table[images.table["split"] == part][:few] for part in ("train", "validation")])
        for _ in range(2):  # in the first the network is traced
            begun = time.perf_counter()
            sampled = replace(images, table=sample.drop(sample.index[few + few // 10 :]))
            fit(network, sampled, chosen, epochs=1, seed=SEED, augmentation=CLOTHES)
        an_epoch = (time.perf_counter() - begun) * len(images.train) / few
        epochs = max(1, int(60 * minutes / an_epoch))
        counts = f"{len(images.train):,} images, {len(images.validation):,} to choose the epoch"
        print(f"resnet18, small form, {filters} filters: {counts}; {epochs} epochs planned\n")
        print("| epoch | minutes | loss | validation accuracy |\n|---|---|---|---|", flush=True)
        begun = time.perf_counter()

        def tell(row) -> None:
            passed = (time.perf_counter() - begun) / 60
            numbers = f"{row['epoch']} | {passed:.1f} | {row['loss']:.4f} | {row['val_accuracy']:.4f}"
            print(f"| {numbers} |", flush=True)

        result = fit(network, images, chosen, epochs=epochs, seed=SEED, augmentation=CLOTHES, on_epoch=tell)
        test = images._part("test")
        right = predict(result.model, test).argmax(axis=1) == test.labels
        low, high, _ = wilson(right, np.arange(len(right)))
        best = f"epoch {int(result.best['epoch'])} of {len(result.history)}"
        print(f"\nTest accuracy {right.mean():.4f} ({low:.4f} – {high:.4f}), {best}")


def main() -> None:
    """Print the table asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["pointing", "dropout", "fashion"])
    parser.add_argument(
        "--models", nargs="+", choices=list(FAMILIES), default=list(FAMILIES), help="pointing: of which networks"
    )
    parser.add_argument("--scenes", type=int, default=1200, help="pointing: how many are drawn")
    parser.add_argument("--side", type=int, default=SIDE, help="pointing: of the scenes, in pixels")
    parser.add_argument("--data", type=Path, help="dropout: the folder with sign_digits.zip")
    parser.add_argument("--minutes", type=float, default=60, help="fashion: for all epochs together")
    parser.add_argument("--filters", type=int, default=16, help="fashion: of the first stage; the paper's are 64")
    parser.add_argument("--batch-size", type=int, default=64, help="fashion")
    parser.add_argument("--rate", type=float, default=4e-3, help="fashion: the highest learning rate")
    parser.add_argument("--smoke", action="store_true", help="next to no training, few images")
    chosen = parser.parse_args()
    most = 1 if chosen.smoke else 1_000  # epochs
    if chosen.part == "pointing":
        pointing(chosen.models, chosen.scenes, chosen.side, most, 8 if chosen.smoke else 10_000)
    elif chosen.part == "dropout":
        dropout(chosen.data, most)
    else:
        minutes, limit = (0.01, 640) if chosen.smoke else (chosen.minutes, None)
        fashion(4 if chosen.smoke else chosen.filters, minutes, limit, chosen.batch_size, chosen.rate)


if __name__ == "__main__":
    main()
