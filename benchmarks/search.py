"""What a search costs: epochs until the best is found, against random search and KerasTuner; and what it survives.

    python benchmarks/search.py epochs                          # the embedded digits
    python benchmarks/search.py epochs --data FOLDER signs      # FOLDER/sign_digits.zip at 32×32
    python benchmarks/search.py epochs --wide                   # a wide space instead of the network's own
    python benchmarks/search.py kills                           # SIGKILL at 20 random moments of one search
    python benchmarks/search.py disk                            # what 100 trials take up
    python benchmarks/search.py overhead                        # seconds of a trial beyond its epochs
    python benchmarks/search.py workers                         # two workers against one, on a PostgreSQL server

`epochs` searches the compact CNN's own space, which is narrow and about its defaults, or, with `--wide`, all that the
course names: optimizer, learning rate over three orders of magnitude, width, depth, activation, dropout. The training
is the same for all: ours (TPE, halving), random search without pruning, and, where keras-tuner is installed, its
RandomSearch and Hyperband. Each may train as many epochs in all as random search does. For each seed: the best
validation accuracy of each, also after half of the epochs, and after how many each first had that of random search.
KerasTuner's Hyperband goes on from saved weights, so only its further epochs are counted.

`workers` needs a PostgreSQL server whose user may create databases: CNNPROJ_POSTGRESQL names it, as
postgresql://user@127.0.0.1:5432, and PGPASSWORD holds the password. Each worker trains with one thread, and the trials
are drawn at random, so that they are the same whoever does them; in turn for one worker and two, medians of three.
Counted is the time from the start of the first program to the end of the last, and that from the first trial's start
to the last one's end.

`--smoke` tries each with next to no training.
"""

import argparse
import contextlib
import importlib.util
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SETS = ("digits", "signs")


class Enough(BaseException):
    """The budget of epochs is spent: no failure of the trial, which searchers would record and go on."""


class Ledger:
    """The best validation accuracy after each epoch trained, until ``budget`` epochs are spent."""

    def __init__(self, budget: int | None) -> None:
        self.budget, self.best = budget, []

    def enter(self, row) -> None:
        """Enter an epoch."""
        self.best.append(max([row["val_accuracy"], *self.best[-1:]]))
        if self.budget is not None and len(self.best) >= self.budget:
            raise Enough

    def first(self, value: float) -> int | None:
        """After how many epochs ``value`` was reached."""
        return next((epochs for epochs, best in enumerate(self.best, start=1) if best >= value), None)


def load(name: str, data: Path | None, folder: Path):
    """The images, in a project of their own."""
    from cnnproj import Project

    source = "digits" if name == "digits" else str((data / "sign_digits.zip").resolve())
    (folder / "project.toml").write_text(f'[data]\nsource = "{source}"\nsize = [32, 32]\n')
    project = Project.open(folder)
    project.audit()
    images = project.prepare()
    project._start()
    return images


def train(images, network, chosen, *, epochs: int, seed: int, on_epoch):
    """One training, the same for every searcher."""
    from cnnproj.training import fit

    vary = {"rotation_range": 10.0, "width_shift_range": 0.08, "height_shift_range": 0.08, "zoom_range": 0.08}
    return fit(network, images, chosen, epochs=epochs, seed=seed, augmentation=vary, on_epoch=on_epoch)


def space_of(network, wide: bool):
    """What is searched."""
    from cnnproj.models import Choice, Range
    from cnnproj.models.registry import OPTIMIZERS

    if not wide:
        return network.space
    return {
        "optimizer": Choice(*OPTIMIZERS),
        "learning_rate": Range(1e-4, 1e-1, log=True),
        "filters": Choice(8, 16, 24, 32),
        "depth": Choice(2, 3, 4),
        "activation": Choice("relu", "elu", "tanh", "sigmoid"),
        "dropout": Range(0.0, 0.6),
    }


