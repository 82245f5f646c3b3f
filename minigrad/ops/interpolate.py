r"""Piecewise linear interpolation, differentiable in the point, the places and the values.

Between the places `a` and `b` of the table, with ``t = (x - a) / (b - a)`` and the slope
``s = (f_b - f_a) / (b - a)``:

.. math:: \dot y = s \dot x + (1 - t) (\dot f_a - s \dot a) + t (\dot f_b - s \dot b)

At a place of the table the slope is that of the piece on its right.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.ops.elementwise import floating, remainder, where
from minigrad.ops.index import ARRAY, cut, pick, scatter
from minigrad.ops.rules import shape_of, unvarying
from minigrad.ops.stack import join
from minigrad.primitive import Primitive, def_jvp, def_vjp

__all__ = ["interp"]

interp = Primitive(lambda x, xp, fp, left, right: np.interp(x, xp, fp, left, right), "interp")


def _place(x: Any, xp: Any, side: int) -> Any:
    last = len(xp) - 1
    left = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, max(last - 1, 0))
    return np.minimum(left + side, last)


place = unvarying(_place, "place", operands=2)
place.__doc__ = """Return the place of the table to the left (0) or right (1) of each point."""
# A sorted table begins with its minimum. So does an empty one, in which no points are looked up.
below = unvarying(lambda x, xp: x < np.min(xp, initial=np.inf), "below", operands=2)
above = unvarying(lambda x, xp: x > np.max(xp, initial=-np.inf), "above", operands=2)
order = unvarying(lambda xp: np.argsort(xp), "argsort")


def at(table: Any, places: Any) -> Any:
    """Return the elements of a vector at these places."""
    return pick(table, places, index=(ARRAY,))


def pieces(x: Any, xp: Any, fp: Any, left: Any, right: Any) -> tuple[Any, ...]:
    """Return for each point the places around it, their weights and the slope between them."""
    a, b = place(x, xp, side=0), place(x, xp, side=1)
    width = at(xp, b) - at(xp, a) if shape_of(xp)[0] > 1 else 1.0
    t = (x - at(xp, a)) / width
    low, high = below(x, xp), above(x, xp)
    w_a = where(low, float(left is None), where(high, 0.0, 1.0 - t))
    w_b = where(low, 0.0, where(high, float(right is None), t))
    slope = where(low, 0.0, where(high, 0.0, (at(fp, b) - at(fp, a)) / width))
    return a, b, w_a, w_b, slope


def blended(table_dot: Any, a: Any, b: Any, w_a: Any, w_b: Any) -> Any:
    """Return the tangent of the table at the points."""
    return w_a * at(table_dot, a) + w_b * at(table_dot, b)


def put_back(y_bar: Any, table: Any, a: Any, b: Any, w_a: Any, w_b: Any) -> Any:
    """Return the cotangent of the table: the transpose of `blended`."""
    to: dict[str, Any] = {"index": (ARRAY,), "shape": shape_of(table)}
    return scatter(y_bar * w_a, a, **to) + scatter(y_bar * w_b, b, **to)


def x_rule(d: Any, y: Any, *table: Any, **ends: Any) -> Any:
    """Apply the slope."""
    return d * pieces(*table, **ends)[-1]


def xp_vjp(y_bar: Any, y: Any, x: Any, xp: Any, fp: Any, **ends: Any) -> Any:
    *around, s = pieces(x, xp, fp, **ends)
    return -put_back(y_bar * s, xp, *around)


def fp_vjp(y_bar: Any, y: Any, x: Any, xp: Any, fp: Any, **ends: Any) -> Any:
    return put_back(y_bar, fp, *pieces(x, xp, fp, **ends)[:-1])


def xp_jvp(xp_dot: Any, y: Any, x: Any, xp: Any, fp: Any, **ends: Any) -> Any:
    *around, s = pieces(x, xp, fp, **ends)
    return -s * blended(xp_dot, *around)


def fp_jvp(fp_dot: Any, y: Any, x: Any, xp: Any, fp: Any, **ends: Any) -> Any:
    return blended(fp_dot, *pieces(x, xp, fp, **ends)[:-1])


def_vjp(interp, x_rule, xp_vjp, fp_vjp)
def_jvp(interp, x_rule, xp_jvp, fp_jvp)


@implements(np.interp)
def np_interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None
) -> Any:
    """Straight lines between the places of a table; `left` and `right` are constants."""
    x, xp, fp = floating(x), floating(xp), floating(fp)
    if period is None:
        return interp(x, xp, fp, left=left, right=right)
    period = abs(period)
    if period == 0:
        raise ValueError("period must be a non-zero value")
    x, xp = remainder(x, period), remainder(xp, period)
    ascending = order(xp)
    xp, fp = at(xp, ascending), at(fp, ascending)
    xp = join([cut(xp, 0, -1, None) - period, xp, cut(xp, 0, 0, 1) + period])
    fp = join([cut(fp, 0, -1, None), fp, cut(fp, 0, 0, 1)])
    return interp(x, xp, fp, left=None, right=None)
