"""The spine: a project and its stages, in order. Notebooks and command line call these same methods.

Each stage reads what the one before it wrote under ``reports/<name>/``, is skipped when nothing that goes into it has
changed, and says what to run first where something is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnproj.errors import CnnprojError
from cnnproj.models import Architecture
from cnnproj.randomness import derive_seed
from cnnproj.run import Plain, Run, fingerprint
from cnnproj.selection import ACCURACY, Goal
from cnnproj.settings import DataTable, Settings
from cnnproj.settings_file import FILE_NAME, nearest, read_settings
from cnnproj.stages import AUDIT, DATA, EVALUATE, INTERPRET, REPORT, Stages, StageStatus, title
from cnnproj.tasks import networks
from cnnproj.words import prefer_language, say

if TYPE_CHECKING:
    import pandas as pd

    from cnnproj.anatomy.anatomy import Anatomy
    from cnnproj.anatomy.inside import Inside
    from cnnproj.anatomy.networks import Networks
    from cnnproj.data.audit import Audit
    from cnnproj.data.images import Images
    from cnnproj.data.sources.source import Source
    from cnnproj.diagnosis.diagnose import Diagnosis
    from cnnproj.evaluation.evaluate import Evaluation
    from cnnproj.interpretation.interpret import Interpretation
    from cnnproj.prediction import Prediction
    from cnnproj.reporting.results import AugmentationPreview, Results, Search, Training
    from cnnproj.segmentation.project import SegmentationProject
    from cnnproj.transfer import Experiment


class Project:
    """A project folder: its ``project.toml``, and the run under ``reports/<name>/``.

    Args:
        folder: where ``project.toml`` is.
        settings: what it says.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        prefer_language(settings.project.language)
        self.folder = folder
        self.settings = settings
        self.record = Run(folder / "reports" / settings.project.name)
        self.stages = Stages(settings, self.record, lambda: self.models, lambda: self._source, folder)

    @classmethod
    def open(cls, path: str | Path = ".") -> Project:
        """The project in ``path`` or the nearest folder above it; or with ``path`` as its project.toml.

        Raises:
            SettingsError: where there is none, or it says something that cannot be.
        """
        start = Path(path).expanduser().resolve()
        if start.is_file():
            return cls._of_its_task(start.parent, read_settings(start))
        for folder in (start, *start.parents):
            if (folder / FILE_NAME).is_file():
                return cls._of_its_task(folder, read_settings(folder / FILE_NAME))
        raise CnnprojError("settings.no_file", path=start / FILE_NAME)

    @classmethod
    def _of_its_task(cls, folder: Path, settings: Settings) -> Project:
        if settings.project.task == "segmentation":
            from cnnproj.segmentation.project import SegmentationProject

            return SegmentationProject(folder, settings)
        return cls(folder, settings)

    def segmentation(self) -> SegmentationProject:
        """This project, where its task is segmentation; else one of its own beside it, in the folder ``segmentation``.

        That one is made the first time, with the seed, the budget and the language of this one, and is then yours to
        edit: its project.toml and its reports have nothing to do with the stages of this one.
        """
        from cnnproj.segmentation.beside import open_beside

        return open_beside(self)

    # The stages, in order -------------------------------------------------------------------------------------------

    def audit(self) -> Audit:
        """Read and resize the images, and find what cannot be read, needs care, or stands there twice."""
        from cnnproj.data.audit import audit_source, load_audit

        self.__dict__.pop("_source", None)  # look at the user's files again
        data = self.settings.data
        self.record.complete(
            AUDIT,
            self.stages.inputs(AUDIT),
            lambda: audit_source(
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

    def prepare(self) -> Images:
        """Audit the images, and deal them out to training, validation and test part."""
        from cnnproj.data.images import divide_images, load_images

        self.audit()
        data = self.settings.data
        self.record.complete(
            DATA,
            self.stages.inputs(DATA),
            lambda: divide_images(
                self._folder(DATA),
                fractions=data.fractions.model_dump(),
                group_pattern=data.group_pattern,
                set_leaks_aside=data.leaks == "set_aside",
                train_limit=data.train_limit,
                seed=derive_seed(self.settings.project.seed, "split"),
            ),
        )
        return load_images(self._folder(DATA))

    def preview(self, images: int = 4, variants: int = 6) -> AugmentationPreview:
        """What augmentation makes of the first training images, by the arguments and the arithmetic of training."""
        self._start()
        from cnnproj.reporting.preview import preview, varied_as_in

        return preview(self.images.train, images=images, **varied_as_in(self.settings, variants))

    def tune(self, model: str, *, trials: int | None = None) -> Search:
        """Search the hyperparameters of ``model`` on training and validation part.

        Args:
            model: its name.
            trials: how many in all, in place of the number in project.toml.

        Trials that are there already count; a broken one is done again. So does every other process with the same
        project, where ``[search]`` names a database: each takes trials until all are done.
        """
        self.stages.require(DATA)
        network = self._network(model)
        inputs = self.stages.inputs(f"tune {model}")
        wanted = trials or self.settings.trials
        more = wanted > self.settings.trials
        if more or self.record.staleness(f"tune {model}", inputs):
            inputs["search.trials"] = min(wanted, self.settings.trials)
            self._start()
            from cnnproj.tuning.search import search

            images = self.images
            self.record.complete(
                f"tune {model}",
                inputs,
                lambda: search(
                    network,
                    self.settings.space(model),
                    images,
                    self._model_folder(model),
                    table=self.settings.search,
                    trials=wanted,
                    epochs=self.settings.search_epochs,
                    seed=self.settings.project.seed,
                    augmentation=self.settings.augmentation.arguments,
                    training=self.settings.training,
                    identity=_identity(inputs),
                    project=self.folder,
                    **self._judged,
                ),
                again=more,
            )
        return self._search(model)

    def trials(self, model: str) -> pd.DataFrame:
        """The table of the trials of ``model`` so far, also while another process searches.

        Raises:
            CnnprojError: where there are none yet.
        """
        from cnnproj.tuning.outcome import trial_table
        from cnnproj.tuning.study import look

        network = self._network(model)
        identity = _identity(self.stages.inputs(f"tune {model}"))
        done = look(self._model_folder(model), self.settings.search.storage, network.name, identity)
        return trial_table(done, self.settings.space(model), self._goal)

    def train(self, model: str) -> Training:
        """Train the best trial of ``model`` for the full number of epochs, and keep its best epoch."""
        self.stages.require(f"tune {model}")
        network = self._network(model)
        if self.record.staleness(f"train {model}", self.stages.inputs(f"train {model}")):
            self._start()
            self.record.complete(f"train {model}", self.stages.inputs(f"train {model}"), lambda: self._train(network))
        return self.training_of(model)

    def _train(self, network: Architecture) -> list[Path]:
        from cnnproj.final_training import train_best

        return train_best(
            network,
            self.images,
            self._model_folder(network.name),
            epochs=self.settings.training_epochs,
            seed=derive_seed(self.settings.project.seed, network.name, "training"),
            augmentation=self.settings.augmentation.arguments,
            training=self.settings.training,
            resize=self.settings.data.resize,
            inputs=self.stages.inputs(f"train {network.name}"),
            project=self.folder,
        )

    def diagnose(self, model: str) -> Diagnosis:
        """What is wrong, if anything, with the final training of ``model``; also with one that ended without a number.

        Raises:
            CnnprojError: where it has not been trained yet, or was trained before there was anything to diagnose by.
        """
        from cnnproj.recipe import RECIPE

        if found := self.diagnoses([model]):
            return found[model]
        if model not in self.models:
            raise CnnprojError("project.unknown_model", model=model, hint=nearest(model, self.models))
        self.stages.require(f"train {model}")
        raise CnnprojError("diagnosis.not_measured", model=model, file=self._model_folder(model) / RECIPE)

    def diagnoses(self, models: Sequence[str] = ()) -> dict[str, Diagnosis]:
        """What is wrong with the trainings of ``models``, or of all, by name; those left out that cannot be told."""
        from cnnproj.diagnosis.diagnose import diagnose
        from cnnproj.diagnosis.gather import attempted, gather

        folders = self._folder("models")
        known = models or dict.fromkeys([*self.models, *attempted(folders)])
        found = {model: gather(model, folders / model, self.stages, lambda: self.images) for model in known}
        return {model: diagnose(evidence) for model, evidence in found.items() if evidence is not None}

    def evaluate(self) -> Evaluation:
        """Choose the best model on validation, then measure every model on the test part."""
        from cnnproj.evaluation.evaluate import evaluate, load_evaluation

        for model in self.models:
            self.stages.require(f"train {model}")
        if self.record.staleness(EVALUATE, self.stages.inputs(EVALUATE)):
            self._start()
            folders = {model: self._model_folder(model) for model in self.models}
            images, folder = self.images, self._folder("evaluation")
            self.record.complete(
                EVALUATE,
                self.stages.inputs(EVALUATE),
                lambda: evaluate(self.record, images, folders, folder, seed=self.settings.project.seed),
            )
        return load_evaluation(self._folder("evaluation"))

    def interpret(self) -> Interpretation:
        """Show where the best model looks, on three to five test cases chosen by rule; and whether to believe it."""
        from cnnproj.interpretation.interpret import interpret, load_interpretation

        evaluation = self.evaluation
        images, folder = self.images, self._folder("interpretation")
        if self.record.staleness(INTERPRET, self.stages.inputs(INTERPRET)):
            self._start()
            self.record.complete(
                INTERPRET,
                self.stages.inputs(INTERPRET),
                lambda: interpret(
                    self.record,
                    images,
                    self._source,
                    evaluation,
                    self._model_folder(evaluation.best),
                    folder,
                    count=self.settings.interpretation.cases,
                    seed=derive_seed(self.settings.project.seed, "interpretation"),
                ),
            )
        return load_interpretation(folder, images)

    def report(self) -> Path:
        """Write the report, one HTML file, with its figures beside it."""
        self.stages.require(INTERPRET)
        if self.record.staleness(REPORT, self.stages.inputs(REPORT)):
            from cnnproj.reporting.report import write_report

            self._record_environment()
            self.record.complete(
                REPORT, self.stages.inputs(REPORT), lambda: write_report(self._results(), self.record.folder)
            )
        return self.record.folder / "report.html"

    def run(self, announce: Callable[[str], None] = print) -> Path:
        """Every stage in order, each skipped where nothing has changed. Returns where the report is.

        Args:
            announce: called with a line before each stage.
        """
        for stage, work in self._stages():
            state = "skipped" if self.stages.is_done(stage) else "starting"
            announce(say(f"project.{state}", stage=title(stage)))
            work()
        return self.record.folder / "report.html"

    def _stages(self) -> list[tuple[str, Callable[[], object]]]:
        stages: list[tuple[str, Callable[[], object]]] = [(AUDIT, self.audit), (DATA, self.prepare)]
        for model in self.settings.models:
            stages.append((f"tune {model}", lambda model=model: self.tune(model)))  # type: ignore[misc]
            stages.append((f"train {model}", lambda model=model: self.train(model)))  # type: ignore[misc]
        return [*stages, (EVALUATE, self.evaluate), (INTERPRET, self.interpret), (REPORT, self.report)]

    # What the stages have made --------------------------------------------------------------------------------------

    @property
    def images(self) -> Images:
        """The stored images, where they are up to date."""
        from cnnproj.data.images import load_images

        self.stages.require(DATA)
        return load_images(self._folder(DATA))

    def search_of(self, model: str) -> Search:
        """The finished search of ``model``."""
        self.stages.require(f"tune {model}")
        return self._search(model)

    def _search(self, model: str) -> Search:
        from cnnproj.reporting.results import load_search

        return load_search(model, self._model_folder(model), self.stages.inputs(f"tune {model}"))

    def training_of(self, model: str) -> Training:
        """The finished training of ``model``."""
        from cnnproj.reporting.results import load_training

        self.stages.require(f"train {model}")
        return load_training(self._model_folder(model))

    @property
    def evaluation(self) -> Evaluation:
        """The finished evaluation."""
        from cnnproj.evaluation.evaluate import load_evaluation

        self.stages.require(EVALUATE)
        return load_evaluation(self._folder("evaluation"))

    @property
    def models(self) -> list[str]:
        """The models of the project: those in project.toml, then the student's own that are registered or trained."""
        known = networks(self.settings.project.task)
        own = [name for name, network in known.items() if not network.ours]
        trained = [
            stage.removeprefix("train ")
            for stage in self.record.manifest.stages
            if stage.startswith("train ") and self._is_saved_whole(stage.removeprefix("train "))
        ]
        return list(dict.fromkeys([*self.settings.models, *own, *trained]))

    # Looking inside -------------------------------------------------------------------------------------------------

    def networks(self) -> Networks:
        """The famous networks of the lectures, counted, beside those trained here, measured; nothing is trained for it.

        Trained here is whatever ``train`` has trained, also a network that project.toml does not name.
        """
        self._start()
        from cnnproj.anatomy.networks import networks

        done = [stage for stage in self.record.manifest.stages if stage.startswith("train ")]
        folders = {
            stage.removeprefix("train "): self._model_folder(stage.removeprefix("train "))
            for stage in done
            if self.stages.is_done(stage)
        }
        scores = self.evaluation.scores if self.stages.is_done(EVALUATE) else None
        return networks(folders, self.images if self.stages.is_done(DATA) else None, scores)

    def anatomy(self, model: str, *, original: bool = False) -> Anatomy:
        """What ``model`` is made of, layer by layer, for the images of the project; it need not be trained.

        Args:
            model: its name.
            original: one of the famous networks as it was published, for the images that it was made for.

        Its hyperparameters are the best of its search, or its defaults where there was none.

        Raises:
            CnnprojError: where there is no such model, no original form of it, or it does not fit the images.
        """
        self._start()
        from cnnproj.anatomy import anatomy, famous

        network = self._network(model)
        if original:
            if model not in famous.famous():
                raise CnnprojError("anatomy.no_original", model=model, known=", ".join(famous.famous()))
            return famous.original(model)
        tuned = self.stages.is_done(f"tune {model}")
        chosen = self.search_of(model).best if tuned else network.defaults
        return anatomy.sketch(network, self.images.shape, len(self.images.classes), chosen)

    def look_inside(self, model: str, image: int = 0) -> Inside:
        """What happens in the trained ``model`` for one image of the validation part.

        Args:
            model: its name.
            image: the position of the image, from 0.

        Raises:
            CnnprojError: where the model is not trained, or there is no such image.
        """
        self.stages.require(f"train {model}")
        part = self.images.validation
        if not 0 <= image < len(part):
            raise CnnprojError("anatomy.no_image", image=image, last=len(part) - 1)
        self._start()
        from cnnproj.anatomy.inside import look_inside
        from cnnproj.recipe import load_model

        return look_inside(load_model(self._model_folder(model)), part.images(slice(image, image + 1))[0])

    def predict(self, photos: list[Path]) -> list[Prediction]:
        """Name the class of each photo with the best model, and draw what it looks at.

        Raises:
            CnnprojError: where a photo cannot be read, before anything is written.
        """
        best = self.evaluation.best
        self._start()
        from cnnproj.prediction import predict_photos

        seed = derive_seed(self.settings.project.seed, "prediction")
        return predict_photos(photos, self._model_folder(best), self._folder("predictions"), seed=seed)

    def transfer(
        self,
        backbone: str | None = None,
        weights: str | None = None,
        *,
        pretrain_on: Sequence[str] = (),
        per_class: int | None = None,
        epochs: int | None = None,
    ) -> Experiment:
        """Try transfer learning in four ways: pretrained or not, fine-tuned or not. No other stage is touched.

        Args:
            backbone: as ``[models.transfer]`` in project.toml has it, which is used where nothing is given.
            weights: likewise: ``imagenet``, or a path from the project's folder.
            pretrain_on: classes to train the backbone on first; it is then tried on the others.
            per_class: with how many training images of each class to try it; all, where nothing is given.
            epochs: of each of the four trainings, in place of the number in project.toml; 1 on a smoke budget.

        Raises:
            CnnprojError: where there are no such weights or classes.
        """
        images = self.images
        self._start()
        from cnnproj.transfer import FOLDER, Conditions, experiment, experiment_hyperparameters, partition, pretrain

        usual = self.settings.training_epochs
        folder = self._folder(FOLDER)
        conditions = Conditions(
            epochs=usual,
            seed=derive_seed(self.settings.project.seed, "transfer experiment"),
            augmentation=self.settings.augmentation.arguments,
            training=self.settings.training,
            project=self.folder,
            inputs=self.stages.of_training("transfer"),
        )
        known, others = partition(images, pretrain_on, per_class=per_class, seed=conditions.seed)
        chosen = experiment_hyperparameters(self.settings, backbone, weights)
        if known is not None:
            made = pretrain(str(chosen["backbone"]), known, folder, conditions, self.settings.data.resize)
            chosen["weights"] = made.relative_to(self.folder).as_posix()
        wanted = usual if epochs is None or self.settings.project.budget == "smoke" else epochs
        return experiment(others, chosen, folder, replace(conditions, epochs=wanted))

    def variant(self, name: str, **data: Any) -> Project:
        """Another project in the same folder that differs in its name and in keys of ``[data]``, as ``source``."""
        settings = self.settings.model_copy(
            update={
                "project": self.settings.project.model_copy(update={"name": name}),
                "data": DataTable.model_validate(data),
            }
        )
        return Project(self.folder, settings)

    def submit(
        self,
        target: Path | None = None,
        *,
        with_test_images: bool = False,
        incomplete: bool = False,
        announce: Callable[[str], None] = print,
    ) -> Path:
        """Check the run against the assignment and pack it into one zip to hand in. Returns where the zip is.

        Args:
            target: the zip, or a folder for it; by default ``<name>-submission.zip`` beside project.toml.
            with_test_images: whether the stored test images go with it.
            incomplete: whether to pack it also where something is missing.
            announce: called with each line of what is told.

        Raises:
            CnnprojError: where something is missing, or the zip cannot be made.
        """
        from cnnproj.submission.handing_in.submit import submit

        return submit(self, target=target, with_test_images=with_test_images, incomplete=incomplete, announce=announce)

    @property
    def notebooks(self) -> Path:
        """The folder of its notebooks."""
        return self.folder / "notebooks"

    def is_of_its_task(self, notebook: Path) -> bool:
        """Whether ``notebook``, one of that folder, belongs to a project of this task."""
        return True

    def status(self) -> list[StageStatus]:
        """How each stage stands, and why it is not done."""
        return [self.stages.status(stage) for stage, _ in self._stages()]

    @property
    def headline(self) -> str:
        """The best model and its score on the test part, in a sentence."""
        best = self.evaluation.best
        score = self.record.manifest.scores[best]
        bounds = {"low": f"{score.low:.3f}", "high": f"{score.high:.3f}"}
        return say("cli.result", model=best, accuracy=f"{score.accuracy:.3f}", n=score.n, **bounds)

    # Below the stages -----------------------------------------------------------------------------------------------

    @cached_property
    def _source(self) -> Source:
        from cnnproj.data.sources import open_source

        return open_source(self.settings.data.source, self.folder, seed=self.settings.project.seed)

    @property
    def _goal(self) -> Goal:
        """What trials, epochs and models are chosen by."""
        return ACCURACY

    @property
    def _judged(self) -> dict[str, Any]:
        """How a search trains its trials and judges them, where it is not as for classification."""
        return {}

    def _network(self, model: str) -> Architecture:
        known = networks(self.settings.project.task)
        if model not in known:
            raise CnnprojError("project.unknown_model", model=model, hint=nearest(model, list(known)))
        return known[model]

    def _is_saved_whole(self, model: str) -> bool:
        return (self._model_folder(model) / "model.keras").is_file()

    def _folder(self, name: str) -> Path:
        return self.record.folder / name

    def _model_folder(self, model: str) -> Path:
        return self.record.folder / "models" / model

    def _start(self) -> None:
        from cnnproj.runtime import start_tensorflow

        start_tensorflow(self.settings.training.threads)

    def _record_environment(self) -> None:
        from cnnproj.runtime import environment

        self._start()
        threads = self.settings.training.threads
        self.record.update(environment=environment(threads), settings=self.settings.model_dump(mode="json"))

    def _results(self) -> Results:
        from cnnproj.reporting.results import Results

        return Results(
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


def _identity(inputs: Mapping[str, Plain]) -> str:
    """A digest of all that must be the same for trials to be comparable: more trials, and repeats, change nothing."""
    return fingerprint({key: value for key, value in inputs.items() if key not in ("search.trials", "search.repeats")})
