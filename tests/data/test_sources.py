"""Whatever the user has leads to one table of images, or to a sentence that says what was expected and what came."""

import gzip
import importlib
import io
import os
import stat
import subprocess
import sys
import unicodedata
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnproj.data.sources import NAMES, archive, open_source, tree
from cnnproj.data.sources.archive import Zip
from cnnproj.data.sources.keras_datasets import KERAS_DATASETS
from cnnproj.data.sources.shapes import OUTLINES
from cnnproj.data.sources.source import natural_order
from cnnproj.errors import CnnprojError, UnreadableImage

SIGN_DIGITS = Path(__file__).parents[3] / "shared" / "data" / "sign_digits.zip"
TWO_CLASSES = ("cat/1.png", "cat/2.png", "dog/1.png")
THREE_PARTS = ("train/cat/1.png", "train/dog/1.png", "val/cat/2.png", "val/dog/2.png", "test/cat/3.png")


def image_bytes(value: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("L", (5, 4), value).save(file, "PNG")
    return file.getvalue()


def make_folder(root: Path, *paths: str) -> Path:
    for number, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(image_bytes(number))
    return root


def make_zip(path: Path, *members: str | zipfile.ZipInfo) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for number, member in enumerate(members):
            file.writestr(member, image_bytes(number))
    return path


def make_csv(folder: Path, text: str) -> Path:
    make_folder(folder, "a.png", "b.png", "more/c.png")
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8")
    return path


def opened(path: Path | str, folder: Path = Path(), seed: int = 0):
    return open_source(str(path), folder, seed=seed)


def refused(path: Path | str, folder: Path = Path()) -> CnnprojError:
    with pytest.raises(CnnprojError) as caught:
        opened(path, folder)
    assert str(caught.value)  # the sentence is in the catalogue and its gaps are filled
    return caught.value


def rows(source) -> list[tuple[str, str, str]]:
    return list(source.table[["image", "label", "given_split"]].itertuples(index=False, name=None))


@pytest.fixture(params=["folder", "zip"])
def make(request, tmp_path):
    """Makes a folder or a zip of images: what holds for one holds for the other."""
    if request.param == "folder":
        return lambda *paths: make_folder(tmp_path / "set", *paths)
    return lambda *paths: make_zip(tmp_path / "set.zip", *paths)


class TestClassFolders:
    def test_the_folder_of_an_image_is_its_label(self, make):
        source = opened(make(*TWO_CLASSES))
        assert rows(source) == [("cat/1.png", "cat", ""), ("cat/2.png", "cat", ""), ("dog/1.png", "dog", "")]
        assert source.name == "set"
        assert source.classes == ("cat", "dog")
        assert list(source.table.columns) == ["image", "label", "given_split", "group"]
        assert list(source.table.index) == [0, 1, 2]
        assert set(source.table["group"]) == {""}

    def test_a_row_reads_its_own_image(self, make):
        source = opened(make("b/1.png", "a/2.png", "a/1.png"))
        assert [source.read(row)[0, 0] for row in range(3)] == [2, 1, 0]
        assert source.read(0).shape == (4, 5)
        assert source.mask(0) is None

    def test_given_parts_are_kept(self, make):
        assert rows(opened(make(*THREE_PARTS))) == [
            ("test/cat/3.png", "cat", "test"),
            ("train/cat/1.png", "cat", "train"),
            ("train/dog/1.png", "dog", "train"),
            ("val/cat/2.png", "cat", "validation"),
            ("val/dog/2.png", "dog", "validation"),
        ]

    @pytest.mark.parametrize(
        ("word", "part"),
        [("Val", "validation"), ("VALID", "validation"), ("validation", "validation"), ("Testing", "test")],
    )
    def test_a_part_may_be_called_as_people_call_it(self, make, word, part):
        source = opened(make("Training/cat/1.png", "Training/dog/1.png", f"{word}/cat/2.png"))
        assert set(source.table["given_split"]) == {"train", part}

    def test_a_class_of_trains_is_a_class(self, make):
        assert opened(make("train/1.png", "bus/1.png")).classes == ("bus", "train")

    @pytest.mark.parametrize("paths", [TWO_CLASSES, THREE_PARTS])
    @pytest.mark.parametrize("wrapping", ["set", "set-main/data"])
    def test_folders_wrapped_around_do_not_matter(self, make, paths, wrapping):
        wrapped = (f"{wrapping}/{path}" for path in paths)
        source = opened(make(*wrapped, f"{wrapping}/LICENSE", "README.md"))
        assert source.classes == ("cat", "dog")
        assert ("test" in set(source.table["given_split"])) == (paths == THREE_PARTS)

    def test_files_beside_class_folders_and_hidden_ones_are_passed_over(self, make):
        beside = ("LICENSE", "preview.png", "cat/notes.txt", "cat/Thumbs.db", "cat/.DS_Store", "cat/._1.png")
        hidden = ("__MACOSX/cat/1.png", ".ipynb_checkpoints/1.png", "dog/.old/1.png")
        assert len(opened(make(*TWO_CLASSES, *beside, *hidden)).table) == 3

    def test_extensions_count_in_any_case(self, make):
        assert len(opened(make("a/1.JPG", "a/2.Jpeg", "b/1.TIF", "b/2.webp", "b/3.svg")).table) == 4

    def test_a_class_folder_may_have_folders_within(self, make):
        assert rows(opened(make("a/anna/1.png", "a/2.png", "b/1.png")))[1] == ("a/anna/1.png", "a", "")

    def test_numbers_are_classes_in_their_own_order(self, make):
        assert opened(make(*(f"{number}/x.png" for number in (10, 2, 1)))).classes == ("1", "2", "10")

    def test_the_same_letters_written_by_another_system_are_the_same_label(self, make):
        apart = unicodedata.normalize("NFD", "ñ")
        source = opened(make("train/ñ/1.png", "train/n/1.png", f"test/{apart}/2.png"))
        assert source.classes == ("n", "ñ")

    @pytest.mark.parametrize(
        ("paths", "key", "word"),
        [
            (("cat/notes.txt",), "data.no_images", "a folder for each class"),
            (("1.png", "2.png"), "data.no_class_folders", "2 images"),
            (("1.png",), "data.no_class_folders", "1 image "),
            (("cat/1.png", "cat/2.png"), "data.one_class", "'cat'"),
            (("Dataset/0/1.png", "Dataset/1/1.png", "Examples/e.png"), "data.mixed_folders", "'Examples'"),
            (("train/a/1.png", "train/b/1.png", "test/c/1.png"), "data.class_without_training", "'c'"),
            (("test/a/1.png", "val/b/1.png"), "data.class_without_training", "training part"),
        ],
    )
    def test_what_is_no_image_set_is_refused_with_what_was_expected(self, make, paths, key, word):
        error = refused(make(*paths))
        assert error.sentence == key
        assert word in str(error)


class TestFolder:
    def test_the_order_of_the_listing_does_not_matter(self, tmp_path, monkeypatch):
        make_folder(tmp_path, *TWO_CLASSES, "dog/2.png", "dog/10.png")
        once = opened(tmp_path)
        listing = os.scandir
        monkeypatch.setattr(tree.os, "scandir", lambda folder: reversed(list(listing(folder))))
        again = opened(tmp_path)
        assert once.table.equals(again.table)
        assert once.fingerprint == again.fingerprint

    def test_a_path_starts_from_the_project_or_from_home(self, tmp_path, monkeypatch):
        make_folder(tmp_path / "data", *TWO_CLASSES)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        sources = [opened("data", tmp_path), opened("~/data", tmp_path / "x"), opened(tmp_path / "data")]
        assert len({source.fingerprint for source in sources}) == 1

    def test_the_fingerprint_changes_with_the_content(self, tmp_path):
        make_folder(tmp_path, *TWO_CLASSES)
        seen = {opened(tmp_path).fingerprint}
        os.utime(tmp_path / "cat/1.png", ns=(0, 0))
        seen.add(opened(tmp_path).fingerprint)
        make_folder(tmp_path, "dog/9.png")
        seen.add(opened(tmp_path).fingerprint)
        (tmp_path / "dog/9.png").rename(tmp_path / "cat/9.png")
        seen.add(opened(tmp_path).fingerprint)
        assert len(seen) == 4

    def test_links_that_lead_out_are_not_followed(self, tmp_path):
        outside = make_folder(tmp_path / "outside", "1.png")
        inside = make_folder(tmp_path / "set", *TWO_CLASSES)
        try:
            (inside / "cat/out.png").symlink_to(outside / "1.png")
        except OSError:
            pytest.skip("links cannot be made here")
        (inside / "cow").symlink_to(outside, target_is_directory=True)
        (inside / "dog/loop").symlink_to(inside, target_is_directory=True)
        (inside / "dog/same.png").symlink_to(inside / "dog/1.png")
        assert [row[0] for row in rows(opened(inside))] == ["cat/1.png", "cat/2.png", "dog/1.png", "dog/same.png"]

    def test_an_image_that_has_gone_is_unreadable_and_no_crash(self, tmp_path):
        source = opened(make_folder(tmp_path, *TWO_CLASSES))
        (tmp_path / "cat/2.png").unlink()
        with pytest.raises(UnreadableImage, match=r"cat/2\.png"):
            source.read(1)
        assert source.read(0).shape == (4, 5)

    def test_an_image_one_may_not_open_is_unreadable(self, tmp_path):
        source = opened(make_folder(tmp_path, *TWO_CLASSES))
        (tmp_path / "cat/1.png").chmod(0)
        if os.access(tmp_path / "cat/1.png", os.R_OK):
            pytest.skip("this user may open every file")
        with pytest.raises(UnreadableImage, match="cannot be opened"):
            source.read(0)

    def test_a_huge_file_is_not_read_into_memory(self, tmp_path, monkeypatch):
        monkeypatch.setattr(tree, "MAX_FILE_BYTES", 10)
        with pytest.raises(UnreadableImage, match="1 GiB"):
            opened(make_folder(tmp_path, *TWO_CLASSES)).read(0)


class TestZip:
    def test_many_threads_read_the_same_as_one(self, tmp_path):
        source = opened(make_zip(tmp_path / "set.zip", *(f"{i % 2}/{i:03}.png" for i in range(200))))
        alone = [source.read(row) for row in range(200)]
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(source.read, range(200)))
        np.testing.assert_array_equal(alone, together)

    def test_nothing_is_unpacked(self, tmp_path):
        opened(make_zip(tmp_path / "set.zip", *TWO_CLASSES)).read(0)
        assert [path.name for path in tmp_path.iterdir()] == ["set.zip"]

    def test_the_fingerprint_is_that_of_the_content_and_not_of_the_file(self, tmp_path):
        first = make_zip(tmp_path / "first.zip", *TWO_CLASSES)
        copy = tmp_path / "copy.zip"
        copy.write_bytes(first.read_bytes())
        other = make_zip(tmp_path / "other.zip", *TWO_CLASSES[::-1])  # the same names, other pixels
        assert opened(first).fingerprint == opened(copy).fingerprint != opened(other).fingerprint

    def test_backslashes_of_windows_programs_part_folders(self, tmp_path):
        path = make_zip(tmp_path / "set.zip", *(name.replace("/", "|") for name in TWO_CLASSES))
        path.write_bytes(path.read_bytes().replace(b"|", b"\\"))
        assert opened(path).classes == ("cat", "dog")

    @pytest.mark.parametrize(
        "member", ["../evil.png", "cat/../../evil.png", "/etc/evil.png", "C:/evil.png", "..|evil.png"]
    )
    def test_a_member_that_leads_out_is_refused(self, tmp_path, member):
        path = make_zip(tmp_path / "set.zip", *TWO_CLASSES, member)
        path.write_bytes(path.read_bytes().replace(b"|", b"\\"))
        error = refused(path)
        assert error.sentence == "data.zip_outside"
        assert "evil.png" in str(error)

    def test_a_link_is_refused(self, tmp_path):
        link = zipfile.ZipInfo("cat/link.png")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        assert refused(make_zip(tmp_path / "set.zip", *TWO_CLASSES, link)).sentence == "data.zip_link"

    def test_a_password_is_refused(self, tmp_path):
        path = make_zip(tmp_path / "set.zip", *TWO_CLASSES)
        data = bytearray(path.read_bytes())
        data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag "encrypted" of the first member in the directory
        path.write_bytes(data)
        assert refused(path).sentence == "data.zip_encrypted"

    def test_a_member_that_unpacks_to_hundreds_of_times_its_size_is_refused(self, tmp_path):
        path = make_zip(tmp_path / "set.zip", *TWO_CLASSES)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
            file.writestr("cat/bomb.png", bytes(3 << 20))
        error = refused(path)
        assert error.sentence == "data.zip_ratio"
        assert "cat/bomb.png" in str(error)

    def test_too_many_members_are_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archive, "MAX_MEMBERS", 2)
        assert refused(make_zip(tmp_path / "set.zip", *TWO_CLASSES)).sentence == "data.zip_members"

    def test_too_much_to_unpack_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 100)
        assert refused(make_zip(tmp_path / "set.zip", *TWO_CLASSES)).sentence == "data.zip_unpacked"

    def test_an_unusual_compression_is_refused(self, tmp_path):
        path = tmp_path / "set.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as file:
            file.writestr("cat/1.png", image_bytes())
        assert refused(path).sentence == "data.zip_method"

    @pytest.mark.parametrize("content", [b"", b"Rar!\x1a\x07", image_bytes()])
    def test_what_is_no_zip_is_refused(self, tmp_path, content):
        path = tmp_path / "set.zip"
        path.write_bytes(content)
        assert refused(path).sentence == "data.zip_damaged"

    def test_half_a_zip_is_refused(self, tmp_path):
        path = make_zip(tmp_path / "set.zip", *TWO_CLASSES)
        path.write_bytes(path.read_bytes()[:-60])
        assert refused(path).sentence == "data.zip_damaged"

    def test_a_damaged_member_is_unreadable_and_the_others_are_read(self, tmp_path):
        path = make_zip(tmp_path / "set.zip", *TWO_CLASSES)
        data = bytearray(path.read_bytes())
        data[data.index(b"cat/1.png") + len(b"cat/1.png") + 20] ^= 0xFF  # within the compressed image
        path.write_bytes(data)
        source = opened(path)
        with pytest.raises(UnreadableImage, match=r"cat/1\.png"):
            source.read(0)
        assert source.read(1).shape == (4, 5)

    def test_a_header_that_lies_about_the_size_does_not_unpack_more(self, tmp_path):
        path = tmp_path / "set.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("cat/1.png", bytes(1 << 20))
        said = (100).to_bytes(4, "little")
        path.write_bytes(path.read_bytes().replace((1 << 20).to_bytes(4, "little"), said))
        with pytest.raises(UnreadableImage, match=r"cat/1\.png"):
            Zip(path).read("cat/1.png")

    @pytest.mark.shared_data
    @pytest.mark.skipif(not SIGN_DIGITS.exists(), reason="sign_digits.zip is not in ../shared/data")
    def test_the_sign_digits_are_read_as_they_come(self):
        source = opened(SIGN_DIGITS)
        assert len(source.table) == 2062
        assert source.classes == tuple("0123456789")
        photo = int(source.table.index[source.table["image"] == "sign_digits/7/IMG_5874.JPG"][0])
        upright = source.read(photo)
        assert upright.shape == (3024, 3024, 3)
        # The hand comes from below; as stored, it comes from the right. The paper is lighter than skin.
        assert upright[-100:, 1500:2500].mean() < upright[1000:2000, -100:].mean()


