"""Sums and maxima along the short axis of a matrix are NumPy's, however they are computed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad import nn
from minigrad.ops.rows import highest, spread_rows, sum_along, sum_rows
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


@pytest.mark.parametrize("function", [highest, sum_along, nn.softmax, nn.log_softmax])
@pytest.mark.parametrize("axis", [-3, -2, -1, 0, 1, 2])
def test_an_axis_is_counted_from_either_end_and_has_to_be_there(function, axis):
    x = np.random.default_rng(0).normal(size=(4, 3))
    if axis not in (-2, -1, 0, 1):
        with pytest.raises(np.exceptions.AxisError):
            function(x, axis)
        return
    along_last = function(x if axis % 2 else x.T, 1)
    assert_allclose(function(x, axis), along_last if axis % 2 else along_last.T, rtol=1e-15)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(5, 3), (4,), (2, 3, 4)])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_rows_are_added_and_spread_as_numpy_does_it(dtype, shape, order):
    x = arrays(dtype, shape, order, 1)
    total, wanted = sum_rows(x), np.sum(x, axis=0)
    along_last = sum_along(x, -1)
    eps = np.finfo(dtype).eps if x.dtype.kind in "fc" else 0.0
    assert_allclose(total, wanted, rtol=0, atol=16 * eps * np.sum(np.abs(x)))
    assert np.asarray(total).dtype == along_last.dtype == wanted.dtype
    assert_allclose(
        along_last, np.sum(x, axis=-1, keepdims=True), rtol=0, atol=16 * eps * np.sum(np.abs(x))
    )
    assert_array_equal(spread_rows(x, rows=2), np.stack([x, x]), strict=True)


@pytest.mark.parametrize("x", [1j, -1j, 0.0, -0.0, 2.0 + 1j, -2.0 - 1j])
def test_activations_of_complex_numbers_are_the_formulas(x):
    """On the imaginary axis too, where the real part does not choose a branch by itself."""
    z = np.array([x], complex)
    assert_allclose(nn.sigmoid(z), 1.0 / (1.0 + np.exp(-z)), rtol=1e-15)
    assert_allclose(nn.softplus(z), np.log(1.0 + np.exp(z)), rtol=1e-15)
    assert_array_equal(nn.relu(z), np.where(z.real > 0.0, z, 0.0))
    assert_array_equal(mg.vjp(nn.relu, z)[1](np.ones(1))[0], z.real > 0.0)


def test_the_logarithm_of_a_single_exponential():
    assert nn.logsumexp(0.7) == 0.7
    assert mg.grad(nn.logsumexp)(0.7) == 1.0


def test_labels_may_be_a_list():
    x = np.random.default_rng(0).normal(size=(3, 2))
    for labels in ([0, 1, 1], [[0.5, 0.5], [1.0, 0.0], [0.0, 1.0]]):
        assert nn.cross_entropy(x, labels) == nn.cross_entropy(x, np.array(labels))


@pytest.mark.parametrize(
    ("shape", "shape_of_y"), [((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), (2, 3))]
)
def test_the_slope_of_tanh_broadcasts_and_widens(shape, shape_of_y):
    from minigrad.ops.elementwise import tanh_slope

    wide, small = np.full(shape, 3.0), np.full(shape_of_y, 0.5, np.float32)
    for d, y in ((wide, small), (wide, small.astype(float)), (wide.astype(np.float32), small)):
        assert_array_equal(tanh_slope(d, y), d * (1.0 - y * y), strict=True)


@pytest.mark.parametrize("wide", ["x", "w", "b", None])
def test_a_layer_has_the_dtype_of_the_widest(wide):
    from minigrad.ops.special import dense, dense_tanh

    parts = {"x": np.full((2, 3), 0.5), "w": np.full((3, 2), 0.3), "b": np.full(2, 0.1)}
    parts = {k: v if k == wide else v.astype(np.float32) for k, v in parts.items()}
    y = parts["x"] @ parts["w"] + parts["b"]
    assert_allclose(dense(**parts), y, rtol=1e-6, strict=True)
    assert_allclose(dense_tanh(**parts), np.tanh(y), rtol=1e-6, strict=True)


def test_a_single_row_of_logits_has_its_cross_entropy():
    assert_allclose(nn.cross_entropy(np.zeros((1, 4)), np.array([2])), np.log(4.0))
