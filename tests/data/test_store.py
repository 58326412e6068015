"""The image store is built once, goes on where it stopped, and is the same whatever happened on the way."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnproj import words
from cnnproj.data import store
from cnnproj.data.decoding import Decoded
from cnnproj.data.store import FINGERPRINTS, PIXELS, RECORDS, Stored, build_store
from cnnproj.errors import CnnprojError

from .painted import Painted, numbered, painted

FILES = (PIXELS, FINGERPRINTS, RECORDS)


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_language", "en")


def built(source: Painted, folder: Path, **changes: object) -> Stored:
    arguments = {"size": (8, 12), "resize": "stretch", "color": "auto", "threads": 2}
    return build_store(source, folder / "store", **{**arguments, **changes})


def assert_same_files(one: Path, other: Path) -> None:
    for name in FILES:
        assert (one / "store" / name).read_bytes() == (other / "store" / name).read_bytes(), name


class Counted(Painted):
    """Remembers which images were read; those of ``stops`` raise it."""

    def __init__(self, names: list[str], stops: dict[str, BaseException] | None = None) -> None:
        plain = painted(names)
        super().__init__(plain.name, plain.table, plain.fingerprint)
        object.__setattr__(self, "seen", [])
        object.__setattr__(self, "stops", stops or {})

    def read(self, row: int) -> Decoded:
        name = self.table["image"].iat[row]
        self.seen.append(name)
        if name in self.stops:
            raise self.stops[name]
        return super().read(row)


NAMES = [*numbered(30), *numbered(3, "broken"), *numbered(5, "rgb")]


@pytest.mark.parametrize("kind", ["gray", "rgb"])
def test_the_number_of_threads_changes_not_a_byte(tmp_path, kind):
    source = painted([*numbered(30, kind), *numbered(2, "broken")])
    for threads in (1, 5):
        built(source, tmp_path / f"{threads}", threads=threads)

    assert_same_files(tmp_path / "1", tmp_path / "5")


def test_the_second_time_nothing_is_read(tmp_path):
    built(painted(NAMES), tmp_path)
    again = Counted(NAMES)

    found = built(again, tmp_path)

    assert again.seen == []
    assert len(found.pixels) == 35


@pytest.mark.parametrize("chunk", [4, 256])
@pytest.mark.parametrize("stop", ["gray/000.png", "gray/017.png", "rgb/004.png"])
def test_an_interrupted_build_goes_on_and_ends_in_the_same_bytes(tmp_path, monkeypatch, stop, chunk):
    monkeypatch.setattr(store, "_CHUNK_IMAGES", chunk)
    monkeypatch.setattr(store, "_FIRST", chunk)
    stopped, resumed = Counted(NAMES, {stop: KeyboardInterrupt()}), Counted(NAMES)

    with pytest.raises(KeyboardInterrupt):
        built(stopped, tmp_path / "a")
    assert not (tmp_path / "a" / "store").exists()
    built(resumed, tmp_path / "a")
    built(painted(NAMES), tmp_path / "b")

    order = sorted(NAMES)
    assert resumed.seen[0] == order[order.index(stop) // chunk * chunk]
    assert_same_files(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("lost", [1, 50, 1000])
def test_a_file_cut_short_by_a_kill_costs_only_what_was_lost(tmp_path, monkeypatch, name, lost):
    monkeypatch.setattr(store, "_CHUNK_IMAGES", 4)
    with pytest.raises(KeyboardInterrupt):
        built(Counted(NAMES, {"rgb/002.png": KeyboardInterrupt()}), tmp_path / "a")
    cut = tmp_path / "a" / ".store.part" / name
    cut.write_bytes(cut.read_bytes()[:-lost])

    resumed = Counted(NAMES)
    built(resumed, tmp_path / "a")
    built(painted(NAMES), tmp_path / "b")

    assert 0 < len(resumed.seen) < len(NAMES)
    assert_same_files(tmp_path / "a", tmp_path / "b")


def test_after_a_kill_the_store_goes_on(tmp_path):
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; from tests.data import test_store as t; from cnnproj.data import store\n"
        "store._CHUNK_IMAGES = 4; read = t.Painted.read\n"
        "t.Painted.read = lambda self, row: os._exit(9) if row == 22 else read(self, row)\n"
        "t.built(t.painted(t.NAMES), Path(sys.argv[2]))"
    )
    root = str(Path(__file__).parents[2])
    ended = subprocess.run([sys.executable, "-c", code, root, str(tmp_path / "a")], check=False)
    assert ended.returncode == 9
    assert not (tmp_path / "a" / "store").exists()

    resumed = Counted(NAMES)
    built(resumed, tmp_path / "a")
    built(painted(NAMES), tmp_path / "b")

    assert len(resumed.seen) == len(NAMES) - 20
    assert_same_files(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("color", ["auto", "gray", "rgb"])
def test_added_changed_and_removed_files_cost_only_themselves(tmp_path, color):
    built(painted([*numbered(20), "broken/1.png"]), tmp_path / "a", color=color)
    names = [*numbered(18), "added.png", "broken/1.png"]
    after, fresh = Counted(names), painted(names)
    for source in (after, fresh):
        source.table.loc[source.table["image"] == "gray/005.png", "stamp"] = "changed"

    built(after, tmp_path / "a", color=color)
    built(fresh, tmp_path / "b", color=color)

    assert sorted(after.seen) == ["added.png", "gray/005.png"]
    assert_same_files(tmp_path / "a", tmp_path / "b")


def test_a_colour_image_among_gray_ones_brings_colour_back_to_all(tmp_path):
    names = [*numbered(20), "rgb/1.png"]
    built(painted(numbered(20)), tmp_path / "a")

    assert built(painted(names), tmp_path / "a").pixels.shape[-1] == 3
    built(painted(names), tmp_path / "b")
    assert_same_files(tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("change", [{"size": (9, 12)}, {"resize": "crop"}, {"color": "rgb"}])
def test_other_settings_make_another_store(tmp_path, change):
    built(painted(NAMES), tmp_path / "a")
    again = Counted(NAMES)

    built(again, tmp_path / "a", **change)
    built(painted(NAMES), tmp_path / "b", **change)

    assert len(again.seen) == len(NAMES)
    assert_same_files(tmp_path / "a", tmp_path / "b")


def test_of_an_image_that_cannot_be_read_the_reason_is_kept_for_any_language(tmp_path):
    records = built(painted([*numbered(4), "broken/ñ.png"]), tmp_path).records
    bad = records[records["reason"] != ""].iloc[0]

    assert bad["row"] == -1
    assert bad["reason"] == "data.image_empty"
    assert json.loads(bad["gaps"]) == {"name": "broken/ñ.png"}


def test_the_disk_must_have_room_before_anything_is_read(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=1 << 20)
    monkeypatch.setattr(store.shutil, "disk_usage", lambda path: usage)
    source = Counted(NAMES)

    with pytest.raises(CnnprojError, match="needs 18 MiB for the images and the disk has 1 MiB free"):
        built(source, tmp_path, size=(400, 400))
    assert source.seen == []


def test_a_disk_that_fills_up_is_said_so_and_the_build_goes_on_later(tmp_path):
    """The limit on the size of a file stands for the full disk: both make a write fail."""
    code = (
        "import resource, signal, sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; from tests.data import test_store as t; from cnnproj.data import store\n"
        "from cnnproj.errors import CnnprojError\n"
        "store._CHUNK_IMAGES = 4; resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))\n"
        "try: t.built(t.painted(t.NAMES), Path(sys.argv[2]))\n"
        "except CnnprojError as error: print(error.sentence)"
    )
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", code, root, str(tmp_path / "a")]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    assert ended.stdout.split() == ["files.cannot_write"]
    assert not (tmp_path / "a" / "store").exists()

    resumed = Counted(NAMES)
    built(resumed, tmp_path / "a")
    built(painted(NAMES), tmp_path / "b")

    assert 0 < len(resumed.seen) < len(NAMES)
    assert_same_files(tmp_path / "a", tmp_path / "b")


def test_a_store_that_cannot_be_put_in_place_leaves_the_old_one(tmp_path, monkeypatch):
    before = built(painted(numbered(6)), tmp_path).records["image"].tolist()
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if self.name.endswith(".part"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(CnnprojError, match="could not be written: Input/output error"):
        built(painted(numbered(8)), tmp_path)

    monkeypatch.undo()
    again = Counted(numbered(6))
    assert built(again, tmp_path).records["image"].tolist() == before
    assert again.seen == []


def test_what_is_wrong_with_more_than_one_image_stops_the_build(tmp_path):
    with pytest.raises(CnnprojError):
        built(Counted(numbered(4), {"gray/001.png": CnnprojError("data.unopened")}), tmp_path)
    with pytest.raises(CnnprojError, match="None of the images"):
        built(painted(numbered(4, "broken")), tmp_path)


def test_the_arrays_are_read_by_numpy_as_they_are(tmp_path):
    stored = built(painted(numbered(7)), tmp_path)

    for name, array in ((PIXELS, stored.pixels), (FINGERPRINTS, stored.fingerprints)):
        np.testing.assert_array_equal(np.load(tmp_path / "store" / name), array)
