"""Colab, simulated: its modules, its folders, and a Drive that is a folder."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from cnnproj import words
from cnnproj.colab import beginning, drive


@pytest.fixture
def sessions_end(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is done at the end of a session is done at the end of the test; and what has changed is seen at once."""
    ends: list[Callable[[], None]] = []
    monkeypatch.setattr(drive.atexit, "register", ends.append)
    monkeypatch.setattr(drive, "SECONDS", 0.01)
    yield
    for end in ends:
        end()


@pytest.fixture
def drive_of_user(tmp_path: Path) -> Path:
    """What is on the user's Drive once it is mounted."""
    return tmp_path / "content" / "drive" / "MyDrive"


@pytest.fixture
def colab(tmp_path: Path, drive_of_user: Path, sessions_end: None, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A Colab session with an English notebook in its own empty folder; ``language`` may be changed."""
    session = SimpleNamespace(language="en", mounted=[], folder=tmp_path / "content")
    session.folder.mkdir()

    def mount(place: str) -> None:
        session.mounted.append(place)
        drive_of_user.mkdir(parents=True, exist_ok=True)

    def blocking_request(question: str, timeout_sec: int) -> dict[str, object]:
        return {"ipynb": {"metadata": {"cnnproj_language": session.language}}}

    google, package = ModuleType("google"), ModuleType("google.colab")
    asked, mounts = ModuleType("google.colab._message"), ModuleType("google.colab.drive")
    asked.blocking_request, mounts.mount = blocking_request, mount  # type: ignore[attr-defined]
    package.drive = mounts  # type: ignore[attr-defined]
    for module in (google, package, asked, mounts):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(beginning, "DRIVE", session.folder / "drive")
    monkeypatch.setattr(words, "_language", "en")
    monkeypatch.setattr(words, "_insisted", False)
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.chdir(session.folder)
    return session
