"""Joining arrays and taking them apart.

The cotangent of a joined array, cut at the seams, is what its parts receive; a part's tangent
lies between zeros.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.ops.axes import np_transpose
from minigrad.ops.index import ARRAY, cut, kept, pick, scatter
from minigrad.ops.rules import axis_of, ndim_of, plain_integer, shape_of
from minigrad.ops.shape import at_least, broadcast_to, np_astype, raveled, reshape
from minigrad.primitive import Primitive, by_position, def_jvp, def_vjp
from minigrad.variable import value_of

__all__ = ["concatenate", "join", "stack"]

stack = Primitive(lambda *arrays, axis: np.stack(arrays, axis), "stack")
concatenate = Primitive(lambda *arrays, axis, seams: np.concatenate(arrays, axis), "concatenate")


def layer(position: int, axis: int) -> tuple[Any, ...]:
    """Return the index of one layer of a stack."""
    return (slice(None),) * axis + (position,)


def between(position: int, axis: int, seams: tuple[int, ...]) -> tuple[Any, ...]:
    """Return the index of one part of a joined array; `seams` are the places where parts meet."""
    return (slice(None),) * axis + (slice(seams[position], seams[position + 1]),)


# fmt: off
def_vjp(stack, by_position(
    lambda k, y_bar, y, *xs, axis: pick(y_bar, index=layer(k, axis))))
def_jvp(stack, by_position(
    lambda k, x_dot, y, *xs, axis: scatter(x_dot, index=layer(k, axis), shape=shape_of(y))))
def_vjp(concatenate, by_position(
    lambda k, y_bar, y, *xs, axis, seams: pick(y_bar, index=between(k, axis, seams))))
def_jvp(concatenate, by_position(
    lambda k, x_dot, y, *xs, axis, seams: scatter(
        x_dot, index=between(k, axis, seams), shape=shape_of(y))))
# fmt: on


def join(arrays: Iterable[Any], axis: int | None = 0) -> Any:
    """Return ``concatenate(arrays, axis)``, recorded."""
    parts = list(arrays)
    if axis is None:
        parts, axis = [raveled(x) for x in parts], 0
    if not parts:
        raise ValueError("need at least one array to concatenate")
    axis = axis_of(axis, ndim_of(parts[0]))
    seams = [0]
    for x in parts:
        seams.append(seams[-1] + sum(shape_of(x)[axis : axis + 1]))
    return concatenate(*parts, axis=axis, seams=tuple(seams))


# Joining


@implements(np.concatenate)
def np_concatenate(arrays: Any, /, axis: int | None = 0) -> Any:
    """One behind the other along an axis that they have."""
    return join(arrays, axis)


@implements(np.stack)
def np_stack(arrays: Any, axis: int = 0) -> Any:
    """One behind the other along a new axis."""
    parts = list(arrays)
    return stack(*parts, axis=axis_of(axis, ndim_of(parts[0]) + 1))


@implements(np.hstack)
def np_hstack(tup: Any) -> Any:
    """Side by side: along the second axis, vectors along their only one."""
    parts = [at_least(1, x) for x in tup]
    return join(parts, 0 if parts and ndim_of(parts[0]) == 1 else 1)


@implements(np.vstack)
def np_vstack(tup: Any) -> Any:
    """On top of each other, vectors as rows."""
    return join([at_least(2, x) for x in tup])


@implements(np.dstack)
def np_dstack(tup: Any) -> Any:
    """Behind each other, along the third axis."""
    return join([at_least(3, x) for x in tup], 2)


@implements(np.column_stack)
def np_column_stack(tup: Any) -> Any:
    """Side by side, vectors as columns."""
    return join([np_transpose(at_least(2, x)) if ndim_of(x) < 2 else x for x in tup], 1)


@implements(np.append)
def np_append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """One array behind another; without an axis, both as one row."""
    return join([arr, values], axis)


@implements(np.block)
def np_block(arrays: Any) -> Any:
    """Nested lists of blocks: the innermost along the last axis, the others outwards."""
    depth = depth_of(arrays)
    return assembled(arrays, max(depth, *map(ndim_of, leaves_of(arrays))), depth)


def depth_of(node: Any) -> int:
    """Return how deep the lists are nested, having checked that they are so everywhere."""
    if isinstance(node, tuple):
        raise TypeError("block: arrays is a tuple; np.block takes nested lists only")
    if not isinstance(node, list):
        return 0
    depths = {depth_of(part) for part in node}
    if len(depths) != 1:
        what = "an empty list" if not depths else f"lists nested {sorted(depths)} deep"
        raise ValueError(f"block: found {what} side by side; expected the same depth everywhere")
    return 1 + depths.pop()


def leaves_of(node: Any) -> list[Any]:
    """Return the blocks in nested lists."""
    return [leaf for part in node for leaf in leaves_of(part)] if isinstance(node, list) else [node]


def assembled(node: Any, ndim: int, depth: int) -> Any:
    """Return nested lists joined, every block with `ndim` axes."""
    if not isinstance(node, list):
        return reshape(node, shape=(1,) * (ndim - ndim_of(node)) + shape_of(node))
    return join([assembled(part, ndim, depth - 1) for part in node], -depth)


@implements(np.insert)
def np_insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Values put in before the given places."""
    if axis is None:
        arr, axis = raveled(arr), 0
    # NumPy is asked to insert positions: where each element of the result comes from.
    n, m = np.size(value_of(arr)), np.size(value_of(values))
    old = np.arange(n).reshape(shape_of(arr))
    new = np.arange(n, n + m).reshape(shape_of(values))
    pool = join([raveled(arr), np_astype(raveled(values), np.asarray(value_of(arr)).dtype)])
    return pick(pool, kept(np.insert(old, obj, new, axis)), index=(ARRAY,))


