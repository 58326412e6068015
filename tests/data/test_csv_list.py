"""A CSV leads to one table of images, or to a sentence that names its line."""

import os

import pytest

from .made import make_csv, make_folder, opened, refused, rows


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
        assert [source.read(row).pixels[0, 0] for row in range(3)] == [0, 1, 2]

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
        assert [source.read(row).pixels.shape for row in range(2)] == [(4, 5), (4, 5)]

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

    def test_every_image_has_a_stamp_that_changes_with_its_file(self, tmp_path):
        first = opened(make_csv(tmp_path, "path,label\nb.png,cat\na.png,dog\n")).table["stamp"]
        os.utime(tmp_path / "a.png", ns=(0, 0))
        assert all(first)
        assert list(opened(tmp_path / "list.csv").table["stamp"] == first) == [False, True]

    def test_what_it_does_not_list_is_not_passed_over(self, tmp_path):
        assert opened(make_csv(tmp_path, "path,label\na.png,cat\nb.png,dog\n")).passed_over == ()
