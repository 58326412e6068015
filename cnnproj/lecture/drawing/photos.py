"""Figures of a photo: what filters detect in it, and what each augmentation makes of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from cnnproj.chart import WIDTH, Chart, house_style, show_image, show_strip
from cnnproj.lecture.drawing.table import draw_table, place, write
from cnnproj.lecture.notation import number
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.lecture.augmentations import Varied
    from cnnproj.lecture.detectors import Detected

_ACROSS = 3
_KERNEL = 0.66  # inches


@house_style()
def draw_detected(detected: Detected) -> Chart:
    """The photo, and each feature map with its filter above."""
    from cnnproj.lecture.detectors import FILTERS

    pictures = [("photo", detected.image), *detected.maps.items()]
    rows = math.ceil(len(pictures) / _ACROSS)
    height, width = detected.image.shape
    wide = (WIDTH - 0.1 * (_ACROSS + 1)) / _ACROSS
    tall, head = wide * height / width, _KERNEL + 0.12
    chart = Chart(WIDTH, rows * (tall + head + 0.08) + 0.05, layout=None)
    for place_, (name, picture) in enumerate(pictures):
        row, column = divmod(place_, _ACROSS)
        left, top = 0.1 + column * (wide + 0.1), row * (tall + head + 0.08)
        axes = place(chart, left, top + head, wide, tall)
        signed = name in FILTERS and FILTERS[name].sum() == 0
        reach = float(np.percentile(np.abs(picture), 99)) or 1.0
        show_image(axes, picture, cmap="gray", vmin=-reach if signed else 0, vmax=reach if signed else 255)
        shift = 0.0
        if name in FILTERS:
            draw_table(place(chart, left, top + 0.06, _KERNEL, _KERNEL), FILTERS[name])
            shift = _KERNEL + 0.1
        text = say(f"lecture.filter.{name}")
        write(chart, left + shift, top + head - 0.06, text, fontsize=8.5, fontweight="bold")
    return chart


@house_style()
def draw_varied(varied: Varied) -> Chart:
    """The photo once, then a strip for each argument, two strips side by side."""
    strips = [(say("lecture.figure.original"), varied.image[None])]
    strips += [(f"{name} = {_as_text(varied.arguments[name])}", made) for name, made in varied.variants.items()]
    most = max(len(strip) for _, strip in strips)
    rows = math.ceil(len(strips) / 2)
    height, width = varied.image.shape[:2]
    tall = (WIDTH - 0.2) / 2 / most * height / width
    chart = Chart(WIDTH, rows * (tall + 0.26) + 0.1)
    for axes, strip in zip(chart.subplots(rows, 2, squeeze=False).flat, [*strips, None], strict=False):
        axes.axis("off")
        if strip is not None:
            name, images = strip
            show_strip(axes, images)
            axes.set_title(name, fontsize=8.5, pad=2)
            axes.set(xlim=(-0.02, most - 0.04), anchor="W")
    return chart


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_as_text, value)) + "]"
    return str(value)
