"""The order of axes, and the order along them: transposing, flipping, rolling.

What `swapaxes`, `moveaxis` and the rest do is a transposition, and its transpose is the one that
undoes it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.ops.rules import axes_of, axis_of, linear, ndim_of, shape_of
from minigrad.ops.shape import copy, lengths, reshape
from minigrad.primitive import Primitive
from minigrad.variable import OPERATORS

__all__ = ["flip", "inverse", "roll", "transpose"]

# Each:  function, its transpose.

transpose: Primitive = linear(
    lambda x, axes: np.transpose(x, axes),
    lambda y_bar, x, axes: transpose(y_bar, axes=inverse(axes)),
    "transpose",
)
flip: Primitive = linear(
    lambda x, axis: np.flip(x, axis),
    lambda y_bar, x, axis: flip(y_bar, axis=axis),
    "flip",
)
roll: Primitive = linear(
    lambda x, shift, axis: np.roll(x, shift, axis),
    lambda y_bar, x, shift, axis: roll(y_bar, shift=tuple(-n for n in shift), axis=axis),
    "roll",
)


def inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the order that undoes a transposition."""
    return tuple(map(int, np.argsort(axes)))


OPERATORS["transpose"] = transpose


# The order of axes


@implements(np.transpose)
def np_transpose(a: Any, axes: Any = None) -> Any:
    """The axes in reverse, or in a given order."""
    ndim = ndim_of(a)
    order = tuple(range(ndim))[::-1] if axes is None else axes_of(lengths(axes), ndim) or ()
    if len(order) != ndim:
        raise ValueError(f"transpose: axes={axes} for an array of {ndim} axes; name each once")
    return transpose(a, axes=order)


def transpose_method(x: Any) -> Any:
    """Return ``x.transpose``, which takes the axes as one argument or as many."""
    return lambda *axes: np_transpose(x, axes[0] if len(axes) == 1 else axes or None)


@implements(np.matrix_transpose)
def np_matrix_transpose(x: Any, /) -> Any:
    """The last two axes exchanged."""
    if ndim_of(x) < 2:
        raise ValueError(f"matrix_transpose: expected at least 2 axes, got shape {shape_of(x)}")
    return np_swapaxes(x, -1, -2)


OPERATORS.update({".transpose": transpose_method, ".T": np_transpose, ".mT": np_matrix_transpose})


@implements(np.swapaxes, method=True)
def np_swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    ndim = ndim_of(a)
    order = list(range(ndim))
    i, j = axis_of(axis1, ndim), axis_of(axis2, ndim)
    order[i], order[j] = j, i
    return transpose(a, axes=tuple(order))


@implements(np.moveaxis)
def np_moveaxis(a: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places; the rest stay in order."""
    ndim = ndim_of(a)
    start, end = axes_of(source, ndim) or (), axes_of(destination, ndim) or ()
    if len(start) != len(end):
        raise ValueError(
            f"moveaxis: source={source} and destination={destination} name different numbers "
            f"of axes"
        )
    order = [k for k in range(ndim) if k not in start]
    for place, axis in sorted(zip(end, start, strict=True)):
        order.insert(place, axis)
    return transpose(a, axes=tuple(order))


@implements(np.rollaxis)
def np_rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """One axis moved back until it stands before `start`."""
    ndim = ndim_of(a)
    axis = axis_of(axis, ndim)
    before = axis_of(start, ndim + 1) if start >= 0 else axis_of(start, ndim)
    return np_moveaxis(a, axis, before - (before > axis))


# The order along axes


@implements(np.flip)
def np_flip(m: Any, axis: Any = None) -> Any:
    """Backwards along some axes, or all."""
    return flip(m, axis=axes_of(axis, ndim_of(m)))


@implements(np.fliplr)
def np_fliplr(m: Any) -> Any:
    """Backwards along the second axis."""
    if ndim_of(m) < 2:
        raise ValueError(f"fliplr: expected at least 2 axes, got shape {shape_of(m)}")
    return flip(m, axis=(1,))


@implements(np.flipud)
def np_flipud(m: Any) -> Any:
    """Backwards along the first axis."""
    if ndim_of(m) < 1:
        raise ValueError("flipud: expected at least 1 axis, got a number")
    return flip(m, axis=(0,))


@implements(np.rot90)
def np_rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """Turned by k quarters in the plane of two axes."""
    plane = axes_of(tuple(axes), ndim_of(m)) or ()
    if len(plane) != 2:
        raise ValueError(f"rot90: axes={axes}; expected two")
    first, second = plane
    if k % 4 == 0:
        return copy(m)
    if k % 4 == 2:
        return flip(m, axis=plane)
    if k % 4 == 1:
        return np_swapaxes(flip(m, axis=(second,)), first, second)
    return flip(np_swapaxes(m, first, second), axis=(second,))


@implements(np.roll)
def np_roll(a: Any, shift: Any, axis: Any = None) -> Any:
    """Shifted around the end, along one axis or several; without an axis, as one long row."""
    if axis is None:
        return reshape(np_roll(reshape(a, shape=(-1,)), shift, 0), shape=shape_of(a))
    shifts, axes = np.broadcast_arrays(shift, axis)
    if shifts.ndim > 1:
        raise ValueError("'shift' and 'axis' should be scalars or 1D sequences")
    ndim = ndim_of(a)
    where = tuple(axis_of(int(k), ndim) for k in axes.ravel())  # an axis may come twice
    return roll(a, shift=tuple(int(n) for n in shifts.ravel()), axis=where)
