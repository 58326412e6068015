"""An honest submission's members, opened and checked one check at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from cnnproj.run import Run
from cnnproj.submission.finding import Result
from cnnproj.submission.handing_in.executed import STAMP, results
from cnnproj.submission.handing_in.pack import pack
from cnnproj.submission.opening.opened import open_submission
from cnnproj.submission.verification.evidence import Evidence
from cnnproj.submission.verification.reference import prepare, wanted
from cnnproj.submission.verification.verify import CHECKS_OF, do
from cnnproj.submission.verification.verify import evidence_of as kind_of_evidence

from ..conftest import listed, members_of


def honest_members(project: Path, name: str = "tiny") -> dict[str, bytes]:
    """All members of the finished project, with a notebook that was executed on its results."""
    members = members_of(project, name)
    cell = {"cell_type": "code", "source": "1 + 1", "execution_count": 1, "outputs": [], "metadata": {}}
    stamp = {STAMP: results(Run(project / "reports" / name))}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": stamp, "cells": [cell]}
    return listed({**members, "notebooks/01_data.ipynb": json.dumps(notebook).encode()}, name)


@contextmanager
def evidence_of(
    members: Mapping[str, bytes], sources: Sequence[str | Path], folder: Path, cache: Path
) -> Iterator[Evidence]:
    """The evidence on a submission with ``members``, packed into ``folder``."""
    target = folder / "submission.zip"
    pack(members, target)
    with open_submission(target) as submission:
        references = prepare([str(source) for source in sources], wanted(submission), cache)
        yield kind_of_evidence(submission, references)


def check(name: str, evidence: Evidence) -> Result:
    """One check alone."""
    return do(name, CHECKS_OF[evidence.submission.task][name], evidence, set())


def codes(result: Result, *levels: str) -> list[str]:
    """The keys of what was found, of ``levels`` or of all."""
    return [finding.sentence for finding in result.findings if not levels or finding.level in levels]
