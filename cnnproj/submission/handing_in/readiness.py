"""How far a project is from being handed in, and its last steps: the notebooks executed, the report written."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnnproj.errors import CnnprojError
from cnnproj.files import digest
from cnnproj.notebooks import folder_of, latest, originals, run_notebooks
from cnnproj.project import Project
from cnnproj.stages import REPORT, title
from cnnproj.submission.handing_in.checklist import Missing, missing
from cnnproj.submission.handing_in.executed import notebook_faults
from cnnproj.words import say

# What ``finish`` makes, each with what is said of it while other things are missing.
LAST: Mapping[str, str] = {
    "no_report": "report_due",
    "old_report": "report_due",
    "not_executed": "notebooks_due",
    "other_results": "notebooks_due",
    "out_of_order": "notebooks_due",
    "shows_error": "notebooks_due",
}


def shortcomings(project: Project) -> list[Missing]:
    """All that is missing: in the settings, the run and the notebooks.

    Raises:
        CnnprojError: where a file of the run is no longer as the run wrote it.
    """
    recorded = outputs(project)
    for path in sorted(recorded):
        file = project.record.folder / path
        if file.is_file() and digest(file) != recorded[path]:
            raise CnnprojError("submission.altered", path=file)
    return [*_not_done(project), *missing(project.settings, project.record), *_faults_of_notebooks(project)]


def _not_done(project: Project) -> list[Missing]:
    undone = [status for status in project.status() if status.state != "done"]
    before = [status for status in undone if status.stage != REPORT]
    if before:
        first = {"stage": title(before[0].stage), "reason": "; ".join(before[0].reasons[:3])}
        return [Missing("not_done", {"n": len(before), **first})]
    return [Missing("old_report")] if undone and (project.record.folder / "report.html").is_file() else []


def _faults_of_notebooks(project: Project) -> list[Missing]:
    numbered = {path.name: latest(path, project) for path in originals(project)}
    unnumbered = {path.name for path in folder_of(project).glob("[!0-9]*.ipynb")}
    faults = notebook_faults(numbered, project.record)
    return faults + [Missing("unnumbered", {"notebook": name}) for name in sorted(unnumbered)]


def outputs(project: Project) -> dict[str, str]:
    """All that the stages of the project as it is now have written, by path, with its digest."""
    recorded = project.record.manifest.stages
    known = [recorded[stage].outputs for stage in sorted(_with_all_before(project, REPORT)) if stage in recorded]
    return {path: value for written in known for path, value in written.items()}


def _with_all_before(project: Project, stage: str) -> set[str]:
    return {stage}.union(*(_with_all_before(project, before) for before in project.stages.before(stage)))


def is_ready(found: list[Missing], *, incomplete: bool) -> bool:
    """Whether only the last steps are left, or with ``incomplete`` whether they can be done: without any training."""
    if incomplete:
        return not any(one.sentence == "not_done" for one in found)
    return all(one.sentence in LAST for one in found if one.essential)


def what_comes_last(found: list[Missing]) -> list[Missing]:
    """``found``, with what ``finish`` will make said as such."""
    left = {str(one): one for one in (Missing(LAST.get(one.sentence, one.sentence), one.values) for one in found)}
    return list(left.values())


def finish(project: Project, *, incomplete: bool, announce: Callable[[str], None]) -> None:
    """Execute the notebooks that were not executed on the results that there are, and write the report.

    Raises:
        CnnprojError: where a notebook fails; with ``incomplete`` it is told alone.
    """
    record = project.record
    due = [path for path in originals(project) if notebook_faults({path.name: latest(path, project)}, record)]
    try:
        if due:
            announce(say("submission.executing", n=len(due), names=", ".join(path.stem for path in due)))
            run_notebooks(project, due)
    except CnnprojError as error:
        if not incomplete:
            raise
        announce(str(error))
    if project.stages.is_done(REPORT):
        return
    announce(say("project.starting", stage=title(REPORT)))
    project.report()
