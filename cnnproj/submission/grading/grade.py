"""A class: all its submissions examined side by side, then marked, compared and written up.

OUTPUT/
    grades.csv          a row a student: Moodle's grading worksheet
    canvas.csv          where there are students of Canvas: its gradebook
    similarity.csv      what submissions have in common
    class.html          all of it to look at
    feedback/           a page for each student, called so that Moodle and Canvas know whose it is
    verdicts/<key>/     verdict.json and verdict.html of each submission; the key is a digest of all that decides them
    cache/              the images, as the submissions want them
"""

from __future__ import annotations

import csv
import io
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cnnproj import __version__
from cnnproj.errors import CnnprojError
from cnnproj.files import digest, write_text
from cnnproj.progress import Progress
from cnnproj.run import fingerprint
from cnnproj.settings import Settings
from cnnproj.submission.finding import Level
from cnnproj.submission.grading.examine import CACHE, FILE, PAGE, Terms, examine, processors, write_verdict
from cnnproj.submission.grading.gradebook import Entry, defused, write_canvas, write_gradebook
from cnnproj.submission.grading.names import HandedIn, find_submissions
from cnnproj.submission.grading.pages import Row, class_page, comment, feedback_page
from cnnproj.submission.grading.rubric import Mark, Rubric, mark
from cnnproj.submission.grading.sandbox import GIB, Worker
from cnnproj.submission.grading.similarity import Shared, Traits, shingles, similarities
from cnnproj.submission.verification.verdict import Verdict
from cnnproj.words import language, say, speaking

GRADES, CANVAS, SIMILARITY, CLASS = "grades.csv", "canvas.csv", "similarity.csv", "class.html"
FEEDBACK, VERDICTS = "feedback", "verdicts"
NUMBERED: tuple[Level, ...] = ("discrepancy", "missing", "look")  # of the findings of a student
LONGEST_NAME = 200  # bytes of a student's prefix in the name of a file


@dataclass(frozen=True)
class Graded:
    """A student's newest file, what was found of it, and what it earns."""

    handed_in: HandedIn
    key: str
    verdict: Verdict
    mark: Mark


def grade_class(
    folder: Path,
    output: Path,
    rubric: Rubric,
    terms: Terms,
    *,
    workers: int | None = None,
    backend: str = "threading",
    announce: Callable[[str], None] = print,
) -> list[Graded]:
    """Examine the newest submission of every student in ``folder``, and write all that comes of it to ``output``.

    What was examined before by the same version on the same terms is not examined again.

    Args:
        workers: how many are examined at once; as many as there are processors, or as the cluster has.
        backend: of joblib: ``threading``, or ``dask`` or ``ray`` for a cluster whose machines share the folders.
        announce: called with a line on what comes next.

    Raises:
        CnnprojError: where there is no submission, or the images are not there. A bad submission is no error.
    """
    images = terms.check_sources()
    handed_in = find_submissions(folder)
    keys = [_key(one.path, images, terms) for one in handed_in]
    done = {key: verdict for key in keys if (verdict := _read(output / VERDICTS / key)) is not None}
    todo = {key: one.path for key, one in zip(keys, handed_in, strict=True) if key not in done}
    announce(say("grading.class_found", n=len(handed_in), todo=len(todo)))
    with Progress(say("grading.progress"), len(done) + len(todo), done=len(done)) as progress:
        for key, verdict in _examine_all(todo, output / CACHE, terms, workers, backend):
            write_verdict(verdict, output / VERDICTS / key)
            done[key] = verdict
            progress.advance()
    graded = [Graded(one, key, done[key], _mark(done[key], rubric)) for one, key in zip(handed_in, keys, strict=True)]
    _write(graded, output, rubric, _how(terms))
    announce(say("grading.class_done", page=output / CLASS, grades=output / GRADES))
    return graded


# Examining ----------------------------------------------------------------------------------------------------------


def _key(path: Path, images: Sequence[str], terms: Terms) -> str:
    """A digest of all that decides the verdict on the zip at ``path``."""
    return fingerprint([path.name, digest(path), __version__, images, terms.again, str(terms.allowance), language()])


def _read(folder: Path) -> Verdict | None:
    """The verdict that was written to ``folder``, if it was written whole."""
    try:
        return Verdict.model_validate_json((folder / FILE).read_bytes()) if (folder / PAGE).is_file() else None
    except (OSError, ValueError):
        return None


def _examine_all(
    todo: Mapping[str, Path], cache: Path, terms: Terms, workers: int | None, backend: str
) -> Iterator[tuple[str, Verdict]]:
    """Each verdict as soon as it is there, with its key."""
    import joblib

    if not todo:
        return
    count = workers or (processors() if backend == "threading" else -1)
    with _cluster(backend), joblib.parallel_config(backend, n_jobs=count):
        pool = joblib.Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs")
        jobs = (joblib.delayed(_examine)(key, path, cache.resolve(), terms, language()) for key, path in todo.items())
        yield from pool(jobs)


