"""The language that is spoken: who decides, and how counts, gaps and unknown words are treated."""

import pytest

from cnnproj import words
from cnnproj.words import say


@pytest.fixture
def language_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_language", "en")
    monkeypatch.setattr(words, "_insisted", False)


def test_the_form_for_one_is_taken_for_one_alone(language_restored):
    said = [say("data.no_class_folders", n=n, where="here") for n in (0, 1, 2)]

    assert said[1].startswith("There is 1 image ")
    assert said[0].startswith("There are 0 images ")
    assert said[2].startswith("There are 2 images ")


def test_an_unknown_sentence_or_an_unfilled_gap_is_an_error_of_ours():
    with pytest.raises(KeyError):
        say("data.no_such_sentence")
    with pytest.raises(KeyError):
        say("data.no_images")


def test_an_unknown_language_is_refused(language_restored):
    with pytest.raises(KeyError, match="xx"):
        words.use_language("xx")
    assert words.language() == "en"


def test_english_stands_in_for_a_language_that_there_is_not(language_restored, monkeypatch):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, "tlh_QO.UTF-8")

    words.prefer_language(None)

    assert words.language() == "en"


def test_the_first_of_the_locale_variables_that_is_set_decides(language_restored, monkeypatch):
    monkeypatch.setattr(words, "languages", lambda: ("en", "aa", "bb"))
    monkeypatch.setenv("LC_ALL", "")
    monkeypatch.setenv("LC_MESSAGES", "bb_BB.UTF-8")
    monkeypatch.setenv("LANG", "aa_AA.UTF-8")

    assert words.system_language() == "bb"


def test_another_language_is_spoken_for_as_long_as_a_block_lasts(language_restored, monkeypatch):
    monkeypatch.setattr(words, "languages", lambda: ("en", "aa"))

    with words.speaking("aa"):
        assert words.language() == "aa"
        with words.speaking("xx"):
            assert words.language() == "aa"
    assert words.language() == "en"


def test_what_the_command_line_insists_on_project_toml_does_not_change(language_restored, monkeypatch):
    monkeypatch.setattr(words, "languages", lambda: ("en", "aa", "bb"))

    words.prefer_language("aa")
    assert words.language() == "aa"
    words.use_language("bb")
    words.prefer_language("aa")

    assert words.language() == "bb"
