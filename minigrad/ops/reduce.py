r"""Reductions: many numbers to one, along some axes or all.

The derivative of a reduction is a weighted sum: :math:`\dot y = \sum_i s_i \dot x_i`, where the
slope :math:`s_i = \partial y / \partial x_i` has the shape of `x`. A row of the table gives the
function and its slope; :func:`reduction` makes both rules of it.

Where several elements are the largest, or the middle one, they share the slope equally. Of equal
numbers the variance is 0 and so is the slope of their standard deviation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.dispatch import REDUCTIONS, UFUNCS, implements
from minigrad.ops.axes import inverse, transpose
from minigrad.ops.cumulative import before, reverse
from minigrad.ops.elementwise import conjugate, where
from minigrad.ops.rules import axes_of, ndim_of, shape_of, unvarying
from minigrad.ops.shape import broadcast_to, reshape
from minigrad.primitive import Primitive, def_jvp, def_vjp
from minigrad.variable import value_of

__all__ = [
    "by_axis",
    "conjugated",
    "count_of",
    "mean",
    "named",
    "reduction",
    "restored",
    "root_of_variance",
    "share",
    "sum_",
    "variance",
    "with_freedom",
    "with_initial",
]

Axes = tuple[int, ...] | None


def restored(y: Any, shape: tuple[int, ...], axis: Axes, keepdims: bool) -> Any:
    """Return `y` as it broadcasts against the operand: reduced axes there, with length 1."""
    if keepdims or axis is None:
        return y
    return reshape(y, shape=tuple(1 if k in axis else n for k, n in enumerate(shape)))


def count_of(x: Any, axis: Axes = None, keepdims: bool = False) -> int:
    """Return how many elements of `x` go into one result."""
    shape = shape_of(x)
    return math.prod(shape if axis is None else (shape[k] for k in axis))


def spread(y_bar: Any, x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Return `y_bar` repeated over the elements that it was reduced from."""
    shape = shape_of(x)
    return broadcast_to(restored(y_bar, shape, axis, keepdims), shape=shape)


def reduction(function: Callable[..., Any], slope: Callable[..., Any]) -> Primitive:
    """Make a primitive of ``function(x, axis=, keepdims=, ...)``.

    ``slope(y, x, axis, **params)`` is given the output with its reduced axes kept.
    """
    prim = Primitive(function)

    def weights(y: Any, x: Any, axis: Axes = None, keepdims: bool = False, **params: Any) -> Any:
        return slope(restored(y, shape_of(x), axis, keepdims), x, axis, **params)

    def vjp(
        y_bar: Any, y: Any, x: Any, axis: Axes = None, keepdims: bool = False, **params: Any
    ) -> Any:
        return restored(y_bar, shape_of(x), axis, keepdims) * weights(
            y, x, axis, keepdims, **params
        )

    def jvp(
        x_dot: Any, y: Any, x: Any, axis: Axes = None, keepdims: bool = False, **params: Any
    ) -> Any:
        return sum_(x_dot * weights(y, x, axis, keepdims, **params), axis=axis, keepdims=keepdims)

    def_vjp(prim, vjp)
    def_jvp(prim, jvp)
    return prim


def _share(x: Any, y: Any, axis: Axes, initial: Any = None) -> Any:
    hit = (x == y) | ((x != x) & (y != y))
    count = np.add.reduce(hit, axis=axis, keepdims=True)
    if initial is not None:
        count = count + (y == initial)
    return (hit / np.maximum(count, 1)).astype(np.asarray(x).dtype)


share = unvarying(_share, "share", operands=2)
share.__doc__ = """Return equal weights, of sum 1, for the elements of `x` that are `y`."""


def merged(x: Any, axis: Axes) -> tuple[Any, Callable[[Any], Any]]:
    """Return `x` with the given axes made one, at the end; and the function that undoes it."""
    ndim = ndim_of(x)
    gone = range(ndim) if axis is None else axis
    order = (*(k for k in range(ndim) if k not in gone), *gone)
    moved = transpose(x, axes=order)
    shape = shape_of(moved)
    rows = reshape(moved, shape=(*shape[: ndim - len(gone)], math.prod(shape[ndim - len(gone) :])))
    return rows, lambda z: transpose(reshape(z, shape=shape), axes=inverse(order))


def others(y: Any, x: Any, axis: Axes, initial: Any = None) -> Any:
    """Return for each element the product of all the others; zeros are no special case."""
    rows, back = merged(x, axis)
    last = ndim_of(rows) - 1
    product = back(before(rows, last) * reverse(before(reverse(rows, last), last), last))
    return product if initial is None else product * initial


def conjugated(x: Any) -> Any:
    """Return `x`, conjugated if it is complex: the slope of ``abs(x)**2`` is twice that."""
    return conjugate(x) if np.iscomplexobj(value_of(x)) else x


def deviation(x: Any, axis: Axes, ddof: Any) -> tuple[Any, Any]:
    """Return how far each element is from the mean, and the degrees of freedom."""
    return conjugated(x - mean(x, axis=axis, keepdims=True)), count_of(x, axis) - ddof


def variance(deviation: Callable[..., Any]) -> Callable[..., Any]:
    """Return the slope of a variance."""

    def slope(y: Any, x: Any, axis: Axes, ddof: Any = 0) -> Any:
        away, freedom = deviation(x, axis, ddof)
        return away * 2 / freedom

    return slope


