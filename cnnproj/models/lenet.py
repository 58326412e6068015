"""LeNet-5: the network that read the digits on cheques, and the pattern of all that came after.

Paper: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", Proceedings of the
IEEE 86 (1998). https://doi.org/10.1109/5.726791

Special: local filters with shared weights, then averaging over 2×2 pixels, twice; the maps get smaller and more. The
third layer is a convolution that its whole input just fits into, and so a dense layer. On larger images it reads each
place by itself, as the paper sweeps the network over a line of writing, and the place where a map is strongest counts.

Expected: 61,706 parameters in the original form with 10 classes. The paper has 60,000: it joins its third layer to some
of the maps only (1,516 in place of 2,416), gives each pooled map a factor and an offset to learn (44 in all), and ends
with fixed codes of the digits in place of a softmax (850 less). The form of the lecture: 60, 880, 48,120, 10,164 and
850 by layer, 60,074 in all. Test error on MNIST in the paper: 0.95 %, and 0.8 % where distorted copies are trained
on too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnproj.models.forms import is_original
from cnnproj.models.registry import architecture
from cnnproj.models.space import Choice, Range

if TYPE_CHECKING:
    import keras


@architecture(
    space={
        "learning_rate": Range(5e-4, 5e-3, log=True),
        "activation": Choice("relu", "tanh"),
        "dropout": Range(0.0, 0.4),
    },
    training={"learning_rate": 2e-3, "batch_size": 16},
    smallest={"small": 10, "original": 32},
    parts=("forms.py",),
)
def lenet5(
    shape: tuple[int, int, int],
    classes: int,
    *,
    form: str = "small",
    activation: str = "auto",
    dropout: float = 0.0,
) -> keras.Sequential:
    """Three convolutions, average pooling behind the first two, then two dense layers: the network of 1998.

    Args:
        shape: height, width (pixels) and channels of the images; at least 10×10, in the original form 32×32.
        classes: how many classes there are.
        form: ``small`` for the lecture's, made for 28×28 pixels: 3×3 filters and ReLU; ``original`` for that of 1998,
            made for 32×32: 5×5 filters and tanh. In both the third layer, with 120 maps, is as large as its input
            then; of larger images it sees 5×5 positions at a time, and each map's maximum is handed on.
        activation: by Keras' name; ``auto`` for the one of the form.
        dropout: share of the last hidden layer's outputs put to zero in training, 0 (as in the paper) to below 1.

    Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition" (1998).
    """
    import keras
    from keras import layers

    from cnnproj.models.layers import Dropout

    original = is_original("lenet5", form)
    size, usual = (5, "tanh") if original else (3, "relu")
    how = usual if activation == "auto" else activation
    pooled = [max(1, ((side - size + 1) // 2 - size + 1) // 2) for side in shape[:2]]
    kernel = (5, 5) if original else tuple(min(5, side) for side in pooled)
    single = max(pooled) <= 5
    return keras.Sequential(
        [
            keras.Input(shape, name="image"),
            layers.Conv2D(6, size, name="conv_1"),
            layers.Activation(how, name="act_1"),
            layers.AveragePooling2D(2, name="pool_1"),
            layers.Conv2D(16, size, name="conv_2"),
            layers.Activation(how, name="act_2"),
            layers.AveragePooling2D(2, name="pool_2"),
            layers.Conv2D(120, kernel, name="conv_3"),
            layers.Activation(how, name="act_3"),
            layers.Flatten(name="flatten") if single else layers.GlobalMaxPooling2D(name="strongest"),
            layers.Dense(84, name="dense"),
            layers.Activation(how, name="act_dense"),
            Dropout(dropout, name="dropout"),
            layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"),
        ]
    )
