"""What the stock class lacks: each argument does what it says, off it does nothing, and it can be repeated."""

import colorsys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnproj.data.augmentation import Augmentation, ImageDataGenerator

EACH = {
    "noise": 10.0,
    "salt_and_pepper": 0.1,
    "cutout": 0.5,
    "hue": 30.0,
    "saturation": 0.5,
    "contrast": 0.5,
    "random_crop": 0.3,
}
MOVED = {"rotation_range": 20, "zoom_range": 0.2, "horizontal_flip": True, "channel_shift_range": 10.0}


def photos(n: int = 6, side: int = 40, channels: int = 3) -> np.ndarray:
    """Smooth images away from black and white, uint8."""
    down, across = np.mgrid[:side, :side] / side
    planes = [60 + 90 * down, 150 - 60 * across, 100 + 50 * down * across, np.full_like(down, 200)]
    return np.tile(np.stack(planes[:channels], axis=-1), (n, 1, 1, 1)).astype(np.uint8)


def varied(images: np.ndarray, seed: int = 1, **arguments: float) -> np.ndarray:
    return next(ImageDataGenerator(**arguments).flow(images, seed=seed, shuffle=False))


def test_off_they_change_not_one_byte():
    off = dict.fromkeys(EACH, 0.0)
    assert varied(photos(), **MOVED, **off).tobytes() == varied(photos(), **MOVED).tobytes()


@pytest.mark.parametrize("name", EACH)
def test_each_changes_images_and_the_same_way_for_the_same_seed(name):
    images, one = photos(), {name: EACH[name]}

    assert (varied(images, **one) != images).any()
    assert (varied(images, **one) == varied(images, **one)).all()
    assert (varied(images, seed=2, **one) != varied(images, **one)).any()


@pytest.mark.parametrize("name", EACH)
def test_what_the_stock_class_draws_stays_the_same_when_one_is_on(name):
    def drawn(**further: float) -> list:
        made = ImageDataGenerator(**MOVED, **further)
        parameters = made.get_random_transform((40, 40, 3), seed=1)
        parameters.pop("extras", None)
        return parameters

    assert drawn(**{name: EACH[name]}) == drawn()
    plain, tiny = varied(photos(), **MOVED), varied(photos(), **MOVED, **{name: 1e-9})
    differs = abs(plain - tiny).max(axis=-1) > 0.6
    # The smallest hole has one pixel.
    assert differs.sum(axis=(1, 2)).max() <= (1 if name == "cutout" else 0)


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("arguments", [{}, MOVED])
def test_images_of_floats_from_0_to_1_are_varied_in_proportion(name, arguments):
    images = photos().astype(np.float32)
    arguments = {key: value for key, value in arguments.items() if key != "channel_shift_range"}

    large, small = (varied(pixels, **arguments, **{name: EACH[name]}) for pixels in (images, images / 255))

    assert small.max() <= 1
    assert small * 255 == pytest.approx(large, abs=0.02)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_all_together_keep_the_values_in_range_and_the_alpha_channel_as_it_is(channels, dtype):
    images = photos(channels=channels).astype(dtype)
    made = varied(images, **{**EACH, "cutout": 0})

    assert made.dtype == np.float32
    assert made.min() >= 0
    assert made.max() <= 255
    if channels == 4:
        assert (made[..., 3] == 200).all()


def test_noise_has_the_standard_deviation_that_is_asked_for_and_no_bias():
    difference = varied(photos(20), noise=10.0) - photos(20)

    assert difference.std() == pytest.approx(10, rel=0.02)
    assert difference.mean() == pytest.approx(0, abs=0.1)


def test_salt_and_pepper_strikes_its_share_of_the_pixels_half_black_half_white():
    images, made = photos(20), varied(photos(20), salt_and_pepper=0.1)
    struck = (made != images).all(axis=-1)

    assert struck.mean() == pytest.approx(0.1, abs=0.01)
    assert set(np.unique(made[struck])) == {0, 255}
    assert (made[struck][:, 0] == 0).mean() == pytest.approx(0.5, abs=0.05)
    assert (made[~struck] == images[~struck]).all()


@given(st.floats(0.01, 1), st.integers(1, 50), st.integers(0, 1000))
def test_a_hole_is_one_rectangle_filled_with_cval_and_no_larger_than_asked(share, side, seed):
    images = np.full((1, side, side, 3), 100, np.uint8)

    hole = (varied(images, seed, cutout=share, cval=7.0) == 7).all(axis=-1)[0]

    rows, columns = hole.any(axis=1), hole.any(axis=0)
    assert (hole == rows[:, None] & columns).all()
    assert 1 <= rows.sum() <= max(1, round(share * side))
    assert 1 <= columns.sum() <= max(1, round(share * side))


