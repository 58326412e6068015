"""What a trial may draw: the values of its space, and of what depends on another only where that applies."""

from collections import Counter

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
    study = optuna.create_study(sampler=sampler(name, seed, {"optimizer": "adamw", "learning_rate": 1e-3}, 2))
    trial = study.ask()
    chosen = draw(trial, MLP, SPACE)

    assert chosen.keys() == MLP.defaults.keys()
    assert ("momentum" in trial.params) == (chosen["optimizer"] == "sgd")
    assert 1e-4 <= chosen["learning_rate"] <= 1e-2
    assert chosen["momentum"] in ((0.0, 0.9) if chosen["optimizer"] == "sgd" else (MLP.defaults["momentum"],))


def changed_of(best, seed, key):
    """What a trial draws other than ``best`` had it."""
    study = optuna.create_study(sampler=sampler("tpe", seed, best, key))
    trial = study.ask()
    draw(trial, MLP, SPACE)
    return {name for name, value in trial.params.items() if best.get(name) != value}


def test_two_of_three_trials_change_a_part_of_the_best():
    best = {"learning_rate": 1e-3, "momentum": 0.9, "optimizer": "sgd"}
    near = [changed_of(best, seed, key) for seed in range(60) for key in (1, 2)]
    anew = [changed_of(best, seed, 3) for seed in range(60)]

    assert sum("learning_rate" not in changed for changed in near) > 30
    assert sum(changed == {"learning_rate"} for changed in near) > 10
    assert all("learning_rate" in changed for changed in anew)


def test_a_trial_near_the_best_is_drawn_again_as_it_was():
    best = {"learning_rate": 1e-3, "momentum": 0.9, "optimizer": "sgd"}
    drawn = []
    for the_same in (best, dict(reversed(best.items()))):
        trial = optuna.create_study(sampler=sampler("tpe", 7, the_same, 2)).ask()
        draw(trial, MLP, SPACE)
        drawn.append(trial.params)

    assert drawn[0] == drawn[1]


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
