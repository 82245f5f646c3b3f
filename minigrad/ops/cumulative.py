"""Running sums and products.

A running product has no division in its rules, so zeros are no special case. Its cotangent obeys
a linear recurrence, which is a primitive here; the derivative of a recurrence is a recurrence,
and so every order is covered by the same lines.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dispatch import REDUCTIONS, implements
from minigrad.ops.axes import flip
from minigrad.ops.elementwise import where
from minigrad.ops.index import cut
from minigrad.ops.rules import axis_of, linear, ndim_of, shape_of, unvarying
from minigrad.ops.shape import along
from minigrad.ops.stack import join
from minigrad.primitive import Primitive, def_jvp, def_vjp
from minigrad.variable import value_of

__all__ = ["before", "cumprod", "cumsum", "recurrence"]


def reverse(x: Any, axis: int) -> Any:
    """Return `x` backwards along an axis."""
    return flip(x, axis=(axis,))


def layer_of(y: Any, axis: int, number: int) -> Any:
    """Return a constant of the shape of one layer of `y` along an axis, if it has any."""
    shape = [min(n, 1) if k == axis else n for k, n in enumerate(shape_of(y))]
    return np.full(shape, number, value_of(y).dtype)


def shifted(y: Any, axis: int, first: int) -> Any:
    """Return `y` moved on by one along an axis, with a constant in the first place."""
    return join([layer_of(y, axis, first), cut(y, axis, 0, -1)], axis)


def before(x: Any, axis: int) -> Any:
    """Return for each element the product of those before it."""
    return shifted(cumprod(x, axis=axis), axis, 1)


def _recurrence(a: Any, b: Any, axis: int) -> Any:
    s = np.empty(b.shape, np.result_type(a, b))
    rows, a, b = (np.moveaxis(z, axis, 0) for z in (s, a, b))
    for k in range(len(rows)):
        rows[k] = b[k] if k == 0 else a[k] * rows[k - 1] + b[k]
    return s


recurrence = Primitive(_recurrence, "recurrence")
recurrence.__doc__ = """Solve ``s[k] = a[k] * s[k-1] + b[k]`` along an axis, from ``s[-1] = 0``."""


def carried_back(a: Any, s_bar: Any, axis: int) -> Any:
    """Return the cotangent of `b` in a recurrence: the same with ``a[k+1]``, from the end."""
    ahead = shifted(reverse(a, axis), axis, 0)
    return reverse(recurrence(ahead, reverse(s_bar, axis), axis=axis), axis)


cumsum: Primitive = linear(
    lambda x, axis: np.cumsum(x, axis),
    lambda y_bar, x, axis: reverse(cumsum(reverse(y_bar, axis), axis=axis), axis),
    "cumsum",
)
cumprod = Primitive(lambda x, axis: np.cumprod(x, axis), "cumprod")

# fmt: off
# With y[-1] = 1 and s[-1] = 0, at the place k:
#   y[k] = x[k] y[k-1]             y_dot[k] = x[k] y_dot[k-1] + x_dot[k] y[k-1]
#   s[k] = a[k] s[k-1] + b[k]      s_dot[k] = a[k] s_dot[k-1] + a_dot[k] s[k-1] + b_dot[k]
def_vjp(cumprod,
    lambda y_bar, y, x, axis:    carried_back(x, y_bar, axis) * shifted(y, axis, 1))
def_jvp(cumprod,
    lambda x_dot, y, x, axis:    recurrence(x, x_dot * shifted(y, axis, 1), axis=axis))
def_vjp(recurrence,
    lambda s_bar, s, a, b, axis: carried_back(a, s_bar, axis) * shifted(s, axis, 0),
    lambda s_bar, s, a, b, axis: carried_back(a, s_bar, axis))
def_jvp(recurrence,
    lambda a_dot, s, a, b, axis: recurrence(a, a_dot * shifted(s, axis, 0), axis=axis),
    lambda b_dot, s, a, b, axis: recurrence(a, b_dot, axis=axis))
# fmt: on


def running(prim: Primitive, x: Any, axis: int | None) -> Any:
    """Return a running result along an axis; without one, over all elements in a row."""
    x, axis = along(x, axis)
    return prim(x, axis=axis)


@implements(np.cumsum, method=True)
def np_cumsum(a: Any, axis: int | None = None) -> Any:
    """Running sum."""
    return running(cumsum, a, axis)


@implements(np.cumprod, method=True)
def np_cumprod(a: Any, axis: int | None = None) -> Any:
    """Running product, with the right derivative where elements are zero."""
    return running(cumprod, a, axis)


def cumulative(prim: Primitive, first: int, x: Any, axis: int | None, include_initial: bool) -> Any:
    """Return a running result as the array standard has it, with or without an empty beginning."""
    if axis is None and ndim_of(x) > 1:
        raise ValueError(f"an array of shape {shape_of(x)} needs an axis; only a vector does not")
    x, axis = along(x, axis)
    y = prim(x, axis=axis)
    if not include_initial:
        return y
    shape = [1 if k == axis else n for k, n in enumerate(shape_of(x))]
    return join([np.full(shape, first, value_of(y).dtype), y], axis)


def np_cumulative_sum(x: Any, /, *, axis: int | None = None, include_initial: bool = False) -> Any:
    """Running sum."""
    return cumulative(cumsum, 0, x, axis, include_initial)


def np_cumulative_prod(x: Any, /, *, axis: int | None = None, include_initial: bool = False) -> Any:
    """Running product."""
    return cumulative(cumprod, 1, x, axis, include_initial)


if hasattr(np, "cumulative_sum"):
    implements(np.cumulative_sum)(np_cumulative_sum)
    implements(np.cumulative_prod)(np_cumulative_prod)


isnan = unvarying(np.isnan)


@implements(np.nancumsum)
def np_nancumsum(a: Any, axis: int | None = None) -> Any:
    """Running sum in which NaN counts as 0."""
    return running(cumsum, where(isnan(a), 0.0, a), axis)


@implements(np.nancumprod)
def np_nancumprod(a: Any, axis: int | None = None) -> Any:
    """Running product in which NaN counts as 1."""
    return running(cumprod, where(isnan(a), 1.0, a), axis)


def accumulating(prim: Primitive) -> Any:
    """Return the handler of a ufunc's `accumulate`, whose axis is the first at first."""

    def accumulate(array: Any, axis: int = 0) -> Any:
        return prim(array, axis=axis_of(axis, ndim_of(array)))

    return accumulate


REDUCTIONS[np.add, "accumulate"] = accumulating(cumsum)
REDUCTIONS[np.multiply, "accumulate"] = accumulating(cumprod)
