"""The report: one file that asks for nothing, shows everything, and believes nobody's markup."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import cnnproj
from cnnproj.interpretation.cases import RULES
from cnnproj.reporting import report
from cnnproj.reporting.report import write_report
from cnnproj.settings import AugmentationTable
from cnnproj.words import catalogue, say

from .conftest import make_belief

REPORTING = Path(cnnproj.__file__).parent / "reporting"


def test_it_writes_the_page_and_every_figure_beside_it(results, tmp_path):
    paths = write_report(results, tmp_path)
    assert paths[-1] == tmp_path / "report.html"
    assert sorted(paths) == sorted(path for path in (*tmp_path.glob("figures/*"), tmp_path / "report.html"))
    assert len(paths) == 1 + 12 + 4 * len(results.trainings)


def test_it_asks_the_network_for_nothing(results, written):
    page = written(results)
    policy = next(meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    addresses = [value for _, attributes in page.tags for key, value in attributes.items() if key in ("src", "href")]
    assert addresses
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in addresses)
    assert not page.all("script") + page.all("link")
    css = (REPORTING / "templates" / "report.css").read_text(encoding="utf-8")
    assert not re.search(r"url\(|@import", css)


def test_every_link_leads_somewhere(results, written):
    page = written(results)
    places = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert {link["href"].removeprefix("#") for link in page.all("a")} <= places


def test_every_figure_has_alternative_text_a_number_and_its_size(results, written):
    page = written(results)
    images = page.all("img")
    assert len(images) == 12 + 4 * len(results.trainings)
    assert all(image["alt"] and int(image["width"]) > 0 and int(image["height"]) > 0 for image in images)
    for number in range(1, len(images) + 1):
        assert f"Figure {number}." in page.text


def test_it_follows_the_order_of_the_assignment(results, written):
    headings = [attributes.get("id") for attributes in written(results).all("h2")]
    assert headings[1:] == ["data", "augmentation", "networks", "test", "interpretation", "words", "provenance"]


def test_the_headline_has_the_score_its_interval_and_n(results, written):
    text = written(results).text
    best = results.evaluation.scores[results.evaluation.scores["best"]].iloc[0]
    assert f"{best['accuracy']:.3f} test accuracy, 95 % interval {best['low']:.3f} – {best['high']:.3f}" in text
    assert f"names {round(best['accuracy'] * best['n'])} of the {best['n']} test images correctly" in text
    assert "before the test images were opened" in text


def test_the_same_results_give_the_same_bytes(results, tmp_path):
    first, second = (write_report(results, tmp_path / name) for name in ("first", "second"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@pytest.mark.parametrize("models", [["mlp"], ["mlp", "compact_cnn", "deep_cnn", "mine", "another"]])
def test_it_works_for_one_model_and_for_five(make_results, written, models):
    page = written(make_results(models=models))
    assert [f"model-{name}" for name in models] == [
        attributes["id"] for attributes in page.all("section") if "id" in attributes
    ]


def test_a_hundred_classes_fold_their_tables(make_results, written):
    page = written(make_results(classes=[f"class {number}" for number in range(100)], per_class=6, models=["mlp"]))
    assert "class 99" in page.text
    assert not any("open" in details for details in page.all("details"))


def test_no_augmentation_is_said(make_results, written):
    page = written(make_results(augmentation={}))
    assert "asks for no augmentation" in page.text
    assert "augmented" not in {figure["id"] for figure in page.all("figure")}


def test_a_students_text_is_shown_as_typed_and_not_run(make_results, written):
    typed = "<script>alert(1)</script> & <img src=x>\n  indented {{ 7 * 7 }}\n\n\nSecond {paragraph}."
    authors = [{"name": '"><b>Bob</b>', "id": "7"}]
    page = written(make_results(discussion=typed, title="<i>T</i>", authors=authors))
    own = [attributes for attributes in page.all("p") if attributes.get("class") == "own"]
    assert len(own) == 2
    words = "".join(page.words)
    assert "<script>alert(1)</script> & <img src=x>\n  indented {{ 7 * 7 }}" in words
    assert "Second {paragraph}." in words
    assert '"><b>Bob</b>' in words
    assert "<i>T</i>" in words
    assert not page.all("script") + page.all("i")


def test_names_from_the_data_are_not_run(make_results, written):
    page = written(make_results(classes=["<b>x", "y'\"", "z"]))
    assert "<b>x" in page.text
    assert len([tag for tag in page.all("img") if not tag["src"].startswith("data:")]) == 0


def test_unwritten_words_say_where_to_write_them(results, written):
    assert "project.toml, under discussion in [project]" in written(results).text


def test_images_set_aside_are_counted_by_reason(results, written):
    text = written(results).text
    assert "2 images are not used" in text
    assert "… is empty.2" in text
    assert "apple/broken1.png" in text


def test_images_of_several_sizes_are_told_with_the_smallest_and_the_largest(make_results, written):
    assert "They came at 20×20 to 24×24 pixels" in written(make_results(sizes=5)).text


def test_a_long_list_of_images_set_aside_is_cut_and_says_so(results, written):
    aside = pd.DataFrame({"image": [f"{n}.png" for n in range(250)], "label": "apple", "reason": "damaged"})
    page = written(replace(results, images=replace(results.images, set_aside=aside)))
    assert "… and 50 more: all are in set_aside.csv." in page.text
    assert "201.png" not in page.text


def test_a_failed_trial_is_told_with_its_reason(results, written):
    text = written(results).text
    assert "One trial failed; the table says why." in text
    assert "failed: the loss was no longer a number in epoch 1" in text


def with_verdicts(results, **verdicts):
    """The results with these verdicts on the best model against others."""
    comparisons = results.evaluation.comparisons.copy()
    comparisons["verdict"] = [verdicts.get(name, "better") for name in comparisons["model"]]
    return replace(results, evaluation=replace(results.evaluation, comparisons=comparisons))


def others(results) -> list[str]:
    return [name for name in results.evaluation.networks["model"] if name != results.evaluation.best]


def test_models_whose_difference_may_be_chance_are_called_tied(results, written):
    (tied, other), best = others(results), results.evaluation.best
    text = written(with_verdicts(results, **{tied: "tied"})).text
    assert f"{best} and {tied} are tied: on" in text
    assert f"{best} is better than {other}: on the same images the difference is more than chance" in text


def test_a_better_test_score_does_not_change_the_choice_and_the_report_says_why(results, written):
    better, best = others(results)[0], results.evaluation.best
    text = written(with_verdicts(results, **{better: "worse"})).text
    assert (
        f"{better} is better than {best} here, although the validation images preferred {best}. The choice stands"
        in text
    )


def test_a_tied_network_that_is_smaller_is_named_as_the_cheaper_one(results, written):
    tied = others(results)[0]
    results = with_verdicts(results, **{tied: "tied"})
    assert "the cheaper choice" not in written(results).text
    scores = results.evaluation.scores.copy()
    scores.loc[scores["model"] == tied, "parameters"] = 1234
    text = written(replace(results, evaluation=replace(results.evaluation, scores=scores))).text
    assert f"{tied} is tied with {results.evaluation.best} and has 1,234 parameters in place of 29,834" in text


def test_a_network_that_does_not_beat_a_baseline_is_told(results, written):
    assert "is not shown to be better" not in written(with_verdicts(results)).text
    text = written(with_verdicts(results, logistic_regression="tied")).text
    assert "is not shown to be better than logistic regression on the pixels" in text


def test_baselines_stand_in_the_table_and_every_score_in_another(results, written):
    text = written(results).text
    for words in ("majority_class", "logistic_regression", "macro F1", "calibration error (ECE)", "p, corrected"):
        assert words in text


def test_groups_among_the_test_images_are_told(results, written):
    assert "people, sessions), of which each counts for less" not in written(results).text
    assert "of 5 groups" in written(replace(results, evaluation=replace(results.evaluation, groups=5))).text


def test_a_model_without_mistakes_has_no_figure_of_them(results, written):
    none = replace(results.evaluation, errors=results.evaluation.errors.head(0))
    assert "The mistakes it was surest of" not in written(replace(results, evaluation=none)).text


def test_saliency_says_why_there_is_no_gradcam(make_results, written):
    page = written(make_results(method="saliency"))
    assert "has no layer that keeps the positions of the image" in page.text
    assert "The heatmaps are of the layer" not in page.text
    figures = {figure["id"] for figure in page.all("figure")}
    assert "cases" in figures
    assert not figures & {"feature_maps", "strongest_maps", "filters"}


def with_belief(results, **numbers):
    """The results with these numbers about the heatmaps."""
    belief = make_belief(list(results.interpretation.heatmaps), **numbers)
    return replace(results, interpretation=replace(results.interpretation, belief=belief))


def test_each_check_of_the_heatmaps_comes_to_a_number_and_a_sentence(results, written):
    text = written(with_belief(results, pointing=0.9)).text
    assert "Whether Grad-CAM shows what the network goes by was examined on 20 test images" in text
    assert "leaves an area of 0.31 under the probability of the class; in the order of random maps, 0.52" in text
    assert "Putting them in gives 0.81, at random 0.47" in text
    assert "better than random on 19 of 20 images, which is more than chance" in text
    assert "a rank correlation of 0.04" in text
    assert "show something that the network has learnt" in text
    assert "the rank correlation is 0.97" in text
    assert "lies on it in a share of 0.90 of the images; with random weights in 0.10;" in text
    assert "the peak of a random map would in 0.18" in text


def test_heatmaps_that_fail_the_checks_are_not_to_be_believed(results, written):
    text = written(with_belief(results, randomised=0.9, better=11)).text
    assert "better than random on 11 of 20 images, which may be chance" in text
    assert "do not believe them" in text
    assert "pointing game" not in text


def test_what_lies_behind_the_headline_of_the_interpretation_is_folded(results, written):
    page = written(results)
    order = [(tag, attributes.get("id", attributes.get("class"))) for tag, attributes in page.tags]
    start = order.index(("figure", "cases"))
    folds = order.index(("details", "screen"), start)
    for name in ("curves", "randomised", "feature_maps", "strongest_maps", "filters"):
        assert folds < order.index(("figure", name))


@pytest.mark.parametrize("cases", [3, 5])
def test_every_rule_that_chose_a_case_is_explained(make_results, written, cases):
    results = make_results(cases=cases)
    text = written(results).text
    for rule in results.interpretation.cases["rule"]:
        assert say(f"figures.rule.{rule}") + ": " + say(f"report.rule.{rule}") in text


def test_an_opening_for_other_weights_is_told(results, written):
    assert "Every opening was for the weights reported here." in written(results).text
    opening = results.manifest.test_openings[0].model_copy(update={"models": {"mlp": "ff"}})
    manifest = results.manifest.model_copy(update={"test_openings": [opening, *results.manifest.test_openings]})
    assert "Some openings were for other weights" in written(replace(results, manifest=manifest)).text


def test_a_smoke_run_says_that_its_numbers_say_nothing(make_results, written):
    assert "its numbers say nothing yet" in written(make_results(budget="smoke")).text


def test_the_record_of_an_earlier_report_changes_nothing(results, tmp_path, written):
    stages = {**results.manifest.stages, "report": results.manifest.stages["data"]}
    again = replace(results, manifest=results.manifest.model_copy(update={"stages": stages}))
    first, second = (write_report(one, tmp_path / str(id(one)))[-1] for one in (results, again))
    assert first.read_bytes() == second.read_bytes()


def test_it_speaks_the_language_in_force(results, written):
    assert written(results).all("html")[0]["lang"] == "en"


def test_the_page_is_made_for_phones_and_paper():
    css = (REPORTING / "templates" / "report.css").read_text(encoding="utf-8")
    assert all(rule in css for rule in ("@media print", "break-inside: avoid", "overflow-x: auto"))
    assert 'name="viewport"' in (REPORTING / "templates" / "report.html").read_text(encoding="utf-8")


def keys_used() -> set[str]:
    """Every whole key that the code and the templates of reporting say."""
    texts = [path.read_text(encoding="utf-8") for path in (*REPORTING.rglob("*.py"), *REPORTING.rglob("*.html"))]
    return {key for text in texts for key in re.findall(r'"((?:report|figures)\.[a-z0-9_.]*[a-z0-9])"', text)}


def test_every_key_that_is_used_exists():
    files = {"report.html", "report.css"}
    assert keys_used() - files <= catalogue("en").keys()


@pytest.mark.parametrize("rule", [*RULES, "next_least_sure"])
def test_every_rule_has_its_words(rule):
    assert {f"figures.rule.{rule}", f"report.rule.{rule}"} <= catalogue("en").keys()


def test_the_artificial_images_of_a_training_are_counted(results, written):
    real = len(results.images.train)
    assert f"it saw {12 * real:,} artificial images: the {real:,} real training images" in written(results).text


@pytest.mark.parametrize(("real", "said"), [(25, "saw the 25 real training images as they are"), (None, "")])
def test_a_training_without_artificial_images_says_so_unless_it_was_not_counted(results, written, real, said):
    training = results.trainings["mlp"]
    recipe = training.recipe.model_copy(update={"real_images": real, "artificial_images": 0 if real else None})
    text = written(replace(results, trainings={**results.trainings, "mlp": replace(training, recipe=recipe)})).text
    assert said in text
    assert ("no artificial ones" in text) == bool(said)


@pytest.mark.parametrize(("waited", "said"), [(0.03, "for 2.0% of that"), (0.0001, "for less than 0.1% of that")])
def test_the_time_that_training_waited_for_its_images_is_told(results, written, waited, said):
    training = results.trainings["mlp"]
    history = training.history.assign(waited=waited)
    text = written(replace(results, trainings={"mlp": replace(training, history=history)})).text
    assert f"It took 18.0 s; {said} it waited for its images." in text


def test_a_history_from_before_waiting_was_measured_says_nothing_of_it(results, written):
    trainings = {
        name: replace(one, history=one.history.drop(columns="waited")) for name, one in results.trainings.items()
    }
    assert "waited for its images" not in written(replace(results, trainings=trainings)).text


def test_a_training_that_was_stopped_early_says_so(results, written):
    training = results.trainings["mlp"]
    recipe = training.recipe.model_copy(update={"best_epoch": 8})
    short = replace(training, recipe=recipe, history=training.history[:9])
    text = written(replace(results, trainings={**results.trainings, "mlp": short})).text
    assert "Its final training ran for 9 epochs" in text
    assert text.count("Of the 12 epochs that it was given, the rest was left out") == 1


def test_every_augmentation_argument_has_its_words():
    assert {f"report.argument.{name}" for name in AugmentationTable.model_fields} <= catalogue("en").keys()


def test_no_key_is_idle():
    """Each entry is said whole, or its last part is named where a key is put together."""
    code = [path.read_text(encoding="utf-8") for path in (*REPORTING.parent.rglob("*.py"), *REPORTING.rglob("*.html"))]
    named = set(re.findall(r'"([a-z0-9_]+)"', "".join(code))) | set(AugmentationTable.model_fields)
    keys = {key for key in catalogue("en") if key.startswith(("report.", "figures."))}
    put_together = {
        key
        for key in keys
        if re.sub("_(gradcam|saliency|class_weights|augment|deletion|insertion)$", "", key.split(".")[-1]) in named
    }
    assert keys - keys_used() - put_together == set()


def test_a_project_without_a_title_is_named_after_its_data(results):
    settings = results.settings
    data = settings.data.model_copy(update={"source": "C:\\photos\\cats.zip"})
    untitled = replace(results, settings=settings.model_copy(update={"data": data}))
    assert report._title(untitled) == "Classifying images: cats.zip"


def test_the_page_names_no_folder_of_this_computer(results, tmp_path):
    html = write_report(results, tmp_path)[-1].read_text(encoding="utf-8")
    assert str(tmp_path) not in html
