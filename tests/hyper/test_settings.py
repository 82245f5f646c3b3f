"""What the methods are told, and what they tell."""

import numpy as np
import pytest
from training_runs import RUNS

import minigrad as mg
from minigrad.hyper import Automatic
from minigrad.primitive import def_vjp, primitive


def test_truncation_estimates_what_it_leaves_out():
    """Near a minimum all is linear, and the terms left out are a geometric series."""
    run = mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w - 0.2 * (w - 2.0 + h["lam"] * w),
        cost=lambda w, h: w,
        steps=200,
    )
    exact = mg.hypergradient(run, {"lam": 0.1}, mg.Stored())
    for last in (5, 20, 80):
        result = mg.hypergradient(run, {"lam": 0.1}, mg.Truncated(last))
        left_out = abs(exact.gradient["lam"] - result.gradient["lam"])
        assert result.stats.cut_off == pytest.approx(left_out, rel=0.05)
        assert not result.stats.exact
        assert f"over the last {last} steps" in result.stats.why


def test_truncation_leaves_a_schedule_before_the_cut_alone():
    run, hypers = RUNS["schedules"]()
    exact = mg.hypergradient(run, hypers, mg.Stored()).gradient
    cut = mg.hypergradient(run, hypers, mg.Truncated(last=2)).gradient
    np.testing.assert_array_equal(cut["each"][-2:], exact["each"][-2:])
    assert not cut["each"][:-2].any()
    with pytest.raises(ValueError, match="1 or more"):
        mg.Truncated(last=0)


def test_an_adjoint_that_explodes_is_told():
    run = mg.TrainingRun(
        lambda h: 1.0, lambda w, h, batch: w - h["eta"] * w, lambda w, h: w, steps=40
    )
    stats = mg.hypergradient(run, {"eta": 3.0}, mg.Truncated(last=3)).stats
    assert stats.cut_off > 1e11


@pytest.mark.parametrize(
    ("name", "memory", "method", "because"),
    [
        ("one number", None, "Forward()", "one tangent"),
        ("gradient descent", None, "Stored()", "may be used"),
        ("heavy ball", "1 GB", "Stored()", "of the 1 GB that were given"),
        ("layers", 1500, "Checkpointed(snapshots=", "more than the 1.5 kB that were given"),
        ("gradient descent", 1, "Forward()", "2 tangents take 3 trainings, but Checkpointed 6.0"),
        ("schedules", 1, "Checkpointed(snapshots=1)", "more than the 1 B"),
        ("no step", None, "Stored()", "0 B"),
    ],
)
def test_the_choice_and_why(name, memory, method, because):
    run, hypers = RUNS[name]()
    stats = mg.hypergradient(run, hypers, Automatic(memory)).stats
    assert stats.method.startswith(method)
    assert because in stats.why


def test_without_a_jvp_the_choice_goes_back_instead():
    @primitive
    def cube(x):
        return x**3

    def_vjp(cube, lambda y_bar, y, x: y_bar * 3 * x * x)
    run = mg.TrainingRun(
        lambda h: 0.5, lambda w, h, batch: w - h["eta"] * cube(w), lambda w, h: w, steps=4
    )
    result = mg.hypergradient(run, {"eta": 0.1})
    assert result.stats.method == "Stored()"
    assert "not Forward: " in result.stats.why
    assert result.gradient == mg.hypergradient(run, {"eta": 0.1}, mg.Stored()).gradient
