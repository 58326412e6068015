"""What code says stands in every language, with the gaps that code fills, and nothing stands there for nobody."""

import re

import pytest

from cnnproj.words import catalogue, languages

from .asked import PACKAGE, calls, forms, gaps, keys_built, keys_filled, keys_written_out
from .keys import BUILT, BUILT_FREELY, OURS, SEGMENTERS


@pytest.fixture(params=languages())
def entries(request: pytest.FixtureRequest) -> dict[str, str | dict[str, str]]:
    return catalogue(request.param)


def test_every_key_in_the_code_is_in_the_catalogue(entries):
    missing = {key: where for key, where in keys_written_out().items() if key not in entries}

    assert missing == {}


def test_every_key_that_can_be_built_is_in_the_catalogue(entries):
    assert keys_filled() - entries.keys() == set()


def test_every_way_of_building_a_key_is_known_to_these_tests():
    assert keys_built() - BUILT.keys() - BUILT_FREELY.keys() == set()


def test_no_sentence_is_there_for_nobody(entries):
    used = set(keys_written_out()) | keys_filled()
    for shape, files in BUILT_FREELY.items():
        for path in PACKAGE.glob(files):
            quoted = re.findall(r"[\"']([a-z0-9_]+)[\"']", path.read_text(encoding="utf-8"))
            used |= {shape.replace("*", name) for name in quoted}

    assert set(entries) - used == set()


def test_every_gap_is_filled_by_the_code_that_asks(entries):
    unfilled = {
        call.where: sorted(lacking)
        for call in calls()
        if call.key in entries and not call.open_ended
        for form in forms(entries[call.key]).values()
        if (lacking := gaps(form) - call.values)
    }

    assert unfilled == {}


def test_the_count_is_given_wherever_a_sentence_has_two_forms(entries):
    uncounted = [
        call.where
        for call in calls()
        if isinstance(entries.get(call.key), dict) and "n" not in call.values and not call.open_ended
    ]

    assert uncounted == []


def test_every_language_has_the_entries_and_the_gaps_of_english(entries):
    english = catalogue("en")

    assert entries.keys() == english.keys()
    for key, entry in entries.items():
        allowed = gaps(forms(english[key])["other"])
        assert gaps(forms(entry)["other"]) == allowed, key
        # The form for one may leave a gap out: «1 image», «the image».
        assert gaps(forms(entry).get("one", "")) <= allowed | {"n"}, key


def test_the_line_on_each_network_is_that_of_its_docstring():
    assert {name: catalogue("en")[f"summaries.{name}"] for name in OURS} == OURS
    assert {name: catalogue("en")[f"segmentation.summary.{name}"] for name in SEGMENTERS} == SEGMENTERS


# Names, signs, units, and words that are the same in both languages.
SAME = re.compile(
    r"[A-Z].*(CAM|Grad)[+]*|SHA-256|F1|ROC AUC|[a-z]|min +s|original|vector|[Tt]otal|ReLU|SGD|RMSprop|Ada\w+|Dice|\W*"
)


@pytest.mark.parametrize("code", [code for code in languages() if code != "en"])
def test_every_sentence_is_translated(code):
    english = catalogue("en")
    same = {key: str(entry) for key, entry in catalogue(code).items() if entry == english[key]}

    assert {key: entry for key, entry in same.items() if not SAME.fullmatch(re.sub("{.*?}", "", entry).strip())} == {}
