"""One submission from zip to verdict: a worker reads it; the trusted process reads the images it is held against."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from cnnproj.errors import CnnprojError
from cnnproj.files import digest, write_text
from cnnproj.submission.grading.sandbox import PROGRAM, Allowance, Worker
from cnnproj.submission.verification.reference import Wanted, fingerprint_of, prepare
from cnnproj.submission.verification.verdict import Verdict, refusal
from cnnproj.words import language, say

CACHE, FILE, PAGE = "cache", "verdict.json", "verdict.html"


class Asked(BaseModel):
    """What a submission asks for, before it is examined: the images, and the threads that it was trained with."""

    wanted: Wanted
    threads: Annotated[int, Field(ge=1, le=1024)]


@dataclass(frozen=True)
class Terms:
    """How submissions are examined.

    Attributes:
        sources: the images that they are held against: see ``cnnproj.data.sources.open_source``.
        again: whether the best network is trained again.
        allowance: what one submission may take.
        threads: of TensorFlow; where the network is trained again, as many as it was trained with.
        program: of the workers.
    """

    sources: tuple[str, ...]
    again: bool = False
    allowance: Allowance = field(default_factory=Allowance)
    threads: int = 1
    program: tuple[str, ...] = PROGRAM

    def check_sources(self) -> list[str]:
        """A digest of each source.

        Raises:
            CnnprojError: where one is not there, or not what it must be.
        """
        return [fingerprint_of(source) for source in self.sources]


def examine(path: Path, cache: Path, terms: Terms, worker: Worker) -> Verdict:
    """The verdict on the submission at ``path``: whatever it does, there is one.

    Args:
        path: the zip.
        cache: the folder where the images are kept, decoded and resized as submissions want them.
        terms: how it is examined.
        worker: in which all of it is read.

    Raises:
        CnnprojError: where there is no such file.
    """
    if not path.is_file():
        raise CnnprojError("grading.no_file", path=path)
    path = path.resolve()
    try:
        asked = Asked.model_validate(worker.ask("want", path=str(path), language=language()))
        references = [str(folder.resolve()) for folder in prepare(terms.sources, asked.wanted, cache)]
        if terms.again:
            worker.close()  # the number of threads cannot be changed in a process that has started
        threads = asked.threads if terms.again else terms.threads
        given = {"references": references, "again": terms.again, "threads": threads}
        return Verdict.model_validate(worker.ask("check", path=str(path), language=language(), **given))
    except ValidationError:  # a worker of ours would not say this
        reason = say("grading.worker.nonsense")
    except CnnprojError as error:
        reason = str(error).replace(str(path), path.name)  # students read it too
    sayable = [text.encode("utf-8", "replace").decode() for text in (path.name, reason)]
    return refusal(Path(sayable[0]), sayable[1], digest(path))


def examine_one(path: Path, folder: Path, terms: Terms) -> tuple[Verdict, Path]:
    """Examine the submission at ``path`` by itself and write what came of it to ``folder``; the verdict and its page.

    Raises:
        CnnprojError: where there is no such file, or the images are not there.
    """
    terms.check_sources()
    worker = Worker(terms.allowance, terms.program)
    try:
        verdict = examine(path, folder / CACHE, terms, worker)
    finally:
        worker.close()
    return verdict, write_verdict(verdict, folder)


def write_verdict(verdict: Verdict, folder: Path) -> Path:
    """Write ``verdict.json`` and its page to ``folder``; the path of the page."""
    from cnnproj.submission.grading.pages import verdict_page

    write_text(folder / PAGE, verdict_page(verdict))
    verdict.save(folder / FILE)
    return folder / PAGE


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
