"""Whether a function can do something else than it did: whatever it reads, looked at again.

A step that was compiled is a function of its inputs and of constants: numbers and arrays that its
code finds in closures and globals. Where all of them are of a kind that can't change, it is enough
to look whether the names still stand for the very same objects; of small arrays, which can, whether
they hold the same numbers. That takes microseconds. Of other functions (they read a list, a dict,
an object of a class, a file) nothing is claimed.
"""

from __future__ import annotations

import builtins
import dis
from collections.abc import Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from minigrad.fingerprint import can_change
from minigrad.primitive import Primitive

__all__ = ["Frozen"]

# fmt: off
IMMUTABLE = (type(None), bool, int, float, complex, str, bytes, np.generic, np.ufunc, np.dtype,
             BuiltinFunctionType)
# fmt: on
ATTRIBUTES = ("__code__", "__defaults__", "__kwdefaults__")
LIBRARIES = {"minigrad", "numpy", "math"}  # whose functions are taken to stay as they are
READERS = {  # what looks at a state that no name leads to
    *("eval", "exec", "getattr", "globals", "input", "iter", "locals", "next", "open", "vars"),
    *("random", "load", "loadtxt", "genfromtxt", "fromfile", "memmap", "datasets", "errstate"),
}
SMALL = 1 << 14  # bytes; a function of larger arrays is asked once more instead
MISSING = "nothing of that name"
Place = tuple[str, Any, str]  # a cell, a global or an attribute; of what; its name


class Frozen:
    """The constants of a function, and of the functions that it calls.

    Attributes
    ----------
    places : list of pairs
        Where each was found, and what it was.
    arrays : list of pairs
        Arrays that can be written to, and what was in them.
    """

    @staticmethod
    def of(function: Any) -> Frozen | None:
        """Return the constants of a function; None if one of them is of a kind that can change."""
        frozen = Frozen()
        return frozen if frozen.enter(function) else None

    def __init__(self) -> None:
        self.places: list[tuple[Place, Any]] = []
        self.arrays: list[tuple[Any, Any]] = []
        self.known: set[int] = set()

    def holds(self) -> bool:
        """Whether every name stands for the very same object, and every array is as it was."""
        for place, value in self.places:
            if found(*place) is not value:
                return False
        return all(contents(array) == then for array, then in self.arrays)

    def enter(self, value: Any) -> bool:
        """Take note of what a value is made of; return whether it can't change."""
        if isinstance(value, IMMUTABLE) or id(value) in self.known:
            return True
        if isinstance(value, np.ndarray):
            return not can_change(value) or self.enter_array(value)
        if isinstance(value, ModuleType):
            return value.__name__.split(".")[0] in LIBRARIES
        if isinstance(value, Primitive):
            return isinstance(value.function, np.ufunc) or of_library(value.function)
        if type(value) is tuple:
            return all(map(self.enter, value))
        if isinstance(value, type):
            return of_library(value) or value.__module__ == "builtins"
        return type(value) is FunctionType and self.enter_function(value)

    def enter_array(self, array: Any) -> bool:
        """Take note of what is in a small array of numbers."""
        if type(array) is not np.ndarray or array.dtype.hasobject or array.nbytes > SMALL:
            return False
        self.arrays.append((array, contents(array)))
        return True

    def enter_function(self, function: FunctionType) -> bool:
        """Take note of a function's code, defaults, closure and globals."""
        self.known.add(id(function))
        places: list[Place] = [("cell", cell, "") for cell in function.__closure__ or ()]
        if not of_library(function):  # of those, what they were made of is all
            names = sorted({name for code in codes(function.__code__) for name in code.co_names})
            if function.__dict__ or imports(function) or not READERS.isdisjoint(names):
                return False
            places += [("attribute", function, name) for name in ATTRIBUTES]
            places += [("global", function.__globals__, name) for name in names]
        values = [(place, found(*place)) for place in places]
        self.places += values
        return all(self.enter(value) for (_, _, name), value in values if name != "__code__")


def contents(array: Any) -> Any:
    """Return what is in an array, as something to compare."""
    return array.shape, array.dtype, array.tobytes()


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


def found(kind: str, owner: Any, name: str) -> Any:
    """Return what is in a place now; the names of attributes stand for globals as well."""
    if kind == "cell":
        try:
            return owner.cell_contents
        except ValueError:  # empty, as yet
            return MISSING
    if kind == "attribute":
        return getattr(owner, name)
    value = owner.get(name, MISSING)
    return getattr(builtins, name, MISSING) if value is MISSING else value
