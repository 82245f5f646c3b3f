"""Choosing between values by a condition, and keeping values between bounds.

The conditions are plain: a comparison of Variables gives plain booleans. Where a branch is not
taken its derivative is exactly zero, even if its value is NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.ops.elementwise import maximum, minimum, where
from minigrad.ops.index import getitem, kept, scatter
from minigrad.ops.rules import ndim_of, shape_of
from minigrad.ops.shape import broadcast_to, np_astype
from minigrad.variable import value_of

__all__: list[str] = []


@implements(np.where)
def np_where(condition: Any, *choice: Any) -> Any:
    """The first value where the condition holds, the second where not."""
    if len(choice) == 2:
        return where(condition, *choice)
    if choice:
        raise ValueError("where: give both values, or the condition alone for the places")
    return np.where(value_of(condition))


@implements(np.select)
def np_select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """The value that goes with the first condition that holds."""
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(
            f"select: {len(condlist)} conditions and {len(choicelist)} choices; expected as many "
            f"of one as of the other, and at least one"
        )
    y = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        condition = np.asarray(value_of(condition))
        if condition.dtype.kind != "b":
            raise TypeError(f"select: a condition has dtype {condition.dtype}; expected bool")
        y = where(condition, choice, y)
    return y


@implements(np.piecewise)
def np_piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Each element through the function that goes with its condition, the last that holds."""
    single = np.ndim(value_of(condlist)) == 0 or (
        not isinstance(condlist[0], list | np.ndarray) and ndim_of(x) != 0
    )
    conditions = [kept(np.asarray(c, bool)) for c in ([condlist] if single else condlist)]
    if len(funclist) == len(conditions) + 1:
        conditions.append(kept(~np.any(conditions, axis=0)))
    if len(funclist) != len(conditions):
        raise ValueError(
            f"piecewise: {len(funclist)} functions for {len(conditions)} conditions; expected as "
            f"many, or one more for the rest"
        )
    y: Any = np.zeros_like(value_of(x))
    shape = shape_of(x)
    for condition, function in zip(conditions, funclist, strict=True):
        if condition.shape != shape[: condition.ndim]:
            raise IndexError(
                f"piecewise: a condition has shape {condition.shape}, x has {shape}; expected the "
                f"same, or that of its first axes"
            )
        if callable(function):
            picked = getitem(x, condition)
            if not np.size(value_of(picked)):
                continue
            found = broadcast_to(function(picked, *args, **kw), shape=shape_of(picked))
            function = scatter(found, condition, index=("array",), shape=shape)
        mask = condition.reshape((*condition.shape, *[1] * (len(shape) - condition.ndim)))
        y = where(kept(mask), function, y)
    kind = np.asarray(value_of(x)).dtype
    return y if value_of(y).dtype == kind else np_astype(y, kind)


@implements(np.clip, method=True)
def np_clip(
    a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None
) -> Any:
    """Kept between two bounds, of which either may be left out; at a bound the slope is 1/2."""
    if min is not None or max is not None:
        if a_min is not None or a_max is not None:
            raise ValueError("clip: give the bounds as a_min and a_max, or as min and max")
        a_min, a_max = min, max
    if a_min is not None:
        a = maximum(a, a_min)
    return a if a_max is None else minimum(a, a_max)
