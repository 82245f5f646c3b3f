r"""Piecewise linear interpolation, differentiable in the point, the places and the values.

Between the places `l` and `r` of the table, with ``t = (x - l) / (r - l)`` and the slope
``s = (f_r - f_l) / (r - l)``:

.. math:: \dot y = s \dot x + (1 - t) (\dot f_l - s \dot l) + t (\dot f_r - s \dot r)

At a place of the table the slope is that of the piece on its right.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.ops.elementwise import remainder, where
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
below = unvarying(lambda x, xp: x < xp[0], "below", operands=2)
above = unvarying(lambda x, xp: x > xp[-1], "above", operands=2)
order = unvarying(lambda xp: np.argsort(xp), "argsort")


def at(table: Any, places: Any) -> Any:
    """Return the elements of a vector at these places."""
    return pick(table, places, index=(ARRAY,))


def pieces(x: Any, xp: Any, fp: Any, left: Any, right: Any) -> tuple[Any, ...]:
    """Return for each point the places around it, their weights and the slope between them."""
    l, r = place(x, xp, side=0), place(x, xp, side=1)
    x_l = at(xp, l)
    width = at(xp, r) - x_l if shape_of(xp)[0] > 1 else 1.0
    t = (x - x_l) / width
    low, high = below(x, xp), above(x, xp)
    w_l = where(low, float(left is None), where(high, 0.0, 1.0 - t))
    w_r = where(low, 0.0, where(high, float(right is None), t))
    s = where(low, 0.0, where(high, 0.0, (at(fp, r) - at(fp, l)) / width))
    return l, r, w_l, w_r, s


def blended(table_dot: Any, l: Any, r: Any, w_l: Any, w_r: Any) -> Any:
    """Return the tangent of the table at the points."""
    return w_l * at(table_dot, l) + w_r * at(table_dot, r)


def spread(y_bar: Any, table: Any, l: Any, r: Any, w_l: Any, w_r: Any) -> Any:
    """Return the cotangent of the table: the transpose of `blended`."""
    put = {"index": (ARRAY,), "shape": shape_of(table)}
    return scatter(y_bar * w_l, l, **put) + scatter(y_bar * w_r, r, **put)


def x_rule(d: Any, y: Any, *table: Any, **ends: Any) -> Any:
    """Apply the slope."""
    return d * pieces(*table, **ends)[-1]


def xp_vjp(y_bar: Any, y: Any, x: Any, xp: Any, fp: Any, **ends: Any) -> Any:
    *around, s = pieces(x, xp, fp, **ends)
    return -spread(y_bar * s, xp, *around)


def fp_vjp(y_bar: Any, y: Any, x: Any, xp: Any, fp: Any, **ends: Any) -> Any:
    return spread(y_bar, fp, *pieces(x, xp, fp, **ends)[:-1])


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
