"""A submission opened for checking: a stranger's bytes as bounded, typed, validated values, or a sentence why not.

Nothing of it is executed, imported, unpickled or rendered.
"""

from __future__ import annotations

import fnmatch
import hashlib
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from cnnproj.models import Value
from cnnproj.recipe import RECIPE, WEIGHTS
from cnnproj.run import MANIFEST, Manifest
from cnnproj.settings import Settings
from cnnproj.submission.contents import CONTENTS, SETTINGS, TEST_IMAGES, TEST_MASKS, Contents
from cnnproj.submission.opening.agreement import require_agreement
from cnnproj.submission.opening.arrays import read_array, read_picture
from cnnproj.submission.opening.documents import read_json, read_model, read_text, read_toml, validated
from cnnproj.submission.opening.forms import FORMS, Forms
from cnnproj.submission.opening.hdf5 import kinds_of_arrays, load_checked
from cnnproj.submission.opening.limits import Limits as Limits
from cnnproj.submission.opening.limits import Refused as Refused
from cnnproj.submission.opening.limits import Unreadable as Unreadable
from cnnproj.submission.opening.networks import build_network as build_network
from cnnproj.submission.opening.networks import build_own as build_own
from cnnproj.submission.opening.networks import read_configuration
from cnnproj.submission.opening.schemas import Classes, Dealt, Hyperparameters, Methods
from cnnproj.submission.opening.schemas_of_masks import Known
from cnnproj.submission.opening.tables import read_table
from cnnproj.submission.opening.unpacking import Unpacked, unpack
from cnnproj.tasks import Task

if TYPE_CHECKING:
    import keras

REPORT = "report.html"
_Any = TypeVar("_Any")


@contextmanager
def open_submission(path: Path, limits: Limits = Limits()) -> Iterator[Submission]:  # noqa: B008 - it is frozen
    """The submission in the zip at ``path``, unpacked into a private folder that goes in the end.

    Raises:
        Refused: where it cannot be opened, is no zip or not a safe one, or holds what no submission has.
    """
    try:
        if not path.is_file():  # a pipe would be waited for
            raise FileNotFoundError(2, "No such file")
        file = path.open("rb")
    except OSError as error:
        raise Refused("opened.unopened", path=path, reason=error.strerror) from None
    with file, tempfile.TemporaryDirectory(prefix="cnnproj-", ignore_cleanup_errors=True) as folder:
        size = file.seek(0, 2)
        if size > limits.zip_bytes:
            raise Refused("opened.zip_size", path=path, size=size >> 20, most=limits.zip_bytes >> 20)
        file.seek(0)
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

    # Any file -----------------------------------------------------------------------------------------------------

    def read(self, name: str) -> Any:
        """What the file ``name`` holds: a table, an object, an array, text, …"""
        if name not in self._read:
            try:
                if name not in self.files:
                    raise Unreadable("opened.missing", file=name, path=self.path)
                value = _content(self.folder / name, name, self._forms, self.limits)
                require_agreement(self, name, value)
                self._read[name] = value
            except Unreadable as fault:
                fault.__context__ = None  # what it was read from would be kept in memory with it
                self._read[name] = fault
        value = self._read[name]
        if isinstance(value, Unreadable):
            raise value.with_traceback(None)
        return value

    @cached_property
    def faults(self) -> tuple[Unreadable, ...]:
        """Why files are not what they must be, in the order of their names, and those that every submission has."""
        faults = {}
        for name in sorted({*self.files, CONTENTS, SETTINGS, MANIFEST, REPORT}):
            try:
                self.read(name)
            except Unreadable as fault:
                faults[id(fault)] = fault.with_traceback(None)
        return tuple(faults.values())

    def require(self, *patterns: str) -> None:
        """Raise ``Unreadable`` unless the files that match are what they must be: what reads the folder may go on."""
        for name in self.files:
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
                self.read(name)

    @property
    def task(self) -> Task:
        """What the settings say; classification where they cannot be read, which a check tells."""
        try:
            return self.settings.project.task
        except Unreadable:
            return "classification"

    def _forms(self) -> Forms:
        return FORMS[self.task]

    # What was set and recorded ------------------------------------------------------------------------------------

    @property
    def contents(self) -> Contents:
        """The list of its files, their names written as those of ``files`` are."""
        contents: Contents = self.read(CONTENTS)
        names = {unicodedata.normalize("NFC", name): digest for name, digest in contents.files.items()}
        return contents.model_copy(update={"files": names})

    @property
    def manifest(self) -> Manifest:
        """``run.json``; the paths in it stay in the run's folder."""
        manifest: Manifest = self.read(MANIFEST)
        return manifest

    @property
    def settings(self) -> Settings:
        """``project.toml``; it may name networks of the student's own."""
        settings: Settings = self.read(SETTINGS)
        return settings

    # Networks -----------------------------------------------------------------------------------------------------

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the networks, as the folders of ``models/`` are called."""
        return tuple(sorted({name.split("/")[1] for name in self.files if name.startswith("models/")}))

    @property
    def recipes(self) -> Mapping[str, Any]:
        """The recipes of all ``models``: a ``Recipe`` each, or a ``SegmentationRecipe``."""
        return {model: self.read(f"models/{model}/{RECIPE}") for model in self.models}

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
        return self._table(f"models/{model}/validation.csv")

    # Images -------------------------------------------------------------------------------------------------------

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes that networks tell apart, each once; of pixels the background first."""
        classes: Classes = self.read(self._forms().classes)
        return tuple(classes.root)

    @property
    def images(self) -> pd.DataFrame:
        """A row an image, also of those set aside: see ``cnnproj.data.images.Images``; and ``aside``, why."""
        return self._table("data/images.csv")

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

    @property
    def test_masks(self) -> np.ndarray | None:
        """The true masks packed with it, uint8 (n, height, width); none where they were not packed."""
        return self.read(TEST_MASKS) if TEST_MASKS in self.files else None

    # Results ------------------------------------------------------------------------------------------------------

    def predictions(self, model: str) -> pd.DataFrame:
        """What a network or baseline said of the test part: see ``cnnproj.recipe.prediction_table``."""
        return self._table(f"evaluation/predictions_{model}.csv")

    def predicted(self, model: str) -> np.ndarray:
        """The class of each pixel of the test part as a segmentation network had it, uint8, (n, height, width)."""
        masks: np.ndarray = self.read(f"evaluation/predicted_{model}.npy")
        return masks

    def evaluation_table(self, name: str) -> pd.DataFrame:
        """One of ``cnnproj.evaluation.evaluate.TABLES``."""
        return self._table(f"evaluation/{name}.csv")

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
    def known(self) -> Known:
        """Which segmentation network is explained, and on which test images."""
        known: Known = self.read("interpretation/known.json")
        return known

    @property
    def heatmaps(self) -> Mapping[str, np.ndarray]:
        """Those of the cases by method, float32 (n, height, width), finite."""
        return dict(zip(self.explained.methods, self.read("interpretation/heatmaps.npy"), strict=True))

    @property
    def maps(self) -> np.ndarray:
        """Those of the cases of a segmentation, float32, (n, height, width), finite."""
        maps: np.ndarray = self.read("interpretation/heatmaps.npy")
        return maps

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

    def _folder(self, folder: str) -> dict[str, Any]:
        files = [PurePosixPath(name) for name in self.files if name.startswith(f"{folder}/")]
        return {file.stem: self.read(str(file)) for file in files}

    def _table(self, file: str) -> pd.DataFrame:
        table: pd.DataFrame = self.read(file)
        return table


