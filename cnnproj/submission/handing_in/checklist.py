"""What the assignment asks for, by task, and what of it a run's folder does not have; told by its plain files alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from cnnproj.interpretation.interpret import CASES, METHODS
from cnnproj.recipe import LAYERS, WHOLE
from cnnproj.run import Manifest, Plain, Run
from cnnproj.segmentation.interpret import KNOWN
from cnnproj.selection import ACCURACY, DICE
from cnnproj.settings import Settings
from cnnproj.tasks import Task
from cnnproj.tuning.tables import TABLE, load_trials, varied
from cnnproj.words import say

# What can be missing, each with the point of the checklist that it belongs to.
MISSING: Mapping[str, str] = {
    "not_done": "state",
    "no_report": "state",
    "old_report": "state",
    "report_due": "state",
    "smoke": "state",
    "not_trained": "networks",
    "no_mlp": "networks",
    "few_cnns": "networks",
    "few_segmenters": "networks",
    "not_tuned": "tuning",
    "not_tested": "test",
    "no_cases": "cases",
    "no_notebooks": "notebooks",
    "not_executed": "notebooks",
    "out_of_order": "notebooks",
    "shows_error": "notebooks",
    "other_results": "notebooks",
    "notebooks_due": "notebooks",
    "unnumbered": "notebooks",
    "no_author": "author",
    "no_discussion": "words",
    "no_conclusions": "words",
}
POINTS = tuple(dict.fromkeys(MISSING.values()))
# Worth saying; nobody is sent away for it.
REMINDERS = ("smoke", "report_due", "notebooks_due", "unnumbered", "no_discussion", "no_conclusions")
PLACEHOLDERS = ("Your name", "Tu nombre")  # as the author of a new project.toml, in each language
CNNS, SEGMENTERS, FEWEST_CASES, MOST_CASES = 2, 3, 3, 5


@dataclass(frozen=True)
class Missing:
    """One thing that is missing, and how to make it.

    Attributes:
        sentence: one of ``MISSING``; its words stand below ``submission.missing.``.
        values: what fills its gaps.
    """

    sentence: str
    values: Mapping[str, Plain] = field(default_factory=dict)

    def __str__(self) -> str:
        return say(f"submission.missing.{self.sentence}", **self.values)

    @property
    def essential(self) -> bool:
        """Whether the assignment asks for it."""
        return self.sentence not in REMINDERS

    @property
    def point(self) -> str:
        """The point of the checklist, of ``POINTS``."""
        return MISSING[self.sentence]


@dataclass(frozen=True)
class Asked:
    """What one task is asked for.

    Attributes:
        networks: what is missing of the networks, by the table of layers of each trained one.
        score: the column of trials by which networks are chosen.
        scored: gives the networks whose test scores are in ``run.json``.
        predictions: where what a network says of the test part is, with ``{model}`` for its name.
        explained: which network is explained, below ``interpretation/``.
        labels: the points of the checklist that are called otherwise than by their own name.
    """

    networks: Callable[[Mapping[str, pd.DataFrame]], Iterator[Missing]]
    score: str
    scored: Callable[[Manifest], Container[str]]
    predictions: str
    explained: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def label(self, point: str) -> str:
        """What the ``point`` of the checklist is called."""
        return say(f"submission.point.{self.labels.get(point, point)}")


def missing(settings: Settings, record: Run) -> list[Missing]:
    """What the assignment asks for and the run's folder does not have, notebooks aside.

    Three networks or more, no two of the same layers: of those that classify one without convolution and two with; for
    each a hyperparameter of which two values or more were tried, and results on the test part; three to five cases of
    the best; a report; and whose work it is. Files that are there must be such as a run writes: a stranger's are
    checked before.
    """
    return list(_missing(settings, record))


def _missing(settings: Settings, record: Run) -> Iterator[Missing]:
    asked = ASKED[settings.project.task]
    if settings.project.budget == "smoke":
        yield Missing("smoke")
    if not (record.folder / "report.html").is_file():
        yield Missing("no_report")
    names = _models(settings, record)
    trained = [name for name in names if (record.folder / "models" / name / LAYERS).is_file()]
    if untrained := [name for name in names if name not in trained]:
        yield Missing("not_trained", {"models": ", ".join(untrained)})
    else:
        folders = {name: record.folder / "models" / name for name in trained}
        yield from asked.networks(
            {name: pd.read_csv(folder / LAYERS, keep_default_na=False) for name, folder in folders.items()}
        )
    if untuned := [name for name in trained if not _is_tuned(record, name, asked)]:
        yield Missing("not_tuned", {"models": ", ".join(untuned)})
    if untested := [name for name in names if not _is_tested(record, name, asked)]:
        yield Missing("not_tested", {"models": ", ".join(untested)})
    if not FEWEST_CASES <= (cases := _cases(record, asked)) <= MOST_CASES:
        yield Missing("no_cases", {"n": cases})
    names = [author.name.strip() for author in settings.project.authors]
    if not names or not all(names) or not set(names).isdisjoint(PLACEHOLDERS):
        yield Missing("no_author")
    if not settings.project.discussion.strip():
        yield Missing("no_discussion")
    if not settings.project.conclusions.strip():
        yield Missing("no_conclusions")


def _models(settings: Settings, record: Run) -> list[str]:
    """The models of the project: those in project.toml, and the student's own, which are saved whole."""
    own = [path.parent.name for path in sorted((record.folder / "models").glob(f"*/{WHOLE}"))]
    return list(dict.fromkeys([*settings.models, *own]))


