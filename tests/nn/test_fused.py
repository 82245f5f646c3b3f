"""Fused primitives are what they are fused from, and so are their derivatives."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad import nn
from minigrad.ops.rows import spread_rows, sum_rows
from minigrad.ops.special import dense, dense_tanh
from minigrad.testing import check_grads

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(3, 4))
ROWS = RNG.uniform(0.1, 1.0, size=(3, 4))  # of targets; their sums need not be 1
CLASSES = np.array([2, 0, 3])


def log_sum(z, axis=None, keepdims=False):
    return np.log(np.sum(np.exp(z), axis=axis, keepdims=keepdims))


def mean_picked(z, t):
    t = np.eye(4)[t] if t.ndim == 1 else t
    return -np.sum(t * (z - log_sum(z, 1, True))) / 3


FUSED = {
    "logsumexp": (nn.logsumexp, log_sum, (Z,)),
    "logsumexp of rows": (lambda z: nn.logsumexp(z, axis=1), lambda z: log_sum(z, 1), (Z,)),
    "logsumexp of columns": (lambda z: nn.logsumexp(z, axis=0), lambda z: log_sum(z, 0), (Z,)),
    "logsumexp, axis kept": (
        lambda z: nn.logsumexp(z, axis=1, keepdims=True), lambda z: log_sum(z, 1, True), (Z,)
    ),
    "logsumexp, all axes kept": (
        lambda z: nn.logsumexp(z, keepdims=True), lambda z: log_sum(z, None, True), (Z,)
    ),
    "softmax": (nn.softmax, lambda z: np.exp(z - log_sum(z, -1, True)), (Z,)),
    "softmax of a stack": (
        nn.softmax, lambda z: np.exp(z - log_sum(z, -1, True)), (Z.reshape(2, 3, 2),)
    ),
    "softmax of columns": (
        lambda z: nn.softmax(z, axis=0), lambda z: np.exp(z - log_sum(z, 0, True)), (Z,)
    ),
    "log_softmax": (nn.log_softmax, lambda z: z - log_sum(z, -1, True), (Z,)),
    "log_softmax of a stack": (
        nn.log_softmax, lambda z: z - log_sum(z, -1, True), (Z.reshape(2, 3, 2),)
    ),
    "log_softmax of columns": (
        lambda z: nn.log_softmax(z, axis=0), lambda z: z - log_sum(z, 0, True), (Z,)
    ),
    "cross_entropy of classes": (
        lambda z: nn.cross_entropy(z, CLASSES), lambda z: mean_picked(z, CLASSES), (Z,)
    ),
    "cross_entropy of rows": (nn.cross_entropy, mean_picked, (Z, ROWS)),
    "sum_squares": (
        nn.sum_squares, lambda a, b: np.sum(a * a) + np.sum(b * b), (Z, RNG.normal(size=2))
    ),
    "dense": (
        dense, lambda x, w, b: x @ w + b, (Z, RNG.normal(size=(4, 2)), RNG.normal(size=2))
    ),
    "dense_tanh": (
        dense_tanh,
        lambda x, w, b: np.tanh(x @ w + b),
        (Z, RNG.normal(size=(4, 2)), RNG.normal(size=2)),
    ),
    "sum_rows": (sum_rows, lambda x: np.sum(x, axis=0), (Z,)),
    "sum_rows of a stack": (sum_rows, lambda x: np.sum(x, axis=0), (Z.reshape(2, 3, 2),)),
    "spread_rows": (
        lambda x: spread_rows(x, rows=3), lambda x: np.ones((3, 1)) * x, (RNG.normal(size=4),)
    ),
    "relu": (nn.relu, lambda z: np.where(z > 0.0, z, 0.0), (Z,)),
    "sigmoid": (nn.sigmoid, lambda z: 1.0 / (1.0 + np.exp(-z)), (Z,)),
    "softplus": (nn.softplus, lambda z: np.log1p(np.exp(z)), (Z,)),
    "gelu": (
        nn.gelu,
        lambda z: 0.5 * z * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (z + 0.044715 * z**3))),
        (Z,),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FUSED)
def test_value_and_derivatives(name):
    """Of a cubic of the outputs, so that the second derivative has every term."""
    fused, plain, operands = FUSED[name]
    assert_allclose(fused(*operands), plain(*operands), rtol=1e-14)
    assert np.shape(fused(*operands)) == np.shape(plain(*operands))
    check_grads(fused, operands, order=1)

    def cubed(function):
        return lambda *args: np.sum(function(*args) ** 3)

    def slopes(function):
        return lambda *args: mg.grad(cubed(function), tuple(range(len(args))))(*args)

    moves = tuple(np.cos(np.arange(x.size)).reshape(x.shape) for x in operands)
    _, found = mg.jvp(slopes(fused), operands, moves)
    _, wanted = mg.jvp(slopes(plain), operands, moves)
    for one, other in zip(found, wanted, strict=True):
        assert_allclose(one, other, rtol=1e-10, atol=1e-12)
    wrt = tuple(range(len(operands)))
    for derivative in (
        lambda f: mg.grad(f, wrt),
        lambda f: mg.grad(lambda *args: sum(np.sum(g * g) for g in mg.grad(f, wrt)(*args)), wrt),
    ):
        found, wanted = derivative(cubed(fused))(*operands), derivative(cubed(plain))(*operands)
        for one, other in zip(found, wanted, strict=True):
            assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
@pytest.mark.parametrize(
    "row", [[1000.0, 1000.0], [-1000.0, -1001.0], [0.0, -np.inf], [70.0, 90.0, 0.0]]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_softmax_family_neither_overflows_nor_underflows(name, row, dtype):
    """Adding a number to all elements changes the softmax not at all and the logarithm by it."""
    row = np.array(row, dtype)
    with np.errstate(divide="ignore"):
        found = getattr(nn, name)(row)
        moved = getattr(nn, name)(row - row.max())
    assert found.dtype == dtype
    finite = np.abs(row[np.isfinite(row)]).max()
    tol = 4 * np.finfo(dtype).eps * max(finite, 1.0)
    assert_allclose(found, moved + (row.max() if name == "logsumexp" else 0.0), rtol=tol, atol=tol)
    assert not np.isnan(found).any()


def test_only_the_axis_of_the_sum_goes():
    assert nn.logsumexp(np.ones((1, 3)), axis=1).shape == (1,)
    assert nn.cross_entropy(np.zeros((2, 4), np.float32), np.array([1, 2])).dtype == np.float32


def test_the_logarithm_of_an_infinite_sum_is_infinite():
    assert nn.logsumexp(np.array([np.inf, 1.0])) == np.inf
    with np.errstate(divide="ignore"):
        assert nn.logsumexp(np.array([-np.inf, -np.inf])) == -np.inf


@pytest.mark.parametrize("x", [np.float32, np.float64])
@pytest.mark.parametrize("b", [np.float32, np.float64])
def test_a_layer_has_the_dtype_of_its_sum(x, b):
    y = dense(np.ones((2, 3), x), np.ones((3, 4), x), np.ones(4, b))
    assert y.dtype == np.result_type(x, b)
    assert_array_equal(y, np.full((2, 4), 4.0))


@pytest.mark.parametrize(
    "labels",
    [[0, 1], [0, 1, 4], [0, 1, -1], [0.0, 1.0, 2.0], [[0, 1, 2]], np.ones((3, 3)), np.ones((4, 3))],
)
def test_labels_that_fit_no_logits_are_refused(labels):
    with pytest.raises(ValueError, match="cross_entropy"):
        nn.cross_entropy(Z, np.asarray(labels))


@pytest.mark.parametrize("logits", [np.ones(3), np.ones((0, 4)), np.ones((3, 4, 1))])
def test_logits_that_are_no_rows_are_refused(logits):
    with pytest.raises(ValueError, match="expected logits of shape"):
        nn.cross_entropy(logits, np.zeros(len(logits), int))


def test_one_row_of_logits_will_do():
    assert_allclose(nn.cross_entropy(np.zeros((1, 4)), np.array([3])), np.log(4.0))


@pytest.mark.parametrize("dtype", ["i1", "u1", "i4", "i8", "u8", ">i8", ">u2"])
def test_labels_are_integers_of_any_width_sign_and_byte_order(dtype):
    def cost_and_slope(labels):
        return mg.value_and_grad(lambda z: nn.cross_entropy(z, labels))(Z)

    for found, wanted in zip(
        cost_and_slope(CLASSES.astype(dtype)), cost_and_slope(CLASSES), strict=True
    ):
        assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "relu", "gelu"])
def test_an_activation_takes_a_complex_step(name):
    function, x = getattr(nn, name), np.array([-3.0, -0.5, 0.2, 4.0])
    slope = np.imag(function(x + 1e-30j)) / 1e-30
    assert_allclose(slope, mg.grad(lambda x: np.sum(function(x)))(x), rtol=1e-12)
    assert_allclose(np.real(function(x + 1e-30j)), function(x), rtol=1e-12)


def test_a_ramp_begins_at_zero_with_slope_zero():
    assert nn.relu(0.0) == mg.grad(nn.relu)(0.0) == 0.0


def test_rows_are_spread_whatever_their_memory():
    for row in (np.arange(6.0)[::2], np.float64(2.0), 3.0):
        assert_array_equal(spread_rows(row, rows=2), np.stack([row, row]))


def test_labels_beyond_the_classes_are_told():
    with pytest.raises(ValueError, match="labels go from 0 to 4, but the logits have 4 classes"):
        nn.cross_entropy(Z, np.array([0, 1, 4]))


WHOLE = {
    "bool": [[True, False, True]],
    "uint8": [[200, 5, 3]],
    "int8": [[-128, 127, 3]],
    "int16": [[-300, 3, 7]],
    "int64": [[0, 40, -2]],
}


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize(
    "name",
    ["sigmoid", "softplus", "relu", "gelu", "softmax", "log_softmax", "logsumexp", "sum_squares"],
)
def test_whole_numbers_are_computed_with_as_floats(name, dtype):
    function, x = getattr(nn, name), np.array(WHOLE[dtype], dtype)
    for part in (x, x[0, 0], x[:, :1]):
        wanted = function(part.astype(float))
        assert_allclose(function(part), wanted, rtol=1e-14)
        assert function(part).dtype == wanted.dtype
    assert_allclose(function(x.tolist()), function(x.astype(float)), rtol=1e-14)


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize(
    ("cost", "targets"),
    [
        (nn.cross_entropy, lambda x: np.array([1])),
        (nn.cross_entropy, np.ones_like),
        (nn.quadratic_cost, np.fliplr),
        (nn.binary_cross_entropy, np.ones_like),
        (nn.binary_cross_entropy, np.fliplr),
        (lambda x, t: nn.regularised_cost(0.0, {"w": x}, {"w": np.full(3, 0.5)}, 1), np.fliplr),
    ],
)
def test_costs_of_whole_numbers_are_those_of_floats(cost, targets, dtype):
    x = np.array(WHOLE[dtype], dtype)
    t, z = targets(x), x.astype(float)
    u = t if t.ndim == 1 else t.astype(float)
    assert_allclose(cost(x, t), cost(z, u), rtol=1e-14)
    found, wanted = (mg.grad(lambda w, x=x, t=t: cost(w * x, t))(2.0) for x, t in [(x, t), (z, u)])
    assert_allclose(found, wanted, rtol=1e-14)
