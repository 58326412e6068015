"""Choosing on the validation part: the best epoch of a training, the best trial of a search, the best of the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import pandas as pd


class Trained(Protocol):
    """A trained network, as its recipe tells of it; beside its score on the validation part."""

    @property
    def val_loss(self) -> float:
        """Its loss there."""

    @property
    def parameters(self) -> int:
        """How many it has."""


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

    name: Literal["accuracy", "dice"]
    counted: bool

    @property
    def column(self) -> str:
        """The score's column in histories and trials."""
        return f"val_{self.name}"

    def value(self, row: Mapping[str, float], n: int) -> float:
        """One number for a row of a history, of ``n`` validation images: higher is better."""
        return ranking(row[self.column], row["val_loss"], n if self.counted else FINE)

    def of(self, recipe: Trained) -> float:
        """The score of a trained network, from its recipe."""
        return float(getattr(recipe, self.column))

    def best_epoch(self, history: pd.DataFrame) -> pd.Series:
        """The first row with the highest score, of those the one with the lowest validation loss."""
        return history.sort_values([self.column, "val_loss", "epoch"], ascending=[False, True, True]).iloc[0]

    def best_model(self, recipes: Mapping[str, Trained], n: int) -> str:
        """The network with the highest score, by validation loss where equal, then by fewer parameters.

        Args:
            recipes: of each network by its name.
            n: how many validation images there are.
        """

        def worth(name: str) -> tuple[float, float, int]:
            recipe = recipes[name]
            if self.counted:  # equal where the same number of images are right
                return ranking(self.of(recipe), recipe.val_loss, n), 0.0, -recipe.parameters
            return self.of(recipe), -recipe.val_loss, -recipe.parameters

        return max(recipes, key=worth)


FINE = 10**6  # scores that differ by less than one over it are equal
ACCURACY, DICE = Goal("accuracy", counted=True), Goal("dice", counted=False)


def best_epoch(history: pd.DataFrame) -> pd.Series:
    """The first row with the highest validation accuracy, of those the one with the lowest validation loss."""
    return ACCURACY.best_epoch(history)
