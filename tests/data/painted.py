"""Sources of painted images, in memory."""

import numpy as np

from cnnproj.data.decoding import Decoded
from cnnproj.data.sources.source import Record, Source, image_table
from cnnproj.errors import UnreadableImage


class Painted(Source):
    """Images of noise, each of a size of its own; ``broken`` ones cannot be read and ``rgb`` ones are in colour."""

    def read(self, row: int) -> Decoded:
        name = self.table["image"].iat[row]
        if "broken" in name:
            raise UnreadableImage("data.image_empty", name=name)
        random = np.random.default_rng(list(name.encode("utf-8", "surrogateescape")))
        height, width = random.integers(5, 40, size=2)
        shape = (height, width, 3) if "rgb" in name else (height, width)
        return Decoded(random.integers(0, 256, size=shape, dtype=np.uint8))


def painted(names: list[str], labels: tuple[str, ...] = ("cat", "dog"), **given: str) -> Painted:
    records = [Record(name, labels[place % len(labels)], **{"stamp": "1", **given}) for place, name in enumerate(names)]
    return Painted("painted", image_table(records, "painted"), "0")


def numbered(n: int, kind: str = "gray") -> list[str]:
    return [f"{kind}/{number:03}.png" for number in range(n)]
