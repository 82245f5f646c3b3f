"""What NumPy refuses is refused of a Variable too, with the same kind of error."""

from string import ascii_letters

import numpy as np
import pytest

import minigrad as mg

V, M = np.array([1.0, 2.0, 3.0, 4.0]), np.arange(1.0, 13.0).reshape(3, 4)
S = np.array(2.0)

REFUSED = {
    "transpose, an axis twice": (lambda x: np.transpose(x, (0, 0)), M),
    "transpose, an axis too few": (lambda x: np.transpose(x, (0,)), M),
    "matrix_transpose of a vector": (lambda x: np.matrix_transpose(x), V),
    "flipud of a number": (lambda x: np.flipud(x), S),
    "fliplr of a vector": (lambda x: np.fliplr(x), V),
    "rot90 in one axis": (lambda x: np.rot90(x, 1, (0,)), M),
    "rot90 in three axes": (lambda x: np.rot90(x, 1, (0, 1, 2)), M),
    "rollaxis too far": (lambda x: np.rollaxis(x, 0, 4), M),
    "select, a choice too few": (lambda x: np.select([x > 1.0, x > 2.0], [x]), V),
    "select, no choice": (lambda x: np.select([], [], x), V),
    "select, a condition of numbers": (lambda x: np.select([np.ones(4)], [x]), V),
    "piecewise, two functions too many": (lambda x: np.piecewise(x, [x > 2.0], [1, 2, 3]), V),
    "clip with bounds in both ways": (lambda x: np.clip(x, 1.0, 2.0, min=1.0, max=2.0), V),
    "clip with one bound in both ways": (lambda x: np.clip(x, 1.0, None, max=2.0), V),
    "convolve in an unknown mode": (lambda x: np.convolve(x, x, "most"), V),
    "convolve of a matrix": (lambda x: np.convolve(x, V), M),
    "convolve with a matrix": (lambda x: np.convolve(x, M), V),
    "convolve of nothing": (lambda x: np.convolve(x[:0], V), V),
    "correlate with a matrix": (lambda x: np.correlate(x, M), V),
    "geomspace from zero": (lambda x: np.geomspace(x * 0.0, 1.0), S),
    "geomspace from a zero among others": (lambda x: np.geomspace([0.0, 1.0], x), S),
    "geomspace to a zero among others": (lambda x: np.geomspace(x, [0.0, 1.0]), S),
    "take in an unknown mode": (lambda x: np.take(x, 1, mode="lift"), V),
    "take_along_axis with places too flat": (lambda x: np.take_along_axis(x, np.array([0]), 0), M),
    "bincount with weights too few": (lambda x: np.bincount([0, 1], x), V),
    "bincount with complex weights": (lambda x: np.bincount([0, 1, 0, 1], 1j * x), V),
    "bincount with wide weights": (lambda x: np.bincount([0, 0, 1, 1], x), V.astype("g")),
    "interp of no period": (lambda x: np.interp(0.5, V, x, period=0), V),
    "average with weights that sum to zero": (lambda x: np.average(x, weights=[1, -1, 1, -1]), V),
    "cumulative_sum of a matrix without an axis": (lambda x: np.cumulative_sum(x), M),
    "moveaxis, places too few": (lambda x: np.moveaxis(x, (0, 1), (0,)), M),
    "gradient, third order": (lambda x: np.gradient(x, edge_order=3), V),
    "diff of a number": (lambda x: np.diff(x), S),
    "outer of a matrix": (lambda x: np.linalg.outer(x, V), M),
    "cross with two dimensions": (lambda x: np.linalg.cross(x[:3], x[:2]), V),
    "einsum, an operand too few": (lambda x: np.einsum("ij,jk", x), M),
    "einsum, an operand too many": (lambda x: np.einsum("ij", x, x), M),
    "pad with three values": (lambda x: np.pad(x, 1, constant_values=(1, 2, 3)), V),
    "pad with three ends": (lambda x: np.pad(x, 1, "linear_ramp", end_values=(1, 2, 3)), V),
    "eigh of a rectangle": (lambda x: np.linalg.eigh(x), M),
    "eigvalsh of a rectangle": (lambda x: np.linalg.eigvalsh(x), M),
    "svd of a rectangle, as symmetric": (lambda x: np.linalg.svd(x, hermitian=True), M),
    "pinv of a rectangle, as symmetric": (lambda x: np.linalg.pinv(x, hermitian=True), M),
    "geomspace to zero": (lambda x: np.geomspace(1.0, x * 0.0), S),
    "vander of a matrix": (lambda x: np.vander(x), M),
    "linspace, fewer than none": (lambda x: np.linspace(x, 1.0, -1), S),
    "eigh of no triangle": (lambda x: np.linalg.eigh(x[:, :3], "M"), M),
    "eigvalsh of no triangle": (lambda x: np.linalg.eigvalsh(x[:, :3], "M"), M),
    "diagonal of a vector": (lambda x: np.diagonal(x), V),
    "diag of a stack": (lambda x: np.diag(x[None]), M),
    "trace of a vector": (lambda x: np.trace(x), V),
    "diff, of a negative order": (lambda x: np.diff(x, -1), V),
    "ediff1d with an end that is too wide": (lambda x: np.ediff1d(x, to_end=1j), V),
    "ediff1d with a start that is too wide": (lambda x: np.ediff1d(x, to_begin=[1j]), V),
    "gradient with a matrix of distances": (lambda x: np.gradient(x, M), V),
    "gradient with places too few": (lambda x: np.gradient(x, [1.0, 2.0]), V),
    "gradient of one place": (lambda x: np.gradient(x[:1]), V),
    "gradient of two places, second order": (lambda x: np.gradient(x[:2], edge_order=2), V),
    "einsum, letters too few": (lambda x: np.einsum("i->i", x), M),
    "einsum, letters too many": (lambda x: np.einsum("ijk->i", x), M),
    "einsum, an output twice": (lambda x: np.einsum("ij->ii", x), M),
    "repeat, a negative number of times": (lambda x: np.repeat(x, -1), V),
    "repeat, one negative number": (lambda x: np.repeat(x, [1, 1, -1, 1]), V),
    "repeat, one number too few": (lambda x: np.repeat(x, [1, 1, 1]), V),
    "resize to a negative length": (lambda x: np.resize(x, (2, -1)), V),
    "resize to negative lengths": (lambda x: np.resize(x, (-2, -1)), V),
    "windows of two lengths on one axis": (
        lambda x: np.lib.stride_tricks.sliding_window_view(x, (1, 2)), V
    ),
    "windows longer than the array": (
        lambda x: np.lib.stride_tricks.sliding_window_view(x, 5), V
    ),
    "windows of negative length": (
        lambda x: np.lib.stride_tricks.sliding_window_view(x, -1), V
    ),
    "pad, by a negative width": (lambda x: np.pad(x, -1), V),
    "pad, by one negative width": (lambda x: np.pad(x, (1, -1)), V),
    "pad, by three widths": (lambda x: np.pad(x, (1, 2, 3)), V),
    "sort, both kind and stable": (lambda x: np.sort(x, kind="stable", stable=True), V),
    "stack of nothing": (lambda x: np.stack([], axis=x.ndim - 1), V),
    "block of lists of unequal depth": (lambda x: np.block([[x], x]), V),
    "block of a tuple": (lambda x: np.block((x, x)), V),
    "block of an empty list": (lambda x: np.block([[x], []]), V),
    "array_split into none": (lambda x: np.array_split(x, 0), V),
    "array_split into fewer than none": (lambda x: np.array_split(x, -2), V),
    "split into unequal parts": (lambda x: np.split(x, 3), V),
    "hsplit of a number": (lambda x: np.hsplit(x, 1), S),
    "vsplit of a vector": (lambda x: np.vsplit(x, 2), V),
    "dsplit of a matrix": (lambda x: np.dsplit(x, 2), M),
    "unstack of a number": (lambda x: np.unstack(x), S),
    "meshgrid in an unknown indexing": (lambda x: np.meshgrid(x, x, indexing="yx"), V),
    "average with weights too few": (lambda x: np.average(x, weights=[1.0, 2.0]), V),
    "average with weights of another shape": (
        lambda x: np.average(x, axis=0, weights=np.ones(4)), M
    ),
    "average with weights and no axis": (lambda x: np.average(x, weights=np.ones(3)), M),
    "var, both ddof and correction": (lambda x: np.var(x, ddof=1, correction=1), V),
    "std, both ddof and correction": (lambda x: np.std(x, ddof=1, correction=1), V),
    "reshape in an unknown order": (lambda x: np.reshape(x, (4, 3), order="B"), M),
    "ravel in an unknown order": (lambda x: np.ravel(x, order="B"), M),
    "squeeze of a long axis": (lambda x: np.squeeze(x, 0), M),
    "squeeze, an axis that is not there": (lambda x: np.squeeze(x, 1), S),
    "sum, an axis that is not there": (lambda x: np.sum(x, axis=2), M),
    "sum, an axis twice": (lambda x: np.sum(x, axis=(0, 0)), M),
    "cholesky of a rectangle": (lambda x: np.linalg.cholesky(x), M),
    "inv of a rectangle": (lambda x: np.linalg.inv(x), M),
    "det of a vector": (lambda x: np.linalg.det(x), V),
    "qr of a vector": (lambda x: np.linalg.qr(x), V),
    "qr of a vector, complete": (lambda x: np.linalg.qr(x, "complete"), V),
    "pad by one and a half": (lambda x: np.pad(x, 1.5), V),
    "pad by a table of halves": (lambda x: np.pad(x, ((1, 1), (0.5, 1))), M),
    "qr in an unknown mode": (lambda x: np.linalg.qr(x, "some"), M),
    "svd of a vector": (lambda x: np.linalg.svd(x), V),
    "norm of an unknown order": (lambda x: np.linalg.norm(x, "abc"), M),
    "norm of a vector by an order of matrices": (lambda x: np.linalg.norm(x, "fro"), V),
    "norm over three axes": (lambda x: np.linalg.norm(x, axis=(0, 1, 2)), M[None]),
    "matrix_power of a rectangle": (lambda x: np.linalg.matrix_power(x, 2), M),
    "matrix_power of half": (lambda x: np.linalg.matrix_power(x[:, :3], 0.5), M),
    "multi_dot of one": (lambda x: np.linalg.multi_dot([x]), M),
    "interp of another length": (lambda x: np.interp(0.5, V[:3], x), V),
    "tensordot of unequal axes": (lambda x: np.tensordot(x, x, 1), M),
    "cross of four dimensions": (lambda x: np.cross(x, x), V),
    "quantile beyond 1": (lambda x: np.quantile(x, 1.5), V),
    "percentile below 0": (lambda x: np.percentile(x, -1), V),
    "delete beyond the end": (lambda x: np.delete(x, 7), V),
    "take beyond the end": (lambda x: np.take(x, 7), V),
    "insert beyond the end": (lambda x: np.insert(x, 7, 1.0), V),
    "partition beyond the end": (lambda x: np.partition(x, 7), V),
    "moveaxis, an axis twice": (lambda x: np.moveaxis(x, (0, 0), (0, 1)), M),
    "swapaxes, an axis that is not there": (lambda x: np.swapaxes(x, 0, 2), M),
    "expand_dims, an axis twice": (lambda x: np.expand_dims(x, (0, 0)), V),
}  # fmt: skip

