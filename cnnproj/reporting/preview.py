"""What augmentation makes of some training images, by the arguments and the arithmetic of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cnnproj.data.augmentation import Augmentation
from cnnproj.data.images import Part
from cnnproj.randomness import derive_seed
from cnnproj.reporting.results import AugmentationPreview
from cnnproj.settings import Settings

SHOWN, VARIANTS = 4, 6  # in the report: images, and how often each is varied


def varied_as_in(settings: Settings, variants: int) -> dict[str, Any]:
    """What a preview of either task takes beside its images, so that they are varied as in training."""
    seeds = [derive_seed(settings.project.seed, "preview", number) for number in range(variants)]
    return {"arguments": settings.augmentation.arguments, "changed": settings.augmentation.changed, "seeds": seeds}


def preview(
    train: Part, arguments: Mapping[str, Any], *, changed: Mapping[str, Any], images: int, seeds: Sequence[int]
) -> AugmentationPreview:
    """The first image of each of some classes, varied once for each seed.

    Args:
        train: the training part.
        arguments: of ``ImageDataGenerator``, all of them.
        changed: those of them that are not at their default.
        images: how many classes, at most.
        seeds: of the variants.
    """
    _, first = np.unique(train.labels, return_index=True)
    originals = train.images(first[:images])
    vary = Augmentation(arguments)
    varied = np.stack([vary(originals, seed=seed) for seed in seeds], axis=1)
    labels = tuple(train.classes[label] for label in train.labels[first[:images]])
    filling = {name: arguments[name] for name in ("fill_mode", "cval")}
    copies = np.repeat(originals[:1], len(seeds), axis=0)
    alone = {
        name: Augmentation({**filling, name: arguments[name]})(copies, seed=seeds[0])
        for name in changed
        if name not in filling
    }
    return AugmentationPreview(originals, varied, labels, changed, alone)