def load_weights(model: keras.Model, submission: Submission, name: str) -> None:
    """Load the weights of the network ``name`` into ``model``, which is built as its recipe says.

    Raises:
        Unreadable: where they are not plain arrays of the very shapes and types that ``model`` has, all finite.
    """
    file = f"models/{name}/{WEIGHTS}"
    load_checked(model, submission.folder / file, file, submission.read(file), submission.limits)


def _content(path: Path, name: str, forms: Callable[[], Forms], limits: Limits) -> Any:
    """What the file ``name``, which is at ``path``, holds; held to what it must be by itself.

    The ``forms`` are asked for only where a file has one of its own: they rest on the settings, which are such a file.
    """
    match PurePosixPath(name).suffix:
        case ".h5":
            return kinds_of_arrays(path, name, limits)
        case ".keras":
            return read_configuration(path, name, limits)
        case ".npy":
            return read_array(path, name, _matching(forms().arrays, name), limits)
        case ".png":
            return read_picture(path.read_bytes(), name, limits)
        case ".html":
            return read_text(path.read_bytes(), name)
        case ".toml":
            return validated(Settings, read_toml(path.read_bytes(), name, limits), name)
        case ".csv":
            return read_table(path.read_bytes(), name, _matching(forms().tables, name), limits)
        case ".ipynb":  # looked at as it is, so nothing that is not looked at can be lost
            plain = read_json(path.read_bytes(), name, limits)
            validated(_matching(forms().objects, name), plain, name)
            return plain
        case _:
            return read_model(_matching(forms().objects, name), path.read_bytes(), name, limits)


def _matching(kinds: Mapping[str, _Any], name: str) -> _Any:
    """What the file ``name`` must be."""
    for pattern, kind in kinds.items():
        if fnmatch.fnmatchcase(name, pattern):
            return kind
    raise Unreadable("opened.not_of_a_run", file=name)
