"""Batches of images and masks for training: each mask varied by the same geometry as its image."""

from __future__ import annotations

import numpy as np

from cnnproj.data.augmentation import Augmentation
from cnnproj.data.batches import Batch, Batches
from cnnproj.segmentation.images import MaskedPart


class MaskedBatches(Batches):
    """A part of the images in batches of pixels in [0, 1] and the class of each pixel.

    Args:
        part: the images and their masks.
        batch_size: images a batch; the last of an epoch may have fewer.
        seed: draws the order and the variations of every epoch anew; ``None`` keeps the part's own order.
        augmentation: varies the images and moves their masks, or ``None``.
    """

    def __init__(
        self, part: MaskedPart, batch_size: int, *, seed: int | None = None, augmentation: Augmentation | None = None
    ) -> None:
        super().__init__(part, batch_size, seed=seed, augmentation=augmentation)
        self.masked = part

    def batch(self, epoch: int, index: int) -> Batch:
        """Batch ``index`` of ``epoch``, both from 0: float32 (n, height, width, channels), uint8 (n, height, width)."""
        chosen = self.chosen(epoch, index)
        images, masks = self.part.images(chosen), self.masked.truth(chosen)
        if self.augmentation is not None:
            images, masks = self.augmentation.together(images, masks, seed=self.seed_of(epoch, index))
        return np.multiply(images, 1 / 255, dtype=np.float32), masks
