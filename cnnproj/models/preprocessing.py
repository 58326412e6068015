"""What the networks of ``keras.applications`` were trained to see, from the images that cnnproj gives out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import keras

# Of the images of ImageNet, by channel, red first: in levels of 0 to 255, and in [0, 1]. Sources: Simonyan and
# Zisserman (2014), whose VGG takes blue first and the mean off; and Huang et al. (2017), with DenseNets made in Torch.
_LEVELS = (123.68, 116.779, 103.939)
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# How a network wants its images: scale and offset of each channel, of values in [0, 1], and whether blue comes first.
_WISHES: Mapping[str, tuple[Any, Any, bool]] = MappingProxyType(
    {
        "levels": (255.0, 0.0, False),  # 0 to 255: the network scales them itself
        "signed": (2.0, -1.0, False),  # -1 to 1
        "standardised": (
            [1 / one for one in _DEVIATION],
            [-mean / one for mean, one in zip(_MEAN, _DEVIATION, strict=True)],
            False,
        ),
        "blue_first": (255.0, [-one for one in reversed(_LEVELS)], True),
    }
)
EXPECTATIONS = tuple(_WISHES)


@keras.saving.register_keras_serializable("cnnproj")
class Preprocessing(keras.layers.Layer):  # type: ignore[misc]
    """Images in [0, 1], (n, height, width, 1 or 3), as a network of ``keras.applications`` expects them.

    A gray image becomes one of three equal channels.

    Args:
        expects: one of ``EXPECTATIONS``.
    """

    def __init__(self, expects: str, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.expects = expects

    def call(self, inputs: Any) -> Any:
        """The images as the network wants them."""
        scale, offset, blue_first = _WISHES[self.expects]
        if inputs.shape[-1] == 1:
            inputs = keras.ops.repeat(inputs, 3, axis=-1)
        elif blue_first:
            inputs = keras.ops.flip(inputs, axis=-1)
        return inputs * keras.ops.convert_to_tensor(scale, inputs.dtype) + keras.ops.convert_to_tensor(
            offset, inputs.dtype
        )

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(n, height, width, 3)."""
        return (*shape[:-1], 3)

    def get_config(self) -> dict[str, Any]:
        """What it is made from."""
        return {**super().get_config(), "expects": self.expects}
