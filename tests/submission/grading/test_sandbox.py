"""A worker answers, is confined, and is ended with all it has started when it takes too long or too much."""

import gc
import os
import socket
import sys
import time
from pathlib import Path

import pytest

from cnnproj.errors import CnnprojError
from cnnproj.submission.grading.sandbox import GIB, Allowance, Worker, WorkerFailed

PROGRAM = (str(Path(__file__).with_name("jobs.py")),)
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="confinement is Linux's")


@pytest.fixture
def worker():
    """A worker with half a GiB and two seconds for a job."""
    made = Worker(Allowance(seconds=2, memory=GIB // 2, file_size=2**20), PROGRAM)
    yield made
    made.close()


def failed(worker: Worker, job: str, **given: object) -> str:
    with pytest.raises(WorkerFailed) as caught:
        worker.ask(job, **given)
    return caught.value.sentence


def is_alive(group: int) -> bool:
    """Whether a process of ``group`` runs; one that is dead and was not yet fetched does not."""
    stats = (path.read_text().rpartition(")")[2].split() for path in Path("/proc").glob("[0-9]*/stat"))
    return any(int(stat[2]) == group and stat[0] != "Z" for stat in stats)


def test_one_process_does_one_job_after_another(worker):
    assert [worker.ask("echo", value=value) for value in (1, "two", None)] == [1, "two", None]
    assert worker.ask("number") == worker.ask("number") != os.getpid()


def test_what_a_job_prints_is_not_taken_for_an_answer(worker):
    assert worker.ask("chatter") is None
    assert worker.ask("echo", value=1) == 1


def test_an_error_for_the_user_arrives_as_it_was_raised(worker):
    with pytest.raises(CnnprojError) as caught:
        worker.ask("refuse")

    assert (caught.value.sentence, caught.value.values) == ("cli.no_language", {"code": "xx", "known": "en"})


def test_it_knows_nothing_of_its_user(worker, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "s3cret")
    seen = worker.ask("surroundings")

    assert "SECRET_TOKEN" not in seen["environment"]
    assert Path(seen["environment"]["HOME"]) != Path.home()
    assert seen["home"] == ["log.txt"]
    assert Path(seen["folder"]) == Path(seen["environment"]["TMPDIR"])
    assert seen["RLIMIT_CORE"] == 0


@needs_linux
def test_it_has_no_network_writes_only_in_its_folder_and_starts_nothing(worker, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        answers = {
            "network": worker.ask("connect", port=server.getsockname()[1]),
            "elsewhere": worker.ask("write", path=str(tmp_path / "x")),
            "its own": worker.ask("write", path="x"),
            "a large file": worker.ask("write", path="y", size=2**20 + 1),
            "a program": worker.ask("start_a_program"),
        }
    held = worker.protection

    assert held["limits"]
    assert answers["its own"] == "written"
    assert answers["a large file"] == "OSError"
    # Where the system does not let a process confine itself, it says so.
    assert (answers["network"] == "connected") != held["no_network"]
    assert (answers["elsewhere"] == "written") != held["no_writing"]
    assert (answers["a program"] == "hello\n") != held["no_writing"]


@pytest.mark.parametrize(
    ("job", "sentence"),
    [
        ("crash", "grading.worker.ended"),
        ("mistake", "grading.worker.failed"),
        ("nonsense", "grading.worker.nonsense"),
        ("eat_bit_by_bit", "grading.worker.too_large"),
        ("sleep", "grading.worker.too_long"),
    ],
)
def test_a_worker_that_fails_is_told_and_another_takes_over(worker, job, sentence):
    before = worker.ask("number")
    start = time.monotonic()

    assert failed(worker, job) == sentence
    assert time.monotonic() - start < 5
    assert worker.ask("number") != before


def test_memory_asked_for_at_once_is_refused(worker):
    assert failed(worker, "eat", size=2 * GIB) == "grading.worker.too_large"
    assert worker.peak < GIB // 2


@needs_linux
def test_what_hangs_is_ended_with_its_helpers_and_its_folder(worker):
    folder = Path(worker.ask("surroundings")["folder"])
    group = worker.ask("number")

    assert failed(worker, "hang_with_a_helper") == "grading.worker.too_long"
    assert not is_alive(group)
    assert not folder.exists()


def test_a_new_worker_takes_over_after_some_jobs():
    worker = Worker(Allowance(jobs=2), PROGRAM)
    numbers = [worker.ask("number") for _ in range(4)]

    assert numbers[0] == numbers[1] != numbers[2] == numbers[3]


@needs_linux
def test_it_goes_when_nobody_holds_it_any_more():
    worker = Worker(program=PROGRAM)
    group = worker.ask("number")
    del worker
    gc.collect()

    assert not is_alive(group)
