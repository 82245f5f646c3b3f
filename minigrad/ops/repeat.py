"""Repeating, leaving out and padding: results in which an element may come many times, or not.

Almost all are said with reshaping, broadcasting and fetching by number, and need no rule.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from minigrad.dispatch import implements
from minigrad.ops.axes import flip, np_moveaxis
from minigrad.ops.create import np_linspace
from minigrad.ops.elementwise import astype
from minigrad.ops.index import kept, pick, take_at
from minigrad.ops.rules import axis_of, ndim_of, plain_integer, shape_of
from minigrad.ops.shape import along, broadcast_to, lengths, raveled, reshape
from minigrad.ops.stack import join
from minigrad.primitive import Primitive, def_jvp, def_vjp
from minigrad.variable import value_of

__all__ = ["pad"]


def tiled(x: Any, counts: tuple[int, ...], inner: bool) -> Any:
    """Return `x` repeated along each axis: as a whole, or (`inner`) each element where it is."""
    shape = shape_of(x)
    pairs = [(n, 1) if inner else (1, n) for n in shape]
    wide = [(n, c) if inner else (c, n) for n, c in zip(shape, counts, strict=True)]
    x = reshape(x, shape=sum(pairs, ()))
    x = broadcast_to(x, shape=sum(wide, ()))
    return reshape(x, shape=tuple(n * c for n, c in zip(shape, counts, strict=True)))


@implements(np.tile)
def np_tile(A: Any, reps: Any) -> Any:
    """The whole array repeated along each axis."""
    counts = lengths(reps)
    ndim = max(ndim_of(A), len(counts))
    x = reshape(A, shape=(1,) * (ndim - ndim_of(A)) + shape_of(A))
    return tiled(x, (1,) * (ndim - len(counts)) + counts, inner=False)


@implements(np.repeat, method=True)
def np_repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element repeated where it is, all alike or by a number for each."""
    a, axis = along(a, axis)
    if np.size(repeats) == 1 and np.asarray(repeats).dtype.kind in "iu":
        counts = [1] * ndim_of(a)
        counts[axis] = int(np.asarray(repeats).reshape(()))
        if counts[axis] < 0:
            raise ValueError("repeats may not contain negative values.")
        return tiled(a, tuple(counts), inner=True)
    return take_at(a, kept(np.repeat(np.arange(shape_of(a)[axis]), repeats)), axis)


@implements(np.resize)
def np_resize(a: Any, new_shape: Any) -> Any:
    """The elements in order, over and over, in another shape."""
    shape = lengths(new_shape)
    size, n = int(np.prod(shape)), int(np.prod(shape_of(a)))
    if min(shape, default=0) < 0:
        raise ValueError("all elements of `new_shape` must be non-negative")
    if n == 0:
        return np.zeros(shape, value_of(a).dtype)
    return reshape(take_at(raveled(a), kept(np.arange(size) % n), 0), shape=shape)


@implements(np.delete)
def np_delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """Without the given places along an axis."""
    if axis is None:
        arr, axis = raveled(arr), 0
    axis = axis_of(axis, ndim_of(arr))
    return take_at(arr, kept(np.delete(np.arange(shape_of(arr)[axis]), obj)), axis)


@implements(sliding_window_view)
def np_sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    """Every window of a shape: the places first, then the axes of the window."""
    windows = lengths(window_shape)
    given = range(ndim_of(x)) if axis is None else lengths(axis)
    axes = [axis_of(k, ndim_of(x)) for k in given]  # the windows of windows, if one comes twice
    if len(windows) != len(axes):
        raise ValueError(f"{len(windows)} lengths in window_shape for {len(axes)} axes")
    for width, k in zip(windows, axes, strict=True):
        n = shape_of(x)[k]
        if not 0 <= width <= n:
            raise ValueError(f"window_shape={width}: expected between 0 and the length {n}")
        places = np.arange(n - width + 1)[:, None] + np.arange(width)
        x = np_moveaxis(take_at(x, kept(places), k), k + 1, -1)
    return x


# Padding

pad = Primitive(lambda x, widths, values: np.pad(x, widths, constant_values=values), "pad")


def inside(shape: tuple[int, ...], widths: Any) -> tuple[slice, ...]:
    """Return the index of the original within what is padded."""
    return tuple(slice(before, before + n) for n, (before, _) in zip(shape, widths, strict=True))


# fmt: off
def_vjp(pad, lambda y_bar, y, x, widths, values: pick(y_bar, index=inside(shape_of(x), widths)))
def_jvp(pad, lambda x_dot, y, x, widths, values: pad(x_dot, widths=widths, values=0))
# fmt: on


def pairs(given: Any, ndim: int, what: str) -> tuple[tuple[Any, Any], ...]:
    """Return (before, after) for each axis, from a number, one pair, or a pair for each axis."""
    if isinstance(given, dict):
        chosen = {axis_of(axis, ndim): pair for axis, pair in given.items()}
        given = [np.broadcast_to(chosen.get(axis, 0), 2) for axis in range(ndim)]
    size = np.size(given)
    try:
        table = np.broadcast_to(np.asarray(given), (ndim, 2))
    except ValueError:
        raise ValueError(
            f"pad: {what}={given!r}; expected a number, (before, after), or such a pair for each "
            f"of {ndim} axes"
        ) from None
    # NumPy takes a single pair as it is, with its type, and a table as plain numbers.
    return tuple((before, after) for before, after in (table.tolist() if size > 2 else table))


@implements(np.pad)
def np_pad(
    array: Any,
    pad_width: Any,
    mode: str = "constant",
    *,
    constant_values: Any = 0,
    end_values: Any = 0,
) -> Any:
    """Wider by constants, by copies of elements, or by ramps; modes by name, the even kind."""
    ndim = ndim_of(array)
    if ndim == 0:
        return array
    widths = tuple(
        (plain_integer(before), plain_integer(after))
        for before, after in pairs(pad_width, ndim, "pad_width")
    )
    if np.min(widths) < 0:
        raise ValueError(f"pad: pad_width={pad_width!r}; expected integers that are not negative")
    if mode == "constant":
        return pad(array, widths=widths, values=pairs(constant_values, ndim, "constant_values"))
    if mode in ("edge", "reflect", "symmetric", "wrap"):
        for axis, width in enumerate(widths):
            if any(width):
                places = np.pad(np.arange(shape_of(array)[axis]), width, mode)  # type: ignore[call-overload]
                array = take_at(array, kept(places), axis)
        return array
    if mode == "linear_ramp":
        ends = pairs(end_values, ndim, "end_values")
        for axis, (width, end) in enumerate(zip(widths, ends, strict=True)):
            array = ramped(array, axis, width, end)
        return array
    raise ValueError(
        f"pad: mode={mode!r} is not supported on a Variable; supported: 'constant', 'edge', "
        f"'linear_ramp', 'reflect', 'symmetric', 'wrap'"
    )


def ramped(x: Any, axis: int, width: tuple[int, int], ends: tuple[Any, Any]) -> Any:
    """Return `x` with straight ramps down to the end values before and after it along an axis."""
    layers = [pick(x, index=(slice(None),) * axis + (place,)) for place in (0, -1)]
    kind = value_of(x).dtype
    before, after = (
        astype(np_linspace(end, layer, n, endpoint=False, axis=axis), dtype=kind)
        for layer, n, end in zip(layers, width, ends, strict=True)
    )
    return join([before, x, flip(after, axis=(axis,))], axis)
