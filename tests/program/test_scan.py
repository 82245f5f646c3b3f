"""The scan over a linear recurrence is the recurrence, wherever it begins and ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.program.scan import BLOCK, blocks, paired, spread, worthwhile

SIZES = st.integers(1, 4)


def matrices(size, steps, seed, zeros=0.3):
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(steps, size, size)) * (rng.uniform(size=(size, size)) > zeros)
    return found + np.eye(size)


def one_by_one(jacobians, bars):
    """Return the cotangents after each step, and those before the first."""
    found = []
    for jacobian in jacobians[::-1]:
        found.append(bars)
        bars = jacobian @ bars
    return np.array(found)[::-1], bars


def scanned(jacobians, bars, start, scan):
    """Return the same by a scan."""
    steps, size, _ = jacobians.shape
    levels = paired(list(jacobians.transpose(1, 2, 0)), start, steps, scan=scan)
    ends = []
    for elements in blocks(levels, [(i, j) for i in range(size) for j in range(size)]):
        ends.append(bars)
        bars = np.reshape(elements, (size, size)) @ bars
    rows = [list(row) for row in np.transpose(ends)]
    return spread(levels, rows, start, steps).T, bars


@given(SIZES, st.integers(1, 40), st.integers(0, 20), st.booleans(), st.integers(0, 99))
def test_a_scan_is_the_recurrence(size, steps, start, scan, seed):
    jacobians, bars = matrices(size, steps, seed), np.arange(1.0, size + 1)
    found, before = scanned(jacobians, bars, start, scan)
    wanted, first = one_by_one(jacobians, bars)
    scale = np.cumprod(np.linalg.norm(jacobians, axis=(1, 2))[::-1]).max()
    assert_allclose(found, wanted, rtol=1e-12, atol=1e-14 * scale)
    assert_allclose(before, first, rtol=1e-12, atol=1e-14 * scale)


def test_elements_may_be_the_same_at_all_steps():
    vector = np.linspace(0.5, 1.5, 19)
    levels = paired([[vector, 0.25], [0.0, 2.0]], 3, 19)
    full = paired([[vector, np.full(19, 0.25)], [np.zeros(19), np.full(19, 2.0)]], 3, 19)
    assert [level.shape[2] for level in levels] == [24, 12, 6, 3]
    for one, other in zip(levels, full, strict=True):
        np.testing.assert_array_equal(one, other)


def test_products_too_large_for_a_number_are_not_taken():
    """Step by step, 0 times what becomes infinite is still 0."""
    jacobians = np.full((BLOCK, 1, 1), 1e200)
    (single,) = paired(list(jacobians.transpose(1, 2, 0)), 0, BLOCK)
    np.testing.assert_array_equal(single, jacobians.transpose(1, 2, 0))
    found, before = scanned(jacobians, np.zeros(1), 0, scan=True)
    assert not found.any()
    assert before == 0.0


def test_a_cotangent_that_is_infinite_stays_among_its_own():
    levels = paired([[np.full(16, 2.0), 0.0], [0.0, np.full(16, 0.5)]], 0, 16)
    found = spread(levels, [[np.inf, np.inf], [256.0, 1.0]], 0, 16)
    assert np.all(np.isinf(found[0]))
    np.testing.assert_array_equal(found[1], 256.0 * 0.5 ** np.arange(15.0, -1.0, -1.0))


def test_large_matrices_are_multiplied_only_if_they_are_full():
    assert worthwhile(1, 1)
    assert worthwhile(10, 100)
    assert not worthwhile(10, 10)


@pytest.mark.parametrize("size", [1, 2, 6])
def test_many_numbers_that_are_separate_and_few(size):
    """A recurrence without products, for many numbers that have nothing to do with one another."""
    run = mg.TrainingRun(
        init=lambda h: [0.1 * k for k in range(size)],
        step=lambda s, h, b: [w - h["eta"] * (np.sin(w) - b) for w in s],
        cost=lambda s, h: sum(w * w for w in s),
        steps=21,
        batches=np.linspace(-1.0, 1.0, 21).tolist(),
    )
    numbers = run.program({"eta": 0.3}).numbers
    assert numbers.scan == (size < 4)
    found = mg.hypergradient(run, {"eta": 0.3}, "stored")
    wanted = mg.hypergradient(run, {"eta": 0.3}, "recorded")
    assert_allclose(found.gradient["eta"], wanted.gradient["eta"], rtol=1e-12)
    parts = mg.hypergradient(run, {"eta": 0.3}, mg.Checkpointed(snapshots=3))
    assert parts.gradient == found.gradient


@pytest.mark.parametrize("steps", [7, 8, 9, 40])
def test_a_run_whose_cotangents_explode(steps):
    """The same as recorded, though the products of eight steps are too large for a number."""
    run = mg.TrainingRun(
        init=lambda h: [1e-200, 1.0],
        step=lambda s, h, b: [s[0] * h * b, s[1] - 0.1 * h * s[1]],
        cost=lambda s, h: s[0] + s[1],
        steps=steps,
        batches=[1e60] * steps,
    )
    with np.errstate(all="ignore"):
        found = mg.hypergradient(run, 0.5, "stored")
        wanted = mg.hypergradient(run, 0.5, "recorded")
    assert_allclose([found.cost, found.gradient], [wanted.cost, wanted.gradient], rtol=1e-12)
