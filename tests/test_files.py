"""A file of ours is the old one or the new one, never half of one, and nothing else is left behind."""

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cnnproj.errors import CnnprojError
from cnnproj.files import digest, digest_arrays, replacing, write_table, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_when_the_block_ends_well(tmp_path):
    path = tmp_path / "new" / "deeper" / "a.txt"

    for text in ("first", "second"):
        with replacing(path) as partial:
            partial.write_text(text)
            assert partial != path
        assert path.read_text() == text

    assert names(path.parent) == ["a.txt"]


def test_the_new_file_is_not_to_be_seen_before_it_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    with replacing(path) as partial:
        partial.write_text("half")
        assert not path.exists()


def test_the_part_keeps_the_suffix_that_writers_go_by(tmp_path):
    with replacing(tmp_path / "model.weights.h5") as partial:
        partial.touch()
        assert partial.name.endswith("model.weights.h5")
        assert partial.parent == tmp_path


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_stops_the_writing_leaves_the_old_file_alone(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def stop(partial: Path) -> None:
        partial.write_text("ha")
        raise error

    with pytest.raises(error), replacing(path) as partial:
        stop(partial)

    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_full_disk_is_told_in_a_sentence_and_the_old_file_stays(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    with pytest.raises(CnnprojError, match=r"a\.txt could not be written: No space left") as caught, replacing(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert caught.value.values["path"] == path
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("mine")

    with pytest.raises(CnnprojError, match="could not be written"):
        write_text(tmp_path / "file" / "a.txt", "text")

    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_in_the_place_of_the_file_is_told_and_kept(tmp_path):
    (tmp_path / "a.txt" / "inside").mkdir(parents=True)

    with pytest.raises(CnnprojError, match="could not be written"):
        write_text(tmp_path / "a.txt", "text")

    assert names(tmp_path) == ["a.txt"]
    assert names(tmp_path / "a.txt") == ["inside"]


def test_a_name_too_long_for_the_disk_is_told_in_a_sentence(tmp_path):
    with pytest.raises(CnnprojError, match="could not be written"):
        write_text(tmp_path / ("x" * 300), "text")


def test_a_kill_in_the_middle_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    code = (
        "import os, pathlib, sys; from cnnproj.files import replacing\n"
        "with replacing(pathlib.Path(sys.argv[1])) as partial: partial.write_text('half'); os._exit(9)"
    )

    ended = subprocess.run([sys.executable, "-c", code, str(path)], check=False)

    assert ended.returncode == 9
    assert path.read_text() == "old"


def test_text_is_the_same_bytes_on_every_system(tmp_path):
    write_text(tmp_path / "a.txt", "ä\r\n→\n")

    assert (tmp_path / "a.txt").read_bytes() == "ä\r\n→\n".encode()


def test_a_table_keeps_its_numbers_in_full(tmp_path):
    numbers = [0.1 + 0.2, 1e-300, 1 / 3]
    write_table(tmp_path / "a.csv", pd.DataFrame({"x": numbers, "n": [1, 2, 3]}))

    head, *rows = (tmp_path / "a.csv").read_text().splitlines()
    assert head == "x,n"
    assert [float(row.split(",")[0]) for row in rows] == numbers


def test_a_digest_is_the_sha_256_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")

    assert digest(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_arrays_have_the_same_digest_wherever_they_are_stored(tmp_path):
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.save(tmp_path / "a.npy", array)
    stored = np.load(tmp_path / "a.npy", mmap_mode="r")

    assert digest_arrays([array]) == digest_arrays([stored]) == digest_arrays([np.asfortranarray(array)])


def test_arrays_that_differ_in_anything_have_other_digests():
    array = np.arange(12, dtype=np.int32)
    others = [array.reshape(3, 4), array.astype(np.uint32), array[::-1], array[:-1]]

    assert len({digest_arrays([each]) for each in (array, *others)}) == 5
    assert digest_arrays([array[:6], array[6:]]) != digest_arrays([array])
