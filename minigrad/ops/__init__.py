"""The differentiable operations: tables of primitives and rules, and NumPy's names for them.

Those that most programs call load with the package. `LATE` are the others: they load when NumPy is
called with a function that none of the first has, or when something here is asked for by name.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from minigrad.ops import (
    axes,
    conditional,
    create,
    cumulative,
    diagonal,
    einsum,
    elementwise,
    facts,
    index,
    products,
    reduce,
    repeat,
    shape,
    sort,
    special,
    stack,
    statistics,
)
from minigrad.variable import OPERATORS

if TYPE_CHECKING:
    from minigrad.ops import (
        bessel,
        convolve,
        decompositions,
        difference,
        fourier,
        interpolate,
        least_squares,
        linalg,
        norms,
    )
    from minigrad.ops.support import support_table

__all__ = [
    "axes",
    "bessel",
    "conditional",
    "convolve",
    "create",
    "cumulative",
    "decompositions",
    "diagonal",
    "difference",
    "einsum",
    "elementwise",
    "facts",
    "fourier",
    "index",
    "interpolate",
    "least_squares",
    "linalg",
    "load_late",
    "norms",
    "products",
    "reduce",
    "repeat",
    "shape",
    "sort",
    "special",
    "stack",
    "statistics",
    "support_table",
]

LATE = (
    "bessel",
    "convolve",
    "decompositions",
    "difference",
    "fourier",
    "interpolate",
    "least_squares",
    "linalg",
    "norms",
)


def load_late() -> None:
    """Load the operations that are not loaded yet, so that every table is complete."""
    for name in LATE:
        import_module(f"minigrad.ops.{name}")


OPERATORS["late"] = load_late


def __getattr__(name: str) -> Any:
    """Load a late room, or the table of support, when it is first asked for."""
    if name in LATE:
        return import_module(f"minigrad.ops.{name}")
    if name == "support_table":
        return import_module("minigrad.ops.support").support_table
    raise AttributeError(f"module 'minigrad.ops' has no attribute {name!r}; see dir(minigrad.ops)")
