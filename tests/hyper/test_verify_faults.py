"""Runs with one fault each, which a verification must find, name, and not take for another."""

import itertools
import random

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.extend import def_jvp, def_vjp, primitive

START = np.array([0.3, -0.4])
HYPERS = {"eta": mg.positive(0.2), "lam": mg.positive(0.1)}


def run_of(
    step=lambda w, h, batch: descend(w, h, 1.5),
    cost=lambda w, h: np.sum((w - 0.5) ** 2),
    init=lambda h: START,
    steps=12,
    batches=None,
):
    return mg.TrainingRun(init, step, cost, steps, batches)


def descend(w, h, pull):
    return w - h["eta"] * (np.tanh(w - pull) + h["lam"] * w)


# Not a function


def counts_in_a_closure():
    calls = itertools.count(1)
    return run_of(lambda w, h, batch: descend(w, h, 1.0 / next(calls)))


def counts_in_a_closure_and_begins_anew():
    calls = [0]

    def init(h):
        calls[0] = 0
        return START

    def step(w, h, batch):
        calls[0] += 1
        return descend(w, h, 1.0 / calls[0])

    return run_of(step, init=init)


class Descent:
    """A step that keeps a rate of its own, which falls."""

    rate = 1.0

    def step(self, w, h, batch):
        self.rate *= 0.9
        return w - self.rate * (w - descend(w, h, 1.0))


def counts_late(drop=16):
    """As a schedule does that drops the rate after so many calls."""
    calls = [0]

    def init(h):
        calls[0] = 0
        return START

    def step(w, h, batch):
        calls[0] += 1
        return descend(w, h, 1.0 if calls[0] < drop else 2.0)

    return run_of(step, init=init)


def batches_from_a_generator():
    stream = (np.full(2, 0.1 * t) for t in itertools.count())
    return run_of(descend, batches=lambda t: next(stream))


def batches_that_run_out():
    stream = iter([np.ones(2)] * 12)
    return run_of(descend, batches=lambda t: next(stream))


def batches_that_come_round():
    """Twice round: two trainings cost the same, but the past can't be read again."""
    stream = itertools.cycle([np.full(2, 0.1 * t) for t in range(4)])
    return run_of(descend, batches=lambda t: next(stream))


def batches_that_are_iterators():
    return run_of(lambda w, h, b: descend(w, h, sum(b)), batches=[iter([1.0]) for _ in range(12)])


def draws_batches():
    rng = np.random.default_rng(0)
    return run_of(descend, batches=lambda t: rng.normal(size=2))


def draws_from_a_captured_generator():
    noise = np.random.default_rng(0)
    return run_of(lambda w, h, batch: descend(w, h, noise.normal(size=2)))


def draws_from_numpys_generator():
    return run_of(lambda w, h, batch: descend(w, h, np.random.normal(size=2)))  # noqa: NPY002


def seeds_and_draws():
    """The same each time from the start, but not step by step."""

    def init(h):
        np.random.seed(0)  # noqa: NPY002
        return START

    return run_of(lambda w, h, batch: descend(w, h, np.random.normal(size=2)), init=init)  # noqa: NPY002


def draws_from_pythons_generator():
    return run_of(lambda w, h, batch: descend(w, h, random.random()))


def draws_its_beginning():
    rng = np.random.default_rng(0)
    return run_of(init=lambda h: rng.normal(size=2))


def draws_in_its_cost():
    rng = np.random.default_rng(0)
    return run_of(cost=lambda w, h: np.sum(w * rng.normal(size=2)))


def changes_its_state():
    def step(w, h, batch):
        if isinstance(w, np.ndarray):
            w -= h["eta"] * w
            return w
        return w - h["eta"] * w

    return run_of(step, init=lambda h: START.copy())


NOT_FUNCTIONS = {
    counts_in_a_closure: "step 0 gives another state when it is taken again",
    counts_in_a_closure_and_begins_anew: "step 0 gives another state",
    lambda: run_of(Descent().step): "a counter, a cache",
    counts_late: "step 7 gives another state",
    lambda: counts_late(15): "two trainings at the same hypers cost",
    batches_from_a_generator: "is another one when it is read again",
    batches_that_run_out: "the batches have run out at step 4",
    batches_that_come_round: "is another one when it is read again",
    batches_that_are_iterators: "is an iterator, which can be read only",
    draws_batches: "batches(t) must depend on t alone",
    draws_from_a_captured_generator: "draws from the generator 'noise'",
    draws_from_numpys_generator: "draws from np.random",
    seeds_and_draws: "draws from np.random",
    draws_from_pythons_generator: "draws from random,",
    draws_its_beginning: "init gives another state",
    draws_in_its_cost: "cost gives another number",
    changes_its_state: "step 0 changes its state in place",
}


