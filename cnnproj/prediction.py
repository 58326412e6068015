"""The class of photos that the network has never seen, and where it looks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnproj.data.decoding import decode
from cnnproj.data.resizing import fit_to, to_gray
from cnnproj.errors import CnnprojError
from cnnproj.files import replacing
from cnnproj.interpretation.heatmaps import explain
from cnnproj.recipe import load_model, load_recipe
from cnnproj.reporting.figures import prediction as draw
from cnnproj.words import say


@dataclass(frozen=True)
class Prediction:
    """What the network takes ``photo`` for, with its probability, and the figure that shows where it looks."""

    photo: Path
    label: str
    probability: float
    figure: Path

    def __str__(self) -> str:
        known = {"photo": self.photo, "label": self.label, "figure": self.figure}
        return say("cli.seen", **known, probability=f"{self.probability:.3f}")


def predict_photos(photos: list[Path], model_folder: Path, folder: Path, *, seed: int) -> list[Prediction]:
    """Predict each photo, resized as the network's own images were, and draw a figure of each into ``folder``.

    Raises:
        CnnprojError: where a photo cannot be read; nothing is written then.
    """
    recipe = load_recipe(model_folder)
    height, width, channels = recipe.shape
    colored = np.stack([fit_to(read_photo(photo), (height, width), recipe.resize) for photo in photos])
    images = to_gray(colored) if channels == 1 else colored
    model = load_model(model_folder)
    pixels = images.astype(np.float32) / 255
    probabilities = model.predict(pixels, verbose=0)
    heatmaps = explain(model, pixels, probabilities.argmax(axis=1), seed=seed)
    predictions = []
    for number, photo in enumerate(photos):
        figure = folder / f"{number + 1:03d}_{photo.stem}.png"
        with replacing(figure) as partial:
            drawn = draw(images[number], heatmaps.maps[number], heatmaps.method, recipe.classes, probabilities[number])
            partial.write_bytes(drawn.png())
        label = recipe.classes[int(probabilities[number].argmax())]
        predictions.append(Prediction(photo, label, float(probabilities[number].max()), figure))
    return predictions


def read_photo(photo: Path) -> np.ndarray:
    """The pixels of the user's ``photo``, uint8, (height, width) or (height, width, 3).

    Raises:
        CnnprojError: where it cannot be opened or read.
    """
    try:
        data = photo.expanduser().read_bytes()
    except OSError as error:
        raise CnnprojError("data.unopened", path=photo, reason=error.strerror) from None
    return decode(data, str(photo)).pixels
