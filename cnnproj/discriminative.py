"""One optimizer at several learning rates: the backbone of a network learns more slowly than its head.

Source: Howard and Ruder, "Universal language model fine-tuning for text classification" (2018), discriminative
fine-tuning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras


def at_rates(
    kind: type[keras.optimizers.Optimizer], options: Mapping[str, Any], factors: Sequence[float]
) -> keras.optimizers.Optimizer:
    """An optimizer of ``kind`` that gives each variable its own share of the learning rate.

    A step is the one that as many optimizers of ``kind`` would make together, each with its own learning rate. What is
    multiplied is the step, not the gradient: Adam and its like divide by the size of the gradients, so that a gradient
    a tenth as large would change nothing.

    Args:
        kind: of the optimizers of Keras.
        options: its arguments; ``weight_decay`` is taken at each variable's own rate too.
        factors: what the learning rate is multiplied by, for each of the variables that it is built with.
    """
    decay = float(options.get("weight_decay") or 0.0)

    class AtRates(kind):  # type: ignore[misc]
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            factor = factors[self._get_variable_index(variable)]
            rate = keras.ops.cast(learning_rate, variable.dtype) * factor
            if decay:
                self.assign_sub(variable, variable * decay * rate)
            super().update_step(gradient, variable, rate)

    # The optimizer's own decay goes by the one learning rate, and before any of the variables is looked at.
    return AtRates(**{**options, **({"weight_decay": 0.0} if decay else {})})
