"""Indexing: reading elements, and its transpose, adding into zeros at the same places.

:data:`pick` and :data:`scatter` are each other's transpose, and both are linear, so the pair is
closed under differentiation: indexing can be differentiated any number of times. Where an index
names an element twice, its two cotangents are added.

The arrays of an index are operands, the slices around them are a parameter: ``x[rows, :, 2]`` is
``pick(x, rows, index=(ARRAY, slice(None), 2))``. The functions below that fetch elements by
number (`take`, `choose`, `diagonal`) are written with this pair.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.fingerprint import can_change
from minigrad.ops.elementwise import astype
from minigrad.ops.rules import axis_of, ndim_of, plain_integer, shape_of
from minigrad.ops.shape import along, raveled
from minigrad.primitive import Primitive, def_jvp, def_vjp
from minigrad.variable import OPERATORS, Variable, value_of

__all__ = ["ARRAY", "cut", "getitem", "pick", "pick_along", "scatter"]

ARRAY = "array"  # stands in an index for the next of the index arrays
BASIC = (int, slice, type(None), type(Ellipsis))


def filled(index: Any, arrays: tuple[Any, ...]) -> Any:
    """Return the index with the arrays in their places."""
    if not arrays:
        return index
    following = iter(arrays)
    return tuple(next(following) if type(item) is str else item for item in index)


def _pick(x: Any, *arrays: Any, index: Any) -> Any:
    return (x if type(x) is np.ndarray else np.asarray(x))[filled(index, arrays)]


def _scatter(x: Any, *arrays: Any, index: Any, shape: tuple[int, ...]) -> Any:
    x, index = np.asarray(x), filled(index, arrays)
    z = np.zeros(shape, x.dtype)
    if all(array.dtype.kind == "b" for array in arrays):
        z[index] = x  # slices and masks name no element twice
    else:
        places = np.arange(z.size).reshape(shape)[index]
        np.add.at(z.reshape(-1), np.ravel(places), np.broadcast_to(x, np.shape(places)).ravel())
    return z[()]


pick = Primitive(_pick, "getitem")
scatter = Primitive(_scatter, "scatter")

# fmt: off
def_vjp(pick,
    lambda y_bar, y, x, *at, index:        scatter(y_bar, *at, index=index, shape=shape_of(x)))
def_jvp(pick,
    lambda x_dot, y, x, *at, index:        pick(x_dot, *at, index=index))
def_vjp(scatter,
    lambda y_bar, y, x, *at, index, shape: pick(y_bar, *at, index=index))
def_jvp(scatter,
    lambda x_dot, y, x, *at, index, shape: scatter(x_dot, *at, index=index, shape=shape))
# fmt: on


def getitem(x: Any, index: Any) -> Any:
    """Return ``x[index]``: basic, integer, boolean, or any mixture of them."""
    kind = type(index)
    if kind is int:
        return pick(x, index=index)
    arrays: list[Any] = []
    items = [read(item, arrays) for item in (index if kind is tuple else (index,))]
    return pick(x, *arrays, index=tuple(items))


def read(item: Any, arrays: list[Any]) -> Any:
    """Return one item of an index as a parameter; what has to be an array goes to `arrays`."""
    if type(item) is slice:
        return slice(*map(bound, (item.start, item.stop, item.step)))
    if type(item) in BASIC:
        return item
    if isinstance(item, Variable | np.integer):
        return plain_integer(item)
    arrays.append(kept(item))
    return ARRAY


def bound(x: Any) -> int | None:
    """Return a bound of a slice as Python's number, which nobody can change."""
    return x if x is None or type(x) is int else plain_integer(x)


def kept(index: Any) -> Any:
    """Return an index array that stays as it is: a copy, unless nobody can change this one."""
    if type(index) is np.ndarray and not can_change(index):
        return index
    array = np.array(index)
    if array.size == 0 and not isinstance(index, np.ndarray):
        array = array.astype(np.intp)  # an empty list is a list of no integers
    array.setflags(write=False)
    return array


def refuse_variable(index: Any) -> Any:
    """Return a plain index array; a Variable raises the error that says why it can't be one."""
    return kept(plain_integer(index) if isinstance(index, Variable) else index)


