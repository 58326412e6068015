"""Accuracy of the default settings on real images: whole projects, from the images to the report.

    python benchmarks/accuracy.py                                         # the embedded digits
    python benchmarks/accuracy.py --data FOLDER digits signs blocks fashion fashion-all

FOLDER holds `sign_digits.zip` (2,062 photos of hands, 10 classes) and `fashion-mnist/` (the four idx files). `signs` is
the zip as it is; `blocks` the same photos split by blocks of 50 file numbers, since each of some 218 people took about
ten photos in file-name order, so that a person then hardly stands on both sides; `fashion` has 10,000 training images,
`fashion-all` all 60,000, less those for validation: there nothing is searched, and the two CNNs have 32 filters.

One table: each model, the best (chosen on validation) marked, with its test accuracy, the 95 % Wilson interval, n, and
the minutes of its final training; and those of the whole run. One run of each, with the seed of the default
project.toml. `--smoke` tries the flow with two trials of one epoch.
"""

import argparse
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

BLOCK = 50
SETS = ("digits", "signs", "blocks", "fashion", "fashion-all")
ALL = {
    r"^fractions = .*$": "fractions = { train = 0.85, validation = 0.05, test = 0.1 }",
    r"^trials = .*$": "trials = 1",
    r"^epochs = 4 .*$": "epochs = 1",
    r"(?s)^rotation_range.*?(?=^#)": "horizontal_flip = true\n",
    r"(?s)^\[models.compact_cnn\].*?(?=^\[search)": (
        "[models.compact_cnn]\nfilters = 32\n[models.deep_cnn]\nfilters = 32\n"
    ),
}


def settings(source: Path | str, size: int, extra: str = "") -> dict[str, str]:
    """What is put in place of which line of the default project.toml."""
    return {r"^source = .*$": f'source = "{source}"\n{extra}', r"^size = .*$": f"size = [{size}, {size}]"}


def unpack_blocks(archive: Path, folder: Path) -> Path:
    """Unpack the photos and list them in a CSV whose `group` is the block of their file number."""
    with zipfile.ZipFile(archive) as zipped:
        photos = sorted(name for name in zipped.namelist() if name.lower().endswith(".jpg"))
        zipped.extractall(folder, photos)
    table = folder / "photos.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "group"])
        for photo in photos:
            number = int(re.search(r"(\d+)\.", Path(photo).name)[1])
            writer.writerow([photo, Path(photo).parent.name, f"block {number // BLOCK}"])
    return table


def link_fashion(data: Path, home: Path) -> None:
    """Lay the idx files out as Keras' own cache."""
    shutil.copytree(data / "fashion-mnist", home / "datasets" / "fashion-mnist")


def run_project(folder: Path, changes: dict[str, str], environment: dict[str, str], smoke: bool) -> list[str]:
    """Make a project, run it, and return its rows of the table."""
    command = [sys.executable, "-m", "cnnproj"]
    subprocess.run([*command, "new", str(folder)], check=True, stdout=subprocess.DEVNULL)
    path = folder / "project.toml"
    text = path.read_text()
    for pattern, line in {**changes, **({r'^budget = "full"': 'budget = "smoke"'} if smoke else {})}.items():
        text, count = re.subn(pattern, line, text, flags=re.MULTILINE)
        assert count == 1, pattern
    path.write_text(text)
    start = time.perf_counter()
    subprocess.run([*command, "run"], cwd=folder, env={**os.environ, **environment}, check=True)
    minutes = (time.perf_counter() - start) / 60
    manifest = json.loads(next(folder.glob("reports/*/run.json")).read_text())
    rows = []
    for model, score in manifest["scores"].items():
        with next(folder.glob(f"reports/*/models/{model}/history.csv")).open(newline="") as file:
            trained = sum(float(row["seconds"]) for row in csv.DictReader(file)) / 60
        name = f"**{model}**" if model == manifest["best_model"] else model
        interval = f"{score['low']:.3f} – {score['high']:.3f}"
        rows.append(f"{name} | {score['accuracy']:.4f} | {interval} | {score['n']} | {trained:.1f} | {minutes:.1f}")
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", help=f"some of {', '.join(SETS)}; digits unless said otherwise")
    parser.add_argument("--data", type=Path, help="the folder with sign_digits.zip and fashion-mnist/")
    parser.add_argument("--smoke", action="store_true", help="two trials of one epoch")
    chosen = parser.parse_args()
    sets = chosen.sets or ["digits"]
    if unknown := set(sets) - set(SETS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there is {', '.join(SETS)}")
    if chosen.data is None and sets != ["digits"]:
        parser.error("these need --data FOLDER")
    rows = []
    with tempfile.TemporaryDirectory() as work:
        home = Path(work) / "keras"
        for name in sets:
            environment = {}
            match name:
                case "digits":
                    changes = {}
                case "signs":
                    changes = settings((chosen.data / "sign_digits.zip").resolve(), 64)
                case "blocks":
                    changes = settings(unpack_blocks(chosen.data / "sign_digits.zip", Path(work) / "photos"), 64)
                case _:
                    if not home.exists():
                        link_fashion(chosen.data, home)
                    environment = {"KERAS_HOME": str(home)}
                    whole = name == "fashion-all"
                    changes = settings("fashion_mnist", 28, "" if whole else "train_limit = 10000") | (
                        ALL if whole else {}
                    )
            rows += [
                f"| {name} | {row} |" for row in run_project(Path(work) / name, changes, environment, chosen.smoke)
            ]
    print("\n| images | model | test accuracy | 95 % interval | n | minutes of final training | of the whole run |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
