"""Seg-Grad-CAM: where in the deepest maps a segmentation network finds what speaks for a class."""

from __future__ import annotations

import cv2
import keras
import numpy as np
import tensorflow as tf

from cnnproj.segmentation.registry import BOTTLENECK, LOGITS


def seg_grad_cam(
    model: keras.Model, images: np.ndarray, classes: np.ndarray, predicted: np.ndarray, *, layer: str = BOTTLENECK
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
        layer: whose maps are read.

    Returns:
        float32, (n, height, width), enlarged from the maps by linear interpolation.
    """
    both = keras.Model(model.inputs[0], [model.get_layer(layer).output, model.get_layer(LOGITS).output])
    found = []
    for image, label, mask in zip(images, classes, predicted, strict=True):
        region = mask == label if (mask == label).any() else np.ones_like(mask, bool)
        with tf.GradientTape() as tape:
            maps, logits = both(image[None], training=False)
            score = tf.reduce_sum(logits[0, ..., int(label)] * region.astype(np.float32))
        weights = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2), keepdims=True)
        heat = np.maximum(tf.reduce_sum(weights * maps, axis=-1).numpy()[0], 0)
        found.append(cv2.resize(heat, image.shape[1::-1], interpolation=cv2.INTER_LINEAR))
    return np.stack(found).astype(np.float32)


def share_on(heat: np.ndarray, mask: np.ndarray) -> float:
    """The share of ``heat``, (height, width), that lies on ``mask``, bool; nan where there is no heat."""
    total = float(heat.sum())
    return float(heat[mask].sum()) / total if total > 0 else float("nan")
