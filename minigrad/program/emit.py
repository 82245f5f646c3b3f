"""A program as readable NumPy source, and the function compiled from it.

Each line becomes a statement. Arithmetic is written with operators, and in place (``a *= b``)
where the array written to is read by nobody else afterwards: that is where memory is saved.
Single numbers are Python floats, computed with :mod:`math`, which is much quicker than 0-d
arrays.
"""

from __future__ import annotations

import keyword
import linecache
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.program.lines import INPUT, Argument, Constant, Line, Program

__all__ = ["Emitted", "emit"]

# How a primitive is written with Python's operators, in place, and for single numbers.
# fmt: off
OPERATORS = {
    "add": "{} + {}", "subtract": "{} - {}", "multiply": "{} * {}", "divide": "{} / {}",
    "power": "{} ** {}", "negative": "-{}", "transpose": "{}.T",
    "matmul": "{} @ {}", "matmul_nt": "{} @ {}.mT", "matmul_tn": "{}.mT @ {}",
}
IN_PLACE = {"add": "+=", "subtract": "-=", "multiply": "*=", "divide": "/="}
COMMUTE = ("add", "multiply")
MATH = {
    "exp": "exp", "expm1": "expm1", "log": "log", "log1p": "log1p", "sqrt": "sqrt", "sin": "sin",
    "cos": "cos", "tan": "tan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "arctan": "atan",
    "absolute": "fabs",
}
WORDS = {"matmul": "product", "matmul_nt": "product", "matmul_tn": "product", "add": "total",
         "subtract": "rest", "multiply": "scaled", "divide": "ratio", "negative": "minus"}
MATRIX_PRODUCTS = ("matmul", "matmul_nt", "matmul_tn")
# fmt: on


def called(program: Program) -> list[Any]:
    """Return the primitives that appear in the code as functions of their own name."""
    prims = {line.primitive for line in program.lines.values() if line.primitive is not INPUT}
    return [p for p in prims if p.name not in OPERATORS and not isinstance(p.function, np.ufunc)]


def is_elementwise(function: Any) -> bool:
    """Whether a function is a ufunc that works element by element, and so can work in place."""
    return isinstance(function, np.ufunc) and function.signature is None


class Emitted:
    """A program as text and as a function.

    Attributes
    ----------
    source : str
        Straight-line NumPy code: one function of the inputs that returns a tuple of the outputs.
    function : callable
        Compiled from it.
    names : dict
        What the code calls the result of each line.
    """

    def __init__(
        self, source: str, function: Callable[..., Any], names: dict[int, str] | None = None
    ) -> None:
        self.source, self.function, self.names = source, function, names or {}

    def __str__(self) -> str:
        return self.source


def is_number(line: Line) -> bool:
    """Whether a result is a single real number, kept as a Python float."""
    return line.shape == () and line.dtype in (None, np.dtype(float))


