"""``cnnproj submit`` tells what is missing and packs what is there: once and for all the same bytes."""

import errno
import hashlib
import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from cnnproj.errors import CnnprojError
from cnnproj.notebooks import EXECUTING
from cnnproj.project import Project
from cnnproj.run import Run
from cnnproj.submission.contents import CONTENTS, SETTINGS, TEST_IMAGES, Contents, is_wanted
from cnnproj.submission.handing_in import submit as module
from cnnproj.submission.handing_in.checklist import POINTS, missing
from cnnproj.submission.handing_in.executed import notebook_faults
from cnnproj.submission.opening.limits import Limits
from cnnproj.submission.opening.opened import open_submission
from cnnproj.words import say

from ...conftest import cnnproj

ZIP, RUN = "tiny-submission.zip", "reports/tiny"


def write_notebook(path: Path, *cells: str) -> None:
    made = [nbformat.v4.new_code_cell(text, id=f"cell-{number}") for number, text in enumerate(cells)]
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)


@pytest.fixture(scope="session")
def handed_in(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished project with two quick notebooks in place of its own, handed in."""
    folder = Path(shutil.copytree(finished, tmp_path_factory.mktemp("handed_in") / "project", symlinks=True))
    shutil.rmtree(folder / "notebooks")
    (folder / "notebooks").mkdir()
    write_notebook(
        folder / "notebooks" / "01_first.ipynb", "from cnnproj import Project", "len(Project.open().status())"
    )
    write_notebook(folder / "notebooks" / "02_second.ipynb", "1 + 1")
    ran = cnnproj("submit", cwd=folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (folder / "said.txt").write_text(ran.stdout)
    return folder


@pytest.fixture
def project(handed_in: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil, its zip taken back."""
    folder = Path(shutil.copytree(handed_in, tmp_path / "copy", symlinks=True))
    (folder / ZIP).unlink()
    return folder


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def submit(project: Path, said: list[str]) -> Callable[..., Path]:
    def submit(target: Path | None = None, **options: bool) -> Path:
        return Project.open(project).submit(target, announce=said.append, **options)

    return submit


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


class TestAZip:
    def test_is_one_that_can_be_read(self, handed_in):
        with open_submission(handed_in / ZIP) as opened:
            opened.require("*", "*/*", "*/*/*")
            assert set(opened.recipes) == {"mlp", "compact_cnn", "deep_cnn"}
            assert missing(opened.settings, Run(opened.folder)) == missing(opened.settings, Run(handed_in / RUN))
            assert notebook_faults(opened.notebooks, Run(opened.folder)) == []

    def test_holds_what_belongs_to_a_submission_and_a_true_list_of_it(self, handed_in):
        found = members(handed_in / ZIP)
        contents = Contents.model_validate_json(found[CONTENTS])

        assert contents.files == {
            path: hashlib.sha256(data).hexdigest() for path, data in found.items() if path != CONTENTS
        }
        assert (contents.name, contents.missing) == ("tiny", ())
        assert all(is_wanted(path) for path in found.keys() - {CONTENTS, SETTINGS})

    def test_holds_all_that_the_run_has_of_it(self, handed_in):
        run = handed_in / "reports" / "tiny"
        there = {path.relative_to(run).as_posix(): path for path in run.rglob("*") if path.is_file()}
        found = members(handed_in / ZIP)

        assert {path for path in there if is_wanted(path)} == found.keys() - {CONTENTS, SETTINGS}
        assert all(found[path] == there[path].read_bytes() for path in there if is_wanted(path))
        assert {"notebooks/01_first.ipynb", "notebooks/02_second.ipynb", "models/mlp/model.weights.h5"} < found.keys()
        assert found[SETTINGS] == (handed_in / "project.toml").read_bytes()

    def test_has_the_same_bytes_each_time_and_each_place(self, handed_in, project, submit, tmp_path):
        for path in (project / "reports").rglob("*"):
            os.utime(path, (1, 1))

        assert submit(tmp_path / "elsewhere.zip").read_bytes() == (handed_in / ZIP).read_bytes()
        assert submit().read_bytes() == (handed_in / ZIP).read_bytes()

    def test_leaves_out_what_earlier_settings_have_left(self, project, submit):
        run = project / "reports" / "tiny"
        shutil.copytree(run / "models" / "mlp", run / "models" / "given_up")
        shutil.copy(run / "figures" / "cases.png", run / "figures" / "old.png")
        shutil.copy(run / "notebooks" / "01_first.ipynb", run / "notebooks" / "03_deleted.ipynb")

        assert [path for path in members(submit()) if "given_up" in path or "old" in path or "deleted" in path] == []

    def test_goes_into_a_folder_by_its_own_name(self, submit, tmp_path):
        (tmp_path / "folder").mkdir()

        assert submit(tmp_path / "folder") == tmp_path / "folder" / ZIP
        assert (tmp_path / "folder" / ZIP).is_file()

    def test_is_told_with_its_size_and_how_to_check_it(self, handed_in):
        said = (handed_in / "said.txt").read_text()

        assert f"{(handed_in / ZIP).stat().st_size / 1e6:.1f} MB" in said
        assert f"cnnproj verify {handed_in / ZIP} --data data/patterns" in said
        assert "cnnproj submit --with-test-images" in said
        assert "✗" not in said
        assert all(say(f"submission.point.{point}") in said for point in POINTS if point not in ("state", "words"))


class TestNotebooks:
    def test_were_executed(self, handed_in):
        executed = json.loads((handed_in / "reports" / "tiny" / "notebooks" / "01_first.ipynb").read_text())

        assert executed["cells"][1]["outputs"][0]["data"] == {"text/plain": ["11"]}
        assert [cell["execution_count"] for cell in executed["cells"]] == [1, 2]

    def test_that_are_executed_are_not_executed_again(self, project, submit, monkeypatch):
        monkeypatch.setattr("cnnproj.notebooks.NotebookClient", None)

        assert submit().is_file()

    def test_that_changed_are_executed_and_no_others(self, project, handed_in):
        write_notebook(project / "notebooks" / "02_second.ipynb", "2 + 2")
        ran = cnnproj("submit", cwd=project)

        assert ran.returncode == 0, ran.stderr
        assert "1 notebook is not yet executed" in ran.stdout
        before, after = members(handed_in / ZIP), members(project / ZIP)
        assert before["notebooks/01_first.ipynb"] == after["notebooks/01_first.ipynb"]
        assert '"4"' in after["notebooks/02_second.ipynb"].decode()

    def test_that_were_run_out_of_order_are_executed_again(self, project, handed_in):
        path = project / "reports" / "tiny" / "notebooks" / "01_first.ipynb"
        change(path, '"execution_count": 2', '"execution_count": 5')
        ran = cnnproj("submit", cwd=project)

        assert ran.returncode == 0, ran.stderr
        counts = [cell["execution_count"] for cell in json.loads(path.read_text())["cells"]]
        assert counts == [1, 2]

    def test_that_fail_stop_it_with_the_cell(self, project):
        write_notebook(project / "notebooks" / "02_second.ipynb", "1 + 1", "1 / 0", "3")
        ran = cnnproj("submit", cwd=project)

        assert ran.returncode == 2
        assert "02_second.ipynb stopped at its code cell 2: division by zero" in ran.stderr
        assert "Traceback" not in ran.stderr
        assert not (project / ZIP).exists()

        ran = cnnproj("submit", "--incomplete", cwd=project)

        assert ran.returncode == 0
        assert "02_second.ipynb shows an error in its code cell 2" in ran.stdout
        assert Contents.model_validate_json(members(project / ZIP)[CONTENTS]).missing == ("shows_error",)

    def test_that_hand_in_themselves_do_not_go_round_in_circles(self, project):
        write_notebook(
            project / "notebooks" / "03_submit.ipynb", "from cnnproj import Project\nProject.open().submit()"
        )
        ran = cnnproj("submit", cwd=project)

        assert ran.returncode == 0, ran.stderr
        executed = members(project / ZIP)["notebooks/03_submit.ipynb"].decode()
        assert "Nothing is packed from here, since cnnproj itself is executing 03_submit.ipynb" in executed

    def test_from_within_one_that_is_executed_nothing_is_packed(self, project, submit, said, monkeypatch):
        monkeypatch.setenv(EXECUTING, "10_mine.ipynb")

        assert not submit().exists()
        assert len(said) == 1

    def test_without_a_number_are_named(self, project, submit, said):
        write_notebook(project / "notebooks" / "mine.ipynb", "1")

        assert "notebooks/mine.ipynb" not in members(submit())
        assert any(line.startswith("• mine.ipynb is not handed in") for line in said)

    def test_that_are_none_are_told(self, project, submit):
        (project / "notebooks" / "02_second.ipynb").write_text("{")

        with pytest.raises(CnnprojError, match=r"02_second.ipynb cannot be read as a notebook: .*JSON"):
            submit()

    def test_there_must_be_some(self, project, submit, said):
        shutil.rmtree(project / "notebooks")

        with pytest.raises(CnnprojError, match="1 thing is missing"):
            submit()
        assert any(line.startswith("✗ There are no notebooks.") for line in said)


class TestWhatIsMissing:
    def test_is_listed_and_nothing_is_packed(self, project):
        change(project / "project.toml", "Ada Lovelace", "Your name")
        change(project / "project.toml", "[augmentation]", "[models.mlp]\n[models.deep_cnn]\n[augmentation]")
        ran = cnnproj("submit", cwd=project)

        assert ran.returncode == 2
        lacking = [line for line in ran.stdout.splitlines() if line.startswith("✗")]
        assert len(lacking) == 3  # the choice among fewer models is another one
        assert any("does not say whose work it is" in line for line in lacking)
        assert any("different ones are there: 1 (CNNs: deep_cnn)" in line for line in lacking)
        assert "Nothing was packed: 3 things are missing" in ran.stderr
        assert not (project / ZIP).exists()

    def test_of_a_run_that_is_not_up_to_date_is_the_first_stage_and_why(self, project, submit, said):
        change(project / "project.toml", "seed = 3", "seed = 4")

        with pytest.raises(CnnprojError, match="1 thing is missing"):
            submit()
        assert said[0].startswith("✗ 9 stages are not up to date, the first: Data")
        assert "project.seed was 3 and is 4" in said[0]

    def test_before_any_run_is_all_of_it(self, make_project, said):
        with pytest.raises(CnnprojError, match="4 things are missing"):
            Project.open(make_project()).submit(announce=said.append)
        assert [line for line in said if line.startswith("•")][1:3] == [
            f"• {say('submission.missing.report_due')}",
            f"• {say('submission.missing.notebooks_due')}",
        ]

    def test_is_packed_as_incomplete_where_that_is_wanted(self, project, submit, said):
        change(project / "project.toml", "seed = 3", "seed = 4")
        contents = Contents.model_validate_json(members(submit(incomplete=True))[CONTENTS])

        assert contents.missing == ("not_done",)
        assert say("submission.says_missing") in said

    def test_a_report_is_written_where_that_is_all(self, project, submit, said):
        change(project / "project.toml", "It <b>works</b>.", "It works well.")

        assert "It works well." in members(submit())["report.html"].decode()
        assert "▸ Report" in said

    def test_a_report_that_is_gone_is_written_again(self, project, submit):
        (project / "reports" / "tiny" / "report.html").unlink()

        assert "report.html" in members(submit())

    @pytest.mark.parametrize("incomplete", [True, False])
    @pytest.mark.parametrize("name", ["report.html", "evaluation/scores.csv", "models/mlp/model.weights.h5"])
    def test_a_file_edited_by_hand_is_named(self, project, submit, name, incomplete):
        with (project / "reports" / "tiny" / name).open("ab") as file:
            file.write(b" ")

        with pytest.raises(CnnprojError, match=f"{name} is no longer as cnnproj wrote it"):
            submit(incomplete=incomplete)
        assert not (project / ZIP).exists()


class TestTestImages:
    def test_stay_at_home(self, handed_in):
        assert TEST_IMAGES not in members(handed_in / ZIP)

    def test_are_packed_where_asked_for_in_the_order_of_the_table(self, project, submit):
        before = Project.open(project).record.manifest
        packed = np.load(io.BytesIO(members(submit(with_test_images=True))[TEST_IMAGES]), allow_pickle=False)
        data = project / "reports" / "tiny" / "data"
        table = pd.read_csv(data / "images.csv", keep_default_na=False)
        rows = table[(table["split"] == "test") & (table["aside"] == "")]["row"]

        assert packed.dtype == np.uint8
        np.testing.assert_array_equal(packed, np.load(data / "store" / "pixels.npy")[rows])
        assert Project.open(project).record.manifest == before, "nobody has looked at them"

    def test_are_bounded(self, project, submit, monkeypatch):
        monkeypatch.setattr(module, "LIMITS", Limits(bytes_of={".npy": 1000}))

        with pytest.raises(CnnprojError, match=r"test_images.npy is 0\.0 MB, and 0\.0 MB is the most that is read"):
            submit(with_test_images=True)
        assert not (project / ZIP).exists()


class TestWhereItCannotBeWritten:
    def test_one_file_that_is_too_large_is_named(self, project, submit, monkeypatch):
        monkeypatch.setattr(module, "LIMITS", Limits(bytes_of={".html": 1_000_000, "": 10_000_000}))

        with pytest.raises(CnnprojError, match=r"report\.html is \d\.\d MB, and 1\.0 MB is the most"):
            submit()
        assert not (project / ZIP).exists()

    def test_too_much_in_all_is_told(self, project, submit, monkeypatch):
        monkeypatch.setattr(module, "LIMITS", Limits(zip_bytes=100_000))

        with pytest.raises(CnnprojError, match=r"are \d\.\d MB together, and 0\.1 MB is the most"):
            submit()
        assert not (project / ZIP).exists()

    @pytest.mark.parametrize("name", ["project.toml", "reports/tiny/run.json", "new_folder"])
    def test_only_a_zip_is_written(self, project, submit, name):
        before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}

        with pytest.raises(CnnprojError, match=r"must be the name of a \.zip"):
            submit(project / name)
        assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before

    def test_a_place_that_is_no_folder_is_told(self, project, submit):
        with pytest.raises(CnnprojError, match="could not be written"):
            submit(project / "project.toml" / "mine.zip")

    def test_a_full_disk_leaves_the_zip_of_before(self, project, submit, monkeypatch):
        (project / ZIP).write_bytes(b"of before")
        written = zipfile.ZipFile.writestr

        def fill_up(self: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes, **options: int) -> None:
            if info.filename.startswith("models/"):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written(self, info, data, **options)

        monkeypatch.setattr(zipfile.ZipFile, "writestr", fill_up)

        with pytest.raises(CnnprojError, match="could not be written: No space left"):
            submit()
        assert (project / ZIP).read_bytes() == b"of before"
        assert list(project.rglob("*.part.*")) == []
