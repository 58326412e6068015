"""The architectures by name. Registering one makes it tunable, trainable, comparable and explainable like the rest."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, MappingProxyType
from typing import TYPE_CHECKING

from cnnproj.errors import CnnprojError
from cnnproj.models.phases import Phase
from cnnproj.models.space import Space, Value

if TYPE_CHECKING:
    import keras

Builder = Callable[..., "keras.Sequential"]
# Gives a network that has just been built the weights that its hyperparameters name, and returns a digest of them, or
# "" where it begins with random ones; the path is where paths in hyperparameters start from, where there is a project.
Start = Callable[["keras.Sequential", Mapping[str, Value], Path | None], str]
# The phases in which a network with such hyperparameters is trained for so many epochs.
Plan = Callable[[Mapping[str, Value], int], list[Phase]]

# What `cnnproj.training` takes for every architecture, with its default: how a network is trained rather than built.
TRAINING_DEFAULTS: Mapping[str, Value] = MappingProxyType(
    {
        "optimizer": "adamw",
        "learning_rate": 1e-2,
        "momentum": 0.9,
        "weight_decay": 1e-2,
        "batch_size": 64,
        "loss": "categorical_crossentropy",
        "label_smoothing": 0.05,
        "augmentation": 1.0,  # how strong: what the ranges of [augmentation] are multiplied by
    }
)
# What means nothing unless another hyperparameter has one of these values.
CONDITIONS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "momentum": ("optimizer", ("sgd",)),
        "weight_decay": ("optimizer", ("sgd", "rmsprop", "adagrad", "adadelta", "adamw", "adamax")),
        "label_smoothing": ("loss", ("categorical_crossentropy", "binary_crossentropy")),
    }
)
# What networks are measured against in the evaluation: no network is called so.
BASELINES = ("majority_class", "logistic_regression")
# Keras' own 0.99 needs some 500 steps before the running statistics can be used; a course's trial has fewer.
BATCH_NORM_MOMENTUM = 0.9
OPTIMIZERS = ("sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamw", "adamax")
ACTIVATIONS = ("relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid")
# The losses, each with the activation of the last layer that goes with it. The squared and the absolute error compare
# the probabilities of all classes with 1 for the right one and 0 for the others: the first is Brier's score (1950).
LOSSES: Mapping[str, str] = MappingProxyType(
    {
        "categorical_crossentropy": "softmax",
        "binary_crossentropy": "sigmoid",  # each class by itself: does the image belong to it or not
        "mean_squared_error": "softmax",
        "mean_absolute_error": "softmax",
    }
)


@dataclass(frozen=True)
class Architecture:
    """A network that can be built for any image shape and number of classes.

    Attributes:
        name: what ``project.toml`` and the reports call it.
        builder: ``builder(shape, classes, **hyperparameters)`` → an unbuilt-weights ``keras.Sequential``.
        defaults: every hyperparameter, the builder's own and the training's, with its default value.
        space: the hyperparameters that a search varies unless ``project.toml`` says otherwise.
        smallest: the least height and width that it works for, by the value of its hyperparameter ``form``; empty
            where none is declared.
        ours: whether cnnproj ships it; a student's own travels as a whole ``.keras`` file as well.
        fingerprint: changes when the code that builds the network does.
        start: gives it the weights that its training starts from; none where these are random.
        plan: the phases of its training; none where all layers learn all the time.
    """

    name: str
    builder: Builder
    defaults: Mapping[str, Value]
    space: Mapping[str, Space]
    smallest: Mapping[str, int]
    ours: bool
    fingerprint: str
    start: Start | None = None
    plan: Plan | None = None

    def build(
        self, shape: tuple[int, int, int], classes: int, hyperparameters: Mapping[str, Value]
    ) -> keras.Sequential:
        """The network for images of ``shape`` (height, width, channels), its last layer as the loss asks for.

        Raises:
            CnnprojError: where the network does not fit the images, or is no ``Sequential``.
        """
        import keras

        form = str(hyperparameters.get("form", self.defaults.get("form", "")))
        if form in self.smallest and min(shape[:2]) < self.smallest[form]:
            height, width, _ = shape
            numbers = {"height": height, "width": width, "smallest": self.smallest[form]}
            raise CnnprojError("networks.too_small", model=self.name, form=form, **numbers)
        own = {key: value for key, value in hyperparameters.items() if key not in TRAINING_DEFAULTS}
        try:
            model = self.builder(shape, classes, **own)
        except ValueError as error:
            raise CnnprojError(
                "models.cannot_build", model=self.name, height=shape[0], width=shape[1], reason=_first_line(error)
            ) from error
        if not isinstance(model, keras.Sequential):
            raise CnnprojError("models.not_sequential", model=self.name, came=type(model).__name__)
        if not model.built or model.output_shape != (None, classes):
            came = model.output_shape[1:] if model.built else "?"
            raise CnnprojError("models.wrong_output", model=self.name, classes=classes, came=came)
        model.name = self.name
        output = LOSSES[str(hyperparameters.get("loss", TRAINING_DEFAULTS["loss"]))]
        if output != "softmax":
            if getattr(model.layers[-1], "activation", None) is not keras.activations.softmax:
                raise CnnprojError("models.no_softmax", model=self.name, loss=hyperparameters["loss"])
            model.layers[-1].activation = keras.activations.get(output)
        return model

    def begin(self, model: keras.Sequential, hyperparameters: Mapping[str, Value], folder: Path | None) -> str:
        """Give ``model``, just built, the weights that its training starts from: building it does not need them.

        Args:
            model: what ``build`` gave.
            hyperparameters: those it was built with.
            folder: where paths in them start from: of the project, or none where no file may be opened.

        Returns:
            A digest of these weights, or "" where the network begins with random ones.

        Raises:
            CnnprojError: where they cannot be had.
        """
        return self.start(model, hyperparameters, folder) if self.start else ""

    def phases(self, hyperparameters: Mapping[str, Value], epochs: int) -> list[Phase]:
        """The phases of a training of ``epochs`` epochs, each of at least one."""
        return self.plan(hyperparameters, epochs) if self.plan else [Phase(epochs)]

    @property
    def summary(self) -> str:
        """The first line of the builder's docstring."""
        return (inspect.getdoc(self.builder) or "").split("\n")[0]


