"""The report and the figure tell how unequal the classes are, and what evens them out."""

import re
from dataclasses import replace

import pytest

from cnnproj import figures
from cnnproj.data.images import Images
from cnnproj.reporting.balance import balance_table
from cnnproj.reporting.figures import Chart
from cnnproj.reporting.report import write_report
from cnnproj.reporting.results import Results
from cnnproj.settings import Settings

from .page import Page

CHOICES = ["none", "class_weights", "augment"]
HEADING = "Balance of the classes"


def with_counts(images: Images, counts: dict[str, int]) -> Images:
    """The same images, of which no more than so many of each class are for training."""
    table = images.table.copy()
    for label, count in counts.items():
        rows = table.index[(table["split"] == "train") & (table["label"] == label)]
        table.loc[rows[count:], "split"] = "unused"
    return replace(images, table=table)


@pytest.fixture
def told(results: Results, tmp_path, monkeypatch):
    """Writes the report of results with so many training images and returns its text; figures are not painted."""
    monkeypatch.setattr(Chart, "png", lambda chart: b"a picture")

    def write(balance: str, **counts: int) -> str:
        settings = Settings.model_validate({"training": {"balance": balance}, "augmentation": {"rotation_range": 5}})
        made = replace(results, settings=settings, images=with_counts(results.images, counts))
        html = write_report(made, tmp_path)[-1].read_text(encoding="utf-8")
        Page(html)  # every tag is closed
        return " ".join(re.sub(r"<[^>]*>", " ", html.split("</style>")[-1]).split())

    return write


@pytest.fixture
def uneven(results: Results) -> Images:
    return with_counts(results.images, {"apple": 6, "bird": 4, "cup": 1})


def test_augmentation_is_told_by_what_an_epoch_shows_and_how_much_of_it_is_artificial(told):
    text = told("augment", apple=6, bird=4, cup=1)

    assert HEADING in text
    assert "The largest class, apple, has 6 training images; the smallest, cup, has 1: 6 times as many." in text
    assert "Of the 18 images of an epoch, 7 are such extra ones." in text
    assert "class real images shown in an epoch of those, artificial" in text
    assert "apple 6 6 0 bird 4 6 2 cup 1 6 5 total 11 18 7" in text
    assert "What an epoch shows of each class" in text


def test_class_weights_are_told_class_by_class(told):
    text = told("class_weights", apple=6, bird=4, cup=1)

    assert HEADING in text
    assert "class real images weight of an image images × weight" in text
    assert "apple 6 0.611 3.7 bird 4 0.917 3.7 cup 1 3.667 3.7 total 11 11.0" in text
    assert "The training accuracy counts each image once" in text
    assert "how many images of weight 1 they count for" in text


def test_unequal_classes_that_nothing_evens_out_are_told_with_what_would(told):
    text = told("none", apple=6, bird=4, cup=4)

    assert HEADING in text
    assert "apple, has 6 training images; the smallest, bird, has 4: 1.5 times as many." in text
    assert 'set balance in [training] of project.toml to "class_weights" or "augment"' in text.replace("&#34;", '"')
    assert "weight of an image" not in text


def test_nothing_is_told_of_classes_that_hardly_differ(told):
    assert HEADING not in told("none", apple=7, bird=5, cup=5)


@pytest.mark.parametrize("balance", ["class_weights", "augment"])
def test_equal_classes_are_told_to_be_equal_where_balance_was_asked_for(told, balance):
    assert "Every class has 5 training images." in told(balance, apple=5, bird=5, cup=5)


@pytest.mark.parametrize("balance", CHOICES)
def test_a_class_without_a_training_image_is_told_apart_from_rare_ones(told, balance):
    text = told(balance, apple=6, bird=2, cup=0)

    assert "the smallest, bird, has 2: 3 times as many. cup has no training image, which nothing can even out." in text


@pytest.mark.parametrize("balance", CHOICES)
def test_the_table_agrees_with_the_batches_of_training(uneven, balance):
    from cnnproj.data.batches import Batches

    made = Batches(uneven.train, 4, seed=1, balance=balance)
    batches = [made.batch(0, index) for index in range(len(made))]
    table = balance_table(uneven, balance)

    shown = sum(batch[1].sum(axis=0) for batch in batches)
    effective = sum((batch[1].T * (batch[2] if len(batch) > 2 else 1)).sum(axis=1) for batch in batches)
    assert table["images"].tolist() == [6, 4, 1]
    assert table["shown"].tolist() == shown.tolist()
    assert table["extra"].tolist() == (shown - [6, 4, 1]).tolist()
    assert table["effective"].tolist() == pytest.approx(effective.tolist())


def written_on(figure: Chart) -> list[str]:
    figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(match=lambda artist: hasattr(artist, "get_text"))]


@pytest.mark.parametrize(
    ("balance", "notes"),
    [
        ("none", {"6", "4", "1"}),
        ("class_weights", {"6 × 0.611", "4 × 0.917", "1 × 3.67"}),
        ("augment", {"6", "4 + 2", "1 + 5"}),
    ],
)
def test_the_figure_names_each_class_and_its_numbers(uneven, balance, notes):
    assert {"apple", "bird", "cup"} | notes <= set(written_on(figures.balance(uneven, balance)))


def test_the_figure_shows_the_images_alone_unless_it_is_told_of_a_balance(uneven):
    assert not figures.balance(uneven).legends
    assert [text.get_text() for text in figures.balance(uneven, "augment").legends[0].get_texts()] == [
        "before: real images",
        "after: with artificial extra ones, in an epoch",
    ]


@pytest.mark.parametrize("balance", CHOICES)
@pytest.mark.parametrize("counts", [{"apple": 5, "bird": 5, "cup": 5}, {"apple": 5, "bird": 2, "cup": 0}])
def test_the_figure_draws_equal_classes_and_empty_ones(results, balance, counts):
    assert figures.balance(with_counts(results.images, counts), balance).png()


@pytest.mark.parametrize("balance", CHOICES)
@pytest.mark.parametrize(("classes", "between"), [(30, 0), (31, 1), (60, 30)])
def test_of_many_classes_the_largest_and_the_smallest_are_shown_on_one_page(make_results, balance, classes, between):
    names = [f"class {number}" for number in range(classes)]
    images = make_results(classes=names, per_class=8, models=["mlp"]).images
    figure = figures.balance(with_counts(images, {"class 7": 1}), balance)

    written = written_on(figure)
    assert figure.get_size_inches()[1] <= 8
    assert len({text for text in written if text.startswith("class ")}) == 30
    assert "class 7" in written
    assert [text for text in written if "between" in text] == (
        [f"… {between} class{'es' if between > 1 else ''} between …"] if between else []
    )
