"""The image sets of ``keras.datasets``, through its own loaders; what they download is kept in the Keras cache."""

import importlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cnnproj.data.sources.arrays import ArraySource, from_array
from cnnproj.data.sources.source import Record
from cnnproj.errors import CnnprojError
from cnnproj.runtime import quiet_import
from cnnproj.words import say

_KERAS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_TORONTO = "https://www.cs.toronto.edu/~kriz/"

# As the data sets' own files name them, in the order of their numbers.
_CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck"
_CIFAR100 = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
    castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
    elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard
    lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear
    pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal
    shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank
    telephone television tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm
"""


@dataclass(frozen=True)
class KerasDataset:
    """What Keras does not say about its data sets.

    Attributes:
        classes: the names of the labels 0, 1, ….
        files: path in the Keras cache → where the file can be downloaded. The loaders look for exactly these.
    """

    classes: tuple[str, ...]
    files: dict[str, str]


KERAS_DATASETS = {
    "mnist": KerasDataset(
        classes=tuple("0123456789"),
        files={"mnist.npz": f"{_KERAS}mnist.npz"},
    ),
    "fashion_mnist": KerasDataset(
        classes=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        files={
            f"fashion-mnist/{name}.gz": f"{_KERAS}{name}.gz"
            for name in (
                "train-labels-idx1-ubyte",
                "train-images-idx3-ubyte",
                "t10k-labels-idx1-ubyte",
                "t10k-images-idx3-ubyte",
            )
        },
    ),
    "cifar10": KerasDataset(
        classes=tuple(_CIFAR10.split()),
        files={"cifar-10-batches-py-target_archive": f"{_TORONTO}cifar-10-python.tar.gz"},
    ),
    "cifar100": KerasDataset(
        classes=tuple(_CIFAR100.split()),
        files={"cifar-100-python-target_archive": f"{_TORONTO}cifar-100-python.tar.gz"},
    ),
}


def open_keras_dataset(name: str) -> ArraySource:
    """A data set of ``keras.datasets``; its test part stays the test part. ``cifar100`` has its fine labels.

    Raises:
        CnnprojError: where it is neither in the cache nor can be downloaded: where to put which file.
    """
    with quiet_import():
        loader = importlib.import_module(f"keras.datasets.{name}")
    try:
        (x_train, y_train), (x_test, y_test) = loader.load_data()
    except Exception as error:  # no network, a damaged cache: the loaders raise a bare Exception, OSError, ValueError …
        raise _not_to_be_had(name, error) from error
    classes = KERAS_DATASETS[name].classes
    # The test part first: "test" sorts before "train", and the table is sorted.
    records = [
        Record(f"{name}/{split}/{index:05}", classes[int(label)], split)
        for split, labels in (("test", y_test), ("train", y_train))
        for index, label in enumerate(labels.ravel())
    ]
    return from_array(name, records, np.concatenate([x_test, x_train]))


def keras_cache() -> Path:
    """Where the loaders look: below ``$KERAS_HOME`` or ``~/.keras``, or a temporary folder if that is read-only."""
    home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    if not os.access(home, os.W_OK):
        temporary = Path("/tmp")
        home = (temporary if temporary.is_dir() else Path(tempfile.gettempdir())) / ".keras"
    return home / "datasets"


def _not_to_be_had(name: str, error: Exception) -> CnnprojError:
    places = {keras_cache() / file: url for file, url in KERAS_DATASETS[name].files.items()}
    files = "\n".join(say("data.keras_file", url=url, path=path) for path, url in places.items())
    key = "data.keras_damaged" if all(path.exists() for path in places) else "data.keras_missing"
    return CnnprojError(key, name=name, reason=str(error) or type(error).__name__, files=files)
