"""What the audit finds, what it takes for a near duplicate by mistake, and what it costs.

    python benchmarks/audit.py --data FOLDER            # all tables
    python benchmarks/audit.py --data FOLDER planted    # or some of: planted, unrelated, scale, store

FOLDER holds `sign_digits.zip` (2,062 photos of hands before a plain wall) and `fashion-mnist/` (the four idx files).

planted    200 training photos stand in the test part too: 100 encoded again at quality 60, 50 at 80 % of their size, 50
           made 5 % brighter; and 50 as they are. How many are found, and how many other pairs.
unrelated  pairs among images that are not copies: by the measure of cnnproj.data.near_duplicates, and by the 64-bit
           pHash of `imagehash` at the smallest distance that finds 95 % of the copies above; and the largest group.
scale      seconds and memory for 10,000 and 70,000 images of Fashion-MNIST, and how the first grow.
store      2,062 photos at 96×96: the seconds of one epoch by the stock `flow_from_directory` in one process, against an
           epoch read from the store, the building of the store (with the audit), and the second start of a project.

`--smoke` tries all of it on drawn images and needs no FOLDER.
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

PARTS = ("planted", "unrelated", "scale", "store")
CHANGES = ("quality 60", "80 % size", "5 % brighter", "as it is")


def changed(photo: Path, change: str) -> bytes:
    """The file of a copy of ``photo``."""
    if change == "as it is":
        return photo.read_bytes()
    image = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")
    if change == "80 % size":
        image = image.resize((round(image.width * 0.8), round(image.height * 0.8)), Image.Resampling.LANCZOS)
    if change == "5 % brighter":
        image = Image.fromarray(np.clip(np.asarray(image) * 1.05, 0, 255).astype(np.uint8))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=60 if change == "quality 60" else 92)
    return file.getvalue()


def plant(photos: list[Path], folder: Path, count: int) -> dict[str, tuple[str, str]]:
    """Lay ``photos`` out in train and test, with ``count`` leaks, an eighth of them as they are.

    Returns:
        The path of each planted copy → the path of its original, and the change.
    """
    order = np.random.default_rng(0).permutation(len(photos))
    held = len(photos) // 5
    for place, number in enumerate(order):
        target = folder / ("test" if place < held else "train") / photos[number].parent.name / photos[number].name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photos[number], target)
    planted = {}
    changes = np.repeat(CHANGES, [count // 2, count // 4, count // 4, count // 4])
    for number, change in zip(order[held:], changes, strict=False):
        photo = photos[number]
        copy = folder / "test" / photo.parent.name / f"copy of {photo.stem}.jpg"
        copy.write_bytes(changed(photo, str(change)))
        original = folder / "train" / photo.parent.name / photo.name
        planted[copy.relative_to(folder).as_posix()] = (original.relative_to(folder).as_posix(), str(change))
    return planted


def audit(source: Path | str, folder: Path, size: int) -> float:
    """Audit ``source`` into ``folder``; the seconds it took."""
    from cnnproj.data.audit import audit_source
    from cnnproj.data.sources import open_source

    start = time.perf_counter()
    audit_source(
        open_source(str(source), Path(), seed=0),
        folder,
        size=(size, size),
        resize="stretch",
        color="auto",
        near_duplicates=True,
        threads=2,
    )
    return time.perf_counter() - start


def found_pairs(folder: Path) -> set[frozenset[str]]:
    """The pairs of paths that the audit in ``folder`` has found to be the same or nearly so."""
    from cnnproj.data.audit import REPEATED, load_audit

    findings = load_audit(folder).findings
    rows = findings[findings["kind"].isin(REPEATED)]
    return {frozenset(pair) for pair in rows[["image", "other"]].itertuples(index=False, name=None)}


def table_planted(photos: list[Path], work: Path, count: int) -> list[str]:
    """How many of the planted leaks are found."""
    planted = plant(photos, work / "planted", count)
    audit(work / "planted", work / "planted_audit", 64)
    found = found_pairs(work / "planted_audit")
    lines = ["| copies in the test part | planted | found |", "|---|---|---|"]
    for change in CHANGES:
        pairs = {frozenset((copy, original)) for copy, (original, how) in planted.items() if how == change}
        lines.append(f"| {change} | {len(pairs)} | {len(pairs & found)} |")
    others = found - {frozenset((copy, original)) for copy, (original, _) in planted.items()}
    return [*lines, f"| other pairs, of {len(photos):,} photos | 0 | {len(others)} |"]


def phashes(images: list[Image.Image]) -> np.ndarray:
    """The 64-bit pHash of each image, (n, 64) of 0 and 1."""
    from imagehash import phash

    return np.stack([phash(image).hash.ravel() for image in images]).astype(np.float32)


def table_unrelated(photos: list[Path], work: Path, count: int) -> list[str]:
    """Pairs among images that are no copies, by both measures, and the largest group."""
    from cnnproj.data.audit import load_audit
    from cnnproj.data.images import divide_images, load_images

    upright = [ImageOps.exif_transpose(Image.open(photo)).convert("RGB") for photo in photos]
    bits = phashes(upright)
    chosen = np.random.default_rng(0).permutation(len(photos))[:count]
    changes = np.repeat(CHANGES[:3], [count // 2, count // 4, count // 4])
    copies = [Image.open(io.BytesIO(changed(photos[n], str(how)))) for n, how in zip(chosen, changes, strict=False)]
    distances = np.abs(phashes(copies) - bits[chosen[: len(copies)]]).sum(axis=1)
    bound = int(np.quantile(distances, 0.95, method="higher"))
    apart = bits @ (1 - bits).T
    apart = apart + apart.T
    by_phash = int((np.triu(apart <= bound, 1) & np.triu(np.ones_like(apart, bool), 1)).sum())

    lines = ["| images | pairs by this measure | by pHash | largest group |", "|---|---|---|---|"]
    folder = work / "unrelated_audit"
    audit(photos[0].parent.parent, folder, 64)
    fractions = {"train": 0.7, "validation": 0.15, "test": 0.15}
    rules = {"fractions": fractions, "group_pattern": None, "set_leaks_aside": True, "train_limit": None, "seed": 7}
    divide_images(folder, **rules)
    largest = load_images(folder).table.groupby("cluster").size().max()
    pairs = len(load_audit(folder).pairs)
    return [*lines, f"| {len(photos):,} photos | {pairs} | {by_phash:,} (distance up to {bound}) | {largest} |"]


MEASURE = """
import json, resource, sys, time
from pathlib import Path
from cnnproj.data.audit import audit_source, load_audit
from cnnproj.data.images import divide_images, load_images
from cnnproj.data.sources import open_source
from cnnproj.data.sources.arrays import from_array
from cnnproj.data.sources.source import Record
name, count, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
whole = open_source(name, folder, seed=0)
records = [Record(*row) for row in whole.table.itertuples(index=False, name=None)]
source = from_array(name, records[-count:], whole.images[-count:]) if count else whole
start = time.perf_counter()
audit_source(source, folder, size=(28, 28), resize="stretch", color="auto", near_duplicates=True, threads=2)
seconds = time.perf_counter() - start
divide_images(folder, fractions={"train": 0.7, "validation": 0.15, "test": 0.15}, group_pattern=None,
              set_leaks_aside=True, train_limit=None, seed=7)
