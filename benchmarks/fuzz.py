"""Whether any bytes make the reader of submissions crash, hang, or raise what is not a sentence.

    python benchmarks/fuzz.py --minutes 10

An honest submission is made (the digits with the smoke budget, and a network of the student's own; some 30 s), or given
with `--submission ZIP`. Then, until the time is up, it is spoiled by chance again and again: bytes changed, cut out,
doubled or cut off, values replaced by nasty ones, files swapped, left out or renamed, in a file or in the zip itself.
Each is opened and all its files are read; every hundredth time its networks are built and their weights loaded, too.
One process reads, another one watches: where the first dies, or needs more than `--patience` seconds for one, that is
noted, the bytes are kept in `--keep`, and the next number is tried. All is drawn from the number of the attempt, so
`--first N --attempts 1` repeats one.

`--smoke` tries a few.
"""

import argparse
import io
import json
import multiprocessing
import re
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

OWN = "my_cnn"
NASTY = (
    *(
        b"NaN",
        b"-1",
        b"0",
        b"1e999",
        b"1e308",
        b"9" * 30,
        b"18446744073709551616",
        b"true",
        b"null",
        b'""',
        b"[]",
        b"{}",
    ),
    *(b"{}", b'"../../x"', b'"/etc/passwd"', b'"=1+1"', b'"<script>"', b'"\\u0000"', b'"\\ud800"', b"[[[[[["),
    *(b"\0", b"\xff\xfe", b"\r\n", b",,,,", b'"', b"'", b"\\", b"__class__", b"x" * 5_000, b"1_0", "é\u202e".encode()),
)
NAMES = ("../x.csv", "data/x.csv", "run.json", "figures/é.png", "models/x/recipe.json", "a\\b.png", "data/CLASSES.json")
_VALUE = re.compile(rb'-?\d+(?:\.\d+)?(?:e-?\d+)?|"[^"\n]*"|true|false|null|True|False|[a-z_]+(?=[,\n])')
TEXT = (".json", ".csv", ".toml", ".ipynb")
Choose = Callable[[int], int]  # a number from 0 to below the one given


def spoiled(members: Mapping[str, bytes], choose: Choose) -> bytes:
    """The zip of ``members`` after one to three changes, which ``choose`` draws."""
    changed = dict(members)
    for _ in range(1 + choose(3)):
        names = sorted(changed)
        name, other = names[choose(len(names))], names[choose(len(names))]
        what = choose(10)
        if what < 7:
            changed[name] = _changed(changed[name], choose, is_text=name.endswith(TEXT))
        elif what == 7:
            changed[name], changed[other] = changed[other], changed[name]
        elif what == 8 and len(changed) > 1:
            del changed[name]
        else:
            changed[NAMES[choose(len(NAMES))]] = changed[name]
    made = zipped(changed)
    return _changed(made, choose, is_text=False) if choose(10) == 0 else made


def _changed(data: bytes, choose: Choose, *, is_text: bool) -> bytes:
    if is_text and choose(4) and (values := list(_VALUE.finditer(data[:200_000]))):
        value = values[choose(len(values))]
        return data[: value.start()] + NASTY[choose(len(NASTY))] + data[value.end() :]
    start = choose(len(data) + 1)
    length = min(1 + choose(64), len(data) - start)
    piece = data[start : start + length]
    match choose(6):
        case 0:
            return data[:start]
        case 1:
            return data[:start] + data[start + length :]
        case 2:
            return data[:start] + piece * (2 + choose(30)) + data[start + length :]
        case 3:
            return data[:start] + NASTY[choose(len(NASTY))] + data[start:]
        case 4:
            return data[:start] + bytes(choose(256) for _ in piece) + data[start + length :]
        case _:
            flipped = bytes([data[start] ^ 1 << choose(8)]) if piece else b""
            return data[:start] + flipped + data[start + 1 :]


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A zip of ``members``, not compressed: that would only cost time."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return made.getvalue()


