"""Resampling an image through a matrix: with OpenCV where that equals SciPy, which Keras uses, and else with SciPy."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import scipy.ndimage

# SciPy fills a constant from the edge on, without interpolating beyond: such pixels are overwritten afterwards.
_BORDERS = {"nearest": cv2.BORDER_REPLICATE, "constant": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT}
_LINEAR = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_FAR = 2**14  # pixels; maps of whole numbers are int16
_CHUNK_VALUES = 2**20  # about what a core's cache holds
_WORTH_A_CHANNEL = 48**2  # pixels; OpenCV takes half the time for four channels that it takes for three
_WORTH_THREADS = 2**14  # values of an image; with smaller ones threads only wait for Python's lock


@dataclass(frozen=True)
class Warp:
    """How images are resampled, by the names of ``ImageDataGenerator``.

    Attributes:
        fill_mode: ``nearest``, ``constant``, ``reflect`` or ``wrap``.
        cval: what fills the outside with ``constant``.
        order: of the interpolation: 0 nearest, 1 linear, up to 5.
    """

    fill_mode: str
    cval: float
    order: int

    def is_fast(self, dtype: np.dtype, channels: int) -> bool:
        """Whether OpenCV gives what SciPy gives: uint8 and float32, 1, 3 or 4 channels, orders 0 and 1, no ``wrap``.

        Linear interpolation then differs by at most 0.01 of 255 for float32 images of up to about 256 pixels a side
        (OpenCV holds coordinates in float32), and uint8 is rounded. The nearest pixel is the same one.
        """
        known = self.fill_mode in _BORDERS and self.order in (0, 1) and channels in (1, 3, 4)
        if not known or dtype not in (np.uint8, np.float32):
            return False
        if dtype == np.uint8 and self.fill_mode == "constant" and not 0 <= self.cval <= 255:
            return False
        return self.order == 0 or _is_exact(_BORDERS[self.fill_mode], channels)

    @property
    def takes_flips(self) -> bool:
        """Whether a flip can be part of the matrix: not where a rounding error decides what a pixel is."""
        return self.order == 1 and self.fill_mode in ("nearest", "reflect")

    def batch(self, images: Sequence[np.ndarray], matrices: np.ndarray, out: np.ndarray) -> None:
        """Resample each of ``images`` through its matrix into its place in ``out``.

        Args:
            images: n arrays, (height, width, channels), all of the dtype of ``out``.
            matrices: (n, 2, 3), as ``cnnproj.data.transforms.matrices`` makes them.
            out: (n, height, width, channels); written; OpenCV is used only where it is contiguous.
        """
        if not (self.is_fast(out.dtype, out.shape[3]) and out.flags.c_contiguous):
            for image, matrix, target in zip(images, matrices, out, strict=True):
                self._with_scipy(image, matrix, target)
        elif self.order == 0:
            for image, matrix, target in zip(images, matrices, out, strict=True):
                self._nearest(image, matrix, target)
        else:
            self._linear(images, matrices, out)

    def _linear(self, images: Sequence[np.ndarray], matrices: np.ndarray, out: np.ndarray) -> None:
        height, width, channels = out.shape[1:]
        size, border, warp, convert = (width, height), _BORDERS[self.fill_mode], cv2.warpAffine, cv2.cvtColor
        swapped = np.ascontiguousarray(matrices[:, ::-1, [1, 0, 2]])  # OpenCV has x before y
        if channels == 3 and width * height > _WORTH_A_CHANNEL:
            wide = np.empty((len(out), height, width, 4), out.dtype)
            source = np.empty((height, width, 4), out.dtype)
            for image, matrix, target in zip(images, swapped, wide, strict=True):
                convert(image, cv2.COLOR_RGB2RGBA, source)
                warp(source, matrix, size, target, _LINEAR, border)
            convert(wide.reshape(-1, width, 4), cv2.COLOR_RGBA2RGB, out.reshape(-1, width, 3))
        else:
            for image, matrix, target in zip(images, swapped, out, strict=True):
                warp(image, matrix, size, target, _LINEAR, border)
        if self.fill_mode == "constant":
            for matrix, target in zip(matrices, out, strict=True):
                self._fill_outside(*_coordinates(matrix, target.shape), target)

    def _nearest(self, image: np.ndarray, matrix: np.ndarray, out: np.ndarray) -> None:
        rows, columns = _coordinates(matrix, out.shape)
        whole = np.stack([np.floor(place + 0.5) for place in (columns, rows)], axis=-1).clip(-_FAR, _FAR)
        places = whole.astype(np.int16)
        cv2.remap(image, places, None, cv2.INTER_NEAREST, out, _BORDERS[self.fill_mode])
        if self.fill_mode == "constant":
            self._fill_outside(rows, columns, out)

    def _fill_outside(self, rows: np.ndarray, columns: np.ndarray, out: np.ndarray) -> None:
        (height, width), reach = (
            out.shape[:2],
            np.array([rows[[0, 0, -1, -1], [0, -1, 0, -1]], columns[[0, 0, -1, -1], [0, -1, 0, -1]]]),
        )
        if (reach >= 0).all() and ((height - 1, width - 1) >= reach.T).all():
            return  # an affine image of a rectangle lies inside where its corners do
        outside = (rows < 0) | (rows > height - 1) | (columns < 0) | (columns > width - 1)
        out[outside] = np.rint(self.cval) if out.dtype == np.uint8 else self.cval

    def _with_scipy(self, image: np.ndarray, matrix: np.ndarray, out: np.ndarray) -> None:
        for channel in range(image.shape[2]):
            scipy.ndimage.affine_transform(
                image[..., channel],
                matrix[:, :2],
                matrix[:, 2],
                order=self.order,
                mode=self.fill_mode,
                cval=self.cval,
                output=out[..., channel],
            )


def _coordinates(matrix: np.ndarray, shape: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of the source for each pixel, float64, (height, width) each, summed in SciPy's order."""
    down, across = np.arange(shape[0])[:, None], np.arange(shape[1])
    rows, columns = ((offset + by_row * down) + by_column * across for by_row, by_column, offset in matrix)
    return rows, columns