def _classifiers(layers: Mapping[str, pd.DataFrame]) -> Iterator[Missing]:
    cnns = {name: tuple(table["kind"]) for name, table in layers.items() if _convolves(table)}
    if not any(_is_mlp(table) for table in layers.values()):
        yield Missing("no_mlp")
    if (different := len(set(cnns.values()))) < CNNS:
        yield Missing("few_cnns", {"n": different, "models": ", ".join(cnns) or "–"})


def _segmenters(layers: Mapping[str, pd.DataFrame]) -> Iterator[Missing]:
    if (different := len({tuple(table["kind"]) for table in layers.values()})) < SEGMENTERS:
        yield Missing("few_segmenters", {"n": different, "models": ", ".join(layers) or "–"})


def _convolves(layers: pd.DataFrame) -> bool:
    """Whether a layer with weights works on maps, as convolutions do: what comes in has height, width and channels.

    Also a block of layers, or a whole network that is used as one layer. Normalisation moves nothing from place to
    place. The image itself has three sides, so what comes into the first layer has.
    """
    sides = [3, *(len(output.split(" × ")) for output in layers["output"].astype(str))]
    return any(
        came == 3 and count > 0 and not kind.endswith("Normalization")
        for came, kind, count in zip(sides, layers["kind"], layers["parameters"], strict=False)
    )


def _is_mlp(layers: pd.DataFrame) -> bool:
    """Whether it has no convolution, and two layers or more that compute: with one alone nothing is hidden."""
    computes = (layers["parameters"] > 0) & ~layers["kind"].str.endswith("Normalization")
    return not _convolves(layers) and int(computes.sum()) >= 2


def _is_tuned(record: Run, model: str, asked: Asked) -> bool:
    """Whether two values or more of a hyperparameter were tried in trials that came to a result."""
    folder = record.folder / "models" / model
    if not (folder / TABLE).is_file():
        return False
    trials = load_trials(folder)
    done = trials[trials[asked.score].notna() & trials["reason"].isna()]
    return any(done[name].nunique() >= 2 for name in varied(trials))


def _is_tested(record: Run, model: str, asked: Asked) -> bool:
    predictions = record.folder / asked.predictions.format(model=model)
    return model in asked.scored(record.manifest) and predictions.is_file()


def _cases(record: Run, asked: Asked) -> int:
    """How many test cases of the best model are explained."""
    folder = record.folder / "interpretation"
    if not (folder / CASES).is_file() or not (folder / asked.explained).is_file():
        return 0
    explained = json.loads((folder / asked.explained).read_text(encoding="utf-8"))["model"]
    return len(pd.read_csv(folder / CASES)) if explained == record.manifest.best_model else 0


ASKED: Mapping[Task, Asked] = {
    "classification": Asked(
        networks=_classifiers,
        score=ACCURACY.column,
        scored=lambda manifest: manifest.scores,
        predictions="evaluation/predictions_{model}.csv",
        explained=METHODS,
    ),
    "segmentation": Asked(
        networks=_segmenters,
        score=DICE.column,
        scored=lambda manifest: manifest.dice,
        predictions="evaluation/predicted_{model}.npy",
        explained=KNOWN,
        labels={"networks": "segmenters"},
    ),
}
