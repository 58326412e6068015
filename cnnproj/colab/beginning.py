"""What the first cell of a notebook calls once cnnproj is there: the runtime told, a project found or made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from cnnproj.colab.drive import KeptOnDrive
from cnnproj.errors import CnnprojError
from cnnproj.words import prefer_language, say

FOLDER = "my_project"  # in the folder that Colab begins in, and on the user's Drive
DRIVE = Path("/content/drive")  # where Colab mounts it
_SETTINGS = "project.toml"


def start(*, on_drive: bool = False, announce: Callable[[str], None] = print) -> Path | None:
    """Make this Colab session ready: say what it runs on, and go into the project's folder.

    The project is the one around the current folder, else the one kept on Drive, else a new one in the language of
    the notebook. Outside Colab, and in a notebook that cnnproj itself is executing, nothing is done.

    Args:
        on_drive: whether the project is kept on the user's Drive; changes are copied there while the session lasts.
        announce: called with each line of what is told.

    Returns:
        The project's folder, which is the current one now; ``None`` where nothing was done.

    Raises:
        CnnprojError: where there are two projects, here and on Drive, and nobody said which is meant.
    """
    if "google.colab" not in sys.modules:
        return None
    from cnnproj.notebooks import EXECUTING

    if EXECUTING in os.environ:
        return None
    prefer_language(_language_of_notebook())
    announce(_runtime())
    folder = _project_around(Path.cwd()) or Path.cwd() / FOLDER
    kept = KeptOnDrive(folder, _mounted() / folder.name) if on_drive else None
    if kept is not None:
        _bring(kept, announce)
    if not (folder / _SETTINGS).is_file():
        from cnnproj.template import make_project

        make_project(folder)
        announce(say("colab.made", folder=folder))
    if kept is None:
        announce(say("colab.not_kept", folder=folder))
    else:
        kept.start(announce)
        announce(say("colab.kept", folder=folder, drive=kept.drive))
    os.chdir(folder)
    return folder


def _bring(kept: KeptOnDrive, announce: Callable[[str], None]) -> None:
    """Have the project here that is on Drive, if there is one; what is newer here stays."""
    if not (kept.drive / _SETTINGS).is_file() or (kept.is_known_here() and kept.has_changes()):
        return
    if (kept.folder / _SETTINGS).is_file() and not kept.is_known_here():
        raise CnnprojError("colab.two_projects", folder=kept.folder, drive=kept.drive)
    kept.restore()
    announce(say("colab.restored", folder=kept.folder, drive=kept.drive))


def _project_around(start: Path) -> Path | None:
    return next((folder for folder in (start, *start.parents) if (folder / _SETTINGS).is_file()), None)


def _mounted() -> Path:
    """The user's Drive, for which Colab may ask their leave."""
    import_module("google.colab.drive").mount(str(DRIVE))
    return DRIVE / "MyDrive"


def _runtime() -> str:
    versions = {"python": python_version(), "tensorflow": version("tensorflow"), "keras": version("keras")}
    gpu = _gpu()
    return say("colab.gpu", gpu=gpu, **versions) if gpu else say("colab.no_gpu", **versions)


def _gpu() -> str:
    """The name of the graphics card, without starting TensorFlow; empty where there is none."""
    asks = shutil.which("nvidia-smi")
    if asks is None:
        return ""
    command = [asks, "--query-gpu=name", "--format=csv,noheader"]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)
    return "" if answer.returncode else ", ".join(answer.stdout.split("\n")).strip(", ")


def _language_of_notebook() -> str | None:
    """What the notebook's metadata say; none where Colab does not tell, so that the system's language holds."""
    try:
        ask = import_module("google.colab._message").blocking_request
    except (ImportError, AttributeError):  # it is not part of what Colab promises
        return None
    answer = ask("get_ipynb", timeout_sec=10) or {}
    code = answer.get("ipynb", {}).get("metadata", {}).get("cnnproj_language")
    return code if isinstance(code, str) else None
