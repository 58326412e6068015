"""What is registered can be built for any images; what is not a network of ours or of a student's is refused."""

import sys
from collections.abc import Iterator

import pytest

from cnnproj import words
from cnnproj.errors import CnnprojError
from cnnproj.models import TRAINING_DEFAULTS, Architecture, Choice, Range, architecture, architectures, forget
from cnnproj.settings import DEFAULT_MODELS

SHAPE, CLASSES = (32, 32, 1), 4


@pytest.fixture(autouse=True)
def clean_register(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(words, "_language", "en")
    before = architectures()
    yield
    for name in architectures().keys() - before.keys():
        forget(name)


def ours() -> set[str]:
    return {name for name, network in architectures().items() if network.ours}


def dense(shape, classes, **options):
    import keras

    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(classes, **options)])


def registered(builder) -> Architecture:
    architecture(space={})(builder)
    return architectures()[builder.__name__]


def test_our_own_networks_are_registered():
    assert set(DEFAULT_MODELS) < ours()
    assert {"lenet5", "alexnet", "vgg16", "googlenet", "resnet18", "densenet121", "transfer"} < ours()
    assert all(architectures()[name].summary.endswith(".") for name in ours())


def test_a_students_network_joins_them_with_its_defaults_and_its_space():
    @architecture(space={"width": Choice(8, 16), "learning_rate": Range(1e-4, 1e-2, log=True)})
    def my_net(shape, classes, *, width=8, batch_size=64):
        """Mine.

        More about it.
        """
        return dense(shape, classes)

    network = architectures()["my_net"]
    assert list(architectures())[-1] == "my_net"
    assert network.defaults == {**TRAINING_DEFAULTS, "width": 8, "batch_size": 64}
    assert network.space == {"width": Choice(8, 16), "learning_rate": Range(1e-4, 1e-2, log=True)}
    assert (network.ours, network.summary) == (False, "Mine.")
    assert my_net is network.builder


def test_a_network_is_built_with_its_own_hyperparameters_and_not_with_those_of_training():
    given = {}

    def my_net(shape, classes, *, width=8):
        given.update(shape=shape, classes=classes, width=width)
        return dense(shape, classes)

    model = registered(my_net).build(SHAPE, CLASSES, {**TRAINING_DEFAULTS, "width": 16})

    assert given == {"shape": SHAPE, "classes": CLASSES, "width": 16}
    assert model.name == "my_net"
    assert model.output_shape == (None, CLASSES)


def test_a_cell_run_again_replaces_the_network():
    def first():
        def my_net(shape, classes, *, width=8): ...

        return my_net

    registered(first())
    registered(lambda_named("my_net", 16))

    assert architectures()["my_net"].defaults["width"] == 16


def lambda_named(name: str, width: int):
    def builder(shape, classes, *, width=width): ...

    builder.__name__ = name
    return builder


def test_the_name_of_one_of_ours_is_taken():
    before = architectures()["mlp"]

    with pytest.raises(CnnprojError, match="already a model 'mlp'"):
        registered(lambda_named("mlp", 1))
    assert architectures()["mlp"] is before


def test_a_students_network_can_be_forgotten_and_ours_cannot():
    before = ours()
    registered(lambda_named("my_net", 1))
    for name in ("my_net", "mlp", "never_there"):
        forget(name)

    assert "my_net" not in architectures()
    assert ours() == before


def test_a_hyperparameter_without_a_default_is_refused_by_name():
    def my_net(shape, classes, *, width): ...

    with pytest.raises(CnnprojError, match="'width' of the model 'my_net' has no default"):
        registered(my_net)
    assert "my_net" not in architectures()


def test_a_space_for_a_hyperparameter_that_there_is_not_is_refused_with_those_that_there_are():
    with pytest.raises(CnnprojError, match=r"names 'widht'.*batch_size.*width"):
        architecture(space={"widht": Choice(1)})(lambda_named("my_net", 1))
    assert "my_net" not in architectures()


def test_what_is_no_sequential_is_refused_by_what_it_is():
    import keras

    def my_net(shape, classes):
        image = keras.Input(shape)
        return keras.Model(image, keras.layers.Dense(classes)(keras.layers.Flatten()(image)))

    with pytest.raises(CnnprojError, match=r"must return a keras\.Sequential\. It returned Functional"):
        registered(my_net).build(SHAPE, CLASSES, {})


def test_a_builder_that_forgets_to_return_is_refused():
    def my_net(shape, classes): ...

    with pytest.raises(CnnprojError, match="It returned NoneType"):
        registered(my_net).build(SHAPE, CLASSES, {})


def test_the_wrong_number_of_outputs_is_refused_with_what_it_ends_with():
    def my_net(shape, classes):
        return dense(shape, 10)

    with pytest.raises(CnnprojError, match=r"4 outputs, one for each class\. It ends with \(10,\)"):
        registered(my_net).build(SHAPE, CLASSES, {})


def test_a_network_without_its_input_is_refused():
    import keras

    def my_net(shape, classes):
        return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(classes)])

    with pytest.raises(CnnprojError, match=r"must start with keras\.Input"):
        registered(my_net).build(SHAPE, CLASSES, {})


def test_images_too_small_for_a_network_are_told_with_their_size():
    import keras

    def my_net(shape, classes):
        layers = keras.layers
        return keras.Sequential([keras.Input(shape), layers.Conv2D(2, 9), layers.Flatten(), layers.Dense(classes)])

    with pytest.raises(CnnprojError, match="'my_net' cannot be built for images of 8×6 pixels") as caught:
        registered(my_net).build((8, 6, 1), CLASSES, {})
    assert "\n" not in str(caught.value)


def test_the_fingerprint_changes_with_the_code_and_with_nothing_else(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)

    def fingerprint_of(module: str, body: str) -> str:
        (tmp_path / f"{module}.py").write_text(f"def my_net(shape, classes, *, width=8):\n    {body}\n")
        return registered(__import__(module).my_net).fingerprint

    fingerprints = [
        fingerprint_of(f"written_{place}", body) for place, body in enumerate(["return 1", "return 1", "return 2"])
    ]
    for place in range(3):
        del sys.modules[f"written_{place}"]

    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


def typed_at_a_prompt(code: str):
    names = {"__name__": "__main__"}
    exec(code, names)
    return names["my_net"]


def test_a_network_typed_at_a_prompt_has_a_fingerprint_that_changes_with_its_code():
    codes = [
        "def my_net(shape, classes): return shape + 1",
        "def my_net(shape, classes): return shape + 1",
        "def my_net(shape, classes): return shape + 2",
        "def my_net(shape, classes): return shape.first()",
        "def my_net(shape, classes): return shape.other()",
        "def my_net(shape, classes): return [shape.a() for _ in 'x']",
        "def my_net(shape, classes): return [shape.b() for _ in 'x']",
        "def my_net(shape, classes, *, width=8): return shape + 1",
        "def my_net(shape, classes, *, width=9): return shape + 1",
    ]
    fingerprints = [registered(typed_at_a_prompt(code)).fingerprint for code in codes]

    assert fingerprints[0] == fingerprints[1]
    assert len(set(fingerprints)) == len(codes) - 1


def test_the_fingerprint_of_nested_code_typed_at_a_prompt_is_the_same_in_another_session():
    code = "def my_net(shape, classes): return [(lambda x: x)(shape) for _ in 'x']"

    one, other = (registered(typed_at_a_prompt(code)).fingerprint for _ in range(2))

    assert one == other
