"""The networks of the lectures have the figures of their papers, and compute what Keras' own copies of them do."""

import math
from collections.abc import Iterator
from functools import cache

import pytest

from cnnproj import words
from cnnproj.errors import CnnprojError
from cnnproj.models import TRAINING_DEFAULTS, Choice, architecture, architectures, forget
from cnnproj.models.forms import FORMS

from .inside import inner_layers

LECTURES = sorted(name for name, network in architectures().items() if network.smallest)
IMAGENET = ((224, 224, 3), 1000)
# The papers' own figures, or those of the copies that everybody uses; see the head of each file.
TRAINABLE = {
    "lenet5": (((32, 32, 1), 10), 61_706),
    "alexnet": (((227, 227, 3), 1000), 60_965_224),
    "vgg16": (IMAGENET, 138_357_544),
    "vgg19": (IMAGENET, 143_667_240),
    "googlenet": (IMAGENET, 6_998_552),
    "resnet18": (IMAGENET, 11_689_512),
    "resnet34": (IMAGENET, 21_797_672),
    "resnet50": (IMAGENET, 25_557_032),
    "resnet101": (IMAGENET, 44_549_160),
    "resnet152": (IMAGENET, 60_192_808),
    "densenet121": (IMAGENET, 7_978_856),
    "densenet169": (IMAGENET, 14_149_480),
    "densenet201": (IMAGENET, 20_013_928),
}
# Of the blocks of a smaller one: what one form refuses, the other does.
FAMILIES = [
    name for name in LECTURES if name in ("alexnet", "googlenet", "lenet5") or name.endswith(("16", "18", "121"))
]


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_language", "en")


@pytest.fixture(autouse=True)
def nothing_computed() -> Iterator[None]:
    """In a graph of its own: layers and their shapes are made, and no weights."""
    import tensorflow as tf

    with tf.Graph().as_default():
        yield


def built(name: str, shape: tuple[int, int, int], classes: int, **chosen: object):
    network = architectures()[name]
    return network.build(shape, classes, {**network.defaults, **chosen})


@cache  # some have more than a thousand arrays of weights, and take seconds
def original(name: str):
    (shape, classes), _ = TRAINABLE[name]
    return built(name, shape, classes, form="original")


@cache
def small(name: str):
    return built(name, (28, 28, 1), 4)


def count(weights) -> int:
    return sum(math.prod(weight.shape) for weight in weights)


def convolutions(model) -> dict[str, int]:
    """The filters of each convolution, by its path."""
    return {path: layer.filters for path, layer in inner_layers(model).items() if hasattr(layer, "filters")}


class TestTheFiguresOfThePapers:
    @pytest.mark.parametrize("name", LECTURES)
    def test_the_trainable_parameters_of_the_original_form(self, name):
        assert count(original(name).trainable_variables) == TRAINABLE[name][1]

    def test_lenet_of_the_lecture_by_layer(self):
        model = built("lenet5", (28, 28, 1), 10)

        assert [layer.count_params() for layer in model.layers if layer.weights] == [60, 880, 48_120, 10_164, 850]

    def test_lenet_has_no_more_parameters_for_larger_images_and_hands_on_where_each_map_is_strongest(self):
        model = built("lenet5", (64, 48, 1), 10)

        assert [layer.count_params() for layer in model.layers if layer.weights] == [60, 880, 48_120, 10_164, 850]
        assert model.get_layer("strongest").input.shape == (None, 10, 6, 120)

    def test_lenet_of_1998_ends_its_convolutions_in_one_position(self):
        model = original("lenet5")

        assert model.get_layer("conv_3").output.shape == (None, 1, 1, 120)
        assert model.get_layer("act_1").activation.__name__ == "tanh"

    def test_resnet18_has_17_convolutions_on_its_main_path_with_3904_maps(self):
        on_the_way = convolutions(original("resnet18"))
        main = {path: maps for path, maps in on_the_way.items() if "shortcut" not in path}

        assert (len(main), sum(main.values())) == (17, 3904)
        assert len(on_the_way) == 20
        assert list(main)[:3] == ["conv_1", "stage_1_1/conv_1", "stage_1_1/conv_2"]

    @pytest.mark.parametrize(
        ("name", "depth"),
        [
            *(("alexnet", 8), ("vgg16", 16), ("vgg19", 19), ("resnet34", 34), ("resnet50", 50), ("resnet101", 101)),
            *(("resnet152", 152), ("densenet121", 121), ("densenet169", 169), ("densenet201", 201)),
        ],
    )
    @pytest.mark.parametrize("form", [small, original])
    def test_the_number_in_the_name_is_that_of_the_layers_with_weights(self, name, depth, form):
        layers = inner_layers(form(name))
        computing = [path for path, layer in layers.items() if hasattr(layer, "kernel") and "shortcut" not in path]

        assert len(computing) == depth

    def test_googlenet_is_22_layers_deep_and_57_convolutions_wide(self):
        found = convolutions(original("googlenet"))

        assert len(found) == 57
        assert found["inception_4a/conv_5_reduce"] == 16

    def test_googlenet_with_its_auxiliary_heads(self):
        from cnnproj.models.googlenet import with_auxiliary_heads

        model = with_auxiliary_heads(*IMAGENET)

        assert count(model.trainable_variables) == 13_378_280
        assert model.output_names == ["probabilities", "head_4a", "head_4d"]
        assert [output.shape for output in model.outputs] == [(None, 1000)] * 3
        assert count(with_auxiliary_heads((28, 28, 1), 3, form="small").trainable_variables) < 1_000_000

    @pytest.mark.parametrize("name", [name for name in FAMILIES if name != "lenet5"])
    def test_the_small_form_is_as_wide_as_the_original_where_it_is_asked_to_be(self, name):
        widths = {"growth_rate": 32} if "densenet" in name else {"filters": 96 if name == "alexnet" else 64}
        one, other = (convolutions(built(name, (96, 96, 3), 4, form=form, **widths)) for form in FORMS)

        assert one == other


