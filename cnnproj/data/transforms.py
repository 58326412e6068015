"""What ``ImageDataGenerator`` draws for each image, and the matrices that come of it, a whole batch at a time.

The order of the draws and the meaning of the parameters are those of the stock class, so that equal seeds give equal
images. For most arguments an image takes a fixed number of doubles from the stream, and those of a batch can be drawn
in one call: NumPy's legacy ``uniform(a, b)`` is ``a + (b - a) * random_sample()``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Parameters:
    """What is done to each image of a batch, by the names of ``ImageDataGenerator.get_random_transform``.

    Attributes:
        theta: degrees, (n,).
        tx: pixels, (n,).
        ty: pixels, (n,).
        shear: degrees, (n,).
        zx: factor, (n,).
        zy: factor, (n,).
        flip_horizontal: bool, (n,).
        flip_vertical: bool, (n,).
        channel_shift: what is added to every channel, (n,), or ``None``.
        brightness: factor, (n,), or ``None``.
    """

    theta: np.ndarray
    tx: np.ndarray
    ty: np.ndarray
    shear: np.ndarray
    zx: np.ndarray
    zy: np.ndarray
    flip_horizontal: np.ndarray
    flip_vertical: np.ndarray
    channel_shift: np.ndarray | None
    brightness: np.ndarray | None

    @classmethod
    def of_one(cls, given: Mapping[str, Any]) -> Parameters:
        """Those of one image, from the dictionary that ``apply_transform`` takes; what is left out does nothing."""
        numbers = {"theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1}
        geometry = {name: np.array([given.get(name, default)], float) for name, default in numbers.items()}
        flips = {name: np.array([bool(given.get(name))]) for name in ("flip_horizontal", "flip_vertical")}
        shift, brightness = given.get("channel_shift_intensity"), given.get("brightness")
        return cls(
            **geometry,
            **flips,
            channel_shift=None if shift is None else np.array([shift], float),
            brightness=None if brightness is None else np.array([brightness], float),
        )

    @property
    def warps(self) -> np.ndarray:
        """Whether each image is resampled, (n,): the stock class leaves those alone that would not move."""
        moved: np.ndarray = (self.theta != 0) | (self.tx != 0) | (self.ty != 0) | (self.shear != 0)
        moved |= (self.zx != 1) | (self.zy != 1)
        return moved


@dataclass(frozen=True)
class _Column:
    """One number that is drawn for each image: uniform from ``low`` to ``high``, or one of ``choices`` with a sign."""

    low: float = 0.0
    high: float = 1.0
    choices: Any = None
    factor: float = 1.0

    def draw(self, stream: np.random.RandomState) -> float:
        if self.choices is None:
            return float(stream.random_sample())
        chosen = stream.choice(self.choices)
        return float(chosen * stream.choice([-1, 1]))


def draw(generator: Any, shape: tuple[int, int], n: int, stream: np.random.RandomState) -> Parameters:
    """The parameters of ``n`` images, as ``n`` calls of the stock ``get_random_transform`` draw them.

    Args:
        generator: an ``ImageDataGenerator``; its ranges are read.
        shape: height and width of the images, in pixels.
        n: how many images.
        stream: the stream that is drawn from.
    """
    columns = _columns(generator, shape)
    if all(column.choices is None for column in columns.values()):
        drawn = stream.random_sample((n, len(columns)))
    else:  # a choice takes as many numbers from the stream as it happens to need
        drawn = np.array([[column.draw(stream) for column in columns.values()] for _ in range(n)])
        drawn = drawn.reshape(n, len(columns))
    low, width, factor = np.array([(one.low, one.high - one.low, one.factor) for one in columns.values()]).T
    values = dict(zip(columns, ((low + width * drawn) * factor).T, strict=True))
    zeros, ones = np.zeros(n), np.ones(n)
    return Parameters(
        theta=values.get("theta", zeros),
        tx=values.get("tx", zeros),
        ty=values.get("ty", zeros),
        shear=values.get("shear", zeros),
        zx=values.get("zx", ones),
        zy=values.get("zy", ones),
        flip_horizontal=(values["flip_horizontal"] < 0.5) & bool(generator.horizontal_flip),
        flip_vertical=(values["flip_vertical"] < 0.5) & bool(generator.vertical_flip),
        channel_shift=values.get("channel_shift"),
        brightness=values.get("brightness"),
    )


def varies(generator: Any) -> bool:
    """Whether ``generator`` draws anything that differs from image to image."""
    columns = _columns(generator, (1, 1))
    for name in ("flip_horizontal", "flip_vertical"):  # drawn in any case
        del columns[name]
    ranges = any(column.choices is not None or column.low != column.high for column in columns.values())
    return ranges or bool(generator.horizontal_flip or generator.vertical_flip)


def _columns(generator: Any, shape: tuple[int, int]) -> dict[str, _Column]:
    """What is drawn for an image, in the order of the stock class."""
    columns = {}
    if generator.rotation_range:
        columns["theta"] = _Column(-generator.rotation_range, generator.rotation_range)
    if generator.height_shift_range:
        columns["tx"] = _shift(generator.height_shift_range, shape[0])
    if generator.width_shift_range:
        columns["ty"] = _shift(generator.width_shift_range, shape[1])
    if generator.shear_range:
        columns["shear"] = _Column(-generator.shear_range, generator.shear_range)
    if not (generator.zoom_range[0] == 1 and generator.zoom_range[1] == 1):
        columns["zx"] = columns["zy"] = _Column(*generator.zoom_range)
    columns["flip_horizontal"] = columns["flip_vertical"] = _Column()
    if generator.channel_shift_range != 0:
        columns["channel_shift"] = _Column(-generator.channel_shift_range, generator.channel_shift_range)
    if generator.brightness_range is not None:
        columns["brightness"] = _Column(*generator.brightness_range)
    return columns


def _shift(given: Any, side: int) -> _Column:
    """A fraction of the side, or pixels from 1 on; a whole number or a list is chosen from."""
    if isinstance(given, float):
        return _Column(-given, given, factor=side if given < 1 else 1)
    return _Column(choices=given, factor=side if np.max(given) < 1 else 1)


def matrices(parameters: Parameters, shape: tuple[int, int]) -> np.ndarray:
    """Where the pixels of each image come from: source = matrix @ (row, column, 1).

    Rotation, shift, shear and zoom about the centre, as the stock class composes them, without its flips. Its axes are
    kept as they are: it names them x and y but swaps them before use, so that the "centre" of an image that is not
    square has height and width exchanged.

    Args:
        parameters: of n images.
        shape: height and width, in pixels.

    Returns:
        float64, (n, 2, 3), for row and column of the source.
    """
    height, width = shape
    theta, shear = np.deg2rad(parameters.theta), np.deg2rad(parameters.shear)
    rotation, shift, lean, zoom, centre, back = stack = np.zeros((6, len(theta), 3, 3))
    stack[..., range(3), range(3)] = 1
    rotation[:, 0, 0] = rotation[:, 1, 1] = np.cos(theta)
    rotation[:, 1, 0] = np.sin(theta)
    rotation[:, 0, 1] = -rotation[:, 1, 0]
    shift[:, 0, 2], shift[:, 1, 2] = parameters.tx, parameters.ty
    lean[:, 0, 1], lean[:, 1, 1] = -np.sin(shear), np.cos(shear)
    zoom[:, 0, 0], zoom[:, 1, 1] = parameters.zx, parameters.zy
    centre[:, :2, 2] = height / 2 - 0.5, width / 2 - 0.5
    back[:, :2, 2] = -centre[:, :2, 2]
    # Products of matrices in the stock's order are equal to its own in every bit: the last one decides on which side of
    # an edge a pixel lies that comes from the edge itself.
    made = centre @ (rotation @ shift @ lean @ zoom) @ back
    inside: np.ndarray = np.ascontiguousarray(made[:, 1::-1, [1, 0, 2]])
    return inside


def with_flips(made: np.ndarray, parameters: Parameters, shape: tuple[int, int]) -> np.ndarray:
    """The matrices ``made``, (n, 2, 3), with the flips that follow the warp taken into them."""
    flipped = made.copy()
    for axis, chosen in enumerate((parameters.flip_vertical, parameters.flip_horizontal)):
        flipped[:, :, 2] += flipped[:, :, axis] * (chosen * (shape[axis] - 1))[:, None]
        flipped[:, :, axis] *= (1 - 2 * chosen)[:, None]
    return flipped
