"""Train, validation and test, such that nothing that belongs together stands on both sides.

Images form one group when they share a ``group`` (a person, a patient, a session) or every pixel. A group goes
whole into one part. The order in which groups are dealt out comes from a digest of the seed and their content, so
the split is the same whatever order the images were listed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cnnproj.errors import CnnprojError

PARTS = ("train", "validation", "test")
LEAKED, UNUSED = "leaked", "unused"  # instead of a part: also held out; more than the limit


def split(images: pd.DataFrame, fractions: Mapping[str, float], *, seed: int) -> pd.Series:
    """Deal ``images`` out to the parts: stratified by label, whole groups only.

    A part that the data brings stays as it is; those it lacks are cut from its training part, in proportion to
    their fractions. The other images of a group that has one in a given held-out part are set aside.

    Args:
        images: a row an image, with the columns ``label``, ``content`` (digest of the pixels), ``group`` (empty
            where the data names none) and ``given_split`` (a part, or empty).
        fractions: the share of each part, adding up to 1.
        seed: what the order of dealing is drawn from.

    Returns:
        For each row ``train``, ``validation``, ``test``, or ``leaked`` where it is set aside.

    Raises:
        CnnprojError: where a class has too few groups to stand in every part.
    """
    members = group_members(images)
    part = images["given_split"].where(images["given_split"] != "", "train").astype(object)
    given = [name for name in PARTS[1:] if (images["given_split"] == name).any()]
    for name, others in (("test", ("train", "validation")), ("validation", ("train",))):
        if name in given:  # a held-out part is kept whole, the test part before the validation part
            part[part.isin(others) & members.isin(members[part == name])] = LEAKED
    wanted = ["train", *(name for name in PARTS[1:] if name not in given)]
    if len(wanted) > 1:
        free = part == "train"
        total = sum(fractions[name] for name in wanted)
        shares = np.array([fractions[name] / total for name in wanted])
        dealt = _deal(images[free], members[free], shares, seed)
        part[free] = np.array(wanted, object)[dealt]
    _require_every_class(images["label"], part, members, wanted)
    return part


def group_members(images: pd.DataFrame) -> pd.Series:
    """The number of each image's group: equal where ``group`` or ``content`` is shared, however indirectly."""
    content = pd.factorize(images["content"])[0]
    named = images["group"] != ""
    group = content.max(initial=-1) + 1 + pd.factorize(images["group"].where(named, images["content"]))[0]
    links = coo_array((np.ones(len(images)), (content, group)), shape=(size := group.max(initial=0) + 1, size))
    return pd.Series(connected_components(links, directed=False)[1][content], index=images.index)


def _deal(images: pd.DataFrame, members: pd.Series, shares: np.ndarray, seed: int) -> np.ndarray:
    """The position in ``shares`` for each image: largest groups first, each where most of its labels are lacking.

    Where a label has only as many groups left as there are parts without it, these parts come first.
    """
    labels = pd.factorize(images["label"], sort=True)[0]
    count = pd.crosstab(members, labels)
    anchor = images["content"].groupby(members).min()
    counts = dict(zip(count.index, count.to_numpy(), strict=True))
    order = sorted(counts, key=lambda group: (-counts[group].sum(), _rank(seed, str(anchor[group]))))
    total = count.to_numpy().sum(axis=0)
    held = np.zeros((len(shares), len(total)))
    left = (count > 0).to_numpy().sum(axis=0)
    choice = {}
    for group in order:
        labels_of_group = counts[group]
        has = labels_of_group > 0
        lacking = ((shares[:, None] - held / total) * labels_of_group).sum(axis=1).round(9)
        needed = ((held == 0) & (left <= (held == 0).sum(axis=0)) & has).sum(axis=1)
        choice[group] = best = int(np.lexsort((-lacking, -needed))[0])
        held[best] += labels_of_group
        left -= has
    return members.map(choice).to_numpy()


def _rank(seed: int, content: str) -> str:
    return hashlib.sha256(f"{seed}/{content}".encode("utf-8", "backslashreplace")).hexdigest()


def _require_every_class(labels: pd.Series, part: pd.Series, members: pd.Series, wanted: list[str]) -> None:
    """Refuse a split in which a class is missing from a part."""
    missing = {name: sorted(set(labels) - set(labels[part == name])) for name in PARTS}
    name = max(PARTS, key=lambda each: len(missing[each]))  # the part that tells most
    if lacking := missing[name]:
        groups = members[part != LEAKED].groupby(labels).nunique()
        listed = ", ".join(f"{label} ({groups.get(label, 0)})" for label in lacking[:10])
        sentence = "split.class_too_small" if name in wanted else "split.class_not_in_given_part"
        raise CnnprojError(sentence, part=name, classes=listed, n=len(lacking), needed=len(wanted))


def limit_training(images: pd.DataFrame, part: pd.Series, limit: int, *, seed: int) -> pd.Series:
    """``part`` with at most ``limit`` training images, the labels in their proportions; the rest are ``unused``."""
    train = images[part == "train"]
    if len(train) <= limit:
        return part
    rank = (train["content"] + "/" + train["image"]).map(lambda content: _rank(seed, content))
    place = rank.groupby(train["label"]).rank(method="first") / train.groupby("label")["label"].transform("size")
    kept = place.to_frame("place").assign(rank=rank).sort_values(["place", "rank"]).index[:limit]
    limited = part.copy()
    limited[train.index.difference(kept)] = UNUSED
    return limited
