"""Whether 95 % intervals hold the truth in 95 % of cases: a simulation.

    python benchmarks/intervals.py

A large population of answers is made up, with or without groups (people, sessions) of which some are harder than
others; the truth is each score on all of it. From it a test part is drawn again and again, its intervals are made as in
every evaluation, and counted is how often they hold the truth. One table; `--repeats` draws for each row (500: a figure
of 95 % is then known to within 2). `--smoke` tries it with five.
"""

import argparse

import numpy as np

from cnnproj.evaluation.intervals import intervals
from cnnproj.evaluation.scores import scores

POPULATION = 4_000  # groups
SIZES = (3, 9)  # images of a group, from and below
# Images in a test part; how much the right class has before the others; with groups or not.
CASES = tuple((n, skill, grouped) for grouped in (False, True) for n, skill in ((300, 2.5), (300, 5.0), (1000, 4.0)))
CLASSES = 6


def population(skill: float, grouped: bool, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, labels and groups of everybody; where ``grouped``, a group shares what makes it easy or hard."""
    groups = np.repeat(np.arange(POPULATION), draw.integers(*SIZES, POPULATION))
    n = len(groups)
    labels = draw.integers(0, CLASSES, n)
    logits = draw.normal(0, 1.5, (n, CLASSES))
    ease = draw.normal(0, 1.5, POPULATION)[groups] if grouped else draw.normal(0, 1.5, n)
    logits[np.arange(n), labels] += skill + ease
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True), labels, groups if grouped else np.arange(n)


def sample(groups: np.ndarray, n: int, draw: np.random.Generator) -> np.ndarray:
    """The places of some ``n`` images, whole groups."""
    chosen, found = draw.permutation(groups[-1] + 1), []
    starts, ends = np.searchsorted(groups, chosen), np.searchsorted(groups, chosen, side="right")
    for start, end in zip(starts, ends, strict=True):
        found.extend(range(start, end))
        if len(found) >= n:
            return np.array(found)
    raise ValueError("the population is too small")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=500, help="test parts drawn for each row")
    parser.add_argument("--smoke", action="store_true", help="five of them")
    chosen = parser.parse_args()
    repeats = 5 if chosen.smoke else chosen.repeats
    header = None
    for number, (n, skill, grouped) in enumerate(CASES):
        draw = np.random.default_rng(number)
        probabilities, labels, groups = population(skill, grouped, draw)
        truth, held = scores(probabilities, labels), {}
        for repeat in range(repeats):
            places = sample(groups, n, draw)
            found = intervals(probabilities[places], labels[places], groups[places], seed=repeat)
            for name, (low, high, _) in found.items():
                held.setdefault(name, []).append(low <= truth[name] <= high)
        if header is None:
            header = list(held)
            print(f"share of {repeats} intervals that hold the truth, {CLASSES} classes\n")
            print(f"| images | groups | accuracy | {' | '.join(header)} |")
            print("|---|---|---|" + "---|" * len(header))
        cells = " | ".join(f"{np.mean(held[name]):.3f}" for name in header)
        number_of = f"about {n // 5}" if grouped else "none"
        print(f"| {n} | {number_of} | {truth['accuracy']:.3f} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
