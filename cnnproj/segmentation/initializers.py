"""How weights begin that enlarge maps: as linear interpolation."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


@keras.saving.register_keras_serializable("cnnproj")
class LinearInterpolation(keras.initializers.Initializer):  # type: ignore[misc]
    """The kernel of a transposed convolution that enlarges each map by itself, by linear interpolation.

    For a stride of k the kernel has 2·k rows and columns.
    """

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """The kernel of ``shape``, (2·k, 2·k, channels out, channels in)."""
        times = shape[0] // 2
        along = 1 - np.abs(np.arange(2 * times) + 0.5 - times) / times
        kernel = np.outer(along, along)[..., None, None] * np.eye(shape[2], shape[3])
        return keras.ops.convert_to_tensor(kernel, dtype)
