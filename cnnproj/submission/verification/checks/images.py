"""Whether the images are those of the assistant's copy, and dealt to the parts as the rules have it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd

from cnnproj.data.audit import load_audit
from cnnproj.data.images import in_groups
from cnnproj.data.near_duplicates import MOST_DIFFERENCE
from cnnproj.data.split import NO_PAIRS, PARTS, limit_training, split
from cnnproj.data.store import PIXELS
from cnnproj.errors import CnnprojError
from cnnproj.randomness import derive_seed
from cnnproj.segmentation.images import MASKS
from cnnproj.submission.contents import TEST_MASKS
from cnnproj.submission.finding import Finding, Tally, Unchecked
from cnnproj.submission.opening.forms import FORMS
from cnnproj.submission.verification import tolerances
from cnnproj.submission.verification.evidence import Evidence
from cnnproj.submission.verification.reference import Copy

FOUND, IMAGES, DEALT, NEAR = "data/found.csv", "data/images.csv", "data/dealt.json", "data/near_duplicates.csv"
_SHARED = ["image", "label", "content", "width", "height", "mode", "row"]
MANY_DEALS = 10
CLEARLY = 0.9  # of the largest difference of near duplicates: so much below it they are such in every version


# The images ---------------------------------------------------------------------------------------------------------


def check_data(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """Whether the images are the assistant's, with their labels, and the tables about them agree."""
    found, table = evidence.submission.found, evidence.submission.images
    yield from _tables_agree(evidence, found, table, tally)
    yield from _copy_agrees(evidence, found, table, tally)


def _tables_agree(evidence: Evidence, found: pd.DataFrame, table: pd.DataFrame, tally: Tally) -> Iterator[Finding]:
    submission = evidence.submission
    readable = found[found["row"] >= 0].reset_index(drop=True)
    tally.add(len(table))
    if not readable[_SHARED].astype(object).equals(table[_SHARED].astype(object)):
        yield Finding("discrepancy", "tables_differ", {"where": f"{FOUND}, {IMAGES}"})
    if sorted(readable["row"]) != list(range(len(readable))) or readable["image"].duplicated().any():
        yield Finding("discrepancy", "rows_repeated", {"where": FOUND})
    if ((found["row"] >= 0) != (found["reason"] == "")).any():
        yield Finding("discrepancy", "read_and_not", {"where": FOUND})
    if (classes := evidence.classes_found) != submission.classes:
        names = {"claimed": ", ".join(submission.classes)[:60], "found": ", ".join(classes)[:60]}
        yield Finding("discrepancy", "other_classes", {"where": FORMS[submission.task].classes, **names})
    settings = submission.settings.data
    colored = settings.color == "rgb" or (settings.color == "auto" and (readable["mode"] == "rgb").any())
    expected = (*settings.size, 3 if colored else 1)
    for model, recipe in evidence.networks.items():
        if recipe.shape != expected:
            shapes = {"claimed": _times(recipe.shape), "found": _times(expected)}
            yield Finding("discrepancy", "other_size", {"where": f"models/{model}/recipe.json", **shapes})


