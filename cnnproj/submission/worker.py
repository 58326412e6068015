"""The process in which a stranger's files are read: confined, without the user's environment, one job after another.

    python -P -m cnnproj.submission.worker FOLDER MEMORY SECONDS FILE_SIZE

It answers on its standard output, a line of JSON for each on its standard input: what ``sandbox.Worker`` talks to.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cnnproj.submission.confinement import confine

Jobs = Mapping[str, Callable[..., Any]]


def serve(jobs: Jobs) -> None:
    """Confine this process, say what holds, then do ``jobs`` as they are asked for, until nobody asks any more.

    A line that asks has ``job`` and ``given`` (its arguments). The answer has ``done`` (what the job returned, plain),
    ``refused`` (a sentence's key and ``values``, where it raised an error for the user), ``too_large`` (there was no
    memory left) or ``failed`` (a mistake of ours, in one line).
    """
    folder, *bounds = sys.argv[1:]
    memory, seconds, file_size = map(int, bounds)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
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
    stream.write(json.dumps(answer, default=str) + "\n")
    stream.flush()
