"""Heatmaps of what a network's decision rests on: Grad-CAM where it keeps positions, saliency where it does not."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np

LEAST_POSITIONS = 4  # a coarser map than 4×4 says little about where
SMOOTH_SAMPLES = 32


@dataclass(frozen=True)
class Heatmaps:
    """Heatmaps of some images.

    Attributes:
        method: ``gradcam`` or ``saliency``.
        layer: the layer that Grad-CAM reads; empty for saliency.
        maps: (n, height, width), float32, 0 and above, on the method's own scale: not stretched, so that no evidence
            looks like none.
    """

    method: Literal["gradcam", "saliency"]
    layer: str
    maps: np.ndarray


def gradcam_layer(model: keras.Sequential) -> str | None:
    """The last layer of ``model`` with a map of at least 4×4 positions, from its first convolution on; or ``None``."""
    found, convolved = None, False
    for layer in model.layers:
        convolved = convolved or isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D)
        shape = layer.output.shape
        if convolved and len(shape) == 4 and min(shape[1:3]) >= LEAST_POSITIONS:
            found = layer.name
    return found


def explain(model: keras.Sequential, images: np.ndarray, classes: np.ndarray, *, seed: int) -> Heatmaps:
    """What speaks for ``classes`` in ``images``.

    Args:
        model: ending in a softmax.
        images: (n, height, width, channels), in [0, 1].
        classes: the class to explain for each image, (n,).
        seed: of the noise that saliency is averaged over.

    Source: Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based localization"
    (2017); for networks without positions Smilkov et al., "SmoothGrad: removing noise by adding noise" (2017).
    """
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    keras.utils.set_random_seed(seed)
    functional = keras.Model(model.inputs, model.outputs)  # tf-keras-vis 0.8.7 does not take a Keras 3 Sequential
    target = CategoricalScore([int(label) for label in classes])
    pixels = images.astype(np.float32)
    layer = gradcam_layer(model)
    with warnings.catch_warnings():
        # tf-keras-vis hands the images over in a list, of which Keras 3 warns, and takes them out of it
        warnings.filterwarnings("ignore", message="(?s).*The structure of `inputs` doesn't match")
        if layer is None:
            saliency = Saliency(functional, model_modifier=ReplaceToLinear(), clone=True)
            maps = saliency(target, pixels, smooth_samples=SMOOTH_SAMPLES, smooth_noise=0.1, normalize_map=False)
            return Heatmaps("saliency", "", np.asarray(maps, np.float32))
        gradcam = Gradcam(functional, model_modifier=ReplaceToLinear(), clone=True)
        maps = gradcam(target, pixels, penultimate_layer=layer, seek_penultimate_conv_layer=False, normalize_cam=False)
        return Heatmaps("gradcam", layer, np.asarray(maps, np.float32))
