"""The exercises: eleven kinds with random numbers, and the lecture's homework."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from cnnproj.errors import CnnprojError
from cnnproj.lecture.arguments import Numbers, whole
from cnnproj.lecture.convolution import convolve
from cnnproj.lecture.exercises import Exercise
from cnnproj.lecture.formulas import cross_entropy, dice, softmax
from cnnproj.lecture.geometry import feature_map_size, padding_for
from cnnproj.lecture.pooling import Kind, pool

# The exercise of the lecture: its image and its filter.
LECTURE_IMAGE = np.array(
    [[10, 20, 10, 5, 10], [4, 3, 10, 5, 20], [2, 15, 18, 2, 10], [8, 6, 16, 22, 10], [2, 0, 1, 0, 5]]
)
LECTURE_FILTER = np.array([[5, 2], [4, 1]])
_BEFORE = ((1, 0), (1, 0))  # the odd row and column on the other side than Keras'


def exercise(kind: str = "convolution", seed: int = 0) -> Exercise:
    """An exercise of one of the ``EXERCISES``; the same seed gives the same numbers.

    Raises:
        CnnprojError: where there is no such exercise, or the seed is no whole number.
    """
    if kind not in EXERCISES:
        raise CnnprojError("lecture.no_exercise", came=kind, known=", ".join(EXERCISES))
    return EXERCISES[kind](np.random.default_rng(whole(seed, "seed", 0)))


def homework() -> tuple[Exercise, ...]:
    """The lecture's exercise again, with padding (its formula asks for half a row on each side) and average pooling."""
    image, kernel = LECTURE_IMAGE, LECTURE_FILTER
    same = convolve(image, kernel, padding="same")
    plain = convolve(image, kernel).result
    return (
        _same_padding("homework_padding", len(image), len(kernel)),
        Exercise(
            "homework_convolution",
            same,
            {"image": image, "kernel": kernel},
            hint="padding",
            traps={"no_padding": plain, "flipped": convolve(image, kernel, padding="same", flip=True).result},
            also_right={"other_side": convolve(image, kernel, padding=_BEFORE).result},
        ),
        _pooling("homework_max", same.result, "max", stride=1),
        _pooling("homework_average", same.result, "average", stride=1),
        _pooling("homework_average_before", plain, "average", stride=1),
    )


def _convolution(rng: np.random.Generator) -> Exercise:
    image, kernel = rng.integers(0, 10, (4, 4)), _kernel(rng, (2, 2))
    traps = {"flipped": convolve(image, kernel, flip=True).result}
    return Exercise(
        "convolution", convolve(image, kernel), {"image": image, "kernel": kernel}, hint="convolution", traps=traps
    )


def _padding(rng: np.random.Generator) -> Exercise:
    side = int(rng.integers(2, 4))
    image, kernel = rng.integers(0, 10, (4, 4)), _kernel(rng, (side, side))
    traps = {
        "no_padding": convolve(image, kernel).result,
        "flipped": convolve(image, kernel, padding="same", flip=True).result,
    }
    also_right = {"other_side": convolve(image, kernel, padding=_BEFORE).result} if side == 2 else {}
    return Exercise(
        "padding",
        convolve(image, kernel, padding="same"),
        {"image": image, "kernel": kernel},
        hint="padding",
        traps=traps,
        also_right=also_right,
    )


def _stride(rng: np.random.Generator) -> Exercise:
    image, kernel = rng.integers(0, 10, (6, 6)), _kernel(rng, (2, 2))
    traps = {
        "stride_one": convolve(image, kernel).result,
        "flipped": convolve(image, kernel, stride=2, flip=True).result,
    }
    return Exercise(
        "stride", convolve(image, kernel, stride=2), {"image": image, "kernel": kernel}, hint="stride", traps=traps
    )


def _channels(rng: np.random.Generator) -> Exercise:
    image, kernel = rng.integers(0, 10, (3, 3, 2)), _kernel(rng, (2, 2, 2))
    worked = convolve(image, kernel)
    apart = convolve(image, kernel, depthwise=True).result
    # The answer may be given as a table or with its one channel.
    return Exercise(
        "channels",
        worked,
        {"image": image, "kernel": kernel},
        hint="channels",
        traps={"not_added": apart, "flipped": convolve(image, kernel, flip=True).result},
        also_right={"right": worked.result[..., 0]},
    )


