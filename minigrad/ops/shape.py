"""Shape: the same elements in another arrangement of axes, and copies along new ones.

Reshaping is linear and leaves the elements as they are, so its JVP is itself and its VJP restores
the shape. What can be said in terms of it (`squeeze`, `expand_dims`, `atleast_2d`) is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.ops.elementwise import astype, elementwise
from minigrad.ops.rules import axes_of, axis_of, linear, ndim_of, plain_integer, shape_of, unvarying
from minigrad.primitive import Primitive, broadcast_to
from minigrad.variable import OPERATORS, Variable, value_of

__all__ = [
    "at_least",
    "broadcast_to",
    "copy",
    "raveled",
    "reshape",
]

# Each:  function, its transpose.

reshape: Primitive = linear(
    lambda x, shape, order="C": np.reshape(x, shape, order),
    lambda y_bar, x, shape, order="C": reshape(y_bar, shape=shape_of(x), order=order),
    "reshape",
)
copy = elementwise(lambda x: np.array(x), lambda d, y, x: d, name="copy")
truncated = unvarying(astype.function, "astype")


# The number and length of axes


def order_of(x: Any, order: str) -> str:
    """Return "C" or "F" for an order that may say "as it lies in memory"."""
    if order in ("C", "F"):
        return order
    flags = np.asarray(value_of(x)).flags
    if order == "A" or (order == "K" and flags.forc):
        return "F" if flags.fnc else "C"
    raise ValueError(f"order={order!r}: expected 'C' or 'F'; 'A' or 'K' of a contiguous array")


def lengths(shape: Any) -> tuple[int, ...]:
    """Return a shape given as a number or a sequence of numbers."""
    return tuple(map(plain_integer, shape)) if np.iterable(shape) else (plain_integer(shape),)


@implements(np.reshape)
def np_reshape(a: Any, /, shape: Any, order: str = "C") -> Any:
    """The same elements in another shape; one length may be -1."""
    return reshape(a, shape=lengths(shape), order=order_of(a, order))


@implements(np.ravel, method=True)
def np_ravel(a: Any, order: str = "C") -> Any:
    """All elements on one axis."""
    return reshape(a, shape=(-1,), order=order_of(a, order))


def raveled(x: Any) -> Any:
    """Return `x` as one axis, in C order."""
    return x if ndim_of(x) == 1 else reshape(x, shape=(-1,))


def along(x: Any, axis: Any) -> tuple[Any, int]:
    """Return `x` and the axis to go along: all elements in a row, if None or if `x` is a number."""
    if axis is None or ndim_of(x) == 0:
        x, axis = raveled(x), axis or 0
    return x, axis_of(axis, ndim_of(x))


OPERATORS[".flatten"] = OPERATORS[".ravel"]


def reshape_method(x: Any) -> Any:
    """Return ``x.reshape``, which takes the shape as one argument or as many."""
    return lambda *shape, order="C": np_reshape(
        x, shape[0] if len(shape) == 1 else shape, order=order
    )


OPERATORS[".reshape"] = reshape_method


def inserted(x: Any, axes: tuple[int, ...]) -> Any:
    """Return `x` with axes of length 1 at these places of the result."""
    shape = iter(shape_of(x))
    ndim = ndim_of(x) + len(axes)
    return reshape(x, shape=tuple(1 if k in axes else next(shape) for k in range(ndim)))


@implements(np.expand_dims)
def np_expand_dims(a: Any, axis: Any) -> Any:
    """New axes of length 1, at these places of the result."""
    count = len(axis) if isinstance(axis, tuple | list) else 1
    return inserted(a, axes_of(axis, ndim_of(a) + count) or ())


@implements(np.squeeze, method=True)
def np_squeeze(a: Any, axis: Any = None) -> Any:
    """Without its axes of length 1, or without these."""
    shape = shape_of(a)
    ones = tuple(k for k, n in enumerate(shape) if n == 1)
    nothing = axis is None or (not shape and axis in (0, -1))
    gone = ones if nothing else axes_of(axis, len(shape)) or ()
    if not set(gone) <= set(ones):
        raise ValueError(f"squeeze: axis={axis} of shape {shape} has a length other than 1")
    return reshape(a, shape=tuple(n for k, n in enumerate(shape) if k not in gone))


NEW_AXES = {  # (axes that there are, axes wanted): places of the new ones
    (0, 1): (0,),
    (0, 2): (0, 1),
    (0, 3): (0, 1, 2),
    (1, 2): (0,),
    (1, 3): (0, 2),
    (2, 3): (2,),
}


def at_least(ndim: int, x: Any) -> Any:
    """Return `x` with at least this many axes, as atleast_1d, 2d and 3d place them."""
    n = ndim_of(x)
    if n >= ndim:
        return x if isinstance(x, Variable) else np.asarray(x)
    return inserted(x, NEW_AXES[n, ndim])


def each(ndim: int, arrays: tuple[Any, ...]) -> Any:
    """Return one result for one array, a tuple for several."""
    found = tuple(at_least(ndim, x) for x in arrays)
    return found[0] if len(found) == 1 else found


@implements(np.atleast_1d)
def np_atleast_1d(*arys: Any) -> Any:
    """A number becomes an array of one axis."""
    return each(1, arys)


@implements(np.atleast_2d)
def np_atleast_2d(*arys: Any) -> Any:
    """A vector becomes a row."""
    return each(2, arys)


@implements(np.atleast_3d)
def np_atleast_3d(*arys: Any) -> Any:
    """A vector and a matrix get axes of length 1 before and behind, as NumPy places them."""
    return each(3, arys)


# Copies


@implements(np.broadcast_to)
def np_broadcast_to(array: Any, shape: Any) -> Any:
    """Repeated along new axes and axes of length 1, without taking memory."""
    return broadcast_to(array, shape=lengths(shape))


@implements(np.broadcast_arrays)
def np_broadcast_arrays(*args: Any) -> tuple[Any, ...]:
    """Each broadcast to the shape that they have together."""
    shape = np.broadcast_shapes(*map(shape_of, args))
    return tuple(broadcast_to(x, shape=shape) for x in args)


@implements(np.copy, method=True)
def np_copy(a: Any) -> Any:
    """The same numbers, as a new value on the tape."""
    return copy(a)


def np_astype(x: Any, dtype: Any, /) -> Any:
    """In another type; to integers or booleans it is a step, whose derivative is zero."""
    dtype = np.dtype(dtype)
    return (astype if dtype.kind in "fcO" else truncated)(x, dtype=dtype)


if hasattr(np, "astype"):
    implements(np.astype)(np_astype)
OPERATORS[".astype"] = lambda x: lambda dtype: np_astype(x, dtype)


@implements(np.full_like)
def np_full_like(a: Any, fill_value: Any, dtype: Any = None, *, shape: Any = None) -> Any:
    """The fill broadcast to the shape of `a`, in its type; constant in `a` itself."""
    like = np.asarray(value_of(a))
    if not isinstance(fill_value, Variable):
        return np.full_like(like, fill_value, dtype, shape=shape)
    filled = np_astype(fill_value, dtype or like.dtype)
    return broadcast_to(filled, shape=like.shape if shape is None else lengths(shape))
