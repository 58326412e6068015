"""What each cheat is found out by; and what only training again can tell."""

from __future__ import annotations

import pytest

from cnnproj.submission.verification.verdict import outcome_of

from ..conftest import listed
from . import cheats
from .judging import check, codes, evidence_of

# The cheat, the check that finds it out, and what that says.
FOUND_OUT = [
    (cheats.scores.raise_the_score, "scores", "other_cells"),
    (cheats.scores.raise_the_score_of_the_record, "scores", "other_score"),
    (cheats.scores.narrow_the_interval, "scores", "other_cells"),
    (cheats.scores.mend_the_confusion, "scores", "other_cells"),
    (cheats.scores.be_better_than_the_others, "scores", "other_cells"),
    (cheats.scores.hide_the_worst_error, "scores", "other_table"),
    (cheats.scores.flip_a_prediction, "predictions", "other_predictions"),
    (cheats.scores.flip_a_prediction, "scores", "other_cells"),
    (cheats.scores.call_it_otherwise, "predictions", "not_most_probable"),
    (cheats.scores.leave_out_a_test_image, "predictions", "other_images"),
    (cheats.scores.lower_the_majority, "predictions", "other_baseline"),
    (cheats.scores.lower_the_regression, "predictions", "other_baseline"),
    (cheats.training.hand_in_other_weights, "weights", "other_weights"),
    (cheats.training.hand_in_other_weights_throughout, "predictions", "other_predictions"),
    (cheats.training.hand_in_other_weights_throughout, "validation", "other_predictions"),
    (cheats.training.claim_a_smaller_network, "weights", "other_parameters"),
    (cheats.training.claim_other_layers, "weights", "other_layers"),
    (cheats.training.claim_another_seed, "training", "other_seed"),
    (cheats.training.lengthen_the_history, "training", "epochs_of_training"),
    (cheats.training.better_the_history_carelessly, "training", "share_of_validation"),
    (cheats.training.better_the_history, "validation", "other_val_accuracy"),
    (cheats.training.better_the_validation_loss, "validation", "other_val_loss"),
    (cheats.training.better_the_validation_predictions, "validation", "other_predictions"),
    (cheats.training.choose_another_trial, "search", "other_best_trial"),
    (cheats.training.leave_out_a_trial, "search", "too_few_trials"),
    (cheats.training.try_what_was_not_to_be_tried, "search", "value_outside"),
    (cheats.training.train_with_other_hyperparameters, "search", "other_best_value"),
    (cheats.training.choose_by_the_test, "choice", "other_choice"),
    (cheats.images.train_on_a_test_image, "split", "other_split"),
    (cheats.images.redraw_the_split, "split", "other_split"),
    (cheats.images.deal_with_another_seed, "split", "dealt_otherwise"),
    (cheats.images.deal_out_otherwise_than_recorded, "split", "dealt_other_parts"),
    (cheats.images.put_a_test_image_into_training, "split", "in_two_parts"),
    (cheats.images.call_an_error_right, "data", "other_label"),
    (cheats.images.list_images_that_were_not_found, "data", "tables_differ"),
    (cheats.images.hide_the_openings, "test_openings", "never_opened"),
    (cheats.images.claim_more_test_images, "test_openings", "opened_other_part"),
    (cheats.shown.draw_a_heatmap_by_hand, "heatmaps", "other_heatmaps"),
    (cheats.shown.show_prettier_cases, "heatmaps", "other_cases"),
    (cheats.shown.replace_a_figure, "report", "other_picture"),
    (cheats.shown.replace_a_figure_in_the_report, "report", "other_picture_inside"),
    (cheats.shown.better_the_headline, "report", "other_words"),
    (cheats.shown.add_a_sentence_to_the_report, "report", "other_words"),
]
# What is honest work, too, and so is no discrepancy: a person should look.
LOOKED_AT = [
    (cheats.images.count_a_hard_image_as_unreadable, "data", "readable_here"),
    (cheats.images.choose_again_after_looking, "test_openings", "chosen_again"),
]


