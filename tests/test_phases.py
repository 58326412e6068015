"""Training in phases: what is frozen stays as it was, and each part learns at its own rate."""

import json

import numpy as np
import pytest

from cnnproj.errors import CnnprojError
from cnnproj.models import architectures
from cnnproj.models.phases import Phase, stages_of
from cnnproj.models.starting_weights import digest_of
from cnnproj.settings import TrainingTable

from .test_balanced_training import VARIED, images

__all__ = ["images"]
SMALL = {"backbone": "compact_cnn(filters=4)", "weights": "none", "batch_size": 16}


def chosen(**changes):
    return {**architectures()["transfer"].defaults, **SMALL, **changes}


def fitted(images, *, epochs=2, seed=1, folder=None, rows=None, patience=None, **changes):
    from cnnproj.training import fit

    return fit(
        architectures()["transfer"],
        images,
        chosen(**changes),
        epochs=epochs,
        seed=seed,
        augmentation=VARIED,
        training=TrainingTable(patience=patience),
        folder=folder,
        on_epoch=[].append if rows is None else rows.append,
    )


@pytest.fixture(scope="module")
def pretrained(images, tmp_path_factory):
    """A run's model: a small compact CNN that has been trained for an epoch."""
    from cnnproj.recipe import save
    from cnnproj.training import fit

    folder = tmp_path_factory.mktemp("project")
    network = architectures()["compact_cnn"]
    given = {**network.defaults, "filters": 4, "batch_size": 16}
    result = fit(network, images, given, epochs=1, seed=5, augmentation={})
    save(
        folder / "run",
        result,
        images.validation,
        model="compact_cnn",
        summary=network.summary,
        ours=True,
        resize="stretch",
        hyperparameters=given,
        epochs=1,
        seed=5,
    )
    return folder, result


@pytest.fixture
def transferred(images, pretrained):
    folder, _ = pretrained

    def make(**changes):
        return fitted(images, folder=folder, **{"weights": "run", **changes})

    return make


def arrays(layers) -> list[np.ndarray]:
    return [array for layer in layers for array in layer.get_weights()]


def assert_same(one, other) -> None:
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first, second)


def test_a_frozen_backbone_is_not_changed_in_a_single_number(transferred, pretrained):
    result = transferred(frozen=1.0)

    learnt = pretrained[1].model
    result.model.set_weights(result.last)
    assert_same(arrays(result.model.layers[:-1]), arrays(learnt.layers[:-1]))  # moving statistics among them
    assert result.start
    assert result.history["loss"].iloc[-1] < result.history["loss"].iloc[0]


def test_then_the_last_stages_learn_and_those_before_do_not(transferred, pretrained):
    result = transferred(frozen=0.5, stages=1, batch_norm="trained")

    result.model.set_weights(result.last)
    *before, last = stages_of(result.model)
    *theirs, learnt = stages_of(pretrained[1].model)
    assert [layer.name for layer in last] == ["norm_2", "conv_3", "norm_3"]
    assert_same(*(arrays(layer for stage in stages for layer in stage) for stages in (before, theirs)))
    assert all(not np.array_equal(*pair) for pair in zip(arrays(last), arrays(learnt), strict=True))


@pytest.mark.parametrize("kept", [True, False])
def test_batch_normalisation_is_kept_or_trained_as_asked(transferred, pretrained, kept):
    result = transferred(frozen=0.0, batch_norm="kept" if kept else "trained")

    result.model.set_weights(result.last)
    pairs = [(result.model.get_layer(name), pretrained[1].model.get_layer(name)) for name in ("norm_1", "conv_1")]
    norm, convolution = (np.array_equal(one.get_weights()[0], other.get_weights()[0]) for one, other in pairs)
    statistics = np.array_equal(pairs[0][0].get_weights()[2], pairs[0][1].get_weights()[2])
    assert (norm, statistics, convolution) == (kept, kept, False)


def test_random_weights_leave_nothing_to_spare_and_a_plain_network_is_trained_as_ever():
    transfer, plain = architectures()["transfer"], architectures()["compact_cnn"]

    assert transfer.phases(chosen(), 7) == plain.phases(plain.defaults, 7) == [Phase(7)]
    assert transfer.phases(chosen(frozen=1.0), 7) == [Phase(7, stages=0)]
    given = chosen(weights="imagenet", backbone_rate=0.2, stages=2)
    assert transfer.phases(given, 7) == [Phase(4, stages=0), Phase(3, 2, 0.2)]
    assert transfer.phases({**given, "frozen": 0.0, "batch_norm": "kept"}, 7) == [Phase(7, 2, 0.2, True)]
    assert transfer.phases(given, 1) == [Phase(1, stages=0)]


