"""The flow on real image sets that nobody here made; they stand beside the project, never in it."""

import shutil
from pathlib import Path

import pytest

from cnnproj.data.images import Images, load_images
from cnnproj.data.sources import open_source
from cnnproj.run import Run
from cnnproj.template import make_project

from .conftest import cnnproj

pytestmark = pytest.mark.shared_data


def smoke_project(folder: Path, source: str, size: int, extra: str = "") -> Path:
    made = make_project(folder)
    (made / "project.toml").write_text(
        f'[project]\nname = "real"\nbudget = "smoke"\n[data]\nsource = "{source}"\nsize = [{size}, {size}]\n{extra}\n'
    )
    return made


def straddling(images: Images) -> int:
    """How many pairs of near duplicates stand in two parts."""
    part = dict(zip(images.table["content"], images.table["split"], strict=True))
    pairs = images.audit.pairs
    used = pairs[pairs["a"].isin(part) & pairs["b"].isin(part)]
    return int((used["a"].map(part) != used["b"].map(part)).sum())


def test_the_sign_digits_are_read_as_they_come(shared_data):
    source = open_source(str(shared_data / "sign_digits.zip"), Path(), seed=0)
    assert len(source.table) == 2062
    assert source.classes == tuple("0123456789")
    photo = int(source.table.index[source.table["image"] == "sign_digits/7/IMG_5874.JPG"][0])
    upright = source.read(photo).pixels
    assert upright.shape == (3024, 3024, 3)
    # The hand comes from below; as stored, it comes from the right. The paper is lighter than skin.
    assert upright[-100:, 1500:2500].mean() < upright[1000:2000, -100:].mean()


def test_the_sign_digits_run_through_as_they_are(shared_data, tmp_path):
    folder = smoke_project(tmp_path / "signs", (shared_data / "sign_digits.zip").as_posix(), 32)
    ran = cnnproj("run", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    images = load_images(folder / "reports" / "real" / "data")
    assert len(images.table) == 2062
    assert images.audit.findings["kind"].value_counts().to_dict() == {"turned": 3, "extreme_size": 3, "other_file": 1}
    assert len(images.audit.pairs) == 0, "hands before the same wall are not near duplicates"
    manifest = Run(folder / "reports" / "real").manifest
    assert set(manifest.scores) == {"mlp", "compact_cnn", "deep_cnn"}


def test_fashion_mnist_is_read_from_the_keras_cache_and_keeps_its_test_part(shared_data, tmp_path, monkeypatch):
    home = tmp_path / "keras"
    shutil.copytree(shared_data / "fashion-mnist", home / "datasets" / "fashion-mnist")
    monkeypatch.setenv("KERAS_HOME", str(home))
    folder = smoke_project(tmp_path / "fashion", "fashion_mnist", 28, "train_limit = 2000")
    ran = cnnproj("run", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    images = load_images(folder / "reports" / "real" / "data")
    assert images.counts.sum().to_dict() == {"train": 2000, "validation": 10579, "test": 10000}
    assert 1 < images.table.groupby("cluster").size().max() <= 6, "near duplicates do not chain"
    assert straddling(images) == 0
