"""Sorting: the values in another order, which is found once and holds nearby."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.ops.index import pick_along
from minigrad.ops.rules import axis_of, ndim_of, unvarying
from minigrad.ops.shape import raveled
from minigrad.primitive import Primitive, def_jvp, def_vjp

__all__ = ["partition", "sort"]


def _arrangement(x: Any, y: Any, axis: int) -> Any:
    by_value = np.argsort(x, axis, kind="stable")
    rank = np.argsort(np.argsort(y, axis, kind="stable"), axis)
    return np.take_along_axis(by_value, rank, axis)


arrangement = unvarying(_arrangement, "arrangement", operands=2)
arrangement.__doc__ = """Return where each element of `y` stands in `x`, which has the same ones."""

sort = Primitive(lambda x, axis, kind=None: np.sort(x, axis, kind), "sort")
partition = Primitive(lambda x, axis, kth: np.partition(x, kth, axis), "partition")

for prim in (sort, partition):  # y is x in another order: so is y_dot, and x_bar is y_bar put back
    def_vjp(
        prim,
        lambda y_bar, y, x, axis, **_: pick_along(y_bar, arrangement(y, x, axis=axis), axis),
    )
    def_jvp(
        prim,
        lambda x_dot, y, x, axis, **_: pick_along(x_dot, arrangement(x, y, axis=axis), axis),
    )


@implements(np.sort)
def np_sort(a: Any, axis: int | None = -1, kind: Any = None, *, stable: Any = None) -> Any:
    """Sorted along an axis; equal elements keep their order in the derivative."""
    if axis is None:
        a, axis = raveled(a), 0
    if stable is not None:
        if kind is not None:
            raise ValueError("`kind` and `stable` parameters can't be provided at the same time")
        kind = "stable"
    return sort(a, axis=axis_of(axis, ndim_of(a)), kind=kind)


@implements(np.partition)
def np_partition(a: Any, kth: Any, axis: int | None = -1) -> Any:
    """Smaller elements before the k-th, larger ones behind it."""
    if axis is None:
        a, axis = raveled(a), 0
    return partition(a, axis=axis_of(axis, ndim_of(a)), kth=kth)
