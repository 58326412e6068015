"""A search tries what it should, keeps what it found through any interruption, and says what went wrong."""

import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest

from cnnproj.errors import CnnprojError, TrialError
from cnnproj.models import Choice, Range
from cnnproj.tuning import search as module
from cnnproj.tuning.study import Trials

from .quick import SPACE, quick_fit, quick_search

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "fit", quick_fit())


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other)


def test_the_same_seed_gives_the_same_trials(tmp_path):
    first, best, _ = quick_search(tmp_path / "one")
    second, again, _ = quick_search(tmp_path / "two")

    same(first, second)
    assert best == again
    assert list(first["trial"]) == list(range(1, 9))
    assert first.loc[0, "optimizer"] == "adamw"
    assert first.loc[0, "learning_rate"] == 1e-2  # the network's default comes first


def test_the_best_is_chosen_among_those_that_came_to_their_end(tmp_path):
    table, best, _ = quick_search(tmp_path, trials=20)
    (chosen,) = table[table["best"]].to_dict("records")

    assert not chosen["pruned"]
    assert chosen["val_accuracy"] == table[~table["pruned"]]["val_accuracy"].max()
    assert best["learning_rate"] == chosen["learning_rate"]


def test_hopeless_trials_are_stopped_and_counted(tmp_path):
    table, _, _ = quick_search(tmp_path, trials=20)

    assert table["pruned"].any()
    assert set(table["epochs"][table["pruned"]]) == {4}
    assert set(table["epochs"][~table["pruned"]]) == {7}
    free, _, _ = quick_search(tmp_path / "free", trials=20, pruning="none")
    assert not free["pruned"].any()


def test_each_worker_draws_by_the_trial_that_it_takes():
    store = optuna.storages.InMemoryStorage()
    one, other = (Trials(optuna.create_study(study_name="x", storage=store, load_if_exists=True), 0) for _ in range(2))
    taken, drawn = [], []

    def sampler(key):
        taken.append(key)
        return optuna.samplers.RandomSampler(seed=int(key))

    def objective(trial, key):
        drawn.append(trial.suggest_float("rate", 0, 1))
        if key == "1":
            other.take({"1": {}, "2": {}}, sampler, objective)
        return 0.5

    one.take({"1": {}, "2": {}}, sampler, objective)

    assert taken == ["1", "2"]
    assert len(set(drawn)) == 2


def test_more_trials_later_go_on_from_those_that_are_there(tmp_path):
    first, _, _ = quick_search(tmp_path / "one", trials=4)
    more, _, said = quick_search(tmp_path / "one", trials=8)
    whole, _, _ = quick_search(tmp_path / "two", trials=8)

    columns = ["trial", "learning_rate", "units", "optimizer"]
    same(more[:4][columns], first[columns])
    same(more, whole)
    assert said == []


def test_a_grid_is_tried_once_and_then_done(tmp_path):
    table, _, _ = quick_search(tmp_path, trials=100, sampler="grid", pruning="none")

    assert len(table) == 3 * 3 * (2 + 1)
    assert not table[["learning_rate", "units", "optimizer", "momentum"]].duplicated().any()


def test_random_draws_evenly_and_tpe_learns(tmp_path):
    random, _, _ = quick_search(tmp_path / "random", trials=40, sampler="random", pruning="none")
    tpe, _, _ = quick_search(tmp_path / "tpe", trials=40, pruning="none")

    assert tpe["val_accuracy"][20:].mean() > random["val_accuracy"][20:].mean() + 0.05


def test_momentum_stands_in_the_table_with_sgd_alone(tmp_path):
    table, _, _ = quick_search(tmp_path, trials=20)

    assert (table["momentum"].notna() == (table["optimizer"] == "sgd")).all()


def test_finalists_are_tried_again_with_other_seeds(tmp_path):
    table, best, _ = quick_search(tmp_path, trials=10, repeats=3)
    repeated = table[table["repeats"].notna()]

    assert len(repeated) == 3
    assert (repeated["repeats"] == 3).all()
    assert (repeated["lowest"] < repeated["mean"]).all()
    assert (repeated["mean"] < repeated["highest"]).all()
    (chosen,) = table[table["best"]].to_dict("records")
    assert chosen["mean"] == repeated["mean"].max()
    assert best["learning_rate"] == chosen["learning_rate"]
    assert len(table) == 10


def test_trials_of_another_space_are_kept_said_and_not_counted(tmp_path):
    quick_search(tmp_path, trials=4)
    table, _, said = quick_search(tmp_path, trials=2, identity="other")

    assert len(table) == 2
    assert said == [
        "The store holds 4 trials of mlp from earlier searches, of other images, another space or other settings. They "
        "are kept and do not count."
    ]


