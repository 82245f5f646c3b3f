"""A descent on hyperparameters: where it goes, where it turns back, and why it stops."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.hyper.tuning.stopping import Rules


def training(steps=5, target=2.0):
    return mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w - h["eta"] * (w - target + h["lam"] * w),
        cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
        steps=steps,
    )


START = {"eta": mg.positive(0.1), "lam": mg.positive(0.1)}


def logistic_map(steps, target):
    """Gradient descent on w^3/3 - w^2/2, which is the logistic map with r = 1 + eta.

    It is stable up to eta = 2 and chaotic beyond 2.57, where w stays between 0 and 4/3.
    """
    return mg.TrainingRun(
        init=lambda h: 0.3,
        step=lambda w, h, batch: w + h["eta"] * w * (1.0 - w),
        cost=lambda w, h: (w - target) ** 2,
        steps=steps,
    )


@pytest.mark.parametrize("optimiser", ["adam", "signs", "newton"])
def test_it_goes_down(optimiser):
    result = mg.tune(training(), START, 25, optimiser=optimiser)
    assert result.best.cost < 1e-3 * result.costs[0]
    assert result.best.cost == result.costs[result.accepted].min()


def test_the_history_is_there_as_arrays():
    result = mg.tune(training(), START, 6)
    assert result.costs.shape == result.norms.shape == result.accepted.shape == (6,)
    assert result.values_over_steps["eta"].shape == (6,)
    step = result.best_step
    assert result.values == {key: x[step] for key, x in result.values_over_steps.items()}


@given(st.sampled_from(["adam", "signs"]), st.floats(0.5, 700.0))
def test_a_rate_stays_positive_whatever_the_steps(optimiser, rate):
    """Even where exp(u) is 0 or infinite in floating point."""
    one = {"adam": mg.hyper.Adam(rate=rate), "signs": mg.hyper.SignSteps(step=rate)}[optimiser]
    result = mg.tune(training(), START, 12, optimiser=one)
    for values in result.values_over_steps.values():
        assert (values > 0).all()
        assert np.isfinite(values).all()


@given(st.floats(-1e4, 1e4), st.sampled_from([np.float64, np.float32]))
def test_no_move_leaves_a_domain(u, kind):
    ends = [mg.positive, mg.unit_interval, lambda x: mg.bounded(x, -1.0, 2.0)]
    for mark in ends:
        hyper = mark(kind(0.5)).moved_to(kind(u))
        assert hyper.domain.low < hyper.value < hyper.domain.high


def test_a_point_that_explodes_is_refused_and_the_next_step_is_half_as_long():
    """On a quadratic of curvature 1, training diverges beyond eta = 2."""
    run = mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w - h["eta"] * w,
        cost=lambda w, h: w**2,
        steps=50,
    )
    result = mg.tune(run, {"eta": mg.positive(0.01)}, 10, optimiser=mg.hyper.SignSteps(step=6.0))
    assert not result.accepted[1]
    assert result.accepted[2]
    assert_allclose(result.values_over_steps["eta"][:3], 0.01 * np.exp([0.0, 6.0, 3.0]))
    assert result.best.cost < 1e-9


def test_a_start_that_explodes_is_an_error_that_says_so():
    with pytest.raises(ValueError, match="start from a smaller learning rate"):
        mg.tune(training(2000), {"eta": mg.positive(9.0), "lam": mg.positive(0.1)})


def test_a_point_in_chaos_is_refused_though_its_cost_is_fine():
    """The gradient there is thousands of times what it was; the cost is never above 1.44."""
    run = logistic_map(30, target=1.2)
    signs = mg.hyper.SignSteps(step=0.1)
    result = mg.tune(run, {"eta": mg.positive(1.9)}, 60, optimiser=signs, explosion=1e9)
    (refused,) = np.flatnonzero(~result.accepted)
    rates = result.values_over_steps["eta"]
    assert rates[refused] > 2.57
    assert result.costs[refused] <= 1.44
    assert result.norms[refused] > 1e3 * result.norms[0]
    assert (rates[result.accepted] < 2.57).all()
    assert result.stopped.startswith("converged")


def test_it_stops_when_the_norm_runs_away():
    run = logistic_map(20, target=1.2)
    result = mg.tune(run, {"eta": mg.positive(1.9)}, 60, optimiser=mg.hyper.Adam(rate=0.1))
    assert result.stopped.startswith("runaway: the gradient's norm has risen from")
    last = np.flatnonzero(result.accepted)[-3:]
    assert (last > result.best_step).all()
    assert (result.norms[last] > 10 * np.median(result.norms[: result.best_step + 1])).all()


def test_a_norm_that_rises_less_or_for_less_long_is_no_runaway():
    costs = np.array([1.0, 0.5, 0.4, 0.5, 0.6, 0.5])
    norms = np.array([1.0, 0.5, 0.4, 30.0, 20.0, 50.0])
    fine = np.ones(6, dtype=bool)
    assert Rules().reason((costs, norms, fine)).startswith("runaway")
    assert Rules().reason((costs[:5], norms[:5], fine[:5])) == ""
    assert Rules().reason((costs, np.minimum(norms, 4.0), fine)) == ""
    assert Rules(runaway=100.0).reason((costs, norms, fine)) == ""


def test_the_recorded_runaway_would_have_been_stopped():
    """Figures of Maclaurin and others: the norm rises .11 to 1.02 as the cost rises again."""
    rise = np.linspace(0.0, 1.0, 33)
    costs = np.concatenate([np.linspace(0.1766, 0.1095, 18), 0.1095 + 0.046 * rise[1:]])
    norms = np.concatenate([np.full(18, 0.11), 0.11 * (1.02 / 0.11) ** rise[1:]])
    rules = Rules(runaway=5.0, patience=100)
    ends = [
        n
        for n in range(1, 51)
        if rules.reason((costs[:n], norms[:n], np.ones(n, dtype=bool))).startswith("runaway")
    ]
    assert 18 < ends[0] < 50


def test_it_stops_at_the_bottom_and_when_nothing_gets_better():
    at_bottom = mg.tune(training(), {"eta": 1.0, "lam": 0.0}, 30)
    assert len(at_bottom.history) == 1
    assert at_bottom.stopped.startswith("converged: the gradient's norm")
    flat = mg.tune(training(), START, 30, optimiser=mg.hyper.Adam(rate=1e-9), patience=4)
    assert flat.stopped == "converged: no better cost in 4 outer steps"
    assert len(flat.history) == 5
    assert mg.tune(training(), START, 3).stopped == "all 3 outer steps done"


def of_seed(seed):
    rng = np.random.default_rng(seed)
    return training(target=2.0 + 0.3 * rng.normal())


def test_seeds_are_fixed_or_fresh():
    seen = []

    def run(seed):
        seen.append(seed)
        return of_seed(seed)

    mg.tune(run, START, 4, seed=7)
    assert set(seen) == {7}
    seen.clear()
    result = mg.tune(run, START, 4, seeds="fresh", seed=7)
    assert set(seen) == {7, 8, 9, 10}
    for seed, event in zip(range(7, 11), result.history, strict=True):
        assert event.result.cost == of_seed(seed).evaluate(event.result.hypers)


def test_with_fresh_seeds_a_lucky_seed_is_not_the_best():
    """A point is judged by the mean of five costs; one lucky seed weighs a fifth."""
    costs = np.array([1.0, 0.9, 0.05, 0.8, 0.7, 0.3, 0.3, 0.3, 0.3, 0.3])
    fine = np.ones(10, dtype=bool)
    assert Rules().best(costs, fine) == 2
    assert Rules(fresh=True).best(costs, fine) == 9
    assert_allclose(Rules(fresh=True).levels(costs, fine)[6], np.mean(costs[2:7]))


def test_the_test_is_asked_once_and_at_the_best_point():
    asked = []

    def test(values):
        asked.append(values)
        return {"accuracy": 0.5}

    result = mg.tune(training(), START, 5, test=test)
    assert asked == [result.values]
    assert result.test == {"accuracy": 0.5}


@pytest.mark.parametrize("after", range(1, 5))
def test_an_interrupt_ends_it_with_what_is_done(after):
    def interrupt(news):
        if news.done == after:
            raise KeyboardInterrupt

    result = mg.tune(training(), START, 9, callback=interrupt, test=lambda values: 1.0)
    assert (result.stopped, result.test) == ("interrupted", None)
    whole = mg.tune(training(), START, after)
    assert np.array_equal(result.costs, whole.costs)


def test_an_interrupt_before_the_first_step_is_done_is_raised():
    def step(w, h, batch):
        raise KeyboardInterrupt

    run = mg.TrainingRun(init=lambda h: 1.0, step=step, cost=lambda w, h: w, steps=3)
    with pytest.raises(KeyboardInterrupt):
        mg.tune(run, START)


def test_auto_stays_with_its_first_choice():
    result = mg.tune(training(), START, 6, method=mg.hyper.Automatic())
    methods = {event.result.stats.method.partition("(")[0] for event in result.history}
    assert len(methods) == 1


def test_it_is_told_as_text_and_as_strict_json():
    result = mg.tune(training(), START, 5, test=lambda values: np.float32(0.25))
    text = str(result)
    assert all(words in text for words in ("all 5 outer steps done", "eta", "lam", "test 0.25"))
    assert all(len(line) <= 60 for line in text.splitlines())
    told = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert [point["cost"] for point in told["history"]] == list(result.costs)
    assert told["best"]["values"] == result.values


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"outer_steps": 0}, ValueError, "outer_steps must be 1 or more, got 0"),
        ({"outer_steps": 2.5}, ValueError, "outer_steps must be 1 or more, got 2.5"),
        ({"optimiser": "sgd"}, ValueError, "expected one of 'adam', 'signs', 'newton'"),
        ({"optimiser": mg.hyper.Adam}, TypeError, "expected an outer optimiser such as"),
        ({"seeds": "new"}, ValueError, 'seeds= must be "fixed" or "fresh"'),
        ({"seeds": "fresh"}, ValueError, "needs a function of a seed"),
        ({"run": 3}, TypeError, "must be a TrainingRun, or a function of a seed"),
        ({"run": lambda seed: 3}, TypeError, r"run\(0\) must return a TrainingRun, got 3"),
        ({"run": of_seed, "seeds": "fresh", "optimiser": "newton"}, ValueError, "incomparable"),
        ({"test": 3}, TypeError, "test= must be a function"),
        ({"explosion": 1.0}, ValueError, "explosion= must be a number above 1"),
        ({"runaway": 0.5}, ValueError, "runaway= must be a number above 1"),
        ({"tolerance": -1.0}, ValueError, "tolerance= must be"),
        ({"patience": 0}, ValueError, "patience= must be 1 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, error, words):
    with pytest.raises(error, match=words):
        mg.tune(**{"run": training(), "hypers": START, **settings})
