"""Small but real results to report on: images from the image store, tables as the stages write them; no training."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cnnproj.data.decoding import Decoded
from cnnproj.data.images import Images
from cnnproj.data.sources.source import Record, Source, image_table
from cnnproj.diagnosis.diagnose import Diagnosis, diagnose
from cnnproj.errors import UnreadableImage
from cnnproj.evaluation.baselines import baselines
from cnnproj.evaluation.evaluate import Evaluation, groups_of, load_evaluation, measure
from cnnproj.files import write_table
from cnnproj.interpretation.belief import Belief
from cnnproj.interpretation.cases import choose_cases
from cnnproj.interpretation.feature_maps import FeatureMaps
from cnnproj.interpretation.interpret import Interpretation
from cnnproj.interpretation.methods import WITH_POSITIONS, WITHOUT_POSITIONS
from cnnproj.models import Choice, Range, Value, architectures
from cnnproj.recipe import Recipe, prediction_table
from cnnproj.reporting.figures import Chart
from cnnproj.reporting.report import write_report
from cnnproj.reporting.results import AugmentationPreview, Results, Search, Training
from cnnproj.run import Manifest, StageRecord, TestOpening
from cnnproj.settings import Settings

from ..data.stored import stored
from ..diagnosis.made import evidence
from .page import Page

DIGEST = "0123456789abcdef" * 4
SPACE = {
    "learning_rate": Range(1e-4, 1e-2, log=True),
    "filters": Choice(16, 32),
    "batch_norm": Choice(True, False),
    "optimizer": Choice("adamw"),
}


class Blobs(Source):
    """A bright blob, in a place of its own for each class, on noise; the images named ``broken`` cannot be read."""

    channels = 1
    sizes = 1

    def read(self, row: int) -> Decoded:
        image, label = self.table["image"].iat[row], self.table["label"].iat[row]
        if "broken" in image:
            raise UnreadableImage("data.image_empty", name=image)
        rng = np.random.default_rng(row)
        place = list(self.classes).index(label) / len(self.classes) * 2 * np.pi
        side = 20 + row % self.sizes
        y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
        blob = np.exp(-6 * ((x - 0.6 * np.cos(place)) ** 2 + (y - 0.6 * np.sin(place)) ** 2))
        pixels = blob[..., None] * 190 + rng.normal(40, 12, (side, side, self.channels))
        pixels = np.clip(pixels, 0, 255).astype(np.uint8)
        return Decoded(pixels[..., 0] if self.channels == 1 else pixels)


def make_images(folder: Path, classes: Sequence[str], channels: int = 1, per_class: int = 12, sizes: int = 1) -> Images:
    records = [
        Record(f"{label}/{number:02}.png", label)
        for place, label in enumerate(classes)
        for number in range(per_class + place % 3)
    ]
    records += [Record(f"{classes[0]}/broken{number}.png", classes[0]) for number in range(2)]
    source = Blobs("blobs", image_table(records, "blobs"), "f")
    object.__setattr__(source, "channels", channels)
    object.__setattr__(source, "sizes", sizes)
    shares = {"train": 0.6, "validation": 0.2, "test": 0.2}
    return stored(source, folder, size=(24, 24), fractions=shares, seed=7)


def make_search(model: str, trials: int = 8) -> Search:
    rng = np.random.default_rng(len(model))
    accuracy = np.round(0.8 + 0.15 * rng.random(trials), 4)
    table = pd.DataFrame(
        {
            "trial": np.arange(1, trials + 1),
            "learning_rate": 10 ** rng.uniform(-4, -2, trials),
            "filters": rng.choice([16, 32], trials),
            "batch_norm": rng.choice([True, False], trials),
            "optimizer": "adamw",
            "val_accuracy": accuracy,
            "val_loss": 1 - accuracy,
            "epoch": 5.0,
            "reason": None,
        }
    )
    if trials > 2:
        table.loc[2, ["val_accuracy", "val_loss", "epoch"]] = np.nan
        table["reason"] = table["reason"].astype(object)
        table.loc[2, "reason"] = "the loss was no longer a number in epoch 1"
    best = int(table["val_accuracy"].idxmax())
    table["best"] = table.index == best
    chosen = {name: table[name].iloc[best].item() if name != "optimizer" else "adamw" for name in SPACE}
    return Search(model, {name: str(space) for name, space in SPACE.items()}, table, {**chosen, "batch_size": 32})


def built_from(model: str, search: Search) -> dict[str, Value]:
    """Hyperparameters that the network ``model`` can be built from, if there is one, as the search has left them."""
    network = architectures().get(model)
    return {**network.defaults, "learning_rate": search.best["learning_rate"]} if network else dict(search.best)


def make_training(model: str, images: Images, search: Search, epochs: int = 12) -> Training:
    epoch = np.arange(1, epochs + 1)
    rng = np.random.default_rng(len(model))
    history = pd.DataFrame(
        {
            "epoch": epoch,
            "loss": 0.3 + 2 * np.exp(-epoch / 2),
            "accuracy": 0.97 - 0.8 * np.exp(-epoch / 2),
            "val_loss": 0.35 + 1.8 * np.exp(-epoch / 2) + 0.02 * rng.random(epochs),
            "val_accuracy": 0.96 - 0.75 * np.exp(-epoch / 2) + 0.01 * rng.random(epochs),
            "seconds": 1.5,
            "waited": 0.03,
        }
    )
    best = history.loc[history["val_accuracy"].idxmax()]
    recipe = Recipe(
        model=model,
        ours=True,
        summary=f"{model}: stages of 3×3 convolutions, each half the size of the last.",
        shape=images.shape,
        resize="stretch",
        classes=images.classes,
        hyperparameters=built_from(model, search),
        epochs=epochs,
        seed=7,
        best_epoch=int(best["epoch"]),
        val_accuracy=float(best["val_accuracy"]),
        val_loss=float(best["val_loss"]),
        parameters=29_834,
        real_images=len(images.train),
        artificial_images=epochs * len(images.train),
        weights_digest=DIGEST,
    )
    layers = pd.DataFrame(
        {
            "layer": ["conv_1", "pool_1", "average", "probabilities"],
            "kind": ["Conv2D", "MaxPooling2D", "GlobalAveragePooling2D", "Dense"],
            "output": ["24 × 24 × 16", "12 × 12 × 16", "16", f"{len(images.classes)}"],
            "parameters": [160, 0, 0, 29_674],
        }
    )
    return Training(recipe, history, layers)


def make_diagnosis(training: Training, images: Images) -> Diagnosis:
    """Of a training that went well; of the MLP, which has not enough images."""
    recipe, counts = training.recipe, images.counts
    told = {"model": recipe.model, "history": training.history, "best_epoch": recipe.best_epoch}
    usual = 60 if recipe.model != "mlp" else 6
    train = pd.Series(usual, list(images.classes))
    return diagnose(
        evidence(**told, train=train, validation=counts["validation"], confusion=np.diag([20] * len(images.classes)))
    )


def make_evaluation(folder: Path, images: Images, trainings: dict[str, Training]) -> Evaluation:
    test, best = images._part("test"), max(trainings, key=lambda name: trainings[name].recipe.val_accuracy)
    given, known = {}, {}
    for place, (name, training) in enumerate(trainings.items()):
        given[name] = make_probabilities(test.labels, len(images.classes), seed=place)
        recipe = training.recipe
        known[name] = {"val_accuracy": recipe.val_accuracy, "val_loss": recipe.val_loss, "kind": "network"}
        known[name]["parameters"] = recipe.parameters
    for one in baselines(images.train, seed=0):
        given[one.name] = one.predict(test)
        known[one.name] = {"val_accuracy": 0.5, "val_loss": 1.5, "kind": "baseline", "parameters": one.parameters}
    for name, probabilities in given.items():
        write_table(folder / f"predictions_{name}.csv", prediction_table(probabilities, test))
    for name, table in measure(given, test, groups_of(images.table, test), best, known, seed=0).items():
        write_table(folder / f"{name}.csv", table)
    return load_evaluation(folder)


def make_probabilities(labels: np.ndarray, classes: int, seed: int) -> np.ndarray:
    """Mostly right, sometimes not; float32, (n, classes)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.6, (len(labels), classes))
    logits[np.arange(len(labels)), labels] += 5 + np.log(classes)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def make_interpretation(images: Images, evaluation: Evaluation, method: str, count: int) -> Interpretation:
    rows, probabilities = evaluation.probabilities(evaluation.best)
    names = np.array(images.classes)
    labels = images._part("test").labels
    cases = choose_cases(probabilities, labels, count)
    pixels = images.pixels[rows[cases["position"]]]
    maps = pixels.mean(axis=-1).astype(np.float32) / 255
    maps = np.clip(maps - 0.3, 0, None) * np.linspace(4, 0, count)[:, None, None].astype(np.float32)
    numbers = ["probability", "second_probability", "label_probability"]
    table = pd.DataFrame(
        {
            "rule": cases["rule"],
            "image": images.table.set_index("row")["image"].loc[rows[cases["position"]]].to_numpy(),
            **{name: names[cases[name]] for name in ("label", "predicted", "second")},
            **{name: cases[name] for name in numbers},
            "strongest": maps.max(axis=(1, 2)),
            "row": rows[cases["position"]],
        }
    )
    used = WITH_POSITIONS if method == "gradcam" else WITHOUT_POSITIONS
    layer = "conv_1" if method == "gradcam" else ""
    features = make_features(maps if layer else maps[:0])
    heatmaps = {name: maps * place for place, name in enumerate(used, start=1)}
    return Interpretation(evaluation.best, layer, table, pixels, heatmaps, make_belief(used), features)


