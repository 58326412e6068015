"""What the assignment asks for is missed where it is not there, by what the files say and not by names."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import keras
import pandas as pd
import pytest
from keras import layers

from cnnproj.models import architectures
from cnnproj.recipe import layer_table
from cnnproj.run import Run
from cnnproj.settings_file import read_settings
from cnnproj.submission.handing_in.checklist import PLACEHOLDERS, _convolves, _is_mlp, missing
from cnnproj.template import make_project
from cnnproj.words import languages

from ...models.inside import SIBLINGS


def sentences(project: Path) -> list[str]:
    settings = read_settings(project / "project.toml")
    return [one.sentence for one in missing(settings, Run(project / "reports" / "tiny")) if one.essential]


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def rewrite(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    change(pd.read_csv(path)).to_csv(path, index=False)


def test_nothing_is_missing_in_a_finished_run(finished):
    assert sentences(finished) == []


def test_reminders_are_no_faults(finished):
    settings = read_settings(finished / "project.toml")
    found = missing(settings, Run(finished / "reports" / "tiny"))

    assert [one.sentence for one in found] == ["smoke", "no_conclusions"]
    assert all(one.essential is False for one in found)


def test_before_a_run_everything_is_missing(make_project):
    assert sentences(make_project()) == ["no_report", "not_trained", "not_tested", "no_cases"]


@pytest.mark.parametrize("name", [*PLACEHOLDERS, f" {PLACEHOLDERS[0]} ", " ", ""])
def test_a_name_must_be_one(spoiled, name):
    change(spoiled / "project.toml", "Ada Lovelace", name)

    assert sentences(spoiled) == ["no_author"]


def test_somebody_must_be_named(spoiled):
    change(spoiled / "project.toml", '[[project.authors]]\nname = "Ada Lovelace"\nid = "1815"', "")

    assert sentences(spoiled) == ["no_author"]


def test_one_name_of_two_may_not_be_forgotten(spoiled):
    change(spoiled / "project.toml", "[data]", '[[project.authors]]\nname = "Your name"\n[data]')

    assert sentences(spoiled) == ["no_author"]


@pytest.mark.parametrize("language", languages())
def test_the_placeholders_are_those_of_new_projects(tmp_path, language):
    authors = read_settings(make_project(tmp_path / "new", language) / "project.toml").project.authors

    assert [author.name for author in authors] == [PLACEHOLDERS[languages().index(language)]]


class TestNetworks:
    @staticmethod
    def layers_of(project: Path, model: str) -> Path:
        return project / "reports" / "tiny" / "models" / model / "layers.csv"

    def test_one_that_is_not_trained_is_named(self, spoiled):
        self.layers_of(spoiled, "compact_cnn").unlink()

        settings = read_settings(spoiled / "project.toml")
        found = [str(one) for one in missing(settings, Run(spoiled / "reports" / "tiny")) if one.essential]
        assert found == ["Not trained yet: compact_cnn. Run: cnnproj run"]

    def test_an_mlp_that_convolves_is_none(self, spoiled):
        shutil.copy(self.layers_of(spoiled, "compact_cnn"), self.layers_of(spoiled, "mlp"))

        assert sentences(spoiled) == ["no_mlp"]

    def test_two_of_the_same_layers_are_one(self, spoiled):
        wider = pd.read_csv(self.layers_of(spoiled, "compact_cnn"))
        wider.assign(parameters=2 * wider["parameters"]).to_csv(self.layers_of(spoiled, "deep_cnn"), index=False)

        assert sentences(spoiled) == ["few_cnns"]

    def test_three_mlps_are_no_cnns(self, spoiled):
        for model in ("compact_cnn", "deep_cnn"):
            shutil.copy(self.layers_of(spoiled, "mlp"), self.layers_of(spoiled, model))

        settings = read_settings(spoiled / "project.toml")
        found = [one for one in missing(settings, Run(spoiled / "reports" / "tiny")) if one.essential]
        assert [(one.sentence, one.values["n"]) for one in found] == [("few_cnns", 0)]

    def test_two_networks_are_not_enough(self, spoiled):
        change(spoiled / "project.toml", "[augmentation]", "[models.mlp]\n[models.deep_cnn]\n[augmentation]")

        assert sentences(spoiled) == ["few_cnns"]

    def test_a_network_of_the_students_own_counts(self, spoiled):
        change(spoiled / "project.toml", "[augmentation]", "[models.mlp]\n[models.deep_cnn]\n[augmentation]")
        models = spoiled / "reports" / "tiny" / "models"
        (models / "compact_cnn").rename(models / "my_cnn")
        (models / "my_cnn" / "model.keras").write_bytes(b"whole")

        assert sentences(spoiled) == ["not_tested"]

    @pytest.mark.parametrize(
        "name", [name for name, network in architectures().items() if network.ours and name not in SIBLINGS]
    )
    def test_an_mlp_is_told_from_a_cnn_by_its_layers(self, name):
        network = architectures()[name]
        table = layer_table(network.build((32, 32, 3), 4, network.defaults))

        assert (_is_mlp(table), _convolves(table)) == (name == "mlp", name != "mlp")

    @pytest.mark.parametrize(
        ("stack", "mlp", "cnn"),
        [
            ([layers.Flatten(), layers.Dense(4)], False, False),
            ([layers.Flatten(), layers.Dense(8), layers.Dense(4)], True, False),
            ([layers.BatchNormalization(), layers.Flatten(), layers.Dense(4)], False, False),
            ([layers.BatchNormalization(), layers.Flatten(), layers.Dense(8), layers.Dense(4)], True, False),
            ([layers.MaxPooling2D(), layers.Reshape((48,)), layers.Dense(8), layers.Dense(4)], True, False),
            ([layers.DepthwiseConv2D(3), layers.Flatten(), layers.Dense(4)], False, True),
            ([layers.Dense(8), layers.GlobalMaxPooling2D(), layers.Dense(4)], False, True),  # a convolution of 1×1
        ],
    )
    def test_what_counts_is_what_layers_work_on(self, stack, mlp, cnn):
        table = layer_table(keras.Sequential([keras.Input((8, 8, 3)), *stack]))

        assert (_is_mlp(table), _convolves(table)) == (mlp, cnn)

    def test_a_whole_network_as_one_layer_counts(self):
        inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3), layers.GlobalAveragePooling2D()])
        table = layer_table(keras.Sequential([keras.Input((8, 8, 3)), inner, layers.Dense(4)]))

        assert (_is_mlp(table), _convolves(table)) == (False, True)


class TestTuning:
    @pytest.fixture
    def trials(self, spoiled: Path) -> Path:
        return spoiled / "reports" / "tiny" / "models" / "mlp" / "trials.csv"

    def test_one_value_alone_is_no_tuning(self, spoiled, trials):
        rewrite(trials, lambda table: table.assign(learning_rate=0.01, units=64, dropout=0.2))

        assert sentences(spoiled) == ["not_tuned"]

    def test_one_hyperparameter_is_enough(self, spoiled, trials):
        rewrite(trials, lambda table: table.assign(units=64, dropout=0.2, learning_rate=[0.01, 0.02]))

        assert sentences(spoiled) == []

    def test_trials_that_failed_tried_nothing(self, spoiled, trials):
        rewrite(trials, lambda table: table.assign(reason=["", "no memory"]))

        assert sentences(spoiled) == ["not_tuned"]

    def test_without_trials_nothing_was_tuned(self, spoiled, trials):
        trials.unlink()

        assert sentences(spoiled) == ["not_tuned"]


class TestTheTestPart:
    def test_each_network_needs_its_scores(self, spoiled):
        path = spoiled / "reports" / "tiny" / "run.json"
        manifest = json.loads(path.read_text())
        del manifest["scores"]["mlp"]
        path.write_text(json.dumps(manifest))

        assert sentences(spoiled) == ["not_tested"]

    def test_each_network_needs_its_predictions(self, spoiled):
        (spoiled / "reports" / "tiny" / "evaluation" / "predictions_deep_cnn.csv").unlink()

        assert sentences(spoiled) == ["not_tested"]


class TestCases:
    @pytest.fixture
    def folder(self, spoiled: Path) -> Path:
        return spoiled / "reports" / "tiny" / "interpretation"

    @pytest.mark.parametrize("count", [0, 2, 6])
    def test_there_are_three_to_five(self, spoiled, folder, count):
        rewrite(folder / "cases.csv", lambda table: pd.concat([table, table]).head(count))

        assert sentences(spoiled) == ["no_cases"]

    def test_three_are_enough(self, spoiled, folder):
        rewrite(folder / "cases.csv", lambda table: table.head(3))

        assert sentences(spoiled) == []

    def test_they_are_of_the_best_network(self, spoiled, folder):
        known = json.loads((folder / "methods.json").read_text())
        others = {"mlp", "compact_cnn", "deep_cnn"} - {known["model"]}
        (folder / "methods.json").write_text(json.dumps({**known, "model": min(others)}))

        assert sentences(spoiled) == ["no_cases"]

    def test_without_any_there_are_none(self, spoiled, folder):
        shutil.rmtree(folder)

        assert sentences(spoiled) == ["no_cases"]
