"""Choosing on the validation part: the best epoch of a training, the best trial of a search, the best of the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from cnnproj.recipe import Recipe


def ranking(accuracy: float, loss: float, n: int) -> float:
    """One number that orders by accuracy first and by loss where the same ``n`` images are right: higher is better.

    The number of right images is whole, so a term in (0, 1] that falls with the loss only ever decides between equals.
    """
    return (round(accuracy * n) + 1 / (1 + loss)) / (n + 1)


@dataclass(frozen=True)
class Goal:
    """What networks are chosen by: a score of the validation part, and where that is equal, its loss.

    Attributes:
        name: ``val_<name>`` is the score's column in histories and trials.
        counted: whether the score is the share of the images that are right.
    """

    name: str
    counted: bool

    @property
    def column(self) -> str:
        """The score's column in histories and trials."""
        return f"val_{self.name}"

    def value(self, row: Mapping[str, float], n: int) -> float:
        """One number for a row of a history, of ``n`` validation images: higher is better."""
        return ranking(row[self.column], row["val_loss"], n if self.counted else FINE)

    def best_epoch(self, history: pd.DataFrame) -> pd.Series:
        """The first row with the highest score, of those the one with the lowest validation loss."""
        return history.sort_values([self.column, "val_loss", "epoch"], ascending=[False, True, True]).iloc[0]


FINE = 10**6  # scores that differ by less than one over it are equal
ACCURACY, DICE = Goal("accuracy", counted=True), Goal("dice", counted=False)


def best_epoch(history: pd.DataFrame) -> pd.Series:
    """The first row with the highest validation accuracy, of those the one with the lowest validation loss."""
    return ACCURACY.best_epoch(history)


def best_model(recipes: Mapping[str, Recipe], n: int) -> str:
    """The model with the highest validation accuracy, by validation loss where equal; ``n`` validation images.

    Where both are equal, the one with fewer parameters.
    """
    return max(
        recipes,
        key=lambda name: (ranking(recipes[name].val_accuracy, recipes[name].val_loss, n), -recipes[name].parameters),
    )