def make_belief(methods: Sequence[str], randomised: float = 0.04, better: int = 19, pointing: float = np.nan) -> Belief:
    examined = [name for name in methods if name in ("gradcam", "layercam")] or ["saliency"]
    areas = {"deletion": 0.31, "insertion": 0.81, "random_deletion": 0.52, "random_insertion": 0.47}
    known = {"better": better, "randomised": randomised, "stable": 0.97}
    pointed = {"pointing": pointing, "pointing_randomised": pointing / 9, "object": pointing / 5}
    numbers = pd.DataFrame([{"method": name, "n": 20, **areas, **known, **pointed} for name in examined])
    share = np.linspace(0, 1, 5)
    curves = [
        pd.DataFrame({"method": name, "curve": curve, "share": share, "probability": 1 - share * 0.9})
        for name in [*examined, "random"]
        for curve in ("deletion", "insertion")
    ]
    layers = [
        pd.DataFrame({"method": name, "step": [1, 2], "layer": ["dense", "conv_1"], "agreement": [0.5, randomised]})
        for name in examined
    ]
    return Belief(numbers, pd.concat(curves, ignore_index=True), pd.concat(layers, ignore_index=True))


def make_features(maps: np.ndarray) -> FeatureMaps:
    count, height, width = maps.shape
    strongest = np.full((min(count, 2), 8, height, width), np.nan, np.float32)
    strongest[:, :2] = maps[:2, None]
    return FeatureMaps(
        layers=[[f"conv_{number}", "24×24"] for number in range(count)],
        maps=maps,
        stages=[[f"conv_{number}", "24×24", "2"] for number in range(len(strongest))],
        strongest=strongest,
        filters=np.linspace(-1, 1, 18, dtype=np.float32).reshape(2, 3, 3, 1)[: count or 0],
        kernel="conv_0" if count else "",
    )


