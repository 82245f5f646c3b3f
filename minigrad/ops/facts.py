"""What has no derivative: facts about arrays, comparisons, positions, printing.

These are computed from the plain values and return plain results. Nothing is lost by that: their
derivative is zero, or there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.dispatch import call_plain, unrecorded
from minigrad.variable import OPERATORS, Variable, refusal

__all__: list[str] = []

# fmt: off
FACTS = (
    "shape", "ndim", "size", "result_type", "common_type", "can_cast", "min_scalar_type",
    "iscomplexobj", "isrealobj", "iscomplex", "isreal", "isneginf", "isposinf",
    "may_share_memory", "shares_memory",
    "zeros_like", "ones_like", "empty_like",
    "all", "any", "count_nonzero",
    "isclose", "allclose", "array_equal", "array_equiv", "isin",
    "argmax", "argmin", "nanargmax", "nanargmin", "argsort", "argpartition", "lexsort",
    "nonzero", "flatnonzero", "argwhere", "searchsorted", "digitize",
    "diag_indices_from", "tril_indices_from", "triu_indices_from", "ravel_multi_index",
    "unravel_index", "histogram_bin_edges",
    "array2string", "array_repr", "array_str", "save", "savetxt", "savez", "savez_compressed",
)
METHODS = ("all", "any", "argmax", "argmin", "argsort", "argpartition", "nonzero", "searchsorted")
INTEGER_UFUNCS = (
    "bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift",
    "bitwise_count", "gcd", "lcm", "isnat",
)
CONVERSIONS = ("item", "tolist", "tobytes")
CHANGES_IN_PLACE = ("fill", "put", "itemset")
# fmt: on

unrecorded(*(getattr(np, name) for name in (*FACTS, *INTEGER_UFUNCS)))


def method_of(function: Any) -> Callable[[Variable], Any]:
    """Return the method of Variable that calls a function on the plain values."""
    return lambda x: lambda *args, **kwargs: call_plain(function, (x, *args), kwargs)


def refused(what: str) -> Callable[[Variable], Any]:
    """Return a method of Variable that raises the error which says why there is none."""
    refuse = refusal(what)
    return lambda x: lambda *args: refuse(x)


OPERATORS.update({f".{name}": method_of(getattr(np, name)) for name in METHODS})
OPERATORS.update({f".{name}": refused(f"{name}()") for name in CONVERSIONS + CHANGES_IN_PLACE})
