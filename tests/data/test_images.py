"""Every image is decoded and resized once, the bad ones are set aside, and what was stored is what is read."""

import numpy as np
import pytest

from cnnproj import words
from cnnproj.data.decoding import Decoded
from cnnproj.data.resizing import fit_to
from cnnproj.data.sources.source import Record, image_table
from cnnproj.errors import CnnprojError

from .painted import Painted, numbered, painted
from .stored import stored

ODD_NAMES = [
    "a,b.png",
    "line\nend.png",
    "return\rhere.png",
    'say "x".png',
    "猫/写真.png",
    " space .png",
    "'",
    "#",
    "NA",
    "1e5",
]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_language", "en")


@pytest.mark.parametrize(
    ("kinds", "color", "channels"),
    [
        (["gray"], "auto", 1),
        (["rgb"], "auto", 3),
        (["gray", "rgb"], "auto", 3),
        (["gray", "rgb"], "gray", 1),
        (["gray"], "rgb", 3),
    ],
)
def test_images_are_stored_in_the_size_and_the_channels_asked_for(tmp_path, kinds, color, channels):
    names = [name for kind in kinds for name in numbered(20, kind)]
    images = stored(painted(names), tmp_path, color=color)

    assert images.pixels.shape == (len(names), 8, 12, channels)
    assert images.shape == images.train.shape == (8, 12, channels)
    assert images.pixels.dtype == np.uint8


def test_each_row_of_the_table_leads_to_its_image_in_the_store(tmp_path):
    source = painted([*numbered(20), *numbered(20, "rgb"), *numbered(3, "broken")])
    images = stored(source, tmp_path)

    places = dict(zip(source.table["image"], range(len(source.table)), strict=True))
    for known in images.table.to_dict("records"):
        original = source.read(places[known["image"]]).pixels
        assert (images.pixels[known["row"]] == fit_to(original, (8, 12))).all()
        assert (known["height"], known["width"]) == original.shape[:2]
        assert known["mode"] == ("rgb" if original.ndim == 3 else "gray")


def test_a_part_gives_its_own_images_with_their_labels(tmp_path):
    images = stored(painted(numbered(40)), tmp_path)

    for part in (images.train, images.validation):
        assert (images.table["split"].iloc[part.rows] == part.name).all()
        assert [part.classes[label] for label in part.labels] == images.table["label"].iloc[part.rows].tolist()
        assert (part.images() == images.pixels[part.rows]).all()
        assert (part.images(np.array([2, 0])) == images.pixels[part.rows[[2, 0]]]).all()
    assert images.counts.loc["cat"].to_dict() == {"train": 12, "validation": 4, "test": 4}


def test_an_unreadable_image_is_set_aside_with_its_reason_and_the_rest_goes_on(tmp_path):
    images = stored(painted([*numbered(20), "broken/1.png", "broken/2.png"]), tmp_path)

    assert len(images.table) == len(images.pixels) == 20
    assert images.set_aside["image"].tolist() == ["broken/1.png", "broken/2.png"]
    assert images.set_aside["label"].tolist() == ["cat", "dog"]
    assert images.set_aside["reason"].tolist() == ["'broken/1.png' is empty.", "'broken/2.png' is empty."]


def test_leaked_and_surplus_images_are_set_aside_with_their_reasons(tmp_path):
    class Repeated(Painted):
        def read(self, row: int) -> Decoded:
            same = self.table["image"].iat[row] in ("gray/000.png", "t/0.png")
            return Decoded(np.zeros((4, 4), np.uint8)) if same else super().read(row)

    records = [Record(name, ("cat", "dog")[place % 2]) for place, name in enumerate(numbered(60))]
    records += [Record(f"t/{place}.png", ("cat", "dog")[place % 2], "test") for place in range(4)]
    images = stored(Repeated("x", image_table(records, "x"), "0"), tmp_path, train_limit=10)

    reasons = dict(zip(images.set_aside["image"], images.set_aside["reason"], strict=True))
    assert "held out" in reasons.pop("gray/000.png")
    assert all("train_limit" in reason for reason in reasons.values())
    assert len(images.train) == 10
    assert len(images.table) + len(images.set_aside) == 64


def test_nothing_readable_at_all_is_refused_with_the_first_reason(tmp_path):
    with pytest.raises(CnnprojError, match=r"None of the images.*'broken/000.png' is empty"):
        stored(painted(numbered(4, "broken")), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".store.part"]  # so that it is not read again in vain


@pytest.mark.parametrize(
    "labels", [("NA", "nan"), ("007", "7"), ("1.0", "1"), ("True", "false"), ("", " "), ("a,b", 'c"\nd')]
)
def test_labels_are_read_as_they_were_written(tmp_path, labels):
    images = stored(painted([*numbered(20), *numbered(2, "broken")], labels), tmp_path)

    assert set(images.classes) == set(images.table["label"]) == set(images.set_aside["label"]) == set(labels)
    assert sorted(np.bincount(images.train.labels)) == [6, 6]


def test_names_are_read_as_they_were_written(tmp_path):
    broken = [f"broken {name}" for name in ODD_NAMES]
    images = stored(painted([*ODD_NAMES, *numbered(20), *broken]), tmp_path)

    assert set(images.table["image"]) == {*ODD_NAMES, *numbered(20)}
    assert set(images.set_aside["image"]) == set(broken)


def test_a_name_that_is_no_text_stops_nothing(tmp_path):
    """Linux allows any bytes in a file name."""
    name = b"caf\xe9.png".decode("utf-8", "surrogateescape")

    images = stored(painted([*numbered(40), name, f"broken {name}"]), tmp_path, train_limit=10)

    assert len(images.table) + len(images.set_aside) == 42


def test_a_class_without_readable_images_is_no_class_any_more(tmp_path):
    records = [Record(name, ("cat", "dog")[place % 2]) for place, name in enumerate(numbered(20))]
    images = stored(Painted("x", image_table([*records, Record("broken.png", "eel")], "x"), "0"), tmp_path)

    assert images.classes == ("cat", "dog")


def test_classes_stand_in_the_order_of_the_numbers_in_them(tmp_path):
    labels = tuple(f"class {number}" for number in range(11))

    assert stored(painted(numbered(66), labels), tmp_path).classes == labels


def test_equal_pixels_have_equal_content_and_others_do_not(tmp_path):
    class Plain(Painted):
        def read(self, row: int) -> Decoded:
            wide = "wide" in self.table["image"].iat[row]
            return Decoded(np.full((2, 8) if wide else (4, 4), row // 2 if not wide else 0, np.uint8))

    records = [Record(f"{place:02}.png", "ab"[place // 2 % 2]) for place in range(24)]
    images = stored(Plain("x", image_table([*records, Record("wide.png", "a")], "x"), "0"), tmp_path)

    content = images.table.set_index("image")["content"]
    assert content["00.png"] == content["01.png"]
    assert content["00.png"] != content["wide.png"]  # the same bytes in another shape
    assert content.nunique() == 13
