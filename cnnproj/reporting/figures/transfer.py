"""The figure of the experiment of transfer learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from cnnproj.reporting.figures.chart import BLUE, GRAY, VERMILION, WIDTH, Chart, house_style
from cnnproj.words import say

if TYPE_CHECKING:
    from cnnproj.transfer import Experiment


@house_style()
def transfer(experiment: Experiment) -> Chart:
    """The validation accuracy of each of the four ways as a point, its 95 % interval as a whisker; and chance."""
    table = experiment.table
    chart = Chart(WIDTH, 0.9 + 0.4 * len(table))
    axes = chart.add_subplot()
    beside = axes.get_yaxis_transform()
    axes.axvline(experiment.chance, color=GRAY, linewidth=1, linestyle=":", label=say("transfer.chance"))
    for place, row in enumerate(table.to_dict("records")):
        color, marker = (VERMILION, "D") if row["pretrained"] else (BLUE, "o")
        fill = "full" if row["fine_tuned"] else "none"
        axes.plot([row["low"], row["high"]], [place, place], color=color, linewidth=2, solid_capstyle="butt")
        axes.plot([row["low"], row["high"]], [place, place], "|", color=color, markersize=9, markeredgewidth=1.6)
        axes.plot(row["accuracy"], place, marker=marker, color=color, markersize=8, fillstyle=fill)
        shown = {name: f"{row[name]:.3f}" for name in ("accuracy", "low", "high")}
        axes.text(1.02, place, say("figures.score", **shown), transform=beside, va="center", fontsize=8.5)
    axes.set_yticks(range(len(table)), [say(f"transfer.cell.{cell}") for cell in table["cell"]])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.margins(x=0.04)
    axes.set_xlabel(say("transfer.axis", n=f"{int(table['n'].iloc[0]):,}", train=f"{int(table['train'].iloc[0]):,}"))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0)
    return chart