def test_epochs_are_counted_through_and_patience_ends_all_phases(transferred):
    rows: list = []
    result = transferred(epochs=5, frozen=0.4, rows=rows)
    short = transferred(epochs=12, frozen=0.5, patience=1, learning_rate=1e-9)

    assert [row["epoch"] for row in rows] == list(result.history["epoch"]) == [1, 2, 3, 4, 5]
    assert len(short.history) < 6
    assert len(short.history) - short.best["epoch"] == 1


def test_the_same_seed_gives_the_same_weights_also_when_the_traced_networks_are_new(transferred, monkeypatch):
    from cnnproj import training

    one = transferred(seed=3)
    again = transferred(seed=3)
    monkeypatch.setattr(training, "_runners", {})
    anew = transferred(seed=3)

    assert_same(one.last, again.last)
    assert_same(one.last, anew.last)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "rmsprop"])
def test_one_optimizer_at_two_rates_does_what_two_optimizers_do(optimizer, images):
    """Equal, step for step, to an optimizer for the head and one for the backbone, each at its own learning rate."""
    import keras
    import tensorflow as tf

    from cnnproj.inference import make_loss
    from cnnproj.training import _Runner, make_optimizer

    network = architectures()["transfer"]
    given = chosen(optimizer=optimizer, weight_decay=0.3, dropout=0.0)
    keras.utils.set_random_seed(2)
    mine, other = (network.build(images.shape, 2, given) for _ in range(2))
    other.set_weights(mine.get_weights())
    before = mine.get_weights()
    runner = _Runner(mine, given, Phase(1, rate=0.1), weighted=False)
    runner.model.optimizer.learning_rate = 1e-2
    head = other.layers[-1].trainable_variables
    backbone = [variable for variable in other.trainable_variables if id(variable) not in {id(one) for one in head}]
    optimizers = [make_optimizer(given), make_optimizer(given)]
    for one, rate in zip(optimizers, (1e-2, 1e-3), strict=True):
        one.learning_rate = rate
    loss = make_loss(given)

    for step in range(3):
        pixels = np.float32(images.train.images(slice(step, step + 16)) / 255)
        labels = np.eye(2, dtype=np.float32)[images.train.labels[step : step + 16]]
        runner.step((pixels, labels))
        with tf.GradientTape() as tape:
            value = loss(labels, other(pixels, training=True))
        slopes = tape.gradient(value, [*head, *backbone])
        optimizers[0].apply(slopes[: len(head)], head)
        optimizers[1].apply(slopes[len(head) :], backbone)

    for one, two, start in zip(mine.get_weights(), other.get_weights(), before, strict=True):
        np.testing.assert_allclose(one, two, rtol=2e-5, atol=2e-6)
        assert not np.array_equal(one, start)


def test_what_a_training_starts_from_is_digested_and_stands_in_the_recipe(images, transferred, tmp_path, pretrained):
    from cnnproj.recipe import load_model, load_recipe, save

    result = transferred(frozen=1.0)
    save(
        tmp_path,
        result,
        images.validation,
        model="transfer",
        summary="",
        ours=True,
        resize="stretch",
        hyperparameters=chosen(weights="run", frozen=1.0),
        epochs=2,
        seed=1,
    )

    recipe = load_recipe(tmp_path)
    assert recipe.start_digest == result.start == transferred(frozen=0.0, seed=9).start
    assert fitted(images).start == ""
    assert load_recipe(pretrained[0] / "run").start_digest is None
    assert_same(load_model(tmp_path).get_weights(), result.model.get_weights())  # and "run" is not looked for


def test_from_one_transfer_to_the_next(images, transferred, pretrained, tmp_path):
    from cnnproj.recipe import save

    first = transferred(frozen=0.0)
    save(
        tmp_path / "first",
        first,
        images.validation,
        model="transfer",
        summary="",
        ours=True,
        resize="stretch",
        hyperparameters=chosen(weights="run", frozen=0.0),
        epochs=2,
        seed=1,
    )

    second = fitted(images, weights="first", frozen=1.0, folder=tmp_path)
    assert_same(arrays(second.model.layers[:-1]), arrays(first.model.layers[:-1]))


