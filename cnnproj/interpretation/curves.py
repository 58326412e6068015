"""Deletion and insertion: does the probability follow the pixels that a heatmap calls important?

Source: Petsiuk, Das and Saenko, "RISE: randomized input sampling for explanation of black-box models" (2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.integrate import trapezoid

from cnnproj.anatomy.receptive_field import Field
from cnnproj.interpretation.heatmaps import enlarge
from cnnproj.interpretation.opened_model import OpenedModel
from cnnproj.randomness import derive_seed

STEPS = 16
RANDOM_MAPS = 3  # for each image
SHARES = np.linspace(0, 1, STEPS + 1)
CURVES = ("deletion", "insertion")


@dataclass(frozen=True)
class Curves:
    """The probability of the explained class while pixels go or come, those with the highest values first.

    Attributes:
        deletion: (n, STEPS + 1), at each of ``SHARES`` of the pixels replaced by the image's mean colour. It falls
            fast where the map is right.
        insertion: (n, STEPS + 1), at each of ``SHARES`` of the pixels put into a blurred copy of the image. It rises
            fast where the map is right.
    """

    deletion: np.ndarray
    insertion: np.ndarray

    @property
    def gain(self) -> np.ndarray:
        """The area under insertion less that under deletion, for each image, (n,), -1 to 1: higher is better."""
        difference: np.ndarray = area(self.insertion) - area(self.deletion)
        return difference


def area(curve: np.ndarray) -> np.ndarray:
    """The area under each curve of ``Curves``, (n,), 0 to 1."""
    areas: np.ndarray = trapezoid(curve, SHARES, axis=1)
    return areas


def follow(opened: OpenedModel, images: np.ndarray, classes: np.ndarray, maps: np.ndarray, *, seed: int) -> Curves:
    """Take away and put in the pixels of ``images`` in the order of ``maps``.

    Args:
        opened: the network.
        images: float32, (n, height, width, channels), in [0, 1].
        classes: the class explained, (n,).
        maps: (n, height, width).
        seed: pixels of equal value come in an order drawn from it; the empty part of a map has no order of its own.
    """
    count, height, width, _ = images.shape
    chance = np.random.default_rng(derive_seed(seed, "ties")).random((count, height * width))
    order = np.lexsort((chance, -maps.reshape(count, -1)), axis=1)
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(height * width)[None], axis=1)
    rank = rank.reshape(count, height, width, 1)
    mean = np.broadcast_to(images.mean(axis=(1, 2), keepdims=True), images.shape)
    faint = np.stack([blur(image) for image in images])

    def curve(first: np.ndarray, rest: np.ndarray) -> np.ndarray:
        shown = (np.where(rank < round(share * height * width), first, rest) for share in SHARES)
        return np.stack([opened.probabilities(image)[np.arange(count), classes] for image in shown], axis=1)

    return Curves(deletion=curve(mean, images), insertion=curve(images, faint))


def blur(image: np.ndarray) -> np.ndarray:
    """``image`` without its details: a Gaussian of an eighth of its shorter side."""
    spread = min(image.shape[:2]) / 8
    return np.asarray(cv2.GaussianBlur(image, (0, 0), spread)).reshape(image.shape)


def random_maps(count: int, grain: tuple[int, ...], size: tuple[int, ...], field: Field, *, seed: int) -> np.ndarray:
    """Maps of noise, as coarse as the maps that they are compared with, float32, (count, *size).

    Pixels here and there disturb a network more than connected ones do, so noise by the pixel would be no fair match.
    """
    noise = np.random.default_rng(derive_seed(seed, "random maps")).random((count, *grain), dtype=np.float32)
    return enlarge(noise, size, field)


def follow_random(
    opened: OpenedModel, images: np.ndarray, classes: np.ndarray, grain: tuple[int, ...], field: Field, *, seed: int
) -> Curves:
    """The mean curves of several random maps for each image; arguments as of ``follow`` and ``random_maps``."""
    found = []
    for number in range(RANDOM_MAPS):
        own = derive_seed(seed, "random", number)
        maps = random_maps(len(images), grain, images.shape[1:3], field, seed=own)
        found.append(follow(opened, images, classes, maps, seed=own))
    return Curves(*(np.mean([getattr(curves, name) for curves in found], axis=0) for name in CURVES))
