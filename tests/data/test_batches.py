"""A batch depends on the seed, the epoch and its place alone: not on who asks, when, or in what order."""

import numpy as np
import pytest

from cnnproj.data.images import Part


@pytest.fixture(scope="module")
def part() -> Part:
    """25 of 40 stored images; the value of an image's pixels is its row, so that each can be told."""
    pixels = np.broadcast_to(np.arange(40, dtype=np.uint8)[:, None, None, None], (40, 6, 5, 3)).copy()
    rows = np.random.default_rng(0).permutation(40)[:25]
    return Part("train", pixels, rows, rows % 3, ("a", "b", "c"))


def batches(part: Part, size: int = 8, **options: object):
    from cnnproj.data.batches import Batches

    return Batches(part, size, **options)


@pytest.fixture(scope="module")
def vary():
    from cnnproj.data.augmentation import Augmentation

    return Augmentation({"rotation_range": 20, "width_shift_range": 0.2, "brightness_range": [0.5, 1.5]})


def rows_of(pixels: np.ndarray) -> list[int]:
    return np.rint(pixels[:, 0, 0, 0] * 255).astype(int).tolist()


def epoch(made) -> list[int]:
    return [row for index in range(len(made)) for row in rows_of(made[index][0])]


def test_an_epoch_holds_every_image_once_and_the_last_batch_is_smaller(part):
    made = batches(part, seed=1)

    assert [len(made[index][0]) for index in range(len(made))] == [8, 8, 8, 1]
    assert sorted(epoch(made)) == sorted(part.rows)
    assert len(batches(part, 25)) == 1


def test_pixels_are_from_0_to_1_and_labels_one_hot(part):
    white = Part("train", np.full((2, 4, 4, 1), 255, np.uint8), np.arange(2), np.array([0, 2]), ("a", "b", "c"))
    pixels, labels = batches(white)[0]

    assert pixels.dtype == labels.dtype == np.float32
    assert pixels.shape == (2, 4, 4, 1)
    assert pixels.max() == pixels.min() == 1
    assert labels.tolist() == [[1, 0, 0], [0, 0, 1]]


def test_each_image_comes_with_its_own_label(part):
    made = batches(part, seed=1)

    for index in range(len(made)):
        pixels, labels = made[index]
        assert (labels.argmax(axis=1) == np.array(rows_of(pixels)) % 3).all()


def test_without_a_seed_the_order_is_the_parts_own_in_every_epoch(part):
    made = batches(part)
    for _ in range(2):
        assert epoch(made) == part.rows.tolist()
        made.on_epoch_end()


def test_a_seed_draws_another_order_for_each_epoch(part):
    made, again = batches(part, seed=1), batches(part, seed=1)
    orders = []
    for _ in range(3):
        orders.append(epoch(made))
        assert epoch(again) == orders[-1]
        made.on_epoch_end()
        again.on_epoch_end()

    assert orders[0] != orders[1] != orders[2] != orders[0]
    assert epoch(batches(part, seed=2)) != orders[0]


def test_batches_are_the_same_in_whatever_order_they_are_asked_for(part, vary):
    forwards, backwards = (batches(part, seed=1, augmentation=vary) for _ in range(2))
    first = [forwards[index][0] for index in range(4)]
    last = [backwards[index][0] for index in (3, 2, 1, 0)][::-1]

    assert all((one == other).all() for one, other in zip(first, last, strict=True))


def test_augmentation_is_drawn_anew_for_each_epoch_and_each_seed(part, vary):
    made, other = batches(part, seed=1, augmentation=vary), batches(part, seed=2, augmentation=vary)
    plain = batches(part, seed=1)
    first = made[0][0]
    made.on_epoch_end()

    assert not np.array_equal(first, plain[0][0])
    assert not np.array_equal(first, made[0][0])
    assert not np.array_equal(first, other[0][0])


def test_augmented_pixels_stay_from_0_to_1():
    from cnnproj.data.augmentation import Augmentation

    arguments = {"brightness_range": [0.1, 3.0], "channel_shift_range": 200.0, "fill_mode": "constant", "cval": 255.0}
    noise = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), dtype=np.uint8)
    part = Part("train", noise, np.arange(16), np.zeros(16, np.int64), ("a", "b"))

    pixels = batches(part, 16, seed=1, augmentation=Augmentation({**arguments, "rotation_range": 90}))[0][0]

    assert pixels.dtype == np.float32
    assert pixels.min() >= 0
    assert pixels.max() <= 1


def test_augmentation_does_not_disturb_the_global_stream_of_numpy(part, vary):
    np.random.seed(5)
    expected = np.random.random(3)
    np.random.seed(5)

    _ = batches(part, seed=1, augmentation=vary)[0]

    assert (np.random.random(3) == expected).all()


def test_the_global_stream_does_not_disturb_augmentation(part, vary):
    made = batches(part, seed=1, augmentation=vary)
    np.random.seed(1)
    first = made[0][0]
    np.random.seed(2)

    assert (made[0][0] == first).all()


def test_the_stored_images_are_never_changed(part, vary):
    before = part.pixels.copy()
    _ = batches(part, seed=1, augmentation=vary)[0]

    assert (part.pixels == before).all()
