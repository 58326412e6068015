"""What every source gives: a table with one row an image, and the pixels of each row."""

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from cnnproj.data.decoding import Decoded
from cnnproj.errors import CnnprojError

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


class Record(NamedTuple):
    """One row of a source's table."""

    image: str
    label: str
    given_split: str = ""
    group: str = ""
    stamp: str = ""


# Why something that stands in a source is no image of it:
PASSED_OVER_KINDS = (
    "hidden",  # a file or folder that is none of the user's; what is in the folder is not listed
    "link",  # it leads out of the source, to a folder, or nowhere
    "other_format",  # an image, by its extension, in a format that is not read
    "other_file",  # any other file
    "outside_classes",  # an image that stands in no class folder
    "no_images",  # a folder without an image, where a folder beside it has some
)


class PassedOver(NamedTuple):
    """What stands at ``path`` in a source and gives no image; ``kind`` is one of ``PASSED_OVER_KINDS``."""

    path: str
    kind: str


@dataclass(frozen=True, eq=False)
class Source(ABC):
    """Labelled images from one place.

    Attributes:
        name: what to call it.
        table: one row an image, sorted by ``image``: ``image`` (its path within the source), ``label``,
            ``given_split`` ("train", "validation", "test", or "" where the source does not say), ``group``
            (images that must stay together, or "") and ``stamp`` (a text that changes when the image's file does).
        fingerprint: a hex digest that changes when the content does.
        passed_over: what stands there and is no image of the table, sorted by path.
    """

    name: str
    table: pd.DataFrame
    fingerprint: str
    passed_over: tuple[PassedOver, ...] = field(default=(), kw_only=True)

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels there are, numbers in them in the order of their value: "2" before "10"."""
        return tuple(sorted(self.table["label"].unique(), key=natural_order))

    @abstractmethod
    def read(self, row: int) -> Decoded:
        """The image of a row of the table at its own size; may be called from several threads at once.

        Raises:
            UnreadableImage: where it cannot be read or decoded.
        """

    def mask(self, row: int) -> npt.NDArray[np.bool_] | None:
        """Where the object is that decides the class, (height, width), or None where nobody knows."""
        return None


def image_table(records: Iterable[Record], where: str) -> pd.DataFrame:
    """The table of a source, sorted by ``image``, whatever the order the records come in.

    Args:
        records: one an image.
        where: what to call the source in an error.

    Raises:
        CnnprojError: where there are fewer than two classes, or a class has no image to train on.
    """
    table = pd.DataFrame(sorted(records), columns=list(Record._fields))
    labels = sorted(set(table["label"]), key=natural_order)
    if len(labels) < 2:
        raise CnnprojError("data.one_class", where=where, label=labels[0])
    trainable = set(table["label"][table["given_split"].isin(["train", ""])])
    for label in labels:
        if label not in trainable:
            raise CnnprojError("data.class_without_training", where=where, label=label)
    return table


def natural_order(text: str) -> tuple[list[str | int], str]:
    """A sort key by which "2" comes before "10" and "img2" before "img10"."""
    parts = re.split(r"([0-9]+)", text.casefold())
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], text


def digest(*parts: object) -> str:
    """One hex digest of several values, by their text."""
    text = "\0".join(str(part) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
