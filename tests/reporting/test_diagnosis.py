"""The report and the figure tell what was found in each training."""

from dataclasses import replace

import pytest

from cnnproj.diagnosis.diagnose import diagnose
from cnnproj.reporting import figures

from ..diagnosis.made import evidence, history, hopeless, layer, probe, snapshot
from .test_figures import decoded, texts


def test_each_network_has_its_headline_and_the_rest_folded(results, written):
    page = written(results)

    assert page.text.count("Nothing on the checklist was found in the training of") == 2
    assert "mlp learned well; one thing to know: too little data." in page.text
    assert "A class has 6 training images as a rule" in page.text
    assert "rotation_range = 10" in page.text
    assert {f"diagnosis_{name}" for name in results.trainings} <= {figure["id"] for figure in page.all("figure")}


def test_a_network_that_was_not_measured_goes_without(results, written):
    page = written(replace(results, diagnoses={}))

    assert "checklist" not in page.text
    assert not [figure for figure in page.all("figure") if figure["id"].startswith("diagnosis")]


def test_what_follows_from_something_else_is_told_with_it(results, written):
    ill = probe(before=snapshot(layers={"gradient": 500.0}), after=None)
    told = diagnose(evidence(model="mlp", probe=ill, history=history()[:1], diverged=2, best_epoch=None))
    page = written(replace(results, diagnoses={"mlp": told}))

    assert "mlp hardly learned anything. The most probable cause: exploding gradients." in page.text
    assert "It probably follows from exploding gradients: mend that first." in page.text


@pytest.mark.parametrize("count", [1, 5, 200])
def test_the_figure_has_room_for_any_number_of_layers(count):
    layers = tuple(layer(f"conv_{number}", gradient=10.0**-number) for number in range(count))
    many = snapshot().model_copy(update={"layers": layers})
    chart = figures.diagnosis(diagnose(hopeless(probe=probe(before=many, after=many))))

    width, height = chart.get_size_inches()
    assert (width <= 7, height <= 8) == (True, True)
    assert len({text for text in texts(chart) if text.startswith("conv_")}) <= 30
    assert decoded(chart.png()).std() > 0


def test_the_figure_says_where_there_is_nothing_to_draw():
    odd = snapshot(layers={"gradient": float("nan"), "dead": None})
    chart = figures.diagnosis(diagnose(hopeless(probe=probe(before=odd, after=None))))

    assert "It has no ReLU units." in texts(chart)
    assert decoded(chart.png()).std() > 0
