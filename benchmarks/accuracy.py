"""Accuracy of the default settings on real images: whole projects, from the images to the report.

    python benchmarks/accuracy.py                                         # the embedded digits
    python benchmarks/accuracy.py --data FOLDER digits signs blocks fashion

FOLDER holds `sign_digits.zip` (2,062 photos of hands, 10 classes) and `fashion-mnist/` (the four idx files). `signs` is
the zip as it is; `blocks` the same photos split by blocks of 50 file numbers, since each of some 218 people took about
ten photos in file-name order, so that a person then hardly stands on both sides; `fashion` has 10,000 training images.

One table: the best model (chosen on validation), its test accuracy with its 95 % Wilson interval, n, and minutes.
One run of each, with the seed of the default project.toml. `--smoke` tries the flow with two trials of one epoch.
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
SETS = ("digits", "signs", "blocks", "fashion")


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


def run_project(folder: Path, changes: dict[str, str], environment: dict[str, str], smoke: bool) -> str:
    """Make a project, run it, and return its row of the table."""
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
    best = manifest["best_model"]
    score = manifest["scores"][best]
    interval = f"{score['low']:.3f} – {score['high']:.3f}"
    return f"{best} | {score['accuracy']:.4f} | {interval} | {score['n']} | {minutes:.1f}"


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
                    link_fashion(chosen.data, home)
                    environment = {"KERAS_HOME": str(home)}
                    changes = settings("fashion_mnist", 28, "train_limit = 10000")
            rows.append(f"| {name} | {run_project(Path(work) / name, changes, environment, chosen.smoke)} |")
    print("\n| images | best model | test accuracy | 95 % interval | n | minutes |")
    print("|---|---|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
