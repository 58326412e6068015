"""What holds for a folder holds for a zip."""

import pytest

from .made import make_folder, make_zip


@pytest.fixture(params=["folder", "zip"])
def make(request, tmp_path):
    """Makes a folder or a zip of images: what holds for one holds for the other."""
    if request.param == "folder":
        return lambda *paths: make_folder(tmp_path / "set", *paths)
    return lambda *paths: make_zip(tmp_path / "set.zip", *paths)
