"""The flow: from a folder of images to a report, going on after a stop, and never doing again what is done."""

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from PIL import Image

import cnnproj as package
from cnnproj.models.registry import BASELINES
from cnnproj.project import Project
from cnnproj.run import Manifest

from .conftest import cnnproj, pattern

FILES = (
    "report.html",
    "run.json",
    "data/images.csv",
    "data/set_aside.csv",
    "models/mlp/trials.csv",
    "models/compact_cnn/history.csv",
    "models/deep_cnn/model.weights.h5",
    "models/deep_cnn/recipe.json",
    "evaluation/scores.csv",
    "evaluation/predictions_mlp.csv",
    "interpretation/cases.csv",
    "interpretation/heatmaps.npy",
    "interpretation/belief.csv",
    "interpretation/curves.csv",
    "interpretation/randomised.csv",
    "interpretation/feature_maps.npy",
)


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished project, to change."""
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder, symlinks=True)
    return folder


def change(folder: Path, before: str, after: str) -> None:
    path = folder / "project.toml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


class TestAFinishedRun:
    def test_has_its_report_and_plain_files(self, finished):
        for name in FILES:
            assert (finished / "reports" / "tiny" / name).stat().st_size > 0, name

    def test_has_a_manifest_of_the_published_schema(self, finished):
        schema = json.loads((Path(package.__file__).parent / "run.schema.json").read_text())
        manifest = json.loads((finished / "reports" / "tiny" / "run.json").read_text())
        jsonschema.validate(manifest, schema)
        assert schema == {"$schema": schema["$schema"], **Manifest.model_json_schema()}

    def test_sets_the_unreadable_file_aside_with_its_reason(self, finished):
        aside = pd.read_csv(finished / "reports" / "tiny" / "data" / "set_aside.csv")
        assert list(aside["image"]) == ["square/broken.jpg"]
        assert "broken.jpg" in aside["reason"][0] or len(aside["reason"][0]) > 10

    def test_opened_the_test_part_once_for_the_scores_and_once_for_the_figures(self, finished):
        openings = Project.open(finished).record.manifest.test_openings
        assert [opening.purpose for opening in openings] == ["evaluation", "interpretation"]
        assert set(openings[0].models) == {"mlp", "compact_cnn", "deep_cnn", *BASELINES}

    def test_chose_the_best_model_on_validation(self, finished):
        manifest = Project.open(finished).record.manifest
        scores = pd.read_csv(finished / "reports" / "tiny" / "evaluation" / "scores.csv")
        networks = scores[scores["kind"] == "network"]
        ordered = networks.sort_values(["val_accuracy", "val_loss"], ascending=[False, True])
        assert manifest.best_model == ordered["model"].iloc[0]

    def test_carries_the_students_words_as_text(self, finished):
        page = (finished / "reports" / "tiny" / "report.html").read_text()
        assert "It &lt;b&gt;works&lt;/b&gt;." in page
        assert "Ada Lovelace" in page

    def test_leaves_nothing_half_written(self, finished):
        assert [path for path in finished.rglob("*") if ".part." in path.name] == []

    def test_is_done_in_every_stage(self, finished):
        assert {stage.state for stage in Project.open(finished).status()} == {"done"}

    def test_is_not_done_again(self, project):
        before = {path: path.read_bytes() for path in (project / "reports").rglob("*") if path.is_file()}
        ran = cnnproj("run", cwd=project)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.count("nothing has changed") == 11
        assert {path: path.read_bytes() for path in (project / "reports").rglob("*") if path.is_file()} == before


class TestAChange:
    """Only what a change touches is done again, and ``status`` says why."""

    @staticmethod
    def stale(folder: Path) -> dict[str, str]:
        stages = Project.open(folder).status()
        return {stage.stage: "; ".join(stage.reasons) for stage in stages if stage.state != "done"}

    def test_of_the_students_words_touches_the_report_alone(self, project):
        change(project, "It <b>works</b>.", "It works well.")
        assert set(self.stale(project)) == {"report"}

    def test_of_the_cases_touches_interpretation_and_report(self, project):
        change(project, "[augmentation]", "[interpretation]\ncases = 3\n\n[augmentation]")
        stale = self.stale(project)
        assert set(stale) == {"interpret", "report"}
        assert stale["interpret"] == "interpretation.cases was 5 and is 3"

    def test_of_one_models_space_leaves_the_other_models(self, project):
        change(
            project,
            "[augmentation]",
            "[models.mlp]\nunits = 64\n[models.compact_cnn]\n[models.deep_cnn]\n[augmentation]",
        )
        assert set(self.stale(project)) == {"tune mlp", "train mlp", "evaluate", "interpret", "report"}

    def test_of_the_size_touches_everything(self, project):
        change(project, "size = [16, 16]", "size = [20, 20]")
        stale = self.stale(project)
        assert len(stale) == 11
        assert stale["audit"] == "data.size was 16×16 and is 20×20"
        assert stale["data"] == "waits for: Audit: read and check every image"
        assert stale["tune mlp"] == "waits for: Data: training, validation and test part"

    def test_of_a_group_pattern_leaves_the_audit(self, project):
        change(project, "[augmentation]", "group_pattern = '(across|down)'\n[augmentation]")
        stale = self.stale(project)
        assert len(stale) == 10
        assert stale["data"] == "data.group_pattern was – and is (across|down)"

    def test_of_the_balance_touches_every_training_and_not_the_data(self, project):
        before = Project.open(project).stages.inputs("train mlp")
        change(project, "[augmentation]", '[training]\nbalance = "none"\n[augmentation]')
        assert Project.open(project).stages.inputs("train mlp") == before, (
            "a run from before there was a choice is done"
        )
        change(project, '"none"', '"class_weights"')
        stale = self.stale(project)
        assert len(stale) == 9
        assert stale["tune mlp"] == "training.balance was – and is class_weights"

    def test_of_the_balance_reaches_search_and_training(self, project, monkeypatch):
        from cnnproj import final_training, training
        from cnnproj.tuning import search

        asked, fit = [], training.fit
        for module in (final_training, search):
            monkeypatch.setattr(
                module, "fit", lambda *given, **how: asked.append(how["training"].balance) or fit(*given, **how)
            )
        change(project, "[augmentation]", '[training]\nbalance = "augment"\n[augmentation]')
        Project.open(project).tune("mlp")
        Project.open(project).train("mlp")
        assert asked == ["augment", "augment", "augment"]  # two trials on the smoke budget, and the training

    def test_of_the_users_files_is_noticed(self, project, pattern_folder):
        link = project / "data" / "patterns"
        link.unlink()
        shutil.copytree(pattern_folder, link)
        (link / "square" / "00.png").unlink()
        assert "data" in self.stale(project)

    def test_that_adds_images_reads_only_these_and_moves_none(self, project, pattern_folder):
        before = Project.open(project).images.table.set_index("image")["split"]
        link = project / "data" / "patterns"
        link.unlink()
        shutil.copytree(pattern_folder, link)  # with the times of the files as they are
        for number in range(6):
            Image.fromarray(pattern("square", 100 + number)).save(link / "square" / f"new {number}.png")
        opened = Project.open(project)
        opened.prepare()
        after = opened.images.table.set_index("image")["split"]
        assert after[before.index].equals(before)
        assert len(after) == len(before) + 6
        assert set(self.stale(project)) >= {"tune mlp", "evaluate", "report"}

    def test_that_adds_no_image_leaves_the_training(self, project, pattern_folder):
        link = project / "data" / "patterns"
        link.unlink()
        shutil.copytree(pattern_folder, link)
        (link / "notes.txt").write_text("none of these is a photo")
        assert "other files" in self.stale(project)["audit"]
        opened = Project.open(project)
        opened.prepare()
        assert "notes.txt" in set(opened.audit().findings["image"])
        assert set(self.stale(project)) == {"report"}

    def test_that_loses_a_file_is_noticed(self, project):
        (project / "reports" / "tiny" / "models" / "mlp" / "model.weights.h5").unlink()
        assert self.stale(project)["train mlp"] == "its file models/mlp/model.weights.h5 is gone"


class TestAnMlpAsTheBestModel:
    def test_is_explained_by_saliency_and_occlusion_and_the_report_says_why(self, project):
        change(project, "[augmentation]", "[models.mlp]\n[augmentation]")
        trained = project / "reports" / "tiny" / "run.json"
        manifest = json.loads(trained.read_text())
        for model in ("compact_cnn", "deep_cnn"):
            shutil.rmtree(project / "reports" / "tiny" / "models" / model)
            del manifest["stages"][f"train {model}"], manifest["stages"][f"tune {model}"]
        trained.write_text(json.dumps(manifest))
        opened = Project.open(project)
        opened.evaluate()
        found = opened.interpret()
        assert (found.model, found.layer, list(found.heatmaps)) == ("mlp", "", ["saliency", "occlusion"])
        assert list(found.belief.numbers["method"]) == ["saliency"]
        assert (found.features.layers, found.features.kernel) == ([], "")
        page = opened.report().read_text()
        assert "mlp has no layer that keeps the positions of the image" in page
        assert 'id="curves"' in page
        assert 'id="filters"' not in page

        assert found.belief.main["n"] == min(64, len(opened.evaluation.probabilities("mlp")[0]))


class TestAStageOutOfTurn:
    def test_says_what_to_run_first(self, make_project):
        project = Project.open(make_project())
        with pytest.raises(package.CnnprojError, match=r"First comes: Audit.*not done yet.*01_data"):
            project.evaluate()
        with pytest.raises(package.CnnprojError, match=r"First comes: Audit.*01_data"):
            project.tune("mlp")

    def test_is_shown_in_a_notebook_as_a_sentence(self, make_project):
        with pytest.raises(package.CnnprojError) as caught:
            Project.open(make_project()).interpret()
        assert caught.value._render_traceback_() == [str(caught.value)]

    def test_with_a_misspelt_model_names_the_nearest(self, project):
        with pytest.raises(package.CnnprojError, match="Did you mean 'deep_cnn'"):
            Project.open(project).tune("deep_cn")


class TestPredict:
    def test_names_the_class_and_draws(self, project, pattern_folder):
        photo = pattern_folder / "across" / "00.png"
        ran = cnnproj("predict", str(photo), cwd=project)
        assert ran.returncode == 0, ran.stderr
        assert re.search(r"00\.png: (across|down|square) \(probability 0\.\d+|1\.000\)", ran.stdout)
        assert len(list((project / "reports" / "tiny" / "predictions").glob("*.png"))) == 1

    @pytest.mark.parametrize("name", ["square/broken.jpg", "nowhere.png"])
    def test_of_what_is_no_image_is_refused_and_nothing_written(self, project, pattern_folder, name):
        good = pattern_folder / "across" / "00.png"
        ran = cnnproj("predict", str(good), str(pattern_folder / name), cwd=project)
        assert ran.returncode == 2
        assert Path(name).name in ran.stderr
        assert "Traceback" not in ran.stderr
        assert not (project / "reports" / "tiny" / "predictions").exists()
