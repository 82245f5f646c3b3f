"""Which NumPy functions the rows of the tables are about, found by watching NumPy."""

import warnings
from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad.dispatch import FUNCTIONS, REDUCTIONS, UFUNCS, call_function, call_ufunc
from minigrad.ops import load_late
from minigrad.variable import OPERATORS

__all__ = ["CASES", "OPERATIONS", "called_name", "calls", "leaders"]

TABLES = sorted(path.stem for path in Path(__file__).parent.glob("cases_*.py"))
CASES = [case for table in TABLES for case in import_module(table).CASES]

load_late()
#: All that is recorded: NumPy's functions, and methods of ufuncs such as ``(np.add, "reduce")``.
OPERATIONS = [*UFUNCS, *FUNCTIONS, *REDUCTIONS]


def called_name(name):
    """The function that a NumPy name stands for, or None where this NumPy is too old for it."""
    function = np
    for part in name.split("."):
        function = getattr(function, part, None)
    return function


@cache
def calls():
    """For each row, the calls that NumPy hands to minigrad: operation, arguments, keywords."""
    made = []

    def ufunc_spy(ufunc, method, inputs, kwargs):
        operation = ufunc if method == "__call__" else (ufunc, method)
        made.append((operation, inputs, dict(kwargs)))
        return call_ufunc(ufunc, method, inputs, kwargs)

    def function_spy(function, args, kwargs):
        made.append((function, args, dict(kwargs)))
        return call_function(function, args, kwargs)

    found = {}
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setitem(OPERATORS, "ufunc", ufunc_spy)
        patch.setitem(OPERATORS, "function", function_spy)
        for case in CASES:
            with mg.Tape() as tape:
                case.function(*map(tape.variable, case.operands()))
            found[case], made = made, []
    return found


@cache
def leaders():
    """For each operation, the row that stands for it: of the largest operands, and the first."""
    found = {}
    for case, made in calls().items():
        about = {operation for operation, *_ in made}
        about |= {called_name(name) for name in case.covers}
        for operation in about & set(OPERATIONS):
            found.setdefault(operation, []).append(case)
    return {operation: max(rows, key=breadth) for operation, rows in found.items()}


def breadth(case):
    """How much there is to be awkward about: operands, then axes."""
    return len(case.shapes), max(map(len, case.shapes), default=0)