def test_gray_images_have_neither_hue_nor_saturation():
    images = photos(channels=1)

    assert (varied(images, hue=90.0, saturation=0.9) == images).all()
    assert varied(np.repeat(images, 3, axis=-1), hue=90.0, saturation=0.9) == pytest.approx(
        np.repeat(images, 3, axis=-1), abs=0.2
    )


def test_hue_turns_colours_and_leaves_their_luma():
    images = np.full((30, 4, 4, 3), (150, 100, 90), np.uint8)
    made = varied(images, hue=40.0)[:, 0, 0]

    luma = np.array([0.299, 0.587, 0.114])
    assert made @ luma == pytest.approx(np.full(30, images[0, 0, 0] @ luma), abs=0.1)
    hues = np.array([colorsys.rgb_to_hsv(*colour)[0] for colour in made])
    assert np.ptp((hues + 0.5) % 1) > 0.1


def test_saturation_and_contrast_stretch_from_the_gray_and_from_the_mean():
    images = photos(30)
    paler, flatter = varied(images, saturation=0.5), varied(images, contrast=0.5)

    spread = np.ptp(paler, axis=-1) / np.ptp(images.astype(float), axis=-1)
    assert 0.5 <= spread.min() < 0.7 < 1.3 < spread.max() <= 1.51
    strength = flatter.std(axis=(1, 2)) / images.std(axis=(1, 2))
    assert strength.min() >= 0.5
    assert strength.max() <= 1.51
    assert np.ptp(strength[:, 0]) > 0.5
    luma = np.array([0.299, 0.587, 0.114])
    assert flatter.mean(axis=(1, 2)) @ luma == pytest.approx(images.mean(axis=(1, 2)) @ luma, abs=0.1)


@pytest.mark.parametrize("filling", [{"fill_mode": "nearest"}, {"fill_mode": "constant"}, {"interpolation_order": 3}])
def test_a_crop_shows_a_part_of_the_image_and_nothing_from_outside(filling):
    down, across = np.mgrid[:40, :40].astype(np.float32) * 5 + 20
    images = np.tile(np.stack([down, across, down], axis=-1), (20, 1, 1, 1))

    made = varied(images, random_crop=0.4, **filling)

    assert made.min() >= 19.9
    assert made.max() <= 215.1
    steps = np.diff(made[..., 0], axis=1)[:, 3:-3].mean(axis=(1, 2)) / 5
    assert steps.min() >= 0.6 - 0.02
    assert steps.max() <= 1
    assert np.ptp(steps) > 0.1


def test_a_single_image_is_varied_further_as_well():
    made = ImageDataGenerator(**EACH)
    image = photos(1)[0].astype(np.float32)

    assert (made.random_transform(image, seed=1) != image).any()
    assert (made.random_transform(image, seed=1) == made.random_transform(image, seed=1)).all()


def test_batches_for_training_vary_further_and_still_leave_the_global_stream_alone():
    vary = Augmentation({**MOVED, **EACH})
    np.random.seed(3)
    expected = np.random.random_sample()
    np.random.seed(3)

    made = vary(photos(), seed=1)

    assert np.random.random_sample() == expected
    assert (made == vary(photos(), seed=1)).all()
    assert (made != vary(photos(), seed=2)).any()


@pytest.mark.parametrize(
    ("name", "value"),
    [("cutout", 1.5), ("noise", -1.0), ("random_crop", 1.0), ("hue", float("nan")), ("salt_and_pepper", -0.1)],
)
def test_what_cannot_be_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"for {name}. Received: {name}="):
        ImageDataGenerator(**{name: value})


@pytest.mark.parametrize(
    ("arguments", "varies"),
    [
        ({}, False),
        ({"fill_mode": "constant", "cval": 9.0, "zoom_range": [1.2, 1.2], "brightness_range": [2, 2]}, False),
        *(({name: value}, True) for name, value in EACH.items()),
        ({"zoom_range": 0.1}, True),
        ({"vertical_flip": True}, True),
        ({"width_shift_range": 3}, True),
    ],
)
def test_it_is_known_whether_images_differ_each_time(arguments, varies):
    assert Augmentation(arguments).varies == varies
