"""Whether a function can do something else than it did: whatever it reads, looked at again.

A step that was compiled is a function of its inputs and of constants: numbers and arrays that its
code finds in closures and globals. Where all of them are of a kind that can't change, it is enough
to look whether the names still stand for the very same objects; of arrays, which can, whether their
fingerprints are the same. That takes microseconds. Of other functions (they read a list, a dict, an
object of a class, a file) nothing is claimed.
"""

from __future__ import annotations

import builtins
import dis
from collections.abc import Callable, Iterator
from functools import partial
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from minigrad.fingerprint import can_change, state_of
from minigrad.primitive import Primitive

__all__ = ["Frozen"]

# fmt: off
IMMUTABLE = (type(None), bool, int, float, complex, str, bytes, np.generic, np.ufunc, np.dtype)
# fmt: on
LIBRARIES = {"minigrad", "numpy", "math"}  # whose functions are taken to stay as they are
READERS = {  # what looks at a state that no name leads to
    *("eval", "exec", "getattr", "globals", "input", "iter", "locals", "next", "open", "vars"),
    *("random", "load", "loadtxt", "genfromtxt", "fromfile", "memmap", "datasets", "errstate"),
}
MISSING = "nothing of that name"
Look = Callable[[], Any]  # into a place: a cell, a global or an attribute


class Frozen:
    """The constants of a function, and of the functions that it calls.

    Attributes
    ----------
    places : list of pairs
        What looks where each was found, and what it was.
    arrays : list of pairs
        Arrays that can be written to, and what was in them.
    """

    @staticmethod
    def of(function: Any) -> Frozen | None:
        """Return the constants of a function; None if one of them is of a kind that can change."""
        frozen = Frozen()
        return frozen if frozen.enter(function) else None

    def __init__(self) -> None:
        self.places: list[tuple[Look, Any]] = []
        self.arrays: list[tuple[Any, Any]] = []
        self.known: set[int] = set()

    def holds(self) -> bool:
        """Whether every name stands for the very same object, and every array is as it was."""
        for look, value in self.places:
            if look() is not value:
                return False
        return all(state_of(array) == then for array, then in self.arrays)

    def enter(self, value: Any) -> bool:
        """Take note of what a value is made of; return whether it can't change."""
        if isinstance(value, IMMUTABLE) or id(value) in self.known:
            return True
        if isinstance(value, np.ndarray):
            return not can_change(value) or self.enter_array(value)
        if isinstance(value, BuiltinFunctionType):  # of an object it would be a method
            return value.__self__ is None or isinstance(value.__self__, ModuleType)
        if isinstance(value, ModuleType):
            return value.__name__.split(".")[0] in LIBRARIES
        if isinstance(value, Primitive):
            return isinstance(value.function, np.ufunc) or of_library(value.function)
        if type(value) is tuple or hasattr(type(value), "_fields"):
            return all(map(self.enter, value))
        if isinstance(value, type):
            return of_library(value) or value.__module__ == "builtins"
        return type(value) is FunctionType and self.enter_function(value)

    def enter_array(self, array: Any) -> bool:
        """Take note of what is in an array of numbers."""
        if type(array) is not np.ndarray or array.dtype.hasobject:
            return False
        self.arrays.append((array, state_of(array)))
        return True

    def enter_function(self, function: FunctionType) -> bool:
        """Take note of a function's code, defaults, closure and globals."""
        self.known.add(id(function))
        looks: list[Look] = [partial(content, cell) for cell in function.__closure__ or ()]
        if not of_library(function):  # of those, what they were made of is all
            names = sorted({name for code in codes(function.__code__) for name in code.co_names})
            if function.__dict__ or imports(function) or not READERS.isdisjoint(names):
                return False
            self.places.append((partial(getattr, function, "__code__"), function.__code__))
            looks += [partial(getattr, function, "__defaults__")]
            looks += [partial(getattr, function, "__kwdefaults__")]
            looks += [looking_up(name, function.__globals__) for name in names]
        values = [(look, look()) for look in looks]
        self.places += values
        return all(self.enter(value) for _, value in values)


def of_library(value: Any) -> bool:
    """Whether a function or class is minigrad's or NumPy's own."""
    return str(getattr(value, "__module__", "")).split(".")[0] in LIBRARIES


def imports(function: FunctionType) -> bool:
    """Whether a function imports something, which no name leads to."""
    instructions = (dis.get_instructions(code) for code in codes(function.__code__))
    return any(line.opname == "IMPORT_NAME" for code in instructions for line in code)


def codes(code: CodeType) -> Iterator[CodeType]:
    """Give a code object and those of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


def content(cell: CellType) -> Any:
    """Return what is in a cell now."""
    try:
        return cell.cell_contents
    except ValueError:  # empty, as yet
        return MISSING


def looking_up(name: str, module: dict[str, Any]) -> Look:
    """Return what looks up a global, or a builtin where the module has none of that name.

    Names of attributes are looked up as well.
    """
    if name in module:
        return partial(module.get, name, MISSING)
    return lambda: module.get(name, getattr(builtins, name, MISSING))
