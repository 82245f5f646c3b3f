"""Diagonals and triangles of matrices, and of stacks of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.ops.axes import np_moveaxis
from minigrad.ops.elementwise import where
from minigrad.ops.index import ARRAY, kept, pick, scatter
from minigrad.ops.reduce import sum_
from minigrad.ops.rules import axes_of, ndim_of, plain_integer, shape_of
from minigrad.ops.shape import raveled

__all__ = ["diagonal"]

BOTH = (..., ARRAY, ARRAY)


def places(rows: int, columns: int, k: int) -> tuple[Any, Any]:
    """Return the row and column numbers of the k-th diagonal."""
    first, last = max(-k, 0), min(rows, columns - k)
    numbers = np.arange(first, max(first, last))
    return kept(numbers), kept(numbers + k)


def diagonal(x: Any, k: int) -> Any:
    """Return the k-th diagonal of the last two axes, as the last axis."""
    rows, columns = shape_of(x)[-2:]
    return pick(x, *places(rows, columns, plain_integer(k)), index=BOTH)


@implements(np.diagonal, method=True)
def np_diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """A diagonal of two axes, as the last axis; the other axes stay."""
    if ndim_of(a) < 2:
        raise ValueError("diag requires an array of at least two dimensions")
    plane = axes_of((axis1, axis2), ndim_of(a))
    return diagonal(np_moveaxis(a, plane, (-2, -1)), offset)


@implements(np.diag)
def np_diag(v: Any, k: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix with a vector on its diagonal."""
    k = plain_integer(k)
    if ndim_of(v) == 2:
        return diagonal(v, k)
    if ndim_of(v) != 1:
        raise ValueError("Input must be 1- or 2-d.")
    n = shape_of(v)[0] + abs(k)
    return scatter(v, *places(n, n, k), index=BOTH, shape=(n, n))


@implements(np.diagflat)
def np_diagflat(v: Any, k: int = 0) -> Any:
    """The matrix with all elements, in a row, on its diagonal."""
    return np_diag(raveled(v), k)


@implements(np.trace, method=True)
def np_trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Sum of a diagonal."""
    return sum_(np_diagonal(a, offset, axis1, axis2), axis=(max(ndim_of(a) - 2, 0),))


def lower(m: Any, k: Any) -> Any:
    """Return where the last two axes are on the k-th diagonal or below; a vector is a row."""
    rows, columns = (shape_of(m)[-1:] + shape_of(m))[-2:]
    return np.tri(rows, columns, k, dtype=bool)


@implements(np.tril)
def np_tril(m: Any, k: int = 0) -> Any:
    """Lower triangle: zeros above the k-th diagonal."""
    return where(lower(m, plain_integer(k)), m, 0)


@implements(np.triu)
def np_triu(m: Any, k: int = 0) -> Any:
    """Upper triangle: zeros below the k-th diagonal."""
    return where(lower(m, plain_integer(k) - 1), 0, m)
