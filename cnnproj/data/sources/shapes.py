"""Scenes drawn by us: one object decides the class, and its mask says exactly where it is.

A model that is right for the right reason looks at the object; a heatmap that is right lies on the mask. To keep it
so, the object's area, place, turn and colour and everything around it are drawn alike for all classes.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from cnnproj.data.decoding import Decoded, Pixels
from cnnproj.data.sources.source import Record, Source, digest, image_table
from cnnproj.randomness import derive_seed

COUNT = 1200
SIDE = (64, 128)  # pixels, the shortest and the longest side of a scene

# Part of the fingerprint: raise it whenever a scene is drawn differently.
_DRAWING_VERSION = 1
_SUBPIXELS = 4
_OBJECT_SIDE = (0.30, 0.48)  # square root of the object's area, as a fraction of the scene's shorter side
_NOISE = 7.0  # standard deviation, of 255

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shapes(Source):
    """RGB scenes of 64 to 128 pixels a side, each with a circle, a square, a triangle or a star."""

    seed: int

    def read(self, row: int) -> Decoded:
        """See ``Source.read``."""
        return Decoded(self._scene(row)[0])

    def mask(self, row: int) -> npt.NDArray[np.bool_]:
        """The pixels at least half of which the object covers, (height, width)."""
        return self._scene(row)[1] >= 0.5

    def _scene(self, row: int) -> tuple[Pixels, Floats]:
        rng = np.random.default_rng(derive_seed(self.seed, "shapes", row))
        return draw_scene(str(self.table["label"].iat[row]), rng)


def open_shapes(seed: int) -> Shapes:
    """1,200 scenes, as many of each class; the same seed gives the same scenes."""
    labels = np.resize(sorted(OUTLINES), COUNT)
    np.random.default_rng(derive_seed(seed, "shapes", "labels")).shuffle(labels)
    records = [Record(f"shapes/{index:04}", str(label)) for index, label in enumerate(labels)]
    fingerprint = digest("shapes", seed, COUNT, _DRAWING_VERSION)
    table = image_table(records, "shapes").assign(stamp=fingerprint)
    return Shapes(name="shapes", table=table, fingerprint=fingerprint, seed=seed)


def _outline(radii: list[float]) -> Floats:
    """The corners at equal angles and these distances from the middle, (n, 2), scaled to an area of 1."""
    angles = 2 * np.pi * np.arange(len(radii)) / len(radii)
    x, y = np.array(radii) * (np.cos(angles), np.sin(angles))
    area = 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
    return np.column_stack([x, y]) / math.sqrt(area)


OUTLINES = {
    "circle": _outline([1.0] * 72),
    "square": _outline([1.0] * 4),
    "triangle": _outline([1.0] * 3),
    "star": _outline([1.0, 0.45] * 5),
}
# The same margin for all, so that the place says nothing about the class.
_REACH = max(float(np.hypot(*outline.T).max()) for outline in OUTLINES.values())


def draw_scene(label: str, rng: np.random.Generator) -> tuple[Pixels, Floats]:
    """One scene with one object.

    Returns:
        The picture, (height, width, 3), and the fraction of each pixel that the object covers, (height, width).
    """
    height, width = (int(side) for side in rng.integers(SIDE[0], SIDE[1] + 1, size=2))
    scene = _background(height, width, rng)

    side = rng.uniform(*_OBJECT_SIDE) * min(height, width)
    margin = _REACH * side + 1
    middle = rng.uniform(margin, np.array([width, height]) - margin)
    corners = _turn(OUTLINES[label] * side, rng.uniform(0, 2 * np.pi)) + middle
    cover = _coverage(corners, height, width)

    colour = _colour_apart_from(np.tensordot(cover, scene, axes=2) / cover.sum(), rng)
    scene = _paint(scene, colour * _waves(height, width, rng, count=1, strength=0.12, around=1.0)[..., None], cover)
    scene += rng.normal(0, _NOISE, scene.shape)
    return np.clip(np.rint(scene), 0, 255).astype(np.uint8), cover


def _background(height: int, width: int, rng: np.random.Generator) -> Floats:
    """A gradient with a texture, and upon it blobs and lines that say nothing about the class."""
    y, x = _grid(height, width)
    angle = rng.uniform(0, 2 * np.pi)
    along = 0.5 + (math.cos(angle) * (x / width - 0.5) + math.sin(angle) * (y / height - 0.5)) / math.sqrt(2)
    first, last = rng.uniform(30, 225, size=(2, 3))
    scene: Floats = first + along[..., None] * (last - first)
    scene += np.stack([_waves(height, width, rng, count=5, strength=7) for _ in range(3)], axis=-1)
    for _ in range(rng.integers(2, 6)):
        centre_x, centre_y = rng.uniform(0, width), rng.uniform(0, height)
        radius = rng.uniform(0.06, 0.2) * min(height, width)
        # Soft edges: a blob must not pass for a circle.
        blob = np.exp(-((x - centre_x) ** 2 + (y - centre_y) ** 2) / (2 * radius**2))
        scene = _paint(scene, rng.uniform(0, 255, size=3), 0.7 * blob)
    for _ in range(rng.integers(2, 6)):
        length, thickness = rng.uniform(0.3, 1.2) * min(height, width), rng.uniform(1, 3)
        bar = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (length / 2, thickness / 2)
        line = _turn(bar, rng.uniform(0, np.pi)) + rng.uniform(0, (width, height))
        scene = _paint(scene, rng.uniform(0, 255, size=3), _coverage(line, height, width))
    return scene


def _waves(
    height: int, width: int, rng: np.random.Generator, *, count: int, strength: float, around: float = 0.0
) -> Floats:
    """A smooth texture: plane waves of 8 to 60 pixels in all directions, (height, width)."""
    y, x = _grid(height, width)
    texture = np.full((height, width), around)
    for _ in range(count):
        angle, phase = rng.uniform(0, 2 * np.pi, size=2)
        frequency = 2 * np.pi / rng.uniform(8, 60)
        texture += strength * np.sin(frequency * (math.cos(angle) * x + math.sin(angle) * y) + phase)
    return texture


def _colour_apart_from(around: Floats, rng: np.random.Generator) -> Floats:
    """A colour that a person tells from ``around`` at once, in gray too."""
    lightness = np.array([0.299, 0.587, 0.114])
    while True:
        colour: Floats = rng.uniform(0, 255, size=3)
        if abs(lightness @ (colour - around)) > 60:
            return colour


def _coverage(corners: Floats, height: int, width: int) -> Floats:
    """The fraction of each pixel that a polygon covers; corners are (x, y) in pixels, in any place."""
    canvas = Image.new("L", (width * _SUBPIXELS, height * _SUBPIXELS))
    # Pillow counts from the middle of the first pixel.
    ImageDraw.Draw(canvas).polygon([(x, y) for x, y in corners * _SUBPIXELS - 0.5], fill=255)
    return np.asarray(canvas.reduce(_SUBPIXELS), dtype=np.float64) / 255


def _paint(scene: Floats, colour: Floats, cover: Floats) -> Floats:
    """``colour`` upon the scene, as much of it as ``cover`` says for each pixel."""
    return scene + cover[..., None] * (colour - scene)


def _turn(corners: Floats, angle: float) -> Floats:
    cos, sin = math.cos(angle), math.sin(angle)
    turned: Floats = corners @ np.array([[cos, sin], [-sin, cos]])
    return turned


def _grid(height: int, width: int) -> tuple[Floats, Floats]:
    y, x = np.mgrid[:height, :width] + 0.5
    return y, x
