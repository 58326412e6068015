"""A project that outlives the machine it is worked on: its files are copied to a folder on Drive as they change.

Work is done on the machine's own disk and only copied: Drive is a slow file system without locks, on which journals
and memory-mapped pixels are not safe. Every file arrives whole or not at all, and the record of a run after the files
that it tells of, so that whatever was copied last is a state that a run goes on from.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from cnnproj.errors import CnnprojError
from cnnproj.files import write_text
from cnnproj.run import MANIFEST
from cnnproj.words import language, say, speaking

SECONDS = 15  # between two looks at what has changed
KNOWN = ".kept_on_drive"  # in the folder here: what of it is on Drive, each file with its time of change and size
# SQLite, which keeps the trials, has one beside a database while it changes it; were it there with another state of the
# database, that would be undone. Source: https://sqlite.org/lockingv3.html
_JOURNAL = "-journal"
_State = tuple[int, int]


class KeptOnDrive:
    """A project folder, and where its files are kept. Nothing is ever deleted there.

    Args:
        folder: of the project, on this machine.
        drive: where its files are kept.
    """

    def __init__(self, folder: Path, drive: Path) -> None:
        self.folder, self.drive = folder, drive
        self._copied: dict[str, _State] = {}
        if self.is_known_here():
            told = json.loads((folder / KNOWN).read_text(encoding="utf-8"))
            self._copied = {path: (changed, size) for path, (changed, size) in told.items()}
        self._trouble = ""
        self._one_at_a_time = threading.Lock()
        self._ended = threading.Event()

    def is_known_here(self) -> bool:
        """Whether this folder has been restored from Drive, or kept there, before."""
        return (self.folder / KNOWN).is_file()

    def has_changes(self) -> bool:
        """Whether anything here is not on Drive yet."""
        return any(self._copied.get(path) != _state(self.folder / path) for path in _files(self.folder))

    def restore(self) -> None:
        """Copy all that is on Drive into the folder, in place of what is there of it."""
        for path in _files(self.drive):
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.drive / path, target)
            self._copied[path] = _state(target)
        self._remember()

    def start(self, announce: Callable[[str], None]) -> None:
        """Copy what has changed now, every ``SECONDS`` from now on, and when the session ends.

        Called again for the same folder, it changes nothing.

        Args:
            announce: called with a sentence where Drive cannot be written to; it is tried again and again.
        """
        name = f"{self.folder} → {self.drive}"
        if any(thread.name == name for thread in threading.enumerate()):
            return
        spoken = language()

        def look() -> None:
            with speaking(spoken):
                self._look(announce)

        def keep_looking() -> None:
            while not self._ended.wait(SECONDS):
                look()

        look()
        threading.Thread(target=keep_looking, name=name, daemon=True).start()
        atexit.register(self.stop)

    def stop(self) -> None:
        """Copy what has changed a last time, and look no more."""
        self._ended.set()
        self._look(lambda _: None)

    def copy_changes(self) -> list[str]:
        """Copy the files that have changed since the last time; returns their paths.

        A file that changes while it is copied waits for the next time, and with it the records of runs.

        Raises:
            OSError: where Drive cannot be written to.
        """
        with self._one_at_a_time:
            self.drive.mkdir(exist_ok=True)  # not its parents: without them there is no Drive
            changed = [path for path in _files(self.folder) if self._copied.get(path) != _state(self.folder / path)]
            # What a record tells of was written before it: so it is read first, and written last.
            records = {path: (self.folder / path).read_bytes() for path in changed if _is_record(path)}
            states = {path: _state(self.folder / path) for path in records}
            others = [path for path in changed if path not in records]
            copied = [path for path in others if self._copy(path)]
            if copied == others:
                for path, content in records.items():
                    partial = self._partial(path)
                    partial.write_bytes(content)
                    self._arrived(path, partial, states[path])
                    copied.append(path)
            if copied:
                self._remember()
            return copied

    def _look(self, announce: Callable[[str], None]) -> None:
        try:
            self.copy_changes()
            self._trouble = ""
        except (OSError, CnnprojError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            if reason != self._trouble:
                announce(say("colab.cannot_keep", drive=self.drive, reason=reason))
            self._trouble = reason

    def _copy(self, path: str) -> bool:
        """Whether the file was copied: it may be gone by now, or change under our hands."""
        source, partial = self.folder / path, self._partial(path)
        before = _state(source)
        if not source.is_file() or _is_being_written(source):
            return False
        shutil.copyfile(source, partial)
        if before != _state(source) or _is_being_written(source):
            return False
        self._arrived(path, partial, before)
        return True

    def _partial(self, path: str) -> Path:
        """Where a file stands on Drive until it is whole."""
        target = self.drive / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target.with_name(f".{target.name}.part")

    def _arrived(self, path: str, partial: Path, state: _State) -> None:
        partial.replace(self.drive / path)
        self._copied[path] = state

    def _remember(self) -> None:
        write_text(self.folder / KNOWN, json.dumps(self._copied))


def _files(folder: Path) -> Iterator[str]:
    """The files below ``folder``, hidden ones and journals aside."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        for name in sorted(names):
            if not name.startswith(".") and not name.endswith(_JOURNAL):
                yield (Path(place) / name).relative_to(folder).as_posix()


def _is_being_written(path: Path) -> bool:
    """Whether ``path`` is a database that is being changed: on disk it is half one state and half the next."""
    return path.with_name(path.name + _JOURNAL).exists()


def _is_record(path: str) -> bool:
    return path.endswith(f"/{MANIFEST}")


def _state(path: Path) -> _State:
    """Time of change and size; of a file that is gone, those of none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, -1)
    return (found.st_mtime_ns, found.st_size)
