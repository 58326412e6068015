"""Whether segmentation networks do on the validation and the test part what is said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from cnnproj.run import Plain
from cnnproj.segmentation.images import MaskedPart
from cnnproj.segmentation.registry import ACTIVATION_OF
from cnnproj.segmentation.scores import scores
from cnnproj.submission.finding import Finding, Tally, Unchecked
from cnnproj.submission.verification import tolerances
from cnnproj.submission.verification.checks.networks import differs
from cnnproj.submission.verification.evidence import batches

if TYPE_CHECKING:
    from cnnproj.submission.verification.segmentation.evidence import SegmentationEvidence


def check_validation(evidence: SegmentationEvidence, tally: Tally) -> Iterator[Finding]:
    """Whether the networks do on the validation images what they are said to have done."""
    from cnnproj.segmentation.inference import BATCH, measured
    from cnnproj.segmentation.losses import LOSSES

    part: MaskedPart = evidence.part("validation")
    certain = bool((evidence.tolerances_of("validation") < tolerances.PROBABILITY_DECODED).all())
    half = evidence.in_half_precision or evidence.on_gpu
    unchecked: list[Unchecked] = []
    for model, recipe in evidence.networks.items():
        file = f"models/{model}/recipe.json"
        if (loss := str(recipe.hyperparameters.get("loss", "–"))) not in ACTIVATION_OF:
            values = {"where": file, "claimed": loss[:60], "found": ", ".join(ACTIVATION_OF)}
            yield Finding("discrepancy", "unknown_loss", values)
            continue
        if part.shape != recipe.shape:
            raise Unchecked("verification.unchecked.other_shape", model=model)
        try:
            network = evidence.network(model)
        except Unchecked as error:
            unchecked.append(error)
            continue
        outputs = ((part.truth(places), given) for places, given in batches(network, part, min(BATCH, len(part))))
        now = measured(outputs, LOSSES[loss], len(part.classes))
        slack = tolerances.DICE_MIXED if half else tolerances.DICE
        far = abs(now["val_dice"] - recipe.val_dice)
        tally.add(len(part), far if far <= slack else 0.0)
        if certain and far > slack:
            yield differs("other_val_dice", file, recipe.val_dice, now["val_dice"])
        apart = tolerances.LOSS_MIXED if half else tolerances.LOSS
        if certain and abs(now["val_loss"] - recipe.val_loss) > apart * max(1e-3, abs(recipe.val_loss)):
            yield differs("other_val_loss", file, recipe.val_loss, now["val_loss"])
    if unchecked:
        raise unchecked[0]
    if not certain:
        n = int((evidence.tolerances_of("validation") >= tolerances.PROBABILITY_DECODED).sum())
        raise Unchecked("verification.unchecked.decoded_otherwise", n=n, total=len(part))


def check_predictions(evidence: SegmentationEvidence, tally: Tally) -> Iterator[Finding]:
    """Whether the networks say of every pixel of the test images what the files have."""
    unchecked: list[Unchecked] = []
    for model in evidence.networks:
        try:
            given = evidence.answers(model, "test")
            yield from _masks_differ(evidence, model, tally)
            evidence.found[model] = float(np.nan_to_num(_dice(evidence, given.masks)))
        except Unchecked as error:
            unchecked.append(error)
    if unchecked:
        raise unchecked[0]


def _dice(evidence: SegmentationEvidence, masks: np.ndarray) -> float:
    background = evidence.submission.settings.segmentation.background
    return scores(evidence.counts(masks), background=background)["dice"]


def _masks_differ(evidence: SegmentationEvidence, model: str, tally: Tally) -> Iterator[Finding]:
    """The masks of ``model``, claimed and computed again, but for pixels of which it can hardly tell two classes."""
    where, claimed = f"evaluation/predicted_{model}.npy", evidence.claimed(model)
    given = evidence.answers(model, "test")
    if claimed.shape != given.masks.shape:
        yield Finding("discrepancy", "other_images", {"where": where})
        return
    tolerance = evidence.tolerances_of("test")
    other = claimed != given.masks
    # Two probabilities that each may be off by the tolerance can change places where they are no further apart.
    wrong = other & (given.margins > 2 * tolerance[:, None, None])
    tally.add(claimed.size, float(given.margins[other & ~wrong].max(initial=0)) / 2)
    by_image = wrong.sum(axis=(1, 2))
    certain = np.flatnonzero((by_image > 0) & (tolerance < tolerances.PROBABILITY_DECODED))
    if len(certain):
        worst = certain[np.argmax(by_image[certain])]
        row, column = np.argwhere(wrong[worst])[0]
        names, rows = evidence.submission.classes, evidence.used[evidence.used["split"] == "test"]
        place = f"{where}: {rows['image'].iloc[worst]} ({row}, {column})"
        said, says = (names[one[worst, row, column]] for one in (claimed, given.masks))
        values: dict[str, Plain] = {"where": place, "claimed": said, "found": says}
        values |= {"pixels": int(by_image[certain].sum()), "n": len(certain), "total": len(claimed)}
        yield Finding("discrepancy", "other_masks_predicted", values)
    if lost := int((by_image > 0).sum()) - len(certain):
        raise Unchecked("verification.unchecked.decoded_otherwise", n=lost, total=len(claimed))
