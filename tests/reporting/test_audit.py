"""What the report and its figures tell of the audit."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnproj.data.audit import load_audit
from cnnproj.data.images import Images, load_images
from cnnproj.reporting import figures
from cnnproj.reporting.audit import audit_facts

from ..data.made import opened
from ..data.stored import audited, divided
from ..data.troubles import make_trouble_folder


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Images:
    root, folder = tmp_path_factory.mktemp("photos"), tmp_path_factory.mktemp("audited")
    make_trouble_folder(root)
    audited(opened(root), folder, size=(24, 24))
    divided(folder)
    return load_images(folder)


def ink(chart: figures.Chart) -> int:
    """How many pixels are not white."""
    return int((np.array(Image.open(io.BytesIO(chart.png())).convert("L")) < 250).sum())


@pytest.mark.parametrize("draw", [figures.findings, figures.repeats, figures.sizes])
def test_each_figure_is_drawn_the_same_each_time(troubled, draw):
    assert ink(draw(troubled.audit)) > 2000
    assert draw(troubled.audit).png() == draw(troubled.audit).png()


def test_every_kind_that_needs_care_has_its_row_with_its_count(troubled):
    chart = figures.findings(troubled.audit)
    words = [text.get_text() for axes in chart.axes for text in axes.texts]

    assert len(words) == 13
    assert "the same picture many times: 5" in words


def test_pairs_are_shown_with_their_classes_and_difference_each_once(troubled):
    labels = [axes.get_xlabel() for axes in figures.repeats(troubled.audit).axes if axes.get_xlabel()]

    assert len(labels) == 4
    assert "gato / perro\nevery pixel the same" in labels
    assert any(label.startswith("perro / pájaro\ndifference 0.0") for label in labels)


@pytest.mark.parametrize("draw", [figures.findings, figures.repeats])
def test_where_nothing_was_found_the_figure_says_so(results, draw):
    texts = [text.get_text() for axes in draw(results.images.audit).axes for text in axes.texts]

    assert texts in (["No image needs care."], ["No image stands there twice."])


def test_the_report_tells_what_came_in_and_what_belongs_together(troubled):
    facts = audit_facts(troubled, near_duplicates=True)

    assert (facts["came"], facts["unreadable"], facts["passed_over"]) == (102, 9, 7)
    assert facts["formats"] == "JPEG (81), PNG (12)"
    assert (facts["copies"], facts["near"], facts["clusters"], facts["largest"]) == (6, 2, 5, 5)
    assert {kind["words"]: kind["count"] for kind in facts["kinds"]}["the same image in two classes"] == 1


def test_the_page_has_the_table_of_findings(results, troubled, written):
    page = written(replace(results, images=replace(results.images, audit=troubled.audit))).text

    assert "web page in place of an image" in page
    assert "gato/panorama.jpg (600×40)" in page
    assert "102 images was read and checked" in page


def test_the_page_says_where_near_duplicates_were_not_looked_for(make_results, written):
    results = make_results()
    data = results.settings.data.model_copy(update={"near_duplicates": False})
    page = written(replace(results, settings=results.settings.model_copy(update={"data": data}))).text

    assert "Near duplicates were not looked for" in page


def test_moves_are_listed_in_the_page(results, written):
    moves = results.images.moves.reindex([0]).assign(image="a.png", label="apple", before="test", after="train")
    page = written(replace(results, images=replace(results.images, moves=moves))).text

    assert "one image moved" in page
    assert "a.png" in page


def test_an_audit_is_read_as_it_was_written(troubled):
    again = load_audit(Path(troubled.audit.folder))

    assert again.findings.equals(troubled.audit.findings)
    assert again.images.equals(troubled.audit.images)


def test_where_nothing_stands_there_twice_the_page_says_so_in_one_sentence(results, written):
    assert "No image stands there twice, and no two are nearly the same" in written(results).text
