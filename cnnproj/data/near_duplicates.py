"""Images that are nearly the same: encoded again, resized, stretched, made brighter or darker.

Each image gets a *fingerprint*: its luma in 16×16 cells, and its colour in 4×4. Two images are near duplicates when
their luma, each brought to mean 0 and standard deviation 1, differs by at most ``MOST_DIFFERENCE`` (root mean square; a
correlation of at least 0.9968), and their colour by at most ``MOST_COLOR_DIFFERENCE`` of 255.

It is a perceptual hash that keeps the numbers of which pHash keeps the signs. Hands before a plain wall, or trousers on
black, agree in nearly all signs and still differ in the numbers; ``benchmarks/audit.py`` measures both. What it does
not find: crops of more than a pixel or two, mirror images, a copy with something drawn over a large part of it.
"""

from __future__ import annotations

import cv2
import numpy as np

from cnnproj.data.resizing import shrinks
from cnnproj.errors import CnnprojError
from cnnproj.progress import Progress
from cnnproj.words import say

MOST_DIFFERENCE = 0.08
MOST_COLOR_DIFFERENCE = 12.0
LEAST_CONTRAST = 2.0  # of 255: below it, what is compared would be noise
MOST_PAIRS = 5_000_000

_SIDE, _COLOR_SIDE, _FIRST_SIDE = 16, 4, 64
_LUMA = _SIDE * _SIDE
FINGERPRINT_LENGTH = _LUMA + 2 * _COLOR_SIDE * _COLOR_SIDE
_LUMA_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as are those of the colour
_COLOR_WEIGHTS = np.array([0.713, 0.564], np.float32)
_COMPONENTS = 10  # that the search goes by
_BLOCK = 512


def fingerprint(image: np.ndarray) -> np.ndarray:
    """The fingerprint of ``image``, uint8 (height, width) or (height, width, 3): float16, (FINGERPRINT_LENGTH,).

    Luma in 16×16 cells (0–255), then the two differences of colour in 4×4 cells (-128–127), all 0 for gray.
    """
    if shrinks(image, (4 * _FIRST_SIDE, 4 * _FIRST_SIDE)):  # what this step rounds, the next averages out
        image = cv2.resize(image, (_FIRST_SIDE, _FIRST_SIDE), interpolation=cv2.INTER_AREA)
    found = np.zeros(FINGERPRINT_LENGTH, np.float16)
    if image.ndim == 2:
        found[:_LUMA] = _cells(image.astype(np.float32), _SIDE).ravel()
        return found
    cells = _cells(image.astype(np.float32), _SIDE)
    luma = cells @ _LUMA_WEIGHTS
    found[:_LUMA] = luma.ravel()
    colors = (cells[..., [0, 2]] - luma[..., None]) * _COLOR_WEIGHTS
    found[_LUMA:] = _cells(colors, _COLOR_SIDE).ravel()
    return found


def _cells(image: np.ndarray, side: int) -> np.ndarray:
    how = cv2.INTER_AREA if shrinks(image, (side, side)) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (side, side), interpolation=how))


def contrast(fingerprints: np.ndarray) -> np.ndarray:
    """The standard deviation of the luma of each of (n, FINGERPRINT_LENGTH), of 255, (n,)."""
    deviation: np.ndarray = fingerprints[:, :_LUMA].astype(np.float32).std(axis=1)
    return deviation


def colorfulness(fingerprints: np.ndarray) -> np.ndarray:
    """The strongest colour in each of (n, FINGERPRINT_LENGTH): 0 for gray to some 180, (n,)."""
    strongest: np.ndarray = np.abs(fingerprints[:, _LUMA:]).max(axis=1).astype(np.float32)
    return strongest


def near_pairs(fingerprints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of near duplicates.

    Exact, and far from comparing all with all: along a few principal components images are at most as far apart as they
    are in full, so only those that are close there need be compared, and a k-d tree gives them.

    Args:
        fingerprints: of different images, (n, FINGERPRINT_LENGTH).

    Returns:
        The pairs (m, 2), the first of each the smaller position, in order; and how much each differs, (m,).

    Raises:
        CnnprojError: where there are more than ``MOST_PAIRS``.
    """
    from scipy.spatial import KDTree  # here, since an audit that is done already is only read

    places = np.flatnonzero(contrast(fingerprints) >= LEAST_CONTRAST)
    luma, colors = _standardized(fingerprints[places]), fingerprints[places, _LUMA:]
    components = np.linalg.eigh((luma.T @ luma).astype(np.float64))[1][:, -_COMPONENTS:]
    projected = luma @ components
    along = np.argsort(projected[:, -1], kind="stable")  # images of a block lie close together: the tree rules out more
    tree = KDTree(projected, leafsize=32)
    found: list[tuple[np.ndarray, np.ndarray]] = [(np.empty((0, 2), np.int64), np.empty(0, np.float32))]
    with Progress(say("progress.comparing"), len(places)) as progress:
        for start in range(0, len(places), _BLOCK):
            block = along[start : start + _BLOCK]
            # A hair more than the bound, since the projection rounds.
            close = KDTree(projected[block], leafsize=32).sparse_distance_matrix(
                tree, MOST_DIFFERENCE + 1e-4, output_type="ndarray"
            )
            candidates = np.stack([block[close["i"]], close["j"]], axis=1)
            found.append(_verified(candidates[candidates[:, 0] < candidates[:, 1]], luma, colors))
            if sum(len(pairs) for pairs, _ in found) > MOST_PAIRS:
                raise CnnprojError("split.too_many_pairs", most=MOST_PAIRS)
            progress.advance(len(block))
    pairs, differences = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return places[pairs[order]], differences[order]


def _standardized(fingerprints: np.ndarray) -> np.ndarray:
    """The luma with mean 0 and length 1: two of these are as far apart as the root mean square of the difference."""
    luma = fingerprints[:, :_LUMA].astype(np.float32)
    luma -= luma.mean(axis=1, keepdims=True)
    luma /= np.linalg.norm(luma, axis=1, keepdims=True)
    return luma


def _verified(pairs: np.ndarray, luma: np.ndarray, colors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Those of ``pairs`` that are near duplicates, and how much they differ."""
    kept, values = [], []
    for chunk in np.array_split(pairs, len(pairs) // 65536 + 1):
        difference = np.linalg.norm(luma[chunk[:, 0]] - luma[chunk[:, 1]], axis=1)
        color = colors[chunk[:, 0]].astype(np.float32) - colors[chunk[:, 1]].astype(np.float32)
        near = (difference <= MOST_DIFFERENCE) & (np.sqrt(np.square(color).mean(axis=1)) <= MOST_COLOR_DIFFERENCE)
        kept.append(chunk[near])
        values.append(difference[near])
    return np.concatenate(kept), np.concatenate(values)
