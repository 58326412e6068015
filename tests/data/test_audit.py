"""Every trouble in a folder is found and named rightly, and none is found in good images."""

from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import pytest

from cnnproj import words
from cnnproj.data.audit import KINDS, Audit, load_audit
from cnnproj.data.decoding import Decoded
from cnnproj.data.images import load_images
from cnnproj.data.sources.source import Record, Source, image_table
from cnnproj.errors import CnnprojError
from cnnproj.words import catalogue, languages

from .made import opened
from .painted import Painted, numbered
from .stored import audited, divided
from .test_near_duplicates import photo
from .troubles import make_trouble_folder


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_language", "en")


def found_in(audit: Audit) -> dict[str, set[str]]:
    """The kinds found of each path, whichever of the two images of a pair it is."""
    found = defaultdict(set)
    for kind, image, other, _ in audit.findings.itertuples(index=False, name=None):
        for path in filter(None, (image, other)):
            found[path].add(kind)
    return found


class Photos(Source):
    """Photos drawn from a number; the same number is the same photo."""

    def read(self, row: int) -> Decoded:
        return Decoded(photo(int(self.table["image"].iat[row].split("=")[1])))


def photos(*records: tuple[str, ...]) -> Photos:
    rows = [Record(*record, *[""] * (4 - len(record)), "1") for record in records]
    return Photos("photos", image_table(rows, "photos"), "0")


def audit_of(source: Source, folder: Path, **changes: object) -> Audit:
    audited(source, folder, **changes)
    return load_audit(folder)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], Audit]:
    root = tmp_path_factory.mktemp("troubles") / "mis fotos"
    root.mkdir()
    planted = make_trouble_folder(root)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    folder = tmp_path_factory.mktemp("audited")
    audit = audit_of(opened(root), folder, size=(32, 32))
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before, "nothing of the user's is touched"
    return folder, planted, audit


def test_there_are_more_than_25_kinds_of_trouble(troubled):
    assert len(set(troubled[1].values())) >= 25


def test_every_trouble_is_found_and_named_rightly(troubled):
    _, planted, audit = troubled
    found = found_in(audit)

    assert {path: kind for path, kind in planted.items() if kind not in found[path]} == {}


def test_nothing_is_found_in_good_images_but_that_they_have_a_copy(troubled):
    _, planted, audit = troubled
    copied = {"duplicate", "contradiction", "near_duplicate", "near_contradiction"}
    alarms = {path: kinds for path, kinds in found_in(audit).items() if path not in planted and not kinds <= copied}
    pairs = audit.findings[audit.findings["kind"].isin(copied)]

    assert alarms == {}
    assert all(planted.keys() & {image, other} for image, other in zip(pairs["image"], pairs["other"], strict=True))


def test_each_planted_image_has_no_other_trouble(troubled):
    _, planted, audit = troubled
    found = found_in(audit)

    for path, kind in planted.items():
        assert found[path] == {kind}, path


def test_what_cannot_be_read_is_set_aside_and_all_else_is_dealt_out(troubled):
    folder, planted, audit = troubled
    divided(folder)
    images = load_images(folder)

    bad = {"empty", "web_page", "unknown", "lfs_pointer", "truncated", "damaged", "range", "too_large"}
    expected = {path for path, kind in planted.items() if kind in bad} | {"perro/móvil.jpg"}
    assert set(audit.unreadable["image"]) == set(images.set_aside["image"]) == expected
    assert all(reason.endswith((".", ")")) for reason in audit.unreadable["reason"])
    assert len(images.table) + len(images.set_aside) == len(audit.images)


def test_the_summary_tells_each_kind_once_in_words(troubled):
    audit = troubled[2]
    summary = audit.summary

    assert len(summary) == audit.findings["kind"].nunique()
    assert summary["how often"].sum() == len(audit.findings)
    assert "600×40" in summary.to_string(max_colwidth=None)


def test_a_clean_folder_is_clean(tmp_path):
    audit = audit_of(photos(*((f"{n}={n}", "ab"[n % 2]) for n in range(40))), tmp_path)

    assert audit.summary.empty
    assert list(audit.summary.columns) == ["what was found", "how often", "the first", "what it means"]


