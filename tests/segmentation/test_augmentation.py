"""Image and mask get the same geometry to the pixel, only the image the colour, and masks no value of their own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnproj.data.augmentation import Augmentation, ImageDataGenerator

GEOMETRY = st.fixed_dictionaries(
    {},
    optional={
        "rotation_range": st.floats(1, 180),
        "width_shift_range": st.floats(0.01, 0.5),
        "height_shift_range": st.floats(0.01, 0.5),
        "shear_range": st.floats(1, 40),
        "zoom_range": st.floats(0.05, 0.5),
        "horizontal_flip": st.booleans(),
        "vertical_flip": st.booleans(),
        "random_crop": st.floats(0.05, 0.6),
    },
)
FILL = st.sampled_from(["nearest", "constant", "reflect", "wrap"])
SHAPE = st.tuples(st.integers(8, 40), st.integers(8, 40))


def marked(shape: tuple[int, int], seed: int) -> np.ndarray:
    """Masks, (3, height, width), of points of the classes 1 to 4 on background."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((3, *shape), np.uint8)
    for mask in masks:
        for label in range(1, 5):
            mask[tuple(rng.integers(0, shape))] = label
    return masks


@given(GEOMETRY, FILL, SHAPE, st.integers(0, 2**32 - 1))
@settings(max_examples=150)
def test_marked_points_stay_aligned_to_the_pixel(geometry, fill, shape, seed):
    masks = marked(shape, seed % 1000)
    # Resampled alike, an image that shows its own mask must go on showing it, whatever is done to the two.
    alike = Augmentation({**geometry, "fill_mode": fill, "cval": 0, "interpolation_order": 0})
    images, moved = alike.together(masks[..., None], masks, seed=seed)
    np.testing.assert_array_equal(images[..., 0], moved)


@given(GEOMETRY, FILL, SHAPE, st.integers(0, 2**32 - 1))
@settings(max_examples=150)
def test_the_values_of_a_mask_never_change(geometry, fill, shape, seed):
    masks = marked(shape, seed % 1000) * np.uint8(51)
    colors = {"brightness_range": [0.3, 1.7], "noise": 20, "channel_shift_range": 40, "contrast": 0.5, "cutout": 0.5}
    augmentation = Augmentation({**geometry, **colors, "fill_mode": fill, "cval": 77})
    images, moved = augmentation.together(np.repeat(masks[..., None], 3, axis=-1), masks, seed=seed)
    assert moved.dtype == np.uint8
    for before, after in zip(masks, moved, strict=True):
        assert set(np.unique(after)) <= {0, *np.unique(before)}
    assert images.shape == (*masks.shape, 3)


@pytest.mark.parametrize("fill", ["nearest", "reflect"])
@pytest.mark.parametrize("flip", [False, True])
def test_an_interpolated_image_has_its_objects_where_the_mask_has_them(fill, flip):
    masks = np.zeros((20, 64, 48), np.uint8)
    masks[:, 20:40, 12:30] = 1
    geometry = {"rotation_range": 90, "width_shift_range": 0.1, "zoom_range": 0.3, "shear_range": 10, "fill_mode": fill}
    augmentation = Augmentation({**geometry, "horizontal_flip": flip, "random_crop": 0.2})
    images, moved = augmentation.together(masks[..., None] * np.uint8(255), masks, seed=4)
    for image, mask in zip(images[..., 0] / 255, moved, strict=True):
        sure = (image < 0.02) | (image > 0.98)
        np.testing.assert_array_equal(image[sure] > 0.5, mask[sure] == 1)
        centre = [np.array(np.nonzero(one)).mean(axis=1) for one in (image > 0.5, mask)]
        assert np.abs(centre[0] - centre[1]).max() < 0.5


def test_the_image_comes_out_as_it_does_without_a_mask():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 30, 30, 3), np.uint8)
    arguments = {
        "rotation_range": 30,
        "brightness_range": [0.5, 1.5],
        "horizontal_flip": True,
        "hue": 20,
        "cutout": 0.3,
    }
    augmentation = Augmentation(arguments)
    together, _ = augmentation.together(images, np.zeros((5, 30, 30), np.uint8), seed=9)
    np.testing.assert_array_equal(together, augmentation(images, seed=9))


def test_colour_alone_leaves_masks_as_they_are():
    masks = marked((20, 20), 3)
    augmentation = Augmentation({"brightness_range": [0.2, 1.8], "noise": 30, "hue": 90})
    _, moved = augmentation.together(np.zeros((3, 20, 20, 3), np.uint8), masks, seed=1)
    np.testing.assert_array_equal(moved, masks)


def test_the_generator_draws_as_it_did():
    images = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 1), np.uint8)
    generator = ImageDataGenerator(rotation_range=20, zoom_range=0.2, noise=3)
    one, other = (generator.vary(list(images), np.random.RandomState(5)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
