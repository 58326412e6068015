"""Whether all is there that the assignment asks for, and the notebooks were executed in order on the saved state."""

from __future__ import annotations

from collections.abc import Iterator

from cnnproj.submission.finding import Finding, Tally
from cnnproj.submission.handing_in.checklist import Missing, missing
from cnnproj.submission.handing_in.executed import notebook_faults
from cnnproj.submission.verification.evidence import Evidence


def check_assignment(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """What the assignment asks for, by what is in the files."""
    submission = evidence.submission
    submission.require("models/*", "evaluation/*", "interpretation/*")
    yield from map(_finding, missing(submission.settings, evidence.run))
    tally.add(len(submission.files))


def check_notebooks(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """Whether each notebook was executed to its end, from top to bottom, on results that are still those of the run."""
    submission = evidence.submission
    submission.require("run.json")
    notebooks = submission.notebooks
    yield from map(_finding, notebook_faults(notebooks, evidence.run))
    tally.add(len(notebooks))


def _finding(one: Missing) -> Finding:
    return Finding("missing" if one.essential else "note", "missing", {"what": str(one)})
