"""The class of each pixel of photos that the network has never seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from PIL import Image

from cnnproj.data.resizing import fit_to, restore_mask, to_gray
from cnnproj.files import replacing, write_table
from cnnproj.prediction import read_photo
from cnnproj.reporting.figures import segmented_photo as draw
from cnnproj.reporting.figures.segmentation import color_of
from cnnproj.segmentation.recipe import load_model, load_recipe
from cnnproj.words import say


@dataclass(frozen=True)
class SegmentedPhoto:
    """What the network finds in a photo.

    Attributes:
        photo: the file.
        found: a row a class: ``class``, ``pixels`` and ``share`` of the photo, and the mean ``probability`` that the
            network gives the pixels that it takes for it; of these nan where there are none.
        mask: a PNG of the photo's own size, whose palette numbers are the classes.
        table: a CSV of ``found``.
        figure: the photo as the network saw it, its mask, and the one upon the other.
    """

    photo: Path
    found: pd.DataFrame
    mask: Path
    table: Path
    figure: Path

    def __str__(self) -> str:
        objects = self.found.iloc[1:].sort_values("share", ascending=False, kind="stable")
        named = [f"{name} {share:.1%}" for name, share in objects[["class", "share"]].to_numpy() if share > 0]
        told = ", ".join(named) or say("segmentation.nothing_found", background=self.found["class"].iloc[0])
        return say("segmentation.seen", photo=self.photo, found=told, mask=self.mask, figure=self.figure)


def segment_photos(photos: list[Path], model_folder: Path, folder: Path) -> list[SegmentedPhoto]:
    """Segment each photo, resized as the network's own images were, and write what is found into ``folder``.

    Raises:
        CnnprojError: where a photo cannot be read; nothing is written then.
    """
    recipe = load_recipe(model_folder)
    size, channels = recipe.shape[:2], recipe.shape[2]
    originals = [read_photo(photo) for photo in photos]
    model, seen = load_model(model_folder), []
    for number, (photo, original) in enumerate(zip(photos, originals, strict=True), start=1):
        image = fit_to(original, size, recipe.resize)[None]
        image = to_gray(image) if channels == 1 else image
        given = np.asarray(model(image.astype(np.float32) / 255, training=False))[0]
        shown = given.argmax(axis=-1).astype(np.uint8)
        whole = restore_mask(shown, original.shape[:2], recipe.resize)
        name = f"{number:03d}_{photo.stem}"
        paths = {kind: folder / f"{name}{ending}" for kind, ending in _ENDINGS.items()}
        found = _found(whole, shown, given.max(axis=-1), recipe.classes)
        write_table(paths["table"], found)
        with replacing(paths["mask"]) as partial:
            _paletted(whole, len(recipe.classes)).save(partial)
        with replacing(paths["figure"]) as partial:
            partial.write_bytes(draw(image[0], shown, found).png())
        seen.append(SegmentedPhoto(photo, found, **paths))
    return seen


_ENDINGS = {"mask": "_mask.png", "table": ".csv", "figure": ".png"}


def _found(whole: np.ndarray, shown: np.ndarray, sure: np.ndarray, classes: tuple[str, ...]) -> pd.DataFrame:
    """See ``SegmentedPhoto.found``.

    Args:
        whole: the mask in the photo's own size.
        shown: the mask as the network gave it, (height, width).
        sure: how probable the class of each of these pixels is, likewise.
        classes: of pixels.
    """
    pixels = np.bincount(whole.ravel(), minlength=len(classes))
    probability = [
        float(sure[shown == label].mean()) if (shown == label).any() else np.nan for label in range(len(classes))
    ]
    known = {"class": classes, "pixels": pixels, "share": pixels / whole.size, "probability": probability}
    return pd.DataFrame(known)


def _paletted(mask: np.ndarray, classes: int) -> Image.Image:
    """A mask whose numbers are its classes, in the colours of the figures."""
    image = Image.fromarray(mask, mode="P")
    image.putpalette([round(255 * part) for label in range(classes) for part in to_rgb(color_of(label))])
    return image
