"""The spine of a segmentation project: the stages of ``Project``, with a class for each pixel."""

from __future__ import annotations

from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnproj.models import Architecture
from cnnproj.project import Project
from cnnproj.randomness import derive_seed
from cnnproj.selection import DICE, Goal
from cnnproj.settings_file import FILE_NAME
from cnnproj.stages import (
    AUDIT,
    CLASSIFYING_NOTEBOOKS,
    DATA,
    EVALUATE,
    INTERPRET,
    REPORT,
    SEGMENTATION_NOTEBOOK,
)
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.data.audit import Audit
    from cnnproj.reporting.segmentation import SegmentationResults
    from cnnproj.segmentation.evaluate import SegmentationEvaluation
    from cnnproj.segmentation.images import MaskedImages
    from cnnproj.segmentation.interpret import SegmentationInterpretation
    from cnnproj.segmentation.prediction import SegmentedPhoto
    from cnnproj.segmentation.preview import MaskedPreview
    from cnnproj.segmentation.recipe import SegmentationTraining
    from cnnproj.segmentation.sources import MaskedSource


class SegmentationProject(Project):
    """A project folder whose project.toml says ``task = "segmentation"``: see ``Project``."""

    # The stages, in order -------------------------------------------------------------------------------------------

    def audit(self) -> Audit:
        """Read and resize the images and their masks, and find what does not fit together or stands there twice."""
        from cnnproj.data.audit import load_audit
        from cnnproj.segmentation.images import audit_masked

        self.__dict__.pop("_source", None)  # look at the user's files again
        data = self.settings.data
        self.record.complete(
            AUDIT,
            self.stages.inputs(AUDIT),
            lambda: audit_masked(
                self._source,
                self._folder(DATA),
                size=data.size,
                resize=data.resize,
                color=data.color,
                near_duplicates=data.near_duplicates,
                threads=self.settings.training.threads,
            ),
        )
        return load_audit(self._folder(DATA))

    def prepare(self) -> MaskedImages:  # type: ignore[override]
        """Audit the images and masks, and deal them out to training, validation and test part."""
        super().prepare()
        return self.images

    def preview(self, images: int = 4, variants: int = 6) -> MaskedPreview:  # type: ignore[override]
        """What augmentation makes of the first training images and their masks."""
        self._start()
        from cnnproj.reporting.preview import varied_as_in
        from cnnproj.segmentation.preview import preview

        return preview(self.images.train, images=images, **varied_as_in(self.settings, variants))

    def train(self, model: str) -> SegmentationTraining:  # type: ignore[override]
        """Train the best trial of ``model`` for the full number of epochs, and keep its best epoch."""
        super().train(model)
        return self.training_of(model)

    def _train(self, network: Architecture) -> list[Path]:
        from cnnproj.segmentation.networks import segmenters
        from cnnproj.segmentation.recipe import train_best

        return train_best(
            segmenters()[network.name],
            self.images,
            self._model_folder(network.name),
            epochs=self.settings.training_epochs,
            seed=derive_seed(self.settings.project.seed, network.name, "training"),
            augmentation=self.settings.augmentation.arguments,
            training=self.settings.training,
            resize=self.settings.data.resize,
            project=self.folder,
            inputs=self.stages.inputs(f"train {network.name}"),
        )

    def evaluate(self) -> SegmentationEvaluation:  # type: ignore[override]
        """Choose the best network on validation, then measure every network on the test part."""
        from cnnproj.segmentation.evaluate import evaluate, load_evaluation

        for model in self.models:
            self.stages.require(f"train {model}")
        if self.record.staleness(EVALUATE, self.stages.inputs(EVALUATE)):
            self._start()
            folders = {model: self._model_folder(model) for model in self.models}
            images, folder = self.images, self._folder("evaluation")
            self.record.complete(
                EVALUATE,
                self.stages.inputs(EVALUATE),
                lambda: evaluate(
                    self.record,
                    images,
                    folders,
                    folder,
                    seed=self.settings.project.seed,
                    background=self.settings.segmentation.background,
                ),
            )
        return load_evaluation(self._folder("evaluation"))

    def interpret(self) -> SegmentationInterpretation:  # type: ignore[override]
        """Show three to five test cases chosen by rule: truth, prediction, errors, and where the network looked."""
        from cnnproj.segmentation.interpret import interpret, load_interpretation

        evaluation, images, folder = self.evaluation, self.images, self._folder("interpretation")
        if self.record.staleness(INTERPRET, self.stages.inputs(INTERPRET)):
            self._start()
            self.record.complete(
                INTERPRET,
                self.stages.inputs(INTERPRET),
                lambda: interpret(
                    self.record,
                    images,
                    evaluation,
                    self._model_folder(evaluation.best),
                    folder,
                    count=self.settings.interpretation.cases,
                    explain=self.settings.segmentation.explain,
                ),
            )
        return load_interpretation(folder, images, evaluation)

    def report(self) -> Path:
        """Write the report, one HTML file, with its figures beside it."""
        self.stages.require(INTERPRET)
        if self.record.staleness(REPORT, self.stages.inputs(REPORT)):
            from cnnproj.reporting.segmentation import write_report

            self._record_environment()
            self.record.complete(
                REPORT, self.stages.inputs(REPORT), lambda: write_report(self._results(), self.record.folder)
            )
        return self.record.folder / "report.html"

    # What the stages have made --------------------------------------------------------------------------------------

    @property
    def images(self) -> MaskedImages:  # type: ignore[override]
        """The stored images and masks, where they are up to date."""
        from cnnproj.segmentation.images import load_masked_images

        self.stages.require(DATA)
        return load_masked_images(self._folder(DATA))

    def training_of(self, model: str) -> SegmentationTraining:  # type: ignore[override]
        """The finished training of ``model``."""
        from cnnproj.segmentation.recipe import load_segmentation_training

        self.stages.require(f"train {model}")
        return load_segmentation_training(self._model_folder(model))

    @property
    def evaluation(self) -> SegmentationEvaluation:  # type: ignore[override]
        """The finished evaluation."""
        from cnnproj.segmentation.evaluate import load_evaluation

        self.stages.require(EVALUATE)
        return load_evaluation(self._folder("evaluation"))

    @property
    def headline(self) -> str:
        """The best network and its Dice on the test part, in a sentence."""
        best = self.evaluation.best
        score = self.record.manifest.dice[best]
        low, high = ("–" if bound is None else f"{bound:.3f}" for bound in (score.low, score.high))
        return say("segmentation.result", model=best, dice=f"{score.dice:.3f}", n=score.n, low=low, high=high)

    def predict(self, photos: list[Path]) -> list[SegmentedPhoto]:  # type: ignore[override]
        """Name the class of each pixel of each photo with the best network, and draw it.

        Raises:
            CnnprojError: where a photo cannot be read, before anything is written.
        """
        best = self.evaluation.best
        self._start()
        from cnnproj.segmentation.prediction import segment_photos

        return segment_photos(photos, self._model_folder(best), self._folder("predictions"))

    @property
    def notebooks(self) -> Path:
        """The folder of its notebooks; of a project beside one that classifies, that of the other."""
        return self.folder.parent / "notebooks" if self._is_beside else self.folder / "notebooks"

    def is_of_its_task(self, notebook: Path) -> bool:
        """Whether ``notebook`` is about segmentation: of ours the one on it, beside the user's own."""
        if self._is_beside:  # there the user's own are about the other project
            return notebook.stem == SEGMENTATION_NOTEBOOK
        return notebook.stem not in CLASSIFYING_NOTEBOOKS

    @property
    def _is_beside(self) -> bool:
        from cnnproj.segmentation.beside import FOLDER

        inside = self.folder.name == FOLDER and not (self.folder / "notebooks").is_dir()
        return inside and (self.folder.parent / FILE_NAME).is_file()

    # Below the stages -----------------------------------------------------------------------------------------------

    @cached_property
    def _source(self) -> MaskedSource:
        from cnnproj.segmentation.sources import open_masked

        given, data = self.settings.segmentation, self.settings.data
        return open_masked(
            data.source,
            self.folder,
            seed=self.settings.project.seed,
            names=given.classes,
            colors=given.colors,
            ignore=data.ignore,
        )

    @property
    def _goal(self) -> Goal:
        return DICE

    @property
    def _judged(self) -> dict[str, Any]:
        from cnnproj.segmentation.training import fit_segmenter

        return {"train": partial(fit_segmenter, folder=self.folder), "goal": DICE}

    def _is_saved_whole(self, model: str) -> bool:
        return False  # a network of the student's own is built by its code alone

    def _results(self) -> SegmentationResults:  # type: ignore[override]
        from cnnproj.reporting.segmentation import SegmentationResults

        return SegmentationResults(
            settings=self.settings,
            manifest=self.record.manifest,
            images=self.images,
            preview=self.preview(),
            searches={model: self.search_of(model) for model in self.models},
            trainings={model: self.training_of(model) for model in self.models},
            diagnoses=self.diagnoses(),
            evaluation=self.evaluation,
            interpretation=self.interpret(),
        )
