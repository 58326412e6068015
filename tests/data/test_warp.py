"""OpenCV's warp is SciPy's, pixel by pixel, and threads change nothing."""

import threading

import cv2
import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given
from hypothesis import strategies as st

from cnnproj.data.transforms import Parameters, matrices, with_flips
from cnnproj.data.warp import Warp, in_chunks

sides, modes = st.integers(1, 60), st.sampled_from(["nearest", "reflect", "constant"])
geometry = st.fixed_dictionaries(
    {
        "theta": st.floats(-180, 180),
        "tx": st.floats(-70, 70),
        "ty": st.floats(-70, 70),
        "shear": st.floats(-80, 80),
        "zx": st.floats(0.2, 4),
        "zy": st.floats(0.2, 4),
        "flip_horizontal": st.booleans(),
        "flip_vertical": st.booleans(),
    }
)


def noise(shape: tuple[int, ...], dtype: str = "float32", seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(dtype)


def matrix_of(drawn: dict, *shape: int) -> np.ndarray:
    parameters = Parameters.of_one(drawn)
    return with_flips(matrices(parameters, shape), parameters, shape)[0]


def by_scipy(warp: Warp, image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    options = {"order": warp.order, "mode": warp.fill_mode, "cval": warp.cval}
    planes = np.moveaxis(image, -1, 0)
    moved = [scipy.ndimage.affine_transform(plane, matrix[:, :2], matrix[:, 2], **options) for plane in planes]
    return np.stack(moved, axis=-1)


def warped(warp: Warp, image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    out = np.full((1, *image.shape), 99, image.dtype)
    warp.batch([image], matrix[None], out)
    return out[0]


def sources(matrix: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Row and column of the source for each pixel, (2, height, width)."""
    grid = np.stack(np.meshgrid(*map(np.arange, shape[:2]), indexing="ij"))
    return np.einsum("ij,jhw->ihw", matrix[:, :2], grid) + matrix[:, 2][:, None, None]


def on_the_edge(matrix: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Pixels whose source lies within 0.001 of the image's edge, where rounding decides what is outside."""
    places = sources(matrix, shape)
    ends = np.array(shape[:2])[:, None, None] - 1
    return ((abs(places) < 1e-3) | (abs(places - ends) < 1e-3)).any(axis=0)


@given(geometry, sides, sides, st.sampled_from([1, 3, 4]), modes)
def test_linear_interpolation_is_scipys_within_a_hundredth_of_a_value(drawn, height, width, channels, mode):
    image, warp = noise((height, width, channels)), Warp(mode, 77.0, 1)
    matrix = matrix_of(drawn, height, width)
    assert warp.is_fast(image.dtype, channels)

    difference = abs(warped(warp, image, matrix) - by_scipy(warp, image, matrix))

    if mode == "constant":
        difference[on_the_edge(matrix, image.shape)] = 0
    assert difference.max() <= 0.01


@given(geometry, sides, sides, st.sampled_from([1, 3, 4]), modes)
def test_uint8_is_the_exact_value_rounded(drawn, height, width, channels, mode):
    image, warp = noise((height, width, channels)), Warp(mode, 77.0, 1)
    matrix = matrix_of(drawn, height, width)

    difference = abs(warped(warp, image.astype(np.uint8), matrix) - by_scipy(warp, image, matrix))

    if mode == "constant":
        difference[on_the_edge(matrix, image.shape)] = 0
    assert difference.max() <= 0.51


@given(
    geometry, sides, sides, st.sampled_from(["nearest", "reflect", "constant"]), st.sampled_from(["uint8", "float32"])
)
def test_the_nearest_pixel_is_the_same_one_except_where_two_are_equally_near(drawn, height, width, mode, dtype):
    image, warp = noise((height, width, 3), dtype), Warp(mode, 77.0, 0)
    matrix = matrix_of(drawn, height, width)

    differs = (warped(warp, image, matrix) != by_scipy(warp, image, matrix)).any(axis=-1)

    places = sources(matrix, image.shape)
    tied = (abs(places - np.floor(places) - 0.5) < 1e-9).any(axis=0)
    assert not (differs & ~tied & ~on_the_edge(matrix, image.shape)).any()


@pytest.mark.parametrize(
    ("warp", "dtype", "channels"),
    [
        (Warp("wrap", 0, 1), "float32", 3),
        (Warp("nearest", 0, 3), "float32", 3),
        (Warp("nearest", 0, 1), "float64", 3),
        (Warp("nearest", 0, 1), "float32", 2),
        (Warp("nearest", 0, 1), "float32", 7),
        (Warp("constant", 300, 1), "uint8", 3),
    ],
)
def test_where_opencv_has_no_equal_scipy_itself_is_used(warp, dtype, channels):
    image = noise((20, 17, channels), dtype)
    matrix = matrix_of({"theta": 20, "zx": 0.9, "tx": 2.3}, 20, 17)

    assert not warp.is_fast(image.dtype, channels)
    assert (warped(warp, image, matrix) == by_scipy(warp, image, matrix)).all()


def test_an_image_of_which_the_memory_is_out_of_order_is_warped_all_the_same():
    image, warp = noise((30, 20, 3), "uint8"), Warp("nearest", 0, 1)
    matrix = matrix_of({"theta": 20}, 30, 20)

    assert (warped(warp, np.asfortranarray(image), matrix) == warped(warp, image, matrix)).all()
    assert (warped(warp, image[::-1, ::-1, ::-1], matrix) == warped(warp, image[::-1, ::-1, ::-1].copy(), matrix)).all()


def test_an_opencv_that_rounds_coordinates_is_not_used(monkeypatch):
    from cnnproj.data import warp as module

    monkeypatch.setattr(module.cv2, "warpAffine", lambda image, *_: np.full_like(image, 255 * 0.5))
    module._is_exact.cache_clear()
    try:
        assert not Warp("nearest", 0, 1).is_fast(np.dtype("float32"), 3)
    finally:
        module._is_exact.cache_clear()


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("n", [1, 7, 64])
def test_chunks_cover_the_batch_once(threads, n):
    seen = np.zeros(n, int)

    def work(chunk: slice) -> None:
        seen[chunk] += 1

    in_chunks(work, n, 2**18, threads)

    assert (seen == 1).all()


def test_an_error_in_a_chunk_is_not_lost():
    def work(chunk: slice) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        in_chunks(work, 8, 2**18, 2)


def test_opencvs_own_threads_are_as_they_were_afterwards_also_when_batches_overlap():
    before, inside, both = cv2.getNumThreads(), [], threading.Barrier(2)

    def work(chunk: slice) -> None:
        both.wait(5)
        inside.append(cv2.getNumThreads())

    batches = [threading.Thread(target=in_chunks, args=(work, 1, 1, 1)) for _ in range(2)]
    for batch in batches:
        batch.start()
    for batch in batches:
        batch.join()

    assert inside == [1, 1]
    assert cv2.getNumThreads() == before