def _copy_agrees(evidence: Evidence, found: pd.DataFrame, table: pd.DataFrame, tally: Tally) -> Iterator[Finding]:
    copy = evidence.copy
    if evidence.whose_images in ("packed", "both"):
        yield Finding("look", "packed", {"n": int((evidence.used["split"] == "test").sum())})
    if copy is None:
        if evidence.whose_images == "none":
            raise Unchecked("verification.unchecked.no_images")
        return
    part = dict(zip(table["image"], table["split"], strict=True))
    of_part = found["image"].map(part)
    held_out = of_part.isin(["validation", "test"])
    stored = found["row"] >= 0
    ours = copy.audit.images.iloc[copy.places].reset_index(drop=True)
    there = pd.Series(copy.places >= 0)
    tally.add(int(there.sum()))
    known = ours["label"].isin(evidence.submission.classes)
    relabelled = there & known & (found["label"] != ours["label"]) & ~_has_label(copy.audit.images, found)
    for row in np.flatnonzero(relabelled & held_out):
        values = {"where": f"{FOUND}: {found['image'][row]}", "part": str(of_part[row])}
        labels = {"claimed": str(found["label"][row]), "found": str(ours["label"][row])}
        yield Finding("discrepancy", "other_label", {**values, **labels})
    if n := int((relabelled & ~held_out).sum()):
        yield Finding("look", "other_labels_in_training", {"n": n})
    same_path = there & (found["image"] == ours["image"])
    moved = same_path & (found["given_split"] != ours["given_split"])
    if moved.any():
        first = int(np.flatnonzero(moved)[0])
        parts = [str(one["given_split"][first]) or "–" for one in (found, ours)]
        place = {"where": f"{FOUND}: {found['image'][first]}", "claimed": parts[0], "found": parts[1]}
        yield Finding("discrepancy", "other_given_part", {**place, "n": int(moved.sum())})
    if n := int((there & ~copy.same).sum()):
        yield Finding("look" if n == int(there.sum()) else "note", "decoded_otherwise", {"n": n})
    if n := int((stored & ~there).sum()):
        yield Finding("look", "not_in_copy", {"n": n, "total": int(stored.sum())})
    readable_here = set(copy.audit.readable["image"])
    unread = found.loc[~stored, "image"].isin(readable_here)
    if n := int(unread.sum()):
        yield Finding("look", "readable_here", {"n": n, "first": str(found.loc[~stored, "image"][unread].iloc[0])})
    lacking = len(copy.audit.readable) - len(np.unique(copy.places[copy.places >= 0])) - n
    if lacking > 0:
        yield Finding("look", "lacks_images", {"n": lacking, "total": len(copy.audit.readable)})
    if copy.holds_all:
        yield from _pixels_agree(evidence)
    yield from _packed_agree(evidence)


def _has_label(images: pd.DataFrame, found: pd.DataFrame) -> pd.Series:
    """Whether the copy has the content of each image under its label: the same picture can stand under two."""
    pairs = set(zip(images["content"], images["label"], strict=True))
    return pd.Series([pair in pairs for pair in zip(found["content"], found["label"], strict=True)])


def _pixels_agree(evidence: Evidence) -> Iterator[Finding]:
    """Whether the run recorded other stored pixels for the very same images: resizing differs between versions."""
    from cnnproj.files import digest

    copy = evidence.copy
    assert copy is not None
    outputs = evidence.submission.manifest.stages["audit"].outputs
    recorded = outputs.get("data/store/pixels.npy")
    if recorded is not None and recorded != digest(copy.audit.folder / "store" / PIXELS):
        yield Finding("note", "stored_otherwise", {"where": "run.json"})
    masks = copy.audit.folder / MASKS
    if masks.is_file() and outputs.get(f"data/{MASKS}") != digest(masks):
        yield Finding("look", "other_masks", {"where": "run.json"})


def _packed_agree(evidence: Evidence) -> Iterator[Finding]:
    """Whether the packed test images, and their masks, are those of the copy, as far as it has them."""
    packed, copy = evidence.submission.test_images, evidence.copy
    test = evidence.used.loc[evidence.used["split"] == "test", "row"].to_numpy()
    if packed is None or copy is None or len(packed) != len(test):
        return
    stored = evidence.submission.found["row"] >= 0
    of_row = pd.Series(copy.rows[stored], index=evidence.submission.found.loc[stored, "row"]).reindex(test).to_numpy()
    for place in np.flatnonzero(of_row >= 0):
        ours = copy.audit.pixels[of_row[place]]
        if ours.shape != packed.shape[1:]:
            return
        apart = float(np.abs(ours.astype(float) - packed[place]).mean())
        if apart > tolerances.DECODED:
            values = {"where": f"test_images.npy: {place}", "claimed": "–", "found": f"{apart:.1f}"}
            yield Finding("discrepancy", "other_packed", values)
    if (masks := evidence.submission.test_masks) is not None and len(masks) == len(test):
        yield from _packed_masks_agree(masks, copy, of_row)