def cut(x: Any, axis: int, *bounds: int | None) -> Any:
    """Return a slice ``x[start:stop:step]`` along one axis."""
    return pick(x, index=(slice(None),) * axis + (slice(*bounds),))


def pick_along(x: Any, order: Any, axis: int) -> Any:
    """Return ``take_along_axis(x, order, axis)``; the order may be an unvarying Variable."""
    shape = shape_of(x)
    grid: list[Any] = [
        kept(np.arange(n)[(...,) + (None,) * (len(shape) - k - 1)]) for k, n in enumerate(shape)
    ]
    grid[axis] = order
    return pick(x, *grid, index=(ARRAY,) * len(grid))


# By number


def take_at(x: Any, indices: Any, axis: int) -> Any:
    """Return ``x[..., indices, ...]``, the index on the given axis."""
    return pick(x, indices, index=(slice(None),) * axis + (ARRAY,))


@implements(np.take, method=True)
def np_take(a: Any, indices: Any, axis: Any = None, *, mode: str = "raise") -> Any:
    """Elements by their numbers along an axis; a number that comes twice counts twice."""
    a, axis = along(a, axis)
    indices = refuse_variable(indices)
    n = shape_of(a)[axis]
    if mode == "wrap":
        indices = kept(indices % n)
    elif mode == "clip":
        indices = kept(np.clip(indices, 0, n - 1))
    elif mode != "raise":
        raise ValueError(f"take: mode={mode!r}; expected 'raise', 'wrap' or 'clip'")
    return take_at(a, indices, axis)


@implements(np.take_along_axis)
def np_take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    """One element for each index, along an axis; as with the result of argsort."""
    indices = refuse_variable(indices)
    if axis is None:
        arr, axis = raveled(arr), 0
    if indices.ndim != ndim_of(arr):
        raise ValueError(
            f"take_along_axis: the indices have {indices.ndim} axes, the array {ndim_of(arr)}; "
            f"expected the same number"
        )
    return pick_along(arr, indices, axis_of(axis, ndim_of(arr)))


@implements(np.compress)
def np_compress(condition: Any, a: Any, axis: Any = None) -> Any:
    """Slices along an axis where a condition holds."""
    places = kept(np.flatnonzero(value_of(condition)))
    if axis is None:
        a, axis = raveled(a), 0
    return take_at(a, places, axis_of(axis, ndim_of(a)))


OPERATORS[".compress"] = lambda x: lambda condition, axis=None: np_compress(condition, x, axis)


@implements(np.extract)
def np_extract(condition: Any, arr: Any) -> Any:
    """Elements where a condition holds."""
    return take_at(raveled(arr), kept(np.flatnonzero(value_of(condition))), 0)


@implements(np.choose)
def np_choose(a: Any, choices: Any, *, mode: str = "raise") -> Any:
    """Each element from the choice that has the number in `a`."""
    numbers = np.asarray(value_of(a))
    stacked = np.stack(np.broadcast_arrays(*choices, np.empty(numbers.shape))[:-1])
    numbers = np.broadcast_to(numbers, shape_of(stacked)[1:])
    grid = np.indices(numbers.shape, sparse=True)
    # Let NumPy judge the numbers, by choosing among the positions.
    numbers = np.choose(numbers, range(len(choices)), mode=mode)  # type: ignore[call-overload]
    arrays = [kept(numbers), *map(kept, grid)]
    return pick(stacked, *arrays, index=(ARRAY,) * len(arrays))


@implements(np.bincount)
def np_bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """Sum of the weights that go with each number; without weights, a plain count."""
    numbers = np.asarray(value_of(x))
    counts = np.bincount(numbers, minlength=minlength)
    if weights is None:
        return counts
    if shape_of(weights) != numbers.shape:
        raise ValueError("The weights and list don't have the same length.")
    kind = np.asarray(value_of(weights)).dtype
    if not np.can_cast(kind, float):
        raise TypeError(f"bincount: the weights have dtype {kind}; expected float64 or narrower")
    weights = astype(weights, dtype=np.dtype(float))
    return scatter(weights, kept(numbers), index=(ARRAY,), shape=counts.shape)


OPERATORS.update(getitem=getitem)