@cache
def _is_exact(border: int, channels: int) -> bool:
    """Whether this OpenCV interpolates with the whole coordinate; before 4.11 it rounded it to 1/32 of a pixel."""
    image = np.zeros((1, 2, channels), np.float32)
    image[:, 1] = 255
    matrix = np.array([[1.0, 0.0, 0.51], [0.0, 1.0, 0.0]])
    return abs(float(cv2.warpAffine(image, matrix, (2, 1), None, _LINEAR, border).flat[0]) - 0.51 * 255) < 0.01


def in_chunks(work: Callable[[slice], None], n: int, values: int, threads: int) -> None:
    """Do ``work`` on the images of a batch, on several threads where that is quicker.

    While it runs, OpenCV itself works on one thread: its own threads would only compete with these.

    Args:
        work: called with slices that together cover the batch.
        n: images in the batch.
        values: pixels × channels of one image.
        threads: how many at most.
    """
    with _one_thread_each():
        if threads == 1 or n == 1 or values < _WORTH_THREADS:
            work(slice(0, n))
            return
        step = max(1, min(_CHUNK_VALUES // values, -(-n // threads)))
        for _ in _pool(threads).map(work, [slice(start, start + step) for start in range(0, n, step)]):
            pass


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="augmentation")


if hasattr(os, "register_at_fork"):  # a process that is forked off has the pool, but not its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


class _Counter:
    """How many batches are being worked on now, and the number of threads that OpenCV had before the first."""

    lock = threading.Lock()
    running = 0
    before = 0


@contextmanager
def _one_thread_each() -> Iterator[None]:
    with _Counter.lock:
        if _Counter.running == 0:
            _Counter.before = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _Counter.running += 1
    try:
        yield
    finally:
        with _Counter.lock:
            _Counter.running -= 1
            if _Counter.running == 0:
                cv2.setNumThreads(_Counter.before)