def ours(
    images, folder: Path, *, trials: int, epochs: int, seed: int, ledger: Ledger, wide: bool = False, **table
) -> None:
    """Our search, its epochs entered in ``ledger``."""
    from cnnproj.models import architectures
    from cnnproj.settings import SearchTable, TrainingTable
    from cnnproj.tuning import search

    def fit(network, images, chosen, *, epochs, seed, on_epoch, **_):
        def note(row):
            ledger.enter(row)
            on_epoch(row)

        return train(images, network, chosen, epochs=epochs, seed=seed, on_epoch=note)

    search.fit, usual = fit, search.fit
    network = architectures()["compact_cnn"]
    try:
        search.search(
            network,
            space_of(network, wide),
            images,
            folder,
            table=SearchTable.model_validate(table),
            trials=trials,
            epochs=epochs,
            seed=seed,
            augmentation={},
            training=TrainingTable(),
            identity="benchmark",
        )
    except Enough:
        pass
    finally:
        search.fit = usual


def keras_tuner(
    images, folder: Path, kind: str, *, trials: int, epochs: int, seed: int, ledger: Ledger, wide: bool
) -> None:
    """KerasTuner's search on the same space with the same training."""
    import keras_tuner

    from cnnproj.models import Choice, architectures

    network = architectures()["compact_cnn"]
    space = space_of(network, wide)

    def build(given):
        for name, values in space.items():
            if isinstance(values, Choice):
                given.Choice(name, list(values.values))
            else:
                given.Float(name, values.low, values.high, sampling="log" if values.log else "linear")
        return network.build(images.shape, len(images.classes), network.defaults)

    options = {
        "hypermodel": build,
        "objective": keras_tuner.Objective("val_accuracy", "max"),
        "seed": seed,
        "directory": str(folder),
        "project_name": kind,
    }
    if kind == "hyperband":
        base, options = keras_tuner.Hyperband, {**options, "max_epochs": epochs, "hyperband_iterations": 100}
    else:
        base, options = keras_tuner.RandomSearch, {**options, "max_trials": trials}

    class Tuner(base):
        def run_trial(self, trial, *given, **how):
            values = trial.hyperparameters.values
            chosen = {**network.defaults, **{name: values[name] for name in space}}
            first, last = values.get("tuner/initial_epoch", 0), values.get("tuner/epochs", epochs)

            def note(row):
                if row["epoch"] > first:
                    ledger.enter(row)

            result = train(images, network, chosen, epochs=last, seed=seed, on_epoch=note)
            return {"val_accuracy": float(result.best["val_accuracy"])}

    with contextlib.suppress(Enough):
        Tuner(**options).search(verbose=0)


