"""Causes come before what follows from them, and what is to be changed can be typed as it stands."""

import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pandas as pd
import pytest

from cnnproj.diagnosis.diagnose import CHECKS, FOLLOWS, KINDS, PIXEL_CHECKS, diagnose
from cnnproj.diagnosis.probe import Input, Machine, load_probe, save_probe
from cnnproj.settings_file import read_settings
from cnnproj.words import catalogue

from .made import CLASSES, confusion, evidence, history, hopeless, probe, snapshot

LARGE = Input(layer="conv_1", mean=80.0, deviation=70.0, lowest=0.0, highest=255.0)


def test_a_good_training_is_said_to_be_one():
    diagnosis = diagnose(evidence())

    assert diagnosis.findings == ()
    assert str(diagnosis) == "Nothing on the checklist was found in the training of compact_cnn."


def test_a_smoke_run_is_not_judged():
    assert "too few epochs (1)" in diagnose(evidence(history=history()[:1], best_epoch=1, epochs=1)).headline


def test_a_cause_is_named_first_and_the_rest_follows_from_it():
    ill = probe(input=LARGE, before=snapshot(layers={"gradient": 500.0}, first={"gradient": 5e4}), after=None)
    found = diagnose(evidence(probe=ill, history=history()[:1], diverged=2, best_epoch=None)).findings

    assert [finding.kind for finding in found] == [
        "unnormalised_input",
        "exploding_gradients",
        "learning_rate_too_high",
    ]
    assert [finding.follows for finding in found] == ["", "unnormalised_input", "unnormalised_input"]


def test_what_did_no_harm_is_no_cause_of_what_did():
    harmless = diagnose(evidence(probe=probe(input=LARGE), history=history(loss=[9, 30, 2.4, 1, 0.5]))).findings

    assert [(finding.kind, finding.severity) for finding in harmless] == [
        ("learning_rate_too_high", "warning"),
        ("unnormalised_input", "note"),
    ]
    assert harmless[0].follows == ""


def test_labels_are_not_blamed_while_the_network_cannot_learn():
    unlearned = hopeless(probe=probe(neighbours=0.1, input=LARGE))

    assert "shuffled_labels" not in [finding.kind for finding in diagnose(unlearned).findings]


def test_nothing_follows_from_itself_or_in_a_circle():
    assert set(TopologicalSorter(FOLLOWS).static_order()) <= set(KINDS)  # it raises where there is a circle


def test_every_kind_is_one_check_with_its_words():
    entries = catalogue("en")

    assert len(CHECKS) == 16
    assert len(KINDS) == len(set(KINDS)) == 18
    assert {check.__name__ for check in (*CHECKS, *PIXEL_CHECKS)} == set(KINDS)
    assert {f"diagnosis.{part}.{kind}" for kind in KINDS for part in ("name", "meaning")} <= entries.keys()


ILL = {
    "high": hopeless(history=history(loss=[9.0, 30.0, 2.4, 2.3])),
    "low": hopeless(probe=probe(after=snapshot(layers={"moved": 0.001})), hyperparameters={"learning_rate": 1e-6}),
    "loss": hopeless(hyperparameters={"loss": "mean_absolute_error"}),
    "vanishing": hopeless(
        probe=probe(before=snapshot(first={"gradient": 1e-9})), hyperparameters={"activation": "sigmoid"}
    ),
    "dead": hopeless(probe=probe(after=snapshot(first={"dead": 1.0}))),
    "uneven": evidence(train=pd.Series([60] * 9 + [5], CLASSES), confusion=confusion([0.9] * 9 + [0.0])),
    "over": evidence(history=history(val_accuracy=[0.7] * 12)),
    "over, varied": evidence(
        history=history(val_accuracy=[0.7] * 12), settings={"augmentation": {"rotation_range": 5.0}}
    ),
    "under": evidence(history=history(val_accuracy=[0.4] * 12), probe=probe(after=snapshot(accuracy=0.42))),
    "early": evidence(history=history(val_loss=[2, 1.6, 1.2, 0.8], val_accuracy=[0.2, 0.4, 0.6, 0.8]), epochs=4),
    "waiting": evidence(
        history=history(seconds=[10.0] * 12, waited=6.0), probe=probe(machine=Machine(cores=8, gpus=(), idle_card=""))
    ),
}


@pytest.mark.parametrize("case", ILL)
def test_what_is_to_be_changed_is_taken_by_project_toml_as_it_stands(case, tmp_path: Path):
    findings = diagnose(ILL[case]).findings
    typed = [finding for finding in findings if finding.code and not finding.follows]

    assert typed
    for finding in typed:
        (tmp_path / "project.toml").write_text(finding.code)
        read_settings(tmp_path / "project.toml")
        assert tomllib.loads(finding.code)
        assert all(f"    {line}\n" in f"{finding}\n" for line in finding.code.splitlines())


def test_a_probe_is_kept_as_it_is_also_where_it_holds_no_numbers(tmp_path: Path):
    odd = probe(before=snapshot(loss=float("inf"), layers={"gradient": float("nan")}), after=None)

    back = load_probe(save_probe(tmp_path, odd).parent)

    assert back is not None
    assert repr(back) == repr(odd)
    assert load_probe(tmp_path / "elsewhere") is None