def smaller(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """``members`` with one figure and the beginnings of long files: the same kinds of files in a tenth of the bytes."""
    kept = {name: data for name, data in members.items() if not name.startswith("figures/")}
    first = min(name for name in members if name.startswith("figures/"))
    tables = {name: b"".join(data.splitlines(True)[:40]) for name, data in kept.items() if name.endswith(".csv")}
    tables["interpretation/cases.csv"] = kept["interpretation/cases.csv"]
    dealt = json.loads(kept["data/dealt.json"])
    few = {key: dict(list(dealt[key].items())[:40]) for key in ("parts", "deals")}
    short = {"report.html": kept["report.html"][:2_000], "data/dealt.json": json.dumps(dealt | few).encode()}
    return {**kept, **tables, **short, first: members[first]}


def read(path: Path, *, networks: bool) -> str:
    """What opening the submission at ``path`` comes to: ``refused``, ``unreadable`` or ``read``."""
    from cnnproj.errors import CnnprojError
    from cnnproj.submission.opening.opened import Refused, build_network, load_weights, open_submission

    try:
        with open_submission(path) as submission:
            faults = [str(fault) for fault in submission.faults]
            for model in submission.models if networks else ():
                try:
                    load_weights(build_network(submission, model), submission, model)
                except CnnprojError as error:
                    faults.append(str(error))
        return "unreadable" if faults else "read"
    except Refused as error:
        return str(error) and "refused"


# Two processes ------------------------------------------------------------------------------------------------------


def work(members: Mapping[str, bytes], first: int, connection, folder: Path) -> None:
    """Try attempt after attempt, telling of each as it begins and what it came to."""
    path = folder / "spoiled.zip"
    number = first
    while True:
        rng = np.random.default_rng(number)
        path.write_bytes(spoiled(members, lambda most, rng=rng: int(rng.integers(most))))
        connection.send((number, None))
        try:
            outcome = read(path, networks=number % 100 == 0)
        except Exception:
            outcome = "uncaught\n" + traceback.format_exc()
        connection.send((number, (outcome, memory())))
        number += 1


def memory() -> int:
    """The most memory that this process has had, in MiB; 0 where the system does not tell."""
    status = Path("/proc/self/status")  # getrusage counts the process that started this one, too
    return int(status.read_text().split("VmHWM:")[1].split()[0]) >> 10 if status.exists() else 0


def watch(members: Mapping[str, bytes], arguments: argparse.Namespace, folder: Path) -> Counter:
    """Run ``work`` until the time or the number of attempts is up; returns what how many came to."""
    outcomes: Counter = Counter()
    number, end = arguments.first, time.monotonic() + arguments.minutes * 60
    last = arguments.first + arguments.attempts if arguments.attempts else sys.maxsize
    slowest, most = 0.0, 0
    context = multiprocessing.get_context("spawn")
    while time.monotonic() < end and number < last:
        mine, theirs = context.Pipe(duplex=False)
        worker = context.Process(target=work, args=(members, number, theirs, folder), daemon=True)
        worker.start()
        theirs.close()
        begun = time.monotonic()
        trouble = ""
        while time.monotonic() < end and number < last and not trouble:
            try:
                if not mine.poll(arguments.patience + 60 * (outcomes.total() == 0)):
                    trouble = "hung"
                    break
                number, outcome = mine.recv()
            except EOFError:
                worker.join()
                trouble = f"crashed ({worker.exitcode})"
                break
            if outcome is None:
                begun = time.monotonic()
                continue
            kind, _, text = outcome[0].partition("\n")
            outcomes[kind] += 1
            slowest, most = max(slowest, time.monotonic() - begun), max(most, outcome[1])
            if text:
                keep(arguments.keep, folder, number, text)
            number += 1
        worker.kill()
        worker.join()
        if trouble:
            outcomes[trouble] += 1
            keep(arguments.keep, folder, number, trouble)
            number += 1
    print(f"slowest {slowest:.1f} s, memory of the reader at most {most:,} MiB")
    return outcomes


def keep(target: Path, folder: Path, number: int, trouble: str) -> None:
    """Keep what was read when there was ``trouble``."""
    target.mkdir(parents=True, exist_ok=True)
    (target / f"{number}.zip").write_bytes((folder / "spoiled.zip").read_bytes())
    (target / f"{number}.txt").write_text(trouble)
    print(f"attempt {number}: {trouble.strip().splitlines()[-1]}", flush=True)


# The honest one -----------------------------------------------------------------------------------------------------


def honest(folder: Path) -> dict[str, bytes]:
    """What a submission of the digits with the smoke budget holds, and a network of the student's own."""
    from cnnproj import Project
    from cnnproj.submission.contents import CONTENTS, SETTINGS, Contents, is_wanted
    from cnnproj.template import make_project

    made = make_project(folder / "digits")
    settings = (made / SETTINGS).read_text(encoding="utf-8")
    (made / SETTINGS).write_text(settings.replace('budget = "full"', 'budget = "smoke"'), encoding="utf-8")
    project = Project.open(made)
    project.run(lambda line: None)
    run = project.record.folder
    files = {path.relative_to(run).as_posix(): path for path in sorted(run.rglob("*")) if path.is_file()}
    members = {name: path.read_bytes() for name, path in files.items() if is_wanted(name)}
    members[SETTINGS] = (project.folder / SETTINGS).read_bytes()
    contents = Contents(cnnproj="0", name="digits", files=dict.fromkeys(members, "0" * 64))
    notebook = {"nbformat": 4, "cells": [{"cell_type": "code", "source": ["1"], "execution_count": 1, "outputs": []}]}
    notebooks = {"notebooks/01_data.ipynb": json.dumps(notebook).encode()}
    return {**members, CONTENTS: contents.model_dump_json().encode(), **notebooks, **own(members, folder)}


def own(members: Mapping[str, bytes], folder: Path) -> dict[str, bytes]:
    """The files of a network of the student's own, not trained."""
    import keras
    from keras import layers

    recipe = json.loads(members["models/mlp/recipe.json"])
    shape, classes = recipe["shape"], len(recipe["classes"])
    inner = [layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization(), layers.GlobalAveragePooling2D()]
    model = keras.Sequential([keras.Input(shape), *inner, layers.Dense(classes, activation="softmax")])
    model.save(folder / "model.keras")
    model.save_weights(folder / "model.weights.h5")
    recipe |= {"model": OWN, "ours": False, "hyperparameters": {"filters": 4}}
    files = {name: (folder / name).read_bytes() for name in ("model.keras", "model.weights.h5")}
    return {
        f"models/{OWN}/{name}": data for name, data in {**files, "recipe.json": json.dumps(recipe).encode()}.items()
    }


def main() -> None:
    """Fuzz, print a table, and fail where there was trouble."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--submission", type=Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--attempts", type=int, default=0)
    parser.add_argument("--patience", type=float, default=60)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir(), "fuzz"))
    parser.add_argument("--smoke", action="store_true")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.attempts = 25
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.submission:
            with zipfile.ZipFile(arguments.submission) as archive:
                members = {info.filename: archive.read(info) for info in archive.infolist()}
        else:
            members = honest(folder)
        members = smaller(members)
        path = folder / "spoiled.zip"
        path.write_bytes(zipped(members))
        if (came := read(path, networks=True)) != "read":
            sys.exit(f"The honest submission is {came}.")
        outcomes = watch(members, arguments, folder)
    print(f"{'attempts':30} {outcomes.total():8,}")
    for outcome, count in sorted(outcomes.items()):
        print(f"{outcome:30} {count:8,}")
    if outcomes.keys() - {"refused", "unreadable", "read"}:
        sys.exit(f"There was trouble: see {arguments.keep}.")


if __name__ == "__main__":
    main()