def compare(sets: list[str], data: Path | None, *, seeds: int, trials: int, epochs: int, wide: bool) -> None:
    """Print the table of epochs."""
    tuner = importlib.util.find_spec("keras_tuner") is not None
    names = ["random", "cnnproj", *(["KerasTuner random", "KerasTuner hyperband"] if tuner else [])]
    if not tuner:
        print("keras-tuner is not installed, so it is left out: pip install keras-tuner tensorboard\n")
    for name in sets:
        with tempfile.TemporaryDirectory() as work:
            images = load(name, data, Path(work))
            ledgers = {who: [] for who in names}
            for seed in range(seeds):
                for who in names:
                    folder = Path(work, who, str(seed))
                    budget = None if who == "random" else len(ledgers["random"][seed].best)
                    ledger = Ledger(budget)
                    given = {"epochs": epochs, "seed": seed, "ledger": ledger, "wide": wide}
                    if who == "random":
                        ours(images, folder, trials=trials, sampler="random", pruning="none", **given)
                    elif who == "cnnproj":
                        ours(images, folder, trials=100 * trials, **given)
                    else:
                        keras_tuner(images, folder, who.split()[1], trials=100 * trials, **given)
                    ledgers[who].append(ledger)
        about = (
            f"{name}, compact_cnn, {'a wide' if wide else 'its own'} space, {len(images.validation)} validation images"
        )
        print(f"\n{about}, {trials} trials of {epochs} epochs\n")
        print("| | " + " | ".join(f"seed {seed}" for seed in range(seeds)) + " | median |")
        print("|---|" + "---|" * (seeds + 1))
        for share, when in ((2, "best after half of the epochs"), (1, "best")):
            for who in names:
                best = [ledger.best[max(1, len(ledger.best) // share) - 1] for ledger in ledgers[who]]
                cells = " | ".join(f"{value:.4f}" for value in best)
                print(f"| {who}: {when} | {cells} | {statistics.median(best):.4f} |")
        for who in names:
            pairs = zip(ledgers[who], ledgers["random"], strict=True)
            shares = [(one.first(random.best[-1]), random.first(random.best[-1])) for one, random in pairs]
            cells = " | ".join("never" if one is None else f"{one} of {random}" for one, random in shares)
            found = [float("inf") if one is None else one / random for one, random in shares]
            whole = [float("inf") if one is None else one / (trials * epochs) for one, _ in shares]
            middle = f"{statistics.median(found):.2f} (of the budget: {statistics.median(whole):.2f})"
            print(f"| {who}: epochs to random's best | {cells} | {middle} |")


def kills(times: int, trials: int) -> None:
    """Print what is left of a search that is killed again and again."""
    import numpy as np

    draw, root = np.random.default_rng(0), Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as work:
        whole, killed = Path(work, "whole"), Path(work, "killed")

        def start(folder: Path) -> subprocess.Popen:
            command = [sys.executable, "-m", "tests.tuning.quick", str(folder), str(trials), "0.05"]
            return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)

        with start(whole) as process:
            process.stdout.read()
        struck = 0
        while struck < times:
            with start(killed) as process:
                for _ in range(int(draw.integers(0, 4))):
                    process.stdout.readline()
                time.sleep(draw.uniform(0, 0.2))
                if process.poll() is None:
                    os.kill(process.pid, signal.SIGKILL)
                    struck += 1
                else:
                    break
        with start(killed) as process:
            process.stdout.read()
        same = (whole / "trials.csv").read_bytes() == (killed / "trials.csv").read_bytes()
        rows = (killed / "trials.csv").read_text().count("\n") - 1
    print(f"killed {struck} times; {rows} of {trials} trials; the table is {'the same' if same else 'NOT the same'}")


def disk(trials: int) -> None:
    """Print what the files of a search take up."""
    from cnnproj.models import architectures

    with tempfile.TemporaryDirectory() as work:
        images = load("digits", None, Path(work))
        network = architectures()["compact_cnn"]
        ours(images, Path(work, "search"), trials=trials, epochs=1, seed=0, ledger=Ledger(None), pruning="none")
        weights = 4 * network.build(images.shape, 10, network.defaults).count_params()
        files = sum(path.stat().st_size for path in Path(work, "search").rglob("*") if path.is_file())
    print(f"{trials} trials take {files / 1e6:.2f} MB; three times one network's weights and 5 MB are", end=" ")
    print(f"{(3 * weights + 5e6) / 1e6:.2f} MB")


def overhead(trials: int) -> None:
    """Print how long a trial takes beyond its epochs."""
    with tempfile.TemporaryDirectory() as work:
        images, starts, inside = load("digits", None, Path(work)), [], []

        class Watch(Ledger):
            def enter(self, row) -> None:
                inside.append(row["seconds"])

        from cnnproj.tuning import search

        usual = search._Work._try

        def watched(self, *given):
            begun, count = time.perf_counter(), len(inside)
            try:
                return usual(self, *given)
            finally:
                starts.append(time.perf_counter() - begun - sum(inside[count:]))

        search._Work._try = watched
        begun = time.perf_counter()
        ours(images, Path(work, "search"), trials=trials, epochs=2, seed=0, ledger=Watch(None), pruning="none")
        whole = time.perf_counter() - begun
    rest = (whole - sum(inside) - starts[0]) / (trials - 1)
    print(f"{trials} trials of 2 epochs: beyond the epochs the first took {starts[0]:.2f} s,")
    middle = statistics.median(starts[1:])
    print(f"the others {middle:.2f} s each (median), {rest:.2f} s with what lies between them (mean)")


def workers(trials: int, epochs: int, repeats: int) -> None:
    """Print how much sooner two workers have done a search than one."""
    import psycopg

    server = os.environ["CNNPROJ_POSTGRESQL"]
    found: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    for repeat in range(repeats):
        for count in found:
            name = f"cnnproj_workers_{os.getpid()}_{repeat}_{count}"
            with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}"')
            with tempfile.TemporaryDirectory() as work:
                folders = [Path(work, str(number)) for number in range(count)]
                found[count].append(together(folders, f"{server}/{name}", trials, epochs))
            with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    print(f"digits, compact_cnn, {trials} trials of {epochs} epochs, one thread a worker, medians of {repeats}\n")
    print("| | one worker | two workers | ratio |\n|---|---|---|---|")
    for what, place in (("the programs", 0), ("the trials", 1)):
        one, two = (statistics.median(seconds[place] for seconds in found[count]) for count in found)
        print(f"| {what} | {one:.0f} s | {two:.0f} s | {one / two:.2f} |")


def together(folders: list[Path], storage: str, trials: int, epochs: int) -> tuple[float, float]:
    """Seconds that workers need in these ``folders``, a project each, for one search in ``storage``: in all, and
    from the start of the first trial to the end of the last."""
    import psycopg

    settings = (
        f'[training]\nthreads = 1\n[search]\ntrials = {trials}\nepochs = {epochs}\npruning = "none"\n'
        f'sampler = "random"\nstorage = "{storage}"\n[models.compact_cnn]\n'
    )
    for folder in folders:
        folder.mkdir()
        (folder / "project.toml").write_text(settings)
    begun = time.perf_counter()
    command = [sys.executable, "-m", "cnnproj", "tune", "compact_cnn"]
    running = [subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) for folder in folders]
    failed = [process.wait() for process in running]  # all, whatever became of the first
    if any(failed):
        raise SystemExit("a worker failed")
    whole = time.perf_counter() - begun
    with psycopg.connect(storage) as connection:
        question = "SELECT min(datetime_start), max(datetime_complete), count(*) FROM trials WHERE state = 'COMPLETE'"
        first, last, done = connection.execute(question).fetchone()
    if done != trials:
        raise SystemExit(f"{done} trials were done, not {trials}")
    return whole, (last - first).total_seconds()


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["epochs", "kills", "disk", "overhead", "workers"], help="which table")
    parser.add_argument("sets", nargs="*", help=f"for epochs: some of {', '.join(SETS)}; digits unless said otherwise")
    parser.add_argument("--data", type=Path, help="the folder with sign_digits.zip")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--wide", action="store_true", help="for epochs: a wide space")
    parser.add_argument("--smoke", action="store_true", help="next to no training")
    chosen = parser.parse_intermixed_args()
    sets = chosen.sets or ["digits"]
    if set(sets) - set(SETS) or ("signs" in sets and chosen.data is None):
        parser.error(f"there is {', '.join(SETS)}; signs needs --data FOLDER")
    match chosen.what:
        case "epochs":
            budget = (1, 2, 1) if chosen.smoke else (chosen.seeds, chosen.trials, chosen.epochs)
            compare(sets, chosen.data, seeds=budget[0], trials=budget[1], epochs=budget[2], wide=chosen.wide)
        case "kills":
            kills(1 if chosen.smoke else 20, 4 if chosen.smoke else 24)
        case "disk":
            disk(3 if chosen.smoke else 100)
        case "workers":
            workers(*((2, 1, 1) if chosen.smoke else (24, 4, 3)))
        case _:
            overhead(3 if chosen.smoke else 12)


if __name__ == "__main__":
    main()
