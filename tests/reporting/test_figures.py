"""Every figure draws whatever a project may hold, stays legible, and shows itself in a notebook."""

import io
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib import rcParams
from matplotlib.figure import Figure
from PIL import Image

from cnnproj.models import Choice, Range
from cnnproj.reporting import figures
from cnnproj.reporting.figures.search import range_limits
from cnnproj.reporting.results import Results


def all_figures(results: Results) -> dict[str, Figure]:
    search, training = next(iter(results.searches.values())), next(iter(results.trainings.values()))
    return {
        "class_counts": figures.class_counts(results.images),
        "balance": figures.balance(results.images, "class_weights"),
        "samples": figures.samples(results.images),
        "augmented": figures.augmented(results.preview),
        "trials": figures.trials(search),
        "hyperparameters": figures.hyperparameters(search),
        "history": figures.history(training),
        "diagnosis": figures.diagnosis(next(iter(results.diagnoses.values()))),
        "test_scores": figures.test_scores(results.evaluation),
        "confusion": figures.confusion(results.evaluation),
        "cases": figures.cases(results.interpretation),
        "curves": figures.curves(results.interpretation.belief),
        "randomised": figures.randomised(results.interpretation.belief),
        "feature_maps": figures.feature_maps(results.interpretation),
        "strongest_maps": figures.strongest_maps(results.interpretation),
        "filters": figures.filters(results.interpretation),
    }


def texts(figure: Figure) -> list[str]:
    figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(match=lambda artist: hasattr(artist, "get_text"))]


def decoded(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.mark.parametrize("channels", [1, 3])
def test_every_figure_draws_gray_and_colour(make_results, channels):
    for figure in all_figures(make_results(channels=channels)).values():
        assert decoded(figure.png()).std() > 0


def test_a_figure_is_the_value_of_a_notebook_cell(results):
    png, metadata = figures.class_counts(results.images)._repr_png_()
    assert png.startswith(b"\x89PNG")
    height, width, _ = decoded(png).shape
    assert metadata == {"width": pytest.approx(width / 2, abs=1), "height": pytest.approx(height / 2, abs=1)}


def test_a_figure_is_the_same_bytes_each_time_and_holds_no_date(results):
    again = all_figures(results)
    for name, figure in all_figures(results).items():
        png = figure.png()
        assert png == again[name].png()
        assert not set(Image.open(io.BytesIO(png)).info) & {"Software", "Creation Time"}


def test_figures_leave_pyplot_alone():
    code = "import sys; from cnnproj.reporting import figures; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_figures_leave_the_users_style_alone_and_do_not_follow_it(results):
    before = figures.class_counts(results.images).png()
    kept = dict(rcParams)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(rcParams, "font.size", 30)
        patch.setitem(rcParams, "axes.facecolor", "black")
        assert figures.class_counts(results.images).png() == before
        assert rcParams["font.size"] == 30
    assert dict(rcParams) == kept


def test_a_hundred_classes_name_only_what_there_is_room_for(make_results):
    results = make_results(classes=[f"class {number}" for number in range(100)], per_class=6, models=["mlp"])
    drawn = all_figures(results)
    for figure in drawn.values():
        width, height = figure.get_size_inches()
        assert width <= 7
        assert height <= 8
    for name in ("class_counts", "confusion"):
        assert sum(text.startswith("class ") for text in texts(drawn[name])) <= 2
    assert "… and 88 more classes" in texts(drawn["samples"])


@pytest.mark.parametrize(
    "names",
    [
        ["circle", "square", "star", "triangle"],
        ["a", "b"],
        [*"0123456789"],
        ["the longest of names"[n:] for n in range(9)],
    ],
)
def test_nothing_is_cut_off_at_the_edges(make_results, names):
    for name, figure in all_figures(make_results(classes=names)).items():
        pixels = decoded(figure.png()).min(axis=2)
        edges = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert edges.min() > 128, name


def test_a_confusion_matrix_of_few_classes_has_its_counts(results):
    written = texts(figures.confusion(results.evaluation))
    assert all(str(count) in written for count in results.evaluation.confusion.to_numpy().diagonal())


def test_names_are_shown_as_they_are_and_never_as_formulas(make_results):
    names = ["$x^$", "a_b", "猫", "very long name of a class that nobody can fit anywhere"]
    results = make_results(classes=names)
    for figure in all_figures(results).values():
        figure.png()  # neither a formula that cannot be parsed nor a missing glyph stops it
    assert "$x^$" in texts(figures.class_counts(results.images))


def test_the_samples_are_training_images(results):
    images = results.images
    figure = figures.samples(images)
    shown = [image.get_array()[..., 0] for axes in figure.axes for image in axes.images]
    train = images.train.images()[..., 0]
    assert len(shown) == 5 * len(images.classes)
    assert all((train == image).all(axis=(1, 2)).any() for image in shown)


@pytest.mark.parametrize("trials", [1, 2, 8])
def test_a_search_of_any_length_marks_its_best_and_its_failures(make_results, trials):
    search = make_results(models=["mlp"], trials=trials).searches["mlp"]
    legend = [text.get_text() for text in figures.trials(search).legends[0].get_texts()]
    assert "best trial" in legend
    assert ("failed" in legend) == bool(search.trials["val_accuracy"].isna().any())


def test_the_values_to_choose_from_are_shown_whether_tried_or_not(results):
    search = results.searches["mlp"]
    search = replace(search, space={"filters": "8, 16.0, 32"})
    axes = figures.trials(search).axes[1]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["8", "16.0", "32"]
    assert set(axes.lines[0].get_xdata()) == {1, 2}


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        (Range(1e-4, 1e-2, log=True), (1e-4, 1e-2, True)),
        (Range(0, 8), (0, 8, False)),
        (Range(-0.5, 1e6), (-0.5, 1e6, False)),
        (Choice(16, 32), None),
        (Choice("adam"), None),
    ],
)
def test_the_limits_of_a_range_are_read_from_its_text(space, expected):
    assert range_limits(str(space)) == expected


