"""project.toml either means something, or is refused with its line, its key, what was expected and what came."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import cnnproj
from cnnproj import words
from cnnproj.errors import SettingsError
from cnnproj.models import Choice, Range, architecture, architectures, forget
from cnnproj.settings import DEFAULT_MODELS, Settings, read_settings

CHECKOUT = Path(cnnproj.__file__).parents[1]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_language", "en")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "project.toml"


def read(path: Path, text: str) -> Settings:
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


def refusal(path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read(path, text)
    return str(caught.value)


def test_an_empty_file_is_a_whole_project(path):
    given = read(path, "")

    assert tuple(given.models) == DEFAULT_MODELS
    assert (given.project.seed, given.data.source, given.data.size, given.interpretation.cases) == (
        7,
        "digits",
        (32, 32),
        5,
    )


def test_the_project_toml_of_the_checkout_reads(path):
    given = read_settings(CHECKOUT / "project.toml")

    assert tuple(given.models) == DEFAULT_MODELS
    assert given.models["deep_cnn"]["learning_rate"] == Range(0.001, 0.01, log=True)
    assert given.augmentation.changed.keys() <= type(given.augmentation).model_fields.keys()


def test_a_settings_object_is_frozen(path):
    given = read(path, "")

    with pytest.raises(ValidationError, match="frozen"):
        given.project.seed = 8
    with pytest.raises(ValidationError, match="frozen"):
        given.data = None


def test_the_smoke_budget_shortens_search_and_training_and_nothing_else(path):
    full = read(path, "[search]\ntrials = 9\nepochs = 8\n[training]\nepochs = 7")
    smoke = read(path, '[project]\nbudget = "smoke"\n[search]\ntrials = 9\nepochs = 8\n[training]\nepochs = 7')

    assert (full.trials, full.search_epochs, full.training_epochs) == (9, 8, 7)
    assert (smoke.trials, smoke.search_epochs, smoke.training_epochs) == (2, 1, 1)
    assert smoke.search == full.search
    assert smoke.training == full.training


def test_augmentation_that_is_changed_is_told_apart_from_the_defaults(path):
    given = read(path, "[augmentation]\nrotation_range = 10\nzoom_range = 0.0\nbrightness_range = [1, 2]")

    assert given.augmentation.changed == {"rotation_range": 10.0, "brightness_range": (1.0, 2.0)}


def test_a_search_space_is_a_value_a_list_or_a_range(path):
    given = read(
        path, "[models.mlp]\ndropout = 0.3\nunits = [16, 32]\nlearning_rate = { low = 1e-4, high = 1, log = true }"
    )

    assert given.models["mlp"] == {
        "dropout": Choice(0.3),
        "units": Choice(16, 32),
        "learning_rate": Range(1e-4, 1, log=True),
    }


def test_what_is_left_out_of_a_space_keeps_the_architectures_own(path):
    given = read(path, "[models.mlp]\nunits = 32\nlabel_smoothing = 0.1")

    own = architectures()["mlp"].space
    assert given.space("mlp") == {**own, "units": Choice(32), "label_smoothing": Choice(0.1)}


def test_a_byte_order_mark_as_windows_writes_it_is_no_mistake(path):
    path.write_bytes(b"\xef\xbb\xbf[project]\r\nseed = 8\r\n")

    assert read_settings(path).project.seed == 8


@pytest.mark.parametrize(
    ("text", "line", "key", "told"),
    [
        ("[project]\nsead = 3", 2, "project.sead", "Did you mean 'seed'?"),
        ("\n[projct]\nseed = 3", 2, "projct", "Did you mean 'project'?"),
        ("\n[[projct.authors]]\nname = 'x'", 2, "projct", "Did you mean 'project'?"),
        ("[data]\nzzz = 1", 2, "data.zzz", "source, size, color, fractions, train_limit"),
        ("[data]\nfractions = { trian = 0.7 }", 2, "data.fractions.trian", "Did you mean 'train'?"),
        ("[[project.authors]]\nname = 'x'\nnmae = 'y'", 3, "project.authors.0.nmae", "Did you mean 'name'?"),
        ("[models.mlp]\nunit = 3", 2, "models.mlp.unit", "Did you mean 'units'?"),
        ("[models.pml]", 1, "models.pml", "Did you mean 'mlp'?"),
        ("\n[models]", 2, "[models]", "[models.mlp]"),
        ("[[project.authors]]\nid = '1'", 1, "project.authors.0.name", "is missing"),
    ],
)
def test_a_wrong_name_is_told_by_line_and_key_with_the_nearest_right_one(path, text, line, key, told):
    sentence = refusal(path, text)

    assert sentence.startswith(f"{path}, line {line}: ")
    assert key in sentence
    assert told in sentence


@pytest.mark.parametrize(
    ("text", "line", "key", "expected", "came"),
    [
        ("project = 3", 1, "project", "a table of keys and values", "3"),
        ("[project]\nseed = -1", 2, "project.seed", "0 or more", "-1"),
        ("[project]\nseed = 1.0", 2, "project.seed", "a whole number", "1.0"),
        ("[project]\nseed = true", 2, "project.seed", "a whole number", "true"),
        ('[project]\nseed = "7"', 2, "project.seed", "a whole number", '"7"'),
        (f"[project]\nseed = {10**30}", 2, "project.seed", "below 4.29497e+09", f"{10**30}"),
        ("[project]\nname = 'a b'", 2, "project.name", "a name of letters", '"a b"'),
        ("[project]\nname = '../x'", 2, "project.name", "a name of letters", '"../x"'),
        ("[project]\nname = ''", 2, "project.name", "a name of letters", '""'),
        (f"[project]\nname = '{'x' * 61}'", 2, "project.name", "at most 60 long", f'"{"x" * 61}"'),
        ("[project]\ntitle = 2020-01-31", 2, "project.title", 'text in "quotes"', "2020-01-31"),
        ("[project]\nlanguage = 'xx'", 2, "project.language", "one of en", '"xx"'),
        ("[project]\nbudget = 'fast'", 2, "project.budget", 'one of "full", "smoke"', '"fast"'),
        ("[project]\nauthors = 'me'", 2, "project.authors", "a list in [ ]", '"me"'),
        ("[project]\nauthors = ['me']", 2, "project.authors.0", "a table of keys and values", '"me"'),
        ("[data]\nsource = ''", 2, "data.source", "", '""'),
        ("[data]\nsize = 32", 2, "data.size", "a list in [ ]", "32"),
        ("[data]\nsize = [32]", 2, "data.size", "a list of two numbers", "[32]"),
        ("[data]\nsize = [1, 2, 3]", 2, "data.size", "a list of two numbers", "[1, 2, 3]"),
        ("[data]\nsize = [7, 32]", 2, "data.size", "[height, width] in pixels", "[7, 32]"),
        ("[data]\nsize = [32, 1.5]", 2, "data.size.1", "a whole number", "1.5"),
        ("[data]\nsize = [32, '32']", 2, "data.size.1", "a whole number", '"32"'),
        ("[data]\nsize = [32, 'x']", 2, "data.size.1", "a whole number", '"x"'),
        ("[data]\nsize = [32, true]", 2, "data.size.1", "a whole number", "true"),
        ("[data]\nsize = [32, {}]", 2, "data.size.1", "a whole number", "{"),
        ("[data]\ncolor = 'grey'", 2, "data.color", 'one of "auto", "gray", "rgb"', '"grey"'),
        ("[data]\ntrain_limit = 9", 2, "data.train_limit", "10 or more", "9"),
        (
            "[data]\nfractions = { train = 0.8 }",
            2,
            "data.fractions",
            "add up to 1 (here they add up to 1.1)",
            "{ train = 0.8 }",
        ),
        ("[data.fractions]\ntest = 0", 2, "data.fractions.test", "above 0", "0"),
        ("[data.fractions]\ntest = nan", 2, "data.fractions.test", "", "nan"),
        ("[augmentation]\nrotation_range = 181", 2, "augmentation.rotation_range", "180 or less", "181"),
        ("[augmentation]\nhorizontal_flip = 1", 2, "augmentation.horizontal_flip", "true or false", "1"),
        ("[augmentation]\nzoom_range = 1.5", 2, "augmentation.zoom_range", "0 to below 1", "1.5"),
        (
            "[augmentation]\nbrightness_range = [1.2, 0.8]",
            2,
            "augmentation.brightness_range",
            "two rising",
            "[1.2, 0.8]",
        ),
        ("[augmentation]\nbrightness_range = [0, inf]", 2, "augmentation.brightness_range", "two rising", "[0, inf]"),
        ("[augmentation]\nfill_mode = 'none'", 2, "augmentation.fill_mode", 'one of "nearest"', '"none"'),
        ("[models]\nmlp = 3", 2, "models.mlp", "a table of keys and values", "3"),
        ("[models.mlp]\nunits = []", 2, "models.mlp.units", "a value, a list of values", "[]"),
        ("[models.mlp]\nunits = [[1]]", 2, "models.mlp.units", "a value, a list of values", "[[1]]"),
        (
            "[models.mlp]\nunits = { low = 2, high = 1 }",
            2,
            "models.mlp.units",
            "low is below its high",
            "{ low = 2, high = 1 }",
        ),
        (
            "[models.mlp]\nunits = { low = 1, high = 'x' }",
            2,
            "models.mlp.units",
            "both numbers",
            '{ low = 1, high = "x" }',
        ),
        (
            "[models.mlp]\nunits = { low = 1, hgih = 2 }",
            2,
            "models.mlp.units",
            "a range as { low =",
            "{ low = 1, hgih = 2 }",
        ),
        ("[models.mlp]\nunits = { low = 1, high = 2, log = 'no' }", 2, "models.mlp.units", "log = true", '"no"'),
        ("[models.mlp]\nunits = [16, 0]", 2, "models.mlp.units", "whole and above 0", "16, 0"),
        ("[models.mlp]\nunits = 2.5", 2, "models.mlp.units", "whole and above 0", "2.5"),
        ("[models.mlp]\ndropout = 1.0", 2, "models.mlp.dropout", "from 0 to below 1", "1.0"),
        ("[models.mlp]\ndropout = 'x'", 2, "models.mlp.dropout", "a number", "x"),
        ("[models.mlp]\nlearning_rate = 0.0", 2, "models.mlp.learning_rate", "above 0 and at most 10", "0.0"),
        ("[models.mlp]\nlearning_rate = nan", 2, "models.mlp.learning_rate", "above 0 and at most 10", "nan"),
        ("[models.mlp]\nweight_decay = inf", 2, "models.mlp.weight_decay", "", "inf"),
        ("[models.mlp]\noptimizer = 'adma'", 2, "models.mlp.optimizer", "one of sgd, rmsprop, adam, adamw", "adma"),
        ("[models.mlp]\noptimizer = { low = 1, high = 2 }", 2, "models.mlp.optimizer", "one of sgd", "1 … 2"),
        ("[search]\ntrials = 0", 2, "search.trials", "1 or more", "0"),
        ("[training]\nthreads = 257", 2, "training.threads", "256 or less", "257"),
        ("[interpretation]\ncases = 6", 2, "interpretation.cases", "5 or less", "6"),
    ],
)
def test_a_wrong_value_is_told_by_line_and_key_with_what_was_expected_and_what_came(
    path, text, line, key, expected, came
):
    sentence = refusal(path, text)

    assert sentence.startswith(f"{path}, line {line}: '{key}' must be ")
    assert expected in sentence
    assert came in sentence


def test_a_switch_of_a_students_own_network_has_no_range(path):
    @architecture(space={})
    def switched(shape, classes, *, batch_norm=True):
        """Has a hyperparameter that is on or off."""

    try:
        assert read(path, "[models.switched]\nbatch_norm = [true, false]").models["switched"]
        assert "same kind" in refusal(path, "[models.switched]\nbatch_norm = { low = false, high = true }")
        assert "same kind" in refusal(path, "[models.switched]\nbatch_norm = 1")
    finally:
        forget("switched")


def test_the_first_mistake_in_the_file_is_told_first(path):
    assert "line 2" in refusal(path, "[training]\nthreads = 0\n[project]\nsead = 1")


def test_no_file_says_how_to_make_one(path):
    with pytest.raises(SettingsError, match="cnnproj new"):
        read_settings(path)


@pytest.mark.parametrize("text", ["seed 7", "[a]\n[a]", 'a = "', "a = 1\na = 2"])
def test_what_is_no_toml_is_told_with_its_line(path, text):
    assert "not valid TOML" in refusal(path, text)


def test_a_file_that_cannot_be_read_as_text_is_told(path):
    path.write_bytes(b"title = '\xff'")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(path.parent)


values = st.sampled_from(
    ["1", "-1", "0.5", "nan", "inf", '"x"', "''", "true", "[]", "[1, 2]", "[[1]]", "{}", "{ a = 1 }"]
)
values |= st.sampled_from(
    ["{ low = 1, high = 2 }", "{ low = 'a', high = 'b' }", "1999-12-31", "['a', 1]", f"{2**70}", "[2, '2']"]
)
tables = st.sampled_from(["", "project", "data", "data.fractions", "augmentation", "models", "models.mlp", "search"])
TABLE_KEYS = [
    name for field in Settings.model_fields.values() for name in getattr(field.annotation, "model_fields", ())
]
known = st.sampled_from([*Settings.model_fields, *TABLE_KEYS, "mlp", "units", "dropout", "optimizer", "learning_rate"])


@given(tables, known | st.from_regex(r"[a-z_0-9]{1,12}", fullmatch=True), values)
@settings(max_examples=400, deadline=None)
def test_any_key_with_any_value_is_taken_or_refused_in_a_sentence(tmp_path_factory, table, key, value):
    path = tmp_path_factory.getbasetemp() / "project.toml"
    text = f"[{table}]\n{key} = {value}\n" if table else f"{key} = {value}\n"
    path.write_text(text, encoding="utf-8")
    try:
        taken = read_settings(path)
    except SettingsError as error:
        assert f"line {2 if table else 1}: " in str(error)  # noqa: PT017 - being taken is as good
    else:
        assert isinstance(taken, Settings)


@given(tables.filter(bool), st.from_regex(r"q[a-z_]{1,12}", fullmatch=True))
@settings(max_examples=100, deadline=None)
def test_an_unknown_key_is_never_passed_over(tmp_path_factory, table, key):
    path = tmp_path_factory.getbasetemp() / "project.toml"

    assert f"'{table}.{key}'" in refusal(path, f"[{table}]\n{key} = {{}}")
