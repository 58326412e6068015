"""The one look of all figures, and the figure that wears it; the figures of the report and of the lectures share it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

# Okabe and Ito, "Color universal design" (2008).
BLUE, ORANGE, SKY, VERMILION, GREEN = "#0072B2", "#E69F00", "#56B4E9", "#D55E00", "#009E73"
INK, GRAY, PALE = "#222222", "#767676", "#dddddd"

WIDTH = 6.8  # inches: the text's width in the report, on screen and on A4
_PRINT_DPI = 192
_SCREEN_DPI = 96
_STYLE: dict[str, Any] = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": GRAY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": PALE,
    "grid.linewidth": 0.7,
    "hatch.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "text.color": INK,
    "text.parse_math": False,  # a class may be called "$5" and is no formula
    "xtick.color": GRAY,
    "ytick.color": GRAY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
}


@contextmanager
def house_style() -> Iterator[None]:
    """The style of all figures, whatever the user's own settings are; those are as they were afterwards."""
    with matplotlib.style.context(["default", _STYLE]):
        yield


class Chart(Figure):
    """A figure in the house style that Jupyter shows as a cell's value, whether or not pyplot is in use."""

    def __init__(
        self,
        width: float,
        height: float,
        *,
        layout: Literal["constrained", "compressed"] | None = "constrained",
        **options: Any,
    ) -> None:
        super().__init__(figsize=(width, height), dpi=_SCREEN_DPI, layout=layout, **options)

    def draw(self, renderer: Any) -> None:
        """Draw in the house style, also the parts that matplotlib makes only now (ticks, layout)."""
        with house_style(), warnings.catch_warnings():
            # A class name in a script that the font lacks is drawn as boxes; the report's tables have it in full.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            super().draw(renderer)

    def png(self) -> bytes:
        """The figure as PNG, the same bytes for the same figure."""
        with house_style():
            file = io.BytesIO()
            self.savefig(file, format="png", dpi=_PRINT_DPI, metadata={"Software": None})
        return file.getvalue()

    def raster(self) -> np.ndarray:
        """The pixels of ``png``, uint8, (height, width, 4)."""
        with house_style():
            file = io.BytesIO()
            self.savefig(file, format="rgba", dpi=_PRINT_DPI)
        width, height = (int(side * _PRINT_DPI) for side in self.get_size_inches())
        return np.frombuffer(file.getvalue(), np.uint8).reshape(height, width, 4)

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height on screen, in CSS pixels."""
        width, height = self.get_size_inches() * _SCREEN_DPI
        return round(width), round(height)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """What Jupyter shows: sharp on fine screens, at its own size."""
        width, height = self.pixels
        return self.png(), {"width": width, "height": height}


def short(text: object, most: int = 18) -> str:
    """``text`` in one line of at most ``most`` characters."""
    line = " ".join(str(text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def colored(images: np.ndarray) -> np.ndarray:
    """Images of 0–255, (…, height, width, 1 or 3), as uint8 RGB."""
    whole = np.clip(np.rint(images), 0, 255).astype(np.uint8)
    return np.broadcast_to(whole, (*whole.shape[:-1], 3))


def show_image(axes: Axes, image: np.ndarray, **options: Any) -> Any:
    """Show ``image``, (height, width[, channels]), without ticks; the pixels of a small one as the squares they are."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=GRAY, linewidth=0.5)
    interpolation = "nearest" if max(image.shape[:2]) <= 128 else "antialiased"
    return axes.imshow(image, interpolation=interpolation, **options)


def show_strip(axes: Axes, images: np.ndarray) -> None:
    """Show ``images``, (n, height, width, channels) of 0–255, side by side with a gap between them.

    The axes' x counts in images: image i reaches from ``i`` to ``i + 0.94``.
    """
    tall = images.shape[1] / images.shape[2] * 0.94
    for place, image in enumerate(colored(images)):
        extent = (place, place + 0.94, tall, 0)
        interpolation = "nearest" if max(image.shape[:2]) <= 128 else "antialiased"
        axes.imshow(image, interpolation=interpolation, extent=extent)
        axes.add_patch(Rectangle((place, 0), 0.94, tall, fill=False, edgecolor=GRAY, linewidth=0.5))
    axes.set(xlim=(-0.02, len(images) - 0.04), ylim=(tall + 0.02, -0.02), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
