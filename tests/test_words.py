"""What code says stands in every language, with the gaps that code fills, and nothing stands there for nobody."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import NamedTuple, get_args

import numpy as np
import pytest

import cnnproj
from cnnproj import words
from cnnproj.anatomy.published import How
from cnnproj.data.audit import KINDS, UNREADABLE, UNUSABLE_MASKS
from cnnproj.data.split import PARTS
from cnnproj.diagnosis.diagnose import KINDS as DIAGNOSED
from cnnproj.diagnosis.finding import SEVERITIES
from cnnproj.evaluation.scores import scores
from cnnproj.interpretation.cases import RULES
from cnnproj.interpretation.methods import WITH_POSITIONS
from cnnproj.lecture.descent import RULES as OPTIMIZER_RULES
from cnnproj.lecture.detectors import FILTERS
from cnnproj.lecture.gradients import NETWORKS
from cnnproj.lecture.pooling import Kind
from cnnproj.lecture.sharing import LAYERS
from cnnproj.models import architectures
from cnnproj.models.registry import BASELINES
from cnnproj.run import INPUTS
from cnnproj.segmentation.cases import RULES as SEGMENTED_RULES
from cnnproj.segmentation.networks import segmenters
from cnnproj.settings import AugmentationTable, Settings
from cnnproj.spoken_commands import FRAME
from cnnproj.submission.finding import CHECKS, Level, State, Whose
from cnnproj.submission.grading.grade import NUMBERED
from cnnproj.submission.grading.pages import OUTCOMES
from cnnproj.submission.grading.similarity import KINDS as KINDS_OF_SIMILARITY
from cnnproj.submission.handing_in.checklist import ASKED, MISSING, POINTS
from cnnproj.transfer import CELLS
from cnnproj.words import catalogue, languages, say

PACKAGE = Path(cnnproj.__file__).parent
ROOMS = {path.stem for path in (PACKAGE / "words" / "en").glob("*.toml")}
KEY = re.compile(rf"(?:{'|'.join(sorted(ROOMS))})(?:\.[a-z0-9_]+)+")
SPEAKS = re.compile(r"say|\w*Error|UnreadableImage")
TEMPLATES = sorted(PACKAGE.rglob("templates/*.html"))
CASE_RULES = [*RULES, "next_least_sure"]
VERDICTS = ["better", "tied", "worse"]
METRICS = [*scores(np.eye(6), np.arange(6)), *scores(np.eye(30), np.arange(30))]
METHODS = [*WITH_POSITIONS, "occlusion"]
SEGMENTERS = {name: network.summary for name, network in segmenters().items() if network.ours}
OURS = {name: network.summary for name, network in architectures().items() if network.ours}
PANELS = ["loss", "accuracy", "before_training", "after_training", "deletion", "insertion"]
CASES = ["cases_gradcam", "cases_saliency"]
BALANCED = ["balance_class_weights", "balance_augment"]


def _keys(table: object) -> list[str]:
    return list(getattr(table, "model_fields", ()))


LAYER_COLUMNS = ["layer", "kind", "kernel", "stride", "output", "receptive_field", "maps", "main"]
FAMOUS_COLUMNS = ["network", "year", "layers", "input", "kernels", "pooling", "activation", "normalisation"]
FAMOUS_COLUMNS += ["trainable", "multiply_adds", "top5_error", "measured", "source"]
MEASURED_COLUMNS = [
    "model",
    "parameters",
    "val_accuracy",
    "val_interval",
    "test_accuracy",
    "test_interval",
    "seconds",
    "memory",
]
SHOWN = [
    "findings",
    "sizes",
    "repeats",
    "class_counts",
    "samples",
    *BALANCED,
    "augmented",
    "trials",
    "hyperparameters",
    "history",
    "diagnosis",
    "test_scores",
    "confusion",
    "errors",
    "reliability",
    *CASES,
    "curves",
    "randomised",
    "feature_maps",
    "strongest_maps",
    "filters",
]

SEGMENTED = [
    *("masked_samples", "masked_variants", "trials", "history", "class_dice", "image_dice", "segmented"),
]

# What the keys can be that code puts together as it runs: as it stands in the code → what the gaps can hold.
BUILT = {
    "anatomy.how.*": get_args(How),
    "anatomy.column.*": [*LAYER_COLUMNS, *FAMOUS_COLUMNS, *MEASURED_COLUMNS],
    "audit.kind.*": KINDS,
    "audit.advice.*": KINDS,
    "audit.column.*": ["finding", "count", "first", "advice"],
    "data.image_*": UNREADABLE,
    "data.zip_*": ["outside", "encrypted", "method"],
    "opened.*": ["outside", "encrypted", "method"],
    "opened.expected.*": ["text", "choice", "digest", "whole", "number", "share", "flag"],
    "report.data.*": ["drawn", "given_validation", "given_test", "given_both"],
    "cli.frame.*": FRAME,
    "cli.states.*": ["done", "stale", "to_do"],
    "project.*": ["starting", "skipped"],
    "project.stage.*": ["audit", "data", "tune", "train", "evaluate", "interpret", "report"],
    "figures.*": [
        *PARTS,
        "loss",
        "accuracy",
        "dice",
        "val_accuracy",
        "val_dice",
        "mask_truth",
        "mask_predicted",
        "mask_errors",
        "seg_grad_cam",
        "missed",
        "false_alarm",
        "other_class",
        "mean_dice",
        "median_dice",
        "quarter_dice",
        "image",
        "heatmap",
        "overlay",
        "before_training",
        "after_training",
        "deletion",
        "insertion",
    ],
    "diagnosis.name.*": DIAGNOSED,
    "diagnosis.meaning.*": DIAGNOSED,
    "diagnosis.seen.overfitting_*": ["images", "pixels"],
    "diagnosis.seen.underfitting_*": ["images", "pixels"],
    "diagnosis.seen.too_little_data_*": ["images", "pixels"],
    "diagnosis.severity.*": SEVERITIES,
    "diagnosis.headline.*": ["nothing", "too_short", "failed", *SEVERITIES],
    "figures.method.*": METHODS,
    "figures.share_*": ["deletion", "insertion"],
    "figures.rule.*": CASE_RULES,
    "figures.segmented.*": SEGMENTED_RULES,
    "report.*": VERDICTS,
    "report.verdict.*": VERDICTS,
    "report.baseline.*": BASELINES,
    "report.metric.*": METRICS,
    "report.caption.*": SHOWN,
    "report.alt.*": SHOWN,
    "report.rule.*": CASE_RULES,
    "report.argument.*": list(AugmentationTable.model_fields),
    "report.method.*": METHODS,
    "report.interpretation.*": ["gradcam", "saliency"],
    "report.provenance.*": ["evaluation", "interpretation"],
    "report.words.*": ["discussion", "conclusions"],
    "summaries.*": OURS,
    "run.input.*": [key.replace(" ", "_") for key in INPUTS],
    "segmentation.image_*": UNUSABLE_MASKS,
    "segmentation.verdict.*": VERDICTS,
    "segmentation.caption.*": SEGMENTED,
    "segmentation.summary.*": SEGMENTERS,
    "submission.missing.*": MISSING,
    "transfer.cell.*": CELLS,
    "transfer.column.*": ["way", "accuracy", "interval", "seconds"],
    "submission.point.*": [*POINTS, *(label for asked in ASKED.values() for label in asked.labels.values())],
    "grading.check.*": CHECKS,
    "grading.state.*": get_args(State),
    "grading.level.*": get_args(Level),
    "grading.number.*": NUMBERED,
    "grading.outcome.*": OUTCOMES,
    "grading.means.*": OUTCOMES,
    "grading.page.score.*": ["accuracy", "dice"],
    "grading.images.*": get_args(Whose),
    "grading.told.*": ["where", "claimed", "found"],
    "grading.same.*": KINDS_OF_SIMILARITY,
    "grading.class.*": ["to_decide", "graded"],
    "lecture.figure.*": [*LAYERS, "only_truth", "only_prediction", "both"],
    "lecture.player.*": ["back", "on", "play", "pause", "step"],
    "lecture.kept.*": get_args(Kind),
    "lecture.filter.*": ["photo", *FILTERS],
    "lecture.network.*": NETWORKS,
    "lecture.optimizer.*": OPTIMIZER_RULES,
    "lecture.feedback.*": ["right", "other_side"],
}
# … and those that can be whatever stands in quotes in these files.
BUILT_FREELY = {
    "verification.found.*": "submission/**/*.py",
    "settings.*": "settings*.py",
    "report.heading.*": "reporting/templates/*.html",
    "report.column.*": "reporting/templates/*.html",
    "report.environment.*": "reporting/templates/*.html",
    "lecture.what.*": "lecture/*.py",
    "lecture.exercise.*": "lecture/exercise_book.py",
    "lecture.given.*": "lecture/exercise_book.py",
    "lecture.hint.*": "lecture/exercise_book.py",
    "lecture.trap.*": "lecture/exercise_book.py",
}
# File names and keys of project.toml look like keys of the catalogue.
NO_SENTENCES = {
    "project.toml",
    *(
        "report.html",
        "audit.html",
        "diagnosis.html",
        "report.css",
        "grading.css",
        "transfer.png",
        "run.json",
        "submission.json",
        "segmentation.html",
        "segmentation.*",
        "models.*",
        "models.*.*",
        "training.*",
    ),
    *(f"{table}.{key}" for table, field in Settings.model_fields.items() for key in _keys(field.annotation)),
}


class Call(NamedTuple):
    """A sentence asked for: its key, the names of the values given, and whether there may be more than is seen."""

    key: str
    values: frozenset[str]
    open_ended: bool
    where: str


def shape_of(text: ast.JoinedStr) -> str:
    return "".join(part.value if isinstance(part, ast.Constant) else "*" for part in text.values)


def python_files() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def calls() -> Iterator[Call]:
    """Every ``say("…", …)`` and every error with its key written out."""
    for path, tree in python_files():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and SPEAKS.fullmatch(ast.unparse(node.func)):
                values = frozenset(keyword.arg for keyword in node.keywords if keyword.arg)
                spread = any(keyword.arg is None for keyword in node.keywords)
                for key in ast.walk(node.args[0]):
                    if isinstance(key, ast.Constant) and KEY.fullmatch(str(key.value)):
                        yield Call(str(key.value), values, spread, f"{path.name}:{node.lineno} {key.value}")


def keys_written_out() -> dict[str, str]:
    """Every key that stands whole in code or a template, with where it stands."""
    found = {}
    for path, tree in python_files():
        parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and id(node) not in parts and KEY.fullmatch(str(node.value)):
                found[str(node.value)] = f"{path.name}:{node.lineno}"
    for path in TEMPLATES:
        found |= dict.fromkeys(re.findall(rf'"({KEY.pattern})"', path.read_text(encoding="utf-8")), path.name)
    return {key: where for key, where in found.items() if key not in NO_SENTENCES}


def keys_built() -> set[str]:
    """The shapes of the keys that code or a template puts together."""
    found = {
        shape
        for _, tree in python_files()
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) and KEY.fullmatch((shape := shape_of(node)).replace("*", "x"))
    }
    for path in TEMPLATES:
        found |= {f"{start}*" for start in re.findall(r'say\("([a-z_.]+)" ~', path.read_text(encoding="utf-8"))}
    return found - NO_SENTENCES


def keys_filled() -> set[str]:
    """The keys that ``BUILT`` says there are."""
    return {shape[: shape.index("*")] + name for shape, names in BUILT.items() for name in names}


def gaps(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def forms(entry: str | dict[str, str]) -> dict[str, str]:
    return entry if isinstance(entry, dict) else {"other": entry}


@pytest.fixture(params=languages())
def entries(request: pytest.FixtureRequest) -> dict[str, str | dict[str, str]]:
    return catalogue(request.param)


@pytest.fixture
def language_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_language", "en")
    monkeypatch.setattr(words, "_insisted", False)


def test_every_key_in_the_code_is_in_the_catalogue(entries):
    missing = {key: where for key, where in keys_written_out().items() if key not in entries}

    assert missing == {}


def test_every_key_that_can_be_built_is_in_the_catalogue(entries):
    assert keys_filled() - entries.keys() == set()


def test_every_way_of_building_a_key_is_known_to_these_tests():
    assert keys_built() - BUILT.keys() - BUILT_FREELY.keys() == set()


def test_no_sentence_is_there_for_nobody(entries):
    used = set(keys_written_out()) | keys_filled()
    for shape, files in BUILT_FREELY.items():
        for path in PACKAGE.glob(files):
            quoted = re.findall(r"[\"']([a-z0-9_]+)[\"']", path.read_text(encoding="utf-8"))
            used |= {shape.replace("*", name) for name in quoted}

    assert set(entries) - used == set()


def test_every_gap_is_filled_by_the_code_that_asks(entries):
    unfilled = {
        call.where: sorted(lacking)
        for call in calls()
        if call.key in entries and not call.open_ended
        for form in forms(entries[call.key]).values()
        if (lacking := gaps(form) - call.values)
    }

    assert unfilled == {}


def test_the_count_is_given_wherever_a_sentence_has_two_forms(entries):
    uncounted = [
        call.where
        for call in calls()
        if isinstance(entries.get(call.key), dict) and "n" not in call.values and not call.open_ended
    ]

    assert uncounted == []


def test_every_language_has_the_entries_and_the_gaps_of_english(entries):
    english = catalogue("en")

    assert entries.keys() == english.keys()
    for key, entry in entries.items():
        allowed = gaps(forms(english[key])["other"])
        assert gaps(forms(entry)["other"]) == allowed, key
        # The form for one may leave a gap out: «1 image», «the image».
        assert gaps(forms(entry).get("one", "")) <= allowed | {"n"}, key


def test_the_line_on_each_network_is_that_of_its_docstring():
    assert {name: catalogue("en")[f"summaries.{name}"] for name in OURS} == OURS
    assert {name: catalogue("en")[f"segmentation.summary.{name}"] for name in SEGMENTERS} == SEGMENTERS


# Names, signs, units, and words that are the same in both languages.
SAME = re.compile(
    r"[A-Z].*(CAM|Grad)[+]*|SHA-256|F1|ROC AUC|[a-z]|min +s|original|vector|[Tt]otal|ReLU|SGD|RMSprop|Ada\w+|Dice|\W*"
)


@pytest.mark.parametrize("code", [code for code in languages() if code != "en"])
def test_every_sentence_is_translated(code):
    english = catalogue("en")
    same = {key: str(entry) for key, entry in catalogue(code).items() if entry == english[key]}

    assert {key: entry for key, entry in same.items() if not SAME.fullmatch(re.sub("{.*?}", "", entry).strip())} == {}


def test_the_form_for_one_is_taken_for_one_alone(language_restored):
    said = [say("data.no_class_folders", n=n, where="here") for n in (0, 1, 2)]

    assert said[1].startswith("There is 1 image ")
    assert said[0].startswith("There are 0 images ")
    assert said[2].startswith("There are 2 images ")


def test_an_unknown_sentence_or_an_unfilled_gap_is_an_error_of_ours():
    with pytest.raises(KeyError):
        say("data.no_such_sentence")
    with pytest.raises(KeyError):
        say("data.no_images")


def test_an_unknown_language_is_refused(language_restored):
    with pytest.raises(KeyError, match="xx"):
        words.use_language("xx")
    assert words.language() == "en"


def test_english_stands_in_for_a_language_that_there_is_not(language_restored, monkeypatch):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, "tlh_QO.UTF-8")

    words.prefer_language(None)

    assert words.language() == "en"


def test_the_first_of_the_locale_variables_that_is_set_decides(language_restored, monkeypatch):
    monkeypatch.setattr(words, "languages", lambda: ("en", "aa", "bb"))
    monkeypatch.setenv("LC_ALL", "")
    monkeypatch.setenv("LC_MESSAGES", "bb_BB.UTF-8")
    monkeypatch.setenv("LANG", "aa_AA.UTF-8")

    assert words.system_language() == "bb"


def test_another_language_is_spoken_for_as_long_as_a_block_lasts(language_restored, monkeypatch):
    monkeypatch.setattr(words, "languages", lambda: ("en", "aa"))

    with words.speaking("aa"):
        assert words.language() == "aa"
        with words.speaking("xx"):
            assert words.language() == "aa"
    assert words.language() == "en"


def test_what_the_command_line_insists_on_project_toml_does_not_change(language_restored, monkeypatch):
    monkeypatch.setattr(words, "languages", lambda: ("en", "aa", "bb"))

    words.prefer_language("aa")
    assert words.language() == "aa"
    words.use_language("bb")
    words.prefer_language("aa")

    assert words.language() == "bb"
