"""What is told of the interpretation: the rules of the cases, and a sentence for each check of the heatmaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from scipy.stats import binomtest

from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.interpretation.belief import Belief
    from cnnproj.interpretation.interpret import Interpretation

LEARNT_BELOW = 0.5  # rank correlation with the maps of random weights, below which a map shows something learnt


def interpretation_facts(interpretation: Interpretation) -> dict[str, Any]:
    """The facts and sentences of the interpretation."""
    belief = interpretation.belief
    numbers = belief.numbers.to_dict("records")
    return {
        "rules": _rules(interpretation),
        "methods": [
            (say(f"figures.method.{method}"), say(f"report.method.{method}")) for method in interpretation.heatmaps
        ],
        "n": int(belief.main["n"]),
        "examined": say(f"figures.method.{belief.main['method']}"),
        "sentences": _sentences(belief),
        "numbers": [{**row, "name": say(f"figures.method.{row['method']}")} for row in numbers],
        "pointed": bool(belief.numbers["pointing"].notna().all()),
    }


def _rules(interpretation: Interpretation) -> list[tuple[str, str]]:
    """Name and explanation of each rule that chose a case, in order."""
    rules = dict.fromkeys(interpretation.cases["rule"])
    return [(say(f"figures.rule.{rule}"), say(f"report.rule.{rule}")) for rule in rules]


def _sentences(belief: Belief) -> list[str]:
    """What each check says of the first method, a sentence or two each."""
    main = belief.main
    told = {str(name): f"{value:.2f}" for name, value in main.items() if isinstance(value, float) and pd.notna(value)}
    better, n = int(main["better"]), int(main["n"])
    surely = binomtest(better, n).proportion_ci(0.95, method="wilson").low > 0.5
    learnt = main["randomised"] < LEARNT_BELOW
    sentences = [
        say("report.belief.curves", better=better, n=n, **told)
        + " "
        + say("report.belief.more_than_chance" if surely else "report.belief.perhaps_chance"),
        say("report.belief.randomised", **told)
        + " "
        + say("report.belief.is_learnt" if learnt else "report.belief.is_not_learnt"),
        say("report.belief.stable", **told),
    ]
    if pd.notna(main["pointing"]):
        sentences.append(say("report.belief.pointing", **told))
    return sentences
