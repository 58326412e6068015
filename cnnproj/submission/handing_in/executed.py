"""Executed notebooks: on which results, from top to bottom, and without an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnproj.run import Run
from cnnproj.stages import REPORT
from cnnproj.submission.handing_in.checklist import Missing
from cnnproj.submission.opening.limits import shown

# Where an executed notebook says, in its metadata, which results there were when it came to its end.
STAMP = "cnnproj"


def results(record: Run) -> dict[str, str]:
    """A digest of what each stage has written, by its name: the state that a notebook is executed on.

    The report is none of them: it tells of the others, and words of the student's alone change it.
    """
    return {stage: record.output_digest(stage) for stage in record.manifest.stages if stage != REPORT}


def notebook_faults(notebooks: Mapping[str, Mapping[str, Any]], record: Run) -> list[Missing]:
    """What is wrong with executed ``notebooks``.

    Each must have been executed to its end, every cell once from top to bottom, without an error, on results that are
    still those of the run; what the run has come to after that is of no account.

    Args:
        notebooks: of format 4, as plain JSON, by file name.
        record: of the run that they are about.
    """
    if not notebooks:
        return [Missing("no_notebooks")]
    now = results(record)
    found = {name: _fault(name, notebook, now) for name, notebook in sorted(notebooks.items())}
    together = [
        Missing(sentence, {"notebooks": ", ".join(names)})
        for sentence in ("not_executed", "other_results")
        if (names := [name for name, fault in found.items() if fault == sentence])
    ]
    return [*(fault for fault in found.values() if isinstance(fault, Missing)), *together]


def _fault(name: str, notebook: Mapping[str, Any], now: Mapping[str, str]) -> Missing | str | None:
    """The first thing that is wrong; only its name where it can be told of many notebooks at once."""
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(code, start=1):
        for output in cell.get("outputs", []):
            if output.get("output_type") == "error":
                reason = shown(f"{output.get('ename')}: {output.get('evalue')}", 200)
                return Missing("shows_error", {"notebook": name, "cell": number, "reason": reason})
    counts = [cell.get("execution_count") for cell in code if "".join(cell["source"]).strip()]
    then = notebook.get("metadata", {}).get(STAMP)
    if not isinstance(then, dict) or None in counts:
        return "not_executed"
    for expected, count in enumerate(counts, start=1):
        if count != expected:
            return Missing("out_of_order", {"notebook": name, "count": count, "expected": expected})
    return "other_results" if any(now.get(stage) != digest for stage, digest in then.items()) else None