class Writer:
    """Writes one function."""

    def __init__(self, program: Program, name: str) -> None:
        self.program, self.name = program, name
        self.namespace: dict[str, Any] = {"np": np, "math": math}
        self.names: dict[int, str] = {}
        self.taken = {"np", "math", name, *(prim.name for prim in called(program))}
        self.last = last_reads(program)
        self.body: list[str] = []
        self.where = ""

    def name_for(self, number: int, wish: str) -> str:
        wish = re.sub(r"\W+", "_", wish).strip("_") or "x"
        wish = f"v_{wish}" if wish[0].isdigit() or keyword.iskeyword(wish) else wish
        name, k = wish, 1
        while name in self.taken:
            k += 1
            name = f"{wish}_{k}"
        self.taken.add(name)
        self.names[number] = name
        return name

    def text(self, argument: Argument) -> str:
        if isinstance(argument, int):
            return self.names[argument]
        value = argument.value
        if isinstance(value, np.float64):
            value = float(value)
        if type(value) in (float, int, bool) and math.isfinite(value):
            return f"({value!r})" if value < 0 else repr(value)
        for name, known in self.namespace.items():
            if known is value:
                return name
        name = f"constant_{sum(key.startswith('constant_') for key in self.namespace)}"
        self.taken.add(name)
        self.namespace[name] = value
        return name

    def reusable(self, number: int, argument: Argument) -> bool:
        """Whether the result of line `number` may be written over an operand."""
        if not isinstance(argument, int) or self.last[argument] != number:
            return False
        line, other = self.program.lines[number], self.program.lines[argument]
        function = other.primitive.function
        fresh = other.primitive.name in MATRIX_PRODUCTS or isinstance(function, np.ufunc)
        return bool(fresh and other.shape == line.shape and other.dtype == line.dtype)

    def write(self, number: int, line: Line) -> None:
        name, args = line.primitive.name, line.arguments
        texts = [self.text(argument) for argument in args]
        self.quote(line.where)
        if is_number(line):
            self.assign(number, line, self.number(line, texts))
            return
        if name in IN_PLACE and line.shape:
            orders = [(0, 1), (1, 0)] if name in COMMUTE else [(0, 1)]
            for i, j in orders:
                if self.reusable(number, args[i]) and args[i] != args[j]:
                    self.body.append(f"{texts[i]} {IN_PLACE[name]} {texts[j]}")
                    self.names[number] = texts[i]
                    return
        if line.shape and is_elementwise(line.primitive.function):
            for argument, text in zip(args, texts, strict=True):
                if self.reusable(number, argument):
                    function = line.primitive.function.__name__
                    self.body.append(f"np.{function}({', '.join(texts)}, out={text})")
                    self.names[number] = text
                    return
        self.assign(number, line, self.expression(line, texts))

    def quote(self, where: str) -> None:
        """Write the user's line that the next statements come from, if it is another one."""
        if where and where != self.where:
            self.where = where
            file, _, row = where.rpartition(":")
            text = linecache.getline(file, int(row)).strip()
            self.body.append(f"# {text or where}")

    def assign(self, number: int, line: Line, expression: str) -> None:
        name = self.name_for(
            number, line.name or WORDS.get(line.primitive.name, line.primitive.name)
        )
        shape = f"  # {line.shape}" if line.shape else ""
        self.body.append(f"{name} = {expression}{shape}")

    def expression(self, line: Line, texts: Sequence[str]) -> str:
        prim = line.primitive
        if prim.name in OPERATORS and not line.params:
            return OPERATORS[prim.name].format(*texts)
        if isinstance(prim.function, np.ufunc):
            return f"np.{prim.function.__name__}({', '.join(texts)})"
        if (short := self.shorter(line, texts)) is not None:
            return short
        self.namespace.setdefault(prim.name, prim.function)
        function = prim.name
        if self.namespace[function] is not prim.function:
            function = f"{prim.name}_{id(prim)}"
            self.namespace[function] = prim.function
        params = [f"{key}={self.parameter(item)}" for key, item in line.params.items()]
        return f"{function}({', '.join([*texts, *params])})"

    def parameter(self, item: Any) -> str:
        """Return a keyword parameter as text: written out if it is simple."""
        simple = item is None or isinstance(item, str | bool | int)
        if simple or (isinstance(item, tuple) and all(isinstance(i, int) for i in item)):
            return repr(item)
        return self.text(Constant(item))

    def shorter(self, line: Line, texts: Sequence[str]) -> str | None:
        """Return how NumPy itself says what a primitive does, where it is a word or two."""
        name, params, text = line.primitive.name, line.params, texts[0] if texts else ""
        shapes = [self.shape(argument) for argument in line.arguments]
        if name == "sum_rows" or (name == "unbroadcast" and shapes[0][1:] == line.shape):
            return f"np.add.reduce({text})"
        if name == "inner" and all(self.is_real(argument) for argument in line.arguments):
            return f"np.vdot({', '.join(texts)})"
        if name == "sum" and isinstance(params.get("axis"), tuple) and len(params["axis"]) == 1:
            keep = ", keepdims=True" if params.get("keepdims") else ""
            return f"np.add.reduce({text}, axis={params['axis'][0]}{keep})"
        return None

    def shape(self, argument: Argument) -> tuple[int, ...]:
        """Return the shape of an argument."""
        if isinstance(argument, int):
            return tuple(self.program.lines[argument].shape or ())
        return np.shape(argument.value)

    def is_real(self, argument: Argument) -> bool:
        """Whether an argument is an array of real numbers."""
        if isinstance(argument, int):
            dtype = self.program.lines[argument].dtype
            return dtype is None or dtype.kind == "f"
        return np.asarray(argument.value).dtype.kind == "f"

    def number(self, line: Line, texts: Sequence[str]) -> str:
        name = line.primitive.name
        shapes = [self.shape(argument) for argument in line.arguments]
        if all(shape == () for shape in shapes):
            if name in OPERATORS:
                return OPERATORS[name].format(*texts)
            if name in MATH:
                return f"math.{MATH[name]}({', '.join(texts)})"
            if name == "square":
                return f"{texts[0]} * {texts[0]}"
        return f"float({self.expression(line, texts)})"


def last_reads(program: Program) -> dict[int, float]:
    """Return, for each line, the last line that reads it; infinity for outputs and inputs."""
    last: dict[int, float] = {}
    for number, line in program.lines.items():
        last[number] = number
        for read in line.reads:
            last[read] = number
    for output in program.outputs:
        if isinstance(output, int):
            last[output] = math.inf
    for number in program.inputs:
        last[number] = math.inf
    return last


def emit(program: Program, name: str = "program") -> Emitted:
    """Write a program as source and compile it."""
    writer = Writer(program, name)
    inputs = [writer.name_for(k, program.lines[k].name) for k in program.inputs]
    for number, line in program.lines.items():
        if line.primitive is not INPUT:
            writer.write(number, line)
    outputs = [writer.text(output) for output in program.outputs]
    body = [*writer.body, f"return {', '.join(outputs)}{',' if len(outputs) == 1 else ''}"]
    source = f"def {name}({', '.join(inputs)}):\n" + "".join(f"    {row}\n" for row in body)
    file = f"<minigrad {name} {id(program)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), writer.namespace)
    return Emitted(source, writer.namespace[name], writer.names)
