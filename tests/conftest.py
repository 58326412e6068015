"""What many tests share: a small data set that is quickly learnt, and a project that has been run on it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

# The same examples every time, and no failure because a machine was busy.
settings.register_profile("cnnproj", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cnnproj")
os.environ["LC_ALL"] = "C.UTF-8"  # the sentences that tests expect are English, whoever runs them

SETTINGS = """
[project]
name = "tiny"
seed = 3
budget = "smoke"
title = "Three patterns"
discussion = "It <b>works</b>."

[[project.authors]]
name = "Ada Lovelace"
id = "1815"

[data]
source = "data/patterns"
size = [16, 16]

[augmentation]
width_shift_range = 0.1
"""


def pattern(kind: str, number: int) -> np.ndarray:
    """A gray 20×20 image of bars across, bars down, or a square; no two numbers are alike."""
    rng = np.random.default_rng([len(kind), number])
    image = rng.integers(0, 90, (20, 20))
    offset = number % 4
    if kind == "across":
        image[offset::4] += 150
    elif kind == "down":
        image[:, offset::4] += 150
    else:
        image[4 + offset : 13 + offset, 4:13] += 150
    return image.astype(np.uint8)


@pytest.fixture(scope="session", autouse=True)
def tensorflow() -> None:
    """TensorFlow with two threads for all tests: the number cannot be changed once it is used."""
    from cnnproj.runtime import start_tensorflow

    start_tensorflow(2)


@pytest.fixture(scope="session")
def pattern_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three class folders of 30 images each, and one file that is no image."""
    folder = tmp_path_factory.mktemp("images") / "patterns"
    for kind in ("across", "down", "square"):
        (folder / kind).mkdir(parents=True)
        for number in range(30):
            Image.fromarray(pattern(kind, number)).save(folder / kind / f"{number:02d}.png")
    (folder / "square" / "broken.jpg").write_text("<html>not found</html>")
    return folder


@pytest.fixture(scope="session")
def make_project(pattern_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes a new project folder on the patterns, with the notebooks, not yet run."""

    def make() -> Path:
        from cnnproj.template import make_project

        folder = make_project(tmp_path_factory.mktemp("project") / "tiny", "en")
        (folder / "project.toml").write_text(SETTINGS)
        (folder / "data" / "patterns").symlink_to(pattern_folder)
        return folder

    return make


def cnnproj(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "COLUMNS": "120"}
    command = [sys.executable, "-m", "cnnproj", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def finished(make_project: Callable[[], Path]) -> Path:
    """A project that ``cnnproj run`` has run with the smoke budget. Tests leave it as it is."""
    folder = make_project()
    ran = cnnproj("run", cwd=folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real image sets that stand beside the project on some machines."""
    folder = Path(os.environ.get("CNNPROJ_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the image sets are not in {folder}")
    return folder
