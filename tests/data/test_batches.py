"""A batch depends on the seed, the epoch and its place alone: not on who asks, when, or in what order."""

import subprocess
import sys
import threading
import time

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


def epoch(made, number: int = 0) -> list[int]:
    return [row for index in range(len(made)) for row in rows_of(made.batch(number, index)[0])]


def test_an_epoch_holds_every_image_once_and_the_last_batch_is_smaller(part):
    made = batches(part, seed=1)

    assert [len(made.batch(0, index)[0]) for index in range(len(made))] == [8, 8, 8, 1]
    assert sorted(epoch(made)) == sorted(part.rows)
    assert len(batches(part, 25)) == 1


def test_pixels_are_from_0_to_1_and_labels_one_hot(part):
    white = Part("train", np.full((2, 4, 4, 1), 255, np.uint8), np.arange(2), np.array([0, 2]), ("a", "b", "c"))
    pixels, labels = batches(white).batch(0, 0)

    assert pixels.dtype == labels.dtype == np.float32
    assert pixels.shape == (2, 4, 4, 1)
    assert pixels.max() == pixels.min() == 1
    assert labels.tolist() == [[1, 0, 0], [0, 0, 1]]


def test_each_image_comes_with_its_own_label(part):
    made = batches(part, seed=1)

    for index in range(len(made)):
        pixels, labels = made.batch(0, index)
        assert (labels.argmax(axis=1) == np.array(rows_of(pixels)) % 3).all()


def test_without_a_seed_the_order_is_the_parts_own_in_every_epoch(part):
    made = batches(part)
    for number in range(2):
        assert epoch(made, number) == part.rows.tolist()


def test_a_seed_draws_another_order_for_each_epoch(part):
    made, again = batches(part, seed=1), batches(part, seed=1)
    orders = [epoch(made, number) for number in range(3)]

    assert [epoch(again, number) for number in (2, 1, 0)] == orders[::-1]
    assert orders[0] != orders[1] != orders[2] != orders[0]
    assert epoch(batches(part, seed=2)) != orders[0]


def test_batches_are_the_same_in_whatever_order_they_are_asked_for(part, vary):
    forwards, backwards = (batches(part, seed=1, augmentation=vary) for _ in range(2))
    first = [forwards.batch(0, index)[0] for index in range(4)]
    last = [backwards.batch(0, index)[0] for index in (3, 2, 1, 0)][::-1]

    assert all((one == other).all() for one, other in zip(first, last, strict=True))


def test_augmentation_is_drawn_anew_for_each_epoch_and_each_seed(part, vary):
    made, other = batches(part, seed=1, augmentation=vary), batches(part, seed=2, augmentation=vary)
    plain = batches(part, seed=1)
    first = made.batch(0, 0)[0]

    assert not np.array_equal(first, plain.batch(0, 0)[0])
    assert not np.array_equal(first, made.batch(1, 0)[0])
    assert not np.array_equal(first, other.batch(0, 0)[0])


def test_augmented_pixels_stay_from_0_to_1():
    from cnnproj.data.augmentation import Augmentation

    arguments = {"brightness_range": [0.1, 3.0], "channel_shift_range": 200.0, "fill_mode": "constant", "cval": 255.0}
    noise = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), dtype=np.uint8)
    part = Part("train", noise, np.arange(16), np.zeros(16, np.int64), ("a", "b"))

    pixels = batches(part, 16, seed=1, augmentation=Augmentation({**arguments, "rotation_range": 90})).batch(0, 0)[0]

    assert pixels.dtype == np.float32
    assert pixels.min() >= 0
    assert pixels.max() <= 1


def test_augmentation_does_not_disturb_the_global_stream_of_numpy(part, vary):
    np.random.seed(5)
    expected = np.random.random(3)
    np.random.seed(5)

    _ = batches(part, seed=1, augmentation=vary).batch(0, 0)

    assert (np.random.random(3) == expected).all()


def test_the_global_stream_does_not_disturb_augmentation(part, vary):
    made = batches(part, seed=1, augmentation=vary)
    np.random.seed(1)
    first = made.batch(0, 0)[0]
    np.random.seed(2)

    assert (made.batch(0, 0)[0] == first).all()


