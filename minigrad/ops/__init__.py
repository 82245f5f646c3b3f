"""The differentiable operations: tables of primitives and their rules, and NumPy's names for them."""

from minigrad.ops import einsum, elementwise, products
from minigrad.ops import conditional, create, cumulative, index, reduce, repeat, shape, stack
from minigrad.dispatch import UFUNCS, call_plain
from minigrad.variable import OPERATORS
import numpy as np

for _name in (
    "add",
    "subtract",
    "multiply",
    "divide",
    "power",
    "remainder",
    "floor_divide",
    "negative",
    "absolute",
):
    OPERATORS[_name] = UFUNCS[getattr(np, _name)].__call__
for _name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
    OPERATORS[_name] = lambda a, b, function=getattr(np, _name): call_plain(function, (a, b), {})
