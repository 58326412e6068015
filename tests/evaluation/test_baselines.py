"""What a network must beat is fitted on the training part alone, and does what it says."""

import numpy as np
import pytest

from cnnproj.data.images import Part
from cnnproj.evaluation import baselines as module
from cnnproj.evaluation.baselines import baselines


def part(labels: list[int], *, shape: tuple[int, int, int] = (8, 8, 1), seed: int = 0) -> Part:
    """Class 1 is bright on the right; class 0 is not; class 2 is never there."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 120, (len(labels), *shape), np.uint8)
    for place, label in enumerate(labels):
        pixels[place, :, shape[1] // 2 :] += np.uint8(80 * label)
    return Part("train", pixels, np.arange(len(labels)), np.array(labels), ("a", "b", "c"))


def test_the_majority_class_is_that_of_the_training_part():
    majority, _ = baselines(part([1, 1, 0, 1]), seed=0)
    given = majority.predict(part([0, 0]))

    assert majority.name == "majority_class"
    assert given.tolist() == [[0.25, 0.75, 0.0]] * 2


def test_logistic_regression_learns_from_pixels_and_gives_a_class_that_was_never_there_nothing():
    _, regression = baselines(part([0, 1] * 100), seed=0)
    test = part([0, 1] * 50, seed=1)
    given = regression.predict(test)

    assert (given.argmax(axis=1) == test.labels).mean() > 0.95
    assert given[:, 2].tolist() == [0] * 100
    assert given.sum(axis=1) == pytest.approx(1)


def test_large_images_are_made_smaller_and_many_are_sampled(monkeypatch):
    monkeypatch.setattr(module, "MOST_IMAGES", 60)
    large = part([0, 1] * 50, shape=(60, 90, 3))
    first, again, other = (baselines(large, seed=seed)[1] for seed in (1, 1, 2))

    assert first.parameters <= 3 * (module.MOST_NUMBERS + 1)
    assert first.digest == again.digest != other.digest
    assert (first.predict(large).argmax(axis=1) == large.labels).mean() > 0.9


def test_one_class_needs_no_regression():
    assert [one.name for one in baselines(part([1, 1]), seed=0)] == ["majority_class"]
