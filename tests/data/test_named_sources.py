"""The sources that have a name: digits, shapes, and what Keras downloads."""

import gzip
import importlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cnnproj.data.sources import NAMES
from cnnproj.data.sources.keras_datasets import KERAS_DATASETS
from cnnproj.data.sources.shapes import OUTLINES
from cnnproj.data.sources.source import natural_order

from .made import TWO_CLASSES, make_zip, opened, refused


class TestNames:
    def test_an_unknown_name_gets_the_names_and_the_nearest(self, tmp_path):
        error = refused("fashion_mist", tmp_path)
        assert "Did you mean 'fashion_mnist'?" in str(error)
        assert all(name in str(error) for name in NAMES)

    def test_a_misspelt_path_gets_the_nearest_beside_it(self, tmp_path):
        make_zip(tmp_path / "data-signs.zip", *TWO_CLASSES)
        assert f"Did you mean '{Path('./data-signs.zip')}'?" in str(refused("./data-sign.zip", tmp_path))

    @pytest.mark.parametrize("name", ["xyzzy", "~nobody-of-this-name/x", "no/such/place.zip", "a.zip/b"])
    def test_what_is_not_there_is_said_not_to_be(self, tmp_path, name):
        make_zip(tmp_path / "a.zip", *TWO_CLASSES)
        assert refused(name, tmp_path).sentence == "data.unknown_source"

    @pytest.mark.parametrize("name", ["set.rar", "set.tar.gz", "photo.png"])
    def test_a_file_of_another_kind_is_refused(self, tmp_path, name):
        (tmp_path / name).write_bytes(b"x")
        assert refused(name, tmp_path).sentence == "data.unknown_kind"

    def test_numbers_within_names_count_by_their_value(self):
        assert sorted(["b10", "10", "B2", "9", "a", "02"], key=natural_order) == ["02", "9", "10", "a", "B2", "b10"]

    def test_the_door_opens_without_heavy_libraries(self):
        code = (
            "import sys, cnnproj.data.sources as s; print({'tensorflow', 'keras', 'sklearn', 'cv2'} & {*sys.modules})"
        )
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


class TestDigits:
    def test_they_are_the_digits_of_scikit_learn(self):
        source = opened("digits")
        assert len(source.table) == 1797
        assert source.classes == tuple("0123456789")
        assert source.table["image"].iat[1] == "digits/0001"
        first = source.read(0).pixels
        assert (first.shape, first.dtype, first.max()) == ((8, 8), np.uint8, 239)  # 15 of 16
        assert source.fingerprint == opened("digits").fingerprint

    @pytest.mark.parametrize("name", ["digits", "shapes"])
    def test_images_without_files_are_stamped_with_the_fingerprint_and_have_no_notes(self, name):
        source = opened(name)
        assert set(source.table["stamp"]) == {source.fingerprint}
        assert (source.read(0).format, source.read(0).notes, source.passed_over) == ("", (), ())


