"""How far long work is: a bar with the time left in a terminal, one line in a notebook, nothing in a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from cnnproj.words import say


class Progress:
    """Progress through ``total`` steps of work, as a context manager.

    Args:
        title: what is being done.
        total: how many steps there are.
        done: how many were done before, in an earlier run.
    """

    def __init__(self, title: str, total: int, *, done: float = 0) -> None:
        self.title, self.total, self.done = title, total, done
        self.note = ""
        self._first = done
        self._start = time.monotonic()
        self._shown = 0.0
        self._place = _place()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        if self._place == "terminal":
            from rich import progress

            columns = [
                progress.TextColumn("{task.description}"),
                progress.BarColumn(),
                progress.MofNCompleteColumn(),
                progress.TimeElapsedColumn(),
                progress.TextColumn("·"),
                progress.TimeRemainingColumn(),
                progress.TextColumn(say("progress.left")),
                progress.TextColumn("{task.fields[note]}"),
            ]
            self._bar = progress.Progress(*columns)
            self._bar.start()
            self._task = self._bar.add_task(self.title, total=self.total, completed=self.done, note="")
        elif self._place == "notebook":
            from IPython.display import display

            self._bar = display(self._html(), display_id=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._place == "terminal":
            self._bar.stop()
        elif self._place == "notebook":
            self._bar.update(self._html())

    def advance(self, steps: float = 1, *, note: str | None = None) -> None:
        """Say that ``steps`` more are done; ``note`` stands behind the bar from now on."""
        self.done += steps
        self.note = self.note if note is None else note
        if self._place == "terminal":
            self._bar.update(self._task, completed=self.done, note=self.note)
        elif self._place == "notebook" and (time.monotonic() - self._shown > 0.5):
            self._shown = time.monotonic()
            self._bar.update(self._html())

    @property
    def seconds_left(self) -> float | None:
        """Seconds that the rest will take at the pace so far; ``None`` before the first step."""
        new = self.done - self._first
        return (time.monotonic() - self._start) / new * (self.total - self.done) if new else None

    def _html(self) -> Any:
        from IPython.display import HTML

        left = self.seconds_left
        ends = "" if left is None or self.done >= self.total else " · " + clock(left) + " " + say("progress.left")
        spent = clock(time.monotonic() - self._start)
        bar = f'<progress value="{self.done:g}" max="{self.total:g}"></progress>'
        text = f"{self.title} {bar} {self.done:.0f}/{self.total:.0f} · {spent}{ends}"
        return HTML(f"<div>{text}{' · ' + self.note if self.note else ''}</div>")


def clock(seconds: float) -> str:
    """``seconds`` as minutes and seconds: 75 → ``1:15``."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _place() -> str:
    shell = sys.modules.get("IPython")
    if shell is not None and type(shell.get_ipython()).__name__ in ("ZMQInteractiveShell", "Shell"):
        return "notebook"
    return "terminal" if sys.stdout.isatty() else "log"
