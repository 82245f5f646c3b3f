"""A call on Variables gives NumPy's values, shape and dtype, in the corners of its arguments."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad.testing import check_grads

RNG = np.random.default_rng(3)
V, W, M = RNG.normal(size=5), RNG.uniform(0.5, 2.0, 4), RNG.normal(size=(3, 4))
CUBE, FORTRAN = RNG.normal(size=(2, 3, 4)), np.asfortranarray(RNG.normal(size=(3, 4)))
S = np.array(0.7)
LONG = np.random.default_rng(4).normal(size=40)  # whose squares BLAS adds up to another last bit
UNEVEN = np.array([0.0, 1.0, 3.0, 3.5])

SMOOTH = {
    "rollaxis to the front": (lambda x: np.rollaxis(x, 2, 0), CUBE),
    "rollaxis to the end": (lambda x: np.rollaxis(x, 0, 3), CUBE),
    "rollaxis onto itself": (lambda x: np.rollaxis(x, 1, 1), CUBE),
    "rollaxis to before itself": (lambda x: np.rollaxis(x, 2, 1), CUBE),
    "rollaxis, counted from the end": (lambda x: np.rollaxis(x, 1, -1), CUBE),
    "flipud of a vector": (np.flipud, V),
    **{f"rot90, {k} times": (lambda x, k=k: np.rot90(x, k), M) for k in range(-2, 6)},
    "rot90 the other way": (lambda x: np.rot90(x, 1, (1, 0)), M),
    "roll by lists": (lambda x: np.roll(x, [1, 2], [0, 1]), M),
    "roll by a number on two axes": (lambda x: np.roll(x, 1, (0, 1)), M),
    "roll of all": (lambda x: np.roll(x, 3), M),
    "full, float32": (lambda x: np.full((2, 2), x, np.float32, like=x), S),
    "linspace of two": (lambda x: np.linspace(x, 3.0, 2), S),
    "linspace of one": (lambda x: np.linspace(x, 3.0, 1), S),
    "linspace of none": (lambda x: np.linspace(x, 3.0, 0), S),
    "linspace of two without its end": (lambda x: np.linspace(x, 3.0, 2, endpoint=False), S),
    "linspace from a vector": (lambda x: np.linspace(x, 3.0, 3), V),
    "logspace to a vector": (lambda x: np.logspace(0.0, x, 3), V),
    "logspace on a vector of bases": (lambda x: np.logspace(0.0, 1.0, 3, base=x), W),
    "geomspace below zero": (lambda x: np.geomspace(-x, -8.0, 4), S),
    "geomspace of one": (lambda x: np.geomspace(x, 8.0, 1), S),
    "geomspace of two": (lambda x: np.geomspace(x, 8.0, 2), S),
    "geomspace from a vector": (lambda x: np.geomspace(-x, -8.0, 3), W),
    "cumulative_sum from zero": (lambda x: np.cumulative_sum(x, include_initial=True), V),
    "cumulative_prod from one": (lambda x: np.cumulative_prod(x, include_initial=True), V),
    "qr of a square, complete": (lambda x: np.linalg.qr(x[:, :3], "complete")[1], M),
    "svd, symmetric": (
        lambda x: np.linalg.svd(x @ x.T - 2.0 * np.eye(3), compute_uv=False, hermitian=True), M
    ),
    "ediff1d": (np.ediff1d, V),
    "ediff1d with a start": (lambda x: np.ediff1d(x, to_begin=2.0), V),
    "ediff1d with both ends": (lambda x: np.ediff1d(x, to_end=[1.0, 2.0], to_begin=[3.0]), V),
    "trapezoid along the first axis": (lambda y: np.trapezoid(y, [0.0, 1.0, 3.0], axis=0), M),
    "trapezoid, places as a matrix": (lambda y: np.trapezoid(y, M, axis=0), M + 1.0),
    "trapezoid of a vector": (lambda y: np.trapezoid(y, UNEVEN), W),
    "gradient, even": (lambda x: np.gradient(x, 0.5), V),
    "gradient, even, second order": (lambda x: np.gradient(x, 0.5, edge_order=2), V),
    "gradient, uneven": (lambda x: np.gradient(x, UNEVEN), W),
    "gradient, uneven, second order": (lambda x: np.gradient(x, UNEVEN, edge_order=2), W),
    "gradient, uneven, in the second axis": (lambda x: np.gradient(x, UNEVEN, axis=1), M),
    "gradient, uneven, in the first axis": (lambda x: np.gradient(x, UNEVEN[:3], axis=0), M),
    "gradient, even places": (lambda x: np.gradient(x, [0.0, 2.0, 4.0, 6.0]), W),
    "gradient of two": (lambda x: np.gradient(x[:2], 0.5), W),
    "gradient of three, second order": (lambda x: np.gradient(x[:3], edge_order=2), W),
    "repeat, each its number of times": (lambda x: np.repeat(x, [2, 0, 1, 3]), W),
    "repeat by a list of one": (lambda x: np.repeat(x, [2]), W),
    "repeat by none": (lambda x: np.repeat(x, 0), W),
    "pad by a dict": (lambda x: np.pad(x, {1: (1, 2)}), M),
    "pad by none": (lambda x: np.pad(x, 0), M),
    "pad of an empty axis": (lambda x: np.pad(x[:0], ((1, 0), (0, 0))), M),
    "resize to more": (lambda x: np.resize(x, (2, 7)), V),
    "resize to none": (lambda x: np.resize(x, (0, 2)), V),
    "resize of none": (lambda x: np.resize(x[:0], (2, 2)), V),
    "ravel in any order, of columns": (lambda x: np.ravel(x, order="A"), FORTRAN),
    "ravel in the order of memory, of columns": (lambda x: np.ravel(x, order="K"), FORTRAN),
    "ravel in any order, of rows": (lambda x: np.ravel(x, order="A"), M),
    "ravel in the order of memory, of rows": (lambda x: np.ravel(x, order="K"), M),
    "ravel by columns, of rows": (lambda x: np.ravel(x, order="F"), M),
    "reshape in any order, of columns": (lambda x: np.reshape(x, (2, 6), order="A"), FORTRAN),
    "squeeze of a number": (lambda x: np.squeeze(x, axis=-1), S),
    "squeeze of a number, first axis": (lambda x: np.squeeze(x, axis=0), S),
    "sum of a number": (lambda x: np.sum(x, axis=-1), S),
    "max of a number": (lambda x: np.max(x, axis=0), S),
    "sort, stable": (lambda x: np.sort(x, stable=True), V),
    "sort of all": (lambda x: np.sort(x, axis=None), M),
    "vsplit": (lambda x: np.vsplit(x, [1])[1], M),
    "hsplit of a vector": (lambda x: np.hsplit(x, 2)[1], W),
    "hsplit": (lambda x: np.hsplit(x, 2)[1], M),
    "dsplit": (lambda x: np.dsplit(x, 2)[1], CUBE),
    "array_split": (lambda x: np.array_split(x, 3)[0], V),
    "array_split into one": (lambda x: np.array_split(x, 1)[0], V),
    "unstack of a vector": (lambda x: np.unstack(x)[1], V),
    "unstack": (lambda x: np.unstack(x, axis=1)[1], M),
    "quantile at integers": (lambda x: np.quantile(x, 1), V),
    "quantile at a list": (lambda x: np.quantile(x, [0.2, 0.7, 0.9]), V),
    "quantile at a list of one": (lambda x: np.quantile(x, [0.3], axis=1), M),
    "percentile at a matrix": (lambda x: np.percentile(x, [[20, 70], [10, 90]], axis=0), M),
    "average with integers": (lambda x: np.average(x, weights=[1, 2, 3, 1]), W),
    "average of columns": (lambda x: np.average(x, axis=0, weights=[1.0, 2.0, 3.0]), M),
    "interp of negative period": (lambda f: np.interp([0.3, 5.0, -1.0], UNEVEN, f, period=-4), W),
    "interp of one place": (lambda f: np.interp([0.3, 5.0], [1.0], f[:1]), W),
    "interp of two places": (lambda f: np.interp([0.3, 1.2], [0.0, 1.5], f[:2]), W),
    "maximum.reduce from a start": (
        lambda x: np.maximum.reduce(x, axis=0, keepdims=True, initial=0.2), M
    ),
    "add.reduce from a start": (lambda x: np.add.reduce(x, initial=5.0), V),
    "multiply.reduce, axes kept": (lambda x: np.multiply.reduce(x, axis=None, keepdims=True), M),
    "nanmin from a start": (lambda x: np.nanmin(x, initial=0.1), V),
    "einsum of a diagonal": (lambda x: np.einsum("ii->i", x[:, :3]), M),
    "einsum of a trace": (lambda x: np.einsum("ii", x[:, :3]), M),
    "einsum with an axis of one": (lambda x: np.einsum("ij,ij->j", x, x[:1]), M),
    "einsum without an output": (lambda x: np.einsum("ba,bc", x, x), M),
    "einsum with dots and no output": (lambda x: np.einsum("...i,i...", x, x), V),
    "matrix_power of zero": (lambda x: np.linalg.matrix_power(x[:, :3], 0), M),
    "matrix_power of one": (lambda x: np.linalg.matrix_power(x[:, :3], 1), M),
    "matrix_power of minus two": (
        lambda x: np.linalg.matrix_power(x[:, :3] + 2.0 * np.eye(3), -2), M
    ),
    "largest column": (lambda x: np.linalg.norm(x, 1, keepdims=True), M),
    "largest row": (lambda x: np.linalg.norm(x, np.inf, axis=(0, 2), keepdims=True), CUBE),
    "smallest column": (lambda x: np.linalg.norm(x, -1), M),
    "real_if_close of real numbers": (lambda x: np.real_if_close(x), V),
    "conj as a method": (lambda x: np.real(1j * (x * (1 + 2j)).conj()), V),
    "conjugate as a method": (lambda x: np.real(1j * (x * (1 + 2j)).conjugate()), V),
    "tril below": (lambda x: np.tril(x, -1), M),
    "triu of a stack": (lambda x: np.triu(x, 1), CUBE),
    "tril of a vector": (np.tril, W),
    "convolve, the shorter first": (lambda x: np.convolve(x[:2], x, "same"), V),
    "nanmin from a start below": (lambda x: np.nanmin(x, initial=-9.0), V),
    "min from a start below": (lambda x: np.min(x, axis=0, initial=-9.0), M),
    "min from a start that is above some": (lambda x: np.min(x, axis=0, initial=0.3), M),
    "max from a start that is below some": (lambda x: np.max(x, axis=0, initial=0.3), M),
    "variance of complex numbers": (lambda x: np.var(x + 1j * np.flip(x) ** 2), V),
    "standard deviations of complex numbers": (lambda x: np.std(x * 1j * x + x, axis=0), M),
    "singular values of a complex matrix": (
        lambda x: np.linalg.svd(x + 1j * np.flip(x), full_matrices=False)[1], M
    ),
    "singular values alone": (lambda x: np.linalg.svdvals(x + 1j * np.flip(x)), M),
    "slogdet of a complex matrix": (
        lambda x: np.linalg.slogdet(x[:, :3] + 1j * np.flip(x)[:, 1:])[1], M
    ),
    "unwrap with a wider gap": (lambda x: np.unwrap(x, discont=4.0), V * 3.0),
    "unwrap": (lambda x: np.unwrap(np.cumsum(x)), W * 2.3),
    "average, weights returned": (lambda x: np.average(x, axis=0, returned=True)[1] + x[0], M),
    "average of all, weights returned": (lambda x: np.average(x, returned=True)[1] + x[0], M),
    "average, axis kept": (
        lambda x: np.average(x, axis=1, weights=W, keepdims=True, returned=True)[1] * x, M
    ),
    "average by weights that vary": (lambda w: np.average(V[:4], weights=w, returned=True)[1], W),
    "piecewise with parameters": (
        lambda x: np.piecewise(x, [x > 0.0], [lambda v, k: v * k, lambda v, k: v - k], 3.0), V
    ),
    "piecewise with named parameters": (
        lambda x: np.piecewise(x, [x > 0.0], [lambda v, k: v * k, lambda v, k: v - k], k=3.0), V
    ),
    "piecewise of integers": (
        lambda x: np.piecewise(x, [[1, 0, 0, 1]], [lambda v: v * 2.0, 5.0]), W
    ),
    "piecewise where nothing is": (lambda x: np.piecewise(x, [x > 99.0], [lambda v: v * 2.0]), V),
    "real_if_close of numbers that are": (lambda x: np.real_if_close(x * (1 + 0j)), V),
    "real_if_close of numbers that are not": (
        lambda x: np.imag(np.real_if_close(x * (1 + 2j))), V
    ),
    "choose": (lambda x: np.choose([[0, 1, 0, 1]], [x, 2.0 * x]), M),
    "matrix_power of minus one": (
        lambda x: np.linalg.matrix_power(x[:, :3] + 2.0 * np.eye(3), -1), M
    ),
    "tensorsolve": (
        lambda x: np.linalg.tensorsolve(np.eye(12).reshape(3, 4, 3, 4) * 2.0, x), M
    ),
    "tensorinv": (
        lambda x: np.linalg.tensorinv(np.eye(12).reshape(3, 4, 3, 4) * 2.0 + x[0, 0]), M
    ),
    "einsum of rows of one with all": (lambda x: np.einsum("i,i->i", x[:1], x), V),
    "diagonal of ones in einsum": (lambda x: np.einsum("ii,i->i", x[:1, :1], x[0]), M),
    **{
        f"lstsq with rcond {r}": (
            lambda x, r=r: np.linalg.lstsq(x, np.ones(3), rcond=r)[0], M
        )
        for r in (None, -1, 0.0, 1e-9)
    },
    "nanmax from a start above": (lambda x: np.nanmax(x, initial=9.0), V),
    "einsum without an output, five axes": (
        lambda x: np.einsum("edcba", x.reshape(2, 1, 3, 1, 4)), CUBE
    ),
    "hstack of one": (lambda x: np.hstack([x]), M),
    "quantile in float32": (lambda x: np.quantile(x, 0.3), V.astype(np.float32)),
    "quantiles in float32": (lambda x: np.quantile(x, [0.3, 0.6]), V.astype(np.float32)),
    "average in float32 with integers": (
        lambda x: np.average(x, weights=[1, 2, 3, 1]), W.astype(np.float32)
    ),
    "nanmean in float32": (np.nanmean, V.astype(np.float32)),
    "sum of weights, axis kept": (
        lambda x: np.average(x, axis=1, weights=np.abs(M), keepdims=True, returned=True)[1], M
    ),
    "irfft in float32": (lambda x: np.fft.irfft(x + 1j * x), V.astype(np.float32)),
    "ramps in float32": (lambda x: np.pad(x, 2, "linear_ramp"), V.astype(np.float32)),
    "pad by pairs": (lambda x: np.pad(x, ((1, 2), (0, 1)), constant_values=((1, 2), (3, 4))), M),
    "gradient in float32": (lambda x: np.gradient(x, 0.5), V.astype(np.float32)),
    "softmax weights far apart": (lambda x: np.logaddexp(x, x + 800.0), V),
    "variance of equal numbers": (lambda x: np.var(x * 0.0 + x[0] ** 2), V),
    "norm of a column of zeros": (lambda x: np.linalg.norm(x * [0.0, 1, 1, 1], axis=0)[1:], M),
    "moveaxis of three, out of order": (lambda x: np.moveaxis(x, (0, 1, 2), (2, 0, 1)), CUBE),
    "moveaxis of two, out of order": (lambda x: np.moveaxis(x, (2, 0), (1, 2)), CUBE),
    "lstsq of one row": (lambda x: np.linalg.lstsq(x[:1], np.ones(1), rcond=None)[0], M),
    "trapezoid of a stack along the middle axis": (
        lambda y: np.trapezoid(y, [0.0, 1.0, 3.0], axis=1), CUBE
    ),
    "gradient, uneven, of a stack": (lambda x: np.gradient(x, UNEVEN[:3], axis=1), CUBE),
    "windows of length one": (lambda x: np.lib.stride_tricks.sliding_window_view(x, 1), V),
    "norm of order three": (lambda x: np.linalg.norm(x, 3, axis=0), M),
    "norm of order two, axis kept": (lambda x: np.linalg.norm(x, 2, axis=(1,), keepdims=True), M),
    "frobenius": (lambda x: np.linalg.norm(x, "fro", axis=(1, 2)), CUBE),
    "frobenius by its short name": (lambda x: np.linalg.norm(x, "f"), M),
    "vander of four": (lambda x: np.vander(x, 4, increasing=True), V),
    "interp at the last place": (lambda f: np.interp([3.5, 3.6, 9.0], UNEVEN, f), W),
    "bessel": (np.i0, V),
    "sinc": (np.sinc, V),
    "sinc near zero": (np.sinc, np.array([1e-3, 0.05, -0.09, 0.11])),
    "fabs": (np.fabs, V),
    "fmod": (lambda x: np.fmod(7.3, x), W),
    "trace of a part": (lambda x: np.trace(x, 1), M),
    "ediff1d of a list between ends": (lambda x: np.ediff1d([1.0, 2.0, 4.0], x, to_begin=x), V),
    "gradient of a list": (lambda h: np.gradient([1.0, 2.0, 4.0], h), S),
    "gradient of a list at places": (lambda x: np.gradient([1.0, 2.0, 4.0, 3.0], x), UNEVEN),
    "gradient of two at even places": (lambda x: np.gradient(x[:2], [0.0, 2.0]), W),
    "gradient at even places": (lambda x: np.gradient(x, 3.0 * np.arange(40.0)), LONG),
    "average of a list": (lambda w: np.average([1.0, 2.0, 3.0, 5.0], weights=w), W),
    "repeat of two": (lambda x: np.repeat(x[:2], [2, 1]), W),
    "interp at the last of two places": (lambda f: np.interp([0.3, 1.5], [0.0, 1.5], f[:2]), W),
    "dot of a matrix and a stack": (lambda x: np.dot(M, x), np.moveaxis(CUBE, 1, 2)),
    "dot with a stack": (lambda x: np.dot(x, np.moveaxis(CUBE, 1, 2)), M),
    "gradient of a list of integers": (lambda h: np.gradient([1, 2, 4], h), S),
    "frobenius by its short name along two axes": (
        lambda x: np.linalg.norm(x, "f", axis=(0, 2)), CUBE
    ),
    "piecewise by a flat condition": (
        lambda x: np.piecewise(x, x > 0.0, [lambda v: v * v, 1.0]), V
    ),
    "linspace of one, to where it starts": (lambda x: np.linspace(x, 0.7, 1), S),
    "interp at the last place, other values beyond": (
        lambda f: np.interp([0.0, 3.5, 4.0], UNEVEN, f, left=2.0, right=5.0), W
    ),
    "norm of a longer vector": (lambda x: np.linalg.norm(x, 2), LONG),
    "frobenius of more": (lambda x: np.linalg.norm(x, "fro"), LONG.reshape(8, 5)),
    "frobenius of more by its short name": (lambda x: np.linalg.norm(x, "f"), LONG.reshape(8, 5)),
    "polar factor of a complex matrix": (
        lambda x: np.real(np.sum((np.array([1, 2j, 3]) * polar(x + 1j * np.flip(x))) ** 2)), M
    ),
}  # fmt: skip


def polar(a):
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    return (u @ vh)[:, :3]


def plain(x):
    return x.value if isinstance(x, mg.Variable) else x


@pytest.mark.parametrize("name", SMOOTH)
def test_values_and_first_derivatives(name):
    call, x = SMOOTH[name]
    wanted = call(x) if "full" not in name else np.full((2, 2), x, np.float32)
    with mg.Tape() as tape, np.errstate(invalid="ignore"):
        found = plain(call(tape.variable(x)))
    assert_array_equal(found, wanted, strict=isinstance(wanted, np.ndarray))
    assert np.asarray(found).dtype == np.asarray(wanted).dtype
    if np.asarray(wanted).dtype == np.float64 and "of columns" not in name:
        check_grads(call, (x,), order=1)


@pytest.mark.parametrize("order", ["A", "K"])
def test_elements_in_the_order_of_memory_go_back_to_it(order):
    """By itself, since finite differences would be taken of copies in another order."""
    weights = np.arange(12.0)
    for x, back in ((M, "C"), (FORTRAN, "F")):
        with mg.Tape() as tape:
            v = tape.variable(x)
            y = np.ravel(v, order=order)
        assert_array_equal(
            tape.gradient(y, v, cotangent=weights), weights.reshape(3, 4, order=back)
        )
        assert_array_equal(tape.tangent(y, v, x), np.ravel(x, order=back))


@pytest.mark.parametrize(
    "words", [{}, {"nan": 3.0}, {"posinf": 4.0}, {"neginf": 5.0}, {"nan": 1.0, "posinf": 0.0}]
)
def test_numbers_that_are_none_are_replaced_and_have_no_derivative(words):
    x = np.array([np.nan, np.inf, -np.inf, 1.5])
    with mg.Tape() as tape:
        v = tape.variable(x)
        y = np.nan_to_num(v, **words)
    assert_array_equal(y.value, np.nan_to_num(x, **words))
    assert_array_equal(tape.gradient(y, v, cotangent=np.full(4, 2.0)), [0.0, 0.0, 0.0, 2.0])


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.cumsum(x), lambda x: np.cumulative_sum(x, include_initial=True, axis=0),
        lambda x: np.pad(x, 0), lambda x: np.resize(x, 3), lambda x: np.ravel(x, order="A"),
        lambda x: np.full_like(x, 2.0), lambda x: np.insert([1.0], 0, x), np.atleast_1d,
        np.atleast_2d, np.atleast_3d, lambda x: np.average(x), lambda x: np.nanmean(x),
        lambda x: np.quantile(x, 0.5), lambda x: np.select([True], [x]), np.sinc, np.i0,
        lambda x: np.linalg.norm(np.stack([x, x])), lambda x: np.repeat(x, 2), np.real_if_close,
        lambda x: np.array([x, x], dtype=np.float32, like=x), np.nan_to_num,
        lambda x: np.piecewise(x, [x > 0.0], [lambda v: v * 2.0]), np.nanmax, np.median, np.copy,
    ],
)  # fmt: skip
@pytest.mark.parametrize("number", [0.7, np.float32(0.7), np.float64(0.7)], ids=repr)
def test_a_number_is_taken_like_an_array(call, number):
    try:
        wanted = call(number)
    except TypeError:  # `like` is for Variables
        wanted = np.array([number, number], dtype=np.float32)
    with mg.Tape() as tape:
        found = plain(call(tape.variable(number)))
    assert_array_equal(found, wanted)
    assert np.shape(found) == np.shape(wanted)
    assert np.asarray(found).dtype == np.asarray(wanted).dtype


@pytest.mark.parametrize("h", [0.5, 2.0])
def test_the_value_of_a_step_at_its_place_has_a_derivative(h):
    x = np.array([-1.0, 0.0, 2.0])
    assert_array_equal(mg.grad(lambda h: np.sum(3.0 * np.heaviside(x, h)))(h), 3.0)
    assert mg.jvp(lambda h: np.sum(np.heaviside(x, h)), (h,), (2.0,))[1] == 2.0


def test_the_rooms_of_operations_are_found_by_name():
    from minigrad import ops

    assert ops.linalg.__name__ == "minigrad.ops.linalg"
    assert ops.__getattr__("fourier").__name__ == "minigrad.ops.fourier"
    assert ops.__getattr__("support_table")() == ops.support_table()
    with pytest.raises(AttributeError, match="no attribute 'frobnicate'"):
        _ = ops.frobnicate


def test_a_derivative_of_any_order_of_the_bessel_function():
    check_grads(np.i0, (V,), order=3)


def test_a_recurrence_moves_with_both_of_its_sequences():
    from minigrad.ops.cumulative import recurrence

    a, b = RNG.normal(size=(2, 4, 3))
    for axis in (0, 1):
        check_grads(lambda a, b, axis=axis: recurrence(a, b, axis=axis), (a, b), order=2)


def test_vectors_that_many_share_can_not_be_written_to():
    from minigrad.ops.rows import ones, starts

    for vector in (ones(3, np.dtype(float)), starts(3, 2)):
        with pytest.raises(ValueError, match="read-only"):
            vector[0] = 5


@pytest.mark.parametrize("way", ["reverse", "forward"])
@pytest.mark.parametrize(
    "call",
    [
        lambda a: np.linalg.pinv(a, rtol=0.5),
        lambda a: np.linalg.pinv(np.stack([a, 2.0 * a]), rcond=0.5),
        lambda a: np.linalg.lstsq(a, np.ones(3), rcond=0.3)[0],
    ],
    ids=["pinv, rtol", "pinv, rcond", "lstsq, rcond"],
)
def test_singular_values_left_out_though_they_are_not_zero_have_no_derivative(call, way):
    s = np.linalg.svdvals(M)
    assert s[-1] < 0.3 * s[0]
    slope = mg.grad(lambda a: np.sum(call(a)))
    derivative = {"reverse": slope, "forward": lambda a: mg.jvp(call, (a,), (a,))}[way]
    with pytest.raises(np.linalg.LinAlgError, match="leaves out singular values up to"):
        derivative(M)


@pytest.mark.parametrize("rcond", [0.0, 0.3, 0.9])
def test_what_least_squares_leave_out_is_numpys(rcond):
    with mg.Tape() as tape:
        a = tape.variable(M)
        solution = np.linalg.lstsq(a, np.ones(3), rcond=rcond)[0]
        inverses = np.linalg.pinv(a, rtol=rcond), np.linalg.pinv(a, rcond=rcond)
    assert_array_equal(solution.value, np.linalg.lstsq(M, np.ones(3), rcond=rcond)[0])
    for inverse in inverses:
        assert_array_equal(inverse.value, np.linalg.pinv(M, rtol=rcond))


def test_integers_are_averaged_as_numbers():
    with mg.Tape() as tape:
        n = tape.variable(np.array([1, 2, 4]))
        found, total = map(plain, np.average(n, weights=[1, 2, 1], returned=True))
    assert found == np.average([1, 2, 4], weights=[1, 2, 1]) == 2.25
    assert (total, total.dtype) == (4.0, float)


def test_where_of_one_operand_and_counts_are_plain():
    with mg.Tape() as tape:
        x, n = tape.variable(V), tape.variable(np.array([0, 2, 2]))
        assert_array_equal(np.where(x > 0.0)[0], np.where(V > 0.0)[0])
        assert_array_equal(np.where(x)[0], np.arange(5))
        assert_array_equal(plain(np.bincount(n)), [1, 0, 2])
        assert_array_equal(plain(np.where(x > 0.0, x, 0.0)), np.where(V > 0.0, V, 0.0))


def test_the_slope_of_a_size_at_zero_is_zero():
    assert mg.grad(np.fabs)(0.0) == mg.grad(np.abs)(0.0) == 0.0


def test_a_gap_that_is_meant_is_not_unwrapped():
    x = np.array([0.0, 4.0, 0.0, 4.0])
    with mg.Tape() as tape:
        v = tape.variable(x)
        assert_array_equal(plain(np.unwrap(v, discont=5.0)), x)
        assert_array_equal(plain(np.unwrap(v)), np.unwrap(x))


@pytest.mark.parametrize("function", [np.min, np.nanmin])
def test_a_start_that_ties_takes_its_share(function):
    x_bar = mg.grad(lambda x: function(x, initial=1.0))(np.array([1.0, 2.0]))
    assert x_bar[0] == 0.5
    assert x_bar[1] == 0.0
    assert_array_equal(mg.grad(lambda x: function(x, initial=0.0))(np.array([1.0, 2.0])), 0.0)


@pytest.mark.parametrize(
    "function",
    [
        np.max, np.min, np.sum, np.prod, np.mean, np.std, np.cumsum, np.cumprod, np.nanmax,
        np.nanmin, np.nansum, np.nanmean, np.median, np.average, np.sinc, np.i0, np.sort,
        lambda x: np.resize(x, 3), lambda x: np.resize(x, (0,)), lambda x: np.full_like(x, x),
        lambda x: np.cumulative_prod(x, axis=None, include_initial=True),
        lambda x: np.linalg.norm(np.atleast_1d(x)), lambda x: np.quantile(x, [0.2, 0.4]),
        lambda x: np.nanquantile(x, 0.3), lambda x: np.average(x, weights=2), np.nan_to_num,
        lambda x: np.clip(x, 0.1, None), lambda x: np.clip(x, None, 0.5), np.fabs, np.abs,
        lambda x: np.clip(x, max=0.5), lambda x: np.clip(x, min=0.9), lambda x: np.roll(x, 1),
    ],
)  # fmt: skip
def test_a_derivative_by_a_number_is_that_by_an_array_without_axes(function):
    def outcome(x):
        try:
            return mg.grad(lambda x: np.sum(function(x)))(x)
        except (TypeError, ValueError) as error:
            return type(error)

    of_number, of_array = outcome(0.7), outcome(np.array(0.7))
    assert of_number == of_array


def test_the_sign_that_is_given_to_zero_has_slope_zero():
    assert mg.grad(np.copysign)(0.0, 1.0) == 0.0


def test_bounds_of_clip_by_their_newer_names():
    with mg.Tape() as tape:
        x = tape.variable(V)
        for words in ({"min": 0.0}, {"max": 0.0}, {"min": -0.1, "max": 0.1}):
            assert_array_equal(plain(np.clip(x, **words)), np.clip(V, **words))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.rot90(x, 4), lambda x: np.rot90(x, 0), np.copy, lambda x: x.copy(),
        lambda x: np.transpose(x, (0, 1)), lambda x: np.reshape(x, x.shape), np.atleast_3d,
        lambda x: x.astype(float), lambda x: np.roll(x, 0, 0), lambda x: np.pad(x, 0),
        lambda x: np.broadcast_to(x, (3, 4)), lambda x: x[...],
    ],
)  # fmt: skip
def test_the_same_numbers_in_another_array_are_another_value(call):
    """They have a cotangent of their own, which is a part of the operand's."""
    with mg.Tape() as tape:
        x = tape.variable(M)
        y = call(x)
        total = np.sum(np.reshape(x, -1) * np.reshape(y, -1))
    x_bar, y_bar = tape.gradient(total, [x, y])
    assert_array_equal(np.reshape(y_bar, (3, 4)), M)
    assert_array_equal(x_bar, 2.0 * M)


