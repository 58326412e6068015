"""What submissions share is told, what the same settings explain is marked so, and copied prose is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnproj.submission.grading.similarity import Shared, Traits, shingles, similarities

PROSE = """The deep network is best because it has seen the digits from more sides than the others have. Most of its
mistakes are sevens that look like ones, which I would not have named correctly either at this size."""
OTHER = """We expected the multilayer perceptron to lose by far, and were surprised how little it lost after all; on
images of eight by eight pixels there is not much left for a convolution to find."""


def traits(number: int, **changes: object) -> Traits:
    """A submission that shares nothing with others of another number."""
    own = {kind: {"mlp": f"{kind}{number}"} for kind in ("weights", "predictions", "trials")}
    return Traits(**{"settings": f"s{number}", "seed": 100 + number, **own, "shingles": frozenset(), **changes})


def test_submissions_of_their_own_share_nothing():
    assert similarities([traits(0), traits(1), None], 7) == []


def test_the_same_from_the_same_settings_is_expected():
    found = similarities([traits(0, seed=7), None, traits(0, seed=7)], 7)

    assert found == [
        Shared("weights", (0, 2), "mlp", True),
        Shared("predictions", (0, 2), "mlp", True),
        Shared("trials", (0, 2), "mlp", True),
    ]


def test_the_same_weights_from_other_settings_come_first():
    copied = traits(1, weights=traits(0).weights)
    found = similarities([traits(0), copied, traits(2), traits(2)], 7)

    assert found[0] == Shared("weights", (0, 1), "mlp", False)


def test_models_that_the_same_submissions_share_stand_in_one_row_also_by_other_names():
    first = traits(0, weights={"mlp": "a", "mine": "b", "only": "c"})
    second = traits(1, weights={"mlp": "a", "yours": "b", "else": "d"})

    (found,) = similarities([first, second], 7)

    assert (found.kind, found.what) == ("weights", "mine, mlp")


def test_a_seed_is_told_unless_it_is_everybodys():
    assert similarities([traits(0, seed=7), traits(1, seed=7)], 7) == []
    assert similarities([traits(0, seed=8), traits(1, seed=8)], 7) == [Shared("seed", (0, 1), "8", False)]


def test_copied_prose_is_found_whatever_its_capitals_and_lines():
    copy = PROSE.upper().replace("\n", "  ") + " " + OTHER
    found = similarities([traits(0, shingles=shingles(PROSE)), traits(1, shingles=shingles(copy)), traits(2)], 7)

    assert found == [Shared("prose", (0, 1), "", False, 1.0)]


def test_texts_of_their_own_are_not_alike():
    assert similarities([traits(0, shingles=shingles(PROSE)), traits(1, shingles=shingles(OTHER))], 7) == []


def test_what_half_the_class_writes_is_the_assignments_own_wording():
    assert similarities([traits(n, shingles=shingles(PROSE)) for n in range(6)], 7) == []


@given(st.text(max_size=300))
def test_every_text_is_its_own_copy(text):
    assert shingles(text) == shingles(f"  {text.strip()}\n")


def test_the_order_depends_on_nothing_but_the_class():
    some = [traits(n % 3, shingles=shingles(PROSE if n % 2 else OTHER)) for n in range(7)]

    assert similarities(some, 7) == similarities(some, 7)
    assert [one.expected for one in similarities(some, 7)] == sorted(one.expected for one in similarities(some, 7))


@pytest.mark.parametrize("text", ["", "four words are few", "…"])
def test_a_text_that_is_too_short_has_no_shingles(text):
    assert shingles(text) == frozenset()
