"""Images that are quickly learnt, and networks made up for a test."""

import numpy as np
import pandas as pd
import pytest

from cnnproj import architecture
from cnnproj.data.audit import STORE, Audit
from cnnproj.data.images import Images
from cnnproj.data.store import PIXELS
from cnnproj.models import architectures, forget


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    """Forty bright and forty dark images of 8×8 for training, twenty of each for validation."""
    draw, folder = np.random.default_rng(0), tmp_path_factory.mktemp("store")
    rows = [
        {"label": label, "split": part}
        for part, count in (("train", 40), ("validation", 20))
        for label in ("bright", "dark")
        for _ in range(count)
    ]
    level = np.array([150 if row["label"] == "bright" else 60 for row in rows]).reshape(-1, 1, 1, 1)
    (folder / STORE).mkdir()
    np.save(folder / STORE / PIXELS, np.clip(level + draw.normal(0, 30, (len(rows), 8, 8, 1)), 0, 255).astype(np.uint8))
    table, nothing = pd.DataFrame(rows).assign(row=range(len(rows))), pd.DataFrame()
    return Images(table, nothing, nothing, ("bright", "dark"), Audit(table, nothing, nothing, folder))


@pytest.fixture
def built():
    """Registers a network of the layers given, between the image and a softmax."""
    names = []

    def build(*hidden, name: str = "made"):
        import keras

        def builder(shape, classes):
            """Of these layers."""
            given = [layer() for layer in hidden]
            return keras.Sequential([keras.Input(shape), *given, keras.layers.Dense(classes, activation="softmax")])

        builder.__name__ = name
        architecture(space={})(builder)
        names.append(name)
        return architectures()[name]

    yield build
    for name in names:
        forget(name)
