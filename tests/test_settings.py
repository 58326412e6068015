"""project.toml is typed, frozen settings, and every key of it may be left out."""

from pathlib import Path

import pytest
from pydantic import ValidationError

import cnnproj
from cnnproj.models import Choice, Range, architectures
from cnnproj.settings import DEFAULT_MODELS, Settings
from cnnproj.settings_file import read_settings

CHECKOUT = Path(cnnproj.__file__).parents[1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "project.toml"


def read(path: Path, text: str) -> Settings:
    path.write_text(text, encoding="utf-8")
    return read_settings(path)


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
    assert given.models["deep_cnn"]["learning_rate"] == Range(0.003, 0.03, log=True)
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


@pytest.mark.parametrize("balance", ["none", "class_weights", "augment"])
def test_classes_are_balanced_as_project_toml_asks_and_not_at_all_unasked(path, balance):
    assert read(path, "").training.balance == "none"
    given = read(path, f'[training]\nbalance = "{balance}"\n[augmentation]\nhorizontal_flip = true')

    assert given.training.balance == balance


def test_only_what_differs_from_image_to_image_varies_them(path):
    def varies(text: str) -> bool:
        return read(path, f"[augmentation]\n{text}").augmentation.varies

    assert varies("rotation_range = 5")
    assert varies("vertical_flip = true")
    assert varies("brightness_range = [0.8, 1.2]")
    assert varies("zoom_range = 0.1")
    assert not varies("")
    assert not varies('fill_mode = "constant"\ncval = 255')
    assert not varies("brightness_range = [1.2, 1.2]\nzoom_range = [1, 1]")


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
