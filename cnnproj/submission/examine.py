"""One submission from zip to verdict: a worker reads it, the trusted process reads the images that it is held against."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cnnproj.data.sources import open_source
from cnnproj.errors import CnnprojError
from cnnproj.files import digest, write_text
from cnnproj.submission.reference import Wanted, prepare
from cnnproj.submission.sandbox import Allowance, Worker
from cnnproj.submission.verdict import Verdict

CACHE, FILE, PAGE = "cache", "verdict.json", "verdict.html"


def examine(path: Path, sources: Sequence[str], cache: Path, worker: Worker, *, again: bool) -> Verdict:
    """The verdict on the submission at ``path``; whatever it does, there is one.

    Args:
        path: the zip.
        sources: the images that it is held against: see ``cnnproj.data.sources.open_source``.
        cache: the folder where they are kept as the submission wants them: decoded and resized.
        worker: in which all of the submission is read.
        again: whether the best network is trained again.

    Raises:
        CnnprojError: where the zip cannot be read from disk.
    """
    if not path.is_file():
        raise CnnprojError("grading.no_file", path=path)
    try:
        wanted = Wanted.model_validate(worker.ask("want", path=str(path.resolve())))
        references = [str(folder.resolve()) for folder in prepare(sources, wanted, cache)]
        return Verdict.model_validate(worker.ask("check", path=str(path.resolve()), references=references, again=again))
    except CnnprojError as error:
        return Verdict.refused_for(path, digest(path), str(error))


def verify_one(
    path: Path, sources: Sequence[str], folder: Path, allowance: Allowance, *, again: bool
) -> tuple[Verdict, Path]:
    """Examine one submission by itself and write the verdict to ``folder``; the verdict, and its page.

    Raises:
        CnnprojError: where there is no such file, or the images are not there.
    """
    for source in sources:
        open_source(source, Path(), seed=0)
    worker = Worker(allowance)
    try:
        verdict = examine(path, sources, folder / CACHE, worker, again=again)
    finally:
        worker.close()
    return verdict, write_verdict(verdict, folder)


def write_verdict(verdict: Verdict, folder: Path) -> Path:
    """Write ``verdict.json`` and its page to ``folder``; the path of the page."""
    from cnnproj.submission.pages import verdict_page

    write_text(folder / PAGE, verdict_page(verdict))
    write_text(folder / FILE, verdict.model_dump_json(indent=2) + "\n")
    return folder / PAGE
