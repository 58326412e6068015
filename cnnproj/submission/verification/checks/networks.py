"""Whether the weights are those of the networks, do on validation what is said, and the best was chosen by that."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from cnnproj.files import digest_arrays
from cnnproj.models import LOSSES
from cnnproj.run import Plain
from cnnproj.submission.finding import Finding, Tally, Unchecked
from cnnproj.submission.verification import tolerances
from cnnproj.submission.verification.evidence import Evidence


def check_weights(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """Whether each network can be built as its recipe says and takes its weights, which are those of the record."""
    from cnnproj.recipe import layer_table

    unchecked: list[Unchecked] = []
    for model, recipe in evidence.networks.items():
        try:
            network = evidence.network(model)
        except Unchecked as error:
            unchecked.append(error)
            continue
        tally.add(network.count_params())
        if (digest := digest_arrays(network.get_weights())) != recipe.weights_digest:
            values = {"claimed": recipe.weights_digest[:16], "found": digest[:16]}
            yield Finding("discrepancy", "other_weights", {"where": f"models/{model}/recipe.json", **values})
        if network.count_params() != recipe.parameters:
            values = {"claimed": str(recipe.parameters), "found": str(network.count_params())}
            yield Finding("discrepancy", "other_parameters", {"where": f"models/{model}/recipe.json", **values})
        layers, claimed = layer_table(network), evidence.submission.layers(model)
        columns = ["kind", "output", "parameters"]  # names are no evidence, and a student's own layers may have others
        if claimed[columns].to_numpy().tolist() != layers[columns].to_numpy().tolist():
            yield Finding("discrepancy", "other_layers", {"where": f"models/{model}/layers.csv"})
    if unchecked:
        raise unchecked[0]


def check_validation(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """Whether the networks do on the validation images what they are said to have done."""
    from cnnproj.inference import make_loss, measure

    evidence.part("validation")
    unchecked: list[Unchecked] = []
    for model, recipe in evidence.networks.items():
        try:
            given = evidence.answers(model, "validation")
        except Unchecked as error:
            unchecked.append(error)
            continue
        part = evidence.part("validation")
        where = f"models/{model}/validation.csv"
        yield from compare_predictions(evidence, model, "validation", where, tally)
        if recipe.hyperparameters.get("loss") not in LOSSES:
            loss = str(recipe.hyperparameters.get("loss", "–"))
            values = {"where": f"models/{model}/recipe.json", "claimed": loss[:60], "found": ", ".join(LOSSES)}
            yield Finding("discrepancy", "unknown_loss", values)
            continue
        now = measure(make_loss(recipe.hyperparameters), given, part)
        # The images of which the network is hardly surer than chance: others' last digits may decide them otherwise.
        top = np.sort(given, axis=1)
        half = evidence.in_half_precision or evidence.on_gpu
        slack = float(np.mean(top[:, -1] - top[:, -2] < 2 * evidence.tolerances_of("validation")))
        slack = max(slack, 2 / len(part)) if half else slack
        apart = tolerances.LOSS_MIXED if half else tolerances.LOSS
        file = f"models/{model}/recipe.json"
        if abs(now["val_accuracy"] - recipe.val_accuracy) > slack + tolerances.SCORE:
            yield differs("other_val_accuracy", file, recipe.val_accuracy, now["val_accuracy"])
        certain = bool((evidence.tolerances_of("validation") < tolerances.PROBABILITY_DECODED).all())
        if certain and abs(now["val_loss"] - recipe.val_loss) > apart * max(1e-3, abs(recipe.val_loss)):
            yield differs("other_val_loss", file, recipe.val_loss, now["val_loss"])
    if unchecked:
        raise unchecked[0]


def compare_predictions(evidence: Evidence, model: str, part: str, where: str, tally: Tally) -> Iterator[Finding]:
    """The probabilities of ``model`` for a part, claimed and computed again; and the table's columns about them."""
    from cnnproj.inference import normalised

    submission = evidence.submission
    table = submission.predictions(model) if part == "test" else submission.validation(model)
    claimed = evidence.claimed(model) if part == "test" else evidence.claimed_validation(model)
    rows = evidence.used[evidence.used["split"] == part]
    if list(table["row"]) != list(rows["row"]) or list(table["label"]) != list(rows["label"]):
        yield Finding("discrepancy", "other_images", {"where": where})
        return
    names = np.array(submission.classes)
    if not np.array_equal(names[claimed.argmax(axis=1)], table["predicted"].to_numpy(str)):
        yield Finding("discrepancy", "not_most_probable", {"where": where})
    found = normalised(evidence.answers(model, part))
    apart = np.abs(found - claimed).max(axis=1)
    allowed = evidence.tolerances_of(part)
    tally.add(claimed.size, float(apart[apart <= allowed].max(initial=0)))
    wrong = np.flatnonzero(apart > allowed)
    certain = wrong[allowed[wrong] < tolerances.PROBABILITY_DECODED]
    if len(certain):
        worst = certain[np.argmax(apart[certain])]
        image = rows["image"].iloc[worst]
        said, says = (f"{names[one[worst].argmax()]} {one[worst].max():.4f}" for one in (claimed, found))
        values: dict[str, Plain] = {"where": f"{where}: {image}", "n": len(certain), "total": len(claimed)}
        yield Finding("discrepancy", "other_predictions", {**values, "claimed": said, "found": says})
    if len(wrong) > len(certain):
        raise Unchecked("verification.unchecked.decoded_otherwise", n=len(wrong) - len(certain), total=len(claimed))


def check_choice(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """Whether the best network is the one that did best on validation."""
    best = evidence.best
    scores = evidence.submission.evaluation_table("scores")
    said = {
        "run.json": evidence.submission.manifest.best_model or "–",
        "evaluation/scores.csv": ", ".join(scores.loc[scores["best"], "model"]),
        evidence.explained: evidence.explained_model,
    }
    tally.add(len(evidence.networks))
    for where, claimed in said.items():
        if claimed != best:
            yield Finding("discrepancy", "other_choice", {"where": where, "claimed": claimed, "found": best})


def differs(sentence: str, where: str, claimed: float, found: float) -> Finding:
    """That a number is not the one that was found."""
    shown = partial("{:.5f}".format)
    return Finding("discrepancy", sentence, {"where": where, "claimed": shown(claimed), "found": shown(found)})