def test_one_epoch_is_a_point(make_results):
    training = make_results(models=["mlp"], epochs=1).trainings["mlp"]
    assert figures.history(training).png()


def test_test_scores_are_not_bars_from_zero(results):
    axes = figures.test_scores(results.evaluation).axes[0]
    assert not axes.patches
    assert axes.get_xlim()[0] > 0


def shown(figure: Figure) -> list[list]:
    """The pictures on each axes that has some."""
    return [list(axes.images) for axes in figure.axes if axes.images]


def test_heatmaps_of_a_method_share_one_scale_so_that_no_evidence_looks_like_none(results):
    interpretation = results.interpretation
    pictures, columns = shown(figures.cases(interpretation)), 2 + len(interpretation.heatmaps)
    for column, maps in enumerate(interpretation.heatmaps.values(), start=2):
        scales = {picture.get_clim() for (picture,) in pictures[column::columns][: len(maps)]}
        assert scales == {(0.0, float(maps.max()))}
        assert maps[-1].max() == 0
    over = pictures[1::columns][len(interpretation.cases) - 1][-1]
    assert over.get_array()[..., 3].max() == 0  # the image under it is untouched


def test_the_image_is_seen_through_the_strongest_evidence(results):
    over = shown(figures.cases(results.interpretation))[1][-1]
    assert 0.5 < over.get_array()[..., 3].max() < 0.8


def test_heatmaps_without_any_evidence_are_drawn(make_results):
    interpretation = make_results().interpretation
    for maps in interpretation.heatmaps.values():
        maps[:] = 0
    assert figures.cases(interpretation).png()


def test_each_case_tells_prediction_and_runner_up_with_their_probabilities(make_results):
    interpretation = make_results(cases=5).interpretation
    written = texts(figures.cases(interpretation))
    for _, case in interpretation.cases.iterrows():
        line = next(text for text in written if f"taken for {case['predicted']} ({case['probability']:.3f})" in text)
        second = f"{case['second_probability']:.3f}"
        assert second in line
        assert ("right" in line) == (case["label"] == case["predicted"])


def test_a_network_without_positions_is_drawn_by_what_applies(make_results):
    written = texts(figures.cases(make_results(method="saliency").interpretation))
    assert {"SmoothGrad", "occlusion"} <= set(written)
    assert "Grad-CAM" not in written


def test_maps_that_a_layer_does_not_have_stay_empty(results):
    features = results.interpretation.features
    drawn = shown(figures.strongest_maps(results.interpretation))
    assert len(drawn) == int(np.isfinite(features.strongest).all(axis=(2, 3)).sum())


def test_what_each_argument_does_by_itself_is_drawn_with_its_name_and_value(results):
    written = texts(figures.augmented(results.preview))
    assert "rotation_range\n10" in written
    assert "zoom_range\n[0.9, 1.1]" in written


def test_a_preview_of_many_arguments_fits_a_page(results):
    names = [f"argument_{number}" for number in range(15)]
    alone = dict.fromkeys(names, results.preview.varied[0])
    figure = figures.augmented(replace(results.preview, arguments=dict.fromkeys(names, 0.1), alone=alone))
    assert figure.get_size_inches()[1] < 10
