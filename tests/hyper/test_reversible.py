"""Momentum run backward: to the last bit, in as many bits as were lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn, tree
from minigrad.hyper import MomentumRun, Reversible
from minigrad.hyper.methods.reversible import ExactMomentum, InformationBuffer, fraction

TARGET, START = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.1, -0.4])


def pull(w, h, batch):
    return np.tanh(w - TARGET.astype(w.dtype)) + h["lam"] * w


def run_of(steps, start=START):
    return MomentumRun(lambda h: start, pull, lambda w, h: np.sum(np.sin(w)), steps)


HYPERS = {"eta": mg.positive(0.2), "beta": mg.unit_interval(0.9), "lam": 0.1}


def network():
    rng = np.random.default_rng(1)
    start = nn.init_mlp(rng, (3, 4, 2))
    x, y = rng.normal(size=(24, 3)), rng.integers(0, 2, size=24)

    def cost(params, x, y):
        return nn.cross_entropy(nn.mlp(params, x), y)

    def gradient(params, h, batch):
        grads = mg.grad(lambda p: cost(p, *batch))(params)
        return tree.map(lambda g, p: g + h["lam"] * p, grads, params)

    return MomentumRun(
        lambda h: tree.map(lambda p: h["scale"] * p, start),
        gradient,
        lambda params, h: cost(params, x, y),
        8,
        lambda t: (x[3 * t : 3 * t + 3], y[3 * t : 3 * t + 3]),
    )


@pytest.mark.parametrize("steps", [0, 1, 30])
def test_the_gradient_is_that_of_the_floating_point_training(steps):
    wanted = mg.hypergradient(run_of(steps), HYPERS, mg.Stored())
    result = mg.hypergradient(run_of(steps), HYPERS, "reversible")
    np.testing.assert_allclose(result.cost, wanted.cost, 1e-8)
    for name, right in wanted.gradient.items():
        np.testing.assert_allclose(result.gradient[name], right, 1e-7, 1e-9)
    assert (result.stats.steps_run, result.stats.steps_rerun) == (3 * steps, 2 * steps)


def test_schedules_layers_and_the_initial_scale():
    hypers = {
        "eta": mg.per_step(np.linspace(0.1, 0.5, 8)),
        "beta": mg.per_step(mg.unit_interval(np.linspace(0.3, 0.95, 8))),
        "lam": 0.1,
        "scale": 1.5,
    }
    wanted = mg.hypergradient(network(), hypers, mg.Recorded())
    result = mg.hypergradient(network(), hypers, Reversible())
    for name, right in wanted.gradient.items():
        np.testing.assert_allclose(result.gradient[name], right, 1e-6, 1e-9)


def test_single_precision():
    run = run_of(30, START.astype(np.float32))
    wanted = mg.hypergradient(run_of(30), HYPERS, mg.Stored())
    result = mg.hypergradient(run, HYPERS, Reversible())
    for name, right in wanted.gradient.items():
        np.testing.assert_allclose(result.gradient[name], right, 1e-4, 1e-5)


@given(
    st.lists(st.tuples(st.floats(0.001, 1), st.integers(-(2**50), 2**50)), max_size=60),
    st.integers(0, 2**32),
)
def test_multiplications_are_undone_to_the_last_bit(steps, seed):
    first = np.random.default_rng(seed).integers(-(2**60), 2**60, size=5)
    buffer, v = InformationBuffer((5,)), first
    for beta, add in steps:
        before = v
        v = buffer.multiply(v, fraction(beta))
        assert np.all(np.abs(v - before * float(fraction(beta))) <= 2**16 + np.abs(before) * 1e-15)
        assert np.all((buffer.x >= 0) & (buffer.x <= buffer.bound))
        v = v + add
    for beta, add in reversed(steps):
        v = buffer.divide(v - add, fraction(beta))
    np.testing.assert_array_equal(v, first)
    assert not buffer.x.any()
    assert buffer.bits == 0


@pytest.mark.parametrize("beta", [0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.123456789])
def test_the_bits_are_those_that_momentum_loses(beta):
    exact = ExactMomentum([np.linspace(-1, 1, 7), np.zeros(7)])
    begun = exact.w[0].copy()
    rng = np.random.default_rng(0)
    pulls, steps = rng.normal(size=(2000, 7)), 2000
    for g in pulls:
        exact.push([g], beta)
        exact.move(-0.01)
    assert exact.bits / steps == pytest.approx(np.log2(1 / beta), rel=0.1, abs=16 / steps)
    assert exact.nbytes < 7 * (steps * np.log2(1 / beta) / 8 + 40) + 9 * steps
    for g in pulls[::-1]:
        exact.move(0.01)
        exact.pull([g], beta)
    np.testing.assert_array_equal(exact.w[0], begun)
    assert not exact.v[0].any()


@given(
    st.lists(st.tuples(st.floats(0.3, 0.99), st.floats(-0.5, 0.5)), min_size=1, max_size=40),
    st.integers(0, 2**32),
)
def test_schedules_are_reversed_in_the_bits_that_each_momentum_loses(schedule, seed):
    """The pairs are momentum and rate; they are gone through ten times."""
    exact = ExactMomentum([np.linspace(-1, 1, 7), np.zeros(7)])
    begun, schedule = exact.w[0].copy(), 10 * schedule
    pulls = np.random.default_rng(seed).normal(size=(len(schedule), 7))
    for (beta, eta), g in zip(schedule, pulls, strict=True):
        exact.push([g], beta)
        exact.move(-eta)
    lost = sum(np.log2(1 / beta) for beta, _ in schedule)
    assert exact.bits == pytest.approx(lost, rel=0.1, abs=16)
    for (beta, eta), g in zip(reversed(schedule), pulls[::-1], strict=True):
        exact.move(eta)
        exact.pull([g], beta)
    np.testing.assert_array_equal(exact.w[0], begun)
    assert not exact.v[0].any()


def test_the_bits_of_a_run_are_told():
    stats = mg.hypergradient(run_of(2000), HYPERS, Reversible()).stats
    bits = float(stats.why.split(" bits")[0])
    assert bits == pytest.approx(np.log2(1 / 0.9), rel=0.1)
    stored = mg.hypergradient(run_of(2000), HYPERS, mg.Stored()).stats
    assert stats.kept_bytes < stored.kept_bytes / 10


def test_other_runs_are_refused():
    run = mg.TrainingRun(lambda h: 1.0, lambda w, h, b: w, lambda w, h: w, 3)
    with pytest.raises(TypeError, match=r"MomentumRun; for other runs take Checkpointed"):
        mg.hypergradient(run, HYPERS, Reversible())


@pytest.mark.parametrize("beta", [0.0, 1.5, -0.1, 1e-9])
def test_a_momentum_that_cannot_be_undone_is_refused(beta):
    with pytest.raises(ValueError, match="beta must be above 0"):
        mg.hypergradient(run_of(3), HYPERS | {"beta": beta}, Reversible())


def test_a_rate_for_each_weight_is_refused():
    with pytest.raises(ValueError, match=r"at each step it has shape \(3,\)"):
        mg.hypergradient(run_of(3), HYPERS | {"eta": np.full(3, 0.1)}, Reversible())


def test_an_explosion_is_told():
    run = MomentumRun(lambda h: 1.0, lambda w, h, b: 90.0 * w, lambda w, h: w, 100)
    with pytest.raises(OverflowError, match="does the training explode"):
        mg.hypergradient(run, HYPERS, Reversible())


def test_batches_that_change_are_noticed():
    rng = np.random.default_rng(0)
    run = MomentumRun(
        lambda h: 1.0, lambda w, h, x: w - x, lambda w, h: w, 5, lambda t: float(rng.normal())
    )
    with pytest.raises(RuntimeError, match="did not come back"):
        mg.hypergradient(run, HYPERS, Reversible())
