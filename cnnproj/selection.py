"""Choosing on the validation part: the best epoch of a training, the best trial of a search, the best of the models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from cnnproj.recipe import Recipe


def ranking(accuracy: float, loss: float, n: int) -> float:
    """One number that orders by accuracy first and by loss where the same ``n`` images are right: higher is better.

    The number of right images is whole, so a term in (0, 1] that falls with the loss only ever decides between equals.
    """
    return (round(accuracy * n) + 1 / (1 + loss)) / (n + 1)


def best_epoch(history: pd.DataFrame) -> pd.Series:
    """The first row with the highest validation accuracy, of those the one with the lowest validation loss."""
    return history.sort_values(["val_accuracy", "val_loss", "epoch"], ascending=[False, True, True]).iloc[0]


def best_model(recipes: Mapping[str, Recipe], n: int) -> str:
    """The model with the highest validation accuracy, by validation loss where equal; ``n`` validation images.

    Where both are equal, the one with fewer parameters.
    """
    return max(
        recipes,
        key=lambda name: (ranking(recipes[name].val_accuracy, recipes[name].val_loss, n), -recipes[name].parameters),
    )
