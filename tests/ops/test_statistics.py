"""Statistics: their slopes obey what homogeneity and shifts demand, at ties as elsewhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg

# Small whole numbers: ties are frequent, and sums are exact.
TABLES = hnp.arrays(
    float,
    hnp.array_shapes(min_dims=1, max_dims=3, max_side=5),
    elements=st.integers(-3, 3).map(float),
)

# name: (function, how much the value moves if all numbers move by 1)
FIRST_DEGREE = {
    "sum": (np.sum, None),
    "mean": (np.mean, 1),
    "max": (np.max, 1),
    "min": (np.min, 1),
    "ptp": (np.ptp, 0),
    "std": (np.std, 0),
    "median": (np.median, 1),
    "quantile": (lambda x: np.quantile(x, 0.3), 1),
    "percentile": (lambda x: np.percentile(x, 85), 1),
    "average": (lambda x: np.average(x, weights=np.arange(1.0, x.size + 1).reshape(x.shape)), 1),
    "trapezoid": (lambda x: np.sum(np.trapezoid(x, axis=0)), None),
    "nanmedian": (np.nanmedian, 1),
    "nanstd": (np.nanstd, 0),
    "nanmean": (np.nanmean, 1),
    "nanmax": (np.nanmax, 1),
    "sort": (lambda x: np.sum(np.sort(x, axis=None) * np.arange(x.size)), None),
    "partition": (lambda x: np.partition(x, x.size // 2, axis=None)[x.size // 2], 1),
}


@pytest.mark.parametrize("name", FIRST_DEGREE)
@given(x=TABLES)
def test_of_the_first_degree(name, x):
    """Euler: of f(c x) = c f(x), <f'(x), x> = f(x). Of f(x + c) = f(x) + m c, sum f'(x) = m."""
    f, shift = FIRST_DEGREE[name]
    value, slope = mg.value_and_grad(f)(x)
    assert value == f(x)
    assert_allclose(np.sum(slope * x), value, rtol=1e-12, atol=1e-12)
    if shift is not None:
        assert_allclose(np.sum(slope), shift, atol=1e-12)
    assert np.all(np.isfinite(slope))


@given(TABLES)
def test_equal_elements_have_equal_slopes(x):
    for f in (np.max, np.median, lambda x: np.quantile(x, 0.7), np.std, np.var):
        slope = mg.grad(f)(x)
        for value in np.unique(x):
            among = slope[x == value]
            assert_allclose(among, among[0], atol=1e-15)


@given(TABLES, st.integers(0, 99))
def test_nan_is_as_if_it_were_not_there(x, seed):
    """The slopes of the numbers are those of the numbers alone, and NaN has slope 0."""
    there = np.random.default_rng(seed).uniform(size=x.shape) < 0.6
    there.flat[0] = True
    holes = np.where(there, x, np.nan)
    for name in ("sum", "mean", "prod", "max", "min", "var", "std", "median"):
        slope = mg.grad(getattr(np, f"nan{name}"))(holes)
        alone = mg.grad(getattr(np, name))(x[there])
        assert_allclose(slope[there], alone, rtol=1e-9, atol=1e-12)
        assert_array_equal(slope[~there], 0.0)


@given(TABLES)
def test_the_slope_of_a_product_is_the_product_of_the_others(x):
    flat = x.ravel()
    others = [np.prod(np.delete(flat, k)) for k in range(flat.size)]
    assert_array_equal(mg.grad(np.prod)(x).ravel(), others)  # whole numbers: exact
    if flat.size > 1:
        rest = np.prod(flat[2:])
        assert mg.hessian(np.prod)(flat)[0, 1] == rest


@given(TABLES, st.data())
def test_running_products_of_every_order(x, data):
    """The sum of running products, by Horner: x0 (1 + x1 (1 + x2 (...)))."""

    def horner(x):
        total = 0.0
        for k in reversed(range(np.size(x))):
            total = x[k] * (1.0 + total)
        return total

    x = x.ravel()[:5]
    x_dot = np.arange(1.0, x.size + 1)

    def running(x):
        return np.sum(np.cumprod(x))

    assert_allclose(running(x), horner(x))
    assert_allclose(mg.grad(running)(x), mg.grad(horner)(x))
    assert_allclose(mg.hvp(running, (x,), (x_dot,)), mg.hvp(horner, (x,), (x_dot,)))
    third = [
        mg.grad(lambda x, f=f: np.sum(mg.hvp(f, (x,), (x_dot,)) * x_dot))(x)
        for f in (running, horner)
    ]
    assert_allclose(*third)


def test_a_deviation_of_equal_numbers_has_slope_0_to_second_order():
    """0.1 three times has a mean that is not 0.1: the slope must not be that of the rounding."""
    x = np.full(3, 0.1)
    assert np.std(x) != 0.0
    for f in (np.std, np.nanstd):
        assert_array_equal(mg.grad(f)(x), np.zeros(3))
        assert_array_equal(mg.hessian(f)(x), np.zeros((3, 3)))
    rows = np.array([[1.0, 1.0], [1.0, 3.0]])
    assert_array_equal(mg.grad(lambda x: np.sum(np.std(x, axis=1)))(rows), [[0, 0], [-0.5, 0.5]])


def test_a_start_that_is_as_large_takes_its_share():
    x = np.array([1.0, 2.0, 2.0])
    assert_array_equal(mg.grad(lambda x: np.max(x, initial=1.5))(x), [0.0, 0.5, 0.5])
    assert_allclose(mg.grad(lambda x: np.max(x, initial=2.0))(x), [0.0, 1 / 3, 1 / 3])
    assert_array_equal(mg.grad(lambda x: np.max(x, initial=2.5))(x), np.zeros(3))


def test_interpolation_at_the_places_of_the_table():
    """The slope is that of the piece to the right; beyond the ends it is 0."""
    slopes = mg.jacobian(lambda x: np.interp(x, [0.0, 1.0, 3.0], [0.0, 2.0, 3.0]))
    x = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, 4.0])
    assert_array_equal(np.diag(slopes(x)), [0.0, 2.0, 2.0, 0.5, 0.5, 0.0])
