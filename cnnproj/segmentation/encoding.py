"""How the values in mask files stand for classes: 0 and 255, whole numbers, or the colours of a table.

What project.toml does not say is found in the masks themselves, all of them together. A palette image is read by its
numbers where all masks have one palette, and by its colours where they do not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnnproj.data.decoding import open_image
from cnnproj.errors import CnnprojError, UnreadableImage
from cnnproj.segmentation.colors import color_value
from cnnproj.segmentation.scores import IGNORED

MOST_CLASSES = 64  # colours or values: more are a photo, or were blurred by a lossy format
MOSTLY_BINARY = 0.9  # of the masks have 0 and 255 alone: whatever else the rest have is a mistake
WHITE, LOSSY = 255, 0.02  # a JPEG mask is cut at half of white, if no more of it than this lies far from both ends
BLACK = 0


@dataclass(frozen=True, eq=False)
class Drawn:
    """What stands in one mask file.

    Attributes:
        values: gray values or palette numbers, (height, width); or colours as 0xRRGGBB where there is no ``palette``
            and ``colored`` is true.
        palette: of a palette image, the colour of each number as 0xRRGGBB, (numbers,); or ``None``.
        colored: whether ``values`` are colours.
    """

    values: np.ndarray
    palette: np.ndarray | None = None
    colored: bool = False

    @property
    def colors(self) -> np.ndarray:
        """The colour of each pixel as 0xRRGGBB, (height, width)."""
        if self.colored:
            return self.values
        if self.palette is None:
            return self.values * 0x010101
        colors: np.ndarray = self.palette[np.minimum(self.values, len(self.palette) - 1)]
        return colors

    def holds(self, value: int | str) -> np.ndarray:
        """Where ``value`` stands, a number or a colour as ``#rrggbb``: bool, (height, width)."""
        if isinstance(value, str):
            found: np.ndarray = self.colors == color_value(value)
        else:
            found = self.values == (value * 0x010101 if self.colored else value)
        return found


def read_mask(data: bytes, name: str) -> Drawn:
    """The mask in an image file, each value as it stands there; a JPEG's gray values are cut at half of white.

    Raises:
        UnreadableImage: where it cannot be decoded, or a lossy format has blurred it.
    """
    image = open_image(data, name)
    try:
        image.load()
        if image.mode in ("P", "PA"):
            flat = image.convert("P") if image.mode == "PA" else image
            palette = np.array(flat.getpalette() or [0, 0, 0], np.int64).reshape(-1, 3)
            return Drawn(np.array(flat).astype(np.int64), _packed(palette))
        if image.mode in ("1", "L", "LA", "La") or image.mode.startswith("I"):
            values = np.array(image.convert("L") if image.mode in ("LA", "La") else image).astype(np.int64)
            return Drawn(_cut(values, name) if image.format == "JPEG" else values)
        pixels = np.array(image.convert("RGB")).astype(np.int64)
    except UnreadableImage:
        raise
    except Exception as error:  # as of images: a stranger's bytes make a decoder raise anything
        raise UnreadableImage("data.image_damaged", name=name, reason=error) from error
    if (pixels == pixels[..., :1]).all():
        values = pixels[..., 0]
        return Drawn(_cut(values, name) if image.format == "JPEG" else values)
    if image.format == "JPEG":
        raise UnreadableImage("segmentation.image_mask_lossy", name=name)
    return Drawn(_packed(pixels), colored=True)


