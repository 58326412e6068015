"""One size for all images: stretched, padded or cropped to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np

Resize = Literal["stretch", "pad", "crop"]


def fit_to(image: np.ndarray, size: tuple[int, int], resize: Resize = "stretch") -> np.ndarray:
    """``image``, uint8 (height, width) or (height, width, 3), in ``size``: uint8, (*size, 3).

    By area where it shrinks, so that fine patterns do not turn into coarse ones; by linear interpolation otherwise.

    Args:
        size: height and width in pixels.
        resize: ``stretch`` takes the whole image and changes its proportions; ``pad`` keeps them and fills up with the
            median colour of its edge; ``crop`` keeps them and cuts off what stands over at both ends.
    """
    return _colored(_fitted(image, size, resize, _resize, _edge_color))


def fit_mask(mask: np.ndarray, size: tuple[int, int], resize: Resize = "stretch") -> np.ndarray:
    """``mask``, uint8 (height, width) of classes, in ``size`` by the geometry of ``fit_to``: uint8, ``size``.

    Each pixel takes the class of the nearest one: between two classes there is no third. ``pad`` fills up with class 0.
    """
    return _fitted(mask, size, resize, _nearest, lambda inner: np.uint8(0))


def _fitted(
    image: np.ndarray,
    size: tuple[int, int],
    resize: Resize,
    to_size: Callable[[np.ndarray, tuple[int, int]], np.ndarray],
    fill: Callable[[np.ndarray], np.ndarray | np.uint8],
) -> np.ndarray:
    if resize == "stretch":
        return to_size(image, size)
    height, width = image.shape[:2]
    if resize == "pad":
        scale = min(size[0] / height, size[1] / width)
        inner = to_size(image, (_side(height * scale, size[0]), _side(width * scale, size[1])))
        top, left = (size[0] - inner.shape[0]) // 2, (size[1] - inner.shape[1]) // 2
        padded = np.empty((*size, *inner.shape[2:]), np.uint8)
        padded[:] = fill(inner)
        padded[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
        return padded
    scale = max(size[0] / height, size[1] / width)
    kept_height, kept_width = _side(size[0] / scale, height), _side(size[1] / scale, width)
    top, left = (height - kept_height) // 2, (width - kept_width) // 2
    return to_size(image[top : top + kept_height, left : left + kept_width], size)


def restore_mask(mask: np.ndarray, size: tuple[int, int], resize: Resize = "stretch") -> np.ndarray:
    """``mask``, uint8 (height, width), of an image that ``fit_to`` has fitted, in the image's own ``size`` again.

    Each pixel takes the class of the nearest one. What ``crop`` has cut off, of which nothing is known, is of class 0.
    """
    if resize == "stretch":
        return _nearest(mask, size)
    height, width = mask.shape
    if resize == "pad":
        scale = min(height / size[0], width / size[1])
        inner = _side(size[0] * scale, height), _side(size[1] * scale, width)
        top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
        return _nearest(mask[top : top + inner[0], left : left + inner[1]], size)
    scale = max(height / size[0], width / size[1])
    kept = _side(height / scale, size[0]), _side(width / scale, size[1])
    top, left = (size[0] - kept[0]) // 2, (size[1] - kept[1]) // 2
    restored = np.zeros(size, np.uint8)
    restored[top : top + kept[0], left : left + kept[1]] = _nearest(mask, kept)
    return restored


def to_gray(images: np.ndarray) -> np.ndarray:
    """The luma of RGB images by ITU-R BT.601, uint8, (n, height, width, 1)."""
    luma = images @ np.array([0.299, 0.587, 0.114])
    gray: np.ndarray = np.rint(luma).astype(np.uint8)[..., None]
    return gray


def shrinks(image: np.ndarray, size: tuple[int, int]) -> bool:
    """Whether ``image`` has at least ``size``, (height, width)."""
    return bool(image.shape[0] >= size[0] and image.shape[1] >= size[1])


def _resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    how = cv2.INTER_AREA if shrinks(image, size) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(image), (size[1], size[0]), interpolation=how))


def _nearest(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    # The exact one goes by the middle of each pixel, as the interpolation of images does.
    nearest = cv2.resize(np.ascontiguousarray(mask), (size[1], size[0]), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(nearest)


def _side(length: float, most: int) -> int:
    return min(most, max(1, round(length)))


def _colored(image: np.ndarray) -> np.ndarray:
    return np.stack([image] * 3, axis=-1) if image.ndim == 2 else image


def _edge_color(image: np.ndarray) -> np.ndarray:
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    color: np.ndarray = np.median(edge, axis=0).astype(np.uint8)
    return color
