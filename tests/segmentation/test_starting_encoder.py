"""The encoder begins as a trained classifier of the same stages, or as another segmentation network."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cnnproj.errors import CnnprojError
from cnnproj.files import digest_arrays
from cnnproj.models import architectures
from cnnproj.models.starting_weights import digest_of, starting_weights
from cnnproj.recipe import Recipe
from cnnproj.segmentation.networks import segmenters
from cnnproj.segmentation.recipe import SegmentationRecipe
from cnnproj.segmentation.starting_encoder import encoder
from cnnproj.segmentation.training import fit_segmenter

SHAPE = (32, 32, 3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes a network with random weights as a run leaves a trained one; gives the folder of it."""

    def write(name: str, shape: tuple[int, int, int] = SHAPE, **chosen: object) -> Path:
        folder = tmp_path_factory.mktemp(name)
        network = {**architectures(), **segmenters()}[name]
        model = network.build(shape, 3, {**network.defaults, **chosen})
        model.save_weights(folder / "model.weights.h5")
        known = {
            "model": name,
            "summary": "",
            "shape": shape,
            "resize": "stretch",
            "classes": ("a", "b", "c"),
            "hyperparameters": {**network.defaults, **chosen},
            "epochs": 1,
            "seed": 1,
            "best_epoch": 1,
            "val_loss": 1.0,
            "parameters": model.count_params(),
            "weights_digest": digest_arrays(model.get_weights()),
        }
        if name in segmenters():
            recipe = SegmentationRecipe(**known, val_dice=0.5, real_images=1, artificial_images=0)
        else:
            recipe = Recipe(**known, ours=True, val_accuracy=0.5)
        (folder / "recipe.json").write_text(recipe.model_dump_json())
        return folder

    return write


def begun(name: str, start: Path | str, folder: Path | None = Path(), **chosen: object):
    """The network ``name``, built and begun with the model in ``start``; and the digest of what it took."""
    network = segmenters()[name]
    hyperparameters = {**network.defaults, "filters": 2, **chosen, "weights": str(start)}
    model = network.build(SHAPE, 2, hyperparameters)
    return model, network.begin(model, hyperparameters, folder)


@pytest.mark.parametrize("name", ["segnet", "fcn8s"])
def test_the_stages_of_vgg_come_from_a_trained_classifier(name, trained):
    folder = trained("vgg16", filters=2, units=4)
    model, digest = begun(name, folder)
    network = architectures()["vgg16"]
    classifier = network.build(SHAPE, 3, {**network.defaults, "filters": 2, "units": 4})
    classifier.load_weights(folder / "model.weights.h5")
    taken = [layer for layer in encoder(model) if "deep" not in layer.name]
    assert len(taken) == (26 if name == "fcn8s" else 8)  # of 32 pixels SegNet has two stages
    for layer in taken:
        for mine, theirs in zip(layer.get_weights(), classifier.get_layer(layer.name).get_weights(), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    assert digest == digest_arrays([array for layer in taken for array in layer.get_weights()])


def test_another_run_of_segmentation_gives_its_encoder_and_what_is_behind_the_last_pooling(trained):
    folder = trained("unet", filters=2)
    network = segmenters()["unet"]
    theirs = network.build(SHAPE, 3, {**network.defaults, "filters": 2})
    theirs.load_weights(folder / "model.weights.h5")
    model, _ = begun("unet", folder)
    assert "conv_deep_2" in [layer.name for layer in encoder(model)]
    for mine, other in zip(encoder(model), encoder(theirs), strict=True):
        np.testing.assert_array_equal(mine.get_weights()[0], other.get_weights()[0])
    decoder = model.get_layer("conv_up_1_1").get_weights()[0]
    assert not np.array_equal(decoder, theirs.get_layer("conv_up_1_1").get_weights()[0])


def test_random_weights_are_none_at_all():
    assert begun("unet", "none", None)[1] == ""


def test_what_does_not_fit_gets_a_sentence_that_says_where(trained, tmp_path):
    for start, words in (
        (tmp_path, "no trained model at"),
        (trained("vgg16", filters=4, units=4), r"conv_1_1 3×3×3×2, there it is conv_1_1 3×3×3×4"),
        (trained("vgg16", (32, 32, 1), filters=2, units=4), r"3×3×3×2, there it is conv_1_1 3×3×1×2"),
        (trained("vgg16", filters=2, units=4, form="original"), r"norm_1_1 2, there it is conv_1_2"),
        (trained("unet", filters=2), "conv_down_1_1"),
    ):
        with pytest.raises(CnnprojError, match=words):
            begun("segnet", start)
    with pytest.raises(CnnprojError, match="not part of what is checked"):
        begun("segnet", tmp_path, None)
    with pytest.raises(CnnprojError, match=r"conv_3_4 .*"):
        begun("fcn8s", trained("vgg19", filters=2, units=4))


def test_a_damaged_model_gets_a_sentence(trained):
    folder = trained("vgg16", filters=2, units=4)
    recipe = json.loads((folder / "recipe.json").read_text())
    for text, words in (
        ("{", "cannot be read"),
        (json.dumps({**recipe, "shape": [1]}), "cannot be read"),
        (json.dumps({**recipe, "model": "mine"}), "network of your own"),
        (json.dumps({**recipe, "weights_digest": "0"}), "weights"),
    ):
        (folder / "recipe.json").write_text(text)
        with pytest.raises(CnnprojError, match=words):
            begun("segnet", folder)


def test_what_a_stage_depends_on_changes_with_the_weights(trained, tmp_path):
    folder = trained("unet", filters=2)
    assert digest_of(str(folder), tmp_path) == json.loads((folder / "recipe.json").read_text())["weights_digest"]
    (folder / "recipe.json").write_text("{")
    assert len(digest_of(str(folder), tmp_path)) == 64
    assert digest_of("none", None) == ""
    assert digest_of(str(tmp_path / "nothing"), tmp_path) is None


def test_a_classifier_does_not_begin_as_a_segmentation_network(trained):
    network = architectures()["transfer"]
    chosen = {**network.defaults, "backbone": "compact_cnn(filters=2)", "weights": str(trained("unet", filters=2))}
    with pytest.raises(CnnprojError, match="no classifier"):
        starting_weights(network.build(SHAPE, 2, chosen), chosen, Path())


def test_training_begins_there_and_says_so(cells, trained):
    network = segmenters()["fcn8s"]
    chosen = {**network.defaults, "filters": 2}
    folder = trained("vgg16", filters=2, units=4)
    result = fit_segmenter(
        network,
        cells,
        {**chosen, "weights": folder.name, "learning_rate": 1e-9},
        epochs=1,
        seed=1,
        augmentation={},
        folder=folder.parent,
    )
    assert len(result.start) == 64


def test_the_diagnosis_measures_the_encoder_that_training_began_with(cells, trained):
    from cnnproj.diagnosis.measure_pixels import measure

    network, folder = segmenters()["unet"], trained("unet", filters=2)
    chosen = {**network.defaults, "filters": 2}
    at_random = measure(network, cells, chosen, seed=1, trained=None)
    taken = measure(network, cells, {**chosen, "weights": folder.name}, seed=1, trained=None, folder=folder.parent)

    assert taken.before.loss != at_random.before.loss
    with pytest.raises(CnnprojError, match=folder.name):
        measure(network, cells, {**chosen, "weights": folder.name}, seed=1, trained=None)
