"""Batches for ``model.fit``: the same for the same seed, epoch and position, whoever asks and in whatever order."""

from __future__ import annotations

from functools import cached_property

import keras
import numpy as np

from cnnproj.data.augmentation import Augmentation
from cnnproj.data.balance import balanced_order, class_weights
from cnnproj.data.images import Part
from cnnproj.randomness import derive_seed
from cnnproj.settings import Balance


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """A part of the images in batches of pixels in [0, 1] and one-hot labels.

    Args:
        part: the images.
        batch_size: images a batch; the last of an epoch may have fewer.
        seed: draws the order and the variations of every epoch anew; ``None`` keeps the part's own order.
        augmentation: varies the images, or ``None``.
        balance: ``class_weights`` adds the weight of each image to a batch; ``augment`` shows every class as often as
            the largest one, each image that comes again varied in another way, in an order that needs a ``seed``.
    """

    def __init__(
        self,
        part: Part,
        batch_size: int,
        *,
        seed: int | None = None,
        augmentation: Augmentation | None = None,
        balance: Balance = "none",
    ) -> None:
        super().__init__()
        if balance == "augment" and seed is None:
            raise ValueError("Expected a seed with balance='augment'. Received none.")
        self.part, self.batch_size, self.seed, self.augmentation = part, batch_size, seed, augmentation
        self.balance = balance
        self.epoch = 0
        self._order = self._draw_order()

    def __len__(self) -> int:
        return -(-len(self._order) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        """Batch ``index`` of the present epoch: float32 (n, height, width, channels) and (n, classes).

        With ``balance="class_weights"`` the weights of the images follow, float32 (n,).
        """
        chosen = self._order[index * self.batch_size : (index + 1) * self.batch_size]
        images = self.part.images(chosen)
        if self.augmentation is not None:
            images = self.augmentation(images, seed=derive_seed(self.seed or 0, "augment", self.epoch, index))
        pixels = np.multiply(images, 1 / 255, dtype=np.float32)
        labels = self.part.labels[chosen]
        batch = (pixels, np.eye(len(self.part.classes), dtype=np.float32)[labels])
        return (*batch, self._weights[labels]) if self.balance == "class_weights" else batch

    @property
    def shown(self) -> int:
        """How many images an epoch shows."""
        return len(self._order)

    def on_epoch_end(self) -> None:
        """Draw the next epoch's order."""
        self.epoch += 1
        self._order = self._draw_order()

    @cached_property
    def _weights(self) -> np.ndarray:
        return class_weights(self.part.labels, len(self.part.classes))

    def _draw_order(self) -> np.ndarray:
        if self.seed is None:
            return np.arange(len(self.part))
        seed = derive_seed(self.seed, "order", self.epoch)
        if self.balance == "augment":
            return balanced_order(self.part.labels, seed=seed)
        return np.random.default_rng(seed).permutation(len(self.part))
