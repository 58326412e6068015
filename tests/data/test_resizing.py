"""Images of any size come out in one, and nothing of them is lost that was not asked to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnproj.data.resizing import fit_to, to_gray

sides = st.integers(1, 60)


def test_an_image_that_shrinks_is_averaged_and_one_that_has_the_size_is_kept():
    checks = np.indices((16, 16)).sum(axis=0) % 2 * np.uint8(255)

    assert np.ptp(fit_to(checks.astype(np.uint8), (8, 8))) == 0  # a fine pattern becomes gray, not a coarse one
    assert (fit_to(checks.astype(np.uint8), (16, 16))[..., 1] == checks).all()


def test_gray_is_the_luma_of_the_colours():
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [9, 9, 9]], np.uint8)

    assert to_gray(colours[:, None, None])[:, 0, 0, 0].tolist() == [76, 150, 29, 255, 9]


@given(sides, sides, sides, sides, st.sampled_from(["stretch", "pad", "crop"]), st.booleans())
def test_every_image_comes_out_in_the_size_asked_for(height, width, rows, columns, resize, colored):
    shape = (height, width, 3) if colored else (height, width)
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    found = fit_to(image, (rows, columns), resize)

    assert found.shape == (rows, columns, 3)
    assert found.dtype == np.uint8
    assert image.min() <= found.min()
    assert found.max() <= image.max()


def cross(height: int, width: int) -> np.ndarray:
    """White, a square of 12 pixels in the middle black."""
    image = np.full((height, width), 255, np.uint8)
    image[height // 2 - 6 : height // 2 + 6, width // 2 - 6 : width // 2 + 6] = 0
    return image


@pytest.mark.parametrize(("resize", "height", "width"), [("stretch", 12, 6), ("pad", 6, 6), ("crop", 12, 12)])
def test_pad_and_crop_keep_proportions_and_stretch_does_not(resize, height, width):
    black = fit_to(cross(20, 40), (20, 20), resize)[..., 0] < 128

    assert (black.any(axis=1).sum(), black.any(axis=0).sum()) == (height, width)


def test_padding_has_the_colour_of_the_edge():
    image = np.zeros((10, 20, 3), np.uint8)
    image[:] = (200, 30, 60)
    image[3:7, 5:15] = 0

    padded = fit_to(image, (20, 20), "pad")

    assert (padded[:5] == (200, 30, 60)).all()
    assert (padded[-5:] == (200, 30, 60)).all()


def test_cropping_takes_the_middle():
    image = np.zeros((10, 30), np.uint8)
    image[:, 10:20] = 255

    assert (fit_to(image, (10, 10), "crop") == 255).all()