def test_the_stored_images_are_never_changed(part, vary):
    before = part.pixels.copy()
    _ = batches(part, seed=1, augmentation=vary).batch(0, 0)

    assert (part.pixels == before).all()


class Made:
    """Batches that note when they were made, and take their time; batch 5 may fail."""

    def __init__(self, seconds: float = 0.0, *, fail: bool = False):
        self.seconds, self.fail, self.places, self.threads = seconds, fail, [], set()

    def __len__(self) -> int:
        return 3

    def batch(self, epoch: int, index: int) -> tuple[np.ndarray, ...]:
        time.sleep(self.seconds)
        if self.fail and (epoch, index) == (1, 2):
            raise OSError("the disk is gone")
        self.places.append((epoch, index))
        self.threads.add(threading.current_thread())
        return (np.array([epoch, index]),)


def feed(made, epochs: int = 2):
    from cnnproj.data.batches import Feed

    return Feed(made, epochs=epochs)


def test_a_feed_hands_out_every_batch_of_every_epoch_in_order(part, vary):
    made, again = (batches(part, seed=1, augmentation=vary) for _ in range(2))
    with feed(made) as fed:
        taken = [batch for _ in range(2) for batch in fed.epoch()]

    expected = [again.batch(epoch, index) for epoch in range(2) for index in range(4)]
    assert len(taken) == len(expected) == 8
    for one, other in zip(taken, expected, strict=True):
        for array, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(array, same)


def test_batches_are_made_ahead_in_another_thread_but_not_far_ahead():
    from cnnproj.data.batches import AHEAD

    made = Made()
    with feed(made, epochs=100) as fed:
        next(fed.epoch())
        time.sleep(0.2)
        assert len(made.places) == AHEAD + 1
    assert made.threads.isdisjoint({threading.current_thread()})
    assert len(made.threads) == 1
    assert not next(iter(made.threads)).is_alive()


def test_a_feed_counts_how_long_its_taker_waits():
    with feed(Made(0.05)) as slow:
        for _ in slow.epoch():
            pass
    with feed(Made(0.005)) as quick:
        for _ in quick.epoch():
            time.sleep(0.1)

    assert 0.1 <= slow.waited < 1
    assert quick.waited < 0.05


def test_what_goes_wrong_in_the_making_is_told_to_the_taker_in_its_turn():
    made = Made(fail=True)
    with feed(made) as fed:
        assert len(list(fed.epoch())) == 3
        with pytest.raises(OSError, match="the disk is gone"):
            list(fed.epoch())


def test_a_taker_that_is_interrupted_does_not_wait_for_batches_that_nobody_wants():
    def take_one():
        with feed(Made(0.2), epochs=100) as fed:
            next(fed.epoch())
            raise KeyboardInterrupt

    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        take_one()
    assert time.perf_counter() - start < 1


LARGE = """
import resource, sys
import numpy as np
resource.setrlimit(resource.RLIMIT_DATA, (3 << 30, 3 << 30))
from cnnproj.data.augmentation import Augmentation
from cnnproj.data.batches import Batches, Feed
from cnnproj.data.images import Part

pixels = np.load(sys.argv[1], mmap_mode="r")
part = Part("train", pixels, np.arange(len(pixels)), np.arange(len(pixels)) % 2, ("a", "b"))
try:
    np.array(pixels)
except MemoryError:
    print("too large")
with Feed(Batches(part, 32, seed=1, augmentation=Augmentation({"rotation_range": 10})), epochs=1) as feed:
    print([float(pixels.max()) for (pixels, _), _ in zip(feed.epoch(), range(20))])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what a process may take up is limited in this way on Linux")
def test_a_store_larger_than_memory_is_fed_from_disk(tmp_path):
    shape = (30_000, 224, 224, 3)  # 4.5 GB, of which nothing is written
    np.lib.format.open_memmap(tmp_path / "pixels.npy", mode="w+", dtype=np.uint8, shape=shape).flush()

    ran = subprocess.run(
        [sys.executable, "-c", LARGE, str(tmp_path / "pixels.npy")], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == ["too large", str([0.0] * 20)]
