"""The folder of troubles holds what it says: each planted thing has its own trouble, and the good images have none."""

from collections import Counter
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest

from cnnproj.data.decoding import NOTES, Decoded
from cnnproj.data.sources.source import PASSED_OVER_KINDS, Source
from cnnproj.errors import UnreadableImage

from .made import opened
from .troubles import CLASSES, GOOD_OF_EACH_CLASS, make_trouble_folder

UNREADABLE = (
    *("empty", "web_page", "unknown", "lfs_pointer", "other_format"),
    *("truncated", "damaged", "range", "too_large"),
)
UNLIKE_THE_OTHERS = ("gray_among_color", "extreme_shape", "extreme_size", "tiny", "nearly_constant")
SEEN_BEFORE = ("placeholder", "duplicate", "contradiction", "near_duplicate", "near_contradiction")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("troubles") / "set"


@pytest.fixture(scope="module")
def planted(folder: Path) -> dict[str, str]:
    return make_trouble_folder(folder)


@pytest.fixture(scope="module")
def source(folder: Path, planted: dict[str, str]) -> Source:
    return opened(folder)


@pytest.fixture(scope="module")
def images(source: Source) -> dict[str, Decoded]:
    """All that can be decoded."""
    decoded = {}
    for row, path in enumerate(source.table["image"]):
        try:
            decoded[path] = source.read(row)
        except UnreadableImage:
            continue
    return decoded


def test_every_trouble_is_planted(planted):
    kinds = {*UNREADABLE, *NOTES, *UNLIKE_THE_OTHERS, *SEEN_BEFORE, *PASSED_OVER_KINDS}
    assert kinds - set(planted.values()) <= {"link"}  # which cannot be made everywhere
    assert set(planted.values()) <= kinds
    assert Counter(planted.values())["placeholder"] == 5


def test_there_are_as_many_good_images_of_each_class_and_they_have_no_notes(source, planted, images):
    good = source.table[~source.table["image"].isin(list(planted))]
    assert good["label"].value_counts().to_dict() == dict.fromkeys(CLASSES, GOOD_OF_EACH_CLASS)
    for path in good["image"]:
        assert (images[path].format, images[path].notes) == ("JPEG", ())
        assert images[path].pixels.shape == (72, 96, 3)


def test_what_is_passed_over_is_what_was_planted_as_such(source, planted):
    expected = {path: kind for path, kind in planted.items() if path not in set(source.table["image"])}
    assert set(expected.values()) <= set(PASSED_OVER_KINDS)
    assert dict(source.passed_over) == expected


def test_what_is_unreadable_is_what_was_planted_as_such_and_for_its_reason(source, planted):
    found = {}
    for row, path in enumerate(source.table["image"]):
        try:
            source.read(row)
        except UnreadableImage as error:
            found[path] = error.sentence.removeprefix("data.image_")
    assert found == {path: planted[path] for path in found}
    assert sorted(found.values()) == sorted(UNREADABLE)


def test_what_is_readable_has_no_note_but_its_own(planted, images):
    for path, image in images.items():
        kind = planted.get(path)
        assert image.notes == ((kind,) if kind in NOTES else ()), path


def test_nothing_is_gray_but_what_was_planted_as_gray(planted, images):
    gray = [path for path, image in images.items() if image.pixels.ndim == 2]
    assert [planted[path] for path in gray] == ["gray_among_color"]


def test_no_image_is_of_another_size_but_what_was_planted_as_such(planted, images):
    odd = {planted[path] for path, image in images.items() if image.pixels.shape[:2] != (72, 96)}
    assert odd == {"extreme_shape", "extreme_size", "tiny", "near_contradiction"}


def test_no_two_pictures_are_alike_but_what_was_planted_as_such(planted, images):
    prints = {path: gradients(image.pixels) for path, image in images.items() if planted.get(path) not in SEEN_BEFORE}
    for one, other in combinations(prints, 2):
        assert (prints[one] != prints[other]).mean() > 0.2, (one, other)


def test_copies_are_copies_and_near_ones_only_near(planted, images, folder):
    paths = {kind: path for path, kind in planted.items() if kind in SEEN_BEFORE}
    pairs = {
        "duplicate": "gato/foto 03.jpg",
        "contradiction": "gato/foto 04.jpg",
        "near_duplicate": "perro/foto 05.jpg",
        "near_contradiction": "perro/foto 06.jpg",
    }
    for kind, original in pairs.items():
        same = (folder / paths[kind]).read_bytes() == (folder / original).read_bytes()
        assert same == (not kind.startswith("near"))
        assert (gradients(images[paths[kind]].pixels) != gradients(images[original].pixels)).mean() < 0.1
        assert (paths[kind].split("/")[0] == original.split("/")[0]) == kind.endswith("duplicate")


def test_it_is_the_same_every_time(folder, planted, tmp_path):
    assert make_trouble_folder(tmp_path) == planted
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / path.relative_to(folder)).read_bytes()


def gradients(pixels: np.ndarray) -> np.ndarray:
    """Where a picture becomes lighter to the right and downwards, at 9×9 pixels: 144 yes or no."""
    gray = pixels if pixels.ndim == 2 else pixels.mean(axis=2)
    small = cv2.resize(gray.astype(np.float32), (9, 9), interpolation=cv2.INTER_AREA)
    return np.concatenate([(np.diff(small, axis=1)[:8] > 0).ravel(), (np.diff(small, axis=0)[:, :8] > 0).ravel()])
