"""What stands in a folder or a zip and gives no image is told; each image has a stamp that changes with its file."""

import os

from .made import THREE_PARTS, TWO_CLASSES, make_folder, make_zip, opened, told


class TestPassedOver:
    def test_a_tidy_set_has_nothing_passed_over(self, make):
        assert opened(make(*TWO_CLASSES)).passed_over == ()

    def test_what_is_no_image_is_told_by_path_with_its_kind(self, make):
        beside = ("LICENSE", "cat/notes.txt", "cat/1.jpg.exe", "dog/labels.CSV", "dog/1.HEIC", "dog/2.svg")
        assert told(opened(make(*TWO_CLASSES, *beside))) == {
            "LICENSE": "other_file",
            "cat/1.jpg.exe": "other_file",
            "cat/notes.txt": "other_file",
            "dog/1.HEIC": "other_format",
            "dog/2.svg": "other_format",
            "dog/labels.CSV": "other_file",
        }

    def test_it_is_sorted_by_path(self, make):
        paths = [entry.path for entry in opened(make(*TWO_CLASSES, "z", "a", "cat/m", ".b")).passed_over]
        assert paths == [".b", "a", "cat/m", "z"]

    def test_a_hidden_folder_is_told_once_and_not_looked_into(self, make):
        hidden = (".git/a/1.png", ".git/b.txt", "__MACOSX/cat/._1.png", "cat/.old/x/y.png")
        files = ("cat/Thumbs.db", "dog/desktop.ini", "dog/.DS_Store", "dog/._1.png")
        paths = [".git", "__MACOSX", "cat/.old", "cat/Thumbs.db", "dog/.DS_Store", "dog/._1.png", "dog/desktop.ini"]
        assert told(opened(make(*TWO_CLASSES, *hidden, *files))) == dict.fromkeys(paths, "hidden")

    def test_an_image_beside_the_class_folders_belongs_to_no_class(self, make):
        source = opened(make(*(f"set/{path}" for path in TWO_CLASSES), "cover.png", "set/preview.jpg"))
        assert told(source) == dict.fromkeys(["cover.png", "set/preview.jpg"], "outside_classes")

    def test_an_image_beside_the_parts_belongs_to_no_class(self, make):
        outside = ["cover.png", "extra/1.png", "extra/cat/1.png", "test/loose.png"]
        assert told(opened(make(*THREE_PARTS, *outside))) == dict.fromkeys(outside, "outside_classes")

    def test_a_folder_without_images_beside_one_with_images_is_no_class(self, make):
        source = opened(make(*TWO_CLASSES, "eel/notes.txt", "eel/deep/more.txt", "owl/1.heic", "cat/seen/.keep"))
        assert source.classes == ("cat", "dog")
        assert {path for path, kind in source.passed_over if kind == "no_images"} == {"eel", "owl"}

    def test_folders_without_images_around_and_within_the_classes_are_not_taken_for_classes(self, make):
        source = opened(make("set/cat/1.png", "set/dog/1.png", "set/dog/none/notes.txt"))
        assert told(source) == {"set/dog/none/notes.txt": "other_file"}

    def test_the_fingerprint_does_not_depend_on_it(self, tmp_path):
        before = opened(make_folder(tmp_path, *TWO_CLASSES)).fingerprint
        make_folder(tmp_path, "cover.png", "notes.txt", ".hidden/1.png", "eel/readme")
        assert opened(tmp_path).fingerprint == before


class TestStamp:
    def test_every_image_has_one(self, make):
        assert all(opened(make(*TWO_CLASSES)).table["stamp"])

    def test_it_changes_with_the_file_alone(self, tmp_path):
        first = opened(make_folder(tmp_path, *TWO_CLASSES)).table["stamp"]
        os.utime(tmp_path / "cat/2.png", ns=(0, 0))
        assert list(opened(tmp_path).table["stamp"] == first) == [True, False, True]

    def test_it_changes_with_the_content_of_a_member_of_a_zip_alone(self, tmp_path):
        first = opened(make_zip(tmp_path / "1.zip", *TWO_CLASSES)).table["stamp"]
        again = opened(make_zip(tmp_path / "2.zip", *TWO_CLASSES[:2], "preview.png", TWO_CLASSES[2])).table["stamp"]
        assert list(again == first) == [True, True, False]
