"""What is measured on a network is what is there, and measuring changes nothing."""

import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cnnproj.data.images import Images
from cnnproj.diagnosis import machine
from cnnproj.models import architectures

from .trained import fitted, measured


def test_gradients_are_those_of_the_loss(images, built):
    from keras import layers

    probe = measured(built(layers.Flatten), images, label_smoothing=0.0)

    import keras

    keras.utils.set_random_seed(1)
    model = architectures()["made"].build(images.shape, 2, architectures()["made"].defaults)
    pixels = images.train.images() / 255
    x, truth = pixels.reshape(len(pixels), -1), np.eye(2)[images.train.labels]
    slope = x.T @ (model.predict_on_batch(pixels.astype(np.float32)) - truth) / len(x)
    (state,) = probe.before.layers
    assert state.gradient == pytest.approx(np.sqrt(np.mean(slope**2)), rel=1e-4)
    assert state.weights == pytest.approx(np.sqrt(np.mean(model.get_weights()[0] ** 2)), rel=1e-5)
    assert (state.units, state.fan_in, state.moved, state.dead) == (2, 64, 0, None)
    assert probe.chance_loss == pytest.approx(np.log(2), rel=1e-5)


def test_what_enters_is_what_the_layers_before_have_made_of_the_image(images, built):
    from keras import layers

    plain = measured(built(layers.Flatten), images).input
    large = measured(built(lambda: layers.Rescaling(255.0, offset=5.0), layers.Flatten, name="large"), images).input
    normal = measured(built(layers.BatchNormalization, layers.Flatten, name="normal"), images).input

    pixels = images.train.images() / 255
    assert (plain.mean, plain.highest) == (pytest.approx(pixels.mean(), rel=1e-5), pytest.approx(pixels.max()))
    assert large.mean == pytest.approx(255 * pixels.mean() + 5, rel=1e-5)
    assert (normal.mean, normal.deviation) == (pytest.approx(0, abs=1e-5), pytest.approx(1, abs=0.02))


def test_dead_units_and_units_that_are_alike_are_counted(images, built):
    import keras
    from keras import layers

    low = keras.initializers.Constant(np.array([-100.0] * 3 + [0.5]))
    dead = measured(
        built(layers.Flatten, lambda: layers.Dense(4, activation="relu", bias_initializer=low)), images
    ).before.layers
    alike = measured(
        built(lambda: layers.Conv2D(4, 3, kernel_initializer="ones"), layers.ReLU, layers.Flatten, name="alike"), images
    ).before.layers

    assert [layer.dead for layer in dead] == [0.75, None]
    assert [layer.alike for layer in dead] == [False, False]
    assert [layer.alike for layer in alike] == [True, False]
    assert alike[0].dead == 0
    assert (alike[0].units, alike[0].fan_in) == (4, 9)


def test_a_normalisation_belongs_to_the_layer_before_it(images):
    layers = measured(architectures()["compact_cnn"], images).before.layers

    assert [layer.normalised for layer in layers] == [True, True, True, False]
    assert [layer.layer for layer in layers] == ["conv_1", "conv_2", "conv_3", "probabilities"]


def test_a_network_in_a_network_is_one_layer(images, built):
    import keras
    from keras import layers

    def inner():
        return keras.Sequential([layers.Conv2D(3, 3, activation="relu"), layers.Conv2D(5, 3)])

    states = measured(built(inner, layers.Flatten), images).before.layers

    assert [state.kind for state in states] == ["Sequential", "Dense"]
    assert states[0].gradient > 0
    assert (states[0].units, states[0].fan_in) == (0, 0)


def test_a_block_of_ours_is_the_layers_within_it(images, built):
    import keras
    from keras import layers

    from cnnproj.models.blocks import ResidualBlock

    def block():
        return ResidualBlock(4, name="block")

    network = built(block, lambda: ResidualBlock(4, name="other"), layers.GlobalAveragePooling2D)
    states = measured(network, images).before.layers
    trained = fitted(network, images, epochs=1)
    block = trained.model.layers[0]
    block.norm_1.beta.assign([-100.0, -100.0, 0.0, 0.0])  # the first two units give 0 whatever comes
    states_after = measured(network, images, trained=replace(trained, last=trained.model.get_weights())).after.layers

    paths = ["block/conv_1", "block/conv_2", "block/shortcut_conv", "other/conv_1", "other/conv_2"]
    assert [state.layer for state in states[:-1]] == paths
    assert [(state.kind, state.units, state.fan_in) for state in states[:3]] == [
        ("Conv2D", 4, 9),
        ("Conv2D", 4, 36),
        ("Conv2D", 4, 1),
    ]
    assert all(state.gradient > 0 and state.normalised for state in states[:-1])
    assert [state.dead is None for state in states] == [False, True, False, False, False, True]
    assert states_after[0].dead == 0.5
    keras.utils.set_random_seed(1)
    kernel = architectures()["made"].build(images.shape, 2, architectures()["made"].defaults).layers[0].conv_2.kernel
    assert states[1].weights == pytest.approx(np.sqrt(np.mean(np.square(kernel.numpy()))), rel=1e-5)


