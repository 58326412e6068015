"""The pointing game: does a heatmap's peak lie on the object that decides the class?

Source: Zhang et al., "Top-down neural attention by excitation backprop" (2016); here without its margin of 15 pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnnproj.data.resizing import Resize, fit_to
from cnnproj.data.sources.source import Source


def masks_of(source: Source, names: Sequence[str], size: tuple[int, int], resize: Resize) -> np.ndarray | None:
    """Where the object is in each of the images called ``names``, (n, *size) of bool; ``None`` where nobody knows.

    Args:
        source: the user's images, with their masks.
        names: of images of its table.
        size: height and width that the images were resized to.
        resize: and how.
    """
    place = {str(image): row for row, image in enumerate(source.table["image"])}
    masks = [source.mask(place[name]) for name in names]
    known = [mask for mask in masks if mask is not None]
    if not known or len(known) < len(masks):
        return None
    return np.stack([fit_to(mask.astype(np.uint8) * 255, size, resize)[..., 0] >= 128 for mask in known])


def hits(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Whether each map's peak lies on the object, (n,): 1 or 0, and of several peaks the share that does.

    A map that is 0 all over points nowhere, which counts as a miss.

    Args:
        maps: (n, height, width), 0 and above.
        masks: bool, (n, height, width).
    """
    top = maps.max(axis=(1, 2), keepdims=True)
    peaks = (maps == top) & (top > 0)
    found: np.ndarray = (peaks & masks).sum(axis=(1, 2)) / np.maximum(peaks.sum(axis=(1, 2)), 1)
    return found
