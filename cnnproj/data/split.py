"""Train, validation and test, such that nothing that belongs together stands on both sides.

A cluster (``cnnproj.data.groups``) goes whole into one part. The order in which clusters are dealt out comes from a
digest of the seed and their content, so the split is the same whatever order the images were listed in. Where images
were split before, each keeps its part, and only what is new is dealt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from cnnproj.data.groups import clusters, units
from cnnproj.errors import CnnprojError

PARTS = ("train", "validation", "test")
LEAKED, UNUSED = "leaked", "unused"  # why an image of a part is set aside: also held out; more than the limit

NO_PAIRS = pd.DataFrame({"a": [], "b": [], "difference": []}).astype({"a": object, "b": object})


def split(
    images: pd.DataFrame,
    fractions: Mapping[str, float],
    *,
    seed: int,
    pairs: pd.DataFrame = NO_PAIRS,
    earlier: Mapping[str, str] | None = None,
    set_leaks_aside: bool = True,
) -> pd.DataFrame:
    """Deal ``images`` out to the parts: stratified by label, whole clusters only.

    A part that the data brings stays as it is; those it lacks are cut from its training part, in proportion to their
    fractions. An image that is, or nearly is, also in a part held out from its own, or of a cluster that is, is set
    aside (test before validation before training).

    Args:
        images: a row an image, with the columns ``label``, ``content`` (digest of the pixels), ``group`` (empty
            where the data names none) and ``given_split`` (a part, or empty).
        fractions: the share of each part, adding up to 1.
        seed: what the order of dealing is drawn from.
        pairs: near duplicates: ``a`` and ``b`` (contents) and their ``difference``.
        earlier: the part of each content in an earlier split, which it keeps; unless images of several parts belong
            together now, which then all go where most of them are.
        set_leaks_aside: or keep them where they are.

    Returns:
        For each row its ``split`` (part), ``aside`` (empty, or ``leaked``) and ``cluster`` (a number).

    Raises:
        CnnprojError: where a class has too few clusters to stand in every part.
    """
    cluster = clusters(images, pairs)
    part = images["given_split"].where(images["given_split"] != "", "train").astype(object)
    given = [name for name in PARTS[1:] if (images["given_split"] == name).any()]
    held = pd.Series(False, index=images.index)
    for name, others in (("test", ("train", "validation")), ("validation", ("train",))):
        if name in given:  # what shares a cluster with a held-out image is not dealt out again
            held |= part.isin(others) & cluster.isin(cluster[part == name])
    wanted = ["train", *(name for name in PARTS[1:] if name not in given)]
    if len(wanted) > 1:
        free = (part == "train") & ~held
        if not free.any():
            raise CnnprojError("split.all_held_out", part=given[0])
        total = sum(fractions[name] for name in wanted)
        shares = np.array([fractions[name] / total for name in wanted])
        before = images.loc[free, "content"].map({c: p for c, p in (earlier or {}).items() if p in wanted})
        cluster = _apart_as_before(images, cluster, before)
        fixed = _most_frequent(before, cluster[free])
        dealt = _deal(images[free], cluster[free], shares, seed, {key: wanted.index(p) for key, p in fixed.items()})
        part[free] = np.array(wanted, object)[dealt]
    leaked = held | _straddles(images, part, held, pairs)
    aside = pd.Series("", index=images.index, dtype=object).mask(leaked & set_leaks_aside, LEAKED)
    _require_every_class(images["label"], part.mask(aside != ""), cluster, wanted)
    return pd.DataFrame({"split": part, "aside": aside, "cluster": cluster})


def _apart_as_before(images: pd.DataFrame, cluster: pd.Series, before: pd.Series) -> pd.Series:
    """``cluster``, those cut up into which nothing new has come but images of several parts.

    Which near duplicates are taken together can change as images come elsewhere; no image changes its part for that.
    """
    parts = before.groupby(cluster[before.index])
    several = parts.nunique() > 1
    nothing_new = parts.count() == parts.size()
    mixed = several.index[several & nothing_new]
    if mixed.empty:
        return cluster
    unit = units(images)
    again = cluster.copy()
    rows = cluster.index[cluster.isin(mixed)]
    rows = rows.intersection(before.index)
    of_unit = _most_frequent(before[rows], unit[rows])
    keys = list(zip(cluster[rows], unit[rows].map(of_unit), strict=True))
    again[rows] = cluster.max() + 1 + pd.factorize(pd.Series(keys))[0]
    return again


def _most_frequent(before: pd.Series, members: pd.Series) -> dict[int, str]:
    """For each group of ``members`` the earlier part of most of its images, in the order of ``PARTS`` where equal."""
    known = before.dropna()
    count = pd.crosstab(members[known.index], known).reindex(columns=list(PARTS), fill_value=0)
    most = np.array(PARTS, object)[count.to_numpy().argmax(axis=1)] if len(known) else []
    return dict(zip(count.index.astype(int), most, strict=True))


def _straddles(images: pd.DataFrame, part: pd.Series, held: pd.Series, pairs: pd.DataFrame) -> pd.Series:
    """Which images nearly are, too, in a part held out from their own."""
    leaked = pd.Series(False, index=images.index)
    for name, others in (("test", ("train", "validation")), ("validation", ("train",))):
        contents = set(images["content"][(part == name) & ~held & ~leaked])
        near = set(pairs["b"][pairs["a"].isin(contents)]) | set(pairs["a"][pairs["b"].isin(contents)])
        leaked |= part.isin(others) & images["content"].isin(near)
    return leaked


def _deal(
    images: pd.DataFrame, members: pd.Series, shares: np.ndarray, seed: int, fixed: Mapping[int, int]
) -> np.ndarray:
    """The position in ``shares`` for each image: largest groups first, each where most of its labels are lacking.

    Where a label has only as many groups left as there are parts without it, these parts come first. The groups in
    ``fixed`` have their position already.
    """
    labels = pd.factorize(images["label"], sort=True)[0]
    count = pd.crosstab(members, labels)
    anchor = images["content"].groupby(members).min()
    counts = dict(zip(count.index, count.to_numpy(), strict=True))
    total = count.to_numpy().sum(axis=0)
    held = np.zeros((len(shares), len(total)))
    left = (count > 0).to_numpy().sum(axis=0)
    choice = dict(fixed)
    for group, place in fixed.items():
        held[place] += counts[group]
        left -= counts[group] > 0
    new = [group for group in counts if group not in fixed]
    for group in sorted(new, key=lambda group: (-counts[group].sum(), _rank(seed, str(anchor[group])))):
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
    """Refuse a split in which a class is missing from a part; ``part`` is missing where an image is set aside."""
    missing = {name: sorted(set(labels) - set(labels[part == name])) for name in PARTS}
    name = max(PARTS, key=lambda each: len(missing[each]))  # the part that tells most
    if lacking := missing[name]:
        groups = members[part.notna()].groupby(labels).nunique()
        listed = ", ".join(f"{label} ({groups.get(label, 0)})" for label in lacking[:10])
        sentence = "split.class_too_small" if name in wanted else "split.class_not_in_given_part"
        raise CnnprojError(sentence, part=name, classes=listed, n=len(lacking), needed=len(wanted))


def limit_training(images: pd.DataFrame, parts: pd.DataFrame, limit: int, *, seed: int) -> pd.DataFrame:
    """``parts`` with at most ``limit`` training images, the labels in their proportions; the rest are ``unused``."""
    train = images[(parts["split"] == "train") & (parts["aside"] == "")]
    if len(train) <= limit:
        return parts
    rank = (train["content"] + "/" + train["image"]).map(lambda content: _rank(seed, content))
    order = rank.groupby(train["label"]).rank(method="first")
    # The middle of each image's share of its class; but the first image of each comes before all others.
    place = ((order - 0.5) / train.groupby("label")["label"].transform("size")).where(order > 1, 0.0)
    kept = place.to_frame("place").assign(rank=rank).sort_values(["place", "rank"]).index[:limit]
    limited = parts.copy()
    limited.loc[train.index.difference(kept), "aside"] = UNUSED
    return limited