def test_measuring_changes_neither_the_network_nor_the_next_training(images):
    network = architectures()["mlp"]
    first = fitted(network, images)
    before = [weight.copy() for weight in first.model.get_weights()]
    probe = measured(network, images, trained=first)
    again = fitted(network, images)

    for one, other, third in zip(before, first.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one, third)
    assert probe.after is not None
    assert all(layer.moved > 0 for layer in probe.after.layers)


def test_the_beginning_is_that_of_the_training_and_the_same_each_time(images):
    network = architectures()["compact_cnn"]
    still = fitted(network, images, epochs=1, learning_rate=1e-12, optimizer="adam")
    probe = measured(network, images, trained=still)

    assert probe.after is not None
    assert [layer.moved for layer in probe.after.layers] == pytest.approx([0] * 4, abs=1e-6)
    assert measured(network, images, trained=still) == probe
    assert measured(network, images, seed=2).before != probe.before


def test_neighbours_tell_labels_that_belong_to_images_from_those_that_do_not(images):
    from cnnproj.diagnosis.chance import by_chance
    from cnnproj.diagnosis.measure import neighbour_confusion

    mixed = images.table.assign(label=np.random.default_rng(1).permutation(images.table["label"]))
    shuffled = Images(mixed, images.set_aside, images.moves, images.classes, images.audit)

    assert np.trace(neighbour_confusion(images.train, images.validation)) >= 39
    assert by_chance(neighbour_confusion(images.train, images.validation)) < 1e-6
    assert by_chance(neighbour_confusion(shuffled.train, shuffled.validation)) > 0.01


def test_the_loss_of_guessing_is_that_of_the_classes_shares(images):
    from cnnproj.diagnosis.measure import _chance_loss
    from cnnproj.inference import make_loss

    train, loss = images.train, make_loss({"loss": "categorical_crossentropy", "label_smoothing": 0.0})
    uneven = replace(train, rows=train.rows[10:], labels=np.array([0] * 63 + [1] * 7))

    assert _chance_loss(loss, train, images.validation) == pytest.approx(np.log(2), rel=1e-5)
    assert _chance_loss(loss, uneven, uneven) == pytest.approx(-0.9 * np.log(0.9) - 0.1 * np.log(0.1), rel=1e-5)


class TestTheMachine:
    @pytest.fixture(autouse=True)
    def no_driver(self, monkeypatch, tmp_path):
        monkeypatch.setattr(machine, "DRIVER", tmp_path)
        monkeypatch.setattr(machine.shutil, "which", lambda name: None)

    def test_has_no_card_where_no_driver_is_at_work(self):
        found = machine.look_at_machine()

        assert (found.gpus, found.idle_card) == ((), "")
        assert found.cores >= 1

    def test_has_a_card_that_the_driver_lists_and_tensorflow_does_not_see(self, tmp_path: Path):
        (tmp_path / "0000:01:00.0").mkdir()
        (tmp_path / "0000:01:00.0" / "information").write_text("Model: \t\t Tesla T4\nIRQ: 3\n")

        assert machine.look_at_machine().idle_card == "Tesla T4"

    @pytest.mark.parametrize(("code", "said", "name"), [(0, "Tesla T4\nTesla T4\n", "Tesla T4"), (9, "failed", "")])
    def test_asks_the_driver_where_it_lists_nothing(self, monkeypatch, code, said, name):
        monkeypatch.setattr(machine.shutil, "which", lambda name: "nvidia-smi")
        answer = SimpleNamespace(returncode=code, stdout=said)
        monkeypatch.setattr(machine.subprocess, "run", lambda *given, **options: answer)

        assert machine.look_at_machine().idle_card == name

    def test_waits_for_the_driver_no_longer_than_it_takes(self, monkeypatch):
        def hang(*given: object, **options: object) -> None:
            raise subprocess.TimeoutExpired("nvidia-smi", 1)

        monkeypatch.setattr(machine.shutil, "which", lambda name: "nvidia-smi")
        monkeypatch.setattr(machine.subprocess, "run", hang)

        assert machine.look_at_machine().idle_card == ""
