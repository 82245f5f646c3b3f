"""Norms of vectors and matrices, and the condition number.

A norm has a kink at 0. There, and wherever a single element or singular value makes a kink of its
own, the slope is taken to be 0, as that of ``abs`` is. Where several elements are the largest,
they share the slope equally.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.ops.axes import np_moveaxis
from minigrad.ops.decompositions import svdvals
from minigrad.ops.elementwise import absolute, astype, sign, where
from minigrad.ops.linalg import inv
from minigrad.ops.products import conj
from minigrad.ops.reduce import max_, min_, reduction, sum_
from minigrad.ops.rules import axes_of, ndim_of, shape_of, unvarying
from minigrad.ops.shape import reshape
from minigrad.variable import value_of

is_nonzero = unvarying(lambda x: np.not_equal(x, 0), "is_nonzero")


def slope(y: Any, x: Any, axis: Any, ord: Any = None) -> Any:
    """Return the slope of a norm that is ``sum(abs(x)**p) ** (1/p)`` with p = `ord`."""
    here = is_nonzero(y)
    y = where(here, y, 1.0)
    if ord is None or ord in ("fro", "f", 2):
        return conj(x) * where(here, 1.0 / y, 0.0)
    size = where(is_nonzero(x), absolute(x), 1.0)
    direction = conj(x) / size if np.iscomplexobj(value_of(x)) else sign(x)
    return direction if ord == 1 else direction * where(here, (size / y) ** (ord - 1), 0.0)


def vector_norms(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the norms of vectors as a NumPy function computes them, recorded."""
    name = function.__name__
    smooth = reduction(lambda x, **how: function(x, **how), slope)
    steps = unvarying(lambda x, **how: function(x, **how), name)
    smooth.name = name

    def norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
        if ord == 0 or 0 in shape_of(x):
            return steps(x, axis=axis, keepdims=keepdims, ord=ord)
        if ord in (np.inf, -np.inf):
            return (max_ if ord > 0 else min_)(absolute(x), axis=axis, keepdims=keepdims)
        return smooth(x, axis=axis, keepdims=keepdims, ord=ord)

    return norm


norm, vector_norm = vector_norms(np.linalg.norm), vector_norms(np.linalg.vector_norm)


def matrix_norm(x: Any, ord: Any, axis: tuple[int, int], keepdims: bool) -> Any:
    """Return a norm of the matrices whose rows and columns are the two axes."""
    shape = shape_of(x)
    if ord in (None, "fro", "f") or 0 in shape:
        return norm(x, ord, axis, keepdims)
    if ord in (1, -1, np.inf, -np.inf):
        summed, chosen = axis if abs(ord) == 1 else axis[::-1]
        sums = sum_(absolute(x), axis=(summed,), keepdims=True)
        y = (max_ if ord > 0 else min_)(sums, axis=(chosen,))
    elif ord in (2, -2, "nuc"):
        s = svdvals(np_moveaxis(x, axis, (-2, -1)), hermitian=False)
        y = {2: max_, -2: min_, "nuc": sum_}[ord](s, axis=(ndim_of(s) - 1,))
    else:
        raise ValueError(f"norm: ord={ord!r} is not the order of a matrix norm")
    kept = [1 if k in axis else n for k, n in enumerate(shape) if keepdims or k not in axis]
    return y if shape_of(y) == tuple(kept) else reshape(y, shape=tuple(kept))


@implements(np.linalg.norm)
def np_norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """A norm of vectors (one axis) or matrices (two axes); without either, of all elements."""
    ndim = ndim_of(x)
    if axis is None and (ord is None or (ndim, ord) in ((1, 2), (2, "fro"), (2, "f"))):
        return norm(x, ord, None, keepdims)
    axes = tuple(range(ndim)) if axis is None else axes_of(axis, ndim) or ()
    if len(axes) == 1:
        if isinstance(ord, str):
            raise ValueError(f"norm: ord={ord!r} is for matrices, and this is of vectors")
        return norm(x, ord, axes, keepdims)
    if len(axes) == 2:
        return matrix_norm(x, ord, (axes[0], axes[1]), keepdims)
    raise ValueError(f"norm: expected one axis or two, got axis={axis} of shape {shape_of(x)}")


@implements(np.linalg.vector_norm)
def np_vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """A norm of vectors, over any number of axes."""
    return vector_norm(x, ord, axes_of(axis, ndim_of(x)), keepdims)


@implements(np.linalg.matrix_norm)
def np_matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """A norm of the matrices in the last two axes."""
    return np_norm(x, ord, (-2, -1), keepdims)


@implements(np.linalg.cond)
def np_cond(x: Any, p: Any = None) -> Any:
    """The condition number: how much a matrix stretches, times how much its inverse does."""
    if p is None or p in (2, -2):
        s = svdvals(x, hermitian=False)
        ends = (s[..., 0], s[..., -1]) if p != -2 else (s[..., -1], s[..., 0])
        return ends[0] / ends[1]
    dtype = np.result_type(value_of(x), np.float32)
    inverse = inv(converted(x, np.result_type(dtype, np.float64)))  # NumPy's is in double, too
    y = np_norm(x, p, (-2, -1)) * np_norm(inverse, p, (-2, -1))
    return converted(y, np.finfo(dtype).dtype)


def converted(x: Any, dtype: Any) -> Any:
    """Return `x` with elements of a type."""
    return x if np.result_type(value_of(x)) == dtype else astype(x, dtype=dtype)
