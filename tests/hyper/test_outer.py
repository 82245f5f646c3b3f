"""Outer optimisers: each is known exactly on a quadratic cost of the hyperparameters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.hyper.coordinates import Coordinates, outer_hessian
from minigrad.hyper.tuning.outer import trusted

numbers = st.floats(-3.0, 3.0)


def quadratic(curvatures, target):
    """Return a run of no step, whose cost is a quadratic function of its hyperparameter."""
    c, a = np.asarray(curvatures, float), np.asarray(target, float)
    return mg.TrainingRun(
        init=lambda h: 0.0,
        step=lambda w, h, batch: w,
        cost=lambda w, h: 0.5 * np.sum((h - a) @ c * (h - a)),
        steps=0,
    )


BOWL = np.array([[2.0, 0.5], [0.5, 1.0]])


@given(numbers, numbers)
def test_newton_is_at_the_bottom_of_a_bowl_in_one_step(a, b):
    run = quadratic(BOWL, [a, b])
    result = mg.tune(run, np.array([0.1, 0.2]), 3, optimiser=mg.hyper.Newton(radius=10.0))
    assert_allclose(result.values_over_steps[1], [a, b], atol=1e-6)
    assert result.best.cost <= 1e-12


def test_newton_finds_the_weight_decay_of_ridge_in_closed_form():
    """On an orthogonal design the risk of lam is (lam^2 B + p s^2 / n) / (1 + lam)^2.

    It is lowest at lam = p s^2 / (n B) = 0.28125, for p = 10, s^2 = 2.25, n = 40, B = 2.
    """
    noise = 10 * 2.25 / 40
    run = mg.TrainingRun(
        init=lambda h: 0.0,
        step=lambda w, h, batch: w,
        cost=lambda w, h: (2.0 * h["lam"] ** 2 + noise) / (1.0 + h["lam"]) ** 2,
        steps=0,
    )
    result = mg.tune(run, {"lam": mg.positive(3.0)}, 10, optimiser="newton")
    assert result.stopped.startswith("converged")
    assert_allclose(result.values["lam"], 0.28125, rtol=1e-6)


@given(numbers, numbers, st.floats(0.01, 2.0))
def test_a_trusted_step_goes_down_and_is_no_longer_than_the_radius(a, b, radius):
    """A saddle: curvatures of both signs."""
    curvatures, slopes = np.array([-1.0, 2.0]), np.array([a, b])
    move = trusted(curvatures, slopes, radius)
    assert np.linalg.norm(move) <= radius * (1 + 1e-9)
    assert slopes @ move + 0.5 * curvatures @ move**2 <= 1e-12


@given(numbers, numbers, st.floats(0.05, 2.0), st.floats(0, 2 * np.pi), st.floats(0, 1))
def test_no_step_within_the_radius_is_better_than_the_trusted_one(a, b, radius, angle, share):
    curvatures, slopes = np.array([-1.0, 2.0]), np.array([a + np.copysign(0.1, a), b])

    def model(d):
        return slopes @ d + 0.5 * curvatures @ d**2

    other = share * radius * np.array([np.cos(angle), np.sin(angle)])
    assert model(trusted(curvatures, slopes, radius)) <= model(other) + 1e-9


def test_newton_never_climbs():
    """From a maximum's side, where the Hessian is negative."""
    run = mg.TrainingRun(
        init=lambda h: 0.0,
        step=lambda w, h, batch: w,
        cost=lambda w, h: 2.0 + np.cos(h["x"]),
        steps=0,
    )
    result = mg.tune(run, {"x": 0.3}, 15, optimiser="newton")
    assert (np.diff(result.costs[result.accepted]) <= 0).all()
    assert_allclose(result.values["x"], np.pi, rtol=1e-6)


def test_newton_refuses_many_numbers():
    with pytest.raises(ValueError, match="21 numbers takes 21 hypergradients"):
        mg.tune(quadratic(np.eye(21), np.zeros(21)), np.ones(21), optimiser="newton")


def test_the_hessian_by_differences_is_that_of_the_tape():
    run = mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w - h["eta"] * (w - 2.0 + h["lam"] * w),
        cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
        steps=5,
    )
    coordinates = Coordinates({"eta": mg.positive(0.3), "lam": mg.positive(0.1)})
    u = np.log([0.3, 0.1])

    def cost(u):
        return run.evaluate(coordinates.marked, {"eta": np.exp(u[0]), "lam": np.exp(u[1])})

    found = outer_hessian(mg.grad(cost), u, mg.grad(cost)(u), np.finfo(float).eps)
    assert_allclose(found, mg.hessian(cost)(u), rtol=1e-6)


@given(st.floats(-2.0, 2.0), st.sampled_from([0.5, 0.25]))
def test_sign_steps_shrink_when_the_sign_flips_and_only_then(target, shrink):
    optimiser = mg.hyper.SignSteps(step=1.0, shrink=shrink)
    result = mg.tune(
        quadratic([[1.0]], [target]), np.array([0.1]), 12, optimiser=optimiser, explosion=1e9
    )
    slopes = np.array([event.result.gradient[0] for event in result.history])
    moves = np.abs(np.diff(result.values_over_steps[:, 0]))
    flips = np.concatenate([[0], np.cumsum(slopes[1:] * slopes[:-1] < 0)])
    assert_allclose(moves, shrink ** flips[: len(moves)], rtol=1e-12)


def test_a_sign_step_does_not_depend_on_the_size_of_the_gradient():
    small, large = (
        mg.tune(quadratic(scale * BOWL, [1.0, -1.0]), np.zeros(2), 10, optimiser="signs")
        for scale in (1e-6, 1e6)
    )
    assert np.array_equal(small.values_over_steps, large.values_over_steps)


def test_the_first_step_of_adam_is_as_long_as_its_rate():
    result = mg.tune(
        quadratic(BOWL, [3.0, -3.0]), np.zeros(2), 2, optimiser=mg.hyper.Adam(rate=0.125)
    )
    assert_allclose(result.values_over_steps[1], [0.125, -0.125], rtol=1e-9)


@pytest.mark.parametrize("optimiser", ["adam", "signs", "newton"])
def test_they_leave_the_state_they_were_given(optimiser):
    one = mg.hyper.tuning.outer.outer_optimiser(optimiser)
    state = one.init(2)
    before = {key: np.array(x) for key, x in state.items()}
    u, after = one.update(np.ones(2), np.array([1.0, -2.0]), state, lambda: np.eye(2))
    one.refused(after)
    assert all(np.array_equal(state[key], before[key], equal_nan=True) for key in state)
    assert not np.array_equal(u, np.ones(2))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: mg.hyper.Adam(rate=0.0), "rate= must be a positive number, got 0.0"),
        (lambda: mg.hyper.Adam(beta1=1.0), "beta1= must be 0 or more and below 1"),
        (lambda: mg.hyper.SignSteps(step=np.nan), "step= must be a positive number"),
        (lambda: mg.hyper.SignSteps(shrink=2.0), "shrink= must be"),
        (lambda: mg.hyper.Newton(radius=-1.0), "radius= must be a positive number"),
        (lambda: mg.hyper.Newton(damping=-1.0), "damping= must be 0 or more"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()