class TestKerasDatasets:
    def test_each_has_a_name_for_every_class(self):
        numbers = {name: len(set(dataset.classes)) for name, dataset in KERAS_DATASETS.items()}
        assert numbers == {"mnist": 10, "fashion_mnist": 10, "cifar10": 10, "cifar100": 100}

    def test_the_keras_cache_is_read_and_its_test_part_kept(self, tmp_path):
        cache = tmp_path / "datasets" / "fashion-mnist"
        cache.mkdir(parents=True)
        for part, labels in {"train": [9, 0, 1], "t10k": [0, 9]}.items():
            pixels = np.repeat(np.uint8(labels), 28 * 28).tobytes()
            (cache / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(8) + bytes(labels)))
            (cache / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(16) + pixels))
        code = """if True:
            from pathlib import Path
            from cnnproj.data.sources import open_source
            source = open_source("fashion_mnist", Path(), seed=0)
            for row, (image, label, split, *_) in enumerate(source.table.itertuples(index=False)):
                pixels = source.read(row).pixels
                print(image, label, split, pixels.shape, pixels.max(), sep="; ")
        """
        # A process of its own, since Keras looks at KERAS_HOME once, when it is imported.
        environment = os.environ | {"KERAS_HOME": str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        assert done.stdout.splitlines() == [
            "fashion_mnist/test/00000; T-shirt/top; test; (28, 28); 0",
            "fashion_mnist/test/00001; Ankle boot; test; (28, 28); 9",
            "fashion_mnist/train/00000; Ankle boot; train; (28, 28); 9",
            "fashion_mnist/train/00001; T-shirt/top; train; (28, 28); 0",
            "fashion_mnist/train/00002; Trouser; train; (28, 28); 1",
        ], done.stderr

    @pytest.mark.parametrize("name", KERAS_DATASETS)
    def test_without_network_and_cache_it_says_where_to_put_which_file(self, name, tmp_path, monkeypatch):
        def load_data():
            raise Exception("URL fetch failure on https://…: None -- Network is unreachable")

        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
        monkeypatch.setattr(importlib.import_module(f"keras.datasets.{name}"), "load_data", load_data)
        error = refused(name)
        assert error.sentence == "data.keras_missing"
        assert "Network is unreachable" in str(error)
        for file, url in KERAS_DATASETS[name].files.items():
            assert f"{url}\n      as {tmp_path / 'datasets' / file}" in str(error)

    def test_a_damaged_cache_is_told_from_a_missing_one(self, tmp_path, monkeypatch):
        def load_data():
            raise EOFError

        (tmp_path / "datasets").mkdir()
        (tmp_path / "datasets" / "mnist.npz").write_bytes(b"PK")
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
        monkeypatch.setattr(importlib.import_module("keras.datasets.mnist"), "load_data", load_data)
        error = refused("mnist")
        assert error.sentence == "data.keras_damaged"
        assert "EOFError" in str(error)

    def test_colour_and_labels_in_a_column_are_read(self, monkeypatch):
        def load_data():
            images = np.arange(4 * 32 * 32 * 3, dtype=np.uint32).astype(np.uint8).reshape(4, 32, 32, 3)
            return (images[:3], np.array([[99], [0], [1]])), (images[3:], np.array([[0]]))

        monkeypatch.setattr(importlib.import_module("keras.datasets.cifar100"), "load_data", load_data)
        source = opened("cifar100")
        assert list(source.table["label"]) == ["apple", "worm", "apple", "aquarium_fish"]
        assert source.read(0).pixels.shape == (32, 32, 3)


@pytest.fixture(scope="module")
def shapes():
    return opened("shapes", seed=7)


class TestShapes:
    def test_there_are_as_many_of_each_class(self, shapes):
        assert shapes.classes == ("circle", "square", "star", "triangle")
        assert set(shapes.table["label"].value_counts()) == {300}

    def test_scenes_are_rgb_of_several_sizes(self, shapes):
        sizes = {shapes.read(row).pixels.shape for row in range(60)}
        assert all(min(size[:2]) >= 64 and max(size[:2]) <= 128 and size[2] == 3 for size in sizes)
        assert len(sizes) > 50
        assert shapes.read(0).pixels.dtype == np.uint8

    def test_a_row_is_the_same_whenever_it_is_drawn(self, shapes):
        again = opened("shapes", seed=7)
        assert again.fingerprint == shapes.fingerprint
        with ThreadPoolExecutor(4) as pool:
            backwards = [image.pixels for image in pool.map(again.read, range(19, -1, -1))]
        for row in range(20):
            np.testing.assert_array_equal(shapes.read(row).pixels, backwards[19 - row])

    def test_another_seed_draws_others(self, shapes):
        other = opened("shapes", seed=8)
        assert other.fingerprint != shapes.fingerprint
        assert list(other.table["label"]) != list(shapes.table["label"])
        assert not np.array_equal(other.read(0).pixels, shapes.read(0).pixels)

    def test_the_mask_covers_the_object_and_nothing_else(self, shapes):
        for row in range(40):
            image, mask = shapes.read(row).pixels, shapes.mask(row)
            assert mask.dtype == bool
            assert mask.shape == image.shape[:2]
            assert not np.any([mask[0], mask[-1]])
            assert not np.any([mask[:, 0], mask[:, -1]])
            # The object is told from what touches it by its lightness.
            grown = np.pad(mask, 4)
            around = np.any([np.roll(grown, (y, x), (0, 1)) for y in range(-4, 5) for x in range(-4, 5)], axis=0)
            near = around[4:-4, 4:-4] & ~mask
            gray = image @ [0.299, 0.587, 0.114]
            assert abs(np.median(gray[mask]) - np.median(gray[near])) > 20

    def test_the_area_of_the_object_does_not_give_the_class_away(self, shapes):
        labels = shapes.table["label"]
        share = {
            label: np.mean([shapes.mask(row).sum() / min(shapes.mask(row).shape) ** 2 for row in chosen[:80]])
            for label, chosen in labels.groupby(labels).groups.items()
        }
        assert set(share) == set(OUTLINES)
        assert max(share.values()) < 1.12 * min(share.values())
