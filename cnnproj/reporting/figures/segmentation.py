"""The figures of a segmentation: images with their masks, what was predicted and what was wrong, and the scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from cnnproj.reporting.figures.cases import overlay
from cnnproj.reporting.figures.chart import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    SKY,
    VERMILION,
    WIDTH,
    Chart,
    colored,
    house_style,
    short,
    show_image,
)
from cnnproj.segmentation.scores import IGNORED
from cnnproj.words import say

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from cnnproj.segmentation.evaluate import SegmentationEvaluation
    from cnnproj.segmentation.images import MaskedImages
    from cnnproj.segmentation.interpret import SegmentationInterpretation
    from cnnproj.segmentation.preview import MaskedPreview

# Okabe and Ito's, in an order in which neighbours differ in gray, too; from the sixth class on they come again. What is
# wrong has colours of its own, which no class has.
CLASS_COLORS = (ORANGE, BLUE, "#F0E442", GREEN, SKY)
GROUND, UNLABELLED = "#f2f2f2", "#8c8c8c"
MISSED, FALSE, OTHER = VERMILION, INK, "#CC79A7"
_MOST_NAMED = 12
_MOST_LISTED = 6
_TINT = 0.55
_HEADLINE = 0.34  # inches


def color_of(label: int) -> str:
    """The colour of a class by its number; the background is nearly white, what is ignored gray."""
    if label == IGNORED:
        return UNLABELLED
    return GROUND if label == 0 else CLASS_COLORS[(label - 1) % len(CLASS_COLORS)]


@house_style()
def masked_samples(images: MaskedImages, count: int = 6) -> Chart:
    """Training images, and below each its mask laid upon it."""
    part = images.train
    first = np.arange(min(count, len(part)))
    pixels, masks = colored(part.images(first)), part.truth(first)
    chart = Chart(WIDTH, 2 * WIDTH / len(first) * _tall(pixels) + 0.5)
    for column, axes in enumerate(chart.subplots(2, len(first), squeeze=False).T):
        show_image(axes[0], pixels[column])
        _mask_upon(axes[1], pixels[column], masks[column])
    _legend(chart, images.classes, _unlabelled(masks))
    return chart


@house_style()
def masked_variants(preview: MaskedPreview) -> Chart:
    """Each original with its mask upon it, and beside it what augmentation makes of the two together."""
    n, variants = preview.varied.shape[:2]
    chart = Chart(WIDTH, n * WIDTH / (variants + 1) * _tall(preview.originals) + 0.6)
    grid = chart.subplots(n, variants + 1, squeeze=False)
    for row in range(n):
        _mask_upon(grid[row][0], colored(preview.originals[row]), preview.masks[row])
        for column in range(variants):
            _mask_upon(grid[row][column + 1], colored(preview.varied[row, column]), preview.moved[row, column])
    grid[0][0].set_title(say("figures.original"))
    grid[0][1].set_title(say("figures.varied"))
    _legend(chart, preview.classes, _unlabelled(preview.masks))
    return chart


@house_style()
def segmented(interpretation: SegmentationInterpretation) -> Chart:
    """A row a case: the image, its true mask, the predicted one, what is wrong, and the heatmap of one class."""
    count, columns = len(interpretation.cases), 5
    side = WIDTH / columns - 0.06
    tall = side * min(1.6, _tall(interpretation.images))
    chart = Chart(WIDTH, 0.9 + count * (tall + _HEADLINE + 0.05))
    rows = chart.add_gridspec(2 * count + 1, columns, height_ratios=[*[_HEADLINE, tall] * count, 0.2])
    top = float(interpretation.heatmaps.max()) or 1.0
    for row in range(count):
        _headline(chart.add_subplot(rows[2 * row, :]), interpretation.cases.iloc[row])
        places = [chart.add_subplot(rows[2 * row + 1, column]) for column in range(columns)]
        pixels, truth = colored(interpretation.images[row]), interpretation.truth[row]
        show_image(places[0], pixels)
        show_image(places[1], _painted(truth))
        show_image(places[2], _painted(interpretation.predicted[row]))
        show_image(places[3], errors_of(truth, interpretation.predicted[row]))
        overlay(places[4], pixels, interpretation.heatmaps[row] / top)
    for column, key in enumerate(("image", "mask_truth", "mask_predicted", "mask_errors", "seg_grad_cam")):
        axes = chart.add_subplot(rows[-1, column])
        axes.axis("off")
        axes.text(0.5, 1, say(f"figures.{key}"), ha="center", va="top", fontsize=8.5, transform=axes.transAxes)
    kinds = [(MISSED, "missed"), (FALSE, "false_alarm"), (OTHER, "other_class")]
    kinds = kinds[: 2 if len(interpretation.classes) == 2 else 3]
    errors = [Patch(color=color, label=say(f"figures.{kind}")) for color, kind in kinds]
    _legend(chart, interpretation.classes, [*errors, *_unlabelled(interpretation.truth)])
    return chart


@house_style()
def segmented_photo(image: np.ndarray, mask: np.ndarray, found: pd.DataFrame) -> Chart:
    """A photo, the mask that a network gives it, and the one upon the other; beside them the share of each class.

    Args:
        image: uint8, (height, width, channels), as the network saw it.
        mask: the class of each pixel, uint8, (height, width).
        found: a row a class: ``class`` and ``share``.
    """
    tall = 1.7 * min(1.6, image.shape[0] / image.shape[1])
    chart = Chart(WIDTH, tall + 0.75)
    ratios: dict[str, Any] = {"width_ratios": [1, 1, 1, 1]}
    first, second, third, words = chart.subplots(1, 4, **ratios)
    pixels = colored(image)
    show_image(first, pixels)
    show_image(second, _painted(mask))
    _mask_upon(third, pixels, mask)
    for axes, key in zip((first, second, third), ("image", "mask_predicted", "overlay"), strict=True):
        axes.set_title(say(f"figures.{key}"))
    largest = found.sort_values("share", ascending=False, kind="stable")
    largest = largest[largest["share"] > 0].head(_MOST_LISTED)
    lines = [f"{short(name)}  {share:.1%}" for name, share in largest[["class", "share"]].to_numpy()]
    words.axis("off")
    words.text(0, 0.95, "\n".join(lines), va="top", linespacing=1.7, transform=words.transAxes)
    _legend(chart, tuple(found["class"]))
    return chart


@house_style()
def class_dice(evaluation: SegmentationEvaluation) -> Chart:
    """The Dice of each class on the test part, of the best network, with its 95 % interval."""
    table = evaluation.classes.iloc[1:].iloc[::-1]
    places = np.arange(len(table))
    chart = Chart(WIDTH, 0.8 + 0.34 * len(table))
    axes = chart.subplots()
    values = table["dice"].to_numpy(float)
    axes.barh(places, np.nan_to_num(values), color=SKY, height=0.6)
    bounds = np.nan_to_num(np.abs(table[["low", "high"]].to_numpy(float) - values[:, None]).T)
    axes.errorbar(np.nan_to_num(values), places, xerr=bounds, fmt="none", ecolor=INK, capsize=3, linewidth=1)
    axes.set_yticks(places, [short(name) for name in table["class"]])
    axes.set(xlim=(0, 1), xlabel=say("figures.class_dice"))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    return chart


@house_style()
def image_dice(evaluation: SegmentationEvaluation) -> Chart:
    """How the Dice of the test images is spread, of the best network; the mean and the quarters are marked."""
    values = evaluation.images["dice"].dropna().to_numpy(float)
    chart = Chart(WIDTH, 2.4)
    axes = chart.subplots()
    axes.hist(values, bins=np.linspace(0, 1, 21).tolist(), color=SKY, edgecolor="white")
    for value, style, key in (
        (float(np.mean(values)), "-", "mean_dice"),
        (float(np.median(values)), "--", "median_dice"),
        (float(np.quantile(values, 0.25)), ":", "quarter_dice"),
    ):
        label = say(f"figures.{key}", value=f"{value:.3f}")
        axes.axvline(value, color=INK, linestyle=style, linewidth=1.4, label=label)
    axes.set(xlim=(0, 1), xlabel=say("figures.image_dice"), ylabel=say("figures.images"))
    axes.grid(axis="y")
    chart.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=3)
    return chart


def errors_of(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """The picture of what is wrong, floats, (height, width, 3): missed, found where nothing is, or of another class."""
    picture = np.broadcast_to(to_rgb(GROUND), (*truth.shape, 3)).copy()
    picture[(truth > 0) & (truth == predicted)] = to_rgb("#c8c8c8")
    picture[(truth > 0) & (predicted == 0)] = to_rgb(MISSED)
    picture[(truth == 0) & (predicted > 0)] = to_rgb(FALSE)
    picture[(truth > 0) & (predicted > 0) & (truth != predicted)] = to_rgb(OTHER)
    picture[truth == IGNORED] = to_rgb(UNLABELLED)
    return picture


def _painted(mask: np.ndarray) -> np.ndarray:
    """A mask in the colours of its classes, floats, (height, width, 3)."""
    palette = np.array([to_rgb(color_of(label)) for label in range(int(mask.max()) + 1)])
    painted: np.ndarray = palette[mask]
    return painted


def _unlabelled(masks: np.ndarray) -> list[Patch]:
    """What the legend says of pixels that are ignored, where ``masks`` have any."""
    return [Patch(color=UNLABELLED, label=say("segmentation.ignored"))] if (masks == IGNORED).any() else []


def _mask_upon(axes: Axes, pixels: np.ndarray, mask: np.ndarray) -> None:
    """The image in gray, tinted in the colours of the classes; what is ignored is covered."""
    gray = pixels @ np.array([0.299, 0.587, 0.114])
    show_image(axes, gray, cmap="gray", vmin=0, vmax=255)
    opaque = np.where(mask == IGNORED, 1, _TINT * (mask > 0))  # gray upon gray would not be seen
    show_image(axes, np.dstack([_painted(mask), opaque]))


def _legend(chart: Chart, classes: tuple[str, ...], others: list[Patch] | None = None) -> None:
    named = [
        Patch(facecolor=color_of(label), edgecolor=GRAY, label=short(name))
        for label, name in enumerate(classes[: _MOST_NAMED + 1])
        if label
    ]
    chart.legend(handles=[*named, *(others or [])], loc="outside upper left", ncols=4)


def _tall(images: np.ndarray) -> float:
    height, width = images.shape[1:3]
    return float(height / width)


def _headline(axes: Axes, case: Any) -> None:
    """Which case it is, its Dice, and how much of the heat lies on the class that is explained."""
    axes.axis("off")
    place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    known = "figures.case_without_heat" if np.isnan(case["on_class"]) else "figures.case_segmented"
    told = {"dice": f"{case['dice']:.3f}", "explained": short(case["explained"]), "area": f"{case['area']:.0%}"}
    beneath = say(known, **told, on_class=f"{np.nan_to_num(case['on_class']):.0%}")
    axes.annotate(say(f"figures.segmented.{case['rule']}"), (0, 0), (0, 11), fontweight="bold", fontsize=9, **place)
    axes.annotate(beneath, (0, 0), (0, -1), fontsize=8.5, **place)
