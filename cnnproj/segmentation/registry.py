"""The segmentation networks by name. Registering one makes it tunable, trainable, comparable and explainable.

Their contract is one of their own: a ``keras.Model``, since skip connections are no sequence, that gives a probability
for each pixel and class; with a layer called ``probabilities`` at its end and one called ``bottleneck`` at its deepest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnnproj.errors import CnnprojError
from cnnproj.models import TRAINING_DEFAULTS, Architecture, Space, Value
from cnnproj.models.registry import Start, all_defaults, fingerprint_of

if TYPE_CHECKING:
    import keras

Builder = Callable[..., "keras.Model"]

# What training takes for every segmentation network, where it differs from what classifiers take.
SEGMENTATION_DEFAULTS: Mapping[str, Value] = MappingProxyType(
    {
        **{name: value for name, value in TRAINING_DEFAULTS.items() if name != "label_smoothing"},
        "learning_rate": 5e-3,
        "batch_size": 8,
        "loss": "dice_crossentropy",
    }
)
# The losses, each with the activation of the last layer that goes with it.
ACTIVATION_OF: Mapping[str, str] = MappingProxyType(
    {
        "categorical_crossentropy": "softmax",
        "binary_crossentropy": "sigmoid",  # each class by itself: does the pixel belong to it or not
        "dice": "softmax",
        "dice_crossentropy": "softmax",
        "focal": "softmax",
    }
)
PROBABILITIES, LOGITS, BOTTLENECK = "probabilities", "logits", "bottleneck"


class Segmenter(Architecture):
    """A network that can be built for any image shape and number of classes, and gives a class for each pixel.

    Its attributes are those of ``Architecture``; ``builder`` gives a ``keras.Model``.
    """

    def build(self, shape: tuple[int, int, int], classes: int, hyperparameters: Mapping[str, Value]) -> keras.Model:
        """The network for images of ``shape`` (height, width, channels), its last layer as the loss asks for.

        Args:
            shape: height and width in pixels, and channels.
            classes: how many there are, the background counted.
            hyperparameters: a value for each of ``defaults``.

        Raises:
            CnnprojError: where the network does not fit the images, or does not keep the contract.
        """
        import keras

        own = {key: value for key, value in hyperparameters.items() if key not in SEGMENTATION_DEFAULTS}
        try:
            model = self.builder(shape, classes, **own)
        except ValueError as error:
            reason = next(line.strip() for line in str(error).splitlines() if line.strip())
            raise CnnprojError(
                "models.cannot_build", model=self.name, height=shape[0], width=shape[1], reason=reason
            ) from error
        names = {layer.name for layer in model.layers} if isinstance(model, keras.Model) else set()
        if missing := {PROBABILITIES, LOGITS, BOTTLENECK} - names:
            raise CnnprojError("segmentation.no_layer", model=self.name, layer=min(missing))
        if model.output_shape != (None, *shape[:2], classes):
            came = " × ".join(str(side) for side in model.output_shape[1:])
            expected = f"{shape[0]} × {shape[1]} × {classes}"
            raise CnnprojError("segmentation.wrong_output", model=self.name, expected=expected, came=came)
        model.name = self.name
        loss = str(hyperparameters.get("loss", SEGMENTATION_DEFAULTS["loss"]))
        model.get_layer(PROBABILITIES).activation = keras.activations.get(ACTIVATION_OF[loss])
        return model


_segmenters: dict[str, Segmenter] = {}


def segmenter(
    *,
    space: Mapping[str, Space],
    training: Mapping[str, Value] = MappingProxyType({}),
    parts: tuple[str, ...] = (),
    start: Start | None = None,
) -> Callable[[Builder], Builder]:
    """Register the function below as a segmentation network under its own name.

    As ``cnnproj.architecture`` does for classifiers: the function takes ``shape`` and ``classes``, and after the ``*``
    its hyperparameters, each with its default; ``space`` says which of them, and of the training's, a search varies.

    Args:
        space: what a search varies.
        training: of the training's hyperparameters, those with another default for this network.
        parts: files that it builds with; see ``cnnproj.architecture``.
        start: gives it the weights that its training starts from, where these are not random.

    Raises:
        CnnprojError: where ``space`` names a hyperparameter that there is not, or the builder lacks a default.
    """

    def register(builder: Builder) -> Builder:
        name = builder.__name__
        defaults = all_defaults(builder, SEGMENTATION_DEFAULTS, training, space)
        ours = builder.__module__.startswith("cnnproj.segmentation.")
        fingerprint = fingerprint_of(builder, parts)
        _segmenters[name] = Segmenter(name, builder, defaults, dict(space), {}, ours, fingerprint, start)
        return builder

    return register


def registered() -> dict[str, Segmenter]:
    """Every registered segmentation network by name, in the order of registration."""
    return dict(_segmenters)