class TestTheForms:
    @pytest.mark.parametrize("name", FAMILIES)
    @pytest.mark.parametrize("form", FORMS)
    def test_the_smallest_size_is_built_and_one_pixel_less_is_refused(self, name, form):
        smallest = architectures()[name].smallest[form]

        assert built(name, (smallest, smallest, 1), 2, form=form).output_shape == (None, 2)
        for shape in ((smallest - 1, smallest, 1), (smallest + 9, smallest - 1, 3)):
            with pytest.raises(CnnprojError) as caught:
                built(name, shape, 2, form=form)
            told = str(caught.value)
            assert f"'{name}' with form = \"{form}\" needs images of at least {smallest}×{smallest} pixels" in told
            assert f"data.size in project.toml is [{shape[0]}, {shape[1]}]" in told

    @pytest.mark.parametrize(
        ("name", "form"), [("lenet5", "small"), *((name, "original") for name in ("lenet5", "alexnet", "vgg16"))]
    )
    def test_the_smallest_size_is_the_smallest_that_can_be(self, name, form):
        network = architectures()[name]
        side = network.smallest[form] - 1

        with pytest.raises(ValueError, match=r"negative|smaller|greater|output shape"):
            network.builder((side, side, 1), 2, form=form)

    @pytest.mark.parametrize("name", LECTURES)
    def test_another_form_is_refused_with_those_that_there_are(self, name):
        with pytest.raises(CnnprojError, match=f"'form' of the model '{name}' must be one of small, original.*'large'"):
            built(name, (64, 64, 1), 2, form="large")

    @pytest.mark.parametrize("name", FAMILIES)
    @pytest.mark.parametrize(("side", "least"), [(28, 4), (64, 4), (96, 6)])
    def test_the_small_form_keeps_positions_to_look_at(self, name, side, least):
        from cnnproj.interpretation.opened_model import gradcam_layer

        model = built(name, (side, side, 3), 5)
        layer = gradcam_layer(model)

        assert layer is not None
        most = 22 if name == "lenet5" else 21  # its two poolings leave 22 of 96
        assert least <= min(model.get_layer(layer).output.shape[1:3]) <= most
        assert count(model.trainable_variables) < 6_000_000


class TestTheRegister:
    def test_a_network_brings_its_own_defaults_of_training(self):
        assert architectures()["vgg16"].defaults["learning_rate"] == 1e-3
        assert architectures()["mlp"].defaults["learning_rate"] == TRAINING_DEFAULTS["learning_rate"]

    def test_a_default_of_training_that_there_is_not_is_refused(self):
        def my_net(shape, classes): ...

        with pytest.raises(CnnprojError, match="'my_net' name 'learning_rat', which is no hyperparameter of training"):
            architecture(space={}, training={"learning_rat": 1e-3})(my_net)
        assert "my_net" not in architectures()

    def test_the_files_that_a_network_is_made_of_count_in_its_fingerprint(self, tmp_path, monkeypatch):
        monkeypatch.syspath_prepend(tmp_path)
        fingerprints = []
        for number, (part, own) in enumerate([("a = 1", ""), ("a = 1", ""), ("a = 2", ""), ("a = 2", "b = 1")]):
            module = f"made_{number}"
            (tmp_path / "part.py").write_text(part)
            (tmp_path / f"{module}.py").write_text(f"def my_net(shape, classes): ...\n{own}")
            architecture(space={"batch_size": Choice(8, 16)}, parts=("part.py",))(__import__(module).my_net)
            fingerprints.append(architectures()["my_net"].fingerprint)
            forget("my_net")

        assert fingerprints[0] == fingerprints[1]
        assert len(set(fingerprints)) == 3

    def test_every_network_has_a_fingerprint_of_its_own(self):
        assert len({network.fingerprint for network in architectures().values()}) == len(architectures())

    def test_what_a_search_varies_is_not_the_width_so_that_the_original_stays_it(self):
        for name in LECTURES:
            assert not {"filters", "growth_rate", "units", "form"} & architectures()[name].space.keys()
