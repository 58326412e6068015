"""The flow with ``task = "segmentation"``: from masks to a report, nothing done twice, one door to the test part."""

import json
import shutil
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import cnnproj as package
from cnnproj.errors import CnnprojError
from cnnproj.project import Project
from cnnproj.segmentation.cases import RULES, choose_cases
from cnnproj.segmentation.project import SegmentationProject
from cnnproj.segmentation.scores import IGNORED, count, scores

from .conftest import SETTINGS
from .made import scene


@pytest.fixture
def project(finished_cells: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    shutil.copytree(finished_cells, folder)
    return folder


def change(folder: Path, before: str, after: str) -> dict[str, str]:
    """Change project.toml; the stages that are to be done again, and why."""
    path = folder / "project.toml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    stages = Project.open(folder).status()
    return {stage.stage: "; ".join(stage.reasons) for stage in stages if stage.state != "done"}


class TestAFinishedRun:
    def test_is_one_of_segmentation_and_done_in_every_stage(self, finished_cells):
        project = Project.open(finished_cells)
        assert isinstance(project, SegmentationProject)
        assert {stage.state for stage in project.status()} == {"done"}
        assert project.models == ["unet", "segnet"]

    def test_has_a_manifest_of_the_published_schema_with_its_dice(self, finished_cells):
        schema = json.loads((Path(package.__file__).parent / "run.schema.json").read_text())
        manifest = json.loads((finished_cells / "reports" / "cells" / "run.json").read_text())
        jsonschema.validate(manifest, schema)
        assert manifest["dice"].keys() == {"unet", "segnet"}
        assert manifest["best_model"] in manifest["dice"]
        assert manifest["scores"] == {}

    def test_opened_the_test_part_once_for_the_scores_and_once_for_the_figures(self, finished_cells):
        openings = Project.open(finished_cells).record.manifest.test_openings
        assert [opening.purpose for opening in openings] == ["evaluation", "interpretation"]
        assert set(openings[0].models) == {"unet", "segnet"}

    def test_scores_are_those_of_the_predicted_masks(self, finished_cells):
        project = Project.open(finished_cells)
        evaluation, images = project.evaluation, project.images
        rows = evaluation.images["row"].to_numpy()
        for model in ("unet", "segnet"):
            counts = count(np.asarray(images.masks[rows]), evaluation.predicted(model), 3)
            row = evaluation.scores.set_index("model").loc[model]
            for name, value in scores(counts).items():
                assert row[name] == pytest.approx(value, nan_ok=True)
        assert project.headline.startswith(f"Best network: {evaluation.best}.")

    def test_chose_the_best_network_on_validation(self, finished_cells):
        evaluation = Project.open(finished_cells).evaluation
        ordered = evaluation.scores.sort_values(["val_dice", "val_loss"], ascending=[False, True])
        assert evaluation.best == ordered["model"].iloc[0]
        assert set(evaluation.comparisons["verdict"]) <= {"better", "tied", "worse"}

    def test_tells_all_in_its_report(self, finished_cells):
        page = (finished_cells / "reports" / "cells" / "report.html").read_text()
        assert "It &lt;b&gt;segments&lt;/b&gt;." in page
        assert "Seg-Grad-CAM" in page
        assert "image without a mask" in page
        assert page.count("<figure") == page.count("data:image/png;base64,") == 11
        assert "mask with pixels that are ignored" in page
        for name in ("disc", "square", "unet", "segnet", "ignored (not labelled)"):
            assert name in page

    def test_shows_cases_by_rule(self, finished_cells):
        shown = Project.open(finished_cells).interpret()
        assert list(shown.cases["rule"]) == list(RULES[:4])  # there are four test images
        assert shown.truth.shape == shown.predicted.shape == shown.heatmaps.shape == (4, 32, 32)
        assert set(shown.cases["explained"]) <= {"disc", "square"}

    def test_shows_the_trials_by_dice(self, finished_cells):
        project = Project.open(finished_cells)
        assert "val_dice" in project.search_of("unet").trials
        pd.testing.assert_series_equal(
            project.trials("unet")["val_dice"].astype(float), project.search_of("unet").trials["val_dice"]
        )

    def test_figures_are_drawn(self, finished_cells):
        from cnnproj import figures

        project = Project.open(finished_cells)
        drawn = [
            figures.masked_samples(project.images),
            figures.masked_variants(project.preview()),
            figures.segmented(project.interpret()),
            figures.class_dice(project.evaluation),
            figures.image_dice(project.evaluation),
        ]
        assert all(chart.png().startswith(b"\x89PNG") for chart in drawn)

    def test_nothing_of_its_figures_is_cut_off(self, finished_cells):
        paths = sorted((finished_cells / "reports" / "cells" / "figures").glob("*.png"))
        assert {"class_dice", "image_dice", "segmented"} < {path.stem for path in paths}
        for path in paths:
            pixels = np.asarray(Image.open(path).convert("L"))
            edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
            assert edges.min() > 128, path.name


class TestAChange:
    def test_of_nothing_does_nothing(self, project):
        before = {path: path.read_bytes() for path in (project / "reports").rglob("*") if path.is_file()}
        said: list[str] = []
        Project.open(project).run(announce=said.append)
        assert all("nothing has changed" in line for line in said)
        assert {path: path.read_bytes() for path in (project / "reports").rglob("*") if path.is_file()} == before

    def test_of_what_is_counted_is_evaluated_again(self, project):
        found = change(project, "[augmentation]", "background = true\n[augmentation]")
        assert found.keys() == {"evaluate", "interpret", "report"}

    def test_of_the_class_that_is_explained_is_interpreted_again(self, project):
        assert change(project, "[augmentation]", 'explain = "disc"\n[augmentation]').keys() == {"interpret", "report"}
        shown = Project.open(project).interpret()
        assert set(shown.cases["explained"]) == {"disc"}

    def test_of_a_mask_begins_anew(self, project):
        (project / "cells" / "masks" / "003.png").unlink()
        stages = Project.open(project).status()
        assert all(stage.state != "done" for stage in stages)

    def test_to_a_class_that_there_is_not_is_refused(self, project):
        change(project, "[augmentation]", 'explain = "disk"\n[augmentation]')
        with pytest.raises(CnnprojError, match=r"no class of that name. Did you mean 'disc'"):
            Project.open(project).interpret()


class TestPredict:
    def test_gives_a_mask_of_the_photos_own_size_a_table_and_a_figure(self, project, tmp_path):
        image, _ = scene(77, side=48)
        Image.fromarray(image).save(tmp_path / "new.png")
        (seen,) = Project.open(project).predict([tmp_path / "new.png"])

        with Image.open(seen.mask) as mask:
            assert (mask.mode, mask.size) == ("P", (48, 48))
            counts = np.bincount(np.asarray(mask).ravel(), minlength=3)
        found = pd.read_csv(seen.table)
        assert list(found["class"]) == ["ground", "disc", "square"]
        assert found["pixels"].tolist() == counts.tolist()
        assert found["share"].sum() == pytest.approx(1)
        assert seen.figure.read_bytes().startswith(b"\x89PNG")
        assert str(tmp_path / "new.png") in str(seen)

    def test_writes_nothing_where_a_photo_cannot_be_read(self, project, tmp_path):
        (tmp_path / "broken.png").write_text("no image")
        with pytest.raises(CnnprojError, match=r"broken\.png"):
            Project.open(project).predict([tmp_path / "broken.png"])
        assert not (project / "reports" / "cells" / "predictions").exists()


class TestDiagnosis:
    def test_is_of_each_network_that_was_trained(self, finished_cells):
        found = Project.open(finished_cells).diagnoses()
        assert found.keys() == {"unet", "segnet"}
        evidence = found["unet"].evidence
        assert evidence.train["ground"] == len(Project.open(finished_cells).images.train)
        truth = Project.open(finished_cells).images.validation.truth()
        assert 0 < evidence.confusion.sum() == (truth != IGNORED).sum() < truth.size
        assert evidence.probe.after is not None
        assert {layer.kind for layer in evidence.probe.before.layers} >= {"Conv2D"}
        assert all(np.isfinite(layer.gradient) for layer in evidence.probe.before.layers)
        # A first guess is hardly better than giving each pixel the shares of the classes, and hardly much worse.
        assert 0.5 < evidence.probe.before.loss / evidence.probe.chance_loss < 3
        assert "too few epochs" in str(found["unet"]) or found["unet"].findings

    def test_is_of_a_training_that_came_to_nothing(self, make_cells):
        folder = make_cells()
        project = Project.open(folder)
        project.audit()
        project.prepare()
        project.tune("unet")
        best = project.record.folder / "models" / "unet" / "best.json"
        values = json.loads(best.read_text())
        best.write_text(json.dumps({**values, "learning_rate": 1e30}))
        with pytest.raises(CnnprojError, match="cnnproj diagnose unet"):
            project.train("unet")
        found = project.diagnose("unet")
        assert found.findings[0].kind == "learning_rate_too_high"
        assert found.findings[0].severity == "severe"

    def test_of_an_unknown_network_is_refused(self, finished_cells):
        with pytest.raises(CnnprojError, match="no model 'mlp'"):
            Project.open(finished_cells).diagnose("mlp")


class TestSettings:
    def open_(self, folder: Path, text: str) -> Project:
        (folder / "project.toml").write_text(text)
        return Project.open(folder)

    def test_have_defaults_of_their_own(self, tmp_path):
        settings = self.open_(tmp_path, '[project]\ntask = "segmentation"').settings
        assert settings.data.source == "shapes"
        assert settings.data.size == (64, 64)
        assert list(settings.models) == ["unet", "segnet", "fcn8s"]
        assert list(self.open_(tmp_path, "").settings.models) == ["mlp", "compact_cnn", "deep_cnn"]

    @pytest.mark.parametrize(
        ("before", "after", "words"),
        [
            ("[models.unet]", "[models.mlp]", r"line \d+: there is no model 'models.mlp'"),
            ('task = "segmentation"', 'task = "segments"', "'project.task' must be one of"),
            ('task = "segmentation"\n', "", "'segmentation.classes' means something with task"),
            ('["ground", "disc", "square"]', '["ground"]', "'segmentation.classes' must be a list of two or more"),
            ("classes = [", 'colors = { a = "#000000", b = "black" }\nclasses = [', "'segmentation.colors' must be a"),
            (
                "classes = [",
                'colors = { a = "#000000", b = "#ffffff" }\nclasses = [',
                "'segmentation.classes' and segmentation.colors both",
            ),
            (
                "[augmentation]",
                '[training]\nbalance = "augment"\n[augmentation]',
                "'training.balance' must be",
            ),
            (
                "depth = 2\n[models.segnet]",
                'loss = "dies"\n[models.segnet]',
                "'models.unet.loss' must be .*focal",
            ),
            ("ignore = 9", 'ignore = "white"', "'data.ignore' must be the value of pixels"),
            (
                'ignore = 9\n\n[segmentation]\nclasses = ["ground", "disc", "square"]',
                'ignore = "#ffffff"\n\n[segmentation]\ncolors = { a = "#000000", b = "#FFFFFF" }',
                "'data.ignore' is also the colour of a class",
            ),
            ("[segmentation]", "[segmentation]\nbackgrund = true", "Did you mean 'background'"),
        ],
    )
    def test_that_cannot_be_are_refused_with_line_and_key(self, tmp_path, before, after, words):
        assert before in SETTINGS
        with pytest.raises(CnnprojError, match=words):
            self.open_(tmp_path, SETTINGS.replace(before, after, 1))

    def test_a_value_to_ignore_is_for_masks_alone(self, tmp_path):
        with pytest.raises(CnnprojError, match=r"line 2: 'data.ignore' means something with task"):
            self.open_(tmp_path, "[data]\nignore = 255")

    def test_say_what_to_run_first(self, tmp_path, make_cells):
        with pytest.raises(CnnprojError, match="09_segmentation"):
            Project.open(make_cells()).train("unet")


class TestCases:
    def test_are_the_best_the_median_and_the_worst(self):
        dice = np.array([0.5, 0.9, 0.1, 0.7, 0.3, np.nan, 0.2, 0.8])
        chosen = choose_cases(dice, 5)
        assert chosen["position"].tolist() == [1, 0, 2, 4, 6]
        assert chosen["rule"].tolist() == list(RULES)
        assert choose_cases(dice, 3)["rule"].tolist() == ["best", "typical", "worst"]

    def test_are_fewer_where_there_are_fewer_images(self):
        assert len(choose_cases(np.array([0.5, 0.6]), 5)) == 2
        assert len(choose_cases(np.array([np.nan]), 5)) == 0


class TestBesideAProjectThatClassifies:
    def test_is_made_once_with_the_seed_the_budget_and_the_language_of_the_other(self, tmp_path):
        (tmp_path / "project.toml").write_text('[project]\nseed = 11\nbudget = "smoke"\nlanguage = "en"\n')
        outer = Project.open(tmp_path)
        inner = outer.segmentation()
        assert inner.folder == tmp_path / "segmentation"
        told = inner.settings.project
        assert (told.task, told.seed, told.budget, told.language) == ("segmentation", 11, "smoke", "en")
        path = inner.folder / "project.toml"
        path.write_text(path.read_text().replace("seed = 11", "seed = 12"))
        assert outer.segmentation().settings.project.seed == 12
        assert outer.record.folder.exists() is False
        assert inner.segmentation() is inner

    def test_has_every_key_of_its_table_in_its_project_toml(self, tmp_path):
        from cnnproj.settings import SegmentationTable

        (tmp_path / "project.toml").write_text("")
        text = (Project.open(tmp_path).segmentation().folder / "project.toml").read_text()
        assert all(f"{key} = " in text for key in SegmentationTable.model_fields)


def test_what_is_ignored_is_drawn_neither_right_nor_wrong():
    from cnnproj.reporting.figures.segmentation import MISSED, UNLABELLED, color_of, errors_of

    drawn = errors_of(np.array([[1, IGNORED, IGNORED]], np.uint8), np.array([[0, 0, 1]], np.uint8))
    shown = ["#" + "".join(f"{round(255 * part):02x}" for part in pixel) for pixel in drawn[0]]
    assert shown == [MISSED.lower(), UNLABELLED, UNLABELLED]
    assert color_of(IGNORED) == UNLABELLED
