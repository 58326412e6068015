"""Batches for ``model.fit``: the same for the same seed, epoch and position, whoever asks and in whatever order."""

from __future__ import annotations

import keras
import numpy as np

from cnnproj.data.augmentation import Augmentation
from cnnproj.data.images import Part
from cnnproj.randomness import derive_seed


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """A part of the images in batches of pixels in [0, 1] and one-hot labels.

    Args:
        part: the images.
        batch_size: images a batch; the last of an epoch may have fewer.
        seed: draws the order and the variations of every epoch anew; ``None`` keeps the part's own order.
        augmentation: varies the images, or ``None``.
    """

    def __init__(
        self, part: Part, batch_size: int, *, seed: int | None = None, augmentation: Augmentation | None = None
    ) -> None:
        super().__init__()
        self.part, self.batch_size, self.seed, self.augmentation = part, batch_size, seed, augmentation
        self.epoch = 0
        self._order = self._draw_order()

    def __len__(self) -> int:
        return -(-len(self.part) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch ``index`` of the present epoch: float32 (n, height, width, channels) and (n, classes)."""
        chosen = self._order[index * self.batch_size : (index + 1) * self.batch_size]
        images = self.part.images(chosen)
        if self.augmentation is not None:
            images = self.augmentation(images, seed=derive_seed(self.seed or 0, "augment", self.epoch, index))
        pixels = np.multiply(images, 1 / 255, dtype=np.float32)
        return pixels, np.eye(len(self.part.classes), dtype=np.float32)[self.part.labels[chosen]]

    def on_epoch_end(self) -> None:
        """Draw the next epoch's order."""
        self.epoch += 1
        self._order = self._draw_order()

    def _draw_order(self) -> np.ndarray:
        if self.seed is None:
            return np.arange(len(self.part))
        return np.random.default_rng(derive_seed(self.seed, "order", self.epoch)).permutation(len(self.part))
