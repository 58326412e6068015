"""Every segmentation network learns; one seed gives one training; the best epoch by Dice is the one that is kept."""

import numpy as np
import pytest

from cnnproj.errors import CnnprojError
from cnnproj.segmentation.batches import MaskedBatches
from cnnproj.segmentation.explanation import explained_layer, seg_grad_cam, share_on
from cnnproj.segmentation.inference import measure, predict
from cnnproj.segmentation.losses import LOSSES
from cnnproj.segmentation.networks import segmenters
from cnnproj.segmentation.scores import count, scores
from cnnproj.segmentation.training import fit_segmenter
from cnnproj.settings import TrainingTable

SMALL = {"unet": {"filters": 8, "depth": 2}, "segnet": {"filters": 8, "depth": 2}, "fcn8s": {"filters": 8}}


def fit(name, images, **changes):
    network = segmenters()[name]
    chosen = {**network.defaults, **SMALL[name], "learning_rate": 1e-2, **changes.pop("hyperparameters", {})}
    how = {"epochs": 12, "seed": 1, "augmentation": {"horizontal_flip": True}, **changes}
    return fit_segmenter(network, images, chosen, **how)


@pytest.mark.parametrize(("name", "least"), [("unet", 0.9), ("segnet", 0.7), ("fcn8s", 0.4)])
def test_every_network_learns_a_tiny_set_and_tells_what_it_looked_at(name, least, cells):
    result = fit(name, cells, epochs=20, hyperparameters={"batch_size": 4})
    validation = cells.validation
    assert result.best["val_dice"] >= least
    assert result.best["val_dice"] == result.history["val_dice"].max()
    predicted = predict(result.model, validation)
    counts = count(validation.truth(), predicted, 3)
    assert scores(counts)["dice"] == pytest.approx(result.best["val_dice"])
    assert result.real_images == len(cells.train)
    assert result.artificial_images == 20 * len(cells.train)

    images = validation.images(np.arange(3)).astype(np.float32) / 255
    heat = seg_grad_cam(result.model, images, np.array([1, 1, 2]), predicted[:3])
    assert heat.shape == (3, 32, 32)
    assert (heat >= 0).all()
    assert np.isfinite(heat).all()


def test_one_seed_gives_one_training(cells):
    one, other = (fit("segnet", cells, epochs=2) for _ in range(2))
    columns = ["loss", "dice", "val_loss", "val_dice"]
    np.testing.assert_array_equal(one.history[columns], other.history[columns])
    for first, second in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("loss", ["binary_crossentropy", "focal", "dice"])
def test_every_loss_trains(loss, cells):
    result = fit("unet", cells, epochs=3, hyperparameters={"loss": loss})
    assert result.history["loss"].iloc[-1] < result.history["loss"].iloc[0]
    assert measure(result.model, LOSSES[loss], cells.validation)["val_dice"] == result.best["val_dice"]


def test_a_loss_that_is_no_number_ends_the_training(cells):
    with pytest.raises(CnnprojError, match="number"):
        fit("unet", cells, hyperparameters={"optimizer": "sgd", "learning_rate": 1e30, "filters": 4})


def test_patience_ends_a_training_that_gets_no_better(cells):
    result = fit(
        "unet", cells, hyperparameters={"learning_rate": 1e-12, "filters": 4}, training=TrainingTable(patience=1)
    )
    assert len(result.history) < 12


def test_batches_are_the_same_for_the_same_place(cells):
    batches = MaskedBatches(cells.train, 8, seed=4)
    images, masks = batches.batch(1, 0)
    again = batches.batch(1, 0)
    np.testing.assert_array_equal(images, again[0])
    np.testing.assert_array_equal(masks, again[1])
    assert images.dtype == np.float32
    assert (images >= 0).all()
    assert (images <= 1).all()
    assert masks.dtype == np.uint8


def test_seg_grad_cam_equals_its_definition(cells):
    """Vinogradova et al. (2020): Grad-CAM with the sum of a class's logits over a set of pixels."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(2)
    network = segmenters()["unet"]
    model = network.build((32, 32, 3), 3, {**network.defaults, **SMALL["unet"]})
    image = cells.validation.images(np.arange(1)).astype(np.float32) / 255
    predicted = np.zeros((1, 32, 32), np.uint8)
    predicted[0, 5:9, 5:9] = 1
    both = keras.Model(model.inputs[0], [model.get_layer("bottleneck").output, model.get_layer("logits").output])
    with tf.GradientTape() as tape:
        maps, logits = both(image)
        score = tf.reduce_sum(logits[0, 5:9, 5:9, 1])
    weights = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2), keepdims=True)
    by_hand = np.maximum(tf.reduce_sum(weights * maps, axis=-1).numpy()[0], 0)
    found = seg_grad_cam(model, image, np.array([1]), predicted)[0]
    # They are enlarged; at the corners, where nothing is interpolated, they must agree.
    np.testing.assert_allclose(found[::31, ::31], by_hand[:: len(by_hand) - 1, :: len(by_hand) - 1], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "side", "layer"),
    [("unet", 64, "bottleneck"), ("segnet", 64, "bottleneck"), ("fcn8s", 64, "relu_4_3"), ("fcn8s", 256, "bottleneck")],
)
def test_what_is_explained_are_the_deepest_maps_that_still_say_where(name, side, layer):
    network = segmenters()[name]
    model = network.build((side, side, 3), 3, {**network.defaults, "filters": 2})

    assert explained_layer(model) == layer
    assert min(model.get_layer(layer).output.shape[1:3]) >= 8


def test_the_share_of_the_heat_is_of_all_heat():
    heat = np.array([[1.0, 3.0], [0.0, 4.0]])
    assert share_on(heat, np.array([[True, True], [False, False]])) == 0.5
    assert np.isnan(share_on(np.zeros((2, 2)), np.ones((2, 2), bool)))
