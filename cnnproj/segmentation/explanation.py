"""Seg-Grad-CAM: where in its deep maps a segmentation network finds what speaks for a class."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from cnnproj.anatomy.receptive_field import receptive_field
from cnnproj.interpretation.heatmaps import enlarge
from cnnproj.segmentation.registry import BOTTLENECK, LOGITS

LEAST = 8  # positions along the shorter side: maps of two or four say hardly where


def seg_grad_cam(
    model: keras.Model, images: np.ndarray, classes: np.ndarray, predicted: np.ndarray, *, layer: str = ""
) -> np.ndarray:
    """A heatmap for each image: how strongly each position of ``layer`` speaks for the class, from 0.

    As Grad-CAM, with the sum of the class's logits over the pixels that are predicted to be of it in the place of the
    one logit that a classifier has; over all pixels where none are.

    Source: Vinogradova, Dibrov and Myers, "Towards interpretable semantic segmentation via gradient-weighted class
    activation mapping" (2020).

    Args:
        model: a segmentation network.
        images: float32, (n, height, width, channels), in [0, 1].
        classes: the class to explain for each image, (n,).
        predicted: the class of each pixel as predicted, (n, height, width).
        layer: whose maps are read; that of ``explained_layer`` unless there is another.

    Returns:
        float32, (n, height, width), enlarged from the maps by linear interpolation.
    """
    layer = layer or explained_layer(model)
    both = keras.Model(model.inputs[0], [model.get_layer(layer).output, model.get_layer(LOGITS).output])
    found = []
    for image, label, mask in zip(images, classes, predicted, strict=True):
        region = mask == label if (mask == label).any() else np.ones_like(mask, bool)
        with tf.GradientTape() as tape:
            maps, logits = both(image[None], training=False)
            score = tf.reduce_sum(logits[0, ..., int(label)] * region.astype(np.float32))
        weights = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2), keepdims=True)
        heat = np.maximum(tf.reduce_sum(weights * maps, axis=-1).numpy()[0], 0)
        found.append(heat)
    return enlarge(np.stack(found), images.shape[1:3], receptive_field(model, layer))


def explained_layer(model: keras.Model) -> str:
    """The last layer down to the bottleneck whose maps have ``LEAST`` positions a side; of smaller images the first."""
    down = keras.Model(model.inputs[0], model.get_layer(BOTTLENECK).output).layers[1:]
    large = [layer.name for layer in down if min(keras.tree.flatten(layer.output)[0].shape[1:3]) >= LEAST]
    return str((large or [down[0].name])[-1])


def share_on(heat: np.ndarray, mask: np.ndarray) -> float:
    """The share of ``heat``, (height, width), that lies on ``mask``, bool; nan where there is no heat."""
    total = float(heat.sum())
    return float(heat[mask].sum()) / total if total > 0 else float("nan")
