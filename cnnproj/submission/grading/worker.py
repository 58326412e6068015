"""The process in which a stranger's files are read: confined, without the user's environment, one job after another.

    python -P -m cnnproj.submission.grading.worker FOLDER MEMORY SECONDS FILE_SIZE

It answers on its standard output, a line of JSON for each on its standard input: what ``sandbox.Worker`` talks to.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cnnproj.submission.grading.confinement import confine

Jobs = Mapping[str, Callable[..., Any]]


def want(path: str, language: str) -> dict[str, Any]:
    """What images the submission at ``path`` asks for, and with how many threads its networks were trained."""
    from cnnproj.submission.opening.opened import open_submission
    from cnnproj.submission.verification.reference import wanted
    from cnnproj.words import speaking

    with speaking(language), open_submission(Path(path)) as submission:
        images = wanted(submission).model_dump(mode="json")
        return {"wanted": images, "threads": submission.settings.training.threads}


def check(path: str, references: Sequence[str], again: bool, threads: int, language: str) -> dict[str, Any]:
    """The verdict on the submission at ``path``, as plain values."""
    from cnnproj.runtime import start_tensorflow
    from cnnproj.submission.opening.opened import open_submission
    from cnnproj.submission.verification.judge import judge
    from cnnproj.words import speaking

    start_tensorflow(threads)
    import keras

    try:
        with speaking(language), open_submission(Path(path)) as submission:
            verdict = judge(submission, [Path(folder) for folder in references], retrained=again)
            return verdict.model_dump(mode="json")
    finally:
        keras.backend.clear_session()  # nothing of this submission stays for the next


JOBS: Jobs = {"want": want, "check": check}


def serve(jobs: Jobs) -> None:
    """Confine this process, say what holds, then do ``jobs`` as they are asked for, until nobody asks any more.

    A line that asks has ``job`` and ``given`` (its arguments). The answer has ``done`` (what the job returned, plain),
    ``refused`` (a sentence's key and ``values``, where it raised an error for the user), ``too_large`` (there was no
    memory left) or ``failed`` (a mistake of ours, in one line).
    """
    folder, *bounds = sys.argv[1:]
    memory, seconds, file_size = map(int, bounds)
    # A stranger's text may have halves of letters in it, which no file takes: they become question marks here.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    os.dup2(2, 1)  # whatever a library prints goes to the log, not among the answers
    tempfile.tempdir = folder
    _answer(answers, confine(Path(folder), memory=memory, seconds=seconds, file_size=file_size))
    for line in sys.stdin:
        asked = json.loads(line)
        _answer(answers, _do(jobs[asked["job"]], asked["given"]))


def _do(job: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    from cnnproj.errors import CnnprojError

    try:
        return {"done": job(**given)}
    except CnnprojError as error:
        return {"refused": error.sentence, "values": error.values}
    except MemoryError:
        return {"too_large": True}
    except Exception as error:  # a mistake of ours must not stop a class from being graded
        return {"failed": f"{type(error).__name__}: {error}"[:500]}


def _answer(stream: Any, answer: Mapping[str, Any]) -> None:
    stream.write(json.dumps(answer, default=str, ensure_ascii=False) + "\n")
    stream.flush()


if __name__ == "__main__":
    serve(JOBS)
