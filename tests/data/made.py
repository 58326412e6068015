"""Folders, zips and tables of small images, as tests need them."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnproj.data.sources import open_source
from cnnproj.data.sources.source import PASSED_OVER_KINDS, Source
from cnnproj.errors import CnnprojError

TWO_CLASSES = ("cat/1.png", "cat/2.png", "dog/1.png")
THREE_PARTS = ("train/cat/1.png", "train/dog/1.png", "val/cat/2.png", "val/dog/2.png", "test/cat/3.png")


def image_bytes(value: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("L", (5, 4), value).save(file, "PNG")
    return file.getvalue()


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pattern(mode: str) -> Image.Image:
    """6 wide, 4 high, every pixel another."""
    ramp = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10
    return Image.fromarray(np.dstack([ramp, ramp[::-1], ramp[:, ::-1]])).convert(mode)


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header is true to form and whose pixels are not there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def make_folder(root: Path, *paths: str) -> Path:
    for number, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(image_bytes(number))
    return root


def make_zip(path: Path, *members: str | zipfile.ZipInfo) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for number, member in enumerate(members):
            file.writestr(member, image_bytes(number))
    return path


def make_csv(folder: Path, text: str) -> Path:
    make_folder(folder, "a.png", "b.png", "more/c.png")
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8")
    return path


def opened(path: Path | str, folder: Path = Path(), seed: int = 0):
    return open_source(str(path), folder, seed=seed)


def refused(path: Path | str, folder: Path = Path()) -> CnnprojError:
    with pytest.raises(CnnprojError) as caught:
        opened(path, folder)
    assert str(caught.value)  # the sentence is in the catalogue and its gaps are filled
    return caught.value


def rows(source) -> list[tuple[str, str, str]]:
    return list(source.table[["image", "label", "given_split"]].itertuples(index=False, name=None))


def told(source: Source) -> dict[str, str]:
    """What was passed over: path → kind."""
    assert {kind for _, kind in source.passed_over} <= set(PASSED_OVER_KINDS)
    return dict(source.passed_over)
