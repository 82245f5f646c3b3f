"""Primitives on stacks: tangents in k directions as one array, whose first axis is the direction.

They appear in compiled programs only, which nothing sweeps, so they have no derivative rules.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from minigrad.ops.rules import axes_of
from minigrad.primitive import Primitive

__all__ = [
    "LIFTS",
    "add_to_rows",
    "by_direction",
    "reshape_rows",
    "rows_text",
    "subtract_from_rows",
    "weighted_sum",
    "zero_rows",
]

# A stack with new axes behind the first, so that it broadcasts as what it is a stack of.
LIFTS = {
    count: Primitive(lambda x, count=count: x[(slice(None), *[None] * count)], "lifted")
    for count in range(1, 32)
}
column = Primitive(lambda x: x[..., None], "column")
reshape_rows = Primitive(lambda x, shape: np.reshape(x, (len(x), *shape)), "reshape_rows")
broadcast_rows = Primitive(lambda x, shape: np.broadcast_to(x, (len(x), *shape)), "broadcast_rows")
inner_rows = Primitive(lambda x, a: x.reshape(len(x), np.size(a)) @ np.ravel(a), "inner_rows")
zero_rows = Primitive(lambda like, shape, dtype: np.zeros((len(like), *shape), dtype), "zero_rows")
weighted_sum = Primitive(np.vecdot, "weighted_sum")  # over the last axis


def _unbroadcast_rows(x: Any, shape: tuple[int, ...]) -> Any:
    added = x.ndim - 1 - len(shape)
    ones = (i + added for i, n in enumerate(shape) if n == 1)
    axes = axes_of((*range(added), *ones), x.ndim - 1) or ()
    return np.add.reduce(x, axis=tuple(k + 1 for k in axes)).reshape(len(x), *shape)


unbroadcast_rows = Primitive(_unbroadcast_rows, "unbroadcast_rows")


# What moves in some directions only. Emitted code writes `stack[rows] += term`.


def rows_of(start: int, count: int | None, at: int = 0) -> Any:
    """Return the index of so many rows of a stack; of a single one, if `count` is None."""
    return at + start if count is None else slice(at + start, at + start + count)


def rows_text(start: int, count: int | None, at: str = "") -> str:
    """Return the same index as text; `at` is the name of a number that is added."""
    first = at and f"{at} + {start}" if start else at
    first = first or str(start)
    if count is None:
        return first
    return f"{first}:{f'{at} + {start + count}' if at else start + count}"


def _add_to_rows(stack: Any, term: Any, at: int = 0, *, start: int, count: int | None) -> Any:
    stack = stack.copy()
    stack[rows_of(start, count, at)] += term
    return stack


def _subtract_from_rows(
    stack: Any, term: Any, at: int = 0, *, start: int, count: int | None
) -> Any:
    stack = stack.copy()
    stack[rows_of(start, count, at)] -= term
    return stack


add_to_rows = Primitive(_add_to_rows, "add_to_rows")
subtract_from_rows = Primitive(_subtract_from_rows, "subtract_from_rows")


@lru_cache(maxsize=512)
def by_direction(prim: Primitive, moving: tuple[int, ...]) -> Primitive:
    """Return a primitive of stacks that runs another one for each direction in turn.

    Parameters
    ----------
    prim : Primitive
        What to run.
    moving : tuple of int
        Which operands are stacks.
    """

    def function(*args: Any, **params: Any) -> Any:
        results = [
            prim.function(
                *[x[k] if position in moving else x for position, x in enumerate(args)], **params
            )
            for k in range(len(args[moving[0]]))
        ]
        if type(results[0]) is tuple:
            return tuple(map(np.stack, zip(*results, strict=True)))
        return np.stack(results)

    return Primitive(function, f"{prim.name}_by_direction")
