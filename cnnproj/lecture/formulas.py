"""The other formulas of the lectures with their numbers put in: ReLU, softmax, cross-entropy, the Dice score."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from cnnproj.errors import CnnprojError
from cnnproj.lecture.arguments import Numbers, numbers, vector_of
from cnnproj.lecture.notation import factor, listed, number, size_text
from cnnproj.lecture.worked import Steps, Worked

if TYPE_CHECKING:
    from cnnproj.chart import Chart

LEAST_PROBABILITY = 1e-7  # Keras' epsilon: ln 0 has no value
_LARGEST_POWER = 50  # of e, that is still written on a board


def relu(values: ArrayLike) -> Worked[Numbers]:
    """max(0, x) for each number of ``values``, of any shape."""
    given = numbers(values, "values")
    result = np.maximum(given, 0)
    steps = Steps(given.size, lambda step: f"max(0, {number(given.flat[step])}) = {number(result.flat[step])}")

    def draw(step: int | None) -> Chart:
        from cnnproj.lecture.drawing.formulas import draw_relu

        return draw_relu(given, step, steps)

    return Worked(result, steps, draw)


def softmax(logits: ArrayLike) -> Worked[Numbers]:
    """Probabilities from the outputs of the last layer, one a class: e^z divided by the sum of all e^z.

    Raises:
        CnnprojError: where ``logits`` are not one row of numbers.
    """
    given = vector_of(logits, "logits").astype(np.float64)
    shift = given.max() if abs(given.max()) > _LARGEST_POWER else 0.0  # the same quotients, none of them 0 / 0
    powers = np.exp(given - shift)
    total = powers.sum()
    result = powers / total
    taken = f" − {number(shift)}" if shift else ""
    told = [f"e^({number(z)}{taken}) = {number(power)}" for z, power in zip(given, powers, strict=True)]
    told.append(f"{' + '.join(map(number, powers))} = {number(total)}")
    told += [f"{number(power)} / {number(total)} = {number(p)}" for power, p in zip(powers, result, strict=True)]

    def draw(step: int | None) -> Chart:
        from cnnproj.lecture.drawing.formulas import draw_softmax

        return draw_softmax(given, result, told[-1 if step is None else step])

    return Worked(result, Steps(len(told), told.__getitem__), draw)


def cross_entropy(truth: int | ArrayLike, probabilities: ArrayLike) -> Worked[float]:
    """How surprised the network is by the truth: −Σ t·ln p, with probabilities of at least 10⁻⁷ as in Keras.

    Args:
        truth: the number of the true class, from 0; or a probability for each class, as one-hot or smoothed labels.
        probabilities: of the classes, as softmax gives them.

    Raises:
        CnnprojError: where there is no such class, the two differ in length, or probabilities do not add up to 1.
    """
    given = _distribution(probabilities)
    if isinstance(truth, int | np.integer) and not isinstance(truth, bool):
        if not 0 <= truth < len(given):
            raise CnnprojError("lecture.no_class", came=truth, last=len(given) - 1)
        target: Numbers = np.eye(len(given))[truth]
    else:
        target = _distribution(truth)
    if len(target) != len(given):
        raise CnnprojError("lecture.lengths", first=len(target), second=len(given))
    kept = np.clip(given, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    result = float(-(target * np.log(kept)).sum()) + 0.0
    terms = [f"{number(t)}·ln {number(p)}" for t, p in zip(target, kept, strict=True)]
    values = [factor(t * math.log(p) + 0.0) for t, p in zip(target, kept, strict=True)]
    told = [f"−({' + '.join(terms)})", f"−({' + '.join(values)}) = {number(result)}"]

    def draw(step: int | None) -> Chart:
        from cnnproj.lecture.drawing.formulas import draw_cross_entropy

        return draw_cross_entropy(target, kept, told[-1 if step is None else step])

    return Worked(result, Steps(len(told), told.__getitem__), draw)


def dice(truth: ArrayLike, prediction: ArrayLike) -> Worked[float]:
    """The Dice score of two masks: 2·|A ∩ B| / (|A| + |B|); 1 where both are empty.

    Args:
        truth: the true mask, 0 or 1 (or False and True) for each pixel.
        prediction: the predicted one, of the same shape.

    Raises:
        CnnprojError: where the shapes differ, or a value is neither 0 nor 1.
    """
    first, second = _mask(truth), _mask(prediction)
    if first.shape != second.shape:
        raise CnnprojError("lecture.masks", first=size_text(first.shape), second=size_text(second.shape))
    a, b, both = int(first.sum()), int(second.sum()), int((first & second).sum())
    result = 2 * both / (a + b) if a + b else 1.0
    told = [f"|A| = {a}", f"|B| = {b}", f"|A ∩ B| = {both}"]
    told.append(f"2·{both} / ({a} + {b}) = {number(result)}" if a + b else "0 / 0 := 1")

    def draw(step: int | None) -> Chart:
        from cnnproj.lecture.drawing.formulas import draw_dice

        return draw_dice(first, second, told[-1 if step is None else step])

    return Worked(result, Steps(len(told), told.__getitem__), draw)


def _distribution(values: Any) -> Numbers:
    row = vector_of(values, "probabilities").astype(np.float64)
    if row.min() < 0 or abs(row.sum() - 1) > 1e-3:
        raise CnnprojError("lecture.no_distribution", values=listed(row), total=number(row.sum()))
    return row


def _mask(values: ArrayLike) -> Numbers:
    mask = numbers(values, "mask")
    if not np.isin(mask, (0, 1)).all():
        raise CnnprojError("lecture.no_mask", came=number(mask[~np.isin(mask, (0, 1))][0]))
    return mask.astype(bool)
