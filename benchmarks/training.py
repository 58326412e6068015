"""How training is done by default, against what else it could be; and against a plain notebook.

    python benchmarks/training.py choices                       # each default against its alternatives
    python benchmarks/training.py waiting                       # the share of its time that training waits for images
    python benchmarks/training.py plain --data FOLDER --notebook plain_keras.py signs fashion

`choices` trains the compact CNN on the embedded digits once for every alternative and seed, in turn; what differs from
the default is named. One table: seconds of the training, and accuracy on the validation images, medians of `--seeds`.

`waiting` trains the compact CNN on images of noise of 96×96, augmented in every way, and on the same batch again and
again. One table: milliseconds of a step, and the share that was waiting, medians of five.

`plain` runs the script of a plain notebook and then a cnnproj project on the same images in the same three parts: both
with a search over three models. FOLDER holds `sign_digits.zip` and `fashion-mnist/`. One table for each: after how many
seconds from the start of the program which test accuracy was reached; ours is that of the network that was the best on
the validation images until then, its clock standing still while the test images are looked at for this table.

`--smoke` tries each with next to no training.
"""

import argparse
import csv
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

STARTED = time.perf_counter()
EVERYTHING = {
    "rotation_range": 15,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "shear_range": 5,
    "zoom_range": 0.1,
    "horizontal_flip": True,
    "brightness_range": [0.8, 1.2],
    "channel_shift_range": 10,
    "noise": 5,
    "salt_and_pepper": 0.01,
    "cutout": 0.2,
    "hue": 10,
    "saturation": 0.2,
    "contrast": 0.2,
    "random_crop": 0.1,
}
CHOICES = (
    {},
    {"batch_size": 16},
    {"batch_size": 32},
    {"batch_size": 128},
    {"learning_rate": 1e-3},
    {"learning_rate": 5e-3},
    {"learning_rate": 2e-2},
    {"optimizer": "sgd", "learning_rate": 5e-2},
    {"optimizer": "rmsprop"},
    {"weight_decay": 1e-4},
    {"label_smoothing": 0.0},
    {"schedule": "linear"},
    {"schedule": "constant"},
    {"warm_up": 0.0},
    {"warm_up": 0.3},
    {"patience": 3},
    {"precision": "mixed_bfloat16"},
    {"loop": "keras"},
    {"normalization": "keras"},
)
SETS = ("signs", "fashion")
# The parts are the plain notebook's, image by image; of the hands, the augmentation too. The rest is cnnproj's default.
SIGNS = """
[data]
source = "images/list.csv"
size = [48, 48]
leaks = "keep"
near_duplicates = false
[augmentation]
rotation_range = 10
width_shift_range = 0.1
height_shift_range = 0.1
shear_range = 5
zoom_range = 0.1
"""
# Clothes are centred and upright: what makes hands easier makes them harder. The budget is that of the plain notebook.
FASHION = """
[data]
source = "images/list.csv"
size = [28, 28]
leaks = "keep"
near_duplicates = false
[augmentation]
horizontal_flip = true
[search]
trials = 3
epochs = 4
[training]
epochs = 12
"""


def start() -> None:
    """TensorFlow as cnnproj starts it."""
    from cnnproj.runtime import start_tensorflow

    start_tensorflow(2)


