"""What the checks of a submission share, each thing made once: its pixels, its parts, its networks, their answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from cnnproj import __version__
from cnnproj.data.images import Images, Part, load_images
from cnnproj.data.sources.source import natural_order
from cnnproj.data.store import PIXELS
from cnnproj.files import digest_arrays
from cnnproj.models import Architecture
from cnnproj.run import Run
from cnnproj.selection import ACCURACY, Goal
from cnnproj.stages import Stages
from cnnproj.submission.finding import Unchecked, Whose
from cnnproj.submission.opening.opened import Submission, load_weights
from cnnproj.submission.verification import tolerances
from cnnproj.submission.verification.reference import Copy, find_copy
from cnnproj.tasks import networks

if TYPE_CHECKING:
    import keras

    from cnnproj.data.sources.source import Source


class Evidence:
    """A submission and the copies of the images that it is checked against.

    Attributes:
        submission: what is checked.
        found: of each network that could be asked again, its score on the test part; filled by the checks.
        goal: what networks are chosen by.
        explained: the file that names the network explained.
    """

    goal: ClassVar[Goal] = ACCURACY
    explained: ClassVar[str] = "interpretation/methods.json"

    def __init__(self, submission: Submission, references: Sequence[Path]) -> None:
        self.submission = submission
        self.found: dict[str, float] = {}
        self._references = references
        self._networks: dict[str, keras.Model] = {}
        self._answers: dict[tuple[str, str], Any] = {}

    # What is claimed ------------------------------------------------------------------------------------------------

    @cached_property
    def run(self) -> Run:
        """The unpacked folder as that of a run; its files are validated one by one, where a check reads them."""
        return Run(self.submission.folder)

    @cached_property
    def stages(self) -> Stages:
        """The stages as the settings and the files are now."""

        def no_source() -> Source:
            raise AssertionError("whoever checks does not ask for the student's own images")

        return Stages(self.submission.settings, self.run, lambda: list(self.networks), no_source)

    @property
    def architectures(self) -> Mapping[str, Architecture]:
        """All architectures of the task by name, as they are here."""
        return networks(self.submission.task)

    @property
    def networks(self) -> dict[str, Any]:
        """The recipe of each network by name, in the order of the run: the student's own come last."""
        recipes, stages = self.submission.recipes, self.submission.manifest.stages
        trained = [stage.removeprefix("train ") for stage in stages if stage.startswith("train ")]
        order = dict.fromkeys([*self.submission.settings.models, *trained, *recipes])
        return {name: recipes[name] for name in order if name in recipes}

    @property
    def best(self) -> str:
        """The network that did best on validation, as the recipes have it."""
        return self.goal.best_model(self.networks, self.size_of("validation"))

    @property
    def explained_model(self) -> str:
        """The network that is said to be explained."""
        return self.submission.explained.model

    @property
    def claimed_scores(self) -> Mapping[str, tuple[float, tuple[float | None, float | None], int]]:
        """Of each network in ``run.json`` its score on the test part, the interval of that, and of how many images."""
        scores = self.submission.manifest.scores
        return {model: (score.accuracy, (score.low, score.high), score.n) for model, score in scores.items()}

    @property
    def digests(self) -> dict[str, str]:
        """Of what each network is said to have answered, a digest."""
        return {model: digest_arrays([self.claimed(model)]) for model in self.networks}

    @property
    def is_of_this_version(self) -> bool:
        """Whether the run was made by the cnnproj that checks it: others may say the same in other words."""
        made_by = self.submission.manifest.environment.get("cnnproj", __version__)
        return made_by == self.submission.contents.cnnproj == __version__

    @property
    def on_gpu(self) -> bool:
        """Whether the run says that it was made on a graphics card."""
        return self.submission.manifest.environment.get("device", "CPU") != "CPU"

    @property
    def in_half_precision(self) -> bool:
        """Whether training may have been in half precision, in which the validation part was then measured, too."""
        precision = self.submission.settings.training.precision
        return precision.startswith("mixed") or (precision == "auto" and self.on_gpu)

    def claimed(self, model: str) -> np.ndarray:
        """The probabilities that ``model`` is said to have given the test images, (n, classes), as they were used."""
        table = self.submission.predictions(model)
        return self._probabilities(table, np.float32 if model in self.networks else np.float64)

    def claimed_validation(self, model: str) -> np.ndarray:
        """The probabilities that ``model`` is said to have given the validation images, (n, classes)."""
        return self._probabilities(self.submission.validation(model), np.float32)

    def _probabilities(self, table: pd.DataFrame, kind: type) -> np.ndarray:
        return table[[f"p:{name}" for name in self.submission.classes]].to_numpy(kind)

    # The images -----------------------------------------------------------------------------------------------------

    @cached_property
    def copy(self) -> Copy | None:
        """The assistant's copy of the images; none where there is none."""
        return find_copy(self.submission.found, self._references)

    @cached_property
    def used(self) -> pd.DataFrame:
        """The images of all parts, as ``data/images.csv`` has them."""
        table = self.submission.images
        return table[table["aside"] == ""].reset_index(drop=True)

    def size_of(self, name: str) -> int:
        """How many images the part ``name`` has."""
        return int((self.used["split"] == name).sum())

    @property
    def classes_found(self) -> tuple[str, ...]:
        """The classes that the images have."""
        return tuple(sorted(set(self.used["label"]), key=natural_order))

    @cached_property
    def _store(self) -> tuple[Path | None, pd.Series, pd.Series, Whose]:
        """The folder with the pixels; of each row that the student's store had, that of its pixels there (-1: nowhere)
        and how sure it is that they are the same; and whose they are."""
        found, copy = self.submission.found, self.copy
        readable = found["row"] >= 0
        index = found.loc[readable, "row"].to_numpy()
        rows = copy.rows[readable] if copy else np.full(len(index), -1)
        same = copy.same[readable] if copy else np.zeros(len(index), bool)
        of_row, is_same = pd.Series(rows, index=index), pd.Series(same, index=index)
        test = self.used.loc[self.used["split"] == "test", "row"]
        packed = self.submission.test_images
        there = of_row.reindex(test, fill_value=-1) >= 0
        if packed is None or there.all():
            whose: Whose = "reference" if there.any() else "none"
            return (copy.audit.folder if copy else None), of_row, is_same, whose
        return self._with_packed(packed, test.to_numpy(), of_row, is_same)

    def _with_packed(
        self, packed: np.ndarray, test: np.ndarray, of_row: pd.Series, is_same: pd.Series
    ) -> tuple[Path, pd.Series, pd.Series, Whose]:
        """A store of the test part alone: the assistant's pixels where they are the same, else the packed ones."""
        shapes = {recipe.shape for recipe in self.networks.values()}
        if len(packed) != len(test) or shapes != {packed.shape[1:]}:
            came = "×".join(str(side) for side in packed.shape)
            raise Unchecked("verification.unchecked.packed_shape", came=came, n=len(test))
        pixels = packed.copy()
        own = is_same.reindex(test, fill_value=False).to_numpy()
        if self.copy is not None:
            pixels[own] = self.copy.audit.pixels[of_row.reindex(test[own]).to_numpy()]
        folder = self.submission.folder / "packed"
        (folder / "store").mkdir(parents=True, exist_ok=True)
        np.save(folder / "store" / PIXELS, pixels)
        self._keep_packed(folder, own, of_row.reindex(test).to_numpy())
        nowhere = pd.Series(-1, index=of_row.index)
        nowhere.loc[test] = np.arange(len(test))
        sure = pd.Series(True, index=of_row.index)  # packed ones are what the network was given, if they are honest
        return folder, nowhere, sure, "both" if own.any() else "packed"

    def _keep_packed(self, folder: Path, own: np.ndarray, rows: np.ndarray) -> None:
        """Write to ``folder`` what else the packed images need.

        Args:
            folder: where their pixels are.
            own: of each, whether the assistant's copy has it too, (n,) …
            rows: … and in which row.
        """

    @property
    def whose_images(self) -> Whose:
        """Whose pixels of the test part are used."""
        return self._store[3]

    @property
    def images(self) -> Any:
        """The images of the submission, as its tables have them, with the pixels of the store that is used.

        Raises:
            Unchecked: where there are no pixels at all.
        """
        return self._images

    @cached_property
    def _images(self) -> Images:
        folder, of_row, _, _ = self._store
        if folder is None:
            raise Unchecked("verification.unchecked.no_images")
        self.submission.require("data/*")
        images = load_images(self.submission.folder / "data")
        table = images.table.assign(row=images.table["row"].map(of_row).fillna(-1).astype(int))
        found = images.audit.images
        audit = replace(images.audit, folder=folder, images=found.assign(row=found["row"].map(of_row).fillna(-1)))
        return replace(images, table=table, audit=audit)

    def part(self, name: str) -> Any:
        """The images of a part.

        Raises:
            Unchecked: where there are no pixels of some of them.
        """
        part: Part = self.images._part(name)  # without an entry in the ledger, which is the student's
        if lacking := int((part.rows < 0).sum()):
            raise Unchecked("verification.unchecked.not_in_copy", n=lacking, part=name, total=len(part))
        return part

    def stored_rows(self, rows: pd.Series) -> np.ndarray:
        """Where the pixels of the student's ``rows`` stand in the store that is used."""
        of_row = self._store[1]
        found: np.ndarray = of_row.reindex(rows, fill_value=-1).to_numpy()
        return found

    def tolerances_of(self, name: str) -> np.ndarray:
        """How far each image's probabilities may differ from those claimed, (n,)."""
        rows = self.used.loc[self.used["split"] == name, "row"]
        same = self._store[2].reindex(rows, fill_value=False).to_numpy()
        exact = tolerances.PROBABILITY_GPU if self.on_gpu else tolerances.PROBABILITY
        return np.where(same, exact, tolerances.PROBABILITY_DECODED)

    # The networks ---------------------------------------------------------------------------------------------------

    def network(self, model: str) -> keras.Model:
        """The network ``model``, built anew, with its weights.

        Raises:
            Unreadable, Unchecked: see ``build_network`` and ``load_weights``.
        """
        from cnnproj.submission.opening.networks import build_network

        if model not in self._networks:
            network = build_network(self.submission, model)
            load_weights(network, self.submission, model)
            self._networks[model] = network
        return self._networks[model]

    def answers(self, model: str, name: str) -> Any:
        """What ``model`` gives for the images of the part ``name``: float32, (n, classes)."""
        if (model, name) not in self._answers:
            part = self.part(name)
            if part.shape != self.networks[model].shape:
                raise Unchecked("verification.unchecked.other_shape", model=model)
            self._answers[model, name] = self._asked(self.network(model), part)
        return self._answers[model, name]

    def _asked(self, network: keras.Model, part: Part) -> Any:
        from cnnproj.inference import BATCH

        return np.concatenate([given for _, given in batches(network, part, BATCH)])


def batches(network: keras.Model, part: Part, size: int) -> Iterator[tuple[slice, np.ndarray]]:
    """The places of each batch of ``size`` images of ``part``, and what the last layer of ``network`` gives for it.

    Without a graph: tracing one for each network and part takes longer than a few hundred images.
    """
    for place in range(0, len(part), size):
        places = slice(place, place + size)
        yield places, np.asarray(network(part.images(places).astype(np.float32) / 255, training=False))
