"""Every optimizer, loss and activation of the lectures trains, with the last layer that belongs to it."""

import numpy as np
import pytest

from cnnproj.data.augmentation import strengthen
from cnnproj.errors import CnnprojError
from cnnproj.models import ACTIVATIONS, LOSSES, OPTIMIZERS, architecture, architectures, forget

from ..test_balanced_training import images

__all__ = ["images"]


def trained(images, model="mlp", epochs=1, **chosen):
    from cnnproj.training import fit

    network = architectures()[model]
    given = {**network.defaults, "batch_size": 16, **chosen}
    return fit(network, images, given, epochs=epochs, seed=1, augmentation={})


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns(images, optimizer):
    slow = {"sgd": 0.05, "adagrad": 0.05, "adadelta": 5.0}
    result = trained(images, epochs=6, optimizer=optimizer, learning_rate=slow.get(optimizer, 5e-3))

    assert result.history["loss"].iloc[-1] < result.history["loss"].iloc[0] - 0.05


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_has_its_last_layer_and_gives_probabilities(images, loss, tmp_path):
    import keras

    from cnnproj.inference import predict
    from cnnproj.recipe import load_model, save

    result = trained(images, epochs=4, loss=loss)
    probabilities = predict(result.model, images.validation)

    assert result.model.layers[-1].activation is getattr(keras.activations, LOSSES[loss])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (probabilities >= 0).all()
    assert result.history["loss"].iloc[-1] < result.history["loss"].iloc[0]
    save(
        tmp_path,
        result,
        images.validation,
        model="mlp",
        summary="",
        ours=True,
        hyperparameters={**architectures()["mlp"].defaults, "loss": loss},
        resize="stretch",
        epochs=4,
        seed=1,
    )
    np.testing.assert_array_equal(predict(load_model(tmp_path), images.validation), probabilities)


def test_the_validation_loss_is_the_one_that_was_asked_for(images):
    from cnnproj.inference import predict

    result = trained(images, loss="mean_squared_error")
    truth = np.eye(2)[images.validation.labels]

    expected = np.mean((predict(result.model, images.validation) - truth) ** 2)
    assert result.best["val_loss"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("model", ["mlp", "compact_cnn", "deep_cnn"])
def test_every_activation_stands_between_the_layers(model, activation):
    import keras

    network = architectures()[model]
    built = network.build((16, 16, 1), 3, {**network.defaults, "activation": activation})
    between = [layer for layer in built.layers if isinstance(layer, keras.layers.Activation)]

    assert between
    assert all(layer.activation is getattr(keras.activations, activation) for layer in between)


@pytest.mark.parametrize(("model", "depth", "expected"), [("mlp", 3, 3), ("compact_cnn", 4, 4), ("deep_cnn", 2, 4)])
def test_depth_is_the_number_of_layers(model, depth, expected):
    network = architectures()[model]
    built = network.build((32, 32, 1), 3, {**network.defaults, "depth": depth})

    assert sum(layer.name.startswith(("dense_", "conv_")) for layer in built.layers) == expected


def test_a_network_too_deep_for_its_images_is_refused_in_a_sentence():
    network = architectures()["compact_cnn"]
    with pytest.raises(CnnprojError, match="cannot be built for images of 8×8 pixels"):
        network.build((8, 8, 1), 3, {**network.defaults, "depth": 6})


def test_another_momentum_or_weight_decay_gives_other_weights(images):
    plain, other = (trained(images, optimizer="sgd", momentum=value).model.get_weights() for value in (0.9, 0.0))
    decayed = trained(images, optimizer="sgd", weight_decay=0.5).model.get_weights()

    assert not np.array_equal(plain[0], other[0])
    assert not np.array_equal(plain[0], decayed[0])


class TestAStudentsNetwork:
    @pytest.fixture
    def own(self):
        import keras
        from keras import layers

        @architecture(space={})
        def own_cnn(shape, classes, *, last="dense"):
            """Ends as asked."""
            ends = {
                "dense": [layers.Dense(classes, activation="softmax")],
                "apart": [layers.Dense(classes), layers.Softmax()],
            }
            return keras.Sequential([keras.Input(shape), layers.Flatten(), *ends[last]])

        yield architectures()["own_cnn"]
        forget("own_cnn")

    def test_gets_the_last_layer_of_the_loss_too(self, own):
        built = own.build((8, 8, 1), 2, {**own.defaults, "loss": "binary_crossentropy"})
        assert built.layers[-1].activation.__name__ == "sigmoid"

    def test_of_another_end_is_refused_for_a_loss_that_needs_another_activation(self, own):
        with pytest.raises(CnnprojError, match="binary_crossentropy, for which its last layer gets another activation"):
            own.build((8, 8, 1), 2, {**own.defaults, "loss": "binary_crossentropy", "last": "apart"})


GIVEN = {
    "rotation_range": 10.0,
    "zoom_range": [0.9, 1.2],
    "brightness_range": [0.5, 1.5],
    "random_crop": 0.6,
    "horizontal_flip": True,
    "fill_mode": "nearest",
    "cval": 7.0,
}


class TestStrength:
    def test_1_changes_nothing(self):
        assert strengthen(GIVEN, 1.0) == GIVEN

    def test_0_leaves_only_what_has_no_range(self):
        weak = strengthen(GIVEN, 0.0)
        assert weak == {
            **GIVEN,
            "rotation_range": 0,
            "zoom_range": [1, 1],
            "brightness_range": [1, 1],
            "random_crop": 0,
        }

    def test_2_doubles_as_far_as_it_goes(self):
        strong = strengthen(GIVEN, 2.0)
        assert strong["rotation_range"] == 20
        assert strong["zoom_range"] == pytest.approx([0.8, 1.4])
        assert strong["brightness_range"] == [0.0, 2.0]
        assert strong["random_crop"] == 0.99
        assert (strong["horizontal_flip"], strong["cval"]) == (True, 7.0)

    def test_is_a_hyperparameter(self, images):
        from cnnproj.training import fit

        network = architectures()["mlp"]
        given = {**network.defaults, "batch_size": 16}
        weights = []
        for strength in (0.0, 2.0):
            result = fit(
                network,
                images,
                {**given, "augmentation": strength},
                epochs=1,
                seed=1,
                augmentation={"width_shift_range": 0.2},
            )
            assert (result.artificial_images > 0) == (strength > 0)
            weights.append(result.model.get_weights()[0])
        assert not np.array_equal(*weights)