def train(images, choice: dict, *, epochs: int, seed: int) -> tuple[float, float]:
    """Seconds and validation accuracy of the compact CNN, with the defaults but for ``choice``."""
    import keras

    from cnnproj import training
    from cnnproj.models import architectures, layers
    from cnnproj.settings import AugmentationTable, TrainingTable

    class KerasLoop(training._Runner):
        def __init__(self, *given, **how):
            super().__init__(*given, **how)
            self.step = lambda batch: self.model.train_on_batch(*batch, return_dict=True)

    network = architectures()["compact_cnn"]
    hyperparameters = {**network.defaults, **{name: choice[name] for name in choice if name in network.defaults}}
    table = {name: choice[name] for name in choice if name in TrainingTable.model_fields}
    augmentation = AugmentationTable(rotation_range=10.0, width_shift_range=0.08, height_shift_range=0.08).changed
    keras.utils.clear_session(free_memory=False)
    training._runners.clear()  # each is traced, once
    usual = layers.BatchNormalization, training._Runner
    if choice.get("normalization") == "keras":
        layers.BatchNormalization = keras.layers.BatchNormalization
    if choice.get("loop") == "keras":
        training._Runner = KerasLoop
    begun = time.perf_counter()
    try:
        result = training.fit(
            network,
            images,
            hyperparameters,
            epochs=epochs,
            seed=seed,
            augmentation=augmentation,
            training=TrainingTable.model_validate(table),
        )
    finally:
        layers.BatchNormalization, training._Runner = usual
    return time.perf_counter() - begun, float(result.best["val_accuracy"])


def choices(seeds: int, epochs: int, smoke: bool) -> None:
    """Print the table of the defaults and their alternatives."""
    from cnnproj import Project

    start()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "project.toml").write_text('[data]\nsource = "digits"\n')
        project = Project.open(Path(folder))
        project.audit()
        images = project.prepare()
        tried = CHOICES[:: len(CHOICES) - 1] if smoke else CHOICES
        seconds, accuracy = ({str(choice): [] for choice in tried} for _ in range(2))
        train(images, {}, epochs=1, seed=0)  # what is done once is done
        for seed in range(seeds):
            for choice in tried:
                took, reached = train(images, choice, epochs=epochs, seed=seed)
                seconds[str(choice)].append(took)
                accuracy[str(choice)].append(reached)
        usual = statistics.median(seconds["{}"])
        print(f"digits, compact_cnn, {epochs} epochs, {len(images.validation)} validation images, {seeds} seeds\n")
    print("| instead of the default | seconds | of the default's | validation accuracy | from | to |")
    print("|---|---|---|---|---|---|")
    for choice in tried:
        name = ", ".join(f"{key} = {value}" for key, value in choice.items()) or "**the default**"
        took, reached = statistics.median(seconds[str(choice)]), accuracy[str(choice)]
        print(
            f"| {name} | {took:.1f} | {took / usual:.2f} | {statistics.median(reached):.4f} "
            f"| {min(reached):.4f} | {max(reached):.4f} |"
        )