@pytest.fixture
def given_back():
    """Draw from the global generators, and leave them as they were."""
    numpys, pythons = np.random.get_state(), random.getstate()  # noqa: NPY002
    yield
    np.random.set_state(numpys)  # noqa: NPY002
    random.setstate(pythons)


@pytest.mark.usefixtures("given_back")
@pytest.mark.parametrize("fault", NOT_FUNCTIONS, ids=lambda fault: fault.__name__)
def test_a_run_that_is_no_function(fault):
    report = mg.verify(fault(), HYPERS)
    assert report.verdict == "not a function", str(report)
    assert report.ok is False
    assert NOT_FUNCTIONS[fault].lower() in report.words.lower()
    assert report.to_json()["cost"] is None
    assert "verify: not a function" in str(report)


def test_a_step_that_does_something_else_when_it_is_recorded():
    def step(w, h, batch):
        return descend(w, h, 1.0 if isinstance(w, np.ndarray) else 1.1)

    report = mg.verify(run_of(step), HYPERS)
    assert report.verdict == "not a function"
    assert "when it is recorded or replayed" in report.words


def test_a_declared_draw_is_none():
    def draw(t):
        return np.random.default_rng([7, t]).normal(size=2)

    assert mg.verify(run_of(descend, batches=draw), HYPERS).ok


# Not smooth


def kinks():
    yield "absolute", "eta", lambda w, h: abs(h["eta"] - 0.2) + np.sum(w)
    yield "relu", "lam", lambda w, h: nn.relu(h["lam"] - 0.1) + np.sum(w)
    yield "maximum", "eta", lambda w, h: np.maximum(h["eta"], 0.2) + np.sum(w)
    yield "max", "lam", lambda w, h: np.max(np.stack([w[0], w[0] + h["lam"] - 0.1]))


@pytest.mark.parametrize(("operation", "hyper", "cost"), list(kinks()))
def test_a_kink_is_found_and_named(operation, hyper, cost):
    report = mg.verify(run_of(cost=cost), HYPERS)
    assert report.verdict == "not smooth", str(report)
    assert report.ok is False
    assert f"Along {hyper}, the slope is" in report.words
    assert f"Just there: {operation} on" in report.words
    assert "test_verify_faults.py" in report.words


def test_a_relu_that_crosses_during_training():
    """The unit turns on at step 3 for one side of eta = 1/4, at step 4 for the other."""

    def step(w, h, batch):
        return w - h["eta"] * (1.0 + nn.relu(0.25 - w))

    run = mg.TrainingRun(lambda h: 1.0, step, lambda w, h: w, 6)
    report = mg.verify(run, {"eta": mg.positive(0.25)})
    assert report.verdict == "not smooth", str(report)
    assert mg.verify(run, {"eta": mg.positive(0.26)}).ok


def stairs(width):
    """A cost that goes up in steps, flat in between: its derivative does not see the ascent."""
    return lambda w, h: np.sum(w) + 1e3 * width * np.floor(np.sum(w) / width)


def test_a_cost_in_steps_has_a_derivative_that_differences_do_not_find():
    report = mg.verify(run_of(cost=stairs(1e-10)), HYPERS)
    assert report.verdict == "disagree", str(report)
    assert "floor on" in report.words
    assert "goes up in steps, of slope 0" in report.words


def test_between_wider_steps_the_derivative_is_right_but_not_worth_much():
    report = mg.verify(run_of(cost=stairs(1e-7)), HYPERS)
    assert report.ok, str(report)
    assert any("finite differences are alone" in warning for warning in report.warnings)


# Noise


def test_a_converged_run_is_neither_confirmed_nor_refuted():
    run = run_of(lambda w, h, batch: w - h["eta"] * np.array([1.0, 0.3]) * (w - 1.5), steps=900)
    report = mg.verify(run, {"eta": mg.positive(0.2)})
    assert report.verdict == "noise", str(report)
    assert report.ok is None
    assert "rounding alone makes" in report.words
    assert abs(report.answers["reverse"].values[0]) <= 10 * report.floor[0]


def test_beside_noise_other_hypers_may_be_confirmed():
    report = mg.verify(run_of(steps=600), HYPERS)
    assert report.verdict == "agree", str(report)
    assert [warning for warning in report.warnings if warning.startswith("eta: its derivative is")]


def test_a_hyper_that_is_not_used_has_slope_zero_and_is_no_noise():
    report = mg.verify(run_of(lambda w, h, batch: w - h["eta"] * np.tanh(w)), HYPERS)
    assert report.ok, str(report)
    assert not any(answer.values[1] for answer in report.answers.values())
    assert report.warnings == []


# Chaos


def logistic_map(steps):
    """Gradient descent on w^3/3 - w^2/2 is the logistic map of parameter 1 + eta."""
    return mg.TrainingRun(
        lambda h: 0.3, lambda w, h, batch: w + h["eta"] * w * (1.0 - w), lambda w, h: w, steps
    )


