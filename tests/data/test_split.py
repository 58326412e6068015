"""The split keeps together what belongs together, hits the fractions, and depends on the images and the seed alone."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnproj import words
from cnnproj.data.split import LEAKED, PARTS, UNUSED, limit_training
from cnnproj.data.split import split as split_table
from cnnproj.errors import CnnprojError

FRACTIONS = {"train": 0.7, "validation": 0.15, "test": 0.15}
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_language", "en")


def split(images: pd.DataFrame, fractions: dict[str, float], **arguments: object) -> pd.Series:
    """The part of each image, or why it is set aside."""
    found = split_table(images, fractions, **arguments)
    return found["split"].mask(found["aside"] != "", found["aside"])


def limited(images: pd.DataFrame, part: pd.Series, limit: int, seed: int) -> pd.Series:
    found = limit_training(images, pd.DataFrame({"split": part, "aside": ""}), limit, seed=seed)
    return found["split"].mask(found["aside"] != "", found["aside"])


def table(*rows: tuple[str, ...]) -> pd.DataFrame:
    """Images as (label, content, group, given part); what is left out is empty."""
    full = [(*row, *[""] * (4 - len(row))) for row in rows]
    images = pd.DataFrame(full, columns=["label", "content", "group", "given_split"])
    return images.assign(image=[f"{number}.png" for number in range(len(rows))])


def singles(given: str = "", start: int = 0, **counts: int) -> list[tuple[str, ...]]:
    """``count`` images of each label, each of a content of its own."""
    return [(label, f"{label}{place}", "", given) for label, n in counts.items() for place in range(start, start + n)]


def assert_nothing_straddles(images: pd.DataFrame, part: pd.Series) -> None:
    used = part != LEAKED
    for column in ("content", "group"):
        named = used & (images[column] != "")
        assert (part[named].groupby(images.loc[named, column]).nunique() == 1).all()


@st.composite
def grouped_images(draw: st.DrawFn) -> pd.DataFrame:
    """2 to 4 classes, some images repeated, some in groups that may span classes; at least 9 single ones a class."""
    labels = "abcd"[: draw(st.integers(2, 4))]
    rows = singles(**dict.fromkeys(labels, 9))
    extra = st.tuples(
        st.sampled_from(labels),
        st.integers(0, 15).map(lambda n: f"shared{n}"),
        st.sampled_from(["", "p", "q", "r", "s"]),
    )
    return table(*rows, *draw(st.lists(extra, max_size=25)))


@given(grouped_images(), seeds)
@settings(max_examples=60, deadline=None)
def test_no_group_and_no_equal_image_stands_on_both_sides(images, seed):
    part = split(images, FRACTIONS, seed=seed)

    assert set(part) == set(PARTS)
    assert_nothing_straddles(images, part)


@given(grouped_images(), seeds, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_in_which_images_are_listed_changes_nothing(images, seed, random):
    order = list(images.index)
    random.shuffle(order)

    assert split(images.loc[order], FRACTIONS, seed=seed).sort_index().equals(split(images, FRACTIONS, seed=seed))


@given(st.dictionaries(st.sampled_from("abcde"), st.integers(4, 60), min_size=1), seeds)
@settings(max_examples=60, deadline=None)
def test_each_class_is_dealt_in_the_fractions_to_one_image(counts, seed):
    images = table(*singles(**counts))
    got = pd.crosstab(images["label"], split(images, FRACTIONS, seed=seed))

    for label, n in counts.items():
        for name, fraction in FRACTIONS.items():
            assert abs(got.loc[label, name] - fraction * n) <= 1, (label, name, got.loc[label].to_dict())


@given(st.lists(st.integers(1, 12), min_size=8, max_size=40), seeds)
@settings(max_examples=60, deadline=None)
def test_groups_are_dealt_in_the_fractions_to_one_group(sizes, seed):
    rows = [("ab"[place % 2], f"{g}/{place}", f"g{g}") for g, size in enumerate(sizes) for place in range(2 * size)]
    images = table(*rows)
    got = split(images, FRACTIONS, seed=seed).value_counts()

    for name, fraction in FRACTIONS.items():
        assert abs(got[name] - fraction * len(images)) <= 2 * max(sizes)


@given(st.integers(3, 60), seeds)
@settings(max_examples=60, deadline=None)
def test_three_different_images_of_a_class_are_enough(n, seed):
    images = table(*singles(a=3, b=n))

    assert sorted(split(images, FRACTIONS, seed=seed)[:3]) == sorted(PARTS)


def test_many_small_classes_do_not_shift_the_fractions():
    images = table(*singles(**{f"c{number}": 9 for number in range(50)}))

    share = split(images, FRACTIONS, seed=1).value_counts(normalize=True)

    assert share["train"] == pytest.approx(0.7, abs=0.06)


def test_another_seed_gives_another_split_and_the_same_seed_the_same():
    images = table(*singles(a=40, b=40))
    first, again, other = (split(images, FRACTIONS, seed=seed) for seed in (1, 1, 2))

    assert first.equals(again)
    assert (first != other).any()
    assert Counter(first) == Counter(other)


def test_parts_that_the_data_brings_are_kept_whole():
    images = table(*singles("train", a=9, b=9), *singles("validation", 20, a=2, b=2), *singles("test", 40, a=3, b=3))

    assert split(images, FRACTIONS, seed=1).tolist() == images["given_split"].tolist()


def test_a_given_test_part_is_kept_and_validation_is_cut_from_training_in_proportion():
    images = table(*singles("", a=40, b=40), *singles("test", 50, a=5, b=5))

    part = split(images, FRACTIONS, seed=1)

    assert (part[images["given_split"] == "test"] == "test").all()
    assert Counter(part) == {"train": 66, "validation": 14, "test": 10}  # 80 · 0.7 / 0.85 = 65.9


def test_training_images_that_are_held_out_too_are_set_aside():
    images = table(
        *singles("train", a=5, b=5),
        *singles("validation", 10, a=3, b=3),
        *singles("test", 20, a=3, b=3),
        ("a", "a20", "", "train"),
        ("a", "a20", "", "validation"),
        ("b", "b10", "", "train"),
    )

    part = split(images, FRACTIONS, seed=1)

    assert part[-3:].tolist() == [LEAKED] * 3
    assert part[:-3].tolist() == images["given_split"][:-3].tolist()


def test_where_every_group_stands_in_the_test_part_too_nothing_is_left_and_that_is_said():
    rows = [("ab"[n % 2], f"{n}", f"person {n % 4 // 2}", "test" if n % 3 == 0 else "train") for n in range(40)]

    with pytest.raises(CnnprojError, match="nothing is left to train on"):
        split(table(*rows), FRACTIONS, seed=1)


def test_the_rest_of_a_held_out_group_is_set_aside():
    images = table(
        *singles("", a=9, b=9), *singles("test", 20, a=2, b=2), ("a", "x", "anna", "test"), ("b", "y", "anna", "")
    )

    part = split(images, FRACTIONS, seed=1)

    assert part[-2:].tolist() == ["test", LEAKED]
    assert_nothing_straddles(images, part)


@given(grouped_images(), seeds, st.data())
@settings(max_examples=40, deadline=None)
def test_nothing_straddles_a_given_test_part_either(images, seed, data):
    held = data.draw(st.lists(st.sampled_from(list(images.index[9:])), min_size=1, max_size=8))
    for label in set(images["label"]):
        held.append(images.index[images["label"] == label][0])
    images.loc[held, "given_split"] = "test"
    try:
        part = split(images, FRACTIONS, seed=seed)
    except CnnprojError:
        return  # too little was left of a class
    assert (part[held] == "test").all()
    assert_nothing_straddles(images, part)


def test_a_class_too_small_is_refused_by_name_with_what_it_has():
    with pytest.raises(CnnprojError) as caught:
        split(table(*singles(a=9, small=2)), FRACTIONS, seed=1)

    assert caught.value.values == {"part": "test", "classes": "small (2)", "n": 1, "needed": 3}


def test_a_given_part_that_lacks_a_class_is_refused_as_what_it_is():
    with pytest.raises(CnnprojError, match=r"test part that came with the images has none of the class b \(20\)"):
        split(table(*singles(a=20, b=20), *singles("test", 20, a=5)), FRACTIONS, seed=1)


def test_equal_images_count_as_one_when_a_class_is_too_small():
    with pytest.raises(CnnprojError, match=r"small \(1\)"):
        split(table(*singles(a=9), *[("small", "same")] * 30), FRACTIONS, seed=1)


def test_every_class_that_is_too_small_is_named():
    with pytest.raises(CnnprojError, match=r"x \(1\), y \(2\)"):
        split(table(*singles(a=9, x=1, y=2)), FRACTIONS, seed=1)


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(3, 60), min_size=1), st.integers(10, 200), seeds)
@settings(max_examples=60, deadline=None)
def test_a_limit_keeps_the_proportions_of_the_classes_and_an_image_of_each(counts, limit, seed):
    images = table(*singles(**counts))
    part = split(images, FRACTIONS, seed=seed)
    train = images["label"][part == "train"].value_counts()

    few = limited(images, part, limit, seed=seed)

    kept = images["label"][few == "train"].value_counts().reindex(train.index, fill_value=0)
    assert kept.sum() == min(limit, train.sum())
    assert (kept - train * kept.sum() / train.sum()).abs().max() <= max(1, len(counts) - 1)
    assert kept.min() >= 1
    assert (few[part != "train"] == part[part != "train"]).all()
    assert set(few[part == "train"]) <= {"train", UNUSED}


def test_a_limit_takes_the_same_images_in_any_order_and_a_smaller_one_takes_a_part_of_them():
    images = table(*singles(a=30, b=60))
    part = pd.Series("train", index=images.index, dtype=object)
    shuffled = images.index[np.random.default_rng(0).permutation(len(images))]

    first = limited(images, part, 40, seed=1)
    again = limited(images.loc[shuffled], part.loc[shuffled], 40, seed=1).sort_index()
    fewer = limited(images, part, 20, seed=1)

    assert first.equals(again)
    assert set(fewer.index[fewer == "train"]) < set(first.index[first == "train"])
    assert (part == "train").all()  # what was given is as it was


# Near duplicates ----------------------------------------------------------------------------------------------------


def near(*pairs: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["a", "b", "difference"]).astype({"difference": float})


@st.composite
def pairs_among(draw: st.DrawFn, images: pd.DataFrame, most: int = 25) -> pd.DataFrame:
    contents = sorted(set(images["content"]))
    drawn = draw(st.lists(st.tuples(*[st.integers(0, len(contents) - 1)] * 2, st.integers(0, 8)), max_size=most))
    return near(*((contents[a], contents[b], d / 100) for a, b, d in drawn if a != b))


def straddling(images: pd.DataFrame, part: pd.Series, pairs: pd.DataFrame) -> int:
    """How many pairs of images that are used stand in two parts."""
    where = [set(part[(images["content"] == content) & part.isin(PARTS)]) for content in pairs["a"]]
    other = [set(part[(images["content"] == content) & part.isin(PARTS)]) for content in pairs["b"]]
    return sum(len(one | two) > 1 for one, two in zip(where, other, strict=True) if one and two)


@given(grouped_images(), seeds, st.data())
@settings(max_examples=80)
def test_no_near_duplicates_stand_on_both_sides(images, seed, data):
    pairs = data.draw(pairs_among(images))
    try:
        found = split_table(images, FRACTIONS, seed=seed, pairs=pairs)
    except CnnprojError:
        return  # too little was left of a class
    part = found["split"].mask(found["aside"] != "")

    assert straddling(images, part, pairs) == 0
    assert part.groupby(found["cluster"]).nunique().max() == 1
    assert_nothing_straddles(images, part.fillna(LEAKED))


@given(grouped_images(), seeds, st.data(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_with_near_duplicates_too_the_order_changes_nothing(images, seed, data, random):
    pairs = data.draw(pairs_among(images))
    order, turned = list(images.index), pairs.rename(columns={"a": "b", "b": "a"})[["a", "b", "difference"]]
    random.shuffle(order)
    try:
        first = split(images, FRACTIONS, seed=seed, pairs=pairs)
    except CnnprojError:
        return
    again = split(images.loc[order], FRACTIONS, seed=seed, pairs=turned.sample(frac=1, random_state=seed))

    assert again.sort_index().equals(first)


def test_a_near_duplicate_of_a_given_test_image_is_set_aside_unless_it_is_to_be_kept():
    images = table(*singles("train", a=9, b=9), *singles("test", 20, a=3, b=3))
    pairs = near(("a3", "a21", 0.05))

    part = split(images, FRACTIONS, seed=1, pairs=pairs)
    kept = split(images, FRACTIONS, seed=1, pairs=pairs, set_leaks_aside=False)

    assert part[images["content"] == "a3"].tolist() == [LEAKED]
    assert (part == LEAKED).sum() == 1
    assert kept[images["content"] == "a3"].tolist() == ["train"]
    assert not (kept == LEAKED).any()


def test_of_a_chain_only_the_images_next_to_another_part_are_set_aside():
    images = table(*singles(a=300, b=300))
    pairs = near(*((f"a{n}", f"a{n + 1}", 0.05) for n in range(299)))

    part = split(images, FRACTIONS, seed=1, pairs=pairs)

    assert straddling(images, part, pairs) == 0
    assert 0 < (part == LEAKED).sum() < 100
    assert part.value_counts()["train"] > 340


# More images later --------------------------------------------------------------------------------------------------


def parts_of(images: pd.DataFrame, found: pd.DataFrame) -> dict[str, str]:
    return dict(zip(images["content"], found["split"], strict=True))


@given(grouped_images(), seeds, st.data())
@settings(max_examples=80)
def test_an_image_keeps_its_part_unless_a_new_one_joins_two_groups(images, seed, data):
    labels = st.sampled_from(sorted(set(images["label"])))
    names = st.sampled_from(["", "p", "q", "r", "s", "t"])
    added = data.draw(st.lists(st.tuples(labels, st.integers(0, 9).map(lambda n: f"new{n}"), names), max_size=12))
    more = table(*images[["label", "content", "group"]].itertuples(index=False, name=None), *added)
    pairs = data.draw(pairs_among(more))
    old_pairs = pairs[pairs["a"].isin(images["content"]) & pairs["b"].isin(images["content"])]
    try:
        first = split_table(images, FRACTIONS, seed=seed, pairs=old_pairs)
        earlier = parts_of(images, first)
        found = split_table(more, FRACTIONS, seed=seed, pairs=pairs, earlier=earlier)
    except CnnprojError:
        return

    before = more["content"].map(earlier)
    moved = before.notna() & (before != found["split"])
    for cluster in set(found["cluster"][moved]):
        members = found["cluster"] == cluster
        assert before[members].isna().any() or more["group"][members].ne("").any()
        assert before[members].nunique() > 1
    again = split_table(more, FRACTIONS, seed=seed, pairs=pairs, earlier=parts_of(more, found))
    assert again["split"].equals(found["split"])


@given(st.integers(20, 60), st.integers(1, 40), seeds)
@settings(max_examples=40)
def test_new_images_fill_up_what_is_lacking_and_move_none(n, added, seed):
    images = table(*singles(a=n, b=n))
    earlier = parts_of(images, split_table(images, FRACTIONS, seed=seed))
    more = table(*singles(a=n + added, b=n))

    part = split(more, FRACTIONS, seed=seed, earlier=earlier)

    assert all(part[more["content"] == content].tolist() == [name] for content, name in earlier.items())
    count = part[more["label"] == "a"].value_counts()
    assert all(abs(count[name] - fraction * (n + added)) <= 1 for name, fraction in FRACTIONS.items())


def test_a_new_image_that_joins_two_groups_brings_them_where_most_of_them_are():
    images = table(*singles(a=20, b=20), *[("a", f"p{n}", "p") for n in range(3)], *[("a", "q0", "q")])
    first = split_table(images, FRACTIONS, seed=1)
    earlier = {**parts_of(images, first), "p0": "validation", "p1": "validation", "p2": "validation", "q0": "test"}
    rows = images[["label", "content", "group"]].itertuples(index=False, name=None)
    more = table(*rows, ("a", "bridge", "p"), ("a", "bridge", "q"))

    found = split_table(more, FRACTIONS, seed=1, earlier=earlier)

    joined = more["group"] != ""
    assert set(found["split"][joined]) == {"validation"}
    assert found["cluster"][joined].nunique() == 1
    moved = more["content"].map(earlier).notna() & (more["content"].map(earlier) != found["split"])
    assert more["content"][moved].tolist() == ["q0"]
