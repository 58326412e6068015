"""Class folders, in a folder or a zip, lead to one table of images, or to a sentence that says what is wrong."""

import os
import stat
import unicodedata
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cnnproj.data.sources import archive, tree
from cnnproj.data.sources.archive import Zip
from cnnproj.errors import UnreadableImage

from .made import THREE_PARTS, TWO_CLASSES, image_bytes, make_folder, make_zip, opened, refused, rows, told


def without_the_flag(data: bytes) -> bytes:
    """A zip of which no member says that its name is UTF-8."""
    changed = bytearray(data)
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = changed.find(signature)
        while start >= 0:
            changed[start + place + 1] &= ~0x08
            start = changed.find(signature, start + 4)
    return bytes(changed)


class TestClassFolders:
    def test_the_folder_of_an_image_is_its_label(self, make):
        source = opened(make(*TWO_CLASSES))
        assert rows(source) == [("cat/1.png", "cat", ""), ("cat/2.png", "cat", ""), ("dog/1.png", "dog", "")]
        assert source.name == "set"
        assert source.classes == ("cat", "dog")
        assert list(source.table.columns) == ["image", "label", "given_split", "group", "stamp"]
        assert list(source.table.index) == [0, 1, 2]
        assert set(source.table["group"]) == {""}

    def test_a_row_reads_its_own_image(self, make):
        source = opened(make("b/1.png", "a/2.png", "a/1.png"))
        assert [source.read(row).pixels[0, 0] for row in range(3)] == [2, 1, 0]
        assert source.read(0).pixels.shape == (4, 5)
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
        (inside / "dog/gone.png").symlink_to(inside / "no-such.png")
        (inside / "dog/round.png").symlink_to(inside / "dog/round.png")
        (inside / "dog/notes.txt").symlink_to(inside / "LICENSE")
        (inside / "LICENSE").touch()
        source = opened(inside)
        assert [row[0] for row in rows(source)] == ["cat/1.png", "cat/2.png", "dog/1.png", "dog/same.png"]
        links = ["cat/out.png", "cow", "dog/gone.png", "dog/loop", "dog/round.png"]
        assert told(source) == {
            **dict.fromkeys(links, "link"),
            **dict.fromkeys(["LICENSE", "dog/notes.txt"], "other_file"),
        }

    def test_names_in_any_script_and_of_any_bytes_are_read_and_told(self, tmp_path):
        odd = os.fsdecode(b"caf\xe9")
        names = ["猫/写真 1.png", "кошка/ a .png", "кошка/ñ.txt"]
        try:
            make_folder(tmp_path, *names, f"猫/{odd}.png", f"{odd}/{odd}.txt")
        except OSError:
            pytest.skip("this file system takes no such name")
        source = opened(tmp_path)
        assert [row[0] for row in rows(source)] == sorted(["кошка/ a .png", f"猫/{odd}.png", "猫/写真 1.png"])
        assert told(source) == {odd: "no_images", f"{odd}/{odd}.txt": "other_file", "кошка/ñ.txt": "other_file"}
        assert all(source.read(row).pixels.shape == (4, 5) for row in range(3))

    def test_a_pipe_that_is_called_as_an_image_is_none(self, tmp_path):
        if not hasattr(os, "mkfifo"):
            pytest.skip("there are no pipes in folders here")
        make_folder(tmp_path, *TWO_CLASSES)
        os.mkfifo(tmp_path / "cat/pipe.png")
        assert told(opened(tmp_path)) == {"cat/pipe.png": "other_file"}

    def test_an_image_that_has_gone_is_unreadable_and_no_crash(self, tmp_path):
        source = opened(make_folder(tmp_path, *TWO_CLASSES))
        (tmp_path / "cat/2.png").unlink()
        with pytest.raises(UnreadableImage, match=r"cat/2\.png"):
            source.read(1)
        assert source.read(0).pixels.shape == (4, 5)

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
        alone = [source.read(row).pixels for row in range(200)]
        with ThreadPoolExecutor(8) as pool:
            together = [image.pixels for image in pool.map(source.read, range(200))]
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
        assert opened(path).passed_over == ()

    def test_folders_that_are_listed_as_such_are_no_files(self, tmp_path):
        path = make_zip(tmp_path / "set.zip", *TWO_CLASSES)
        with zipfile.ZipFile(path, "a") as file:
            for folder in ("./", "cat/", "eel/", "__MACOSX/", "ray|"):
                file.writestr(folder, b"")
        path.write_bytes(path.read_bytes().replace(b"|", b"\\"))
        assert told(opened(path)) == {"__MACOSX": "hidden", "eel": "no_images", "ray": "no_images"}

    @pytest.mark.parametrize(
        "member", ["../evil.png", "cat/../../evil.png", "/etc/evil.png", "C:/evil.png", "..|evil.png"]
    )
    def test_a_member_that_leads_out_is_refused(self, tmp_path, member):
        path = make_zip(tmp_path / "set.zip", *TWO_CLASSES, member)
        path.write_bytes(path.read_bytes().replace(b"|", b"\\"))
        error = refused(path)
        assert error.sentence == "data.zip_outside"
        assert "evil.png" in str(error)

    def test_names_in_utf_8_are_read_right_whether_or_not_the_zip_says_so(self, tmp_path):
        for says in (True, False):
            path = tmp_path / f"{says}.zip"
            members = []
            for name in ("梨/1.png", "Ñandú/é 2.png"):
                member = zipfile.ZipInfo(name)
                members.append(member)
            make_zip(path, *members)
            if not says:  # what Info-ZIP and Finder write: the same bytes without the flag
                path.write_bytes(without_the_flag(path.read_bytes()))
            assert opened(path).classes == ("Ñandú", "梨")
            assert opened(path).read(0).pixels.shape == (4, 5)

    def test_a_link_is_passed_over(self, tmp_path):
        link = zipfile.ZipInfo("cat/link.png")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        source = opened(make_zip(tmp_path / "set.zip", *TWO_CLASSES, link))
        assert [row[0] for row in rows(source)] == list(TWO_CLASSES)
        assert source.passed_over == (("cat/link.png", "link"),)

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
        assert source.read(1).pixels.shape == (4, 5)

    def test_a_header_that_lies_about_the_size_does_not_unpack_more(self, tmp_path):
        path = tmp_path / "set.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("cat/1.png", bytes(1 << 20))
        said = (100).to_bytes(4, "little")
        path.write_bytes(path.read_bytes().replace((1 << 20).to_bytes(4, "little"), said))
        with pytest.raises(UnreadableImage, match=r"cat/1\.png"):
            Zip(path).read("cat/1.png")
