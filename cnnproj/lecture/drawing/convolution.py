"""The window over the image, the filter, and the feature map that grows: for convolution and for pooling."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass

from cnnproj.chart import INK, WIDTH, Chart, house_style
from cnnproj.lecture.arguments import Numbers
from cnnproj.lecture.drawing.table import LINE, MOST_NUMBERS, Box, draw_table, place, write, write_below
from cnnproj.lecture.geometry import Side
from cnnproj.lecture.notation import size_text
from cnnproj.lecture.worked import MOST_FRAMES, Steps
from cnnproj.words import say

_GAP = 0.36  # inches between two columns, with a sign in it
_BETWEEN = 0.12  # inches between two tables of a column
_HEADING = 0.15  # inches, of a line of the headings above the tables
_LETTER = 0.08  # inches, of a letter there
_PICTURE = 2.5  # inches, the side of a table that is shown as a picture
_TALLEST = 5.6  # inches
_LETTERS = 13.6  # to the inch
MOST_CHANNELS, MOST_MAPS = 4, 8  # that are drawn


@dataclass(frozen=True)
class _Column:
    """Tables under one heading, side by side in rows of ``across``."""

    heading: str
    tables: list[Numbers]
    across: int = 1
    frame: tuple[Side, Side] | None = None
    window: Box | None = None
    weights: list[Numbers] | None = None
    known: int | None = None

    @property
    def down(self) -> int:
        return math.ceil(len(self.tables) / self.across)

    @property
    def picture(self) -> bool:
        return bool(max(self.tables[0].shape) > MOST_NUMBERS)

    def size(self, cell: float) -> tuple[float, float]:
        """Width and height of one table, in inches, where a cell has ``cell``."""
        height, width = self.tables[0].shape
        if self.picture:
            cell = min(_PICTURE, _TALLEST / self.down) / max(height, width)
        return width * cell, height * cell

    def outer(self, cell: float) -> tuple[float, float]:
        """Width and height of all tables; a column is as wide as the longest word of its heading, too."""
        width, height = self.size(cell)
        tables = self.across * width + (self.across - 1) * _BETWEEN
        words = max(map(len, self.heading.split())) * _LETTER
        return max(tables, words), self.down * height + (self.down - 1) * _BETWEEN

    def lines(self, cell: float) -> str:
        """The heading, in as many lines as the column's width asks for."""
        letters = int(self.outer(cell)[0] / _LETTER)
        return "\n".join(textwrap.wrap(self.heading, letters, break_long_words=False, break_on_hyphens=False))


