"""Sums and maxima of small arrays, and of their rows and columns, at BLAS's speed.

NumPy reduces a short last axis row by row, which for a batch of class scores takes longer than
the exponentials. A sum is also a product with a vector of ones, and a maximum along the last axis
is one along the first axis of the transpose. Of products, the sum is one product of two vectors.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from minigrad.primitive import def_jvp, def_vjp, primitive
from minigrad.variable import value_of

__all__ = ["highest", "inner", "spread_rows", "sum_along", "sum_rows", "summed"]


FLOATS = np.dtype(np.float32), np.dtype(np.float64)


@lru_cache(maxsize=64)
def ones(n: int, dtype: Any) -> Any:
    """Return a read-only vector of ones."""
    vector = np.ones(n, dtype)
    vector.setflags(write=False)
    return vector


@lru_cache(maxsize=64)
def starts(rows: int, columns: int) -> Any:
    """Return where the rows of a matrix begin in its elements, read-only."""
    places = np.arange(0, rows * columns, columns or 1)
    places.setflags(write=False)
    return places


def places(matrix: Any, columns: Any) -> Any:
    """Return where, in the elements of a matrix, is that of one column in each row."""
    return starts(*matrix.shape) + columns.astype(np.intp, copy=False)


def is_matrix(x: Any) -> bool:
    """Whether BLAS multiplies this by a vector."""
    return type(x) is np.ndarray and x.ndim == 2 and x.dtype.char in "fdFD"


def highest(x: Any, axis: Any) -> Any:
    """Return the largest element along an axis, which is kept, of a plain array."""
    if is_matrix(x) and axis in (1, -1):
        return np.maximum.reduce(np.ascontiguousarray(x.T))[:, np.newaxis]
    return np.maximum.reduce(x, axis=axis, keepdims=True)


def sum_along(x: Any, axis: Any) -> Any:
    """Return the sum along an axis, which is kept, of an array or Variable."""
    if is_matrix(x) and axis in (1, -1):
        return x.dot(ones(x.shape[1], x.dtype))[:, np.newaxis]
    return np.sum(x, axis=axis, keepdims=True)


@primitive
def sum_rows(x: Any) -> Any:
    """Return the sum over the first axis: what broadcasting a bias over the rows turns into.

    Of a matrix it is ``ones @ x``: BLAS takes half the time of `numpy.sum`.
    """
    if adds_by_product(x.dtype, x.shape):
        return ones(len(x), x.dtype).dot(x)
    return np.add.reduce(x)


def adds_by_product(dtype: Any, shape: tuple[int, ...]) -> bool:
    """Whether `sum_rows` of such an array is a product with ones: a matrix that BLAS knows."""
    return len(shape) == 2 and dtype in FLOATS


@primitive
def spread_rows(x: Any, rows: int) -> Any:
    """Return `x` repeated along a new first axis, without a copy."""
    if not (isinstance(x, np.ndarray) and x.flags.c_contiguous):
        return np.broadcast_to(x, (rows, *np.shape(x)))
    # What np.broadcast_to makes, in a tenth of its time.
    return np.ndarray((rows, *x.shape), x.dtype, x, 0, (0, *x.strides))


@primitive
def inner(a: Any, b: Any) -> Any:
    """Return the sum of the products of two arrays of one shape, of which none is conjugated."""
    return a.ravel().dot(b.ravel())  # half the time of np.vdot, if they are small


def summed(d: Any, x: Any) -> Any:
    """Return the sum of ``d * x``: the cotangent of a number that `x` was multiplied by.

    `d` has the shape of the product, to which `x` broadcasts. A `d` without axes is the tangent of
    the number, and nothing is summed.
    """
    shape = getattr(d, "shape", ())
    if shape == ():
        return d * x
    return inner(d, x) if shape == getattr(x, "shape", ()) else np.sum(d * x)


def_vjp(sum_rows, lambda y_bar, y, x: spread_rows(y_bar, rows=len(value_of(x))))
def_jvp(sum_rows, lambda x_dot, y, x: sum_rows(x_dot))
def_vjp(spread_rows, lambda y_bar, y, x, rows: sum_rows(y_bar))
def_jvp(spread_rows, lambda x_dot, y, x, rows: spread_rows(x_dot, rows=rows))
def_vjp(inner, lambda y_bar, y, a, b: y_bar * b, lambda y_bar, y, a, b: y_bar * a)
def_jvp(inner, lambda a_dot, y, a, b: inner(a_dot, b), lambda b_dot, y, a, b: inner(a, b_dot))
