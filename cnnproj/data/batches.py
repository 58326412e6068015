"""Batches for training: the same for the same seed, epoch and position, whoever asks; and made ahead of being asked."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from itertools import islice, product
from types import TracebackType

import numpy as np

from cnnproj.data.augmentation import Augmentation
from cnnproj.data.balance import balanced_order, class_weights
from cnnproj.data.images import Part
from cnnproj.randomness import derive_seed
from cnnproj.settings import Balance

Batch = tuple[np.ndarray, ...]
AHEAD = 4  # batches that wait to be taken; more only take up memory


class Batches:
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
        if balance == "augment" and seed is None:
            raise ValueError("Expected a seed with balance='augment'. Received none.")
        self.part, self.batch_size, self.seed = part, batch_size, seed
        self.augmentation, self.balance = augmentation, balance
        self._order = (0, self._draw_order(0))

    def __len__(self) -> int:
        """How many batches an epoch has."""
        return -(-len(self._order[1]) // self.batch_size)

    @property
    def shown(self) -> int:
        """How many images an epoch shows."""
        return len(self._order[1])

    def batch(self, epoch: int, index: int) -> Batch:
        """Batch ``index`` of ``epoch``, both from 0: float32 (n, height, width, channels) and (n, classes).

        With ``balance="class_weights"`` the weights of the images follow, float32 (n,).
        """
        chosen = self.chosen(epoch, index)
        images = self.part.images(chosen)
        if self.augmentation is not None:
            images = self.augmentation(images, seed=self.seed_of(epoch, index))
        pixels = np.multiply(images, 1 / 255, dtype=np.float32)
        labels = self.part.labels[chosen]
        batch = (pixels, np.eye(len(self.part.classes), dtype=np.float32)[labels])
        return (*batch, self._weights[labels]) if self.balance == "class_weights" else batch

    def chosen(self, epoch: int, index: int) -> np.ndarray:
        """The positions in the part of the images of batch ``index`` of ``epoch``."""
        if epoch != self._order[0]:
            self._order = (epoch, self._draw_order(epoch))
        return self._order[1][index * self.batch_size : (index + 1) * self.batch_size]

    def seed_of(self, epoch: int, index: int) -> int:
        """The seed of what augmentation draws for batch ``index`` of ``epoch``."""
        return derive_seed(self.seed or 0, "augment", epoch, index)

    @cached_property
    def _weights(self) -> np.ndarray:
        return class_weights(self.part.labels, len(self.part.classes))

    def _draw_order(self, epoch: int) -> np.ndarray:
        if self.seed is None:
            return np.arange(len(self.part))
        seed = derive_seed(self.seed, "order", epoch)
        if self.balance == "augment":
            return balanced_order(self.part.labels, seed=seed)
        return np.random.default_rng(seed).permutation(len(self.part))


class Feed:
    """Hands out the batches of ``epochs`` epochs, in order; a thread of its own makes the next ones meanwhile.

        with Feed(batches, epochs=2) as feed:
            for epoch in range(2):
                for batch in feed.epoch():
                    …

    Attributes:
        waited: seconds that the taker has waited for batches so far.
    """

    def __init__(self, batches: Batches, *, epochs: int) -> None:
        self.waited = 0.0
        self._batches = batches
        self._places = product(range(epochs), range(len(batches)))
        self._made: deque[Future[Batch]] = deque()

    def __enter__(self) -> Feed:
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._ask(AHEAD)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._maker.shutdown(cancel_futures=True)

    def epoch(self) -> Iterator[Batch]:
        """The batches of the next epoch."""
        for _ in range(len(self._batches)):
            start = time.perf_counter()
            batch = self._made.popleft().result()
            self.waited += time.perf_counter() - start
            self._ask(1)
            yield batch

    def _ask(self, count: int) -> None:
        self._made.extend(self._maker.submit(self._batches.batch, *place) for place in islice(self._places, count))
