"""Whose a file is stands in its name, as Moodle and Canvas give it; the newest of each student counts."""

from pathlib import Path

import pytest

from cnnproj.errors import CnnprojError
from cnnproj.submission.grading.names import HandedIn, Student, find_submissions


def found(folder: Path, *names: str) -> list[HandedIn]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return find_submissions(folder)


@pytest.mark.parametrize(
    ("name", "student", "prefix"),
    [
        (
            "Ada Lovelace_123456_assignsubmission_file_x.zip",
            Student("moodle", "Ada Lovelace", "123456"),
            "Ada Lovelace_123456_assignsubmission_file_",
        ),
        (
            "Ada Lovelace_7_assignsubmission_file_/x.zip",
            Student("moodle", "Ada Lovelace", "7"),
            "Ada Lovelace_7_assignsubmission_file_",
        ),
        (
            "Team 3-Ada_7_assignsubmission_file/sub/x.ZIP",
            Student("moodle", "Team 3-Ada", "7"),
            "Team 3-Ada_7_assignsubmission_file_",
        ),
        (
            "Participant_7_assignsubmission_file_x.zip",
            Student("moodle", "Participant", "7"),
            "Participant_7_assignsubmission_file_",
        ),
        ("lovelaceada_12_67_x.zip", Student("canvas", "lovelaceada", "12"), "lovelaceada_12_67_"),
        ("lovelaceada_LATE_12_67_x.zip", Student("canvas", "lovelaceada", "12"), "lovelaceada_LATE_12_67_"),
        ("müllerjosé_12_67_my_1_2_x.zip", Student("canvas", "müllerjosé", "12"), "müllerjosé_12_67_"),
        ("anon_k3XYz_67_x.zip", Student("canvas", "anon_k3XYz"), "anon_k3XYz_67_"),
        ("LATE_anon_k3XYz_67_x.zip", Student("canvas", "anon_k3XYz"), "LATE_anon_k3XYz_67_"),
        ("Ada.zip", Student("other", "Ada"), "Ada_"),
        ("group/Ada.zip", Student("other", "group/Ada"), "group/Ada_"),
    ],
)
def test_the_name_of_a_file_says_whose_it_is(tmp_path, name, student, prefix):
    (one,) = found(tmp_path, name)

    assert (one.student, one.prefix, one.late) == (student, prefix, "LATE_" in name)


@pytest.mark.parametrize(
    ("names", "newest"),
    [
        (["A_1_assignsubmission_file_x.zip", "A_1_assignsubmission_file_x-1.zip"], "A_1_assignsubmission_file_x-1.zip"),
        ([f"A_1_assignsubmission_file_x-{n}.zip" for n in (2, 10, 9)], "A_1_assignsubmission_file_x-10.zip"),
        (["a_1_70_x.zip", "a_LATE_1_69_x-1.zip", "a_1_9_x-2.zip"], "a_1_70_x.zip"),
        (
            ["A_1_assignsubmission_file_/2026-11-20.zip", "A_1_assignsubmission_file_/2026-11-21.zip"],
            "2026-11-21.zip",
        ),
        (["A_1_assignsubmission_file_x.zip", "A_1_assignsubmission_file_x.pdf"], "A_1_assignsubmission_file_x.zip"),
    ],
)
def test_the_newest_of_a_students_files_counts_and_the_others_are_told(tmp_path, names, newest):
    (one,) = found(tmp_path, *names)

    assert one.path.name == newest
    assert len(one.older) == len(names) - 1
    assert one.path not in one.older


def test_two_students_of_one_name_are_two(tmp_path):
    assert len(found(tmp_path, "A_1_assignsubmission_file_x.zip", "A_2_assignsubmission_file_x.zip")) == 2


def test_without_numbers_each_zip_is_a_students(tmp_path):
    assert [one.student.name for one in found(tmp_path, "group-10.zip", "group-2.zip")] == ["group-10", "group-2"]


def test_who_handed_in_no_zip_is_not_forgotten(tmp_path):
    names = [one.path.name for one in found(tmp_path, "A_1_assignsubmission_file_x.pdf", "notes.txt", "B.zip")]

    assert names == ["A_1_assignsubmission_file_x.pdf", "B.zip"]


def test_what_systems_put_there_for_themselves_and_links_are_passed_over(tmp_path):
    (tmp_path / "real.zip").touch()
    (tmp_path / "link.zip").symlink_to(tmp_path / "real.zip")

    assert len(found(tmp_path, "__MACOSX/A_1_assignsubmission_file_x.zip", ".B.zip")) == 1


def test_a_name_is_the_same_however_its_accents_are_written(tmp_path):
    (one,) = found(tmp_path, "José_1_assignsubmission_file_x.zip")

    assert one.student.name == "José"


def test_a_folder_without_submissions_is_refused(tmp_path):
    with pytest.raises(CnnprojError, match=r"no submission in .*\.zip"):
        find_submissions(tmp_path)
    with pytest.raises(CnnprojError, match="no folder"):
        find_submissions(tmp_path / "nowhere")
