"""How many pixels of the image one position of a layer's maps can see.

A position of a layer sees an interval of the image in each direction. With the jump j from one position to the next,
counted in pixels, a kernel of k positions makes it (k - 1)·j longer, and a stride of s makes the jump s times as long.
Where branches meet, the interval is the smallest that holds those of all of them. The interval of the position 0 starts
left of the image by what is padded; it is not cut off at the image's border.

Source: Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill (2019).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import keras
from keras import layers

from cnnproj.anatomy.unfold import Slot, Step, Unfolded, unfold


@dataclass(frozen=True)
class Interval:
    """What the position p of a layer sees in one direction: the pixels ``low + p·jump`` to ``high + p·jump``.

    Attributes:
        low, high, jump: in pixels.
        middle: of what the position 0 sees, in pixels from the image's border; where branches meet, the mean of theirs.
            (In a ResNet the way through the convolutions looks half a position to one side, and the shortcut to the
            other.)
    """

    low: int
    high: int
    jump: int
    middle: float

    @property
    def size(self) -> int:
        """How many pixels."""
        return self.high - self.low + 1

    def under(self, kernel: int, stride: int, padded: int) -> Interval:
        """Behind a kernel of ``kernel`` positions that starts ``padded`` before the first one."""
        low, high = self.low - padded * self.jump, self.high + (kernel - 1 - padded) * self.jump
        return Interval(low, high, self.jump * stride, self.middle + ((kernel - 1) / 2 - padded) * self.jump)


@dataclass(frozen=True)
class Field:
    """What a position of a layer sees.

    Attributes:
        rows, columns: the intervals, where there are positions.
        whole: whether each value of the layer can see the whole image: behind all positions, or where maps are weighted
            by what all of them hold, as in squeeze and excitation. The intervals are then those of the maps without it.
            With none of the three, what a position sees is not known.
    """

    rows: Interval | None = None
    columns: Interval | None = None
    whole: bool = False

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width in pixels; ``None`` for the whole image, or where it is not known."""
        return (self.rows.size, self.columns.size) if self.rows and self.columns and not self.whole else None


WHOLE, UNKNOWN = Field(whole=True), Field()
PIXEL = Field(Interval(0, 0, 1, 0.5), Interval(0, 0, 1, 0.5))  # of the image itself
_KERNELS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)
_POOLS = (layers.MaxPooling2D, layers.AveragePooling2D)
_GLOBAL = (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D, layers.Flatten)
# What leaves each position where it is: a value depends on those at its own position alone.
_IN_PLACE = (
    "Activation",
    "ActivityRegularization",
    "AlphaDropout",
    "BatchNormalization",
    "Dense",
    "Dropout",
    "ELU",
    "GaussianDropout",
    "GaussianNoise",
    "Identity",
    "LayerNormalization",
    "LeakyReLU",
    "LocalResponseNormalization",
    "Normalization",
    "PReLU",
    "ReLU",
    "Rescaling",
    "Softmax",
    "SpatialDropout2D",
)
_MERGES = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")
_OPERATIONS = ("Relu", "Gelu", "Silu", "Tanh", "Sigmoid", "Elu", "LeakyRelu", *_MERGES)


def receptive_fields(unfolded: Unfolded) -> dict[str, Field]:
    """What one position of each step sees, by path."""
    known: dict[Slot, Field] = {unfolded.image: PIXEL}
    shapes: dict[Slot, tuple[int, ...]] = {unfolded.image: unfolded.shape}
    found = {}
    for step in unfolded.steps:
        field = _after(step, [known[slot] for slot in step.sources], [shapes[slot] for slot in step.sources])
        found[step.path] = field
        known |= dict.fromkeys(step.outputs, field)
        shapes |= dict.fromkeys(step.outputs, step.shape)
    return found


def receptive_field(model: keras.Model, path: str) -> Field:
    """What one position of the layer at ``path`` sees, of a block's last layer where it is a block's."""
    fields = receptive_fields(unfold(model))
    return [field for name, field in fields.items() if name == path or name.startswith(f"{path}/")][-1]


def _after(step: Step, fields: Sequence[Field], shapes: Sequence[tuple[int, ...]]) -> Field:
    """What a position of ``step`` sees where one of its inputs, of ``shapes``, sees ``fields``."""
    if any(field == UNKNOWN for field in fields) or getattr(step.layer, "data_format", "") == "channels_first":
        return UNKNOWN
    placed = [field for field in fields if field.rows]
    if not placed or isinstance(step.layer, _GLOBAL):
        return WHOLE
    kind, whole = type(step.layer).__name__, any(field.whole for field in fields)
    if kind in _IN_PLACE and len(fields) == 1 and _by_channels(step.layer):
        return fields[0]
    if kind in (_MERGES if isinstance(step.layer, keras.Layer) else _OPERATIONS) and _by_channels(step.layer):
        return _union(placed, whole)
    moved = _moved(step.layer, shapes[0])
    rows, columns = fields[0].rows, fields[0].columns
    if moved is None or len(fields) != 1 or rows is None or columns is None:
        return WHOLE if whole else UNKNOWN
    return Field(rows.under(*moved[0]), columns.under(*moved[1]), whole)


def _moved(layer: keras.Operation, shape: tuple[int, ...]) -> list[tuple[int, int, int]] | None:
    """Kernel, stride and padding of ``layer`` in rows and columns, on maps of ``shape``; ``None`` if it has none."""
    if isinstance(layer, _KERNELS):
        sizes = [(kernel - 1) * apart + 1 for kernel, apart in zip(layer.kernel_size, layer.dilation_rate, strict=True)]
        strides: Mapping[int, int] | Sequence[int] = layer.strides
    elif isinstance(layer, _POOLS):
        sizes, strides = list(layer.pool_size), layer.strides
    elif isinstance(layer, layers.ZeroPadding2D):
        return [(1, 1, before) for before, _ in layer.padding]
    elif isinstance(layer, layers.Cropping2D):
        return [(1, 1, -before) for before, _ in layer.cropping]
    else:
        return None
    same = layer.padding == "same"
    return [
        (size, stride, _padded(length, size, stride) if same else 0)
        for length, size, stride in zip(shape[:2], sizes, strides, strict=True)
    ]


def _padded(length: int, size: int, stride: int) -> int:
    """What TensorFlow's padding ``same`` puts before the first of ``length`` positions."""
    return max((-(-length // stride) - 1) * stride + size - length, 0) // 2


def _by_channels(layer: keras.Operation) -> bool:
    """Whether what ``layer`` does along an axis it does along the channels."""
    axis = getattr(layer, "axis", -1)
    return (axis if isinstance(axis, int) else tuple(axis)) in (-1, 3, (-1,), (3,))


def _union(fields: Sequence[Field], whole: bool) -> Field:
    """The smallest field that holds ``fields``; not known where their positions do not lie over one another."""
    rows = _around([field.rows for field in fields if field.rows])
    columns = _around([field.columns for field in fields if field.columns])
    if rows and columns:
        return Field(rows, columns, whole)
    return WHOLE if whole else UNKNOWN


def _around(intervals: Sequence[Interval]) -> Interval | None:
    if len({interval.jump for interval in intervals}) != 1:
        return None
    low, high = min(interval.low for interval in intervals), max(interval.high for interval in intervals)
    return Interval(low, high, intervals[0].jump, fmean(interval.middle for interval in intervals))