def make_preview(images: Images, arguments: dict[str, object]) -> AugmentationPreview:
    originals = images.train.images(np.arange(3))
    varied = np.stack([np.roll(originals, step, axis=2) for step in range(6)], axis=1).astype(np.float32)
    labels = tuple(images.classes[label] for label in images.train.labels[:3])
    alone = dict.fromkeys(arguments, varied[0])
    return AugmentationPreview(originals, varied, labels, arguments, alone)


def make_manifest(settings: Settings, best: str, trainings: dict[str, Training], n: int) -> Manifest:
    weights = {name: training.recipe.weights_digest for name, training in trainings.items()}
    finished = "2026-11-21T08:42:10+00:00"
    return Manifest(
        name="project",
        settings=settings.model_dump(mode="json"),
        environment={"python": "3.12.1", "tensorflow": "2.20.0", "device": "CPU", "cpu": "A processor", "threads": 2},
        stages={
            "data": StageRecord(inputs={}, outputs={"data/images.csv": DIGEST}, seconds=1.2, finished=finished),
            "search": StageRecord(inputs={}, outputs={"mlp/trials.csv": DIGEST}, seconds=83.4, finished=finished),
        },
        test_openings=[
            TestOpening(time=finished, purpose="evaluation", n=n, models=weights),
            TestOpening(time=finished, purpose="interpretation", n=n, models={best: weights[best]}),
        ],
        best_model=best,
    )


def build_results(
    folder: Path,
    *,
    models: Sequence[str] = ("mlp", "compact_cnn", "deep_cnn"),
    classes: Sequence[str] = ("apple", "bird", "cup"),
    channels: int = 1,
    method: str = "gradcam",
    cases: int = 3,
    trials: int = 8,
    epochs: int = 12,
    per_class: int = 12,
    sizes: int = 1,
    augmentation: dict[str, object] | None = None,
    **project: object,
) -> Results:
    """``Results`` of which models, classes and channels, with which words of the student."""
    arguments = {"rotation_range": 10.0, "zoom_range": [0.9, 1.1]} if augmentation is None else augmentation
    settings = Settings.model_validate({"project": project})
    images = make_images(folder / "data", classes, channels, per_class, sizes)
    searches = {name: make_search(name, trials) for name in models}
    trainings = {name: make_training(name, images, searches[name], epochs) for name in models}
    evaluation = make_evaluation(folder / "evaluation", images, trainings)
    return Results(
        settings=settings,
        manifest=make_manifest(settings, evaluation.best, trainings, int(evaluation.scores["n"].iloc[0])),
        images=images,
        preview=make_preview(images, arguments),
        searches=searches,
        trainings=trainings,
        diagnoses={name: make_diagnosis(training, images) for name, training in trainings.items()},
        evaluation=evaluation,
        interpretation=make_interpretation(images, evaluation, method, cases),
    )


@pytest.fixture
def make_results(tmp_path):
    """``build_results`` in a folder of the test's own."""
    return partial(build_results, tmp_path)


@pytest.fixture(scope="session")
def results(tmp_path_factory) -> Results:
    """One set of results for the tests that only read it."""
    return build_results(tmp_path_factory.mktemp("results"))


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes the report of results and reads it again; the figures are made but not painted, which takes the time."""
    monkeypatch.setattr(Chart, "png", lambda chart: b"a picture")

    def write(results) -> Page:
        paths = write_report(results, tmp_path / "out")
        return Page(paths[-1].read_text(encoding="utf-8"))

    return write