def test_weights_in_a_file_are_those_of_the_network_of_keras(images, tmp_path):
    import keras

    from cnnproj.models.backbones import KERAS_NETWORKS, in_stages

    whole = KERAS_NETWORKS["MobileNet"].whole((32, 32, 3))
    whole.save_weights(tmp_path / "mine.weights.h5")
    whole.save_weights(tmp_path / "other.weights.h5")
    network = architectures()["transfer"]
    given = chosen(backbone="MobileNet", weights="mine.weights.h5")
    keras.utils.set_random_seed(3)
    model = network.build((32, 32, 1), 2, given)

    digest = network.begin(model, given, tmp_path)

    assert len(digest) == 64
    assert_same(arrays(model.layers[1:-1]), arrays(in_stages(whole)))
    wrong = {**given, "backbone": "DenseNet121"}
    with pytest.raises(CnnprojError, match=r"mine\.weights\.h5 are not those of DenseNet121"):
        network.begin(network.build((32, 32, 1), 2, wrong), wrong, tmp_path)


def begin(shape=(12, 12, 1), folder=None, **changes):
    network, given = architectures()["transfer"], chosen(**changes)
    return network.begin(network.build(shape, 2, given), given, folder)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"weights": "nowhere"}, r"no weights at .*nowhere\. Expected \"imagenet\", \"none\""),
        ({"weights": "notes.txt"}, r"no weights at .*notes\.txt"),
        ({"weights": "run/model.weights.h5"}, r"Give the folder of a trained model"),
        ({"weights": "run", "backbone": "compact_cnn"}, r"Write backbone = \"compact_cnn\(filters=4\)\""),
        ({"weights": "run", "shape": (12, 12, 3)}, r"images with 1 channel\(s\) and these have 3"),
        ({"weights": "imagenet"}, r"no weights of ImageNet for compact_cnn\(filters=4\)"),
        ({"weights": "imagenet", "backbone": "vgg16", "shape": (32, 32, 3)}, r"a backbone of Keras: VGG16\."),
        ({"weights": "own"}, r"network of your own, which another project cannot build"),
    ],
)
def test_weights_that_cannot_be_had_are_told_in_a_sentence(changes, told, pretrained):
    folder, _ = pretrained
    (folder / "notes.txt").write_text("none")
    (folder / "own").mkdir(exist_ok=True)
    recipe = json.loads((folder / "run" / "recipe.json").read_text())
    (folder / "own" / "recipe.json").write_text(json.dumps({**recipe, "model": "my_net", "ours": False}))

    with pytest.raises(CnnprojError, match=told):
        begin(**{"folder": folder, **changes})


def test_a_network_that_depends_on_the_size_of_its_images_says_so(images, tmp_path):
    from cnnproj.recipe import save
    from cnnproj.training import fit

    network = architectures()["mlp"]
    given = {**network.defaults, "units": 8}
    result = fit(network, images, given, epochs=1, seed=1, augmentation={})
    known = {"summary": "", "ours": True, "resize": "stretch", "epochs": 1, "seed": 1}
    save(tmp_path, result, images.validation, model="mlp", hyperparameters=given, **known)

    assert begin(weights=".", backbone="mlp(units=8)", folder=tmp_path)
    with pytest.raises(CnnprojError, match=r"fit images of 12×12 pixels alone.* is 16×16"):
        begin((16, 16, 1), weights=".", backbone="mlp(units=8)", folder=tmp_path)


def test_without_a_network_it_is_told_which_file_keras_looks_for(monkeypatch, tmp_path):
    import socket

    def no_network(*given, **how):
        raise OSError("no network")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr(socket, "create_connection", no_network)
    with pytest.raises(CnnprojError) as told:
        begin((32, 32, 3), weights="imagenet", backbone="MobileNetV3Small", folder=tmp_path)

    file = "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5"
    assert str(told.value).count(file) == 2, "the address, and where to put it"
    assert "save it as" in str(told.value)


def test_no_file_is_opened_for_a_stranger(pretrained):
    folder, _ = pretrained

    with pytest.raises(CnnprojError, match="not part of what is checked"):
        begin(weights=str(folder / "run"))
    assert digest_of(str(folder / "run"), None) is None
    assert digest_of("run", folder) == json.loads((folder / "run" / "recipe.json").read_text())["weights_digest"]
    assert digest_of("nowhere", folder) is None
    assert digest_of("imagenet", None) == digest_of("none", folder) == ""
