"""What a primitive is given beside Variables, as a tape keeps it.

An array of the user's own is kept as it is, and watched (:mod:`minigrad.fingerprint`). What is no
array is made one, a copy. What only looks like one is refused: a matrix or a masked array has an
arithmetic of its own, of which the rules know nothing.
"""

from __future__ import annotations

from numbers import Number
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.errors import TargetError
from minigrad.variable import Variable

__all__ = ["PLAIN", "constant", "copied", "parameters", "settled"]

#: Types that are kept as they are, known at a glance.
PLAIN: frozenset[type] = frozenset((np.ndarray, bool, int, float, complex, np.float64, np.float32))


def constant(x: Any) -> Any:
    """Return an operand that is no Variable as a plain array or number."""
    if isinstance(x, np.ndarray):
        if x.__array_priority__ > 0:
            raise TypeError(
                f"{type(x).__name__} has an arithmetic of its own, which has no derivative rules: "
                f"pass a plain array, np.asarray(x), or x.filled(...) of a masked one"
            )
        return np.asarray(x)  # of a file, say; the memory is the same, and watched
    return x if isinstance(x, np.generic | Number) else np.array(x)


def settled(derivative: Any, primal: Any) -> Any:
    """Return a derivative that the user gives, of its primal's dtype; of an array, a copy."""
    dtype = getattr(primal, "dtype", None)
    weak = dtype is None and not isinstance(derivative, np.ndarray)
    if weak or isinstance(derivative, Variable):
        return derivative
    if np.iscomplexobj(derivative) and not np.iscomplexobj(primal):
        raise TargetError(f"a derivative of real values is real, got {derivative!r:.60}")
    return np.array(derivative, dtype=dtype)[()]


def parameters(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a primitive: with copies of arrays, for nobody watches those."""
    for key, x in params.items():
        if type(x) in SIMPLE:
            continue
        if any(type(part) is Variable for part in tree.leaves(x)):
            raise TypeError(
                f"{name}: {key}= is a parameter, which has no derivative, and can't be a Variable: "
                f"pass `x.value` if a constant is meant"
            )
        params = {**params, key: tree.map(copied, x)}
    return params


SIMPLE = frozenset((type(None), bool, int, float, str, type, np.dtype, slice))


def copied(x: Any) -> Any:
    """Return a copy of an array; anything else as it is."""
    return x.copy() if isinstance(x, np.ndarray) else x