def _packed_masks_agree(packed: np.ndarray, copy: Copy, of_row: np.ndarray) -> Iterator[Finding]:
    """Whether the packed masks are those of the copy; ``of_row`` is the row of each image there."""
    ours = np.load(copy.audit.folder / MASKS, mmap_mode="r")
    for place in np.flatnonzero(of_row >= 0):
        apart = float(np.mean(ours[of_row[place]] != packed[place]))
        if apart > 0:
            values = {"where": f"{TEST_MASKS}: {place}", "share": f"{apart:.1%}"}
            yield Finding("discrepancy", "other_packed_mask", values)


# The parts ----------------------------------------------------------------------------------------------------------


def check_split(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """Whether the parts are disjoint, and come out of the images, the seed and the settings."""
    submission = evidence.submission
    submission.require("data/*")
    pairs = load_audit(submission.folder / "data").pairs
    yield from _apart(evidence, pairs, tally)
    yield from _pairs_agree(evidence, pairs)
    yield from _dealt_again(evidence, pairs, tally)


def _apart(evidence: Evidence, pairs: pd.DataFrame, tally: Tally) -> Iterator[Finding]:
    used, data = evidence.used, evidence.submission.settings.data
    tally.add(len(used))
    if data.leaks == "keep":
        yield Finding("note", "leaks_kept")
        return
    parts = used.groupby("content")["split"].nunique()
    for content in parts.index[parts > 1]:
        rows = used[used["content"] == content]
        values = {"where": f"{IMAGES}: {', '.join(rows['image'].head(2))}", "parts": ", ".join(rows["split"].unique())}
        yield Finding("discrepancy", "in_two_parts", values)
    if not data.near_duplicates:
        yield Finding("note", "near_duplicates_kept")
        return
    part = used.drop_duplicates("content").set_index("content")["split"]
    for a, b, difference in _known_pairs(evidence, pairs):
        if a in part.index and b in part.index and part[a] != part[b]:
            names = used.loc[used["content"].isin([a, b]), "image"].head(2)
            values = {"where": f"{IMAGES}: {', '.join(names)}", "parts": f"{part[a]}, {part[b]}"}
            level = "discrepancy" if difference <= CLEARLY * MOST_DIFFERENCE else "look"
            yield Finding(level, "nearly_in_two_parts", values)  # type: ignore[arg-type]


def _known_pairs(evidence: Evidence, claimed: pd.DataFrame) -> list[tuple[str, str, float]]:
    """The near duplicates that are told of, and those that the assistant's copy has."""
    tables = [claimed] if evidence.copy is None else [claimed, evidence.copy.audit.pairs]
    together = pd.concat(tables).drop_duplicates(["a", "b"])
    return list(together[["a", "b", "difference"]].itertuples(index=False, name=None))


def _pairs_agree(evidence: Evidence, claimed: pd.DataFrame) -> Iterator[Finding]:
    copy = evidence.copy
    if copy is None or not evidence.submission.settings.data.near_duplicates:
        return
    contents = set(evidence.submission.images["content"])
    ours = copy.audit.pairs
    ours = ours[ours["a"].isin(contents) & ours["b"].isin(contents)]
    theirs = set(zip(claimed["a"], claimed["b"], strict=True))
    hidden = [pair for pair in zip(ours["a"], ours["b"], strict=True) if pair not in theirs]
    both = set(copy.audit.readable["content"])
    known = set(zip(ours["a"], ours["b"], strict=True))
    invented = [pair for pair in theirs if pair not in known and pair[0] in both and pair[1] in both]
    if hidden or invented:
        yield Finding("look", "other_pairs", {"where": NEAR, "claimed": len(theirs), "found": len(known)})


def _dealt_again(evidence: Evidence, pairs: pd.DataFrame, tally: Tally) -> Iterator[Finding]:
    """Deal the images again in the steps in which they came, and compare."""
    submission = evidence.submission
    data, seed = submission.settings.data, derive_seed(submission.settings.project.seed, "split")
    dealt = submission.dealt
    identity = [data.fractions.model_dump(), data.group_pattern, seed]
    if dealt.identity != identity:
        yield Finding("discrepancy", "dealt_otherwise", {"where": DEALT, "claimed": "–", "found": "–"})
        return
    table = submission.images
    used_first = table["aside"].eq("").sort_values(kind="stable").index
    parts = dict(zip(table["content"][used_first], table["split"][used_first], strict=True))
    if any(dealt.parts.get(content) != part for content, part in parts.items()):
        yield Finding("discrepancy", "dealt_other_parts", {"where": f"{DEALT}, {IMAGES}"})
    readable = submission.found[submission.found["row"] >= 0].reset_index(drop=True)
    if readable["given_split"].ne("").any():
        origin = readable["given_split"].mask(readable["given_split"] == "", "train")
        for name in ("validation", "test"):
            if (origin == name).any() and ((table["split"] == name) != (origin == name)).any():
                yield Finding("discrepancy", "given_part_changed", {"where": IMAGES, "part": name})
    deals = dealt.deals or dict.fromkeys(dealt.parts, 1)
    steps = sorted(set(deals.values()))
    if len(steps) > 1:
        level = "look" if len(steps) > MANY_DEALS else "note"
        yield Finding(level, "dealt_in_steps", {"n": len(steps)})  # type: ignore[arg-type]
    tally.add(len(table))
    if any(_matches(evidence, table, one) for one in _ways(evidence, readable, pairs, deals)):
        return
    gone = len(dealt.parts.keys() - set(readable["content"]))
    if gone:
        raise Unchecked("verification.unchecked.images_gone", n=gone)
    if len(steps) > 1:
        raise Unchecked("verification.unchecked.dealt_in_steps", n=len(steps))
    if evidence.copy is None or not evidence.copy.holds_all:
        raise Unchecked("verification.unchecked.split_of_others")
    yield Finding("discrepancy", "other_split", {"where": IMAGES})


def _ways(
    evidence: Evidence, readable: pd.DataFrame, pairs: pd.DataFrame, deals: dict[str, int]
) -> Iterator[pd.DataFrame]:
    """The parts as they come out of dealing again; also with what the settings or labels may have been at the time.

    An image keeps its part when near duplicates are no longer looked for, or its label is put right: only what is new
    is dealt then.
    """
    settings = evidence.submission.settings
    data, seed = settings.data, derive_seed(settings.project.seed, "split")
    labels = [readable]
    if evidence.copy is not None:
        stored = evidence.submission.found["row"].to_numpy() >= 0
        places = evidence.copy.places[stored]
        ours = evidence.copy.audit.images["label"].to_numpy()
        theirs = readable["label"].to_numpy()
        original = readable.assign(label=np.where(places >= 0, ours[places], theirs))
        if (original["label"] != readable["label"]).any():
            labels.append(original)
    near = [pairs] if pairs.empty else [pairs, NO_PAIRS]
    if evidence.copy is not None and not data.near_duplicates and len(evidence.copy.audit.pairs):
        near.append(evidence.copy.audit.pairs)
    for images, looked_at in product(labels, near):
        try:
            images = in_groups(images, data.group_pattern)
            earlier: dict[str, str] = {}
            for step in sorted(set(deals.values())):
                there = images[images["content"].map(deals).fillna(step + 1) <= step]
                parts = _deal(there, settings.data.fractions.model_dump(), seed, looked_at, earlier, data.leaks)
                order = parts["aside"].eq("").sort_values(kind="stable").index
                earlier |= dict(zip(there["content"][order], parts["split"][order], strict=True))
            if len(parts) < len(images):
                continue
            if data.train_limit is not None:
                parts = limit_training(images, parts, data.train_limit, seed=seed)
        except CnnprojError:  # a class with too few images at the time, say
            continue
        yield parts


def _deal(
    images: pd.DataFrame, fractions: dict[str, float], seed: int, pairs: pd.DataFrame, earlier: dict[str, str], how: str
) -> pd.DataFrame:
    there = set(images["content"])
    known = pairs[pairs["a"].isin(there) & pairs["b"].isin(there)]
    return split(images, fractions, seed=seed, pairs=known, earlier=earlier, set_leaks_aside=how == "set_aside")


def _matches(evidence: Evidence, table: pd.DataFrame, parts: pd.DataFrame) -> bool:
    claimed, found = (one[["split", "aside"]].reset_index(drop=True).astype(object) for one in (table, parts))
    return bool(claimed.equals(found)) and set(claimed["split"]) <= set(PARTS)


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(str(side) for side in shape)
