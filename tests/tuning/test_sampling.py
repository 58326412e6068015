"""What a trial may draw: the values of its space, and of what depends on another only where that applies."""

import math
from collections import Counter

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnproj.models import Choice, Range, architectures
from cnnproj.tuning.sampling import defaults, draw, grid, sampler

MLP = architectures()["mlp"]
SPACE = {
    "momentum": Choice(0.0, 0.9),
    "optimizer": Choice("sgd", "adamw"),
    "learning_rate": Range(1e-4, 1e-2, log=True),
}


@given(st.integers(0, 50), st.sampled_from(["tpe", "random"]))
def test_momentum_is_drawn_with_sgd_alone(seed, name):
    study = optuna.create_study(sampler=sampler(name, seed, SPACE, {"optimizer": "adamw", "learning_rate": 1e-3}, 2))
    trial = study.ask()
    chosen = draw(trial, MLP, SPACE)

    assert chosen.keys() == MLP.defaults.keys()
    assert ("momentum" in trial.params) == (chosen["optimizer"] == "sgd")
    assert 1e-4 <= chosen["learning_rate"] <= 1e-2
    assert chosen["momentum"] in ((0.0, 0.9) if chosen["optimizer"] == "sgd" else (MLP.defaults["momentum"],))


BEST = {"learning_rate": 1e-3, "momentum": 0.9, "optimizer": "sgd"}


def drawn(seed, key, best=BEST):
    """What a trial draws that comes after one which had ``best``."""
    trial = optuna.create_study(sampler=sampler("tpe", seed, SPACE, best, key)).ask()
    draw(trial, MLP, SPACE)
    return trial.params


def test_three_of_four_trials_are_a_step_from_the_best():
    close = [drawn(seed, key) for seed in range(50) for key in (1, 2, 3)]
    afresh = [drawn(seed, 4) for seed in range(150)]

    def far(trials):
        return sum(abs(math.log10(trial["learning_rate"] / 1e-3)) > 0.8 for trial in trials)

    assert BEST not in close
    assert sum(trial["learning_rate"] == 1e-3 for trial in close) > 50
    assert BEST["learning_rate"] not in [trial["learning_rate"] for trial in afresh]
    assert far(close) < 10 < 15 < far(afresh)


def test_what_is_near_the_best_does_not_hang_on_the_order_of_its_hyperparameters():
    assert drawn(7, 2) == drawn(7, 2, dict(reversed(BEST.items())))


@given(
    st.sampled_from([Range(1e-4, 1e-1, log=True), Range(0.0, 0.5), Range(2, 9), Range(1, 2), Range(1, 64, log=True)]),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
)
def test_a_value_near_one_of_a_range_is_another_of_it(space, share, seed):
    value = type(space.low)(space.low + share * (space.high - space.low))
    found = space.near(value, np.random.default_rng(seed))

    assert space.low <= found <= space.high
    assert found != value
    assert type(found) is type(space.low)


def test_a_choice_near_one_is_the_next_number_or_any_other_name():
    rng = np.random.default_rng(1)
    numbers, names = Choice(32, 8, 24, 16), Choice("a", "b", "c")

    assert {numbers.near(8, rng) for _ in range(30)} == {16}
    assert {numbers.near(24, rng) for _ in range(30)} == {16, 32}
    assert {names.near("b", rng) for _ in range(30)} == {"a", "c"}
    assert {Choice(True, False).near(True, rng) for _ in range(9)} == {False}


def test_a_grid_has_every_combination_that_differs_once():
    every = grid(MLP, SPACE, seed=1)

    assert len(every) == 3 * (2 + 1)  # three learning rates, SGD with two momenta and AdamW
    assert len({repr(sorted(one.items())) for one in every}) == len(every)
    assert Counter(one["optimizer"] for one in every) == {"sgd": 6, "adamw": 3}
    assert all(("momentum" in one) == (one["optimizer"] == "sgd") for one in every)
    assert sorted({one["learning_rate"] for one in every}) == pytest.approx([1e-4, 1e-3, 1e-2])


def test_the_order_of_a_grid_is_that_of_its_seed():
    assert grid(MLP, SPACE, seed=1) == grid(MLP, SPACE, seed=1)
    assert grid(MLP, SPACE, seed=1) != grid(MLP, SPACE, seed=2)


def test_ranges_stand_in_a_grid_with_ends_and_middle():
    assert Range(1, 9).grid() == (1, 5, 9)
    assert Range(1, 2).grid() == (1, 2)
    assert Range(0.0, 0.5).grid() == (0.0, 0.25, 0.5)
    assert Choice("a", "b").grid() == ("a", "b")


def test_the_first_trial_tries_the_defaults_as_far_as_the_space_has_them():
    space = {"learning_rate": Range(1e-3, 1e-1), "units": Choice(32, 64), "dropout": Choice(0.2), "depth": Choice(2, 3)}

    assert defaults(MLP, space) == {"learning_rate": 1e-2, "depth": 2}
