"""Cheats on what is shown: heatmaps, report, files."""

from __future__ import annotations

import base64
import io
import re

import numpy as np

from .tools import CASES, IMAGES, MAPS, REPORT, Members, best_of, put, table


def draw_a_heatmap_by_hand(members: Members) -> None:
    maps = np.load(io.BytesIO(members[MAPS]))
    maps[0, 0] = maps[0, 0][::-1, ::-1]
    maps[0, 0, :4, :4] = maps.max()
    file = io.BytesIO()
    np.save(file, maps)
    members[MAPS] = file.getvalue()


def show_prettier_cases(members: Members) -> None:
    cases = table(members, CASES)
    given = table(members, f"evaluation/predictions_{best_of(members)}.csv")
    images = table(members, IMAGES)
    row = next(one for one in given["row"] if one not in set(cases["row"]))
    cases.loc[0, ["row", "image"]] = [row, images.loc[images["row"] == row, "image"].iloc[0]]
    put(members, CASES, cases)


def replace_a_figure(members: Members) -> None:
    """By that of another network, in the folder and in the report."""
    old, new = members["figures/confusion.png"], members["figures/test_scores.png"]
    members["figures/confusion.png"] = new
    report = members[REPORT].decode()
    members[REPORT] = report.replace(base64.b64encode(old).decode(), base64.b64encode(new).decode()).encode()


def replace_a_figure_in_the_report(members: Members) -> None:
    old, new = members["figures/history_mlp.png"], members["figures/test_scores.png"]
    report = members[REPORT].decode()
    members[REPORT] = report.replace(base64.b64encode(old).decode(), base64.b64encode(new).decode()).encode()


def better_the_headline(members: Members) -> None:
    report = members[REPORT].decode()
    members[REPORT] = re.sub(r'(<p class="score">)[0-9.]+', r"\g<1>0.999", report, count=1).encode()


def add_a_sentence_to_the_report(members: Members) -> None:
    members[REPORT] = members[REPORT].replace(b"</main>", b"<p>All of this is new.</p></main>")


def train_longer_than_said(members: Members) -> None:
    """The settings afterwards, with the record of the settings."""
    members["project.toml"] = members["project.toml"].replace(b'budget = "smoke"', b'budget = "full"')


def report_on_another_name(members: Members) -> None:
    members["project.toml"] = members["project.toml"].replace(b'name = "tiny"', b'name = "mine"')
