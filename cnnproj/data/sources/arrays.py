"""Images that come as one array, and the smallest of them: scikit-learn's handwritten digits."""

from dataclasses import dataclass

import numpy as np

from cnnproj.data.decoding import Decoded, Pixels
from cnnproj.data.sources.source import Record, Source, digest, image_table

# Part of the fingerprint: raise it when the same arrays are read into other pixels.
_READING_VERSION = 1


@dataclass(frozen=True, eq=False)
class ArraySource(Source):
    """Images of one size: row i is ``images[i]`` of ``uint8``, (n, height, width) or (n, height, width, 3)."""

    images: Pixels

    def read(self, row: int) -> Decoded:
        """See ``Source.read``."""
        return Decoded(self.images[row])


def from_array(name: str, records: list[Record], images: Pixels) -> ArraySource:
    """A source of ``images``, the records in the same order and sorted by ``image``."""
    fingerprint = digest(name, images.shape, _READING_VERSION)
    table = image_table(records, name).assign(stamp=fingerprint)
    return ArraySource(name=name, table=table, fingerprint=fingerprint, images=images)


def open_digits() -> ArraySource:
    """1,797 handwritten digits, 8×8 gray, from scikit-learn: nothing is downloaded."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    records = [Record(f"digits/{index:04}", str(label)) for index, label in enumerate(digits.target)]
    # 8×8 counts from 0 to 16 of the inked pixels in each 4×4 block of the scan.
    return from_array("digits", records, np.rint(digits.images * (255 / 16)).astype(np.uint8))
