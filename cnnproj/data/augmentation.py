"""Varying the training images, with the names and the arithmetic of Keras' ``ImageDataGenerator``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


class Augmentation:
    """Random variations of images.

    Args:
        arguments: what ``ImageDataGenerator`` takes, by its own names.
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        from tensorflow.keras.preprocessing.image import ImageDataGenerator

        self.arguments = dict(arguments)
        self._generator = ImageDataGenerator(**self.arguments)

    def __call__(self, images: np.ndarray, *, seed: int) -> np.ndarray:
        """Each of ``images`` varied at random, the same for the same ``seed``.

        Args:
            images: (n, height, width, channels), 0–255.
            seed: of this batch.

        Returns:
            float32, the same shape, 0–255.
        """
        varied = np.empty(images.shape, np.float32)
        state = np.random.get_state()  # the stock generator draws from NumPy's global stream: give it back as it was
        try:
            np.random.seed(seed)
            for position, image in enumerate(images):
                drawn = self._generator.get_random_transform(image.shape)
                varied[position] = self._generator.apply_transform(image.astype(np.float32), drawn)
        finally:
            np.random.set_state(state)
        return varied
