"""What a finished search leaves behind: the table of its trials, and the hyperparameters of the best."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from cnnproj.models import Value

if TYPE_CHECKING:
    import pandas as pd

TABLE, BEST = "trials.csv", "best.json"
_OUTCOME = ("trial", "val_accuracy", "val_dice", "val_loss", "epoch", "epochs", "best", "pruned", "reason")
_REPEATED = ("repeats", "lowest", "mean", "highest")


def load_trials(folder: Path) -> pd.DataFrame:
    """The table of the finished search in ``folder``: see ``cnnproj.tuning.search.trial_table``."""
    import pandas as pd

    return pd.read_csv(folder / TABLE)


def varied(trials: pd.DataFrame) -> list[str]:
    """The hyperparameters that the search varied: the columns that are not the outcome."""
    return [name for name in trials.columns if name not in (*_OUTCOME, *_REPEATED)]


def load_best(folder: Path) -> dict[str, Value]:
    """The hyperparameters of the best trial of the finished search in ``folder``; none where it is not finished."""
    path = folder / BEST
    if not path.is_file():
        return {}
    best: dict[str, Value] = json.loads(path.read_text(encoding="utf-8"))
    return best
