"""What was encoded again, resized or made brighter is found; what looks alike is not; the search loses none."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnnproj.data import near_duplicates
from cnnproj.data.near_duplicates import (
    LEAST_CONTRAST,
    MOST_COLOR_DIFFERENCE,
    MOST_DIFFERENCE,
    colorfulness,
    contrast,
    fingerprint,
    near_pairs,
)
from cnnproj.errors import CnnprojError


def photo(seed: int, height: int = 72, width: int = 96) -> np.ndarray:
    """Smooth colours with some discs on them."""
    random = np.random.default_rng(seed)
    image = cv2.resize(random.uniform(40, 210, (4, 5, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(5):
        centre = tuple(int(value) for value in random.integers(0, (width, height)))
        cv2.circle(image, centre, int(random.integers(4, 16)), tuple(random.uniform(0, 255, 3)), -1)
    return np.clip(image, 0, 255).astype(np.uint8)


def encoded_again(image: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))


def resized(image: np.ndarray, share: float) -> np.ndarray:
    return cv2.resize(image, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)


CHANGES = {
    "quality 60": lambda image: encoded_again(image, 60),
    "quality 30": lambda image: encoded_again(image, 30),
    "80 %": lambda image: resized(image, 0.8),
    "50 %": lambda image: resized(image, 0.5),
    "twice the size": lambda image: resized(image, 2),
    "stretched": lambda image: cv2.resize(image, (90, 90), interpolation=cv2.INTER_AREA),
    "5 % brighter": lambda image: np.clip(image * 1.05, 0, 255).astype(np.uint8),
    "15 % darker": lambda image: (image * 0.85).astype(np.uint8),
    "13 levels brighter": lambda image: np.clip(image.astype(int) + 13, 0, 255).astype(np.uint8),
}


def pairs_of(*images: np.ndarray) -> list[list[int]]:
    return near_pairs(np.stack([fingerprint(image) for image in images]))[0].tolist()


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_among_others(change):
    originals = [photo(seed) for seed in range(40)]

    found = pairs_of(*originals, *(CHANGES[change](image) for image in originals))

    assert found == [[place, place + 40] for place in range(40)]


@pytest.mark.parametrize("change", CHANGES)
def test_so_it_is_in_gray(change):
    original = cv2.cvtColor(photo(3), cv2.COLOR_RGB2GRAY)

    assert pairs_of(original, photo(4), CHANGES[change](original)) == [[0, 2]]


def test_the_same_shapes_in_another_colour_are_another_image():
    image = photo(1)
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)

    assert pairs_of(image, luma) == []
    assert pairs_of(luma, np.stack([luma] * 3, axis=-1)) == [[0, 1]]


def test_images_without_contrast_are_not_compared():
    flat = [np.full((40, 40), value, np.uint8) for value in (0, 1, 200)]
    noisy = [image + np.random.default_rng(n).integers(0, 3, (40, 40), dtype=np.uint8) for n, image in enumerate(flat)]

    assert contrast(np.stack([fingerprint(image) for image in noisy])).max() < LEAST_CONTRAST
    assert pairs_of(*flat, *noisy) == []


def vectors(count: int, spread: float, seed: int) -> np.ndarray:
    """Fingerprints near a few centres, so that many lie about the threshold."""
    random = np.random.default_rng(seed)
    centres = random.normal(128, 40, (3, near_duplicates.FINGERPRINT_LENGTH))
    centres[:, 256:] = random.normal(0, 5, (3, 32))
    around = centres[random.integers(0, 3, count)]
    return (around + random.normal(0, spread, around.shape)).astype(np.float16)


@given(st.integers(2, 60), st.sampled_from([0.5, 1.5, 2.2, 3.0, 8.0]), st.integers(0, 10_000))
@settings(max_examples=60)
def test_the_search_finds_exactly_the_pairs_that_comparing_all_finds(count, spread, seed):
    marks = vectors(count, spread, seed)
    luma, color = marks[:, :256].astype(float), marks[:, 256:].astype(float)
    luma = (luma - luma.mean(axis=1, keepdims=True)) / luma.std(axis=1, keepdims=True)
    expected = [
        [i, j]
        for i in range(count)
        for j in range(i + 1, count)
        if np.sqrt(np.square(luma[i] - luma[j]).mean()) <= MOST_DIFFERENCE
        and np.sqrt(np.square(color[i] - color[j]).mean()) <= MOST_COLOR_DIFFERENCE
    ]

    pairs, differences = near_pairs(marks)

    assert pairs.tolist() == expected
    assert ((differences >= 0) & (differences <= MOST_DIFFERENCE)).all()


@pytest.mark.parametrize("count", [0, 1])
def test_none_or_one_image_has_no_pair(count):
    pairs, differences = near_pairs(np.zeros((count, near_duplicates.FINGERPRINT_LENGTH), np.float16))

    assert pairs.shape == (0, 2)
    assert len(differences) == 0


def test_images_too_alike_to_be_told_apart_are_refused_in_a_sentence(monkeypatch):
    monkeypatch.setattr(near_duplicates, "MOST_PAIRS", 100)

    with pytest.raises(CnnprojError, match="More than 100 pairs"):
        near_pairs(vectors(60, 0.1, 1))


def test_gray_has_no_colour_even_as_jpeg_and_a_photo_has():
    gray = cv2.cvtColor(photo(1), cv2.COLOR_RGB2GRAY)
    as_rgb = encoded_again(np.stack([gray] * 3, axis=-1), 80)
    found = colorfulness(np.stack([fingerprint(image) for image in (gray, as_rgb, photo(1))]))

    assert found[0] == 0
    assert found[1] < 2
    assert found[2] > 20
