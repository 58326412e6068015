"""What submissions of a class have in common: a table to look at, never a verdict.

Equal settings, seed and images give equal weights, trials and predictions on equal machines, and nobody has copied
from anybody: such rows are marked as expected. What deserves a look is the same weights from other settings, and prose.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

SHINGLE = 5  # words
LEAST_SHARED = 8  # shingles that two texts must share to be told
LEAST_SHARE = 0.3  # of the shorter text
COMMON = 0.5  # the share of the class from which on a shingle is taken for the assignment's own words

Kind = Literal["weights", "predictions", "trials", "seed", "prose"]
KINDS: tuple[Kind, ...] = ("weights", "predictions", "trials", "seed", "prose")


@dataclass(frozen=True)
class Traits:
    """By what a submission is compared with others.

    Attributes:
        settings: a digest of all that decides the numbers of its run.
        seed: of the project.
        weights, predictions, trials: a digest for each model.
        shingles: digests of all runs of five words in what the student wrote.
    """

    settings: str
    seed: int
    weights: Mapping[str, str]
    predictions: Mapping[str, str]
    trials: Mapping[str, str]
    shingles: frozenset[str]


@dataclass(frozen=True)
class Shared:
    """What some submissions have in common.

    Attributes:
        kind: of what.
        students: positions in the class, at least two.
        what: the models that it is about, or the seed.
        expected: whether the same settings explain it.
        share: of the shorter text, 0 to 1; 1 for all but prose.
    """

    kind: Kind
    students: tuple[int, ...]
    what: str
    expected: bool
    share: float = 1.0


def shingles(text: str) -> frozenset[str]:
    """The digests of all runs of five words in ``text``; capitals, punctuation and line ends make no difference."""
    words = re.findall(r"\w+", text.casefold())
    runs = (" ".join(words[start : start + SHINGLE]) for start in range(len(words) - SHINGLE + 1))
    return frozenset(hashlib.blake2b(run.encode(), digest_size=8).hexdigest() for run in runs)


def similarities(traits: Sequence[Traits | None], usual_seed: int) -> list[Shared]:
    """All that the submissions of a class share; what is not expected comes first, then the order of ``KINDS``.

    Args:
        traits: of each submission, ``None`` for those that could not be read.
        usual_seed: the one that a new project has, which says nothing.
    """
    known = {place: one for place, one in enumerate(traits) if one is not None}
    found = [*_equal("weights", known), *_equal("predictions", known), *_equal("trials", known)]
    seeds = _groups((str(one.seed), place) for place, one in known.items() if one.seed != usual_seed)
    found += [Shared("seed", students, seed, False) for seed, students in seeds]
    found += _prose(known)
    return sorted(found, key=lambda one: (one.expected, KINDS.index(one.kind), -one.share, one.students, one.what))


def _equal(kind: Literal["weights", "predictions", "trials"], known: Mapping[int, Traits]) -> list[Shared]:
    """The models that are equal in some submissions, those of the same submissions in one row."""
    digests = ((digest, place) for place, one in known.items() for digest in getattr(one, kind).values())
    rows: dict[tuple[int, ...], set[str]] = defaultdict(set)
    for digest, students in _groups(digests):
        rows[students] |= {name for name, value in getattr(known[students[0]], kind).items() if value == digest}
    return [
        Shared(kind, students, ", ".join(sorted(models)), len({known[place].settings for place in students}) == 1)
        for students, models in rows.items()
    ]


def _groups(pairs: Iterable[tuple[str, int]]) -> list[tuple[str, tuple[int, ...]]]:
    """What stands in more than one submission, with the submissions that it stands in."""
    places: dict[str, set[int]] = defaultdict(set)
    for value, place in pairs:
        places[value].add(place)
    return [(value, tuple(sorted(found))) for value, found in sorted(places.items()) if len(found) > 1]


def _prose(known: Mapping[int, Traits]) -> list[Shared]:
    """Pairs of submissions that share much of their text, but for what half of the class writes."""
    most = max(2, COMMON * len(known))
    rows = [(run, place) for place, one in known.items() for run in one.shingles]
    spread = Counter(run for run, _ in rows)
    own = Counter(place for run, place in rows if spread[run] <= most)
    shared: Counter[tuple[int, int]] = Counter()
    for _, students in _groups((run, place) for run, place in rows if spread[run] <= most):
        shared.update(combinations(students, 2))
    return [
        Shared("prose", pair, "", False, round(share, 2))
        for pair, count in shared.items()
        if count >= LEAST_SHARED and (share := count / min(own[place] for place in pair)) >= LEAST_SHARE
    ]
