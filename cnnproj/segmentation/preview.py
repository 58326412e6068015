"""What augmentation makes of some training images and of their masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnproj.segmentation.images import MaskedPart


@dataclass(frozen=True)
class MaskedPreview:
    """Some training images with their masks, and what augmentation makes of the two together.

    Attributes:
        originals: (n, height, width, channels), uint8.
        masks: the class of each pixel, uint8, (n, height, width).
        varied: (n, variants, height, width, channels), float32, 0–255.
        moved: the masks of these, uint8, (n, variants, height, width).
        classes: of pixels, the background first.
        arguments: what ``ImageDataGenerator`` was given; empty where nothing is varied.
    """

    originals: np.ndarray
    masks: np.ndarray
    varied: np.ndarray
    moved: np.ndarray
    classes: tuple[str, ...]
    arguments: Mapping[str, object]


def preview(
    train: MaskedPart, arguments: Mapping[str, Any], *, changed: Mapping[str, Any], images: int, seeds: Sequence[int]
) -> MaskedPreview:
    """The first ``images`` of the training part, varied once for each seed.

    Args:
        train: the training part.
        arguments: of ``ImageDataGenerator``, all of them.
        changed: those of them that are not at their default.
        images: how many, at most.
        seeds: of the variants.
    """
    from cnnproj.data.augmentation import Augmentation

    first = np.arange(min(images, len(train)))
    originals, masks, vary = train.images(first), train.truth(first), Augmentation(arguments)
    made = [vary.together(originals, masks, seed=seed) for seed in seeds]
    varied, moved = (np.stack([one[place] for one in made], axis=1) for place in (0, 1))
    return MaskedPreview(originals, masks, varied, moved, train.classes, changed)
