"""Sums and maxima along the short axis of a matrix are NumPy's, however they are computed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad import nn
from minigrad.ops.rows import highest, sum_along
from minigrad.testing import check_grads

DTYPES = [np.float32, np.float64, np.complex128, np.int64, bool]


def arrays(dtype, shape, order, seed):
    """Return an array in C or Fortran order, or every other column of a larger one."""
    rows = np.random.default_rng(seed).normal(size=(*shape[:-1], 2 * shape[-1])) * 3.0
    array = rows.astype(dtype)[..., ::2]
    return array if order == "strided" else np.array(array, order=order)


@given(
    dtype=st.sampled_from(DTYPES),
    shape=st.sampled_from([(1, 1), (5, 3), (64, 10), (3, 200), (4,), (2, 3, 4)]),
    order=st.sampled_from(["C", "F", "strided"]),
    axis=st.sampled_from([-1, 0, None, "last"]),
    seed=st.integers(0, 100),
)
def test_they_are_numpys_reductions(dtype, shape, order, axis, seed):
    x = arrays(dtype, shape, order, seed)
    axis = x.ndim - 1 if axis == "last" else axis
    total, most = sum_along(x, axis), highest(x, axis)
    wanted = np.sum(x, axis=axis, keepdims=True)
    eps = np.finfo(dtype).eps if x.dtype.kind in "fc" else 0.0
    assert_allclose(total, wanted, rtol=0, atol=16 * eps * np.sum(np.abs(x)))
    assert total.shape == wanted.shape
    assert total.dtype == wanted.dtype
    assert_array_equal(most, np.max(x, axis=axis, keepdims=True))


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_in_its_row(special):
    x = np.arange(6.0).reshape(2, 3)
    x[0, 1] = special
    assert_array_equal(sum_along(x, 1), np.sum(x, axis=1, keepdims=True))
    assert_array_equal(highest(x, 1), np.max(x, axis=1, keepdims=True))


def test_a_recorded_sum_has_its_derivative():
    x = np.random.default_rng(0).normal(size=(4, 3))
    check_grads(lambda x: sum_along(x * x, 1) * sum_along(x, 0), (x,))
    with mg.Tape() as tape:
        sum_along(tape.variable(x), 1)
    assert [line.primitive.name for line in tape] == ["variable", "sum"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(size=st.floats(-1.0, 4.0), seed=st.integers(0, 100))
def test_softmax_is_the_same_with_and_without_a_shift(dtype, size, seed):
    """Whether or not the size of the logits calls for one."""
    x = (10.0**size * np.random.default_rng(seed).normal(size=(4, 3))).astype(dtype)
    exact = x.astype(np.longdouble)
    exact = exact - exact.max(axis=1, keepdims=True)
    log_p = exact - np.log(np.exp(exact).sum(axis=1, keepdims=True))
    eps = np.finfo(dtype).eps * (1.0 + np.max(np.abs(x)))
    assert_allclose(nn.log_softmax(x), log_p, rtol=0, atol=8 * eps)
    assert_allclose(nn.softmax(x), np.exp(log_p), rtol=0, atol=8 * np.finfo(dtype).eps)
    total = nn.logsumexp(x, axis=1, keepdims=True)
    assert_allclose(total, (x - log_p)[:, :1], rtol=0, atol=8 * eps)
