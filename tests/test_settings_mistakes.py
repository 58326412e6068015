"""What project.toml cannot mean is refused with its line, its key, what was expected, what came and what is near."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnproj import words
from cnnproj.errors import SettingsError
from cnnproj.models import architecture, forget
from cnnproj.settings import Settings
from cnnproj.settings_file import read_settings


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_language", "en")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "project.toml"


@pytest.fixture(scope="module")
def somewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings")


def read(path: Path, text: str) -> Settings:
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


def refusal(path: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read(path, text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "key", "told"),
    [
        ("[project]\nsead = 3", 2, "project.sead", "Did you mean 'seed'?"),
        ("\n[projct]\nseed = 3", 2, "projct", "Did you mean 'project'?"),
        ("\n[[projct.authors]]\nname = 'x'", 2, "projct", "Did you mean 'project'?"),
        ("[data]\nzzz = 1", 2, "data.zzz", "source, size, resize, color, fractions, train_limit"),
        ("[data]\nfractions = { trian = 0.7 }", 2, "data.fractions.trian", "Did you mean 'train'?"),
        ("[training]\nwarmup = 0.1", 2, "training.warmup", "Did you mean 'warm_up'?"),
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
        ("[data]\nsource = ''", 2, "data.source", "the name of a data set, or the path", '""'),
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
        ("[data.fractions]\ntest = nan", 2, "data.fractions.test", "below 1", "nan"),
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
        ("[models.mlp]\nweight_decay = inf", 2, "models.mlp.weight_decay", "0 or more", "inf"),
        (
            "[models.mlp]\noptimizer = 'adma'",
            2,
            "models.mlp.optimizer",
            "one of sgd, rmsprop, adagrad, adadelta, adam, adamw, adamax",
            "adma",
        ),
        ("[models.mlp]\noptimizer = { low = 1, high = 2 }", 2, "models.mlp.optimizer", "one of sgd", "1 … 2"),
        ("[search]\ntrials = 0", 2, "search.trials", "1 or more", "0"),
        (
            "[training]\nbalance = 'weights'",
            2,
            "training.balance",
            'one of "none", "class_weights", "augment"',
            '"weights"',
        ),
        ("[training]\nbalance = true", 2, "training.balance", 'one of "none"', "true"),
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


@pytest.mark.parametrize("augmentation", ["", "[augmentation]", "[augmentation]\nrotation_range = 0\ncval = 9"])
def test_filling_classes_up_with_identical_images_is_refused_with_what_to_do(path, augmentation):
    sentence = refusal(path, f'[training]\nepochs = 3\nbalance = "augment"\n{augmentation}')

    assert sentence.startswith(f'{path}, line 3: \'training.balance\' must be "none" or "class_weights" while ')
    assert 'It is "augment", which would only repeat identical images.' in sentence
    assert "Set at least one argument in [augmentation]" in sentence


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
def test_any_key_with_any_value_is_taken_or_refused_in_a_sentence(somewhere, table, key, value):
    path = somewhere / "project.toml"
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
def test_an_unknown_key_is_never_passed_over(somewhere, table, key):
    path = somewhere / "project.toml"

    assert f"'{table}.{key}'" in refusal(path, f"[{table}]\n{key} = {{}}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[search]\nsampler = "bayes"', '"tpe", "random", "grid"'),
        ('[search]\npruning = "yes"', '"halving", "hyperband", "none"'),
        ("[search]\nrepeats = 0", "1 or more"),
        ('[search]\nstorage = "mysql://u@h/d"', "postgresql://user@host/database"),
        ('[search]\nstorage = "postgresql://u@h"', "postgresql://user@host/database"),
        ('[training]\nschedule = "step"', '"cosine", "linear", "constant"'),
        ("[training]\nwarm_up = 1.0", "below 1"),
        ('[models.mlp]\nloss = "hinge"', "categorical_crossentropy, binary_crossentropy"),
        ('[models.mlp]\nactivation = ["relu", "step"]', "relu, leaky_relu, elu"),
        ('[models.mlp]\noptimizer = "lion"', "sgd, rmsprop, adagrad, adadelta, adam, adamw, adamax"),
        ("[models.mlp]\nmomentum = 1.0", "below 1"),
        ("[models.mlp]\naugmentation = -1.0", "0 or more"),
    ],
)
def test_what_search_and_training_cannot_do_is_refused_with_what_they_can(path, text, expected):
    assert expected in refusal(path, text)


@pytest.mark.parametrize("address", ["postgresql://me:s3cret@host/db", "postgresql://me@host/db?password=s3cret&x=1"])
def test_a_password_in_the_file_is_refused_and_never_shown(path, address):
    sentence = refusal(path, f'[search]\nstorage = "{address}"')

    assert "PGPASSWORD" in sentence
    assert "s3cret" not in sentence


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('backbone = "mobilnet"', "'models.transfer.backbone' must be one of VGG16"),
        ('backbone = ["MobileNetV2", "compact_cnn(width=3)"]', "'models.transfer.backbone' must be one of VGG16"),
        ('batch_norm = "off"', "must be one of kept, trained"),
        ("frozen = 1.5", "must be from 0 to 1"),
        ("backbone_rate = { low = 0.1, high = 2.0 }", "must be from 0 to 1"),
        ("stages = 0", "must be whole and above 0"),
        ("weights = 3", "same kind"),
    ],
)
def test_what_transfer_learning_cannot_be_is_told(path, line, told):
    assert told in refusal(path, f"[models.transfer]\n{line}")


@pytest.mark.parametrize(
    ("models", "size", "told"),
    [
        ("[models.vgg16]\nform = 'original'", 31, "at least [32, 32] for the model 'vgg16' with form = \"original\""),
        ("[models.alexnet]\nform = ['small', 'original']", 64, "at least [67, 67] for the model 'alexnet'"),
        ("[models.lenet5]", 9, "at least [10, 10] for the model 'lenet5' with form = \"small\""),
    ],
)
def test_images_too_small_for_a_network_are_told_before_anything_is_done(path, models, size, told):
    sentence = refusal(path, f"{models}\n[data]\nsize = [{size}, 99]")

    assert f"line {models.count(chr(10)) + 3}: 'data.size' must be {told}" in sentence
    assert sentence.endswith(f"It is [{size}, 99].")
    read(path, f"{models}\n[data]\nsize = [67, 99]")


def test_a_form_that_a_network_does_not_have_is_told_with_those_that_there_are(path):
    assert "'models.vgg16.form' must be one of small, original. It is large." in refusal(
        path, "[models.vgg16]\nform = 'large'"
    )
