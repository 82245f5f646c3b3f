"""Estimates from random directions: unbiased where the truth is known, and honest about spread."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_runs import RUNS

import minigrad as mg
from minigrad.experiments import Classification
from minigrad.hyper import PersistentEvolution
from minigrad.tree import leaves


def no_training(cost):
    """Return a run whose cost is a function of the hypers alone."""
    return mg.TrainingRun(lambda h: 0.0, lambda s, h, b: s, lambda s, h: cost(h), steps=0)


def flat(values):
    return np.concatenate([np.ravel(x) for x in leaves(values)])


BEND = np.array([[2.0, 0.3, -0.5], [0.3, 1.0, 0.2], [-0.5, 0.2, 0.7]])
AT = np.array([0.4, -1.0, 0.8])


@given(seed=st.integers(0, 1000), sigma=st.floats(1e-3, 10.0), pairs=st.integers(1, 9))
def test_on_a_quadratic_each_pair_has_the_slope_along_its_direction(seed, sigma, pairs):
    """C(u + d) - C(u - d) = 2 g.d without remainder, so the estimate is the mean of e e' g."""
    run = no_training(lambda h: 0.5 * h @ BEND @ h)
    method = mg.Evolution(sigma=sigma, pairs=pairs, seed=seed)
    e = np.random.default_rng(seed).standard_normal((pairs, 3))
    right = np.mean((e @ (BEND @ AT))[:, None] * e, axis=0)
    np.testing.assert_allclose(mg.hypergradient(run, AT, method).gradient, right, 1e-7, 1e-9)


def check_unbiased(run, hypers, methods, right):
    """The mean of many estimates is right, and their spread is what they say it is."""
    found = [mg.hypergradient(run, hypers, method) for method in methods]
    off = np.array([flat(result.gradient) - right for result in found])
    spread = np.std(off, axis=0, ddof=1)
    error = spread / np.sqrt(len(off))
    assert np.all(error < 0.08 * np.linalg.norm(right))
    assert np.all(np.abs(np.mean(off, axis=0)) < 3.5 * error)
    told = np.sqrt(np.mean([flat(result.error) ** 2 for result in found], axis=0))
    np.testing.assert_allclose(told, spread, rtol=0.3)


@pytest.mark.parametrize(
    ("cost", "hypers", "smooth"),
    [
        (lambda h: 0.5 * h @ BEND @ h, AT, lambda s: BEND @ AT),
        (lambda h: h**3, 0.5, lambda s: [3 * (0.25 + s**2)]),
        (lambda h: h, mg.positive(3.0), lambda s: [np.exp(s**2 / 2)]),
    ],
    ids=["quadratic", "cubic", "exponential"],
)
def test_it_is_unbiased_for_the_smoothed_cost(cost, hypers, smooth):
    right = np.array(smooth(0.4))
    methods = [mg.Evolution(sigma=0.4, pairs=32, seed=seed) for seed in range(60)]
    check_unbiased(no_training(cost), hypers, methods, right)


@pytest.mark.parametrize("name", RUNS)
def test_on_real_runs_it_is_within_its_standard_errors_of_the_exact_gradient(name):
    run, hypers = RUNS[name]()
    exact = flat(mg.hypergradient(run, hypers, mg.Stored()).gradient)
    result = mg.hypergradient(run, hypers, mg.Evolution(sigma=0.01, pairs=50))
    off = np.abs(flat(result.gradient) - exact)
    assert np.all(off <= 4.5 * flat(result.error) + 1e-2 * np.abs(exact))
    assert np.isclose(result.cost, run.evaluate(hypers))
    for g, hyper in zip(leaves(result.gradient), leaves(result.hypers), strict=True):
        assert np.result_type(g) == np.result_type(hyper.value)
    assert result.stats.steps_run == 101 * run.steps
    assert not result.stats.exact
    assert "±" in str(result)


