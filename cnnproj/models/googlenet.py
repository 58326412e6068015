"""GoogLeNet, the first Inception network: filters of several sizes side by side, and no dense layers but the last.

Paper: Szegedy et al., "Going deeper with convolutions" (2014; at CVPR 2015). https://arxiv.org/abs/1409.4842

Special: inception modules; 1×1 convolutions that narrow what the large filters get; global average pooling; and, in
training, two auxiliary heads half-way, whose losses count 0.3 each. Batch normalisation came a year later.

Expected: 6,998,552 parameters in the original form at 224×224×3 with 1,000 classes and without auxiliary heads, and
13,378,280 with them: twelve times fewer than AlexNet, as the paper says, not the "4 million" that is often read. Top-5
error on ImageNet's validation part, in the paper (table 3): 10.07 % for one network and one crop, 6.67 % for seven
networks and 144 crops, and the same on the test part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnnproj.models.forms import is_original, stem_strides
from cnnproj.models.registry import BATCH_NORM_MOMENTUM, architecture
from cnnproj.models.space import Range

if TYPE_CHECKING:
    import keras

# Of each module, filters: 1×1; before the 3×3, 3×3; before the 5×5, 5×5; after the pooling (table 1 of the paper).
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
HEADS = ("4a", "4d")  # the modules with an auxiliary head behind them
HEAD_WEIGHT = 0.3  # of the loss of each


@architecture(
    space={"learning_rate": Range(1e-3, 1e-2, log=True), "dropout": Range(0.0, 0.5)},
    training={"learning_rate": 3e-3, "batch_size": 16},
    smallest={"small": 8, "original": 32},
    parts=("forms.py", "blocks.py"),
)
def googlenet(
    shape: tuple[int, int, int],
    classes: int,
    *,
    form: str = "small",
    filters: int = 0,
    activation: str = "relu",
    dropout: float = 0.4,
) -> keras.Sequential:
    """Three convolutions and nine inception modules in three stages, then global average pooling: Inception v1.

    It has one output and no auxiliary heads: see ``with_auxiliary_heads`` for the network that has.

    Args:
        shape: height, width (pixels) and channels of the images; at least 8×8, in the original form 32×32.
        classes: how many classes there are.
        form: ``original`` for that of 2014, made for 224×224 pixels: the first three layers halve the image three
            times, with local response normalisation between. ``small``: they keep its size (and halve it once from 64
            pixels on), with batch normalisation after each convolution, as in the paper's second version.
        filters: of the first convolution; all others in the proportions of the paper. 0 for the form's own: 64, and 16
            in the small form.
        activation: after each convolution, by Keras' name.
        dropout: share of the pooled features put to zero in training, 0 to below 1.

    Source: Szegedy et al., "Going deeper with convolutions" (2014), table 1.
    """
    import keras
    from keras import layers

    from cnnproj.models.layers import Dropout

    original = is_original("googlenet", form)
    return keras.Sequential(
        [
            keras.Input(shape, name="image"),
            *_stem(shape, original, filters, activation),
            *_modules(original, filters, activation),
            layers.GlobalAveragePooling2D(name="average"),
            Dropout(dropout, name="dropout"),
            layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"),
        ]
    )


def with_auxiliary_heads(
    shape: tuple[int, int, int], classes: int, *, form: str = "original", filters: int = 0, activation: str = "relu"
) -> keras.Model:
    """GoogLeNet with its two auxiliary heads: a network to count, draw and look into, and for ``fit`` of Keras itself.

    It gives three outputs, ``probabilities``, ``head_4a`` and ``head_4d``, so it is no ``Sequential`` and none of the
    registered architectures; a project trains ``googlenet`` without them. Trained as in the paper, each head counts
    ``HEAD_WEIGHT`` beside the main output: ``model.compile(loss=3 * ["categorical_crossentropy"], loss_weights=[1, 0.3,
    0.3])``. The heads are left out of what is predicted by taking the first output alone.

    Args:
        shape: height, width (pixels) and channels of the images; see ``googlenet``.
        classes: how many classes there are.
        form: as of ``googlenet``.
        filters: as of ``googlenet``.
        activation: as of ``googlenet``.

    Source: Szegedy et al., "Going deeper with convolutions" (2014), section 5.
    """
    import keras
    from keras import layers

    original = is_original("googlenet", form)
    share = _share(original, filters)
    image = maps = keras.Input(shape, name="image")
    heads = []
    for layer in (*_stem(shape, original, filters, activation), *_modules(original, filters, activation)):
        maps = layer(maps)
        if layer.name.removeprefix("inception_") in HEADS:
            name = layer.name.replace("inception", "head")
            pooled = layers.AveragePooling2D(5, 3, padding="valid" if original else "same", name=f"{name}_pool")(maps)
            narrowed = layers.Conv2D(round(128 * share), 1, name=f"{name}_conv")(pooled)
            active = layers.Activation(activation, name=f"{name}_relu")(narrowed)
            flat = layers.Flatten(name=f"{name}_flatten")(active)
            hidden = layers.Dense(round(1024 * share), activation, name=f"{name}_dense")(flat)
            dropped = layers.Dropout(0.7, name=f"{name}_dropout")(hidden)
            heads.append(layers.Dense(classes, "softmax", dtype="float32", name=name)(dropped))
    features = layers.Dropout(0.4, name="dropout")(layers.GlobalAveragePooling2D(name="average")(maps))
    main = layers.Dense(classes, "softmax", dtype="float32", name="probabilities")(features)
    return keras.Model(image, [main, *heads], name="googlenet")


def _share(original: bool, filters: int) -> float:
    """The width of all layers, as a share of the paper's."""
    return (filters or (64 if original else 16)) / 64


def _stem(shape: tuple[int, int, int], original: bool, filters: int, activation: str) -> list[Any]:
    """The layers before the first module."""
    from keras import layers

    from cnnproj.models.layers import BatchNormalization, LocalResponseNormalization

    share = _share(original, filters)
    first = (7, 2) if original else (3, stem_strides(shape))
    found: list[Any] = []
    for name, width, size, strides in (("1", 64, *first), ("2_reduce", 64, 1, 1), ("2", 192, 3, 1)):
        conv = {"padding": "same", "use_bias": original, "kernel_initializer": "he_normal", "name": f"conv_{name}"}
        found.append(layers.Conv2D(round(width * share), size, strides, **conv))
        if not original:
            found.append(BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"norm_{name}"))
        found.append(layers.Activation(activation, name=f"relu_{name}"))
        if original and name == "1":
            found += [_pool("pool_1"), LocalResponseNormalization(name="norm_1")]
        if original and name == "2":
            found += [LocalResponseNormalization(name="norm_2"), _pool("pool_2")]
    return found


def _modules(original: bool, filters: int, activation: str) -> list[Any]:
    """The nine modules, and the pooling before the fourth and the fifth stage."""
    from cnnproj.models.blocks import InceptionModule

    share = _share(original, filters)
    found: list[Any] = []
    for name, widths in MODULES.items():
        if name in ("4a", "5a"):
            found.append(_pool(f"pool_{int(name[0]) - 1}"))
        narrowed = tuple(max(1, round(width * share)) for width in widths)
        module = InceptionModule(narrowed, not original, activation=activation, name=f"inception_{name}")
        found.append(module)
    return found


def _pool(name: str) -> Any:
    from keras import layers

    return layers.MaxPooling2D(3, 2, padding="same", name=name)
