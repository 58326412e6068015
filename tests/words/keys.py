"""What the keys can be that code puts together as it runs, and what only looks like a key."""

from typing import get_args

import numpy as np

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