@pytest.mark.parametrize("at_least", [np.atleast_1d, np.atleast_2d, np.atleast_3d])
def test_a_list_beside_a_variable_becomes_an_array(at_least):
    with mg.Tape() as tape:
        given = at_least([[[1.0, 2.0]]], tape.variable(V))[0]
    assert type(given) is np.ndarray
    assert given.shape == (1, 1, 2)


ALIKE = np.arange(200) % 2.0  # enough for NumPy to sort by an algorithm that is not stable


@pytest.mark.parametrize("way", ["reverse", "forward"])
def test_equal_elements_keep_their_order_in_the_derivative_of_sort(way):
    with mg.Tape() as tape:
        x = tape.variable(ALIKE)
        y = np.sort(x)
    order = np.argsort(ALIKE, kind="stable")
    if way == "forward":
        assert_array_equal(tape.tangent(y, x, np.arange(200.0)), order)
    else:
        assert_array_equal(tape.gradient(y, x, cotangent=np.arange(200.0))[order], np.arange(200))


@pytest.mark.parametrize("words", [{"kind": "stable"}, {"stable": True}])
def test_zeros_of_either_sign_keep_their_order_in_a_stable_sort(words):
    x = np.where(ALIKE > 0.0, 0.0, -0.0)
    with mg.Tape() as tape:
        y = np.sort(tape.variable(x), **words)
    assert_array_equal(np.signbit(y.value), np.signbit(x))


def test_a_power_of_zero_has_slope_zero_in_an_exponent_of_zero():
    assert mg.grad(lambda p: 0.0**p)(0.0) == mg.grad(lambda p: np.power(0.0, p))(0.0) == 0.0


def test_the_slope_of_sinc_near_zero_is_exact():
    """Against the closed form in more digits, which loses some of them near zero."""
    x = np.array([-0.0499, 0.03, 0.0499, 0.0501, 0.3])
    z = x.astype(np.longdouble)
    angle = np.arctan(np.longdouble(1.0)) * 4.0 * z
    closed = (np.cos(angle) - np.sin(angle) / angle) / z
    assert_allclose(mg.grad(lambda x: np.sum(np.sinc(x)))(x), closed, rtol=3e-13)
