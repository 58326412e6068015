"""A trained network opened at one image: every layer by its path, its maps, and the filters that it meets first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnproj.anatomy.anatomy import Anatomy, dissect
from cnnproj.anatomy.unfold import maps_at
from cnnproj.interpretation.feature_maps import FeatureMaps, feature_maps
from cnnproj.interpretation.heatmaps import heatmaps
from cnnproj.interpretation.opened_model import OpenedModel

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Inside:
    """A trained network, and what happens in it for one image.

    Attributes:
        network: the network, with its weights.
        anatomy: what it is made of.
        images: the image, (1, height, width, channels), uint8.
        features: the mean map of its layers for the image, the strongest maps, and the first filters.
    """

    network: keras.Sequential
    anatomy: Anatomy
    images: np.ndarray
    features: FeatureMaps

    def maps(self, path: str) -> np.ndarray:
        """What the layer at ``path``, as ``conv2_1/conv_1``, makes of the image: float32, (rows, columns, maps).

        Raises:
            CnnprojError: where there is no such layer.
        """
        return maps_at(self.network, path, self._scaled[0])

    def heatmap(self, path: str) -> np.ndarray:
        """Grad-CAM of the class that the network predicts, by the maps of the layer at ``path``.

        It is float32, (height, width), 0 and above, on its own scale.

        Raises:
            CnnprojError: where there is no such layer, or it has no maps.
        """
        opened = OpenedModel(self.network, path)
        predicted = opened.probabilities(self._scaled).argmax(axis=1)
        found: np.ndarray = heatmaps(opened, "gradcam", self._scaled, predicted, seed=0)[0]
        return found

    @property
    def _scaled(self) -> np.ndarray:
        return self.images.astype(np.float32) / 255


def look_inside(network: keras.Sequential, image: np.ndarray) -> Inside:
    """``network`` opened at ``image``, (height, width, channels), uint8."""
    scaled = image.astype(np.float32) / 255
    return Inside(network, dissect(network), image[None], feature_maps(network, scaled))
