"""Each thing on the checklist is found where it is, at the severity of the harm, and not where it is not."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cnnproj.diagnosis.beginning import bad_initialisation, unnormalised_input, wrong_loss
from cnnproj.diagnosis.diagnose import CHECKS
from cnnproj.diagnosis.generalisation import overfitting, too_little_data, underfitting
from cnnproj.diagnosis.gradients import DEAD, dead_relus, exploding_gradients, vanishing_gradients
from cnnproj.diagnosis.labels import class_imbalance, shuffled_labels
from cnnproj.diagnosis.pace import learning_rate_too_high, learning_rate_too_low, stopped_early
from cnnproj.diagnosis.probe import Input, Machine
from cnnproj.diagnosis.speed import no_gpu, waiting_for_data

from .made import CLASSES, confusion, evidence, history, hopeless, layer, probe, snapshot


def entering(**changes: float) -> Input:
    return Input(**{"layer": "conv_1", "mean": 0.3, "deviation": 0.3, "lowest": 0.0, "highest": 1.0, **changes})


@pytest.mark.parametrize("check", CHECKS)
def test_nothing_is_found_in_a_good_training(check):
    assert check(evidence()) is None


@pytest.mark.parametrize("check", CHECKS)
def test_a_training_that_broke_off_at_once_is_judged_without_a_history(check):
    broken = evidence(history=history()[:0], diverged=1, best_epoch=None, confusion=None, probe=probe(after=None))
    finding = check(broken)

    assert (finding.kind if finding else None) in (None, "learning_rate_too_high")


@pytest.mark.parametrize("check", CHECKS)
def test_one_epoch_is_too_few_for_anything_severe(check):
    short = hopeless(history=history(loss=[2.3], val_accuracy=0.1), best_epoch=1, epochs=1)
    finding = check(short)

    assert finding is None or finding.severity != "severe"


class TestUnnormalisedInput:
    @pytest.mark.parametrize(
        ("values", "word"),
        [
            ({"mean": 80.0, "deviation": 70.0, "highest": 255.0}, "255"),
            ({"mean": -40.0, "deviation": 1.0, "lowest": -45.0, "highest": -38.0}, "-45"),
            ({"mean": 100.3, "deviation": 0.3, "lowest": 100.0, "highest": 101.0}, "100"),
            ({"mean": 0.004, "deviation": 0.004, "highest": 0.012}, "0.004"),
            ({"mean": 0.5, "deviation": 0.0, "lowest": 0.5, "highest": 0.5}, "0.5"),
        ],
    )
    def test_is_found_with_its_numbers(self, values, word):
        finding = unnormalised_input(hopeless(probe=probe(input=entering(**values))))

        assert finding is not None
        assert finding.severity == "severe"
        assert word in finding.seen

    @pytest.mark.parametrize(
        "values",
        [
            {},
            {"mean": 0.0, "deviation": 1.0, "lowest": -4.0, "highest": 4.0},
            {"mean": 0.97, "deviation": 0.08},  # line drawings on white paper
        ],
    )
    def test_is_not_found_in_what_is_usual(self, values):
        assert unnormalised_input(hopeless(probe=probe(input=entering(**values)))) is None

    def test_is_a_note_where_it_did_no_harm(self):
        large = probe(input=entering(mean=80.0, deviation=70.0, highest=255.0))

        assert unnormalised_input(evidence(probe=large)).severity == "note"

    def test_says_nothing_of_a_network_without_weights(self):
        assert unnormalised_input(hopeless(probe=probe(input=None))) is None


class TestInitialisation:
    def test_units_that_begin_alike_are_found(self):
        finding = bad_initialisation(hopeless(probe=probe(before=snapshot(first={"alike": True}))))

        assert finding.severity == "severe"
        assert "conv_1" in finding.seen

    @pytest.mark.parametrize("times", [0.01, 20.0])
    def test_weights_of_a_wrong_size_are_found(self, times):
        found = bad_initialisation(hopeless(probe=probe(before=snapshot(first={"weights": 0.1 * times}))))

        assert found is not None
        assert f"{times:.2g} times" in found.seen

    def test_their_size_means_nothing_before_a_normalisation(self):
        normal = probe(before=snapshot(first={"weights": 2.0, "normalised": True}))

        assert bad_initialisation(hopeless(probe=normal)) is None

    def test_a_last_layer_may_begin_at_zero(self):
        layers = (layer("conv_1"), layer("probabilities", weights=0.0, alike=True))

        assert bad_initialisation(hopeless(probe=probe(before=snapshot(layers={})))) is None
        before = snapshot().model_copy(update={"layers": layers})
        assert bad_initialisation(hopeless(probe=probe(before=before))) is None


class TestWrongLoss:
    @pytest.mark.parametrize("outputs", [(-0.4, 1.1, -0.9), (0.2, 3.0, 0.0), (1.0, 1.02, 0.0), (-math.inf, 1.0, 0.0)])
    def test_outputs_that_are_no_probabilities_are_found(self, outputs):
        assert wrong_loss(hopeless(probe=probe(outputs=outputs))).severity == "severe"
        assert wrong_loss(evidence(probe=probe(outputs=outputs))).severity == "warning"

    @pytest.mark.parametrize("loss", ["mean_absolute_error", "mean_squared_error", "binary_crossentropy"])
    def test_another_loss_is_found_where_little_was_learned(self, loss):
        chosen = {"hyperparameters": {"loss": loss}}

        finding = wrong_loss(hopeless(**chosen))

        assert finding.settings == {"models.compact_cnn.loss": "categorical_crossentropy"}
        assert loss in finding.seen
        assert wrong_loss(evidence(**chosen)) is None

    def test_sigmoids_need_not_add_up_to_one(self):
        chosen = {"loss": "binary_crossentropy"}

        assert wrong_loss(evidence(hyperparameters=chosen, probe=probe(outputs=(3.0, 6.0, 0.2)))) is None


class TestGradients:
    @pytest.mark.parametrize(("share", "found"), [(1e-5, True), (9e-4, True), (2e-3, False), (1.0, False)])
    def test_vanishing_ones_are_found_by_their_share_of_the_last(self, share, found):
        weak = probe(before=snapshot(first={"gradient": 0.01 * share}))

        assert (vanishing_gradients(hopeless(probe=weak)) is not None) == found

    def test_vanishing_ones_are_found_where_no_layer_gets_any(self):
        lost = probe(before=snapshot(layers={"gradient": 1e-8}))

        assert "every hidden layer" in vanishing_gradients(hopeless(probe=lost)).seen

    def test_sigmoids_are_to_be_replaced(self):
        weak = probe(before=snapshot(first={"gradient": 1e-9}))
        finding = vanishing_gradients(hopeless(probe=weak, hyperparameters={"activation": "sigmoid"}))

        assert finding.settings == {"models.compact_cnn.activation": "relu"}

    @pytest.mark.parametrize(("gradient", "found"), [(100.0, True), (math.inf, True), (math.nan, True), (0.5, False)])
    def test_exploding_ones_are_found_by_their_size(self, gradient, found):
        strong = probe(before=snapshot(layers={"gradient": gradient}))

        assert (exploding_gradients(hopeless(probe=strong)) is not None) == found

    def test_a_network_of_one_layer_has_nothing_to_compare(self):
        one = snapshot().model_copy(update={"layers": (layer("probabilities", dead=None),)})
        none = snapshot().model_copy(update={"layers": ()})

        for before in (one, none):
            alone = hopeless(probe=probe(before=before, after=before))
            assert vanishing_gradients(alone) is exploding_gradients(alone) is dead_relus(alone) is None

    @pytest.mark.parametrize(("dead", "found"), [(DEAD - 0.01, False), (DEAD, True), (1.0, True)])
    def test_dead_units_are_found_by_their_share_of_a_layer(self, dead, found):
        finding = dead_relus(hopeless(probe=probe(after=snapshot(first={"dead": dead}))))

        assert (finding is not None) == found
        if finding:
            assert f"{dead:.0%}" in finding.seen
            assert finding.settings == {"models.compact_cnn.activation": "leaky_relu"}

    def test_dead_units_are_found_before_training_where_nothing_came_of_it(self):
        begun = probe(before=snapshot(first={"dead": 0.9}), after=None)

        assert dead_relus(hopeless(probe=begun, diverged=2, best_epoch=None)) is not None


class TestTheLearningRate:
    def test_is_too_high_where_the_loss_is_no_number(self):
        finding = learning_rate_too_high(evidence(history=history()[:2], diverged=3, best_epoch=None))

        assert finding.severity == "severe"
        assert "epoch 3" in finding.seen
        assert finding.settings == {"models.compact_cnn.learning_rate": 0.001}

    def test_is_too_high_where_the_loss_is_far_above_guessing(self):
        wild = history(loss=[9.0, 30.0, 2.4, 2.3, 2.3])

        assert "30" in learning_rate_too_high(hopeless(history=wild)).seen
        assert learning_rate_too_high(evidence(history=history(loss=[3.0, 2.0, 1.0]))) is None

    def test_is_too_high_where_the_loss_goes_up_and_down(self):
        falling = np.linspace(2, 0.5, 12)
        jumping = falling * np.where(np.arange(12) % 3 == 2, 1.8, 1)

        assert learning_rate_too_high(evidence(history=history(loss=jumping))).severity == "warning"
        assert learning_rate_too_high(evidence(history=history(loss=falling))) is None

    def test_is_too_high_where_the_steps_destroyed_the_network(self):
        far = hopeless(probe=probe(after=snapshot(layers={"moved": 8.0})))
        dead = hopeless(probe=probe(after=snapshot(layers={"moved": 1.0}, first={"dead": 0.9})))
        biased = probe(before=snapshot(first={"dead": 0.9}), after=snapshot(layers={"moved": 1.0}, first={"dead": 0.9}))

        assert "8.0 times" in learning_rate_too_high(far).seen
        assert "conv_1" in learning_rate_too_high(dead).seen
        assert learning_rate_too_high(hopeless(probe=biased)) is None
        assert learning_rate_too_high(evidence(probe=far.probe)) is None  # and learned all the same

    def test_is_too_low_where_the_weights_hardly_moved(self):
        still = {"after": snapshot(layers={"moved": 0.01})}
        finding = learning_rate_too_low(hopeless(probe=probe(**still), hyperparameters={"learning_rate": 1e-5}))

        assert finding.settings == {"models.compact_cnn.learning_rate": 0.0001}
        assert "1.00%" in finding.seen
        assert learning_rate_too_low(hopeless(probe=probe(after=snapshot(layers={"moved": 0.5})))) is None
        assert learning_rate_too_low(evidence(probe=probe(**still))) is None  # and learned all the same

    @pytest.mark.parametrize(("rate", "told"), [(10.0, 0.1), (0.03, 0.003), (1e-4, 1e-5)])
    def test_that_is_too_high_is_changed_to_a_usual_one(self, rate, told):
        finding = learning_rate_too_high(hopeless(diverged=1, hyperparameters={"learning_rate": rate}))

        assert finding.settings == {"models.compact_cnn.learning_rate": told}

    def test_of_a_students_own_network_stands_above_its_function(self):
        finding = learning_rate_too_high(evidence(diverged=1, best_epoch=None, model="mine", ours=False))

        assert finding.code == '@architecture(space={"learning_rate": Choice(0.001)})'


class TestTheNumberOfEpochs:
    def test_is_too_small_where_the_validation_loss_still_falls(self):
        falling = history(val_loss=np.linspace(2, 0.8, 12), val_accuracy=np.linspace(0.2, 0.7, 12))
        finding = stopped_early(evidence(history=falling))

        assert finding.settings == {"training.epochs": 24}
        assert "4 epochs" in finding.seen

    def test_is_enough_where_it_does_not_or_all_is_learned(self):
        level = history(val_loss=[2, 1.2, 0.8, 0.8, 0.8, 0.79], val_accuracy=0.7)

        assert stopped_early(evidence(history=level)) is None
        assert stopped_early(evidence(history=history(val_loss=np.linspace(2, 0.1, 12), val_accuracy=0.99))) is None


class TestGeneralisation:
    def test_overfitting_is_found_with_the_epoch_from_which_on(self):
        losses = [1.5, 1.0, 0.9, 1.0, 1.2, 1.4]
        table = history(val_loss=losses, val_accuracy=[0.5, 0.6, 0.7, 0.7, 0.69, 0.69], accuracy=np.linspace(0.5, 1, 6))
        finding = overfitting(evidence(history=table, best_epoch=3, probe=probe(neighbours=0.6)))

        assert finding.severity == "warning"
        assert "From epoch 4 on the validation loss rises" in finding.seen
        assert finding.settings["augmentation.rotation_range"] == 10
        assert finding.settings["models.compact_cnn.dropout"] == 0.4

    def test_overfitting_without_a_rising_loss_is_told_by_the_gap(self):
        level = {"val_loss": 1.0, "val_accuracy": 0.7, "loss": np.linspace(2, 0.1, 6)}
        opening = history(**level, accuracy=[0.5, 0.85, 0.7, 0.9, 0.95, 0.99])
        dropped = history(**level, accuracy=0.6)

        assert "open from epoch 4 on" in overfitting(evidence(history=opening)).seen
        assert "epoch" not in overfitting(evidence(history=dropped)).seen

    def test_a_gap_that_few_validation_images_may_open_by_chance_is_none(self):
        table = history(val_accuracy=[0.7] * 12)
        few = evidence(
            history=table, validation=pd.Series([3] * 10, CLASSES), probe=probe(after=snapshot(accuracy=0.85))
        )

        assert overfitting(few) is None

    def test_underfitting_is_found_where_training_images_are_not_learned(self):
        table = history(val_accuracy=[0.4] * 12)
        after = snapshot(accuracy=0.42, layers={"moved": 1.0})
        finding = underfitting(evidence(history=table, probe=probe(after=after)))

        assert finding.settings == {"models.compact_cnn.filters": 48, "models.compact_cnn.dropout": 0.0}
        assert underfitting(evidence(history=table, probe=probe(after=snapshot(accuracy=0.8)))) is None
        assert underfitting(evidence(history=table, probe=probe(after=snapshot(accuracy=0.55)))) is None  # a gap

    def test_a_handful_of_images_is_too_little(self):
        few = pd.Series(6, CLASSES)

        assert too_little_data(evidence(train=few)).severity == "note"
        assert too_little_data(evidence(train=few, history=history(val_accuracy=[0.6] * 12))).severity == "warning"
        assert too_little_data(hopeless(train=few)).severity == "severe"
        assert too_little_data(hopeless(train=pd.Series(20, CLASSES))) is None


class TestLabels:
    UNEVEN = pd.Series([60] * 8 + [6] * 2, CLASSES)

    @pytest.mark.parametrize(("recall", "severity"), [(0.0, "severe"), (0.5, "warning"), (0.9, None)])
    def test_rare_classes_that_are_missed_are_found(self, recall, severity):
        finding = class_imbalance(evidence(train=self.UNEVEN, confusion=confusion([0.95] * 8 + [recall] * 2)))

        assert (finding.severity if finding else None) == severity
        if finding:
            assert finding.code == '[training]\nbalance = "class_weights"'

    def test_nothing_is_said_of_unequal_classes_that_are_evened_out_already(self):
        missed = {"train": self.UNEVEN, "confusion": confusion([0.95] * 8 + [0.0] * 2)}

        assert class_imbalance(evidence(**missed, settings={"training": {"balance": "class_weights"}})) is None

    def test_labels_seem_shuffled_where_neither_network_nor_neighbours_beat_guessing(self):
        assert shuffled_labels(hopeless(probe=probe(neighbours=0.11))).severity == "severe"
        assert shuffled_labels(hopeless(probe=probe(neighbours=0.5))) is None
        assert shuffled_labels(evidence(probe=probe(neighbours=0.11))) is None

    def test_labels_are_not_blamed_where_the_loss_says_that_something_is_learned(self):
        slow = history(loss=[2.3] * 12, accuracy=0.15, val_loss=np.linspace(2.31, 2.2, 12), val_accuracy=0.13)
        learning = hopeless(probe=probe(neighbours=0.11), history=slow)

        assert learning.learned
        assert shuffled_labels(learning) is None
        assert not replace(learning, validation=pd.Series(2, CLASSES)).learned  # too few images for so small a gain

    def test_of_so_few_images_nothing_is_said(self):
        assert shuffled_labels(hopeless(probe=probe(neighbours=0.1), train=pd.Series(4, CLASSES))) is None


class TestSpeed:
    def test_waiting_is_found_by_its_share_and_threads_are_named_where_there_are_more(self):
        slow = history(seconds=[10.0] * 12, waited=4.0)
        eight = probe(machine=Machine(cores=8, gpus=(), idle_card=""))

        finding = waiting_for_data(evidence(history=slow, probe=eight))

        assert "40%" in finding.seen
        assert finding.settings == {"training.threads": 8}
        assert waiting_for_data(evidence(history=slow)).settings == {}
        assert waiting_for_data(evidence(history=history(seconds=[10.0] * 12, waited=0.5))) is None

    def test_where_it_was_not_measured_nothing_is_said(self):
        assert waiting_for_data(evidence(history=history().drop(columns="waited"))) is None

    def test_a_long_training_wants_a_graphics_card_that_is_not_used(self):
        long = history(seconds=[100.0] * 12)

        def told(cards: tuple[str, ...], idle: str) -> str:
            finding = no_gpu(evidence(history=long, probe=probe(machine=Machine(cores=2, gpus=cards, idle_card=idle))))
            return finding.seen if finding else ""

        assert "20 minutes" in told((), "")
        assert "Tesla T4" in told((), "Tesla T4")
        assert told(("Tesla T4",), "") == ""
        assert no_gpu(evidence()) is None
