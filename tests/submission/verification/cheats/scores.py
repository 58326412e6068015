"""Cheats on scores and predictions."""

from __future__ import annotations

import numpy as np

from .tools import METRICS, RUN, SCORES, Members, best_of, put, read, table, write


def raise_the_score(members: Members) -> None:
    """A hundredth more, in every file that has it."""
    raise_everywhere(members, "scores", "accuracy")


def raise_everywhere(members: Members, record: str, score: str) -> None:
    """The ``score`` of the best model, in ``record`` of run.json and in the tables."""
    best = best_of(members)
    scores, metrics, run = table(members, SCORES), table(members, METRICS), read(members, RUN)
    value = run[record][best][score]
    better = value + 0.01 if value <= 0.99 else value - 0.01
    scores.loc[scores["model"] == best, score] = repr(better)
    metrics.loc[(metrics["model"] == best) & (metrics["metric"] == score), "value"] = repr(better)
    run[record][best][score] = better
    put(members, SCORES, scores)
    put(members, METRICS, metrics)
    write(members, RUN, run)


def raise_the_score_of_the_record(members: Members) -> None:
    run = read(members, RUN)
    run["scores"][best_of(members)]["log_loss"] /= 2
    write(members, RUN, run)


def narrow_the_interval(members: Members) -> None:
    scores = table(members, SCORES)
    scores.loc[0, "low"] = repr(float(scores.loc[0, "low"]) + 0.02)
    put(members, SCORES, scores)


def flip_a_prediction(members: Members) -> None:
    """The probabilities of two classes change places in one row, and the prediction with them."""
    path = f"evaluation/predictions_{best_of(members)}.csv"
    rows = table(members, path)
    columns = list(rows.columns[3:])
    order = np.argsort(rows.loc[0, columns].astype(float).to_numpy())
    first, second = columns[order[-1]], columns[order[-2]]
    rows.loc[0, [first, second]] = rows.loc[0, [second, first]].to_numpy()
    rows.loc[0, "predicted"] = second.removeprefix("p:")
    put(members, path, rows)


def call_it_otherwise(members: Members) -> None:
    """The prediction alone, its probabilities as they are."""
    path = f"evaluation/predictions_{best_of(members)}.csv"
    rows = table(members, path)
    rows.loc[0, "predicted"] = next(name for name in ("across", "down") if name != rows.loc[0, "predicted"])
    put(members, path, rows)


def leave_out_a_test_image(members: Members) -> None:
    for model in ("mlp", "compact_cnn", "deep_cnn", "majority_class", "logistic_regression"):
        path = f"evaluation/predictions_{model}.csv"
        put(members, path, table(members, path).iloc[1:])


def lower_the_majority(members: Members) -> None:
    path = "evaluation/predictions_majority_class.csv"
    rows = table(members, path)
    rows[["p:across", "p:down"]] = ["0.5", "0.1"]
    put(members, path, rows)


def lower_the_regression(members: Members) -> None:
    """The other classes change places, so that it is wrong where it was right."""
    path = "evaluation/predictions_logistic_regression.csv"
    rows = table(members, path)
    rows[["p:across", "p:down", "p:square"]] = rows[["p:down", "p:square", "p:across"]].to_numpy()
    rows["predicted"] = rows["predicted"].map({"down": "across", "square": "down", "across": "square"})
    put(members, path, rows)


def mend_the_confusion(members: Members) -> None:
    path = "evaluation/confusion.csv"
    matrix = table(members, path)
    for place, name in enumerate(matrix.columns[1:]):
        total = matrix.loc[place, list(matrix.columns[1:])].astype(int).sum()
        matrix.loc[place, list(matrix.columns[1:])] = "0"
        matrix.loc[place, name] = str(total)
    matrix.iloc[0, 1] = str(int(matrix.iloc[0, 1]) + 1)
    put(members, path, matrix)


def be_better_than_the_others(members: Members) -> None:
    path = "evaluation/comparisons.csv"
    rows = table(members, path)
    rows["verdict"], rows["p_corrected"] = "better", "0.001"
    put(members, path, rows)


def hide_the_worst_error(members: Members) -> None:
    path = "evaluation/classes.csv"
    rows = table(members, path)
    rows["recall"] = "1.0"
    put(members, path, rows.iloc[:-1])
