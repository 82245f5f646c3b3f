"""Plain NumPy called on a Variable: which of its functions is which of our primitives.

NumPy hands every ufunc and every function that meets a Variable to one of the two doors at the
bottom of this file. They look it up in three tables, which the modules of :mod:`minigrad.ops`
fill: `UFUNCS` and `FUNCTIONS` for what is recorded, `UNRECORDED` for what has no derivative
(comparisons, `np.argmax`, `np.shape`) and is computed from the plain values. What stands in none
of them is an error: never a result that silently left the tape.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from minigrad import tree
from minigrad.callers import users_line
from minigrad.errors import MissingRuleError
from minigrad.variable import OPERATORS, Variable, value_of

__all__ = ["FUNCTIONS", "UFUNCS", "UNRECORDED", "implements", "keywords_of", "unrecorded"]

Function = TypeVar("Function", bound=Callable[..., Any])

#: NumPy's ufuncs, and the primitives that record them.
UFUNCS: dict[Any, Callable[..., Any]] = {}
#: NumPy's other functions, and what records them.
FUNCTIONS: dict[Any, Callable[..., Any]] = {}
#: NumPy's functions that have no derivative: computed from plain values, not recorded.
UNRECORDED: set[Any] = set()
#: Methods of ufuncs, such as ``(np.add, "reduce")``, and what records them.
REDUCTIONS: dict[tuple[Any, str], Callable[..., Any]] = {}  # (np.add, "reduce") and its like


def implements(*functions: Any, method: bool = False) -> Callable[[Function], Function]:
    """Make the decorated function the one that records these NumPy functions (decorator).

    Its signature is NumPy's, less the keywords that are not supported: those are refused by name
    when somebody uses them. With `method`, it is a method of Variable as well, as in ``x.sum()``.
    """

    def enter(handler: Function) -> Function:
        for function in functions:
            FUNCTIONS[function] = handler
        if method:
            name = functions[0].__name__
            OPERATORS["." + name] = lambda x: (
                lambda *args, **kwargs: call_handler(handler, f"x.{name}", (x, *args), kwargs)
            )
        return handler

    return enter


def unrecorded(*functions: Any) -> None:
    """Say that these functions have no derivative: they are computed from the plain values."""
    UNRECORDED.update(functions)


def keywords_of(handler: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments that a handler takes, in NumPy's order."""
    return list(inspect.signature(handler).parameters)


def name_of(function: Any) -> str:
    """Return a NumPy function's name as users write it."""
    module = (getattr(function, "__module__", None) or "numpy").replace("numpy", "np", 1)
    return f"{module}.{function.__name__}"


def missing(name: str) -> MissingRuleError:
    """Build the error for a function that nobody has written rules for."""
    return MissingRuleError(
        f"{name} has no derivative rule, so it can't be called on a Variable. Write it with "
        f"functions that have one, or add it: decorate a function of plain arrays with "
        f"minigrad.extend.primitive and give it def_vjp and def_jvp. For a constant, use `x.value`."
    )


def call_plain(function: Any, args: Any, kwargs: Any) -> Any:
    """Call a function that has no derivative on the plain values of its arguments."""
    if _watching.looked is not None and function not in STRUCTURE:
        _watching.looked.append(f"{name_of(function)} on {users_line()}")
    return function(*tree.map(value_of, list(args)), **tree.map(value_of, kwargs))


STRUCTURE = {np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, np.isrealobj}


class _Watching(threading.local):
    """What a thread has looked at of the values on its tape, while somebody wants to know."""

    looked: list[str] | None = None


_watching = _Watching()