class TestCsv:
    def test_paths_labels_splits_and_groups(self, tmp_path):
        text = "path,label,split,group\nb.png,dog,Train,anna\na.png,cat,valid,\nmore/c.png,cat,training,ben\n"
        source = opened(make_csv(tmp_path, text))
        assert rows(source) == [
            ("a.png", "cat", "validation"),
            ("b.png", "dog", "train"),
            ("more/c.png", "cat", "train"),
        ]
        assert list(source.table["group"]) == ["", "anna", "ben"]
        assert [source.read(row)[0, 0] for row in range(3)] == [0, 1, 2]

    @pytest.mark.parametrize(
        "text",
        [
            "path,label\na.png,cat\nb.png,dog\n",
            "label,path,by\ncat,a.png,anna\ndog,b.png,ben",
            "\ufeffPath;Label\r\na.png;cat\r\n\r\n.\\b.png;dog\r\n",
            '"path"\t"label"\na.png\t cat\nb.png\tdog\n',
        ],
    )
    def test_it_is_read_as_programs_write_it(self, tmp_path, text):
        assert rows(opened(make_csv(tmp_path, text))) == [("a.png", "cat", ""), ("b.png", "dog", "")]

    def test_a_label_is_a_word_even_where_it_looks_like_a_number_or_nothing(self, tmp_path):
        source = opened(make_csv(tmp_path, "path,label\na.png,007\nb.png,NA\n"))
        assert source.classes == ("007", "NA")

    def test_paths_may_be_absolute(self, tmp_path):
        make_folder(tmp_path / "far", "x.png")
        source = opened(make_csv(tmp_path / "near", f"path,label\n{tmp_path / 'far' / 'x.png'},cat\na.png,dog\n"))
        assert [source.read(row).shape for row in range(2)] == [(4, 5), (4, 5)]

    @pytest.mark.parametrize(
        ("text", "key", "words"),
        [
            ("", "data.csv_column", "'path' is missing"),
            ("file,label\na.png,cat\n", "data.csv_column", "came: file, label"),
            ("path\na.png\n", "data.csv_column", "'label' is missing"),
            ("path,label\n", "data.csv_empty", "no images"),
            ("path,label\na.png,cat\nb.png,\n", "data.csv_cell", "line 3: the column 'label'"),
            ("path,label\na.png,cat\nb.png\n", "data.csv_cell", "line 3"),
            ("path,label\na.png,cat,black\n", "data.csv_cells", "line 2: expected 2 cells"),
            ("path,label\na.png,cat\nx.png,dog\n", "data.csv_missing_files", "line 3: there is no file 'x.png'"),
            ("path,label\nx.png,cat\ny.png,dog\n", "data.csv_missing_files", "2 of the listed files"),
            ("path,label\nmore,cat\nb.png,dog\n", "data.csv_missing_files", "'more'"),
            ("path,label,split\na.png,cat,tset\n", "data.csv_split", "line 2: 'split' is 'tset'"),
            ("path,label\na.png,cat\nb.png,dog\n./a.png,dog\n", "data.csv_twice", "already in line 2"),
            ('path,label\na.png,"cat\nb.png,dog\n', "data.csv_damaged", "line 3"),
            ('path,label,by\na.png,cat,"an\nna"\nx.png,dog,b\n', "data.csv_missing_files", "line 4"),
            ("path,label\na.png,cat\nb.png,cat\n", "data.one_class", "'cat'"),
            ("path,label,split\na.png,cat,\nb.png,dog,test\n", "data.class_without_training", "'dog'"),
        ],
    )
    def test_a_mistake_is_named_with_its_line(self, tmp_path, text, key, words):
        error = refused(make_csv(tmp_path, text))
        assert error.sentence == key
        assert words in str(error)
        assert "list.csv" in str(error)

    def test_another_encoding_is_named(self, tmp_path):
        path = make_csv(tmp_path, "")
        path.write_bytes("path,label\na.png,niño\n".encode("cp1252"))
        assert refused(path).sentence == "data.csv_encoding"

    def test_the_fingerprint_changes_with_the_csv_and_with_its_images(self, tmp_path):
        text = "path,label\na.png,cat\nb.png,dog\n"
        seen = {opened(make_csv(tmp_path, text)).fingerprint}
        os.utime(tmp_path / "a.png", ns=(0, 0))
        seen.add(opened(tmp_path / "list.csv").fingerprint)
        (tmp_path / "list.csv").write_text(text.replace("cat", "cow"), encoding="utf-8")
        seen.add(opened(tmp_path / "list.csv").fingerprint)
        assert len(seen) == 3


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
        first = source.read(0)
        assert (first.shape, first.dtype, first.max()) == ((8, 8), np.uint8, 239)  # 15 of 16
        assert source.fingerprint == opened("digits").fingerprint


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
            for row, (image, label, split, _) in enumerate(source.table.itertuples(index=False)):
                print(image, label, split, source.read(row).shape, source.read(row).max(), sep="; ")
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
        assert source.read(0).shape == (32, 32, 3)