def test_a_copy_across_given_parts_is_a_leak_exact_or_not(tmp_path):
    class Brighter(Photos):
        def read(self, row: int) -> Decoded:
            pixels = super().read(row).pixels
            light = "light" in self.table["image"].iat[row]
            return Decoded(np.clip(pixels * 1.05, 0, 255).astype(np.uint8) if light else pixels)

    rows = [(f"train/{label}={n + 100 * (label == 'b')}", label, "train") for label in "ab" for n in range(9)]
    rows += [(f"test/{label}={n + 100 * (label == 'b')}", label, "test") for label in "ab" for n in range(20, 23)]
    rows += [("train/copy=20", "a", "train"), ("train/light=120", "b", "train"), ("train/wrong=21", "b", "train")]
    audit = audit_of(Brighter("photos", photos(*rows).table, "0"), tmp_path)
    divided(tmp_path)
    images = load_images(tmp_path)

    told = {(kind, *sorted([image, other])) for kind, image, other, _ in audit.findings.to_numpy()}
    assert told == {
        ("leak", "test/a=20", "train/copy=20"),
        ("leak", "test/a=21", "train/wrong=21"),
        ("contradiction", "test/a=21", "train/wrong=21"),
        ("near_leak", "test/b=120", "train/light=120"),
    }
    assert sorted(images.set_aside["image"]) == ["train/copy=20", "train/light=120", "train/wrong=21"]
    assert len(images.table) == 24


def test_near_duplicates_are_looked_for_only_if_wanted(tmp_path):
    class Darker(Photos):
        def read(self, row: int) -> Decoded:
            image = self.table["image"].iat[row]
            return Decoded((super().read(row).pixels * (0.9 if "dark" in image else 1)).astype(np.uint8))

    rows = [(f"{label}={n}", "ab"[n % 2]) for label in ("x", "dark") for n in range(4)]
    source = Darker("photos", photos(*rows).table, "0")

    assert len(audit_of(source, tmp_path).pairs) == 4
    assert len(audit_of(source, tmp_path, near_duplicates=False).pairs) == 0


def test_classes_of_unequal_size_are_told_with_the_largest_and_the_smallest(tmp_path):
    rows = [(f"{n}={n}", "a" if n < 10 else "b") for n in range(15)]
    found = audit_of(photos(*rows), tmp_path).findings

    assert found[["kind", "detail"]].to_numpy().tolist() == [["imbalance", "a: 10; b: 5"]]


def test_a_class_of_which_no_image_can_be_read_is_told_and_the_others_go_on(tmp_path):
    records = [Record(name, "abc"[n % 3], "", "", "1") for n, name in enumerate(numbered(30))]
    records += [Record(f"broken/{n}.png", "lost", "", "", "1") for n in range(4)]
    audit = audit_of(Painted("x", image_table(records, "x"), "0"), tmp_path)

    assert ["unreadable_class", "", "", "lost: 4"] in audit.findings.to_numpy().tolist()
    assert audit.classes.loc["lost"].tolist() == [4, 0]
    assert audit.classes.loc["a"].tolist() == [10, 10]


def test_where_only_one_class_can_be_read_that_is_refused(tmp_path):
    records = [Record(name, "solo", "", "", "1") for name in numbered(5)]
    records += [Record(f"broken/{n}.png", "lost", "", "", "1") for n in range(5)]

    with pytest.raises(CnnprojError, match=r"only 'solo' has any.*'broken/0.png' is empty"):
        audited(Painted("x", image_table(records, "x"), "0"), tmp_path)


def test_a_class_too_small_to_be_divided_is_told_by_the_audit_already(tmp_path):
    rows = [(f"{n}={n}", "a") for n in range(4)] + [(f"x{n}={90 + n % 2}", "b") for n in range(4)]
    found = audit_of(photos(*rows), tmp_path).findings

    assert ["too_few", "", "", "b: 2"] in found.to_numpy().tolist()


def test_it_is_told_if_what_needs_care_falls_on_one_class(tmp_path):
    class Gray(Photos):
        def read(self, row: int) -> Decoded:
            pixels = super().read(row).pixels
            gray = self.table["image"].iat[row].startswith("gray")
            return Decoded(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if gray else pixels)

    rows = [(f"{'gray' if n < 6 and n % 2 else 'colour'}={n}", "ab"[n % 2]) for n in range(30)]
    summary = audit_of(Gray("photos", photos(*rows).table, "0"), tmp_path).summary

    assert "3 of these 3 are of the class 'b'" in summary["what it means"].iloc[0]


def test_one_colour_image_among_gray_ones_is_told(tmp_path):
    class Gray(Photos):
        def read(self, row: int) -> Decoded:
            pixels = super().read(row).pixels
            colored = self.table["image"].iat[row].startswith("colour")
            return Decoded(pixels if colored else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))

    rows = [(f"{'colour' if n == 3 else 'gray'}={n}", "ab"[n % 2]) for n in range(20)]
    found = audit_of(Gray("photos", photos(*rows).table, "0"), tmp_path).findings

    assert found[["kind", "image"]].to_numpy().tolist() == [["color_among_gray", "colour=3"]]


@pytest.mark.parametrize("language", languages())
def test_every_kind_has_its_words(language):
    entries = catalogue(language)

    for kind in KINDS:
        assert f"audit.kind.{kind}" in entries
        assert f"audit.advice.{kind}" in entries
