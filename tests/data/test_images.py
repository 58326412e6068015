"""Every image is decoded and resized once, the bad ones are set aside, and what was stored is what is read."""

import json

import numpy as np
import pytest

from cnnproj import words
from cnnproj.data.decoding import Decoded
from cnnproj.data.resizing import fit_to
from cnnproj.data.sources.source import Record, image_table
from cnnproj.errors import CnnprojError

from .painted import Painted, numbered, painted
from .stored import divided, stored

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
    assert list(tmp_path.iterdir()) == []


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


# Groups, leaks, and more images later -------------------------------------------------------------------------------


def test_a_pattern_on_the_path_keeps_images_together(tmp_path):
    names = [f"{label}/person_{number // 4:02}_{number}.png" for label in ("x", "y") for number in range(60)]
    images = stored(painted(names), tmp_path, group_pattern=r"person_(\d+)_")

    assert images.table["group"].nunique() == 15
    assert (images.table.groupby("group")["split"].nunique() == 1).all()
    assert (images.table.groupby("group")["cluster"].nunique() == 1).all()


def test_a_pattern_without_brackets_groups_by_all_that_it_matches_and_not_where_it_does_not(tmp_path):
    names = [*(f"{number:02}_day{number % 9}.png" for number in range(40)), *numbered(20)]
    images = stored(painted(names), tmp_path, group_pattern=r"day\d")

    assert set(images.table["group"]) == {"", *(f"day{number}" for number in range(9))}


def test_a_group_column_comes_before_the_pattern(tmp_path):
    records = [Record(f"p{n % 5}_{n:02}.png", "ab"[n % 2], "", "anna" if n < 6 else "", "1") for n in range(60)]
    images = stored(Painted("x", image_table(records, "x"), "0"), tmp_path, group_pattern=r"p\d")

    assert set(images.table["group"]) == {"anna", *(f"p{n}" for n in range(5))}


def test_a_pattern_that_matches_nothing_is_refused_with_an_example(tmp_path):
    with pytest.raises(CnnprojError, match=r"'person_\(\\d\+\)', which is found in none .* 'gray/000.png'"):
        stored(painted(numbered(20)), tmp_path, group_pattern=r"person_(\d+)")


def test_training_images_that_leak_are_kept_if_that_is_wanted(tmp_path):
    class Same(Painted):
        def read(self, row: int) -> Decoded:
            name = self.table["image"].iat[row]
            return Decoded(np.arange(16, dtype=np.uint8).reshape(4, 4) * 9) if "same" in name else super().read(row)

    records = [Record(name, ("cat", "dog")[n % 2], "", "", "1") for n, name in enumerate([*numbered(30), "same.png"])]
    records += [Record(f"t/{name}", label, "test", "", "1") for name, label in (("same.png", "cat"), ("1.png", "dog"))]
    source = Same("x", image_table(records, "x"), "0")

    aside = stored(source, tmp_path / "a").set_aside
    kept = stored(source, tmp_path / "b", set_leaks_aside=False)

    assert aside["image"].tolist() == ["same.png"]
    assert kept.set_aside.empty
    assert kept.table.set_index("image")["split"]["same.png"] == "train"


def parts_of(images) -> dict[str, str]:
    return dict(zip(images.table["image"], images.table["split"], strict=True))


def test_it_is_known_with_which_deal_an_image_came(tmp_path):
    def deals():
        dealt = json.loads((tmp_path / "dealt.json").read_text())
        assert dealt["deals"].keys() == dealt["parts"].keys()
        return sorted(dealt["deals"].values())

    stored(painted(numbered(20)), tmp_path)
    assert deals() == [1] * 20
    stored(painted(numbered(23)), tmp_path)
    stored(painted(numbered(23)), tmp_path)
    assert deals() == [1] * 20 + [2] * 3
    stored(painted(numbered(23)), tmp_path, seed=4)
    assert deals() == [1] * 23


def test_images_that_were_there_keep_their_part_when_others_are_added(tmp_path):
    before = parts_of(stored(painted(numbered(60)), tmp_path))
    after = stored(painted(numbered(80)), tmp_path)

    assert parts_of(after).items() >= before.items()
    assert after.counts.sum().to_dict() == {"train": 48, "validation": 16, "test": 16}
    assert after.moves.empty


def test_another_seed_or_other_fractions_deal_afresh(tmp_path):
    first = parts_of(stored(painted(numbered(60)), tmp_path / "a"))
    for name, change in (
        ("seed", {"seed": 4}),
        ("fractions", {"fractions": {"train": 0.8, "validation": 0.1, "test": 0.1}}),
    ):
        stored(painted(numbered(60)), tmp_path / name)
        again, fresh = (
            stored(painted(numbered(60)), tmp_path / folder, **change) for folder in (name, f"{name} fresh")
        )
        assert parts_of(again) == parts_of(fresh) != first


def test_a_move_is_listed_with_the_part_before_and_after(tmp_path):
    names = numbered(60)
    before = parts_of(stored(painted(names), tmp_path))
    train, test = (next(name for name in names if before[name] == part) for part in ("train", "test"))

    class Bridged(Painted):
        """Two new images, named as one group: each is another one once more."""

        def read(self, row: int) -> Decoded:
            name = self.table["image"].iat[row]
            copied = {"new/1.png": train, "new/2.png": test}.get(name, name)
            return (
                super().read(int(self.table.index[self.table["image"] == copied][0]))
                if copied != name
                else super().read(row)
            )

    records = [Record(name, label, "", "", "1") for name, label in painted(names).table[["image", "label"]].to_numpy()]
    records += [Record(f"new/{n}.png", "cat", "", "bridge", "1") for n in (1, 2)]
    images = stored(Bridged("x", image_table(records, "x"), "0"), tmp_path)

    moved = [[name, "test", "train"] for name in (test, "new/2.png")]  # the copy stands for what it is a copy of
    assert images.moves[["image", "before", "after"]].to_numpy().tolist() == moved
    assert {name: part for name, part in parts_of(images).items() if name in before and name != test} == {
        name: part for name, part in before.items() if name != test
    }


def test_dealing_again_without_new_images_changes_nothing(tmp_path):
    stored(painted(numbered(60)), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.*") if path.is_file()}
    divided(tmp_path)

    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.*") if path.is_file()} == before


def test_images_that_were_away_for_a_while_come_back_to_their_part(tmp_path):
    before = parts_of(stored(painted(numbered(60)), tmp_path))
    stored(painted(numbered(60)[20:]), tmp_path)
    after = stored(painted(numbered(60)), tmp_path)

    assert parts_of(after) == before
    assert after.moves.empty


def test_a_leak_that_is_set_aside_has_not_moved(tmp_path):
    class Same(Painted):
        def read(self, row: int) -> Decoded:
            name = self.table["image"].iat[row]
            return Decoded(np.arange(16, dtype=np.uint8).reshape(4, 4) * 9) if "same" in name else super().read(row)

    records = [Record(name, ("cat", "dog")[n % 2], "train", "", "1") for n, name in enumerate(numbered(30))]
    records += [Record("a/same.png", "cat", "test", "", "1"), Record("z/same.png", "cat", "train", "", "1")]
    records += [Record("t/1.png", "dog", "test", "", "1")]
    source = Same("x", image_table(records, "x"), "0")
    stored(source, tmp_path)
    divided(tmp_path, set_leaks_aside=False)
    divided(tmp_path)

    assert stored(source, tmp_path).moves.empty
