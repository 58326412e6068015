"""Where the windows lie along one side of an image."""

from __future__ import annotations

from matplotlib.patches import Rectangle

from cnnproj.chart import BLUE, GRAY, VERMILION, WIDTH, Chart, house_style
from cnnproj.lecture.drawing.table import LINE, place, write_below
from cnnproj.lecture.geometry import Side
from cnnproj.words import say

_MOST_ROWS = 12  # windows that are drawn


@house_style()
def draw_row(side: Side, texts: list[str]) -> Chart:
    """One row of pixels with its padding (hatched), below it each window at its place, and ``texts``.

    Pixels that no window reaches are crossed out.
    """
    shown = min(side.windows, _MOST_ROWS)
    cell = min(0.34, (WIDTH - 0.3) / side.padded)
    tall = cell * 1.3 + 0.16 * shown + 0.15
    lines = texts if side.windows == shown else [say("lecture.figure.more_windows", n=side.windows - shown), *texts]
    wide = min(WIDTH, max(side.padded * cell + 0.6, 0.2 + 0.075 * max(map(len, lines))))
    chart = Chart(wide, tall + 0.2 + LINE * len(lines), layout=None)
    axes = place(chart, 0.1, 0.08, side.padded * cell, tall)
    axes.set(xlim=(-0.05, side.padded + 0.05), ylim=(-tall / cell, 0.05))
    reached = side.padded - side.left_over
    for pixel in range(side.padded):
        padding = not 0 <= pixel - side.before < side.size
        fill, hatch = ("white", "/////") if padding else ("#e4e4e4", None)
        axes.add_artist(Rectangle((pixel, -1), 1, 1, edgecolor=GRAY, linewidth=0.6, facecolor=fill, hatch=hatch))
        if pixel >= reached:
            axes.plot([pixel + 0.15, pixel + 0.85], [-0.85, -0.15], color=VERMILION, linewidth=1.4)
            axes.plot([pixel + 0.15, pixel + 0.85], [-0.15, -0.85], color=VERMILION, linewidth=1.4)
        elif cell > 0.16 and not padding:
            axes.text(pixel + 0.5, -0.5, str(pixel - side.before + 1), ha="center", va="center", fontsize=8)
    for window in range(shown):
        left, y = window * side.stride, -(1.3 + (0.16 * window + 0.06) / cell)
        axes.plot([left + 0.08, left + side.kernel - 0.08], [y, y], color=BLUE, linewidth=3.2, solid_capstyle="butt")
        end = left + side.kernel + 0.15
        axes.text(end, y, str(window + 1), fontsize=7, va="center", color=BLUE, clip_on=False)
    write_below(chart, lines, bottom=0.06)
    return chart
