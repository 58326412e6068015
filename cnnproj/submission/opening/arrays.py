"""A stranger's ``.npy`` and ``.png``: their headers are believed only where the file is as long as they say."""

from __future__ import annotations

import math
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL.PngImagePlugin import PngImageFile

from cnnproj.submission.opening.limits import Limits, Unreadable, shown


def read_array(path: Path, name: str, dtype: type[np.generic], limits: Limits) -> np.ndarray:
    """The array in the file ``name`` at ``path``: plain numbers of ``dtype``, in the usual order; never a pickle.

    Raises:
        Unreadable: where it is none, or its header does not fit its length.
    """
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise ValueError(f"version {version}")
            shape, is_fortran, found = np.lib.format.read_array_header_1_0(file)
            start = file.tell()
    except Exception as error:  # a stranger's bytes make numpy's reader of headers raise anything
        raise Unreadable("opened.not_array", file=name, reason=shown(error)) from None
    expected = np.dtype(dtype)
    if found != expected or is_fortran:
        raise Unreadable("opened.array_kind", file=name, expected=expected.name, came=shown(found))
    length = path.stat().st_size - start
    if len(shape) > limits.sides or min(shape, default=0) < 0 or math.prod(shape) * expected.itemsize != length:
        raise Unreadable("opened.array_length", file=name, shape=shown(shape), length=length)
    return np.fromfile(path, expected, offset=start).reshape(shape)


def read_picture(data: bytes, name: str, limits: Limits) -> bytes:
    """The bytes of the PNG file ``name``, whose size is bounded and whose parts are whole.

    Raises:
        Unreadable: where it is no PNG.
    """
    width, height = (int.from_bytes(data[start : start + 4], "big") for start in (16, 20))
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or data[12:16] != b"IHDR":
        raise Unreadable("opened.not_png", file=name, reason=shown(data[:8]))
    if not 0 < width * height <= limits.picture_pixels:
        raise Unreadable("opened.picture_size", file=name, width=width, height=height, most=limits.picture_pixels)
    try:
        with PngImageFile(BytesIO(data)) as image:
            image.verify()
    except Exception as error:  # a stranger's bytes make a decoder raise anything
        raise Unreadable("opened.not_png", file=name, reason=shown(error)) from None
    return data
