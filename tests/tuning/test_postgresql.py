"""Several workers on one search in a real PostgreSQL server: each trial done once, whoever dies.

CNNPROJ_POSTGRESQL names a server, as postgresql://user@127.0.0.1:5432, whose user may create databases; PGPASSWORD
holds the password.
"""

import gc
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from cnnproj.errors import CnnprojError
from cnnproj.tuning import search as module
from cnnproj.tuning import study

from .quick import quick_fit, quick_search
from .test_search import ROOT, same

SERVER = os.environ.get("CNNPROJ_POSTGRESQL", "")
pytestmark = [
    pytest.mark.skipif(not SERVER, reason="CNNPROJ_POSTGRESQL names no server"),
    # Optuna's threads leave their connections to the garbage collector.
    pytest.mark.filterwarnings("ignore:Exception ignored in.*BaseConnection:pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:.*psycopg.Connection:ResourceWarning"),
]


def drawn(key):
    """What draws a trial."""
    return optuna.samplers.RandomSampler(seed=int(key))


@pytest.fixture
def database(request):
    """The address of a new database."""
    import psycopg

    name = f"cnnproj_{os.getpid()}_{abs(hash(request.node.name)) % 10**6}"
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield f"{SERVER}/{name}"
    gc.collect()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "fit", quick_fit())
    monkeypatch.setattr(module, "PATIENCE", 0.2)


def trials_of(database: str, folder: Path):
    import optuna

    with study._closing(study._database(database)) as storage:
        (name,) = optuna.get_all_study_names(storage)
        return optuna.load_study(study_name=name, storage=storage).trials


def worker(folder: Path, trials: int, seconds: float, database: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.tuning.quick", str(folder), str(trials), str(seconds), database]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_one_worker_does_what_it_does_with_a_file(tmp_path, database):
    shared, best, _ = quick_search(tmp_path / "shared", storage=database)
    alone, expected, _ = quick_search(tmp_path / "alone")

    same(shared, alone)
    assert best == expected
    assert not (tmp_path / "shared" / "trials.db").exists()


def test_four_workers_of_which_one_is_killed_do_every_trial_once(tmp_path, database):
    workers = [worker(tmp_path / str(number), 24, 0.2, database) for number in range(4)]
    for _ in range(3):
        workers[0].stdout.readline()
    workers[0].kill()
    told = [one.communicate(timeout=300) for one in workers]

    assert [one.returncode for one in workers[1:]] == [0, 0, 0], told
    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    finished = [trial.user_attrs["key"] for trial in trials_of(database, tmp_path) if trial.state in ended]
    assert Counter(finished) == {str(key): 1 for key in range(1, 25)}
    tables = [(tmp_path / str(number) / "trials.csv").read_text() for number in (1, 2, 3)]
    assert tables[0] == tables[1] == tables[2]
    assert tables[0].count("\n") == 25
    assert all(text.count("\n") > 3 for text, _ in told[1:])  # each had its share


def test_workers_that_open_a_new_database_at_once_all_have_it(tmp_path, database):
    start = threading.Barrier(6)

    def open_it() -> int:
        start.wait()
        with study.open_trials(tmp_path, database, "mlp", "x") as trials:
            return trials.study._study_id

    with ThreadPoolExecutor(6) as pool:
        opened = [one.result() for one in [pool.submit(open_it) for _ in range(6)]]

    assert len(set(opened)) == 1


def test_two_that_ask_at_once_do_not_do_one_trial_twice(tmp_path, database):
    search = (tmp_path, database, "mlp", "x")
    with study.open_trials(*search) as one, study.open_trials(*search) as other:
        done = []

        def objective(trial, key):
            done.append(key)
            if len(done) == 1:  # while the first runs, the same trial is wanted again, and asked for
                one.study.enqueue_trial({}, user_attrs={"key": "1"})
                other.take({"1": {}, "2": {}}, drawn, objective)
            return 0.5

        wanted = {"1": {}, "2": {}}
        while one.take(wanted, drawn, objective):
            pass

    assert sorted(done) == ["1", "2"]
    assert sorted(one.done) == ["1", "2"]


def test_a_wrong_password_is_told_without_it_and_nothing_holds_the_right_one(tmp_path, database, monkeypatch):
    quick_search(tmp_path, storage=database, trials=2)
    secret = os.environ["PGPASSWORD"]
    assert all(secret.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    monkeypatch.setenv("PGPASSWORD", "open sesame")
    with pytest.raises(CnnprojError) as caught:
        quick_search(tmp_path, storage=database, trials=2)
    assert "password authentication failed" in str(caught.value)
    assert "open sesame" not in str(caught.value)


def test_a_server_that_is_not_there_is_told_in_a_sentence(tmp_path):
    address = "postgresql://nobody@127.0.0.1:9/nothing"
    with pytest.raises(CnnprojError, match=r"The trials in postgresql://nobody@127.0.0.1:9/nothing cannot be used"):
        quick_search(tmp_path, storage=address, trials=2)


def test_a_worker_that_slept_too_long_leaves_its_trial_to_the_one_that_took_it_over(tmp_path, database, monkeypatch):
    monkeypatch.setattr(study, "HEARTBEAT", 1)
    monkeypatch.setattr(study, "GRACE", 2)
    done = []
    search = (tmp_path, database, "mlp", "x")
    with study.open_trials(*search) as sleeper, study.open_trials(*search) as other:
        store = sleeper.study._storage._backend
        beat, beats = store.record_heartbeat, []
        # One heartbeat and no more, as in a machine that is put to sleep.
        monkeypatch.setattr(store, "record_heartbeat", lambda trial: beats or beats.append(beat(trial)))

        def sleep(trial, key):
            time.sleep(4)
            while other.take({"1": {}}, drawn, lambda trial, key: done.append(key) or 0.7):
                pass
            return 0.5

        sleeper.take({"1": {}}, drawn, sleep)

        assert done == ["1"]
        assert other.done["1"].value == 0.7
