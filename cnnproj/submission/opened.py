"""A submission opened for checking: a stranger's bytes as bounded, typed, validated values, or a sentence why not.

Nothing of it is executed, imported, unpickled or rendered.
"""

from __future__ import annotations

import fnmatch
import hashlib
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from cnnproj.models import Value
from cnnproj.recipe import RECIPE, WEIGHTS, Recipe
from cnnproj.run import MANIFEST, Manifest
from cnnproj.settings import Settings
from cnnproj.submission.arrays import read_array, read_picture
from cnnproj.submission.contents import CONTENTS, SETTINGS, TEST_IMAGES, Contents
from cnnproj.submission.documents import read_json, read_model, read_text, read_toml, validated
from cnnproj.submission.hdf5 import load_checked
from cnnproj.submission.limits import Limits, Refused, Unreadable, shown
from cnnproj.submission.schemas import OBJECTS, TABLES, Classes, Dealt, Hyperparameters, Methods, is_sayable
from cnnproj.submission.tables import read_table
from cnnproj.submission.unpacking import Unpacked, unpack

if TYPE_CHECKING:
    import keras

REPORT = "report.html"
_Any = TypeVar("_Any")
_SIDES = (8, 1024)  # of an image, in pixels
_LARGEST = 65_536  # of a hyperparameter
_DEEPEST = 100


@contextmanager
def open_submission(path: Path, limits: Limits = Limits()) -> Iterator[Submission]:  # noqa: B008 - it is frozen
    """The submission in the zip at ``path``, unpacked into a private folder that goes in the end.

    Raises:
        Refused: where it cannot be opened, is no zip or not a safe one, or holds what no submission has.
    """
    try:
        size = path.stat().st_size if path.is_file() else -1
        file = path.open("rb")
    except OSError as error:
        raise Refused("opened.unopened", path=path, reason=error.strerror) from None
    with file, tempfile.TemporaryDirectory(prefix="cnnproj-", ignore_cleanup_errors=True) as folder:
        if size > limits.zip_bytes:
            raise Refused("opened.zip_size", path=path, size=size >> 20, most=limits.zip_bytes >> 20)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        unpacked = unpack(file, path, Path(folder), limits)
        yield Submission(path, digest, Path(folder), unpacked, limits)


