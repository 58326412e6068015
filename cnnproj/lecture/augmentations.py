"""The effect of each augmentation: one argument of ``ImageDataGenerator`` at a time, on one photo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnproj.chart import Chart
from cnnproj.errors import CnnprojError
from cnnproj.lecture.arguments import image_of, whole

# So strong that each is plainly seen: stronger than training mostly wants.
EXAMPLES: Mapping[str, Any] = MappingProxyType(
    {
        "rotation_range": 30,
        "width_shift_range": 0.25,
        "height_shift_range": 0.25,
        "shear_range": 30,
        "zoom_range": 0.4,
        "horizontal_flip": True,
        "vertical_flip": True,
        "brightness_range": [0.4, 1.6],
        "channel_shift_range": 70,
        "noise": 30,
        "salt_and_pepper": 0.05,
        "cutout": 0.5,
        "hue": 120,
        "saturation": 0.9,
        "contrast": 0.7,
        "random_crop": 0.5,
    }
)
_SEED = 25  # with which three variants show each of them, the flips too


@dataclass(frozen=True, eq=False)
class Varied:
    """One image, varied by one argument at a time.

    Attributes:
        image: uint8, (height, width, channels).
        arguments: the value of each argument.
        variants: of each argument some variants, uint8, (variants, height, width, channels).
    """

    image: NDArray[np.uint8]
    arguments: Mapping[str, Any]
    variants: Mapping[str, NDArray[np.uint8]]

    def figure(self) -> Chart:
        """A strip an argument, with its name and value above."""
        from cnnproj.lecture.drawing.photos import draw_varied

        return draw_varied(self)


def vary(image: ArrayLike, arguments: Mapping[str, Any] = EXAMPLES, *, variants: int = 3, seed: int = _SEED) -> Varied:
    """Vary ``image`` by each of ``arguments`` alone, with the generator that training uses.

    Args:
        image: of 0–255, (height, width, 3), or (height, width) in gray.
        arguments: of ``cnnproj.data.augmentation.ImageDataGenerator``.
        variants: how many of each.
        seed: the same gives the same variants.

    Raises:
        CnnprojError: where the image is none, or its values are not of 0–255.
        ValueError, TypeError: of ``ImageDataGenerator``, where an argument cannot be.
    """
    from cnnproj.runtime import quiet_import

    with quiet_import():
        from cnnproj.data.augmentation import Augmentation

    given = image_of(image)
    if given.min() < 0 or given.max() > 255:
        raise CnnprojError("lecture.not_of_bytes", low=given.min(), high=given.max())
    pixels = np.rint(given if given.ndim == 3 else given[..., None]).astype(np.uint8)
    copies = np.repeat(pixels[None], whole(variants, "variants"), axis=0)
    made = {
        name: np.clip(np.rint(Augmentation({name: value})(copies, seed=seed)), 0, 255).astype(np.uint8)
        for name, value in arguments.items()
    }
    return Varied(pixels, dict(arguments), made)
