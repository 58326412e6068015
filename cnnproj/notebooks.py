"""Run a project's notebooks in order, each in a kernel of its own, and keep the executed copies in ``reports/``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from cnnproj.errors import CnnprojError
from cnnproj.files import write_text
from cnnproj.progress import Progress
from cnnproj.project import Project
from cnnproj.words import say


def run_notebooks(project: Project) -> list[Path]:
    """Execute ``notebooks/[0-9]*.ipynb`` from top to bottom.

    Returns:
        The executed copies, in ``reports/<name>/notebooks/``.

    Raises:
        CnnprojError: naming the notebook and the cell that failed; the copy is kept up to there.
    """
    originals = sorted((project.folder / "notebooks").glob("[0-9]*.ipynb"))
    if not originals:
        raise CnnprojError("notebooks.none", folder=project.folder / "notebooks")
    copies = []
    for original in originals:
        copies.append(project.record.folder / "notebooks" / original.name)
        _execute(original, copies[-1])
    return copies


def _execute(original: Path, copy: Path) -> None:
    notebook = nbformat.read(original, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
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
            client.execute()
        except CellExecutionError as error:
            number = next(i for i, cell in enumerate(code, start=1) if _failed(cell))
            reason = error.evalue or error.ename
            raise CnnprojError("notebooks.failed", path=original, cell=number, copy=copy, reason=reason) from None
        finally:
            write_text(copy, nbformat.writes(notebook) + "\n")


def _failed(cell: Any) -> bool:
    return any(output.output_type == "error" for output in cell.outputs)