@implements(np.meshgrid)
def np_meshgrid(*xi: Any, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """Coordinates of a grid from those along its axes."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing={indexing!r}; expected 'xy' or 'ij'")
    ndim = len(xi)
    places = list(range(ndim))
    if indexing == "xy" and ndim > 1:
        places[:2] = [1, 0]
    grid = [
        reshape(x, shape=tuple(-1 if k == place else 1 for k in range(ndim)))
        for x, place in zip(xi, places, strict=True)
    ]
    if sparse:
        return tuple(grid)
    shape = np.broadcast_shapes(*map(shape_of, grid))
    return tuple(broadcast_to(x, shape=shape) for x in grid)


# Taking apart


def pieces(x: Any, bounds: list[Any], axis: int) -> list[Any]:
    """Return the slices between consecutive bounds."""
    return [cut(x, axis, start, stop) for start, stop in pairwise(bounds)]


@implements(np.array_split)
def np_array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut at the given places, or into parts as equal as can be."""
    axis = axis_of(axis, ndim_of(ary))
    n = shape_of(ary)[axis]
    if np.iterable(indices_or_sections):
        return pieces(ary, [0, *map(plain_integer, indices_or_sections), n], axis)
    parts = plain_integer(indices_or_sections)
    if parts <= 0:
        raise ValueError("number sections must be larger than 0.")
    each, longer = divmod(n, parts)
    return pieces(ary, [k * each + min(k, longer) for k in range(parts + 1)], axis)


@implements(np.split)
def np_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut at the given places, or into equal parts."""
    n = shape_of(ary)[axis_of(axis, ndim_of(ary))]
    if not np.iterable(indices_or_sections) and n % indices_or_sections:
        raise ValueError(
            f"split: a length of {n} can't be cut into {indices_or_sections} equal parts; "
            f"np.array_split allows unequal ones"
        )
    return np_array_split(ary, indices_or_sections, axis)


def along(axis: int, name: str, x: Any, indices_or_sections: Any) -> list[Any]:
    """Split along a fixed axis, having checked that it is there."""
    if ndim_of(x) <= axis:
        raise ValueError(f"{name}: expected at least {axis + 1} axes, got shape {shape_of(x)}")
    return np_split(x, indices_or_sections, axis)


@implements(np.hsplit)
def np_hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Cut along the second axis, a vector along its only one."""
    return along(min(1, max(ndim_of(ary) - 1, 0)), "hsplit", ary, indices_or_sections)


@implements(np.vsplit)
def np_vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Cut along the first axis."""
    at_least_two = 0 if ndim_of(ary) > 1 else 1
    return along(at_least_two, "vsplit", ary, indices_or_sections)


@implements(np.dsplit)
def np_dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Cut along the third axis."""
    return along(2, "dsplit", ary, indices_or_sections)


def np_unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The layers along an axis."""
    if ndim_of(x) == 0:
        raise ValueError("Input array must be at least 1-d.")
    axis = axis_of(axis, ndim_of(x))
    return tuple(pick(x, index=layer(k, axis)) for k in range(shape_of(x)[axis]))


if hasattr(np, "unstack"):
    implements(np.unstack)(np_unstack)
