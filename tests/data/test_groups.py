"""Facts join without limit, likeness only around one image."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnproj.data.groups import clusters, units

from .test_split import near, table


def test_groups_are_joined_by_equal_images_however_indirectly():
    images = table(("a", "1", "p"), ("a", "2", "p"), ("a", "2", "q"), ("a", "3", "q"), ("a", "3"), ("a", "4"))

    unit = units(images)

    assert unit[:5].nunique() == 1
    assert unit[5] != unit[0]


def chain(length: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Images of which each resembles the one before it."""
    images = table(*(("a", f"{n:05}") for n in range(length)))
    return images, near(*((f"{n:05}", f"{n + 1:05}", 0.05) for n in range(length - 1)))


@given(st.integers(2, 400))
@settings(max_examples=30)
def test_a_chain_of_near_duplicates_never_becomes_one_group(length):
    assert clusters(*chain(length)).value_counts().max() <= 3  # one image and the two next to it


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 8)), max_size=120))
@settings(max_examples=80)
def test_every_cluster_has_a_centre_that_all_others_resemble(drawn):
    images = table(*(("a", f"{n:02}") for n in range(41)))
    pairs = near(*((f"{a:02}", f"{b:02}", d / 100) for a, b, d in drawn if a != b))
    close = {frozenset(pair) for pair in pairs[["a", "b"]].itertuples(index=False, name=None)}

    for _, contents in images["content"].groupby(clusters(images, pairs)):
        assert any(all(one == other or {one, other} in close for other in contents) for one in contents)


def test_images_that_resemble_one_form_one_group_however_many_they_are():
    images = table(*(("a", f"{n:03}") for n in range(200)))

    assert clusters(images, near(*(("000", f"{n:03}", 0.01) for n in range(1, 200)))).nunique() == 1


def test_likeness_never_joins_two_named_groups_and_takes_the_more_alike():
    images = table(("a", "1", "anna"), ("a", "2", "anna"), ("a", "3", "ben"), ("a", "4"))
    pairs = near(("1", "3", 0.01), ("1", "4", 0.06), ("3", "4", 0.02))

    cluster = clusters(images, pairs)

    assert cluster[0] == cluster[1] != cluster[2]
    assert cluster[3] in (cluster[0], cluster[2])


def test_without_pairs_every_unit_is_a_cluster():
    images = table(("a", "1", "p"), ("a", "2", "p"), ("a", "3"), ("a", "3"))

    assert clusters(images, near()).nunique() == units(images).nunique() == 2
