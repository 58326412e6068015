"""Small images of bright discs and dark squares on a textured ground, with their masks."""

from pathlib import Path

import numpy as np
from PIL import Image

from cnnproj.data.images import divide_images
from cnnproj.segmentation.images import MaskedImages, audit_masked, load_masked_images
from cnnproj.segmentation.sources import MaskedSource

FRACTIONS = {"train": 0.6, "validation": 0.2, "test": 0.2}


def scene(number: int, side: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """An RGB image and its mask: 0 ground, 1 a bright disc, 2 a dark square."""
    rng = np.random.default_rng([17, number])
    rows, columns = np.mgrid[:side, :side]
    mask = np.zeros((side, side), np.uint8)
    row, column = rng.integers(8, side - 8, 2)
    mask[(rows - row) ** 2 + (columns - column) ** 2 <= 36] = 1
    top, left = rng.integers(1, side - 10, 2)
    mask[top : top + 8, left : left + 8] = 2
    image = np.array([120, 230, 20])[mask][..., None] + rng.normal(0, 12, (side, side, 3))
    return np.clip(image, 0, 255).astype(np.uint8), mask


def write(folder: Path, numbers: range, *, factor: int = 1, part: str = "") -> Path:
    """Images and masks of ``numbers`` below ``folder``; the masks' values times ``factor``."""
    for name in ("images", "masks"):
        (folder / part / name).mkdir(parents=True, exist_ok=True)
    for number in numbers:
        image, mask = scene(number)
        Image.fromarray(image).save(folder / part / "images" / f"{number:03}.png")
        Image.fromarray(mask * np.uint8(factor)).save(folder / part / "masks" / f"{number:03}.png")
    return folder


def audited(source: MaskedSource, folder: Path, **changes: object) -> list[Path]:
    arguments = {"size": (32, 32), "resize": "stretch", "color": "auto", "near_duplicates": True, "threads": 2}
    return audit_masked(source, folder, **{**arguments, **changes})


def stored(source: MaskedSource, folder: Path, **changes: object) -> MaskedImages:
    audited(source, folder, **changes)
    divide_images(folder, fractions=FRACTIONS, group_pattern=None, set_leaks_aside=True, train_limit=None, seed=3)
    return load_masked_images(folder)
