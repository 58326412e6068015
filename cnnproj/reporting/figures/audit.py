"""Figures of the audit: the images that need care, those that stand there twice, and the sizes in which all came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cnnproj.data.audit import CARE
from cnnproj.reporting.figures.chart import BLUE, GRAY, INK, WIDTH, Chart, house_style, short, show_strip
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.data.audit import Audit

MOST_EXAMPLES = 8  # of a kind
MOST_PAIRS = 8
_PAIRS = ("contradiction", "near_contradiction", "leak", "near_leak", "near_duplicate", "duplicate")
_NAME = 2.3  # inches, for the name of a kind


def has_findings(audit: Audit) -> bool:
    """Whether there are images that need care and can be shown."""
    return bool(audit.findings["kind"].isin(CARE).any())


def has_repeats(audit: Audit) -> bool:
    """Whether images stand there twice."""
    return bool(audit.findings["kind"].isin(_PAIRS).any())


@house_style()
def findings(audit: Audit) -> Chart:
    """Examples of the images that need care, a row a kind, as they are stored."""
    rows = audit.readable.set_index("image")["row"]
    shown = [(kind, found["image"]) for kind, found in audit.by_kind() if kind in CARE]
    if not shown:
        return _sentence(say("figures.nothing_needs_care"))
    height, width = audit.pixels.shape[1:3]
    side = (WIDTH - _NAME) / MOST_EXAMPLES
    chart = Chart(WIDTH, len(shown) * (side * min(2.0, height / width) + 0.09) + 0.05)
    grid = chart.subplots(len(shown), 1, squeeze=False)
    for axes, (kind, images) in zip(grid[:, 0], shown, strict=True):
        axes.axis("off")
        show_strip(axes, audit.pixels[rows[images.iloc[:MOST_EXAMPLES]].to_numpy()])
        axes.set(xlim=(-0.02, MOST_EXAMPLES - 0.04), anchor="W")
        label = say("figures.kind_with_count", kind=short(say(f"audit.kind.{kind}"), 34), count=f"{len(images):,}")
        axes.text(-0.06, 0.5, label, transform=axes.transAxes, ha="right", va="center", fontsize=9)
    return chart


@house_style()
def repeats(audit: Audit) -> Chart:
    """Images that stand there twice, side by side, up to two pairs of each kind before more of any.

    Of near duplicates those that differ most come first: they show where the bound lies.
    """
    pairs = list(_pairs(audit))
    if not pairs:
        return _sentence(say("figures.nothing_twice"))
    rows = audit.readable.set_index("image")[["row", "label"]]
    height, width = audit.pixels.shape[1:3]
    columns = 4
    lines = -(-len(pairs) // columns)
    side = WIDTH / columns / 2 - 0.06
    chart = Chart(WIDTH, lines * (side * min(2.0, height / width) + 0.52))
    grid = chart.subplots(lines, columns, squeeze=False)
    for axes in grid.flat[len(pairs) :]:
        axes.axis("off")
    for axes, (kind, image, other, detail) in zip(grid.flat, pairs, strict=False):
        show_strip(axes, audit.pixels[rows.loc[[other, image], "row"].to_numpy()])
        labels = " / ".join(short(label, 10) for label in dict.fromkeys(rows.loc[[other, image], "label"]))
        difference = say("figures.difference", value=detail) if kind.startswith("near") else say("figures.identical")
        axes.set_xlabel(f"{labels}\n{difference}", fontsize=8)
    return chart


def _pairs(audit: Audit) -> Iterator[tuple[str, str, str, str]]:
    """``MOST_PAIRS`` pairs, each once: kind, image, other, detail."""
    found = audit.findings[audit.findings["kind"].isin(_PAIRS)]
    order = found["kind"].map({kind: place for place, kind in enumerate(_PAIRS)})
    doubt = -pd.to_numeric(found["detail"], errors="coerce").fillna(0.0)
    ranked = found.assign(order=order, doubt=doubt).sort_values(["order", "doubt", "image"], kind="stable")
    ranked = ranked.drop_duplicates(["image", "other"])
    turn = ranked.groupby("kind").cumcount() // 2
    first = ranked.assign(turn=turn).sort_values(["turn", "order"], kind="stable").head(MOST_PAIRS)
    yield from first[["kind", "image", "other", "detail"]].itertuples(index=False, name=None)


@house_style()
def sizes(audit: Audit) -> Chart:
    """In which sizes the images came: width against height, larger dots for more images."""
    count = audit.readable.groupby(["width", "height"]).size().reset_index(name="n")
    chart = Chart(0.62 * WIDTH, 3.0)
    axes = chart.add_subplot()
    area = 18 + 160 * np.sqrt(count["n"] / count["n"].max())
    axes.scatter(count["width"], count["height"], s=area, facecolor=BLUE, edgecolor="white", linewidth=0.6, alpha=0.75)
    low = 0.7 * min(count["width"].min(), count["height"].min())
    high = 1.5 * max(count["width"].max(), count["height"].max())
    axes.plot([low, high], [low, high], color=GRAY, linewidth=0.8, linestyle=":", zorder=0)
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axis.set_minor_formatter("")
    axes.set(xlabel=say("figures.width"), ylabel=say("figures.height"))
    axes.grid(True)
    most = count.sort_values("n", kind="stable").iloc[-1]
    text = say("figures.most_frequent_size", width=most["width"], height=most["height"], n=int(most["n"]))
    axes.set_title(text, fontsize=9, fontweight="normal", color=INK)
    return chart


def _sentence(text: str) -> Chart:
    chart = Chart(WIDTH, 0.4)
    axes = chart.add_subplot()
    axes.axis("off")
    axes.text(0, 0.5, text, va="center", fontsize=9)
    return chart