# The error says NumPy's words, or names the operation: the first word of the row, or one of these.
SAID = {
    "vsplit of a vector": "vsplit: expected at least 2 axes, got shape (4,)",
    "dsplit of a matrix": "dsplit: expected at least 3 axes, got shape (3, 4)",
    "hsplit of a number": "hsplit: expected at least 1 axes, got shape ()",
    "convolve of a matrix": "convolve: expected vectors, got shapes",
    "convolve with a matrix": "convolve: expected vectors, got shapes",
    "correlate with a matrix": "correlate: expected vectors, got shapes",
    "norm of a vector by an order of matrices": "norm: ord='fro' is for matrices",
    "einsum, letters too few": "einsum: 'i' in 'i->i' is for an operand of 2 axes",
    "einsum, letters too many": "einsum: 'ijk' in 'ijk->i' is for an operand of 2 axes",
    "pad, by a negative width": "pad: pad_width=-1; expected integers that are not negative",
    "pad, by one negative width": "pad: pad_width=(1, -1)",
    "pad by one and a half": "cannot be interpreted as an integer",
    "pad by a table of halves": "cannot be interpreted as an integer",
    "pad, by three widths": "pad: pad_width=(1, 2, 3)",
    "pad with three values": "pad: constant_values=(1, 2, 3)",
    "pad with three ends": "pad: end_values=(1, 2, 3)",
    "transpose, an axis twice": "repeated axis",
    "rot90 in three axes": "axis 2 is out of bounds",
    "rollaxis too far": "axis 4 is out of bounds",
    "eigh of no triangle": "UPLO='M': expected 'L' or 'U'",
    "eigvalsh of no triangle": "UPLO='M': expected 'L' or 'U'",
    "windows of two lengths on one axis": "2 lengths in window_shape for 1 axes",
    "windows longer than the array": "window_shape=5: expected between 0",
    "windows of negative length": "window_shape=-1: expected between 0",
    "sort, both kind and stable": "`kind` and `stable`",
    "reshape in an unknown order": "order='B': expected",
    "ravel in an unknown order": "order='B': expected",
    "sum, an axis twice": "repeated axis",
    "matrix_power of half": "cannot be interpreted as an integer",
    "moveaxis, an axis twice": "repeated axis",
    "swapaxes, an axis that is not there": "axis 2 is out of bounds",
    "cumulative_sum of a matrix without an axis": "shape (3, 4) needs an axis",
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_it_is_refused_as_numpy_refuses_it(name):
    call, x = REFUSED[name]
    with pytest.raises(Exception, match=r".") as numpys:
        call(x)
    with mg.Tape() as tape:
        x = tape.variable(x)
        with pytest.raises(Exception, match=r".") as ours:
            call(x)
    word = SAID.get(name, name.replace(",", " ").split()[0])
    assert word in str(ours.value) or (str(ours.value) == str(numpys.value) and name not in SAID)
    given, wanted = ours.type, numpys.type
    assert issubclass(given, wanted) or issubclass(wanted, given), (given, wanted)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda x: np.quantile(x, 0.5, method="nearest"), "method='nearest' is not supported"),
        (lambda x: np.geomspace(x[0], 1j, 3), "complex ends are not supported"),
        (lambda x: np.linalg.qr(np.ones((2, 3, 1)) * x[0], "complete"), "have no derivative"),
        (
            lambda x: np.einsum(f"{ascii_letters[:51]}...->...", np.reshape(x[0], (1,) * 53)),
            "needs > 52 letters",
        ),
        (lambda x: np.roll(V, x[0]), "would drop it from the tape"),
        (lambda x: np.roll(x, 1, x[0]), "would drop it from the tape"),
        (lambda x: np.pad(x, 1, constant_values=x[0]), "turning into a plain array"),
        (lambda x: np.pad(x, 1, "linear_ramp", end_values=x[0]), "turning into a plain array"),
        (lambda x: np.geomspace(x[0] * 1j, 1.0, 3), "complex ends are not supported"),
    ],
)
def test_what_numpy_can_do_and_a_variable_can_not_is_refused_in_words(call, told):
    with mg.Tape() as tape, np.errstate(all="ignore"):
        x = tape.variable(V)
        with pytest.raises((TypeError, ValueError, NotImplementedError), match=told):
            call(x)