def _source(function: Builder) -> str:
    try:
        return inspect.getsource(function)
    except OSError:  # typed at a prompt: there is no file to read
        return repr((_parts(function.__code__), function.__kwdefaults__))


def _texts(function: Builder, parts: tuple[str, ...]) -> list[str]:
    """What the file of ``function`` and ``parts``, paths from its folder, say; nothing where there are no parts."""
    own = Path(inspect.getfile(function)) if parts else Path()
    return [(own.parent / name).read_text(encoding="utf-8") for name in ((own.name, *parts) if parts else ())]


def _parts(code: CodeType) -> list[object]:
    """All that makes up ``code``, without the addresses and line numbers that change from session to session."""
    inner = [_parts(value) if isinstance(value, CodeType) else value for value in code.co_consts]
    return [code.co_code, code.co_names, code.co_varnames, inner]


def _first_line(error: Exception) -> str:
    return next(line.strip() for line in str(error).splitlines() if line.strip())


_architectures: dict[str, Architecture] = {}


def architecture(
    *,
    space: Mapping[str, Space],
    training: Mapping[str, Value] = MappingProxyType({}),
    smallest: Mapping[str, int] = MappingProxyType({}),
    parts: tuple[str, ...] = (),
    start: Start | None = None,
    plan: Plan | None = None,
) -> Callable[[Builder], Builder]:
    """Register the function below as an architecture under its own name.

    The function takes ``shape`` (height, width, channels) and ``classes``, and after the ``*`` its hyperparameters,
    each with its default.

        @architecture(space={"filters": Choice(8, 16), "learning_rate": Range(1e-4, 1e-2, log=True)})
        def my_cnn(shape, classes, *, filters=16):
            return keras.Sequential([keras.Input(shape), …, layers.Dense(classes, activation="softmax")])

    Args:
        space: which of its hyperparameters, and of the training's (``TRAINING_DEFAULTS``), a search varies.
        training: of the training's, those with another default for this network, as ``{"learning_rate": 1e-3}``.
        smallest: the least height and width that it works for, by the value of its hyperparameter ``form``; smaller
            images are refused with a sentence that says so.
        parts: files that it builds with, as paths from the folder of the function's own. Where there are any, all that
            they and its own file say counts in the fingerprint, not the function alone.
        start: gives it the weights that its training starts from, where these are not random.
        plan: the phases of its training, where not all layers learn all the time.

    Raises:
        CnnprojError: where ``space`` or ``training`` names a hyperparameter that there is not, or the builder lacks a
            default.
    """

    def register(builder: Builder) -> Builder:
        name = builder.__name__
        defaults = all_defaults(builder, TRAINING_DEFAULTS, training, space)
        ours = builder.__module__.startswith("cnnproj.models.")
        if name in BASELINES or (not ours and name in _architectures and _architectures[name].ours):
            raise CnnprojError("models.name_taken", model=name)
        fingerprint = fingerprint_of(builder, parts)  # now, while the file is the code that runs
        _architectures[name] = Architecture(
            name, builder, defaults, dict(space), dict(smallest), ours, fingerprint, start, plan
        )
        return builder

    return register


def all_defaults(
    builder: Builder, usual: Mapping[str, Value], training: Mapping[str, Value], space: Mapping[str, Space]
) -> dict[str, Value]:
    """Every hyperparameter of the network that ``builder`` makes, with its default.

    Args:
        builder: after the ``*`` in its signature stand its own.
        usual: those of training, with the defaults that they have for every network.
        training: those of them that have another default for this one.
        space: what a search varies.

    Raises:
        CnnprojError: where ``space`` or ``training`` names one that there is not, or the builder's has no default.
    """
    name, own = builder.__name__, {}
    for parameter in inspect.signature(builder).parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            if parameter.default is inspect.Parameter.empty:
                raise CnnprojError("models.no_default", model=name, parameter=parameter.name)
            own[parameter.name] = parameter.default
    for key in training:
        if key not in usual:
            raise CnnprojError("networks.unknown_training", model=name, parameter=key, known=", ".join(sorted(usual)))
    defaults = {**usual, **training, **own}
    for key in space:
        if key not in defaults:
            known = ", ".join(sorted(defaults))
            raise CnnprojError("models.unknown_hyperparameter", model=name, parameter=key, known=known)
    return defaults


def fingerprint_of(builder: Builder, parts: tuple[str, ...]) -> str:
    """Changes when the code does that builds a network: the function's own, and the files that it builds with."""
    code = "\n".join([_source(builder), *_texts(builder, parts)])
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def architectures() -> dict[str, Architecture]:
    """Every registered architecture by name, in the order of registration."""
    return dict(_architectures)


def forget(name: str) -> None:
    """Take a student's own architecture off the register."""
    if name in _architectures and not _architectures[name].ours:
        del _architectures[name]