def test_there_are_thirty_cheats_or_more():
    assert len({cheat for cheat, _, _ in FOUND_OUT}) >= 30


@pytest.mark.parametrize(("cheat", "name", "code"), FOUND_OUT, ids=lambda one: getattr(one, "__name__", one))
def test_a_cheat_is_named(cheat, name, code, honest, patterns, copies, tmp_path):
    members = dict(honest)
    cheat(members)
    assert members != honest

    with evidence_of(cheats.tools.seal(members), [patterns], tmp_path, copies) as evidence:
        result = check(name, evidence)

    assert code in codes(result, "discrepancy", "missing"), [str(finding) for finding in result.findings]
    assert outcome_of([result]) == "discrepancies"


@pytest.mark.parametrize(("cheat", "name", "code"), LOOKED_AT, ids=lambda one: getattr(one, "__name__", one))
def test_what_may_be_honest_is_to_be_looked_at(cheat, name, code, honest, patterns, copies, tmp_path):
    members = dict(honest)
    cheat(members)

    with evidence_of(cheats.tools.seal(members), [patterns], tmp_path, copies) as evidence:
        result = check(name, evidence)

    assert code in codes(result, "look")
    assert codes(result, "discrepancy", "missing") == []


CARELESS = [
    (lambda members: members.update({"models/mlp/history.csv": b"epoch\n"}), "contents", "other_file"),
    (lambda members: members.update({"data/extra.csv": b"a\n1\n"}), "contents", "not_listed"),
    (lambda members: members.pop("models/mlp/history.csv"), "contents", "not_in_zip"),
]


@pytest.mark.parametrize(("change", "name", "code"), CARELESS, ids=["changed", "added", "taken"])
def test_a_file_that_is_not_of_the_list_is_named(change, name, code, honest, patterns, copies, tmp_path):
    members = dict(honest)
    change(members)

    with evidence_of(members, [patterns], tmp_path, copies) as evidence:
        assert code in codes(check(name, evidence), "discrepancy")


def test_a_file_that_is_not_what_its_stage_wrote_is_named(honest, patterns, copies, tmp_path):
    members = dict(honest)
    cheats.scores.raise_the_score(members)

    with evidence_of(listed(members), [patterns], tmp_path, copies) as evidence:
        result = check("record", evidence)

    assert "other_output" in codes(result, "discrepancy")


@pytest.mark.parametrize(
    ("cheat", "name", "code"),
    [
        (cheats.shown.train_longer_than_said, "record", "other_input"),
        (cheats.shown.report_on_another_name, "contents", "other_name"),
    ],
    ids=["settings", "name"],
)
def test_settings_that_are_not_those_of_the_run_are_named(cheat, name, code, honest, patterns, copies, tmp_path):
    members = dict(honest)
    cheat(members)

    with evidence_of(listed(members), [patterns], tmp_path, copies) as evidence:
        assert code in codes(check(name, evidence), "discrepancy")


def test_images_of_which_other_pixels_are_claimed_are_not_compared_strictly_but_told(
    honest, patterns, copies, tmp_path
):
    members = dict(honest)
    images, found = (cheats.tools.table(members, path) for path in (cheats.tools.IMAGES, cheats.tools.FOUND))
    name = images["image"][images.index[images["split"] == "test"][0]]
    for path, rows in ((cheats.tools.IMAGES, images), (cheats.tools.FOUND, found)):
        rows.loc[rows["image"] == name, "content"] = "0" * 64
        cheats.tools.put(members, path, rows)
    cheats.scores.flip_a_prediction(members)  # of that very image

    with evidence_of(cheats.tools.seal(members), [patterns], tmp_path, copies) as evidence:
        data, predictions = check("data", evidence), check("predictions", evidence)

    assert "decoded_otherwise" in codes(data, "note", "look")
    assert predictions.state == "unchecked" or "other_predictions" in codes(predictions)
