"""All checks of a submission but training again. Nothing here, or below it, can train; nothing of it is executed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cnnproj.submission.finding import CHECKS, REPRODUCIBLE, Finding, Result, Tally, Unchecked, run_check
from cnnproj.submission.opening.limits import Unreadable
from cnnproj.submission.opening.opened import Submission
from cnnproj.submission.verification.checks.assignment import check_assignment, check_notebooks
from cnnproj.submission.verification.checks.files import check_contents, check_record
from cnnproj.submission.verification.checks.heatmaps import check_heatmaps
from cnnproj.submission.verification.checks.images import check_data, check_split
from cnnproj.submission.verification.checks.networks import check_choice, check_validation, check_weights
from cnnproj.submission.verification.checks.report import check_report
from cnnproj.submission.verification.checks.test_part import check_openings, check_predictions, check_scores
from cnnproj.submission.verification.checks.training import check_search, check_training
from cnnproj.submission.verification.evidence import Evidence
from cnnproj.submission.verification.segmentation import heatmaps, predictions, report, scores
from cnnproj.submission.verification.segmentation.evidence import SegmentationEvidence
from cnnproj.tasks import Task

Check = Callable[[Evidence, Tally], Iterator[Finding]]
# Those of classification …
_CHECKS: Mapping[str, Check] = {
    "contents": check_contents,
    "assignment": check_assignment,
    "notebooks": check_notebooks,
    "record": check_record,
    "data": check_data,
    "split": check_split,
    "search": check_search,
    "training": check_training,
    "weights": check_weights,
    "validation": check_validation,
    "choice": check_choice,
    "test_openings": check_openings,
    "predictions": check_predictions,
    "scores": check_scores,
    "heatmaps": check_heatmaps,
    "report": check_report,
}
# … and of each task: where pixels have classes, five of them look at masks.
CHECKS_OF: Mapping[Task, Mapping[str, Any]] = {
    "classification": _CHECKS,
    "segmentation": {
        **_CHECKS,
        "validation": predictions.check_validation,
        "predictions": predictions.check_predictions,
        "scores": scores.check_scores,
        "heatmaps": heatmaps.check_heatmaps,
        "report": report.check_report,
    },
}


def evidence_of(submission: Submission, references: Sequence[Path]) -> Evidence:
    """The evidence on ``submission``, by its task; see ``verify``."""
    kind = SegmentationEvidence if submission.task == "segmentation" else Evidence
    return kind(submission, references)


def verify(submission: Submission, references: Sequence[Path]) -> list[Result]:
    """Every check of ``submission`` but training again, in the order of ``CHECKS``.

    Args:
        submission: opened.
        references: the folders that ``prepare`` has made of the assistant's own images; there may be none.
    """
    return verify_evidence(evidence_of(submission, references))


def verify_evidence(evidence: Evidence) -> list[Result]:
    """See ``verify``; what was found out on the way stays in ``evidence``."""
    told: set[str] = set()
    checks = CHECKS_OF[evidence.submission.task]
    return [do(check, checks[check], evidence, told) for check in CHECKS if check not in REPRODUCIBLE]


def do(check: str, work: Check, evidence: Evidence, told: set[str]) -> Result:
    """Do one check. What a file is not that it must be is told once, by the first check that needs it."""
    return run_check(check, partial(_guarded, work, evidence, told))


def _guarded(work: Check, evidence: Evidence, told: set[str], tally: Tally) -> Iterator[Finding]:
    try:
        yield from work(evidence, tally)
    except Unreadable as fault:
        if str(fault) in told:
            raise Unchecked("verification.unchecked.unreadable", reason=str(fault)) from None
        told.add(str(fault))
        yield Finding("missing", "unreadable", {"reason": str(fault)})
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Files each of which is as it must be can still contradict each other in ways that nobody has thought of.
        reason = f"{type(error).__name__}: {error}"[:200]
        raise Unchecked("verification.unchecked.contradiction", reason=reason) from error
