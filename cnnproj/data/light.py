"""Brighter, darker, shifted: what ``ImageDataGenerator`` does to the values of an image rather than their places."""

from __future__ import annotations

import numpy as np


def scale_of(image: np.ndarray) -> float:
    """1.0 for an image of floats that lie all in [0, 1], 255.0 for any other."""
    if image.dtype.kind != "f" or not image.size:
        return 255.0
    return 1.0 if image.min() >= 0 and image.max() <= 1 else 255.0


def shift_channels(image: np.ndarray, intensity: float) -> np.ndarray:
    """``image`` with ``intensity`` added, within its own smallest and largest value."""
    shifted: np.ndarray = np.clip(image + intensity, image.min(), image.max())
    return shifted


def brighten(image: np.ndarray, factor: float, scale: float) -> np.ndarray:
    """``image``, (height, width, channels), with its colours multiplied by ``factor``; a fourth channel stays.

    On 0–255 this gives the whole numbers that Pillow gives, which Keras uses: both values and products are cut off.
    Beyond 0–255 it is Keras' own function. On 0–1 the product is kept as it is, up to 1.

    Args:
        image: of any dtype.
        factor: from 0.
        scale: 1.0 or 255.0, as ``scale_of`` tells.

    Returns:
        float32, or the dtype of ``image`` on 0–1.
    """
    brighter: np.ndarray
    if scale == 1.0:
        brighter = np.clip(image * image.dtype.type(factor), 0, 1)
    elif image.min() < 0 or image.max() > 255:
        from tensorflow.keras.preprocessing.image import apply_brightness_shift

        stretched: np.ndarray = apply_brightness_shift(image, factor, False)
        return stretched
    else:
        # Pillow computes in single precision.
        table = np.clip(np.arange(256, dtype=np.float32) * np.float32(factor), 0, 255)
        brighter = np.trunc(table)[image.astype(np.uint8)]
    if image.shape[2] == 4:
        brighter[..., 3] = image[..., 3] if scale == 1.0 else np.trunc(image[..., 3])
    return brighter
