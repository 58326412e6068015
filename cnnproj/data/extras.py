"""Variations that ``ImageDataGenerator`` lacks: noise, cutout, colour jitter and random crop.

All are drawn after what the stock class draws, and off by default.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import cv2
import numpy as np

# Luma and chroma of NTSC: turning the chroma changes the hue and leaves the luma as it is.
_YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
_RGB = np.linalg.inv(_YIQ)
# How many numbers each takes of an image's draws.
_COLUMNS = {"noise": 1, "salt_and_pepper": 1, "cutout": 4, "hue": 1, "saturation": 1, "contrast": 1, "random_crop": 3}

# Numbers in [0, 1) by the name of the argument that they are for.
Drawn = dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class Extras:
    """The further arguments of our ``ImageDataGenerator``; 0 leaves one out.

    Attributes:
        noise: standard deviation of Gaussian noise, of 255.
        salt_and_pepper: share of the pixels that become black or white, each half of the time.
        cutout: the longest side of a hole, as a share of the image's; the hole is filled with ``cval``.
        hue: the colours are turned by up to so many degrees of the colour circle, either way.
        saturation: colours become paler or stronger by up to this share.
        contrast: differences from the image's mean become smaller or larger by up to this share.
        random_crop: up to this share of both sides is cut off, and the rest resized to the whole.

    Raises:
        ValueError: where a share is not between 0 and 1, or a number below 0.
    """

    noise: float = 0.0
    salt_and_pepper: float = 0.0
    cutout: float = 0.0
    hue: float = 0.0
    saturation: float = 0.0
    contrast: float = 0.0
    random_crop: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value, share = getattr(self, field.name), field.name not in ("noise", "hue")
            if not value >= 0 or (share and value > 1) or (field.name == "random_crop" and value == 1):
                bound = "a share from 0 to 1" if share else "0 or more"
                raise ValueError(f"Expected {bound} for {field.name}. Received: {field.name}={value!r}.")

    @property
    def used(self) -> list[str]:
        """The names of those that do something, in the order in which they are drawn."""
        return [name for name in _COLUMNS if getattr(self, name)]

    @property
    def changes_values(self) -> bool:
        """Whether any but the crop, which is part of the warp, does something."""
        return bool(set(self.used) - {"random_crop"})

    def draw(self, n: int, stream: np.random.RandomState) -> list[Drawn]:
        """What ``n`` images need."""
        drawn: list[Drawn] = [{} for _ in range(n)]
        for name in self.used:
            for one, numbers in zip(drawn, stream.random_sample((n, _COLUMNS[name])).tolist(), strict=True):
                one[name] = tuple(numbers)
        return drawn

    def crop(self, drawn: Sequence[Drawn], shape: tuple[int, int]) -> np.ndarray:
        """The matrices, (n, 3, 3), that spread what is left of each image, (row, column, 1), over the whole."""
        numbers = np.array([one["random_crop"] for one in drawn]).reshape(-1, 3)
        kept = 1 - self.random_crop * numbers[:, 0]
        made = np.tile(np.eye(3), (len(numbers), 1, 1))
        for axis, side in enumerate(shape):
            # The first and the last pixel that are kept come to lie on the first and the last.
            made[:, axis, axis] = np.maximum(kept * side - 1, 0) / max(1, side - 1)
            made[:, axis, 2] = numbers[:, 1 + axis] * (1 - made[:, axis, axis]) * (side - 1)
        return made

    def apply(self, image: np.ndarray, drawn: Drawn, *, scale: float, cval: float) -> None:
        """Change ``image``, float (height, width, channels), in place: all but the crop.

        Args:
            image: of values from 0 to ``scale``.
            drawn: what ``draw`` gave for this image.
            scale: 1.0 or 255.0.
            cval: fills the hole.
        """
        colours = image[..., :3] if image.shape[2] == 4 else image
        if {"hue", "saturation", "contrast"} & drawn.keys():
            colours[...] = self._jitter(colours, drawn)
        if "noise" in drawn:
            noise = _generator(drawn["noise"]).standard_normal(colours.shape, dtype=np.float32)
            colours += noise * np.float32(self.noise * scale / 255)
        if "salt_and_pepper" in drawn:
            grains = _generator(drawn["salt_and_pepper"]).random(colours.shape[:2], dtype=np.float32)
            colours[grains < self.salt_and_pepper] = scale
            colours[grains < self.salt_and_pepper / 2] = 0
        np.clip(colours, 0, scale, out=colours)
        if "cutout" in drawn:
            image[_hole(drawn["cutout"], self.cutout, image.shape)] = cval

    def _jitter(self, image: np.ndarray, drawn: Drawn) -> np.ndarray:
        """Hue, saturation and contrast, all in one matrix of the colours; gray images have a contrast only."""
        of_either_sign = {name: 2 * numbers[0] - 1 for name, numbers in drawn.items()}
        contrast = 1 + self.contrast * of_either_sign.get("contrast", 0)
        if image.shape[2] != 3:
            return image * np.float32(contrast) + np.float32((1 - contrast) * image.mean())
        angle = np.deg2rad(self.hue * of_either_sign.get("hue", 0))
        strength = 1 + self.saturation * of_either_sign.get("saturation", 0)
        turned = np.eye(3)
        turned[1:, 1:] = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * strength
        mean = float(image.mean(axis=(0, 1)) @ _YIQ[0])
        colours = np.hstack([contrast * _RGB @ turned @ _YIQ, np.full((3, 1), (1 - contrast) * mean)])
        jittered: np.ndarray = cv2.transform(np.ascontiguousarray(image), colours)
        return jittered


def _generator(numbers: tuple[float, ...]) -> np.random.Generator:
    """The source of an image's own grains, so that they do not depend on which thread makes them."""
    return np.random.Generator(np.random.SFC64(int(numbers[0] * 2**53)))


def _hole(numbers: tuple[float, ...], share: float, shape: Sequence[int]) -> tuple[slice, slice]:
    """Where the hole lies, all of it inside: at least one pixel, each side up to ``share`` of the image's."""
    slices = []
    for axis in (0, 1):
        side = max(1, round(share * numbers[axis] * shape[axis]))
        start = int(numbers[2 + axis] * (shape[axis] - side + 1))
        slices.append(slice(start, start + side))
    return slices[0], slices[1]