def _max_pooling(rng: np.random.Generator) -> Exercise:
    return _pooling("max_pooling", rng.integers(0, 20, (4, 4)), "max", stride=int(rng.integers(1, 3)))


def _average_pooling(rng: np.random.Generator) -> Exercise:
    return _pooling("average_pooling", rng.integers(0, 20, (4, 4)), "average", stride=int(rng.integers(1, 3)))


def _pooling(name: str, image: Numbers, kind: Kind, *, stride: int) -> Exercise:
    other: Kind = "average" if kind == "max" else "max"
    traps: dict[str, Numbers] = {other: pool(image, 2, stride=stride, kind=other).result}
    if stride == 1:
        traps["stride_of_size"] = pool(image, 2, kind=kind).result
    worked = pool(image, 2, stride=stride, kind=kind)
    return Exercise(name, worked, {"image": image}, hint=f"{kind}_pooling", traps=traps, size="2×2", stride=stride)


def _size(rng: np.random.Generator) -> Exercise:
    size, kernel = int(rng.integers(16, 65)), int(rng.integers(2, 8))
    padding, stride = int(rng.integers(0, 3)), int(rng.integers(1, 4))
    worked = feature_map_size(size, kernel, padding=padding, stride=stride)
    room = size - kernel + 2 * padding
    wrong = {
        "not_plus_one": room // stride,
        "padding_once": (room - padding) // stride + 1,
        "rounded_up": math.ceil(room / stride) + 1,
    }
    traps = {key: value for key, value in wrong.items() if value != worked.result}
    return Exercise(
        "size",
        worked,
        {},
        hint="size",
        traps=traps,
        size=size,
        kernel=kernel,
        padding=padding,
        stride=stride,
    )


def _random_same_padding(rng: np.random.Generator) -> Exercise:
    return _same_padding("same_padding", int(rng.integers(8, 65)), int(rng.integers(2, 8)))


def _same_padding(name: str, size: int, kernel: int) -> Exercise:
    worked = padding_for(size, kernel)
    before, after = worked.result
    half = {"half": ((kernel - 1) / 2, (kernel - 1) / 2)} if before != after else {}
    also_right = {"other_side": (after, before)} if before != after else {}
    return Exercise(name, worked, {}, hint="same_padding", traps=half, also_right=also_right, size=size, kernel=kernel)


def _softmax(rng: np.random.Generator) -> Exercise:
    logits = rng.integers(-2, 4, 3)
    return Exercise(
        "softmax", softmax(logits), {"logits": logits}, hint="softmax", traps={"not_normalised": np.exp(logits)}
    )


def _cross_entropy(rng: np.random.Generator) -> Exercise:
    probabilities = rng.multinomial(17, [1 / 3] * 3) / 20 + 0.05
    truth = int(rng.integers(3))
    worked = cross_entropy(truth, probabilities)
    traps = {"other_base": worked.result / math.log(2)}
    return Exercise(
        "cross_entropy",
        worked,
        {"probabilities": probabilities},
        hint="cross_entropy",
        traps=traps,
        truth=truth,
    )


def _dice(rng: np.random.Generator) -> Exercise:
    masks = np.zeros((2, 5, 6), int)
    for mask in masks:
        top, left = rng.integers(0, 3, 2)
        mask[top : top + rng.integers(2, 4), left : left + rng.integers(2, 4)] = 1
    masks[:, 2, 2] = 1  # they meet
    both, either = (masks[0] & masks[1]).sum(), (masks[0] | masks[1]).sum()
    worked = dice(*masks)
    traps = {"jaccard": both / either} if both != either else {}
    return Exercise("dice", worked, {"truth": masks[0], "prediction": masks[1]}, hint="dice", traps=traps)


def _kernel(rng: np.random.Generator, shape: tuple[int, ...]) -> Numbers:
    """Small weights that are not the same when they are turned by 180°."""
    kernel = rng.integers(-2, 3, shape)
    kernel[0, 0] = kernel[-1, -1] + 1
    return kernel


EXERCISES: Mapping[str, Callable[[np.random.Generator], Exercise]] = MappingProxyType(
    {
        "convolution": _convolution,
        "padding": _padding,
        "stride": _stride,
        "channels": _channels,
        "max_pooling": _max_pooling,
        "average_pooling": _average_pooling,
        "size": _size,
        "same_padding": _random_same_padding,
        "softmax": _softmax,
        "cross_entropy": _cross_entropy,
        "dice": _dice,
    }
)