class TestFailures:
    @staticmethod
    def failing(monkeypatch, error, when=lambda chosen: True):
        monkeypatch.setattr(module, "fit", quick_fit(fail=lambda chosen: error if when(chosen) else None))

    def test_are_recorded_with_their_reason_and_skipped(self, tmp_path, monkeypatch):
        self.failing(monkeypatch, TrialError("training.not_a_number", epoch=1), lambda chosen: chosen["units"] == 32)
        table, best, _ = quick_search(tmp_path, trials=12, pruning="none")

        failed = table["reason"].notna()
        assert failed.any()
        assert (failed == (table["units"] == 32)).all()
        assert table["reason"][failed].str.contains("no longer a number in epoch 1").all()
        assert table["val_accuracy"][failed].isna().all()
        assert best["units"] != 32

    @pytest.mark.parametrize("error", [MemoryError(), "tensorflow"])
    def test_for_want_of_memory_say_what_to_make_smaller(self, tmp_path, monkeypatch, error):
        import tensorflow as tf

        given = tf.errors.ResourceExhaustedError(None, None, "OOM") if error == "tensorflow" else error
        self.failing(monkeypatch, given, lambda chosen: chosen["learning_rate"] > 0.03)
        table, _, _ = quick_search(tmp_path, trials=12)

        reasons = set(table["reason"].dropna())
        assert reasons == {
            "Memory ran out with 64 images of 8×8 pixels a batch. Try a smaller batch_size, or a smaller network."
        }

    def test_of_one_cause_three_times_in_a_row_end_the_search_in_one_sentence(self, tmp_path, monkeypatch):
        self.failing(monkeypatch, TrialError("training.not_a_number", epoch=2))
        with pytest.raises(CnnprojError) as caught:
            quick_search(tmp_path)

        assert str(caught.value) == (
            "The search for mlp stopped: 3 trials in a row failed for the same cause. The last one: The loss was no "
            "longer a number in epoch 2: the learning rate is probably too high. Change [models.mlp] in project.toml, "
            "or what the reason names, and run again."
        )
        assert not (tmp_path / "best.json").exists()

    def test_of_different_causes_do_not(self, tmp_path, monkeypatch):
        errors = [MemoryError(), TrialError("training.not_a_number", epoch=1)] * 2
        inner, count = quick_fit(), iter(range(100))

        def fit(*given, **how):
            number = next(count)
            if number < 4:
                raise errors[number]
            return inner(*given, **how)

        monkeypatch.setattr(module, "fit", fit)
        table, _, _ = quick_search(tmp_path, trials=6)

        assert table["reason"].notna().tolist() == [True] * 4 + [False] * 2

    def test_that_no_trial_caused_are_not_hidden(self, tmp_path, monkeypatch):
        self.failing(monkeypatch, ZeroDivisionError("a mistake of ours"))
        with pytest.raises(ZeroDivisionError, match="a mistake of ours"):
            quick_search(tmp_path)


class TestTheStore:
    def test_that_is_none_is_refused_and_left(self, tmp_path):
        (tmp_path / "trials.db").write_text("My own notes, not a database at all. " * 40)
        before = (tmp_path / "trials.db").read_bytes()
        with pytest.raises(CnnprojError, match=r"trials.db cannot be used: .*not a database"):
            quick_search(tmp_path)

        assert (tmp_path / "trials.db").read_bytes() == before

    def test_of_another_version_of_optuna_is_refused_in_a_sentence(self, tmp_path):
        quick_search(tmp_path, trials=1)
        with sqlite3.connect(tmp_path / "trials.db") as database:
            database.execute("UPDATE alembic_version SET version_num = 'v0.0.1'")
        with pytest.raises(CnnprojError, match=r"trials.db cannot be used"):
            quick_search(tmp_path, trials=1)

    def test_stays_small(self, tmp_path):
        quick_search(tmp_path, trials=100, epochs=5)

        assert sum(path.stat().st_size for path in tmp_path.rglob("*")) < 5e6

    def test_is_searched_by_one_process_at_a_time(self, tmp_path):
        with start(tmp_path, 4, 0.5) as process:
            process.stdout.readline()
            with pytest.raises(CnnprojError, match=r"Another process searches mlp in .*storage"):
                quick_search(tmp_path)
            process.kill()


def start(folder: Path, trials: int, seconds: float, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.tuning.quick", str(folder), str(trials), str(seconds), *more]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_a_search_that_is_killed_goes_on_and_ends_as_if_it_had_not_been(tmp_path):
    draw = np.random.default_rng(0)
    for _ in range(2):
        with start(tmp_path / "killed", 8, 0.02) as process:
            for _ in range(int(draw.integers(1, 9))):
                process.stdout.readline()
            time.sleep(draw.uniform(0, 0.03))
            process.kill()
    table, best, said = quick_search(tmp_path / "killed")
    whole, expected, _ = quick_search(tmp_path / "whole")

    same(table, whole)
    assert best == expected
    assert said == []


def test_interrupted_by_the_user_the_trial_is_done_again(tmp_path, monkeypatch):
    inner, count = quick_fit(), iter(range(100))

    def fit(*given, **how):
        if next(count) == 3:
            raise KeyboardInterrupt
        return inner(*given, **how)

    monkeypatch.setattr(module, "fit", fit)
    with pytest.raises(KeyboardInterrupt):
        quick_search(tmp_path / "one")
    table, _, _ = quick_search(tmp_path / "one")
    monkeypatch.setattr(module, "fit", quick_fit())
    whole, _, _ = quick_search(tmp_path / "two")

    same(table, whole)


def test_optunas_dashboard_finds_studies_with_their_trials(tmp_path):
    import optuna

    quick_search(tmp_path, trials=6)
    (study,) = optuna.get_all_study_summaries(f"sqlite:///{tmp_path / 'trials.db'}")
    trials = optuna.load_study(study_name=study.study_name, storage=f"sqlite:///{tmp_path / 'trials.db'}").trials

    assert study.study_name.startswith("mlp ")
    assert len(trials) == 6
    assert all(trial.intermediate_values for trial in trials)


def test_what_is_searched_is_written_as_plain_files(tmp_path):
    table, best, _ = quick_search(tmp_path, space={**SPACE, "dropout": Range(0.0, 0.5), "depth": Choice(1)})

    assert {"trial", "val_accuracy", "epochs", "pruned", "best", "reason", "dropout"} <= set(table)
    assert best == json.loads((tmp_path / "best.json").read_text())
    assert best["depth"] == 1