def test_chaos_is_told_with_its_growth():
    report = mg.verify(logistic_map(100), {"eta": mg.positive(2.9)})
    assert report.verdict == "chaos", str(report)
    assert report.ok is False
    assert 1.5 < report.growth < 1.8
    assert 1e20 < report.amplification < 1e23
    assert "fold per step" in report.words


def test_the_growth_where_it_is_known():
    """At eta = 3 the Lyapunov exponent is ln 2."""
    report = mg.verify(logistic_map(100), {"eta": mg.positive(3.0)})
    assert report.verdict == "chaos"
    assert abs(np.log(report.growth) / np.log(2.0) - 1.0) < 0.1


def test_chaos_that_overflows():
    report = mg.verify(logistic_map(1500), {"eta": mg.positive(2.9)})
    assert report.verdict == "chaos"
    assert report.to_json()["answers"]["reverse"]["values"] == [None]


@pytest.mark.parametrize(("eta", "steps"), [(2.3, 100), (2.9, 20), (2.9, 30), (2.9, 40)])
def test_order_and_the_beginning_of_chaos_are_confirmed(eta, steps):
    """While some digits are left, finite differences need steps as small as errors are large."""
    assert mg.verify(logistic_map(steps), {"eta": mg.positive(eta)}).ok


# Wrong rules


def cube_with(by_vjp, by_jvp):
    @primitive
    def cube(x):
        return x**3

    def_vjp(cube, lambda d, y, x: d * (3.0 * by_vjp) * x**2)
    def_jvp(cube, lambda d, y, x: d * (3.0 * by_jvp) * x**2)
    return cube


def in_step(cube):
    return run_of(lambda w, h, batch: w - h["eta"] * (cube(w) + h["lam"] * w))


@pytest.mark.parametrize(
    ("by_vjp", "by_jvp", "outcome"),
    [
        (1.001, 1.0, "A VJP rule is wrong"),
        (1.0, 1.001, "A JVP rule is wrong"),
        (1.001, 1.001, "both modes share a mistake"),
    ],
)
def test_a_rule_that_is_wrong_by_a_thousandth(by_vjp, by_jvp, outcome):
    report = mg.verify(in_step(cube_with(by_vjp, by_jvp)), HYPERS)
    assert report.verdict == "disagree", str(report)
    assert report.ok is False
    assert outcome in report.words
    mode = "JVP" if by_vjp == 1.0 else "VJP"
    assert f"{mode} of cube" in report.words
    shared = by_vjp == by_jvp
    assert (report.agreement["forward"].min() > 12) == shared
    assert report.agreement["finite difference"].min() < 4 or by_vjp == 1.0
    assert report.agreement["complex step"].min() < 4 or by_vjp == 1.0
    assert mg.verify(in_step(cube_with(1.0, 1.0)), HYPERS).ok


def test_a_wrong_rule_in_the_outer_cost():
    cube = cube_with(1.001, 1.0)
    report = mg.verify(run_of(cost=lambda w, h: np.sum(cube(w))), HYPERS)
    assert report.verdict == "disagree"
    assert "VJP of cube" in report.words


def test_a_small_mistake_is_let_through_only_below_the_digits_asked_for():
    run = in_step(cube_with(1.0 + 1e-8, 1.0 + 1e-8))
    assert mg.verify(run, HYPERS).ok
    assert mg.verify(run, HYPERS, digits=9).verdict == "disagree"


def test_a_custom_step_whose_rules_are_wrong():
    @primitive
    def fused(w, g, eta):
        return w - eta * g

    rules = (lambda d, y, w, g, eta: d, lambda d, y, w, g, eta: -d * eta)
    wrong = lambda d, y, w, g, eta: d * g  # noqa: E731 - the sign
    def_vjp(fused, *rules, wrong)
    def_jvp(fused, *rules, wrong)
    step = lambda w, h, batch: fused(w, np.tanh(w - 1.5) + h["lam"] * w, h["eta"])  # noqa: E731
    report = mg.verify(run_of(step), HYPERS)
    assert report.verdict == "disagree"
    assert "Along eta" in report.words
    assert "fused, operand 2" in report.words
    assert report.agreement["complex step"][1] > 12


def test_a_derivative_that_is_stopped_is_named():
    step = lambda w, h, batch: w - h["eta"] * np.tanh(mg.stop_gradient(w) - 1.5)  # noqa: E731
    report = mg.verify(run_of(step), HYPERS)
    assert report.verdict == "disagree"
    assert "A derivative is stopped: stop_gradient on" in report.words


def test_a_value_that_is_read_leaves_the_tape():
    def step(w, h, batch):
        plain = w.value if isinstance(w, mg.Variable) else w
        return w - h["eta"] * np.tanh(plain - 1.5)

    report = mg.verify(run_of(step), HYPERS)
    assert report.verdict == "disagree"
    assert "hidden from the tape" in report.words
    assert any("x.value" in warning for warning in report.warnings)
