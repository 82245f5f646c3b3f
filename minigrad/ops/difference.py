"""Differences, and sums that undo them: finite differences, the trapezoidal rule."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.ops.elementwise import astype, floating
from minigrad.ops.index import cut
from minigrad.ops.reduce import sum_
from minigrad.ops.rules import axes_of, axis_of, ndim_of, shape_of
from minigrad.ops.shape import broadcast_to, raveled, reshape
from minigrad.ops.stack import join
from minigrad.variable import Variable, value_of

__all__: list[str] = []


@implements(np.diff)
def np_diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours, taken n times."""
    n = operator.index(n)
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")
    if n == 0:
        return a
    if ndim_of(a) == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    axis = axis_of(axis, ndim_of(a))
    parts = [at_end(x, a, axis) for x in (prepend, a, append) if x is not None]
    a = join(parts, axis) if len(parts) > 1 else a
    for _ in range(n):
        a = cut(a, axis, 1, None) - cut(a, axis, None, -1)
    return a


def at_end(x: Any, a: Any, axis: int) -> Any:
    """Return what is put before or behind `a`: a number becomes a layer."""
    if ndim_of(x) > 0:
        return x
    return broadcast_to(x, shape=tuple(1 if k == axis else n for k, n in enumerate(shape_of(a))))


@implements(np.ediff1d)
def np_ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of neighbours of all elements in a row, between two given ends."""
    row = raveled(ary)
    inside = cut(row, 0, 1, None) - cut(row, 0, None, -1)
    parts = [
        inside if x is row else end_of(x, row) for x in (to_begin, row, to_end) if x is not None
    ]
    return join(parts) if len(parts) > 1 else inside


def end_of(x: Any, row: Any) -> Any:
    """Return an end of `ediff1d` as a vector of the type of the row."""
    have, wanted = np.asarray(value_of(x)), np.asarray(value_of(row)).dtype
    if not np.can_cast(have.dtype, wanted, casting="same_kind"):
        raise TypeError(f"ediff1d: an end has dtype {have.dtype}; expected {wanted} or narrower")
    return raveled(astype(x, dtype=wanted))


@implements(np.trapezoid)
def np_trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Integral by the trapezoidal rule, differentiable in the places as well."""
    along = axis_of(axis, ndim_of(y))
    if x is not None and ndim_of(x) == 1:
        dx = reshape(np.diff(x), shape=(-1,) + (1,) * (ndim_of(y) - along - 1))
    elif x is not None:
        dx = np.diff(x, axis=axis)
    areas = dx * (cut(y, along, 1, None) + cut(y, along, None, -1)) / 2.0
    # Places or steps may have more axes than y; NumPy counts `axis` anew in each array.
    return sum_(areas, axis=(axis_of(axis, ndim_of(areas)),))


@implements(np.gradient)
def np_gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences, one-sided at the edges; spacings may vary, places may too."""
    axes = axes_of(range(ndim_of(f)) if axis is None else axis, ndim_of(f)) or ()
    if np.asarray(value_of(f)).dtype.kind != "b":  # of which there are no differences
        f = floating(f)
    if edge_order not in (1, 2):
        raise ValueError(f"gradient: edge_order={edge_order!r}; expected 1 or 2")
    if not varargs:
        varargs = (1.0,)
    if len(varargs) == 1 and ndim_of(varargs[0]) == 0:
        varargs *= len(axes)
    if len(varargs) != len(axes):
        raise TypeError(f"gradient: {len(varargs)} spacings for {len(axes)} axes")
    found = [
        slopes(f, k, spacing(h, shape_of(f)[k]), edge_order)
        for k, h in zip(axes, varargs, strict=True)
    ]
    return found[0] if len(found) == 1 else tuple(found)


def spacing(h: Any, n: int) -> Any:
    """Return the distance of neighbours: a number, or an array of them from their places."""
    if ndim_of(h) == 0:
        return h
    if ndim_of(h) != 1:
        raise ValueError("distances must be either scalars or 1d")
    if shape_of(h) != (n,):
        raise ValueError("when 1d, distances must match the length of the corresponding dimension")
    if isinstance(h, Variable):
        return np_diff(h)  # each place has its own derivative, also if they are even now
    steps = np.diff(np.asarray(h) * 1.0)
    return steps[0] if (steps == steps[0]).all() else steps


def slopes(f: Any, axis: int, h: Any, edge_order: int) -> Any:
    """Return the slopes along one axis; the formulas are those of NumPy's documentation."""
    n = shape_of(f)[axis]
    if n < edge_order + 1:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, "
            "at least (edge_order + 1) elements are required."
        )

    def at(start: int | None, stop: int | None) -> Any:
        return cut(f, axis, start, stop)

    if ndim_of(h) == 0:
        first = last = h
        inside = (at(2, None) - at(None, -2)) / (2.0 * h)
        start = end = (-1.5 / h, 2.0 / h, -0.5 / h)
    else:
        first, last = h[0], h[-1]
        left, right = h[:-1], h[1:]
        column = (-1,) + (1,) * (ndim_of(f) - axis - 1)
        a = reshape(-right / (left * (left + right)), shape=column)
        b = reshape((right - left) / (left * right), shape=column)
        c = reshape(left / (right * (left + right)), shape=column)
        inside = a * at(None, -2) + b * at(1, -1) + c * at(2, None)
        if edge_order == 2:
            start, end = one_sided(h[0], h[1]), one_sided(h[-1], h[-2])
    if edge_order == 1:
        edges = (at(1, 2) - at(0, 1)) / first, (at(-1, None) - at(-2, -1)) / last
    else:
        a, b, c = start
        z, y, x = end  # seen from the other end, so with the other sign
        edges = (
            a * at(0, 1) + b * at(1, 2) + c * at(2, 3),
            -x * at(n - 3, n - 2) + -y * at(n - 2, n - 1) + -z * at(n - 1, n),
        )
    found = join([edges[0], inside, edges[1]], axis)
    kind = np.asarray(value_of(f)).dtype
    return astype(found, dtype=kind) if kind.kind in "fc" and found.dtype != kind else found


def one_sided(near: Any, far: Any) -> tuple[Any, Any, Any]:
    """Return the weights of the three elements at an edge, from their two distances."""
    return (
        -(2.0 * near + far) / (near * (near + far)),
        (near + far) / (near * far),
        -near / (far * (near + far)),
    )
