"""Which NumPy functions can be called on a Variable: read from the tables that answer them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

from minigrad.dispatch import FUNCTIONS, REDUCTIONS, UFUNCS, UNRECORDED, keywords_of
from minigrad.ops import load_late
from minigrad.primitive import Primitive

__all__ = ["support_table"]

HALF = "at a tie each operand gets half"
SHARED = "several of them share the slope equally"
NOTES = {
    "numpy.absolute": "slope 0 at 0",
    "numpy.average": "differentiable in the weights as well",
    "numpy.fabs": "slope 0 at 0",
    "numpy.fmax": HALF,
    "numpy.fmin": HALF,
    "numpy.hypot": "slope 0 at the origin",
    "numpy.max": SHARED,
    "numpy.maximum": HALF,
    "numpy.median": SHARED,
    "numpy.min": SHARED,
    "numpy.minimum": HALF,
    "numpy.power": "``x**0`` has slope 0, ``0**p`` has slope 0 in ``p``",
    "numpy.prod": "right where elements are zero, to every order",
    "numpy.sign": "a step, but of complex numbers the direction",
    "numpy.std": "of equal numbers the slope is 0",
}
ARRAYS = (  # what handlers call their arrays; every other argument is a keyword
    "a", "b", "x", "x1", "x2", "y", "v", "m", "f", "p", "z", "A", "B", "ary", "arr", "array",
    "arrays", "arys", "args", "tup", "xi", "val", "operands", "xp", "fp", "start", "stop",
    "condition", "choice", "kw", "varargs", "params",
)  # fmt: skip
STEP = "a step: its derivative is zero"
PLAIN = "no derivative: computed from the values"


def support_table() -> list[dict[str, Any]]:
    """Return what is known about each NumPy function, ordered by name.

    Returns
    -------
    list of dict
        ``function`` is its full name; ``keywords`` the optional arguments that are supported;
        ``modes`` is ``("reverse", "forward")`` if all the primitives that it is made of have both
        rules; ``orders`` how often it can be differentiated; ``note`` says what is special.

    Examples
    --------
    >>> from minigrad.ops import support_table
    >>> rows = {row["function"]: row for row in support_table()}
    >>> rows["numpy.cumsum"]["keywords"], rows["numpy.cumsum"]["modes"]
    (('axis',), ('reverse', 'forward'))
    >>> rows["numpy.argmax"]["note"]
    'no derivative: computed from the values'
    """
    load_late()
    rows = [row(name_of(function), handler) for function, handler in FUNCTIONS.items()]
    rows += [row(name_of(ufunc), handler) for ufunc, handler in UFUNCS.items()]
    rows += [
        row(f"{name_of(ufunc)}.{method}()", handler)
        for (ufunc, method), handler in REDUCTIONS.items()
    ]
    rows += [
        {"function": name_of(f), "keywords": (), "modes": (), "orders": (), "note": PLAIN}
        for f in UNRECORDED
    ]
    return sorted(rows, key=lambda row: str(row["function"]))


def row(name: str, handler: Callable[..., Any]) -> dict[str, Any]:
    """Return the entry of a function that is recorded."""
    parts = set(primitives(handler, set()))
    modes = tuple(
        mode
        for mode, rules in (("reverse", "vjps"), ("forward", "jvps"))
        if all(getattr(part, rules) is not None for part in parts)
    )
    steps = bool(parts) and all(is_step(part) for part in parts)
    return {
        "function": name,
        "keywords": tuple(k for k in keywords_of(handler) if k not in ARRAYS),
        "modes": modes,
        "orders": "any" if modes else (),
        "note": STEP if steps else NOTES.get(name, ""),
    }


def is_step(prim: Primitive) -> bool:
    """Whether no operand matters to the derivative."""
    return isinstance(prim.vjps, tuple) and set(prim.vjps) == {None}


def name_of(function: Any) -> str:
    """Return a function's full name; with brackets where NumPy's reference has no page for it."""
    module = getattr(function, "__module__", None) or "numpy"
    name = f"{module}.{function.__name__}"
    return name if module in ("numpy", "numpy.linalg", "numpy.fft") else f"{name}()"


def primitives(handler: Any, seen: set[int]) -> Iterator[Primitive]:
    """Yield the primitives that a handler is made of: those that it names, and so on inwards."""
    if isinstance(handler, Primitive):
        yield handler
    if not isinstance(handler, FunctionType) or id(handler) in seen:
        return
    seen.add(id(handler))
    if not handler.__module__.startswith("minigrad.ops"):
        return
    for name in names_in(handler.__code__):
        yield from primitives(handler.__globals__.get(name), seen)
    for cell in handler.__closure__ or ():
        yield from primitives(cell.cell_contents, seen)


def names_in(code: CodeType) -> Iterator[str]:
    """Yield the global names that a function uses, its inner functions' among them."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)
