"""How windows lie along one side of an image: how many there are, and the padding, filter or stride that gives a size.

With a side of n pixels, a filter of k, a stride of s and padding of p on each end there are ⌊(n − k + 2p) / s⌋ + 1
windows. All functions here are about one side; an image that is not square has two.

Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnnproj.errors import CnnprojError
from cnnproj.lecture.arguments import Padding, Pair, is_whole, whole
from cnnproj.lecture.notation import factor, number
from cnnproj.lecture.worked import Steps, Worked
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.chart import Chart

PADDINGS = ("valid", "same", "full")


@dataclass(frozen=True)
class Side:
    """One side of an image and the windows that lie along it, in pixels.

    Attributes:
        size: of the image, without padding.
        kernel: of the window.
        stride: from one window to the next.
        before: padding above, or to the left.
        after: padding below, or to the right.
    """

    size: int
    kernel: int
    stride: int
    before: int
    after: int

    @property
    def padded(self) -> int:
        """The size with its padding."""
        return self.before + self.size + self.after

    @property
    def windows(self) -> int:
        """How many there are, which is the size of what comes out."""
        return (self.padded - self.kernel) // self.stride + 1

    @property
    def left_over(self) -> int:
        """Pixels at the end, padding included, that no window reaches as the next one would not fit."""
        return (self.padded - self.kernel) % self.stride


def lay(size: int, kernel: int, stride: int, padding: str | Pair) -> Side:
    """The windows along one side.

    Args:
        size: of the image.
        kernel: of the window.
        stride: from one window to the next.
        padding: ``valid``, ``same`` or ``full``, or what stands (before, after) the image. ``same`` is Keras': it
            gives ⌈size / stride⌉ windows, and an odd row of padding stands at the end.

    Raises:
        CnnprojError: where not one window fits.
    """
    if padding == "valid":
        before = after = 0
    elif padding == "full":
        before = after = kernel - 1
    elif padding == "same":
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        before, after = total // 2, total - total // 2
    else:
        before, after = int(padding[0]), int(padding[1])
    side = Side(size, kernel, stride, before, after)
    if side.padded < kernel:
        raise CnnprojError("lecture.too_large", kernel=kernel, padded=side.padded)
    return side


def padding_of(padding: Padding) -> tuple[str | Pair, str | Pair]:
    """``padding`` for the rows and for the columns, as ``lay`` takes it.

    Raises:
        CnnprojError: where it is none of what ``Padding`` says.
    """
    if isinstance(padding, str) and padding in PADDINGS:
        return padding, padding
    given: Any = padding
    if is_whole(given, 0):
        given = (given, given)
    if isinstance(given, tuple | list) and len(given) == 2:
        ends = [one if isinstance(one, tuple | list) else (one, one) for one in given]
        if all(len(one) == 2 and all(is_whole(end, 0) for end in one) for one in ends):
            return (int(ends[0][0]), int(ends[0][1])), (int(ends[1][0]), int(ends[1][1]))
    raise CnnprojError("lecture.padding", came=padding)


def feature_map_size(size: int, kernel: int, *, padding: str | int | Pair = "valid", stride: int = 1) -> Worked[int]:
    """The size of the feature map: ⌊(n − k + 2p) / s⌋ + 1.

    Args:
        size: of the image, in pixels.
        kernel: of the filter or the pooling window.
        padding: ``valid``, ``same`` (as Keras has it), ``full``, pixels on each end, or (before, after).
        stride: of the window.

    Raises:
        CnnprojError: where a number cannot be, or not one window fits.
    """
    ends = padding_of(padding if isinstance(padding, str | int) else (padding, padding))[0]
    side = lay(whole(size, "size"), whole(kernel, "kernel"), whole(stride, "stride"), ends)
    return _shown(side.windows, side, [_size_text(side)])


def padding_for(size: int, kernel: int, *, output: int | None = None, stride: int = 1) -> Worked[Pair]:
    """The padding (before, after) that gives ``output``, or keeps the size: p = ((m − 1)·s − n + k) / 2 on each end.

    Where that is no whole number, one row more stands at the end than before it, as in Keras.

    Args:
        size: of the image, in pixels.
        kernel: of the filter.
        output: of the feature map; the image's own size unless it is given.
        stride: of the window.

    Raises:
        CnnprojError: where a number cannot be, or the output is that small that rows would have to be cut off.
    """
    n, k, s = whole(size, "size"), whole(kernel, "kernel"), whole(stride, "stride")
    m = n if output is None else whole(output, "output")
    total = (m - 1) * s - n + k
    if total < 0:
        # Up to s − 1 pixels at the end may be left over.
        if total <= -s:
            raise CnnprojError("lecture.no_padding", size=n, output=m, kernel=k, stride=s)
        steps = [f"(({m} − 1)·{s} − {n} + {k}) / 2 = {number(total / 2)}", say("lecture.step.left_over", n=-total)]
        return _shown((0, 0), Side(n, k, s, 0, 0), steps)
    before, after = total // 2, total - total // 2
    steps = [f"(({m} − 1)·{s} − {n} + {k}) / 2 = {number(total / 2)}"]
    if before != after:
        steps.append(say("lecture.step.no_half_rows", before=before, after=after))
    return _shown((before, after), Side(n, k, s, before, after), steps)


def kernel_for(size: int, output: int, *, padding: int = 0, stride: int = 1) -> Worked[int]:
    """The filter that gives ``output``: k = n + 2p − (m − 1)·s, the largest where the stride leaves a choice.

    Args:
        size: of the image, in pixels.
        output: of the feature map.
        padding: pixels on each end.
        stride: of the window.

    Raises:
        CnnprojError: where a number cannot be, or no filter gives that.
    """
    n, m, s = whole(size, "size"), whole(output, "output"), whole(stride, "stride")
    p = whole(padding, "padding", 0)
    k = n + 2 * p - (m - 1) * s
    if k < 1:
        raise CnnprojError("lecture.no_kernel", size=n, output=m, padding=p, stride=s, most=(n + 2 * p - 1) // s + 1)
    steps = [f"{n} + 2·{p} − ({m} − 1)·{s} = {k}"]
    least = max(1, k - s + 1)
    if least < k:
        steps.append(say("lecture.step.smaller_too", least=least, largest=k))
    return _shown(k, Side(n, k, s, p, p), steps)


def stride_for(size: int, output: int, kernel: int, *, padding: int = 0) -> Worked[int]:
    """The smallest stride that gives ``output``, found by trying: ⌊(n − k + 2p) / s⌋ + 1 = m.

    Args:
        size: of the image, in pixels.
        output: of the feature map.
        kernel: of the filter.
        padding: pixels on each end.

    Raises:
        CnnprojError: where a number cannot be, or no stride gives that.
    """
    n, m, k = whole(size, "size"), whole(output, "output"), whole(kernel, "kernel")
    p = whole(padding, "padding", 0)
    lay(n, k, 1, (p, p))
    room = n - k + 2 * p
    tried = []
    for s in range(1, room + 2):
        side = Side(n, k, s, p, p)
        tried.append(_size_text(side))
        if side.windows == m:
            return _shown(s, side, tried)
        if side.windows < m:
            break
    raise CnnprojError("lecture.no_stride", size=n, output=m, kernel=k, padding=p)


def size_for(output: int, kernel: int, *, padding: int = 0, stride: int = 1) -> Worked[int]:
    """The smallest image that gives ``output``: n = (m − 1)·s + k − 2p.

    Args:
        output: of the feature map.
        kernel: of the filter.
        padding: pixels on each end.
        stride: of the window.

    Raises:
        CnnprojError: where a number cannot be, or already one pixel gives more.
    """
    m, k, s = whole(output, "output"), whole(kernel, "kernel"), whole(stride, "stride")
    p = whole(padding, "padding", 0)
    n = (m - 1) * s + k - 2 * p
    if n < 1:
        raise CnnprojError("lecture.no_size", output=m, kernel=k, padding=p, stride=s)
    return _shown(n, Side(n, k, s, p, p), [f"({m} − 1)·{s} + {k} − 2·{p} = {n}"])


def _size_text(side: Side) -> str:
    """The formula with its numbers, and whether it leaves pixels over."""
    room = side.padded - side.kernel
    ends = f"2·{side.before}" if side.before == side.after else f"{side.before} + {side.after}"
    text = f"({side.size} − {side.kernel} + {ends}) / {side.stride} + 1"
    if side.left_over:
        text = f"⌊{room} / {side.stride}⌋ + 1 = ⌊{factor(room / side.stride)}⌋ + 1"
    return f"{text} = {side.windows}"


def _shown(result: Any, side: Side, steps: list[str]) -> Worked[Any]:
    def draw(step: int | None) -> Chart:
        from cnnproj.lecture.drawing.windows import draw_row

        return draw_row(side, steps[-3:] if step is None else steps[: step + 1][-3:])

    told: Callable[[int], str] = steps.__getitem__
    return Worked(result, Steps(len(steps), told), draw)
