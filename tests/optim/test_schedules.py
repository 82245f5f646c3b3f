"""Schedules: their closed forms, and the derivatives in what they are made from."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.fingerprint import can_change
from minigrad.optim import schedules, sgd
from minigrad.testing import check_grads, complex_step

T = 11
SCHEDULES = {  # name: the schedule, its hyperparameters, and the rate of step t
    "constant": (schedules.constant, (0.3,), lambda t, eta: eta),
    "exponential": (schedules.exponential, (0.3, 0.9), lambda t, eta, rate: eta * rate**t),
    "cosine": (
        schedules.cosine,
        (0.3, 0.02),
        lambda t, eta, floor: floor + (eta - floor) * math.cos(math.pi * t / (2 * T)) ** 2,
    ),
    "step_decay": (
        lambda steps, eta, rate: schedules.step_decay(steps, eta, rate, every=4),
        (0.3, 0.5),
        lambda t, eta, rate: eta * rate ** (t // 4),
    ),
    "warm_up": (
        lambda steps, until, eta: schedules.warm_up(steps, until, eta),
        (4.5, 0.3),
        lambda t, until, eta: eta * (t + 1) / until if t + 1 < until else eta,
    ),
}
each = pytest.mark.parametrize("name", SCHEDULES)


@each
def test_the_rate_of_each_step_is_that_of_the_formula(name):
    schedule, hypers, rate = SCHEDULES[name]
    expected = [rate(t, *hypers) for t in range(T)]
    assert np.allclose(schedule(T, *hypers), expected, rtol=1e-14)


@each
def test_no_step_and_a_negative_number_of_steps(name):
    schedule, hypers, _ = SCHEDULES[name]
    assert np.shape(schedule(0, *hypers)) == (0,)
    with pytest.raises(ValueError, match="got -1"):
        schedule(-1, *hypers)


@each
def test_derivatives_in_the_hyperparameters(name):
    schedule, hypers, _ = SCHEDULES[name]
    check_grads(lambda *hypers: schedule(T, *hypers), hypers)


@each
def test_its_constants_need_no_watching(name):
    """A tape keeps fingerprints of arrays that may change; here is none."""
    schedule, hypers, _ = SCHEDULES[name]
    with mg.Tape() as tape:
        schedule(T, *map(tape.variable, hypers))
    arrays = [x for line in tape for x in line.operands if isinstance(x, np.ndarray)]
    assert not any(map(can_change, arrays))


@given(st.integers(1, 30), st.integers(1, 30), st.floats(0.01, 10.0))
def test_warm_up_rises_until_it_is_there(steps, until, eta):
    rates = schedules.warm_up(steps, until, eta)
    assert np.all(np.diff(rates) >= 0)
    assert np.all((rates < eta) == (np.arange(1, steps + 1) < until))


@given(st.integers(1, 30), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_cosine_falls_from_one_end_and_is_symmetric_about_its_middle(steps, eta, floor):
    rates = schedules.cosine(steps, eta, floor)
    assert np.isclose(rates[0], eta)
    assert np.allclose(rates[1:] + rates[:0:-1], eta + floor)


def test_schedules_multiply():
    rates = schedules.warm_up(T, 4) * schedules.constant(T, 0.5)
    assert np.array_equal(rates, schedules.warm_up(T, 4, 0.5))


@pytest.mark.parametrize("every", [0, -1])
def test_step_decay_needs_a_period(every):
    with pytest.raises(ValueError, match=rf"every= must be .* got {every}"):
        schedules.step_decay(T, 0.1, 0.5, every)


@each
def test_training_can_be_differentiated_in_what_the_schedule_is_made_from(name):
    """On (w - 2)^2 / 2 the distance from the minimum is multiplied by 1 - eta_t at each step."""
    schedule, hypers, _ = SCHEDULES[name]
    with mg.Tape() as tape:
        variables = [tape.variable(x) for x in hypers]
        rates, w = schedule(T, *variables), tape.variable(1.0)
        for t in range(T):
            w, _ = sgd.update(w, w - 2.0, (), eta=rates[t])
    expected = complex_step(lambda *x: 2.0 - np.prod(1.0 - schedule(T, *x)), *hypers)
    assert np.allclose(tape.gradient(w, variables), expected, rtol=1e-12)
