"""What the methods are told, and what they tell."""

import numpy as np
import pytest
from training_runs import RUNS, gradient_descent

import minigrad as mg
from minigrad import tree
from minigrad.hyper import Automatic, NotEnoughMemoryError
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
        ("one number", None, "Forward()", "it takes 2 trainings and 48 B of the"),
        ("gradient descent", None, "Stored()", "may be used (Forward 3 trainings and 72 B; "),
        ("heavy ball", "1 GB", "Stored()", "of the 1 GB that may be used"),
        ("layers", 1500, "Checkpointed(snapshots=", "Stored 2 trainings and 4.64 kB, too much"),
        ("gradient descent", 110, "Forward()", "Checkpointed 6 trainings and 96 B; "),
        ("schedules", 144, "Checkpointed(snapshots=2)", "Stored 2 trainings and 576 B, too much"),
        ("no step", None, "Stored()", "there is no step"),
    ],
)
def test_the_choice_and_why(name, memory, method, because):
    run, hypers = RUNS[name]()
    stats = mg.hypergradient(run, hypers, Automatic(memory)).stats
    assert stats.method.startswith(method)
    assert because in stats.why


@pytest.mark.parametrize(
    ("times", "method"),
    [
        ({"push": 0.3, "backward": 2.0}, "Forward()"),
        ({"push": 0.9, "backward": 0.1}, "Stored()"),
        ({"push": 0.52, "backward": 1.0}, "Forward()"),  # not slower by a quarter
        ({"push": 0.9, "backward": 0.1, "saved": 10**12}, "Forward()"),
        ({"push": 9.9, "backward": 0.1, "saved": 10**9}, "Checkpointed(snapshots="),
    ],
)
def test_the_choice_follows_the_times_of_a_long_run(times, method):
    run, hypers = gradient_descent(100)
    mg.hyper.forecast(run, hypers)
    (costs,) = run.costs.values()
    for part in costs.values():  # as another machine would have measured them
        part.update({name: 0.1 * x for name, x in times.items() if name in part})
        part.update({name: 0.1 for name in ("step", "forward", "linearise") if name in part})
    costs["sizes"]["saved"] = times.get("saved", 100)
    result = mg.hypergradient(run, hypers, Automatic("8 GB"))
    assert result.stats.method.startswith(method)
    assert "timed on the first step" in result.stats.why
    wanted = mg.hypergradient(run, hypers, mg.Stored()).gradient
    assert result.gradient == pytest.approx(wanted, rel=1e-12)


def test_what_was_timed_is_kept_with_the_run():
    seen = []
    run, hypers = gradient_descent(100)
    run = mg.TrainingRun(run.init, run.step, run.cost, 100, lambda t: seen.append(t))
    first = mg.hypergradient(run, hypers)
    after_first = len(seen)
    again = mg.hypergradient(run, tree.map(lambda h: mg.positive(0.9 * h.value), hypers))
    assert again.stats.why == first.stats.why
    assert len(seen) - after_first < after_first - 10


def test_nothing_that_fits_is_refused_with_the_forecast():
    run, hypers = gradient_descent(100)
    with pytest.raises(NotEnoughMemoryError, match=r"fits into 50 B: the least is 72 B") as error:
        mg.hypergradient(run, hypers, Automatic(50))
    assert "Checkpointed(snapshots=" in str(error.value)


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
