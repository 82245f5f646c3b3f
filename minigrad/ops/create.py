"""New arrays of numbers that may vary: filled, listed, spaced between two ends, powers.

`np.full` and `np.array` do not hand over to a Variable unless they are told whose array it is to be
like: ``np.full(3, x, like=x)``, ``np.array([x, y], like=x)``.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.dispatch import implements
from minigrad.ops.axes import np_moveaxis
from minigrad.ops.elementwise import astype, log10, power, where
from minigrad.ops.rules import axis_of, ndim_of, shape_of
from minigrad.ops.shape import broadcast_to, lengths, np_astype, np_expand_dims, reshape
from minigrad.ops.stack import np_stack, stack
from minigrad.variable import Variable, value_of

__all__ = ["np_linspace"]


@implements(np.full)
def np_full(
    shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", *, device: Any = None
) -> Any:
    """One value everywhere; NumPy hands over `order` and `device`, which no value depends on."""
    filled = fill_value if dtype is None else np_astype(fill_value, dtype)
    return broadcast_to(filled, shape=lengths(shape))


@implements(np.array, np.asarray)
def np_array(a: Any, dtype: Any = None) -> Any:
    """Numbers and arrays in nested lists, as one array."""
    whole = stacked(a)
    return whole if dtype is None else np_astype(whole, dtype)


def stacked(part: Any) -> Any:
    """Return a nested list as an array, innermost lists first."""
    if not isinstance(part, list | tuple):
        return part
    if not any(isinstance(leaf, Variable) for leaf in tree.leaves(part)):
        return np.array(part)
    return np_stack([stacked(inner) for inner in part])


def ends_set(y: Any, first: Any, last: Any) -> Any:
    """Return `y` with its first and last element along the first axis replaced, where given."""
    n = shape_of(y)[0]
    place = np.arange(n).reshape((-1,) + (1,) * (ndim_of(y) - 1))
    if first is not None:
        y = where(place == 0, first, y)
    if last is not None and n > 1:
        y = where(place == n - 1, last, y)
    return y


@implements(np.linspace)
def np_linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    *,
    axis: int = 0,
) -> Any:
    """Evenly spaced numbers; the ends may be arrays."""
    num = operator.index(num)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    start, stop = start * 1.0, stop * 1.0  # integers become floats
    delta = stop - start
    kind = np.result_type(value_of(start), value_of(stop), float(num))
    places = np.arange(num, dtype=kind).reshape((-1,) + (1,) * ndim_of(delta))
    gaps = num - 1 if endpoint else num
    step = delta / gaps if gaps > 0 else float("nan")
    if gaps <= 0:
        y = places * delta
    elif np.any(value_of(step) == 0):  # NumPy's own order of operations, to the last bit
        y = places / gaps * delta
    else:
        y = places * step
    y = y + start
    if endpoint:
        y = ends_set(y, None, stop)
    if axis != 0:
        y = np_moveaxis(y, 0, axis_of(axis, ndim_of(y)))
    return (y, step) if retstep else y


@implements(np.logspace)
def np_logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, *, axis: int = 0
) -> Any:
    """Powers of the base whose exponents are evenly spaced."""
    if ndim_of(base):
        ndim = max(map(ndim_of, (start, stop, base)))
        start, stop, base = (
            reshape(x, shape=(1,) * (ndim - ndim_of(x)) + shape_of(x)) for x in (start, stop, base)
        )
        base = np_expand_dims(base, axis)
    return power(base, np_linspace(start, stop, num, endpoint, axis=axis))


@implements(np.geomspace)
def np_geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, *, axis: int = 0
) -> Any:
    """Numbers with even ratios between two real ends of the same sign."""
    if not (np.all(value_of(start)) and np.all(value_of(stop))):
        raise ValueError("Geometric sequence cannot include zero")
    if np.iscomplexobj(value_of(start)) or np.iscomplexobj(value_of(stop)):
        raise TypeError("geomspace: complex ends are not supported on a Variable")
    kind = np.result_type(value_of(start), value_of(stop), np.float64)
    start, stop = astype(start, dtype=kind), astype(stop, dtype=kind)
    sign = np.sign(value_of(start))
    start, stop = start / sign, stop / sign
    y = power(10.0, np_linspace(log10(start), log10(stop), num, endpoint))
    y = ends_set(y, start, stop if endpoint else None) * sign
    return np_moveaxis(y, 0, axis_of(axis, ndim_of(y))) if axis != 0 else y


@implements(np.vander)
def np_vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Powers of a vector as the columns of a matrix."""
    if ndim_of(x) != 1:
        raise ValueError(f"vander: expected a vector, got shape {shape_of(x)}")
    count = shape_of(x)[0] if N is None else operator.index(N)
    x = astype(x, dtype=np.promote_types(value_of(x).dtype, int))
    columns = [np.ones_like(value_of(x)), x]
    while len(columns) < count:
        columns.append(columns[-1] * x)
    if count == 0:
        return np.ones((shape_of(x)[0], 0))
    columns = columns[:count]
    return stack(*(columns if increasing else columns[::-1]), axis=1)
