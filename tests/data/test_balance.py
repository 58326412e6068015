"""Classes of unequal size are evened out: by weights in the loss, or by an order that shows each equally often."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from cnnproj.data.balance import balanced_order, class_weights
from cnnproj.data.images import Part

ROWS = {"a": 11, "b": 4, "c": 1}  # images of each class
LARGEST = 11
many_labels = st.lists(st.integers(0, 5), min_size=1, max_size=80).map(np.array)


@pytest.fixture(scope="module")
def part() -> Part:
    """16 images of noise, of three classes of unequal size; the last class has none."""
    pixels = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 1), dtype=np.uint8)
    labels = np.repeat([0, 1, 2], list(ROWS.values()))
    return Part("train", pixels, np.arange(16), labels, ("a", "b", "c", "absent"))


def batches(part: Part, size: int = 8, **options: object):
    from cnnproj.data.batches import Batches

    return Batches(part, size, **options)


@given(many_labels)
def test_the_weights_are_those_of_scikit_learn(labels):
    present, labels = np.unique(labels, return_inverse=True)
    expected = compute_class_weight("balanced", classes=np.arange(len(present)), y=labels)

    np.testing.assert_allclose(class_weights(labels, len(present)), expected, rtol=1e-6)


def test_a_class_without_a_training_image_has_the_weight_0():
    weights = class_weights(np.array([0, 0, 0, 2]), 4)

    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights, [4 / 12, 0, 1, 0])


@given(many_labels, st.integers(0, 99))
def test_every_class_appears_as_often_as_the_largest(labels, seed):
    order = balanced_order(labels, seed=seed)

    present, counts = np.unique(labels, return_counts=True)
    shown = np.bincount(labels[order], minlength=6)[present]
    assert (shown == counts.max()).all()
    assert len(order) == len(present) * counts.max()


@given(many_labels, st.integers(0, 99))
def test_every_image_appears_about_as_often_as_the_others_of_its_class(labels, seed):
    times = np.bincount(balanced_order(labels, seed=seed), minlength=len(labels))

    counts = np.bincount(labels)
    least = counts.max() // counts[labels]
    assert ((times == least) | (times == least + 1)).all()


def test_which_images_appear_once_more_is_drawn_anew_for_each_seed():
    labels = np.repeat([0, 1], [15, 10])
    extra = {tuple(np.flatnonzero(np.bincount(balanced_order(labels, seed=seed))[15:] == 2)) for seed in range(5)}

    assert len(extra) == 5


@given(many_labels, st.integers(0, 99))
def test_the_same_seed_gives_the_same_order(labels, seed):
    np.testing.assert_array_equal(balanced_order(labels, seed=seed), balanced_order(labels, seed=seed))


def test_a_batch_brings_the_weights_of_its_images(part):
    made = batches(part, seed=1, balance="class_weights")
    weights = class_weights(part.labels, 4)

    for index in range(len(made)):
        _, labels, given_weights = made.batch(0, index)
        assert given_weights.dtype == np.float32
        np.testing.assert_array_equal(given_weights, weights[labels.argmax(axis=1)])


def test_weights_change_neither_the_images_nor_their_order(part):
    plain, weighted = batches(part, seed=1), batches(part, seed=1, balance="class_weights")

    assert len(plain) == len(weighted)
    for index in range(len(plain)):
        for one, other in zip(plain.batch(0, index), weighted.batch(0, index)[:2], strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("balance", ["none", "augment"])
def test_otherwise_a_batch_has_no_weights(part, balance):
    assert len(batches(part, seed=1, balance=balance).batch(0, 0)) == 2


def test_a_balanced_epoch_is_longer_and_shows_each_class_equally_often(part):
    made = batches(part, seed=1, balance="augment")
    labels = np.concatenate([made.batch(0, index)[1] for index in range(len(made))])

    assert len(made) == -(-3 * LARGEST // 8)
    assert labels.sum(axis=0).tolist() == [LARGEST, LARGEST, LARGEST, 0]


def test_a_balanced_order_is_drawn_anew_for_each_epoch_and_the_same_again(part):
    made, again = (batches(part, seed=1, balance="augment") for _ in range(2))
    first, second = ([made.batch(epoch, index)[0] for index in range(len(made))] for epoch in range(2))

    assert not all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))
    for index in reversed(range(len(again))):
        np.testing.assert_array_equal(again.batch(1, index)[0], second[index])


@pytest.mark.parametrize("size", [64, 3])
def test_the_same_image_is_varied_in_another_way_each_time_it_comes(part, size):
    from cnnproj.data.augmentation import Augmentation

    vary = Augmentation({"rotation_range": 30, "width_shift_range": 0.2})
    made = batches(part, size, seed=1, balance="augment", augmentation=vary)
    shown = [made.batch(0, index) for index in range(len(made))]
    pixels = np.concatenate([images[labels[:, 2] == 1] for images, labels in shown])

    assert len(pixels) == LARGEST  # of the one image of this class, in one batch or in several
    assert len(np.unique(pixels.reshape(LARGEST, -1), axis=0)) == LARGEST


def test_a_balanced_order_without_a_seed_is_refused(part):
    with pytest.raises(ValueError, match="seed"):
        batches(part, balance="augment")
