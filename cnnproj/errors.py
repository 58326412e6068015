"""The one base error. Its message says what was expected, what came, and what to do next."""

from typing import Any

from cnnproj.words import say


class CnnprojError(Exception):
    """Something the user can mend; shown as a sentence, without a traceback, with exit code 2.

    Args:
        sentence: its key in the catalogue of ``cnnproj.words``.
        **values: what fills its gaps.
    """

    def __init__(self, sentence: str, /, **values: Any) -> None:
        super().__init__(sentence, values)
        self.sentence = sentence
        self.values = values

    def __str__(self) -> str:
        return say(self.sentence, **self.values)

    def _render_traceback_(self) -> list[str]:
        """What Jupyter shows in place of a traceback."""
        return [str(self)]


class SettingsError(CnnprojError):
    """``project.toml`` says something that cannot be."""


class UnreadableImage(CnnprojError):
    """One image cannot be decoded: it is set aside and the run goes on."""


class TrialError(CnnprojError):
    """One trial of a search cannot be done: it is recorded with its reason and the search goes on."""