@contextmanager
def _cluster(backend: str) -> Iterator[None]:
    """The cluster that the environment names, or one here, for as long as the block lasts.

    Raises:
        CnnprojError: where its library is not installed.
    """
    try:
        if backend == "dask":
            from distributed import Client, default_client

            try:
                default_client()
            except ValueError:
                with Client():  # its address is in DASK_SCHEDULER_ADDRESS
                    yield
                return
        elif backend == "ray":
            import ray
            from ray.util.joblib import register_ray

            ray.init(ignore_reinit_error=True)  # its address is in RAY_ADDRESS
            register_ray()
    except ImportError:
        raise CnnprojError("grading.no_cluster", backend=backend) from None
    yield


_here = threading.local()  # the worker of each thread that examines


def _examine(key: str, path: Path, cache: Path, terms: Terms, spoken: str) -> tuple[str, Verdict]:
    worker: Worker | None = getattr(_here, "worker", None)
    if worker is None or (worker.allowance, worker.program) != (terms.allowance, terms.program):
        worker = _here.worker = Worker(terms.allowance, terms.program)
    with speaking(spoken):
        return key, examine(path, cache, terms, worker)


# Marking and writing ------------------------------------------------------------------------------------------------


def _mark(verdict: Verdict, rubric: Rubric) -> Mark:
    states = {result.check: result.state for result in verdict.results}
    levels = {result.check: [finding.level for finding in result.findings] for result in verdict.results}
    return mark(states, levels, rubric)


def _write(graded: Sequence[Graded], output: Path, rubric: Rubric, how: Sequence[str]) -> None:
    similar = similarities([_traits(one.verdict) for one in graded], Settings().project.seed)
    rows, entries = [], []
    for one in graded:
        feedback = f"{_prefix(one.handed_in)}feedback.html"
        with speaking(one.verdict.language or None):
            page = feedback_page(one.handed_in.student.name, one.verdict, one.mark, rubric.assignment)
            said = comment(one.verdict)
        write_text(output / FEEDBACK / feedback, page)
        pages = (f"{VERDICTS}/{one.key}/{PAGE}", f"{FEEDBACK}/{quote(os.fsencode(feedback))}")
        rows.append(Row(one.handed_in.student.name, one.verdict, one.mark, *pages, notes=_notes(one)))
        outcome = say(f"grading.outcome.{one.verdict.outcome}")
        entries.append(Entry(one.handed_in, outcome, one.mark.grade, one.mark.given, one.mark.open, said))
    names = [row.student for row in rows]
    write_gradebook(output / GRADES, entries, rubric.points)
    if any(one.handed_in.student.system == "canvas" for one in graded):
        write_canvas(output / CANVAS, entries, rubric.assignment, rubric.points)
    _write_similar(output / SIMILARITY, similar, names)
    write_text(output / CLASS, class_page(rows, similar, rubric, names, how))


def _prefix(one: HandedIn) -> str:
    """What the name of a student's page begins with; a digest where it would be too long for a file."""
    return one.prefix if len(os.fsencode(one.prefix)) <= LONGEST_NAME else f"{fingerprint(one.prefix)}_"


def _notes(one: Graded) -> tuple[str, ...]:
    """What the page of the class says of a student: how much was found of each kind, and of the files."""
    levels = Counter(finding.level for result in one.verdict.results for finding in result.findings)
    found = [say(f"grading.number.{level}", n=levels[level]) for level in NUMBERED if levels[level]]
    late = [say("grading.class.late")] if one.handed_in.late else []
    older = [say("grading.class.older", n=len(one.handed_in.older))] if one.handed_in.older else []
    return (*([one.verdict.refused] if one.verdict.refused else []), *found, *late, *older)


def _traits(verdict: Verdict) -> Traits | None:
    facts = verdict.facts
    if facts is None:
        return None
    known = (facts.settings, facts.seed, facts.weights, facts.predictions, facts.trials)
    return Traits(*known, shingles(facts.prose))


def _write_similar(path: Path, similar: Sequence[Shared], names: Sequence[str]) -> None:
    """A row for each thing that some submissions share."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("same", "which", "share", "expected", "students"))
    for one in similar:
        students = "; ".join(names[place] for place in one.students)
        rows.writerow((one.kind, defused(one.what), f"{one.share:g}", one.expected, defused(students)))
    write_text(path, "\ufeff" + text.getvalue())


def _how(terms: Terms) -> list[str]:
    """How all of it was checked, in sentences."""
    allowance = terms.allowance
    bounds = {"memory": f"{allowance.memory / GIB:g}", "seconds": allowance.seconds}
    return [
        say("grading.how.version", version=__version__, sources=", ".join(terms.sources)),
        say("grading.how.bounds", **bounds),
        say("grading.how.again" if terms.again else "grading.how.not_again"),
        say("grading.page.limits"),
    ]
