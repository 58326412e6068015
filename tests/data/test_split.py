"""The split keeps together what belongs together, hits the fractions, and depends on the images and the seed alone."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnproj import words
from cnnproj.data.split import LEAKED, PARTS, UNUSED, group_members, limit_training, split
from cnnproj.errors import CnnprojError

FRACTIONS = {"train": 0.7, "validation": 0.15, "test": 0.15}
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_language", "en")


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


def test_groups_are_joined_by_equal_images_however_indirectly():
    images = table(("a", "1", "p"), ("a", "2", "p"), ("a", "2", "q"), ("a", "3", "q"), ("a", "3"), ("a", "4"))

    members = group_members(images)

    assert members[:5].nunique() == 1
    assert members[5] != members[0]


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
def test_a_limit_keeps_the_proportions_of_the_classes(counts, limit, seed):
    images = table(*singles(**counts))
    part = split(images, FRACTIONS, seed=seed)
    train = images["label"][part == "train"].value_counts()

    limited = limit_training(images, part, limit, seed=seed)

    kept = images["label"][limited == "train"].value_counts().reindex(train.index, fill_value=0)
    assert kept.sum() == min(limit, train.sum())
    assert (kept - train * kept.sum() / train.sum()).abs().max() <= 1
    assert (limited[part != "train"] == part[part != "train"]).all()
    assert set(limited[part == "train"]) <= {"train", UNUSED}


def test_a_limit_takes_the_same_images_in_any_order_and_a_smaller_one_takes_a_part_of_them():
    images = table(*singles(a=30, b=60))
    part = pd.Series("train", index=images.index, dtype=object)
    shuffled = images.index[np.random.default_rng(0).permutation(len(images))]

    first = limit_training(images, part, 40, seed=1)
    again = limit_training(images.loc[shuffled], part.loc[shuffled], 40, seed=1).sort_index()
    fewer = limit_training(images, part, 20, seed=1)

    assert first.equals(again)
    assert set(fewer.index[fewer == "train"]) < set(first.index[first == "train"])
    assert (part == "train").all()  # what was given is as it was
