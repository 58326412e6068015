"""Heatmaps of what a network's decision rests on: class activation maps, and what works without positions too."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from cnnproj.anatomy.receptive_field import PIXEL, UNKNOWN, Field, Interval
from cnnproj.interpretation.methods import AT_ONCE, BY_PIXEL, WITH_POSITIONS, WITHOUT_POSITIONS
from cnnproj.interpretation.opened_model import MAPS, OpenedModel
from cnnproj.randomness import derive_seed

SMOOTH_SAMPLES = 32
SMOOTH_NOISE = 0.1  # standard deviation, of the range of an image
MOST_MASKS = 64  # of Score-CAM, an image


@dataclass(frozen=True)
class Heatmaps:
    """Heatmaps of some images.

    Attributes:
        method: one of ``WITH_POSITIONS`` or ``WITHOUT_POSITIONS``.
        layer: the layer whose maps are read; empty for saliency and occlusion.
        maps: (n, height, width), float32, 0 and above, on the method's own scale: not stretched, so that no evidence
            looks like none.
    """

    method: str
    layer: str
    maps: np.ndarray


def methods(opened: OpenedModel) -> tuple[str, ...]:
    """What a network can be explained by, the method to begin with first."""
    return WITHOUT_POSITIONS if opened.layer is None else WITH_POSITIONS


def explain(
    model: keras.Sequential, images: np.ndarray, classes: np.ndarray, *, seed: int, layer: str | None = None
) -> Heatmaps:
    """What speaks for ``classes`` in ``images``: Grad-CAM, or saliency where the network keeps no positions.

    Args:
        model: as ``OpenedModel`` takes it.
        images: (n, height, width, channels), in [0, 1].
        classes: the class to explain for each image, (n,).
        seed: of the noise that saliency is averaged over.
        layer: whose maps are read: its name, or its path within a block; unless given the last one with positions.

    Raises:
        CnnprojError: where there is no such layer, or it has no maps.
    """
    opened = OpenedModel(model, layer)
    method = methods(opened)[0]
    maps = heatmaps(opened, method, images.astype(np.float32), classes, seed=seed)
    return Heatmaps(method, opened.layer or "", maps)


def heatmaps(opened: OpenedModel, method: str, images: np.ndarray, classes: np.ndarray, *, seed: int) -> np.ndarray:
    """The heatmaps of ``method``, float32, (n, height, width), 0 and above.

    Args:
        opened: the network.
        method: one of ``methods(opened)``.
        images: float32, (n, height, width, channels), in [0, 1].
        classes: the class to explain for each image, (n,).
        seed: of the noise that saliency is averaged over.
    """
    maps = coarse(opened, method, images, classes, seed=seed)
    return enlarge(maps, images.shape[1:3], seen_by(opened, method))


def coarse(opened: OpenedModel, method: str, images: np.ndarray, classes: np.ndarray, *, seed: int) -> np.ndarray:
    """The heatmaps as coarse as the method makes them, float32, (n, rows, columns); arguments as of ``heatmaps``."""
    if method in AT_ONCE:
        return opened.class_activation(images, classes)[method]
    makers: dict[str, Callable[[], np.ndarray]] = {
        "scorecam": lambda: _score_cam(opened, images, classes),
        "saliency": lambda: smooth_grad(opened, images, classes, seed=seed),
        "occlusion": lambda: occlusion(opened, images, classes),
    }
    return makers[method]()


def seen_by(opened: OpenedModel, method: str) -> Field:
    """What a position of the coarse maps of ``method`` sees of the image."""
    return PIXEL if method in BY_PIXEL else opened.field


def enlarge(maps: np.ndarray, size: tuple[int, ...], field: Field = UNKNOWN) -> np.ndarray:
    """``maps``, (n, rows, columns), enlarged to ``size``, (n, height, width), by linear interpolation.

    Each value stands in the middle of the pixels that its position sees. These middles need not be spread evenly over
    the image: convolutions without padding see nothing but its inside, and those with a stride look to one side. The
    map reaches half a step beyond the outermost of them; where the image is larger, it is 0: nothing was said of that.
    tf-keras-vis puts the outermost values onto the outermost pixels instead.

    Args:
        maps: float32.
        size: height and width in pixels.
        field: what a position sees; where it is not known the positions are spread evenly.
    """
    rows, columns = (
        _shares(pixels, positions, interval)
        for pixels, positions, interval in zip(size, maps.shape[1:], (field.rows, field.columns), strict=True)
    )
    large: np.ndarray = rows @ maps @ columns.T
    return large.astype(np.float32)


def _shares(pixels: int, positions: int, seen: Interval | None) -> np.ndarray:
    """How much each position counts for each pixel, (pixels, positions): the sum is 1 wherever the map reaches."""
    even = pixels / positions
    middle, jump = (seen.middle, seen.jump) if seen else (even / 2, even)
    place = (np.arange(pixels) + 0.5 - middle) / jump
    shares = np.stack([np.interp(place, np.arange(positions), one) for one in np.eye(positions)], axis=1)
    reached = (place >= -0.5) & (place <= positions - 0.5)
    kept: np.ndarray = shares * reached[:, None]
    return kept


def smooth_grad(
    opened: OpenedModel, images: np.ndarray, classes: np.ndarray, *, seed: int, noise: float = SMOOTH_NOISE
) -> np.ndarray:
    """How much each pixel moves the score of the class: the mean over noisy copies of the image.

    Of a pixel's channels the strongest counts, whether it raises or lowers the score.

    Source: Smilkov et al., "SmoothGrad: removing noise by adding noise" (2017), of the absolute gradients of Simonyan,
    Vedaldi and Zisserman, "Deep inside convolutional networks" (2013).
    """
    spread = noise * (images.max(axis=(1, 2, 3), keepdims=True) - images.min(axis=(1, 2, 3), keepdims=True))
    total = np.zeros_like(images)
    for sample in range(SMOOTH_SAMPLES):
        random = np.random.default_rng(derive_seed(seed, "smoothgrad", sample))
        noisy = images + spread * random.standard_normal(images.shape, dtype=np.float32)
        total += np.abs(opened.influence(noisy, classes))
    strongest: np.ndarray = (total / SMOOTH_SAMPLES).max(axis=-1)
    return strongest


def occlusion(opened: OpenedModel, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """By how much the probability of the class falls where a square of the image's mean colour covers it.

    The square's side is a quarter of the image's shorter side and it moves by half its side; each pixel has the mean
    of the squares that cover it, and 0 where the probability rather rises.

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2014).
    """
    count, height, width, _ = images.shape
    side = max(2, min(height, width) // 4)
    mean = images.mean(axis=(1, 2), keepdims=True)
    each = np.arange(count)
    whole = opened.probabilities(images)[each, classes]
    falls, covered = np.zeros((count, height, width)), np.zeros((height, width))
    for top in _places(height, side):
        for left in _places(width, side):
            place = (slice(None), slice(top, top + side), slice(left, left + side))
            hidden = images.copy()
            hidden[place] = mean
            falls[place] += (whole - opened.probabilities(hidden)[each, classes])[:, None, None]
            covered[place[1:]] += 1
    return np.maximum(falls / covered, 0).astype(np.float32)


def _places(length: int, side: int) -> list[int]:
    """Where a square begins, half a side further each time, the last one at the end."""
    return sorted({*range(0, length - side, side // 2), length - side})


def _score_cam(opened: OpenedModel, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Each map weighted by the probability that the class keeps where the image is seen through that map alone.

    Of more than 64 maps those that vary most are taken, as Faster Score-CAM does.

    Source: Wang et al., "Score-CAM: score-weighted visual explanations for convolutional neural networks" (2020).
    """
    from tf_keras_vis.scorecam import Scorecam
    from tf_keras_vis.utils.scores import CategoricalScore

    score_cam = Scorecam(_Quiet(opened.logits.inputs, opened.logits.outputs, name="quiet"))
    layer = opened.logits.get_layer(MAPS)
    found = []
    with warnings.catch_warnings():
        # tf-keras-vis hands the images over in a list, of which Keras 3 warns, and takes them out of it
        warnings.filterwarnings("ignore", message="(?s).*The structure of `inputs` doesn't match")
        for image, label in zip(images, classes, strict=True):  # one by one: the masked copies of an image are many
            maps = score_cam(
                CategoricalScore([int(label)]),
                image[None],
                penultimate_layer=layer,
                seek_penultimate_conv_layer=False,
                batch_size=64,
                max_N=min(MOST_MASKS, layer.output.shape[-1]),
                expand_cam=False,
                normalize_cam=False,
            )
            found.append(np.asarray(maps, np.float32)[0])
    return np.stack(found)


class _Quiet(keras.Model):  # type: ignore[misc]
    """A model that does not draw a bar for each image that it is asked about."""

    def predict(self, *given: Any, **how: Any) -> Any:
        """As ``keras.Model.predict``."""
        return super().predict(*given, **{**how, "verbose": 0})