@house_style()
def draw_convolution(
    padded: Numbers,
    kernel: Numbers,
    maps: Numbers,
    sides: tuple[Side, Side],
    step: int | None,
    steps: Steps,
    *,
    depthwise: bool,
) -> Chart:
    """The image with its padding, the filter and the feature map; of one step, or finished.

    Args:
        padded: the image, (height, width, channels).
        kernel: (height, width, channels, filters), as it is laid on.
        maps: (height, width, maps).
        sides: how the windows lie along rows and columns.
        step: which one, or None for all of them done.
        steps: their texts.
        depthwise: whether each channel has filters of its own.
    """
    rows, columns = sides
    per_map = rows.windows * columns.windows
    current, inner = divmod(step, per_map) if step is not None else (0, 0)
    of_channel = current % kernel.shape[3]
    channels = range(padded.shape[2])
    if depthwise and step is not None:
        channels = range(current // kernel.shape[3], current // kernel.shape[3] + 1)
    seen = list(channels)[:MOST_CHANNELS]
    filters = [kernel[..., c, of_channel] for c in seen]
    window = _window(sides, inner) if step is not None else None
    image = _Column(
        _image_heading(sides, padded.shape[2]),
        [padded[..., c] for c in seen],
        frame=sides,
        window=window,
        weights=filters if window else None,
    )
    several = maps.shape[2] > 1
    shape = kernel.shape[:3] if kernel.shape[2] > 1 and not depthwise else kernel.shape[:2]
    named = {"size": size_text(shape), "this": current + 1, "n": maps.shape[2]}
    middle = _Column(say("lecture.figure.filter_of" if several else "lecture.figure.filter", **named), filters)
    return _drawn([(image, "∗"), (middle, "="), (_maps(maps, sides, step), "")], step, steps)


@house_style()
def draw_pooling(
    padded: Numbers, pooled: Numbers, sides: tuple[Side, Side], step: int | None, steps: Steps, kind: str
) -> Chart:
    """The image with its padding, and what pooling keeps of it; arguments as ``draw_convolution`` has them."""
    per_map = pooled.shape[0] * pooled.shape[1]
    current, inner = divmod(step, per_map) if step is not None else (0, 0)
    seen = [current] if step is not None else list(range(padded.shape[2]))[:MOST_CHANNELS]
    image = _Column(
        _image_heading(sides, padded.shape[2]),
        [padded[..., c] for c in seen],
        frame=sides,
        window=_window(sides, inner) if step is not None else None,
    )
    return _drawn([(image, say(f"lecture.kept.{kind}")), (_maps(pooled, sides, step), "")], step, steps)


def _image_heading(sides: tuple[Side, Side], channels: int) -> str:
    rows, columns = sides
    shape = (rows.size, columns.size, channels)
    size = size_text(shape if channels > 1 else shape[:2])
    ends = (rows.before, rows.after, columns.before, columns.after)
    if not any(ends):
        return say("lecture.figure.image", size=size)
    if len(set(ends)) == 1:
        return say("lecture.figure.image_padded", size=size, padding=ends[0])
    words = {"top": ends[0], "bottom": ends[1], "left": ends[2], "right": ends[3]}
    return say("lecture.figure.image_padded_unevenly", size=size, **words)


def _maps(maps: Numbers, sides: tuple[Side, Side], step: int | None) -> _Column:
    """The feature map that is being computed, or all of them."""
    shape = maps.shape if maps.shape[2] > 1 else maps.shape[:2]
    heading = say("lecture.figure.map", size=size_text(shape))
    if step is None:
        seen = min(maps.shape[2], MOST_MAPS)
        return _Column(heading, [maps[..., m] for m in range(seen)], across=1 if seen < 4 else 2)
    current, inner = divmod(step, maps.shape[0] * maps.shape[1])
    row, column = divmod(inner, sides[1].windows)
    return _Column(heading, [maps[..., current]], window=(row, column, 1, 1), known=inner + 1)


def _window(sides: tuple[Side, Side], inner: int) -> Box:
    rows, columns = sides
    row, column = divmod(inner, columns.windows)
    return row * rows.stride, column * columns.stride, rows.kernel, columns.kernel


def _drawn(parts: list[tuple[_Column, str]], step: int | None, steps: Steps) -> Chart:
    """The columns of tables side by side with signs between them, and the step's text below."""
    cell = _cell([column for column, _ in parts])
    sizes = [column.outer(cell) for column, _ in parts]
    gaps = [_GAP if len(sign) < 2 else _GAP + 0.08 * len(sign) for _, sign in parts]
    wide = min(max(WIDTH * 0.6, sum(width for width, _ in sizes) + sum(gaps[:-1]) + 0.2), WIDTH + 0.2)
    lines = 0
    if step is not None:
        told = steps if len(steps) <= MOST_FRAMES else [steps[step]]  # frames of one animation are of one size
        lines = max(len(_wrapped(text, wide)) for text in told)
    tall = max(height for _, height in sizes)
    head = 0.1 + _HEADING * max(column.lines(cell).count("\n") + 1 for column, _ in parts)
    chart = Chart(wide, head + tall + 0.12 + LINE * lines + 0.1 * bool(lines), layout=None)
    left = 0.1
    for (column, sign), (width, height), gap in zip(parts, sizes, gaps, strict=True):
        _draw_column(chart, column, left, head + (tall - height) / 2, cell)
        left += width + gap
        text, size = (sign, 15) if len(sign) < 2 else (f"{sign}\n→", 9)
        write(chart, left - gap / 2, head + tall / 2, text, ha="center", va="center", fontsize=size, color=INK)
    if step is not None:
        text_lines = _wrapped(steps[step], wide)
        write_below(chart, text_lines + [""] * (lines - len(text_lines)))
    return chart


def _draw_column(chart: Chart, column: _Column, left: float, top: float, cell: float) -> None:
    """The tables of ``column`` from (left, top) on, in inches, and its heading above."""
    write(chart, left, top - 0.05, column.lines(cell), fontsize=8.5, fontweight="bold", va="bottom")
    width, height = column.size(cell)
    for number, table in enumerate(column.tables):
        down, across = divmod(number, column.across)
        axes = place(chart, left + across * (width + _BETWEEN), top + down * (height + _BETWEEN), width, height)
        weights = column.weights[number] if column.weights else None
        draw_table(axes, table, frame=column.frame, window=column.window, weights=weights, known=column.known)


def _cell(columns: list[_Column]) -> float:
    """The side of a cell in inches, as large as the figure allows."""
    fixed = _GAP * (len(columns) - 1) + sum(_BETWEEN * (one.across - 1) for one in columns)
    tables = [one for one in columns if not one.picture]
    fixed += sum(_PICTURE * one.across for one in columns if one.picture)
    cells = sum(one.tables[0].shape[1] * one.across for one in tables)
    most_down = max((one.tables[0].shape[0] * one.down for one in tables), default=1)
    return float(min(0.42, (WIDTH - fixed) / max(cells, 1), _TALLEST / most_down))


def _wrapped(text: str, wide: float) -> list[str]:
    return textwrap.wrap(text, int(_LETTERS * wide), break_on_hyphens=False)