def test_the_seed_decides():
    run, hypers = RUNS["heavy ball"]()
    one, same, other = (
        mg.hypergradient(run, hypers, mg.Evolution(pairs=3, seed=seed)).gradient
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_a_single_pair_has_no_standard_error():
    result = mg.hypergradient(no_training(lambda h: h**2), 1.0, mg.Evolution(pairs=1))
    assert np.isnan(result.error)
    assert np.isfinite(result.gradient)


def test_threads_and_processes_change_nothing():
    experiment = Classification(hidden=(4,), steps=3, batch=8)
    hypers = {"eta": mg.positive(0.3), "lam": mg.positive(1.0)}
    alone = mg.hypergradient(experiment.run, hypers, mg.Evolution(pairs=9)).gradient
    processes = ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    for workers in (ThreadPoolExecutor(2), processes):
        with workers as executor:
            method = mg.Evolution(pairs=9, executor=executor)
            assert mg.hypergradient(experiment.run, hypers, method).gradient == alone


def test_trainings_that_diverge_are_counted():
    run = mg.TrainingRun(
        lambda h: 1.0, lambda w, h, batch: w - h * w**3, lambda w, h: w**2, steps=50
    )
    result = mg.hypergradient(run, mg.positive(2.0), mg.Evolution(sigma=0.5, pairs=20))
    assert not np.isfinite(result.gradient)
    assert "of 40 trainings diverged" in result.stats.why


# Windows


def leaky_sum(steps):
    """A state and its cost that are quadratic in the hypers of all windows together."""
    return mg.TrainingRun(
        init=lambda h: np.array([0.5, -1.0]) * h["scale"],
        step=lambda s, h, batch: 0.7 * s + h["push"] * np.array([1.0, 0.5]),
        cost=lambda s, h: np.sum((s - 1.0) ** 2) + 0.1 * h["push"] ** 2,
        steps=steps,
    )


def mean_at_ends(hypers, ends):
    """Return the exact gradient of the mean cost at some steps."""
    found = [mg.hypergradient(leaky_sum(end), hypers, mg.Stored()).gradient for end in ends]
    return np.mean([flat(gradient) for gradient in found], axis=0)


@pytest.mark.parametrize(("window", "ends"), [(1, (1, 2, 3, 4, 5, 6)), (4, (4, 6)), (9, (6,))])
def test_persistent_evolution_is_unbiased_for_the_mean_over_its_windows(window, ends):
    hypers = {"push": 0.8, "scale": 1.5}
    right = mean_at_ends(hypers, ends)
    methods = [PersistentEvolution(window, sigma=0.3, pairs=40, seed=s) for s in range(60)]
    check_unbiased(leaky_sum(6), hypers, methods, right)
    costs = [leaky_sum(end).evaluate(hypers) for end in ends]
    assert np.isclose(mg.hypergradient(leaky_sum(6), hypers, methods[0]).cost, np.mean(costs))


@pytest.mark.parametrize("name", RUNS)
def test_one_window_is_plain_evolution(name):
    run, hypers = RUNS[name]()
    whole = PersistentEvolution(window=max(run.steps, 1), pairs=4, seed=3)
    one, other = (
        mg.hypergradient(run, hypers, method) for method in (whole, mg.Evolution(pairs=4, seed=3))
    )
    np.testing.assert_array_equal(flat(one.gradient), flat(other.gradient))
    assert one.cost == other.cost


@settings(max_examples=20)
@given(sigma=st.floats(max_value=0.0), pairs=st.integers(max_value=0))
def test_settings_that_can_not_be(sigma, pairs):
    for kind in (mg.Evolution, lambda **rest: PersistentEvolution(window=2, **rest)):
        with pytest.raises(ValueError, match="sigma= must be a positive number"):
            kind(sigma=sigma)
        with pytest.raises(ValueError, match="pairs= must be a number of pairs"):
            kind(pairs=pairs)
    with pytest.raises(ValueError, match="window= must be a number of steps"):
        PersistentEvolution(window=pairs)
