"""Segmentation by default settings, on two cores: cell nuclei and the embedded shapes; what a trained encoder gives.

    python benchmarks/segmentation.py nuclei --data FOLDER  # U-Net, SegNet and FCN-8s on nuclei.zip, its given split
    python benchmarks/segmentation.py shapes                # U-Net on the embedded shapes, five classes of pixels
    python benchmarks/segmentation.py transfer              # SegNet and FCN-8s on few shapes, with a trained encoder

`nuclei` is to come to a test Dice of 0.85 in less than 20 minutes, `shapes` to a mean Dice of 0.95 in less than 5.
FOLDER holds `nuclei.zip`. One row a network: Dice, IoU and pixel accuracy on the test images, each the mean over the
images, the 95 % interval of the Dice by bootstrap over images; the minutes of training, and of the processor in it (on
a machine with nothing else to do half of these is about what two cores take). The weights are those of the epoch with
the best validation Dice; the test part is looked at once, at the end. Augmentation is named in the first line; all else
is the default of the networks and of training.

`transfer` first trains a vgg16 to tell shapes, drawn anew by another seed, by their name; then each network on 10 and
on 40 images with masks from random weights and from that encoder, all else equal: as many steps, the same images, the
same seed. As many validation images choose the epoch, and the test images are the same for all.

The error stream tells each epoch's validation Dice. `--networks` names those to train, `--smoke` tries each with next
to no training.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

AUGMENTATION = {
    "nuclei": {"rotation_range": 20, "zoom_range": 0.1, "horizontal_flip": True, "vertical_flip": True},
    "shapes": {"horizontal_flip": True, "vertical_flip": True},
}
SIZE = {"nuclei": (128, 128), "shapes": (64, 64)}
EPOCHS = {"nuclei": 40, "shapes": 34}
NETWORKS = {"nuclei": ("unet", "segnet", "fcn8s"), "shapes": ("unet",)}
TARGET = {"nuclei": (0.85, 20), "shapes": (0.95, 5)}  # Dice, minutes
FRACTIONS = {"train": 0.7, "validation": 0.15, "test": 0.15}


FEW = (10, 40)  # training images of `transfer`, and validation images
LEARNT = 0.7  # validation accuracy that the vgg16 must come to: a quarter is chance
STEPS = 200  # of each training there, whatever the number of images
TAUGHT = """
[project]
name = "taught"
seed = 8
[data]
source = "shapes"
size = [64, 64]
[augmentation]
horizontal_flip = true
vertical_flip = true
[models.vgg16]
filters = 16
learning_rate = 0.001
dropout = 0.2
[search]
trials = 1
epochs = 1
[training]
epochs = {epochs}
"""


def images_of(name: str, source: str, folder: Path, *, most: int | None = None):
    """The images and masks, audited, stored and dealt out; for training and validation ``most`` each, or all."""
    from cnnproj.data.images import divide_images
    from cnnproj.segmentation.images import audit_masked, load_masked_images
    from cnnproj.segmentation.sources import open_masked

    how = {"resize": "stretch", "color": "auto", "near_duplicates": True, "threads": 2}
    audit_masked(open_masked(source, folder, seed=7), folder, size=SIZE[name], **how)
    divide_images(folder, fractions=FRACTIONS, group_pattern=None, set_leaks_aside=True, train_limit=most, seed=7)
    images = load_masked_images(folder)
    table = images.images.table
    spare = [] if most is None else table.index[table["split"] == "validation"][most:]
    return replace(images, images=replace(images.images, table=table.drop(spare)))


def row(network, images, test, *, epochs: int, augmentation: dict, seed: int, weights: str = "none") -> dict:
    """What ``network``, begun with ``weights``, comes to on the part ``test``."""
    import numpy as np

    from cnnproj.segmentation.inference import predict
    from cnnproj.segmentation.intervals import intervals
    from cnnproj.segmentation.scores import count, scores
    from cnnproj.segmentation.training import fit_segmenter

    start, processor = time.perf_counter(), time.process_time()
    fitted = fit_segmenter(
        network,
        images,
        {**network.defaults, "weights": weights},
        epochs=epochs,
        seed=seed,
        augmentation=augmentation,
        folder=Path(),
        on_epoch=lambda row: print(f"{network.name} {row['epoch']} {row['val_dice']:.3f}", file=sys.stderr, flush=True),
    )
    wall, cpu = (time.perf_counter() - start) / 60, (time.process_time() - processor) / 60
    counts = count(test.truth(), predict(fitted.model, test), len(images.classes))
    found = scores(counts)
    low, high, _ = intervals(counts, np.arange(len(test)), seed=seed)["dice"]
    known = {"epochs": f"{int(fitted.best['epoch'])}/{len(fitted.history)}", "minutes": wall, "processor": cpu}
    validation = float(fitted.best["val_dice"])
    return {"network": network.name, "parameters": fitted.model.count_params(), "validation": validation, **known} | {
        **found,
        "low": low,
        "high": high,
    }


def transfer(given: argparse.Namespace) -> int:
    """Print what an encoder that was trained to classify gives with few masks; 1 where it has learnt nothing itself."""
    from cnnproj import Project
    from cnnproj.segmentation.networks import segmenters

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "project.toml").write_text(TAUGHT.format(epochs=1 if given.smoke else given.epochs or 30))
        project = Project.open(folder)
        project.prepare()
        project.tune("vgg16")
        taught = project.train("vgg16").recipe
        weights = str(folder / "reports" / "taught" / "models" / "vgg16")
        print(f"vgg16 tells shapes by name: {taught.val_accuracy:.3f} of its validation images right", flush=True)
        if taught.val_accuracy < LEARNT and not given.smoke:
            print(f"That is less than {LEARNT}: nothing to transfer. Give it more --epochs.")
            return 1
        print("network  training images  test Dice: random   95 % interval   pretrained   95 % interval")
        for few in FEW[:1] if given.smoke else FEW:
            images = images_of("shapes", "shapes", folder, most=few)
            test = images._part("test")
            epochs = 1 if given.smoke else STEPS // -(-few // 8)
            for wanted in given.networks or ("segnet", "fcn8s"):
                how = {"epochs": epochs, "augmentation": AUGMENTATION["shapes"], "seed": given.seed}
                found = [row(segmenters()[wanted], images, test, **how, weights=one) for one in ("none", weights)]
                told = [f"{one['dice']:.3f}   {one['low']:.3f} – {one['high']:.3f}" for one in found]
                print(f"{wanted:8} {few:15}             {told[0]}        {told[1]}", flush=True)
    return 0


def main() -> int:
    """Train, measure, print the table; 1 where the first network misses the target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=[*NETWORKS, "transfer"])
    parser.add_argument("--data", type=Path, default=Path())
    parser.add_argument("--networks", nargs="+")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--smoke", action="store_true")
    given = parser.parse_args()

    from cnnproj.runtime import start_tensorflow

    start_tensorflow(2)
    if given.what == "transfer":
        return transfer(given)
    from cnnproj.segmentation.networks import segmenters

    name = given.what
    source = "shapes" if name == "shapes" else str((given.data / "nuclei.zip").resolve())
    epochs = 1 if given.smoke else given.epochs or EPOCHS[name]
    with tempfile.TemporaryDirectory() as folder:
        images = images_of(name, source, Path(folder))
        test = images._part("test")  # as open_test does, which enters it in the ledger of a run
        parts = {"train": len(images.train), "validation": len(images.validation), "test": len(test)}
        told = ", ".join(f"{key} {value}" for key, value in parts.items())
        print(f"{name}: {told} images of {SIZE[name][0]}×{SIZE[name][1]}; {epochs} epochs; {AUGMENTATION[name]}")
        print(
            "network  parameters  validation  Dice   95 % interval   pooled  IoU    pixels  minutes  processor  epoch"
        )
        rows = []
        for wanted in given.networks or NETWORKS[name]:
            one = row(
                segmenters()[wanted], images, test, epochs=epochs, augmentation=AUGMENTATION[name], seed=given.seed
            )
            rows.append(one)
            print(
                f"{one['network']:8} {one['parameters']:10,}  {one['validation']:.3f}       {one['dice']:.3f}  "
                f"{one['low']:.3f} – {one['high']:.3f}   {one['pooled_dice']:.3f}   {one['iou']:.3f}  "
                f"{one['pixel_accuracy']:.3f}   {one['minutes']:7.1f}  {one['processor']:9.1f}  {one['epochs']}",
                flush=True,
            )
        dice, minutes = TARGET[name]
        reached = rows[0]["dice"] >= dice and rows[0]["minutes"] < minutes
        print(f"Target: Dice of {dice} in less than {minutes} minutes: {'reached' if reached else 'missed'}.")
    return 0 if reached or given.smoke else 1


if __name__ == "__main__":
    sys.exit(main())