@pytest.fixture(scope="module")
def shapes():
    return opened("shapes", seed=7)


class TestShapes:
    def test_there_are_as_many_of_each_class(self, shapes):
        assert shapes.classes == ("circle", "square", "star", "triangle")
        assert set(shapes.table["label"].value_counts()) == {300}

    def test_scenes_are_rgb_of_several_sizes(self, shapes):
        sizes = {shapes.read(row).shape for row in range(60)}
        assert all(min(size[:2]) >= 64 and max(size[:2]) <= 128 and size[2] == 3 for size in sizes)
        assert len(sizes) > 50
        assert shapes.read(0).dtype == np.uint8

    def test_a_row_is_the_same_whenever_it_is_drawn(self, shapes):
        again = opened("shapes", seed=7)
        assert again.fingerprint == shapes.fingerprint
        with ThreadPoolExecutor(4) as pool:
            backwards = list(pool.map(again.read, range(19, -1, -1)))
        for row in range(20):
            np.testing.assert_array_equal(shapes.read(row), backwards[19 - row])

    def test_another_seed_draws_others(self, shapes):
        other = opened("shapes", seed=8)
        assert other.fingerprint != shapes.fingerprint
        assert list(other.table["label"]) != list(shapes.table["label"])
        assert not np.array_equal(other.read(0), shapes.read(0))

    def test_the_mask_covers_the_object_and_nothing_else(self, shapes):
        for row in range(40):
            image, mask = shapes.read(row), shapes.mask(row)
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
