"""Run a project's notebooks in order, each in a kernel of its own, and keep the executed copies in ``reports/``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from cnnproj.errors import CnnprojError
from cnnproj.files import write_text
from cnnproj.progress import Progress
from cnnproj.project import Project
from cnnproj.submission.handing_in.executed import STAMP, results
from cnnproj.words import language, say

# In the environment of a notebook that is being executed: its name.
EXECUTING = "CNNPROJ_EXECUTING"


def folder_of(project: Project) -> Path:
    """Where the project's notebooks are: ``notebooks/<language>/`` where there is such a folder, else ``notebooks/``.

    A project has its notebooks in its own language only; the checkout, which can be run as a project too, in all.
    """
    folder = project.notebooks
    own = folder / (project.settings.project.language or language())
    return own if own.is_dir() else folder


def originals(project: Project) -> list[Path]:
    """The project's notebooks, ``[0-9]*.ipynb`` in their folder, in their order; but for those of another task."""
    return [path for path in sorted(folder_of(project).glob("[0-9]*.ipynb")) if project.is_of_its_task(path)]


def copy_of(original: Path, project: Project) -> Path:
    """Where the executed copy of ``original`` is kept."""
    return project.record.folder / "notebooks" / original.name


def run_notebooks(project: Project, wanted: Sequence[Path] | None = None) -> list[Path]:
    """Execute the notebooks that are ``wanted``, or all ``originals``, from top to bottom.

    Returns:
        The executed copies, in ``reports/<name>/notebooks/``.

    Raises:
        CnnprojError: where there are none or one cannot be read; or naming the notebook and the cell that failed; the
            copy is kept up to there.
    """
    if wanted is None and not (wanted := originals(project)):
        raise CnnprojError("notebooks.none", folder=folder_of(project))
    copies = [copy_of(original, project) for original in wanted]
    for original, copy in zip(wanted, copies, strict=True):
        _execute(original, copy, project)
    return copies


def latest(original: Path, project: Project) -> Any:
    """The executed copy of what now stands in ``original``; where there is none the notebook itself, not executed."""
    notebook = read_notebook(original)
    notebook.metadata.pop(STAMP, None)
    with suppress(CnnprojError):  # a copy that cannot be read is made again
        if (copy := copy_of(original, project)).is_file():
            executed = read_notebook(copy)
            if _texts(executed) == _texts(notebook):
                return executed
    return notebook


def _texts(notebook: Any) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def read_notebook(path: Path) -> Any:
    """The notebook in ``path``, as nbformat has it, in format 4.

    Raises:
        CnnprojError: where it is none.
    """
    invalid: dict[str, Exception] = {}
    try:
        notebook = nbformat.read(path, as_version=4, capture_validation_error=invalid)
    except (OSError, ValueError, AttributeError, KeyError, nbformat.ValidationError) as error:
        invalid = {type(error).__name__: error}
    for reason in invalid.values():
        raise CnnprojError("notebooks.unreadable", path=path, reason=str(reason).strip().split("\n")[0])
    return notebook


def _execute(original: Path, copy: Path, project: Project) -> None:
    notebook = read_notebook(original)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in code:
        cell.outputs, cell.execution_count = [], None  # what an earlier session left
    notebook.metadata.pop(STAMP, None)
    with Progress(say("progress.notebook", name=original.stem), len(code)) as progress:

        def step(cell: Any, cell_index: int, **_: Any) -> None:
            if cell.cell_type == "code":
                progress.advance()

        client = NotebookClient(
            notebook,
            timeout=None,
            kernel_name="python3",
            extra_arguments=["--IPKernelApp.log_level=ERROR"],  # it warns that it speaks over this machine's loopback
            resources={"metadata": {"path": str(original.parent)}},
            on_cell_executed=step,
        )
        try:
            client.execute(env={**os.environ, EXECUTING: original.name})
            notebook.metadata[STAMP] = results(project.record)
        except CellExecutionError as error:
            number = next(i for i, cell in enumerate(code, start=1) if _failed(cell))
            reason = error.evalue or error.ename
            raise CnnprojError("notebooks.failed", path=original, cell=number, copy=copy, reason=reason) from None
        finally:
            write_text(copy, nbformat.writes(notebook) + "\n")


def _failed(cell: Any) -> bool:
    return any(output.output_type == "error" for output in cell.outputs)
