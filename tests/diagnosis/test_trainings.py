"""Real trainings that were spoilt on purpose are told by name; one that was not is left alone."""

import numpy as np
import pytest

from cnnproj.data.images import Images
from cnnproj.diagnosis.diagnose import diagnose
from cnnproj.models import architectures

from .trained import gathered

SGD = {"optimizer": "sgd", "momentum": 0.9}


def dense(**options: object):
    """Makes a layer of 16 ReLU units."""
    from keras import layers

    return lambda: layers.Dense(16, activation="relu", **options)


def first(network, images: Images, **chosen: object) -> tuple[str, str]:
    """Kind and severity of what is named first."""
    findings = diagnose(gathered(network, images, **chosen)).findings
    return (findings[0].kind, findings[0].severity) if findings else ("", "")


def test_a_good_training_has_nothing_severe(images):
    diagnosis = diagnose(gathered(architectures()["mlp"], images, learning_rate=1e-2))

    assert diagnosis.evidence.accuracy > 0.9
    assert [finding for finding in diagnosis.findings if finding.severity != "note"] == []


@pytest.mark.parametrize(("rate", "kind"), [(20.0, "learning_rate_too_high"), (1e-7, "learning_rate_too_low")])
def test_a_learning_rate_is_told_to_be_wrong(rate, kind, images, built):
    from keras import layers

    assert first(built(layers.Flatten, dense()), images, learning_rate=rate) == (kind, "severe")


@pytest.mark.parametrize(("start", "kind"), [("kernel", "bad_initialisation"), ("bias", "dead_relus")])
def test_a_beginning_is_told_to_be_wrong(start, kind, images, built):
    import keras
    from keras import layers

    low = keras.initializers.Constant(-9.0)
    options = {"kernel_initializer": "zeros"} if start == "kernel" else {"bias_initializer": low}

    assert first(built(layers.Flatten, dense(**options)), images, learning_rate=1e-3) == (kind, "severe")


def test_images_stretched_to_large_numbers_are_told(images, built):
    from keras import layers

    network = built(lambda: layers.Rescaling(1.0, offset=-300.0), layers.Flatten, dense())

    assert first(network, images, **SGD, learning_rate=0.01)[0] == "unnormalised_input"


def test_sigmoids_one_after_another_are_told_to_lose_the_gradient(images, built):
    from keras import layers

    deep = [lambda: layers.Dense(16, activation="sigmoid") for _ in range(8)]

    assert first(built(layers.Flatten, *deep), images, **SGD, learning_rate=0.01) == ("vanishing_gradients", "severe")


def test_shuffled_labels_are_told(images):
    mixed = images.table.assign(label=np.random.default_rng(5).permutation(images.table["label"]))
    shuffled = Images(mixed, images.set_aside, images.moves, images.classes, images.audit)

    assert first(architectures()["mlp"], shuffled, learning_rate=1e-2) == ("shuffled_labels", "severe")
