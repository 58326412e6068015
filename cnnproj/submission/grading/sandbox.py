"""A worker process for strangers' files: started, asked, watched, and ended when it takes too long or too much."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cnnproj.errors import CnnprojError

PROGRAM = ("-m", "cnnproj.submission.grading.worker")
GIB = 2**30
LONGEST_ANSWER = 2**24  # characters
WATCH = 0.2  # seconds between two looks at a worker's memory
# What TensorFlow's libraries take of the memory without its being data; measured: 0.45 GiB.
LIBRARIES = GIB // 2
KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")  # of the environment


@dataclass(frozen=True)
class Allowance:
    """What one submission may take of a worker.

    Attributes:
        seconds: for one job, by the clock.
        memory: bytes, of the whole worker.
        file_size: bytes of a file that it writes.
        jobs: after how many jobs a new worker takes over.
    """

    seconds: int = 180
    memory: int = 2 * GIB
    file_size: int = GIB
    jobs: int = 100


def allow(memory: float, seconds: int) -> Allowance:
    """At most ``memory`` GiB and ``seconds`` for a submission."""
    return Allowance(seconds=seconds, memory=int(memory * GIB))


class WorkerFailed(CnnprojError):
    """A worker was ended, or ended by itself, before it had answered."""


class Worker:
    """A confined process that does one job after another; a new one takes over where it fails or has grown.

    One thread asks at a time. It starts when it is first asked, in an empty home and a folder of its own, and is gone
    when nobody holds it any more.

    Args:
        allowance: what a job may take.
        program: what Python runs, which must ``serve``.
    """

    def __init__(self, allowance: Allowance | None = None, program: Sequence[str] = PROGRAM) -> None:
        self.allowance = allowance or Allowance()
        self.program = tuple(program)
        self.protection: dict[str, bool] = {}
        self.peak = 0  # bytes, of all processes so far
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[bytes] = queue.Queue()
        self._asked = 0
        self._end: weakref.finalize[..., Any] | None = None

    def ask(self, job: str, **given: Any) -> Any:
        """What ``job`` returns for ``given``; all of it plain.

        Raises:
            CnnprojError: as the job raised it.
            WorkerFailed: where the job took too long or too much, crashed, or answered with nonsense.
        """
        try:
            answer = self._ask(job, given)
        except WorkerFailed:
            self.close()
            raise
        if self._asked >= self.allowance.jobs or self._size() > self.allowance.memory * 3 // 4:
            self.close()
        if "refused" in answer:
            raise CnnprojError(answer["refused"], **answer["values"])
        return answer["done"]

    def close(self) -> None:
        """End the process and what it has started, and remove its folder."""
        if self._end is not None:
            self._end()
        self._process = self._end = None

    def _ask(self, job: str, given: dict[str, Any]) -> dict[str, Any]:
        process = self._process or self._start()
        self._asked += 1
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps({"job": job, "given": given}).encode() + b"\n")
            process.stdin.flush()
        except OSError:
            raise WorkerFailed("grading.worker.ended", code=process.wait()) from None
        return self._answer(process)

    def _start(self) -> subprocess.Popen[bytes]:
        allowance = self.allowance
        folder = Path(tempfile.mkdtemp(prefix="cnnproj-worker-"))
        data = max(allowance.memory - LIBRARIES, allowance.memory // 2)
        bounds = (data, allowance.seconds * allowance.jobs * (os.cpu_count() or 1), allowance.file_size)
        with (folder / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", "-X", "utf8", *self.program, str(folder), *map(str, bounds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=folder,
                env=_environment(folder),
                start_new_session=True,
            )
        self._process, self._answers, self._asked = process, queue.Queue(), 0
        self._end = weakref.finalize(self, _end, process, folder)
        threading.Thread(target=_listen, args=(process.stdout, self._answers), daemon=True).start()
        self.protection = self._answer(process)
        return process

    def _answer(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        until = time.monotonic() + self.allowance.seconds
        while True:
            try:
                line = self._answers.get(timeout=WATCH)
            except queue.Empty:
                if time.monotonic() > until:
                    raise WorkerFailed("grading.worker.too_long", seconds=self.allowance.seconds) from None
                if self._size() > self.allowance.memory:
                    raise self._too_large() from None
                continue
            self._size()
            if not line:
                raise WorkerFailed("grading.worker.ended", code=process.wait())
            try:
                answer = json.loads(line)
            except (ValueError, RecursionError):
                answer = None
            if not isinstance(answer, dict):
                raise WorkerFailed("grading.worker.nonsense")
            if "too_large" in answer:
                raise self._too_large()
            if "failed" in answer:
                raise WorkerFailed("grading.worker.failed", reason=answer["failed"])
            return answer

    def _too_large(self) -> WorkerFailed:
        return WorkerFailed("grading.worker.too_large", memory=f"{self.allowance.memory / GIB:g}")

    def _size(self) -> int:
        """Bytes of memory that the worker has now, where the system tells; the most so far is kept."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text() if self._process else ""
        except OSError:
            return 0
        sizes = dict(line.split(":", 1) for line in status.splitlines())
        now, most = (int(sizes.get(name, "0").split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
        self.peak = max(self.peak, most)
        return now


def _environment(folder: Path) -> dict[str, str]:
    """All that a worker knows of its user's environment: where programs and modules are."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    places = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "KERAS_HOME", "MPLCONFIGDIR"), str(folder))
    modules = os.pathsep.join(path for path in sys.path if path and Path(path).is_absolute())
    return {**kept, **places, "PYTHONPATH": modules, "LANG": "C.UTF-8", "TF_CPP_MIN_LOG_LEVEL": "3"}


def _listen(stream: IO[bytes], answers: queue.Queue[bytes]) -> None:
    """Hand on a worker's lines, then an empty one; one that is too long is cut, and is no JSON any more."""
    while line := stream.readline(LONGEST_ANSWER):
        answers.put(line)
    answers.put(b"")


def _end(process: subprocess.Popen[bytes], folder: Path) -> None:
    """End a worker with all that it has started, and remove its folder."""
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):  # what was still to be written to it is lost with it
                stream.close()
    shutil.rmtree(folder, ignore_errors=True)
