"""What the tests of the flow share: a small segmentation project, run once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from cnnproj.project import Project
from cnnproj.segmentation.images import MaskedImages
from cnnproj.segmentation.sources import open_masked

from .made import scene, stored, write

SETTINGS = """
[project]
name = "cells"
task = "segmentation"
seed = 3
budget = "smoke"
discussion = "It <b>segments</b>."

[data]
source = "cells"
size = [32, 32]
ignore = 9

[segmentation]
classes = ["ground", "disc", "square"]

[augmentation]
horizontal_flip = true

[models.unet]
filters = 4
depth = 2
[models.segnet]
filters = 4
depth = 2
"""


@pytest.fixture(scope="session")
def cells(tmp_path_factory: pytest.TempPathFactory) -> MaskedImages:
    """Forty images of three classes, stored and dealt out."""
    folder = tmp_path_factory.mktemp("cells")
    write(folder / "cells", range(40))
    return stored(open_masked("cells", folder, seed=1), folder / "data")


@pytest.fixture(scope="session")
def make_cells(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes a project folder of segmentation, not yet run."""

    def make() -> Path:
        folder = tmp_path_factory.mktemp("project")
        (folder / "project.toml").write_text(SETTINGS)
        write(folder / "cells", range(30))
        for number in range(0, 30, 2):
            mask = scene(number)[1]
            mask[:3] = 9
            Image.fromarray(mask).save(folder / "cells" / "masks" / f"{number:03}.png")
        (folder / "cells" / "masks" / "029.png").unlink()
        return folder

    return make


@pytest.fixture(scope="session")
def finished_cells(make_cells: Callable[[], Path]) -> Path:
    """A segmentation project that has been run. Tests leave it as it is."""
    folder = make_cells()
    Project.open(folder).run(announce=lambda line: None)
    return folder