def root_of_variance(deviation: Callable[..., Any]) -> Callable[..., Any]:
    """Return the slope of a standard deviation, 0 where all numbers are equal."""

    def slope(y: Any, x: Any, axis: Axes, ddof: Any = 0) -> Any:
        away, freedom = deviation(x, axis, ddof)
        differ = unequal(x, axis=axis)
        return where(differ, away / (where(differ, y, 1.0) * freedom), 0.0)

    return slope


unequal = unvarying(
    lambda x, axis: (
        np.fmax.reduce(x, axis=axis, keepdims=True) > np.fmin.reduce(x, axis=axis, keepdims=True)
    ),
    "unequal",
)


def _sum(x: Any, axis: Axes = None, keepdims: bool = False, **initial: Any) -> Any:
    return np.add.reduce(x, axis=axis, keepdims=keepdims, **initial)


sum_: Primitive = Primitive(_sum, "sum")
mean: Primitive = Primitive(
    lambda x, axis=None, keepdims=False: np.mean(x, axis, keepdims=keepdims), "mean"
)

# fmt: off
def_vjp(sum_, lambda y_bar, y, x, initial=None, **at: spread(y_bar, x, **at))
def_jvp(sum_, lambda x_dot, y, x, initial=None, **at: sum_(x_dot, **at))
def_vjp(mean, lambda y_bar, y, x, **at:            spread(y_bar / count_of(x, **at), x, **at))
def_jvp(mean, lambda x_dot, y, x, **at:            mean(x_dot, **at))

# primitive           function    slope(y, x, axis)
prod      = reduction(np.prod,    others)
max_      = reduction(np.max,     lambda y, x, axis, **initial: share(x, y, axis=axis, **initial))
min_      = reduction(np.min,     lambda y, x, axis, **initial: share(x, y, axis=axis, **initial))
var       = reduction(np.var,     variance(deviation))
std       = reduction(np.std,     root_of_variance(deviation))
# fmt: on


# NumPy's names. A keyword behind a gap in NumPy's order has to be named.


def reduced(axis: Any, x: Any) -> Axes:
    """Return the axes to reduce; a number has none, and may still be reduced along axis 0 or -1."""
    ndim = ndim_of(x)
    return () if ndim == 0 and axis in (0, -1) else axes_of(axis, ndim)


def named(handler: Callable[..., Any], prim: Primitive) -> Callable[..., Any]:
    """Return the handler under the name that Python's errors should give it."""
    handler.__name__ = handler.__qualname__ = prim.name
    return handler


def by_axis(prim: Primitive) -> Callable[..., Any]:
    """Return the handler of a reduction."""

    def handler(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        return prim(a, axis=reduced(axis, a), keepdims=keepdims)

    return named(handler, prim)


def with_initial(prim: Primitive) -> Callable[..., Any]:
    """Return the handler of a reduction that may start from a constant."""

    def handler(a: Any, axis: Any = None, *, keepdims: bool = False, initial: Any = None) -> Any:
        start = {} if initial is None else {"initial": initial}
        return prim(a, axis=reduced(axis, a), keepdims=keepdims, **start)

    return named(handler, prim)


def with_freedom(prim: Primitive) -> Callable[..., Any]:
    """Return the handler of a variance; `correction` is the array standard's name for `ddof`."""

    def handler(
        a: Any, axis: Any = None, *, ddof: Any = 0, keepdims: bool = False, correction: Any = None
    ) -> Any:
        if correction is not None and ddof != 0:
            raise ValueError("ddof and correction can't be provided simultaneously.")
        ddof = ddof if correction is None else correction
        return prim(a, axis=reduced(axis, a), keepdims=keepdims, ddof=ddof)

    return named(handler, prim)


np_sum = implements(np.sum, method=True)(with_initial(sum_))
np_prod = implements(np.prod, method=True)(with_initial(prod))
np_max = implements(np.max, np.amax, method=True)(with_initial(max_))
np_min = implements(np.min, np.amin, method=True)(with_initial(min_))
implements(np.mean, method=True)(by_axis(mean))
implements(np.var, method=True)(with_freedom(var))
implements(np.std, method=True)(with_freedom(std))


@implements(np.ptp)
def np_ptp(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Largest element less the smallest."""
    return np_max(a, axis, keepdims=keepdims) - np_min(a, axis, keepdims=keepdims)


# The methods of ufuncs: np.add.reduce, np.multiply.outer and their like


def reducing(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Return the handler of a ufunc's `reduce`, which by default goes along the first axis."""

    def reduce(array: Any, axis: Any = 0, *, keepdims: bool = False, initial: Any = None) -> Any:
        return handler(array, axis, keepdims=keepdims, initial=initial)

    return reduce


def outer(prim: Callable[..., Any]) -> Callable[..., Any]:
    """Return the handler of a ufunc's `outer`: each element of `A` with each of `B`."""

    def each_with_each(A: Any, B: Any) -> Any:
        return prim(reshape(A, shape=shape_of(A) + (1,) * ndim_of(B)), B)

    return each_with_each


REDUCTIONS[np.add, "reduce"] = reducing(np_sum)
REDUCTIONS[np.multiply, "reduce"] = reducing(np_prod)
REDUCTIONS[np.maximum, "reduce"] = reducing(np_max)
REDUCTIONS[np.minimum, "reduce"] = reducing(np_min)
for ufunc, prim in UFUNCS.items():
    if ufunc.nin == 2 and ufunc.signature is None:
        REDUCTIONS[ufunc, "outer"] = outer(prim)