images = load_images(folder)
print(json.dumps({"n": len(source.table), "seconds": seconds, "pairs": len(images.audit.pairs),
    "largest": int(images.table.groupby("cluster").size().max()), "aside": len(images.set_aside),
    "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}))
"""


def table_scale(name: str, counts: list[int], work: Path, environment: dict[str, str]) -> list[str]:
    """Seconds and memory of an audit, and how they grow; each in a process of its own."""
    lines = ["| images | seconds | a thousand images | memory, GiB | near pairs | largest group | set aside |"]
    lines.append("|---|---|---|---|---|---|---|")
    for count in counts:
        command = [sys.executable, "-c", MEASURE, name, str(count), str(work / f"scale{count}")]
        ran = subprocess.run(command, env={**os.environ, **environment}, check=True, stdout=subprocess.PIPE, text=True)
        row = json.loads(ran.stdout.splitlines()[-1])
        each = row["seconds"] / row["n"] * 1000
        lines.append(
            f"| {row['n']:,} | {row['seconds']:.1f} | {each:.2f} s | {row['peak']:.2f} | {row['pairs']:,} | "
            f"{row['largest']} | {row['aside']} |"
        )
    return lines


def best_of(repeats: int, work: Callable[[], object]) -> float:
    """The least seconds of some repeats."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def table_store(photos: list[Path], work: Path) -> list[str]:
    """One epoch by the stock generator, against reading the store, building it, and starting again."""
    from cnnproj.runtime import start_tensorflow

    start_tensorflow(2)
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    from cnnproj.data.store import load_pixels
    from cnnproj.project import Project
    from cnnproj.template import make_project

    root = photos[0].parent.parent

    def stock() -> None:
        batches = ImageDataGenerator().flow_from_directory(root, target_size=(96, 96), batch_size=64, shuffle=False)
        for number in range(len(batches)):
            batches[number]

    def read() -> None:
        pixels = load_pixels(work / "store_audit" / "store")
        for start in range(0, len(pixels), 64):
            np.asarray(pixels[start : start + 64], np.float32)

    def build() -> None:
        shutil.rmtree(work / "store_audit", ignore_errors=True)
        audit(root, work / "store_audit", 96)

    folder = make_project(work / "project")
    settings = (folder / "project.toml").read_text()
    settings = settings.replace('source = "digits"', f'source = "{root.as_posix()}"')
    (folder / "project.toml").write_text(settings.replace("size = [32, 32]", "size = [96, 96]"))
    Project.open(folder).prepare()

    def second_start() -> None:
        code = "from cnnproj import Project; Project.open().prepare().pixels"
        subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)

    slow, built, quick = best_of(3, stock), best_of(3, build), best_of(3, read)
    lines = ["| 2,062 photos at 96×96 | seconds | flow_from_directory takes |", "|---|---|---|"]
    lines = [line.replace("2,062", f"{len(photos):,}") for line in lines]
    lines.append(f"| flow_from_directory, an epoch in one process | {slow:.2f} | 1 × |")
    lines.append(f"| an epoch from the store | {quick:.3f} | {slow / quick:.1f} × |")
    lines.append(f"| building the store, with the audit, once | {built:.2f} | {slow / built:.2f} × |")
    return [*lines, f"| second start, a new Python, nothing changed | {best_of(3, second_start):.2f} | |"]


def unpacked(archive: Path, folder: Path) -> list[Path]:
    """The photos of a zip of class folders, unpacked."""
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder, [name for name in zipped.namelist() if name.lower().endswith(".jpg")])
    return sorted(path for path in folder.rglob("*") if path.is_file())


def drawn(folder: Path) -> list[Path]:
    """Images drawn by the program, as JPEG in class folders."""
    from cnnproj.data.sources import open_source

    source = open_source("shapes", Path(), seed=0)
    for row in range(0, len(source.table), 10):
        target = folder / "photos" / str(source.table["label"].iat[row]) / f"{row:04}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(source.read(row).pixels).save(target, quality=92)
    return sorted((folder / "photos").rglob("*.jpg"))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; all unless said otherwise")
    parser.add_argument("--data", type=Path, help="the folder with sign_digits.zip and fashion-mnist/")
    parser.add_argument("--smoke", action="store_true", help="drawn images, no FOLDER")
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"{unknown.pop()} is none of {', '.join(PARTS)}")
    if chosen.data is None and not chosen.smoke:
        parser.error("--data FOLDER or --smoke is needed")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        photos = drawn(work) if chosen.smoke else unpacked(chosen.data / "sign_digits.zip", work / "photos")
        count = 16 if chosen.smoke else 200
        environment = {}
        if not chosen.smoke:
            shutil.copytree(chosen.data / "fashion-mnist", work / "keras" / "datasets" / "fashion-mnist")
            environment = {"KERAS_HOME": str(work / "keras")}
        tables = {
            "planted": lambda: table_planted(photos, work, count),
            "unrelated": lambda: table_unrelated(photos, work, count),
            "scale": lambda: (
                table_scale("digits", [500, 1797], work, {})
                if chosen.smoke
                else table_scale("fashion_mnist", [10_000, 70_000], work, environment)
            ),
            "store": lambda: table_store(photos, work),
        }
        for part in chosen.parts or PARTS:
            print(f"\n{part}\n", *tables[part](), sep="\n", flush=True)


if __name__ == "__main__":
    main()