@contextmanager
def watching() -> Iterator[list[str]]:
    """Collect where a computation looks at values, so that it may branch on them.

    Meanwhile a Variable takes note of it when its value is read from outside this package, or when
    it is looked for in a set or a dict: there it is itself, not its number.
    """
    was, _watching.looked = _watching.looked, []
    with _lock:
        _watched.append(_watching.looked)
        Variable.value, Variable.__hash__ = property(look), look_up  # type: ignore[method-assign, assignment]
    try:
        yield _watching.looked
    finally:
        with _lock:
            _watched.pop()
            if not _watched:
                Variable.value, Variable.__hash__ = VALUE, HASH  # type: ignore[method-assign]
        _watching.looked = was


VALUE: Any = vars(Variable)["value"]
HASH: Any = Variable.__hash__
_watched: list[list[str]] = []  # by all threads
_lock = threading.Lock()


def look(variable: Variable) -> Any:
    """Return the value of a Variable; take note if the reader is the user's code."""
    take_note("x.value", sys._getframe(1).f_code.co_filename)
    return variable._value


def look_up(variable: Variable) -> int:
    """Return the hash of a Variable; take note if it is the user's code that looks it up."""
    take_note("a set or a dict", sys._getframe(1).f_code.co_filename)
    return object.__hash__(variable)


def take_note(what: str, reader: str) -> None:
    """Note what a file has looked at, if it is none of this package."""
    if _watching.looked is not None and not reader.startswith(PACKAGE):
        _watching.looked.append(f"{what} on {users_line()}")


PACKAGE = os.path.dirname(__file__) + os.sep


def call_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Record a ufunc that met a Variable; called by NumPy."""
    if method != "__call__":
        handler = REDUCTIONS.get((ufunc, method))
        if handler is None:
            raise missing(f"np.{ufunc.__name__}.{method}")
        return call_handler(handler, f"np.{ufunc.__name__}.{method}", inputs, kwargs)
    out = kwargs.pop("out", None)
    if out is not None and not (len(out) == 1 and out[0] is inputs[0]):
        raise refused(f"np.{ufunc.__name__}", "out", [])
    # `a += x` arrives as out=(a,). Like `a = a + x` it binds the name anew and leaves a as it was.
    if out is not None and kwargs.get("axes") in AXES_OF_AT_EQUALS:
        del kwargs["axes"]  # what NumPy says of its own accord for `a @= x`
    if ufunc in UNRECORDED:
        return call_plain(ufunc, inputs, kwargs)
    primitive = UFUNCS.get(ufunc)
    if primitive is None:
        raise missing(f"np.{ufunc.__name__}")
    for keyword in kwargs:
        raise refused(f"np.{ufunc.__name__}", keyword, [])
    return primitive(*inputs)


AXES_OF_AT_EQUALS = ([(-2, -1), (-2, -1), (-2, -1)], [(-1,), (-2, -1), (-1,)])


def call_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Record a NumPy function that met a Variable; called by NumPy."""
    if function not in FUNCTIONS and function not in UNRECORDED:
        OPERATORS["late"]()
    handler = FUNCTIONS.get(function)
    if handler is not None:
        return call_handler(handler, name_of(function), args, kwargs)
    if function in UNRECORDED:
        return call_plain(function, args, kwargs)
    raise missing(name_of(function))


def call_handler(
    handler: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Call a handler, having refused by name the keywords that it does not take."""
    try:
        return handler(*args, **kwargs)
    except TypeError:
        allowed = keywords_of(handler)
        for keyword in kwargs:
            if keyword not in allowed and "kwargs" not in allowed:
                raise refused(name, keyword, allowed) from None
        raise


def refused(name: str, keyword: str, allowed: list[str]) -> TypeError:
    """Build the error for a keyword that is not supported on Variables."""
    also = f"; supported: {', '.join(allowed)}" if allowed else ""
    mend = (
        "x.astype(dtype) converts" if keyword == "dtype" else "np.where(condition, x, 0.0) selects"
    )
    return TypeError(
        f"{name}: {keyword}= is not supported on a Variable{also}. Results are new values on the "
        f"tape: assign the result to a name; {mend}."
    )


OPERATORS.update(ufunc=call_ufunc, function=call_function)
