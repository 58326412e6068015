"""Real microscopy images, where they stand beside the project."""

from pathlib import Path

import numpy as np
import pytest

from cnnproj.segmentation.images import load_masked_images
from cnnproj.segmentation.sources import open_masked

from .made import stored

pytestmark = pytest.mark.shared_data


def test_nuclei_are_found_with_their_masks_and_their_parts(shared_data: Path, tmp_path: Path):
    path = shared_data / "nuclei.zip"
    if not path.is_file():
        pytest.skip(f"there is no {path}")
    images = stored(open_masked(str(path), tmp_path, seed=7), tmp_path / "data", size=(64, 64))
    assert images.table["split"].value_counts().to_dict() == {"train": 112, "validation": 24, "test": 24}
    assert images.classes == ("background", "object")
    assert set(np.unique(images.masks)) == {0, 1}
    assert load_masked_images(tmp_path / "data").shape == (64, 64, 3)