def _cut(values: np.ndarray, name: str) -> np.ndarray:
    if np.mean((values > WHITE // 8) & (values < WHITE - WHITE // 8)) > LOSSY:
        raise UnreadableImage("segmentation.image_mask_lossy", name=name)
    return np.where(values > WHITE // 2, WHITE, 0)


def _packed(pixels: np.ndarray) -> np.ndarray:
    packed: np.ndarray = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
    return packed


@dataclass(frozen=True)
class Encoding:
    """Which value stands for which class.

    Attributes:
        classes: their names, the background first.
        values: of each class; as 0xRRGGBB where ``colored``.
        colored: whether masks are read by their colours.
        ignore: the value that says that a pixel is not labelled: a number, or a colour as ``#rrggbb``; or none.
    """

    classes: tuple[str, ...]
    values: tuple[int, ...]
    colored: bool
    ignore: int | str | None = None

    @property
    def fingerprint(self) -> str:
        """Changes when masks come to be read in another way."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]

    def classes_of(self, drawn: Drawn, name: str) -> np.ndarray:
        """The class of each pixel, or ``IGNORED``, uint8, (height, width).

        Raises:
            UnreadableImage: where a pixel has a value that stands for no class, or none is labelled.
        """
        values = drawn.colors if self.colored else drawn.values
        ignored = np.zeros(values.shape, bool) if self.ignore is None else drawn.holds(self.ignore)
        if ignored.all():
            raise UnreadableImage("segmentation.image_mask_unlabelled", name=name)
        order = np.argsort(self.values)
        known = np.array(self.values)[order]
        places = np.minimum(np.searchsorted(known, values), len(known) - 1)
        strange = values[(known[places] != values) & ~ignored]
        if strange.size:
            told = [_told(value, self.colored) for value in np.unique(strange)[:3]]
            expected = ", ".join(_told(value, self.colored) for value in self.values[:8])
            raise UnreadableImage(
                "segmentation.image_mask_unknown_value", name=name, came=", ".join(told), expected=expected
            )
        return np.where(ignored, IGNORED, order[places]).astype(np.uint8)


def _told(value: int, colored: bool) -> str:
    return f"#{value:06x}" if colored else str(value)


class Survey:
    """The values that stand in the masks of a set, looked at one by one.

    Args:
        ignore: the value that stands for no class: see ``Encoding``.

    Attributes:
        colored: whether any of them is in colour.
        palettes: the palettes met, as bytes.
    """

    def __init__(self, ignore: int | str | None = None) -> None:
        self.ignore = ignore
        self.colored = False
        self.palettes: set[bytes] = set()
        self._values: list[frozenset[int]] = []
        self._colors: dict[int, int] = {}

    def add(self, drawn: Drawn) -> None:
        """Look at one more mask."""
        self.colored |= drawn.colored
        if drawn.palette is not None:
            self.palettes.add(drawn.palette.tobytes())
        values, colors = drawn.values.ravel(), drawn.colors.ravel()
        if self.ignore is not None:
            labelled = ~drawn.holds(self.ignore).ravel()
            values, colors = values[labelled], colors[labelled]
        self._values.append(frozenset(np.unique(values).tolist()) if not drawn.colored else frozenset())
        if len(self._colors) <= MOST_CLASSES:
            for color, pixels in zip(*np.unique(colors, return_counts=True), strict=True):
                self._colors[int(color)] = self._colors.get(int(color), 0) + int(pixels)

    def encoding(self, names: Sequence[str], colors: Mapping[str, str]) -> Encoding:
        """What the masks looked at are to be read by.

        Args:
            names: of the classes, the background first; none where they are to be found.
            colors: of the classes as ``#rrggbb`` by name, the background first; none where masks have no colour table.

        Raises:
            CnnprojError: where there are more values than classes can be, or none but the one to ignore.
        """
        return replace(self._encoding(names, colors), ignore=self.ignore)

    def _encoding(self, names: Sequence[str], colors: Mapping[str, str]) -> Encoding:
        if not self._colors:
            raise CnnprojError("segmentation.all_ignored", value=self.ignore)
        if colors:
            return Encoding(tuple(colors), tuple(color_value(color) for color in colors.values()), True)
        if self.colored or len(self.palettes) > 1:
            return self._by_color(names)
        found = self._gray(names)
        if len(found) > MOST_CLASSES:
            raise CnnprojError("segmentation.too_many_values", n=len(found), most=MOST_CLASSES)
        if names:
            return Encoding(tuple(names), found, False)
        if len(found) == 2:
            return Encoding(("background", "object"), found, False)
        return Encoding(("background", *(f"class {value}" for value in found[1:])), found, False)

    def _gray(self, names: Sequence[str]) -> tuple[int, ...]:
        """The values of the classes in their order: 0 and 255, or all numbers up to the largest, or those there are."""
        every = sorted(frozenset().union(*self._values))
        binary = [values <= {0, WHITE} for values in self._values]
        if len(names) in (0, 2) and WHITE in every and np.mean(binary) >= MOSTLY_BINARY:
            return (0, WHITE)
        if len(names) == len(every) or (not names and (every[-1] >= MOST_CLASSES)):
            return tuple(every)
        return tuple(range(len(names) or max(2, every[-1] + 1)))

    def _by_color(self, names: Sequence[str]) -> Encoding:
        if len(self._colors) > MOST_CLASSES:
            raise CnnprojError("segmentation.too_many_values", n=len(self._colors), most=MOST_CLASSES)
        background = BLACK if BLACK in self._colors else max(self._colors, key=lambda color: self._colors[color])
        values = (background, *sorted(self._colors.keys() - {background}))
        if names and len(names) != len(values):
            told = ", ".join(_told(value, True) for value in values)
            raise CnnprojError("segmentation.other_number_of_colors", n=len(values), names=len(names), colors=told)
        return Encoding(tuple(names) or ("background", *(_told(value, True) for value in values[1:])), values, True)
