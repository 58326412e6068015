"""Training the best network of a submission again, from its seed: the one check that shows how the weights came about.

This is the only room of the checks that trains. It takes as long as the student's own final training.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cnnproj.files import digest_arrays
from cnnproj.models import Architecture
from cnnproj.randomness import derive_seed
from cnnproj.selection import DICE
from cnnproj.stages import WAY_OF_TRAINING
from cnnproj.submission.finding import Finding, Result, Tally, Unchecked
from cnnproj.submission.opening.limits import shown
from cnnproj.submission.opening.opened import Submission
from cnnproj.submission.verification import tolerances
from cnnproj.submission.verification.evidence import Evidence
from cnnproj.submission.verification.verify import do, evidence_of

# What must be the same for the same weights; all of it stands in run.json.
DECISIVE = ("cnnproj", "tensorflow", "keras", "numpy", "opencv-python-headless", "device", "cpu", "system", "threads")


def retrain(submission: Submission, references: Sequence[Path]) -> Result:
    """Train the best network of ``submission`` again and compare.

    With the versions, threads, device and CPU of the run, the weights must be identical; else the loss of the first
    epoch and the accuracy of the best one must lie within ``tolerances``. TensorFlow must have been started; whoever
    starts it with the run's number of threads (``training.threads``) compares more strictly.

    Args:
        submission: opened.
        references: see ``verify``.
    """
    return retrain_evidence(evidence_of(submission, references))


def retrain_evidence(evidence: Evidence) -> Result:
    """See ``retrain``."""
    return do("retraining", _check, evidence, set())


def _check(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    submission = evidence.submission
    model = evidence.best
    recipe, history = evidence.networks[model], submission.history(model)
    network = _network(evidence, model)
    for part in ("train", "validation"):
        evidence.part(part)
    if not submission.manifest.environment:
        raise Unchecked("verification.unchecked.no_environment")
    found, digest = _train(evidence, network, recipe)
    tally.add(recipe.parameters)
    differs = _differences(evidence)
    if digest == recipe.weights_digest:
        yield Finding("note", "identical", {"model": model})
    elif found is None:
        yield Finding("discrepancy", "diverged_again", {"where": f"models/{model}/history.csv", "model": model})
    elif not differs:
        values = {"where": f"models/{model}/model.weights.h5", "model": model}
        yield Finding(
            "discrepancy", "not_identical", {**values, "claimed": recipe.weights_digest[:16], "found": digest[:16]}
        )
    else:
        yield from _compared(evidence, model, history, found, tally)
        yield Finding("note", "trained_elsewhere", {"model": model, "differs": ", ".join(differs)})


def _network(evidence: Evidence, model: str) -> Architecture:
    """The builder of ``model``, where it is the one that the run had.

    Raises:
        Unchecked: where it is a student's own, or of another version.
    """
    network = evidence.architectures.get(model)
    if network is None or not network.ours:
        raise Unchecked("verification.unchecked.own_network", model=model)
    recorded = evidence.submission.manifest.stages[f"train {model}"].inputs
    if recorded.get("network") != network.fingerprint or recorded.get("way of training") != WAY_OF_TRAINING:
        raise Unchecked("verification.unchecked.other_way", model=model)
    return network


def _train(evidence: Evidence, network: Architecture, recipe: Any) -> tuple[pd.DataFrame | None, str]:
    """The history and the digest of the weights; no history where the loss is no number any more."""
    from cnnproj.errors import CnnprojError
    from cnnproj.training import DivergenceError

    settings = evidence.submission.settings
    try:
        result = _fit_of(evidence)(
            network,
            evidence.images,
            recipe.hyperparameters,
            epochs=settings.training_epochs,
            seed=derive_seed(settings.project.seed, network.name, "training"),
            augmentation=settings.augmentation.arguments,
            training=settings.training,
        )
    except DivergenceError:
        return None, ""
    except CnnprojError as error:
        if network.start is None:
            raise
        raise Unchecked("verification.unchecked.no_start", reason=error) from None
    if network.start is not None and recipe.start_digest != (result.start or None):
        raise Unchecked("verification.unchecked.other_start", weights=shown(recipe.hyperparameters["weights"]))
    return result.history, digest_arrays(result.model.get_weights())


def _fit_of(evidence: Evidence) -> Callable[..., Any]:
    """What trains networks of the task."""
    if evidence.goal is DICE:
        from cnnproj.segmentation.training import fit_segmenter

        return fit_segmenter
    from cnnproj.training import fit

    return fit


def _differences(evidence: Evidence) -> list[str]:
    """What of the environment of the run is not as it is here; and that some images were decoded otherwise."""
    import tensorflow as tf

    from cnnproj.runtime import environment

    here = environment(tf.config.threading.get_intra_op_parallelism_threads())
    there = evidence.submission.manifest.environment
    differs = [f"{key} {there.get(key, '–')} / {here[key]}" for key in DECISIVE if there.get(key) != here[key]]
    certain = all(
        (evidence.tolerances_of(part) < tolerances.PROBABILITY_DECODED).all() for part in ("train", "validation")
    )
    return differs if certain else [*differs, "images"]


def _compared(
    evidence: Evidence, model: str, claimed: pd.DataFrame, found: pd.DataFrame, tally: Tally
) -> Iterator[Finding]:
    """Whether two trainings from the same seed, on different machines, went alike."""
    where = f"models/{model}/history.csv"
    first = [float(history["loss"].iloc[0]) for history in (claimed, found)]
    apart = abs(first[0] - first[1]) / max(abs(first[1]), 1e-6)
    tally.add(1, apart if apart <= tolerances.FIRST_LOSS else 0.0)
    if apart > tolerances.FIRST_LOSS:
        values = {"claimed": f"{first[0]:.5f}", "found": f"{first[1]:.5f}"}
        yield Finding("discrepancy", "other_first_epoch", {"where": f"{where}: 1, loss", "model": model, **values})
    n, column = evidence.size_of("validation"), evidence.goal.column
    best = [float(history[column].max()) for history in (claimed, found)]
    share = sum(best) / 2
    # Two trainings that part ways come to different networks: by chance, twice the standard error of a difference.
    # A mean Dice of n images lies in [0, 1] for each, so that it varies by no more than a share of them does.
    allowed = tolerances.RETRAINED + 2 * math.sqrt(2 * share * (1 - share) / n)
    if abs(best[0] - best[1]) > allowed:
        values = {"claimed": f"{best[0]:.4f}", "found": f"{best[1]:.4f}"}
        yield Finding("discrepancy", "other_best_accuracy", {"where": f"{where}: {column}", "model": model, **values})
