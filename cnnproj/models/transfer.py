"""Transfer learning: a backbone that has learnt on other images, a new head, and training in phases."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cnnproj.models.backbones import KerasNetwork, find_backbone
from cnnproj.models.phases import Phase
from cnnproj.models.registry import architecture
from cnnproj.models.space import Choice, Range, Value
from cnnproj.models.starting_weights import RANDOM, starting_weights

if TYPE_CHECKING:
    import keras

BATCH_NORM = ("kept", "trained")


def phases(hyperparameters: Mapping[str, Value], epochs: int) -> list[Phase]:
    """The head alone, the backbone frozen; then the backbone's last stages, or all of it, at a lower rate.

    Random weights leave nothing to spare: everything learns from the first epoch, unless the backbone is never thawed.
    """
    frozen = float(hyperparameters["frozen"])
    if hyperparameters["weights"] == RANDOM and frozen < 1:
        return [Phase(epochs)]
    alone = math.ceil(frozen * epochs)
    found = [Phase(alone, stages=0)] if alone else []
    if alone < epochs:
        stages = int(hyperparameters["stages"]) or None
        kept = hyperparameters["batch_norm"] == "kept"
        found.append(Phase(epochs - alone, stages, float(hyperparameters["backbone_rate"]), kept))
    return found


@architecture(
    space={
        "learning_rate": Range(3e-4, 1e-2, log=True),
        "backbone_rate": Choice(0.03, 0.1, 0.3),
        "dropout": Range(0.0, 0.4),
    },
    training={"learning_rate": 1e-3, "batch_size": 32},
    parts=("backbones.py", "phases.py", "preprocessing.py"),
    start=starting_weights,
    plan=phases,
)
def transfer(
    shape: tuple[int, int, int],
    classes: int,
    *,
    backbone: str = "MobileNetV2",
    weights: str = "imagenet",
    frozen: float = 0.5,
    stages: int = 0,
    backbone_rate: float = 0.1,
    batch_norm: str = "trained",
    dropout: float = 0.2,
) -> keras.Sequential:
    """A backbone trained on other images with a new head, which learns first and alone.

    The images go into the network as cnnproj gives them out; its first layer makes of them what the backbone expects.
    A backbone of ``keras.applications`` is cut into stages, so that heatmaps can be drawn where the maps have at least
    4×4 positions: those of ImageNet want images of 96×96 or more. Only a training reads ``weights``: a trained network
    is built, loaded and verified without them.

    Args:
        shape: height, width (pixels) and channels of the images; at least what the backbone needs, often 32×32.
        classes: how many classes there are.
        backbone: a network of ``keras.applications``, or one of cnnproj's own, as ``compact_cnn(filters=32)``.
        weights: ``imagenet``; the path, from the project's folder, of a finished run's model
            (``reports/<name>/models/<model>``) or of a file of Keras weights; or ``none`` for random ones.
        frozen: the share of the epochs, the first ones, in which the head learns alone; 1 leaves the backbone as it is.
        stages: how many of the backbone's last stages learn after them; 0 for all.
        backbone_rate: what the learning rate is multiplied by for the backbone, above 0.
        batch_norm: whether the backbone's batch normalisation, where the backbone learns, learns too (``trained``) or
            stays as it is (``kept``), which Keras advises for ImageNet's weights.
        dropout: share of the features put to zero in training, 0 to below 1; of one of cnnproj's own also within it.

    Source: Yosinski et al., "How transferable are features in deep neural networks?" (2014); rates for each part from
    Howard and Ruder, "Universal language model fine-tuning for text classification" (2018).
    """
    import keras
    from keras import layers

    from cnnproj.models.layers import Dropout

    found = find_backbone(backbone)
    inner = found.layers(shape) if isinstance(found, KerasNetwork) else found.layers(shape, dropout)
    features = keras.Sequential([keras.Input(shape, name="image"), *inner])
    if len(features.output_shape) == 4:
        features.add(layers.GlobalAveragePooling2D(name="features"))
    features.add(Dropout(dropout, name="head_dropout"))
    features.add(layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"))
    return features
