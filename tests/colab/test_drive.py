"""What is on Drive is always a state that a run goes on from: files whole, records last, nothing deleted."""

import errno
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from cnnproj.colab import drive
from cnnproj.colab.drive import KNOWN, KeptOnDrive


@pytest.fixture
def kept(tmp_path: Path) -> KeptOnDrive:
    folder = tmp_path / "here"
    (folder / "reports" / "mine").mkdir(parents=True)
    (folder / "project.toml").write_text("[project]")
    (folder / "reports" / "mine" / "run.json").write_text("{}")
    (folder / "reports" / "mine" / "weights.h5").write_bytes(b"weights")
    (tmp_path / "there").mkdir()
    return KeptOnDrive(folder, tmp_path / "there" / "mine")


def held(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_is_copied_the_records_last(kept):
    assert kept.copy_changes() == ["project.toml", "reports/mine/weights.h5", "reports/mine/run.json"]
    assert held(kept.drive) == {name: data for name, data in held(kept.folder).items() if name != KNOWN}


def test_only_what_has_changed_is_copied_again(kept):
    kept.copy_changes()
    (kept.folder / "project.toml").write_text("[project]  # changed")

    assert kept.copy_changes() == ["project.toml"]
    assert kept.copy_changes() == []
    assert not kept.has_changes()


def test_another_session_on_this_machine_knows_what_is_there(kept):
    kept.copy_changes()

    assert KeptOnDrive(kept.folder, kept.drive).copy_changes() == []


def test_what_another_machine_has_done_is_not_undone(kept):
    kept.copy_changes()
    (kept.drive / "reports" / "mine" / "run.json").write_text('{"of": "the other"}')

    kept.copy_changes()

    assert (kept.drive / "reports" / "mine" / "run.json").read_text() == '{"of": "the other"}'


def test_while_a_file_changes_the_record_waits(kept, monkeypatch):
    kept.copy_changes()
    weights = kept.folder / "reports" / "mine" / "weights.h5"
    weights.write_bytes(b"new weights")
    (kept.folder / "reports" / "mine" / "run.json").write_text('{"stage": "done"}')
    copyfile = drive.shutil.copyfile

    def changing(source: Path, target: Path) -> None:
        copyfile(source, target)
        if Path(source) == weights:
            weights.write_bytes(b"newer weights")

    with monkeypatch.context() as at_once:
        at_once.setattr(drive.shutil, "copyfile", changing)
        assert kept.copy_changes() == []
    assert (kept.drive / "reports" / "mine" / "weights.h5").read_bytes() == b"weights"
    assert (kept.drive / "reports" / "mine" / "run.json").read_text() == "{}"

    assert kept.copy_changes() == ["reports/mine/weights.h5", "reports/mine/run.json"]


def test_a_database_is_copied_between_two_changes_and_never_with_its_journal(kept):
    store = kept.folder / "reports" / "mine" / "trials.db"
    trials, again = sqlite3.connect(store), kept.drive / "reports" / "mine" / "trials.db"
    trials.execute("create table trials (number)")
    trials.commit()
    kept.copy_changes()
    trials.execute("insert into trials values (1)")
    assert store.with_name("trials.db-journal").is_file()

    store.touch()
    assert kept.copy_changes() == []
    trials.commit()
    trials.close()

    assert kept.copy_changes() == ["reports/mine/trials.db"]
    assert not again.with_name("trials.db-journal").exists()
    with closing(sqlite3.connect(again)) as copy:
        assert copy.execute("select number from trials").fetchall() == [(1,)]


def test_nothing_is_deleted_there(kept):
    kept.copy_changes()
    (kept.folder / "project.toml").unlink()

    kept.copy_changes()

    assert (kept.drive / "project.toml").read_text() == "[project]"


def test_what_comes_back_is_what_was_kept(kept, tmp_path):
    kept.copy_changes()
    again = KeptOnDrive(tmp_path / "elsewhere", kept.drive)

    again.restore()

    assert held(again.folder).keys() - {KNOWN} == held(kept.drive).keys()
    assert again.is_known_here()
    assert again.copy_changes() == []


def test_without_a_drive_nothing_is_written_in_its_place(kept, tmp_path):
    (tmp_path / "there").rmdir()

    with pytest.raises(OSError, match="there"):
        kept.copy_changes()

    assert not (tmp_path / "there").exists()


def test_a_full_drive_is_told_once_and_tried_again(kept, monkeypatch, sessions_end):
    copyfile, said = drive.shutil.copyfile, []

    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(drive.shutil, "copyfile", full)
    kept.start(said.append)
    time.sleep(0.1)
    assert len(said) == 1
    assert "No space left" in said[0]

    monkeypatch.setattr(drive.shutil, "copyfile", copyfile)
    for _ in range(500):
        if (kept.drive / "reports" / "mine" / "run.json").is_file():
            break
        time.sleep(0.01)
    assert (kept.drive / "reports" / "mine" / "run.json").is_file()
