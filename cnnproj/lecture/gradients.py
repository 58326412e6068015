"""Vanishing gradients: what reaches the first layer of a deep network, with and without shortcuts around the layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnproj.chart import Chart
from cnnproj.errors import CnnprojError
from cnnproj.lecture.arguments import Numbers, whole

NETWORKS = ("sigmoid", "sigmoid_residual", "relu", "relu_residual")


@dataclass(frozen=True, eq=False)
class GradientFlow:
    """How large the gradient of the loss is at each layer of freshly drawn networks.

    Attributes:
        norms: for each kind of network the norm of the gradient by the input of each layer, the first layer first,
            as a multiple of the one that the last layer gets.
    """

    norms: dict[str, Numbers]

    def figure(self) -> Chart:
        """The norms layer by layer, on a logarithmic scale."""
        from cnnproj.lecture.drawing.curves import draw_gradients

        return draw_gradients(self)


def gradient_flow(
    depth: int = 30, networks: Sequence[str] = NETWORKS, *, width: int = 64, images: int = 32, seed: int = 0
) -> GradientFlow:
    """Send random images through deep networks, and a random gradient back.

    A layer makes f(h·W) of h; one with a shortcut h + f(h·W). The weights are drawn as Glorot and Bengio (2010) do for
    sigmoid, and as He et al. (2015) do for ReLU; a residual network's are divided by √depth, without which what it
    adds up would grow from layer to layer.

    Args:
        depth: number of layers.
        networks: which of ``NETWORKS``.
        width: units of each layer.
        images: how many are sent through.
        seed: of weights, images and gradient.

    Raises:
        CnnprojError: where a number cannot be, or there is no such network.

    Source: He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2015).
    """
    layers, units, count = whole(depth, "depth", 2), whole(width, "width"), whole(images, "images")
    norms = {}
    for name in networks:
        if name not in NETWORKS:
            raise CnnprojError("lecture.no_variant", came=name, known=", ".join(NETWORKS))
        rng = np.random.default_rng(seed)
        activation, residual = name.split("_")[0], name.endswith("_residual")
        deviation = np.sqrt((2 if activation == "relu" else 1) / units / (layers if residual else 1))
        weights = rng.normal(0, deviation, (layers, units, units))
        x, back = rng.normal(size=(2, count, units))
        found = backward(x, weights, back, activation=activation, residual=residual)
        norms[name] = found / found[-1]
    return GradientFlow(norms)


def backward(
    x: npt.ArrayLike, weights: Numbers, gradient: npt.ArrayLike, *, activation: str, residual: bool
) -> Numbers:
    """The norm of the gradient by the input of each layer, by the chain rule.

    Args:
        x: what goes in, (images, units).
        weights: of the layers, (layers, units, units).
        gradient: of the loss by what comes out, (images, units).
        activation: ``sigmoid`` or ``relu``.
        residual: whether each layer has a shortcut around it.
    """
    h, slopes = np.asarray(x), []
    for weight in weights:
        z = h @ weight
        f = 1 / (1 + np.exp(-z)) if activation == "sigmoid" else np.maximum(z, 0)
        slopes.append(f * (1 - f) if activation == "sigmoid" else (z > 0).astype(float))
        h = h + f if residual else f
    back, norms = np.asarray(gradient), []
    for weight, slope in zip(weights[::-1], slopes[::-1], strict=True):
        through = (back * slope) @ weight.T
        back = back + through if residual else through
        norms.append(float(np.linalg.norm(back)))
    return np.array(norms[::-1])