class Submission:
    """What a submission holds; whatever is asked for is read then, once, and held to what it must be.

    Every property and method that reads raises ``Unreadable`` where a file is missing or not what it must be.

    Attributes:
        path: of the zip.
        digest: the SHA-256 of its bytes, in hex.
        folder: the unpacked files, laid out as a run's folder; plain files only.
        files: the SHA-256 of each of them, in hex, by its path, sorted.
        notes: what was put up with, in sentences.
        limits: what is read at most.
    """

    def __init__(self, path: Path, digest: str, folder: Path, unpacked: Unpacked, limits: Limits) -> None:
        self.path = path
        self.digest = digest
        self.folder = folder
        self.files = unpacked.files
        self.notes = unpacked.notes
        self.limits = limits
        self._read: dict[str, Any] = {}

    # One file -----------------------------------------------------------------------------------------------------

    def read(self, name: str) -> Any:
        """What the file ``name`` holds: a table, an object, an array, text, …; weights are only found to be there."""
        if name not in self._read:
            if name not in self.files:
                raise Unreadable("opened.missing", file=name, path=self.path)
            self._read[name] = self._content(name)
        return self._read[name]

    @cached_property
    def faults(self) -> tuple[Unreadable, ...]:
        """Why files are not what they must be, in the order of their names, and those that every submission has."""
        faults = []
        for name in sorted({*self.files, CONTENTS, SETTINGS, MANIFEST, REPORT}):
            try:
                self.read(name)
            except Unreadable as fault:
                faults.append(fault)
        return tuple(faults)

    def require(self, *patterns: str) -> None:
        """Raise ``Unreadable`` unless the files that match are what they must be: what reads the folder may go on."""
        for name in self.files:
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
                self.read(name)

    def _content(self, name: str) -> Any:
        path = self.folder / name
        suffix = PurePosixPath(name).suffix
        if suffix in (".h5", ".keras"):
            return None
        if suffix == ".npy":
            return read_array(path, name, np.uint8 if name == TEST_IMAGES else np.float32, self.limits)
        data = path.read_bytes()
        if suffix == ".png":
            return read_picture(data, name, self.limits)
        if suffix == ".html":
            return read_text(data, name)
        if suffix == ".toml":
            return validated(Settings, read_toml(data, name, self.limits), name)
        if suffix == ".csv":
            table = read_table(data, name, _matching(TABLES, name), self.limits)
            if name == "data/found.csv" and not is_sayable(table):
                raise Unreadable("opened.gaps", file=name)
            return table
        kind = _matching(OBJECTS, name)
        if suffix == ".ipynb":
            plain = read_json(data, name, self.limits)
            validated(kind, plain, name)
            return plain
        return read_model(kind, data, name, self.limits)

    # What was set and recorded ------------------------------------------------------------------------------------

    @property
    def contents(self) -> Contents:
        """The list of its files."""
        contents: Contents = self.read(CONTENTS)
        names = {unicodedata.normalize("NFC", name): digest for name, digest in contents.files.items()}
        return contents.model_copy(update={"files": names})

    @property
    def manifest(self) -> Manifest:
        """``run.json``; the paths in it stay in the run's folder."""
        manifest: Manifest = self.read(MANIFEST)
        for stage in manifest.stages.values():
            for path in stage.outputs:
                if path.startswith("/") or ":" in path or "\\" in path or ".." in path.split("/"):
                    raise Unreadable("opened.leads_out", file=MANIFEST, key=shown(path))
        return manifest

    @property
    def settings(self) -> Settings:
        """``project.toml``; it may name networks of the student's own."""
        settings: Settings = self.read(SETTINGS)
        return settings

    # Networks -----------------------------------------------------------------------------------------------------

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the networks, in the order of the settings, those that are not there last."""
        found = {name.split("/")[1] for name in self.files if name.startswith("models/")}
        wanted = list(self.settings.models) if SETTINGS in self.files and _is_read(self, SETTINGS) else []
        return tuple(sorted(found, key=lambda name: (wanted.index(name) if name in wanted else len(wanted), name)))

    @cached_property
    def recipes(self) -> Mapping[str, Recipe]:
        """The recipes of all ``models``, each of the size that a network here can have."""
        return {name: self._recipe(name) for name in self.models}

    def _recipe(self, model: str) -> Recipe:
        file = f"models/{model}/{RECIPE}"
        recipe: Recipe = self.read(file)
        height, width, channels = recipe.shape
        numbers = [value for value in recipe.hyperparameters.values() if isinstance(value, int | float)]
        wrong = {
            "model": recipe.model != model,
            "shape": not (_is_side(height) and _is_side(width) and channels in (1, 3)),
            "classes": recipe.classes != self.classes,
            "hyperparameters": any(abs(number) > _LARGEST for number in numbers)
            or int(recipe.hyperparameters.get("depth", 0)) > _DEEPEST,
        }
        for key, is_wrong in wrong.items():
            if is_wrong:
                raise Unreadable("opened.recipe", file=file, key=key, came=shown(getattr(recipe, key)))
        return recipe

    def history(self, model: str) -> pd.DataFrame:
        """A row an epoch of the final training: see ``cnnproj.training.Fit``."""
        return self._table(f"models/{model}/history.csv")

    def layers(self, model: str) -> pd.DataFrame:
        """A row a layer: ``layer`` (its name), ``kind``, ``output`` (as text), ``parameters``."""
        return self._table(f"models/{model}/layers.csv")

    def trials(self, model: str) -> pd.DataFrame:
        """A row a trial: see ``cnnproj.tuning.outcome.trial_table``."""
        return self._table(f"models/{model}/trials.csv")

    def best(self, model: str) -> dict[str, Value]:
        """The hyperparameters of the best trial."""
        best: Hyperparameters = self.read(f"models/{model}/best.json")
        return best.root

    def validation(self, model: str) -> pd.DataFrame:
        """What the network said of the validation part: see ``cnnproj.recipe.prediction_table``."""
        return self._predictions(f"models/{model}/validation.csv")

    # Images -------------------------------------------------------------------------------------------------------

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, each once."""
        classes: Classes = self.read("data/classes.json")
        if len(set(classes.root)) < len(classes.root):
            raise Unreadable("opened.classes", file="data/classes.json")
        return tuple(classes.root)

    @property
    def images(self) -> pd.DataFrame:
        """A row an image, also of those set aside: see ``cnnproj.data.images.Images``; and ``aside``, why."""
        table = self._table("data/images.csv")
        self._require_classes(table.loc[table["aside"] == "", "label"], "data/images.csv")
        return table

    @property
    def found(self) -> pd.DataFrame:
        """A row an image that was found: see ``cnnproj.data.audit.Audit``."""
        return self._table("data/found.csv")

    @property
    def dealt(self) -> Dealt:
        """How the images were dealt to the parts."""
        dealt: Dealt = self.read("data/dealt.json")
        return dealt

    @property
    def test_images(self) -> np.ndarray | None:
        """The packed test part, uint8 (n, height, width, channels); none where it was not packed."""
        return self.read(TEST_IMAGES) if TEST_IMAGES in self.files else None

    # Results ------------------------------------------------------------------------------------------------------

    def predictions(self, model: str) -> pd.DataFrame:
        """What a network or baseline said of the test part: see ``cnnproj.recipe.prediction_table``."""
        return self._predictions(f"evaluation/predictions_{model}.csv")

    def evaluation_table(self, name: str) -> pd.DataFrame:
        """One of ``cnnproj.evaluation.evaluate.TABLES``."""
        file = f"evaluation/{name}.csv"
        table = self._table(file)
        if name == "confusion" and tuple(table.columns[1:]) != self.classes:
            raise Unreadable("opened.class_columns", file=file, came=shown(", ".join(table.columns[1:])))
        return table

    @property
    def cases(self) -> pd.DataFrame:
        """A row a case that is shown: see ``cnnproj.interpretation.interpret.Interpretation``."""
        return self._table("interpretation/cases.csv")

    @property
    def explained(self) -> Methods:
        """Which network is explained, at which layer, by which methods."""
        methods: Methods = self.read("interpretation/methods.json")
        return methods

    @property
    def heatmaps(self) -> Mapping[str, np.ndarray]:
        """Those of the cases by method, float32 (n, height, width), finite."""
        file, methods = "interpretation/heatmaps.npy", self.explained.methods
        maps: np.ndarray = self.read(file)
        if maps.ndim != 4 or maps.shape[:2] != (len(methods), len(self.cases)) or not np.isfinite(maps).all():
            raise Unreadable("opened.heatmaps", file=file, n=len(methods), cases=len(self.cases), came=maps.shape)
        return dict(zip(methods, maps, strict=True))

    @property
    def report(self) -> str:
        """The report, as it stands in its file: HTML, to be looked into, never to be shown."""
        report: str = self.read(REPORT)
        return report

    @property
    def notebooks(self) -> Mapping[str, dict[str, Any]]:
        """The executed notebooks as plain JSON by the names of their files, without the suffix."""
        return self._folder("notebooks")

    @property
    def pictures(self) -> Mapping[str, bytes]:
        """The figures as PNG by the names of their files, without the suffix."""
        return self._folder("figures")

    # --------------------------------------------------------------------------------------------------------------

    def _folder(self, folder: str) -> dict[str, Any]:
        files = [PurePosixPath(name) for name in self.files if name.startswith(f"{folder}/")]
        return {file.stem: self.read(str(file)) for file in files}

    def _table(self, file: str) -> pd.DataFrame:
        table: pd.DataFrame = self.read(file)
        return table

    def _predictions(self, file: str) -> pd.DataFrame:
        table = self._table(file)
        columns = [name.removeprefix("p:") for name in table.columns[3:]]
        if tuple(columns) != self.classes:
            raise Unreadable("opened.class_columns", file=file, came=shown(", ".join(columns)))
        for column in ("label", "predicted"):
            self._require_classes(table[column], file)
        return table

    def _require_classes(self, labels: pd.Series, file: str) -> None:
        strange = sorted(set(labels) - set(self.classes))
        if strange:
            raise Unreadable("opened.no_class", file=file, label=shown(strange[0]))


def load_weights(model: keras.Model, submission: Submission, name: str) -> None:
    """Load the weights of the network ``name`` into ``model``, which is built as its recipe says.

    Raises:
        Unreadable: where they are not plain arrays of the very shapes and types that ``model`` has, all finite.
    """
    file = f"models/{name}/{WEIGHTS}"
    submission.read(file)
    load_checked(model, submission.folder / file, file, submission.limits)


def _matching(kinds: Mapping[str, _Any], name: str) -> _Any:
    """What the file ``name`` must be."""
    for pattern, kind in kinds.items():
        if fnmatch.fnmatchcase(name, pattern):
            return kind
    raise Unreadable("opened.not_of_a_run", file=name)


def _is_side(pixels: int) -> bool:
    return _SIDES[0] <= pixels <= _SIDES[1]


def _is_read(submission: Submission, name: str) -> bool:
    try:
        submission.read(name)
    except Unreadable:
        return False
    return True