def waiting(smoke: bool) -> None:
    """Print how long a step takes, and waits, with full augmentation and with a batch that is there."""
    import numpy as np

    start()
    from cnnproj.data.augmentation import Augmentation
    from cnnproj.data.batches import Batches, Feed
    from cnnproj.data.images import Part
    from cnnproj.models import architectures
    from cnnproj.training import _Runner

    steps, repeats = (3, 2) if smoke else (40, 5)
    network = architectures()["compact_cnn"]
    noise = np.random.default_rng(0).integers(0, 256, (2000, 96, 96, 3), np.uint8)
    part = Part("train", noise, np.arange(2000), np.arange(2000) % 10, tuple("0123456789"))
    model, phase = network.build((96, 96, 3), 10, network.defaults), network.phases(network.defaults, 1)[0]
    step = _Runner(model, network.defaults, phase, weighted=False).step
    vary = Augmentation(EVERYTHING)
    times: dict[str, list[float]] = {"ready": [], "fed": [], "waited": [], "made": []}
    batches = Batches(part, int(network.defaults["batch_size"]), seed=1, augmentation=vary)
    ready = batches.batch(0, 0)
    float(step(ready)["loss"])
    for _ in range(repeats):
        begun = time.perf_counter()
        for _ in range(steps):
            float(step(ready)["loss"])
        times["ready"].append((time.perf_counter() - begun) / steps)
        begun = time.perf_counter()
        for index in range(steps):
            batches.batch(0, index % len(batches))
        times["made"].append((time.perf_counter() - begun) / steps)
        with Feed(batches, epochs=1 + steps // len(batches)) as feed:
            done, begun = 0, time.perf_counter()
            while done < steps:
                for batch in feed.epoch():
                    float(step(batch)["loss"])
                    done += 1
                    if done == steps:
                        break
            times["fed"].append((time.perf_counter() - begun) / steps)
            times["waited"].append(feed.waited / steps)
    middle = {name: 1000 * statistics.median(values) for name, values in times.items()}
    print("compact_cnn, 96×96×3, 64 images a batch, every kind of augmentation, 2 threads; medians\n")
    print("| | ms |\n|---|---|")
    print(f"| a step on a batch that is there | {middle['ready']:.1f} |")
    print(f"| making an augmented batch, alone | {middle['made']:.1f} |")
    print(f"| a step with batches made meanwhile | {middle['fed']:.1f} |")
    print(f"| of that, waiting | {middle['waited']:.2f} ({middle['waited'] / middle['fed']:.2%}) |")


# Against the plain notebook -----------------------------------------------------------------------------------------


def load_notebook(path: Path):
    """The plain notebook's functions, without running it; it draws its parts from these."""
    spec = importlib.util.spec_from_file_location("plain_notebook", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lay_out_signs(data: Path, folder: Path) -> None:
    """The photos, and a CSV with the plain notebook's parts of them."""
    import numpy as np

    with zipfile.ZipFile(data / "sign_digits.zip") as zipped:
        zipped.extractall(folder, [name for name in zipped.namelist() if name.lower().endswith(".jpg")])
    top = folder / "sign_digits"
    classes = sorted(path for path in top.iterdir() if path.is_dir())
    photos = [photo for label in classes for photo in sorted(label.iterdir())]
    order = np.random.default_rng(0).permutation(len(photos))
    held, late = int(0.8 * len(order)), int(0.85 * int(0.8 * len(order)))
    write_list(
        folder, [(photos[k], photos[k].parent.name, place < held, place < late) for place, k in enumerate(order)]
    )


def lay_out_fashion(data: Path, folder: Path, notebook, count: int) -> None:
    """The images as files, and a CSV with the plain notebook's parts of them."""
    import cv2
    import numpy as np

    x, y, x_test, y_test = notebook.load_fashion(data / "fashion-mnist", count, np.random.default_rng(0))
    cut, rows = int(0.85 * count), []
    for number, (image, label) in enumerate(zip([*x, *x_test], [*y, *y_test], strict=True)):
        path = folder / f"{number:05}.png"
        cv2.imwrite(str(path), image)
        rows.append((path, str(label), number < count, number < cut))
    write_list(folder, rows)


def write_list(folder: Path, rows: list) -> None:
    """The CSV of (photo, label, whether it is no test image, whether it is a training image)."""
    with (folder / "list.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "split"])
        for photo, label, early, earliest in rows:
            part = "train" if earliest else "validation" if early else "test"
            writer.writerow([photo.relative_to(folder), label, part])


def ours(folder: Path) -> None:
    """Run the project in ``folder`` and print its curve as JSON: seconds, model, validation and test accuracy."""
    from cnnproj import Project

    project = Project.open(folder)
    project.audit()
    images = project.prepare()
    start()
    from cnnproj import training
    from cnnproj.tuning import search

    test, curve, looked, fit = images._part("test"), [], 0.0, training.fit

    def watched(network, *given, **how):
        nonlocal looked
        result = fit(network, *given, **how)
        now = time.perf_counter()
        right = training.predict(result.model, test).argmax(axis=1) == test.labels
        best = result.best
        curve.append(
            (now - STARTED - looked, network.name, best["val_accuracy"], best["val_loss"], float(right.mean()))
        )
        looked += time.perf_counter() - now
        return result

    training.fit = search.fit = watched
    project.run(announce=lambda line: print(line, file=sys.stderr))
    print(json.dumps({"curve": curve, "seconds": time.perf_counter() - STARTED - looked, "n": len(test)}))


def plain(sets: list[str], data: Path, notebook: Path, smoke: bool) -> None:
    """Print both curves for each of ``sets``."""
    for name in sets:
        with tempfile.TemporaryDirectory() as work:
            folder = Path(work, "images")
            folder.mkdir()
            count = 600 if smoke else 12_000
            if name == "signs":
                lay_out_signs(data, folder)
                given = ["folder", str(folder / "sign_digits"), "--size", "48", "--epochs", "1" if smoke else "8"]
                settings = SIGNS
            else:
                lay_out_fashion(data, folder, load_notebook(notebook), count)
                epochs = "1" if smoke else "3"
                given = ["fashion", str(data / "fashion-mnist"), "--train", str(count), "--epochs", epochs]
                settings = FASHION
            given += ["--seed", "0"]
            budget = '[project]\nbudget = "smoke"\n' if smoke else ""
            Path(work, "project.toml").write_text(budget + settings)
            begun = time.perf_counter()
            ran = subprocess.run([sys.executable, str(notebook), *given], capture_output=True, text=True, check=True)
            whole = time.perf_counter() - begun
            theirs = json.loads(ran.stdout.splitlines()[-1])
            command = [sys.executable, __file__, "ours", work]
            ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            told = json.loads(ran.stdout.splitlines()[-1])
        print_curves(name, theirs, whole, told)


def print_curves(name: str, theirs: dict, whole: float, told: dict) -> None:
    """Print one table of both curves, and what follows from it."""
    print(f"\n{name}, {told['n']} test images; plain notebook {whole:.0f} s, cnnproj {told['seconds']:.0f} s\n")
    print("| seconds | who | what | its test accuracy | the best so far |\n|---|---|---|---|---|")
    spent = whole - theirs["seconds"]["total"] + theirs["seconds"]["load"]
    events, top = [], 0.0
    for model, accuracy in theirs["test_accuracy"].items():
        spent, top = spent + theirs["seconds"][model], max(top, accuracy)
        events.append((spent, "plain", model, accuracy, top))
    best = (0.0, 0.0, 0.0)
    for seconds, model, val_accuracy, val_loss, accuracy in told["curve"]:
        best = max(best, (val_accuracy, -val_loss, accuracy))
        events.append((seconds, "cnnproj", model, accuracy, best[2]))
    for seconds, who, model, accuracy, so_far in sorted(events):
        print(f"| {seconds:.1f} | {who} | {model} | {accuracy:.4f} | {so_far:.4f} |")
    reached = next((event[0] for event in sorted(events) if event[1] == "cnnproj" and event[4] >= top), None)
    if reached is None:
        print(f"\nThe plain notebook's best, {top:.4f}, was not reached.")
    else:
        share = f"1/{whole / reached:.1f} of its time"
        print(f"\nThe plain notebook's best, {top:.4f}, was reached after {reached:.1f} s: {share}.")


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "what", choices=["choices", "waiting", "plain", "ours"], help="which tables (ours: used by plain)"
    )
    parser.add_argument("names", nargs="*", help=f"for plain: some of {', '.join(SETS)}; for ours: the project")
    parser.add_argument("--data", type=Path, help="the folder with sign_digits.zip and fashion-mnist/")
    parser.add_argument("--notebook", type=Path, help="the script of the plain notebook")
    parser.add_argument("--seeds", type=int, default=5, help="trainings of each choice")
    parser.add_argument("--epochs", type=int, default=8, help="of each of these trainings")
    parser.add_argument("--smoke", action="store_true", help="next to no training")
    chosen = parser.parse_intermixed_args()
    match chosen.what:
        case "choices":
            choices(1 if chosen.smoke else chosen.seeds, 1 if chosen.smoke else chosen.epochs, chosen.smoke)
        case "waiting":
            waiting(chosen.smoke)
        case "ours":
            ours(Path(chosen.names[0]))
        case _:
            if chosen.data is None or chosen.notebook is None or not set(chosen.names) <= set(SETS):
                parser.error(f"plain needs --data FOLDER, --notebook FILE and some of {', '.join(SETS)}")
            plain(chosen.names or list(SETS), chosen.data, chosen.notebook, chosen.smoke)


if __name__ == "__main__":
    main()
