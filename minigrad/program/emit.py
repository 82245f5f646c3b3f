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

# fmt: off
OPERATORS = {
    "add": "{} + {}", "subtract": "{} - {}", "multiply": "{} * {}", "divide": "{} / {}",
    "power": "{} ** {}", "negative": "-{}", "matmul": "{} @ {}", "matmul_nt": "{} @ {}.T",
    "matmul_tn": "{}.T @ {}", "transpose": "{}.T",
}
IN_PLACE = {"add": "+=", "subtract": "-=", "multiply": "*=", "divide": "/="}
COMMUTE = ("add", "multiply")
UFUNCS = ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "tanh", "sinh", "cosh",
          "arctan", "absolute", "square", "negative", "reciprocal", "maximum", "minimum", "subtract", "divide")
MATH = {"exp": "exp", "expm1": "expm1", "log": "log", "log1p": "log1p", "sqrt": "sqrt", "sin": "sin", "cos": "cos",
        "tan": "tan", "tanh": "tanh", "sinh": "sinh", "cosh": "cosh", "arctan": "atan", "absolute": "fabs"}
FRESH = {"matmul", "matmul_nt", "matmul_tn"}
# fmt: on


class Emitted:
    """A program as text and as a function.

    Attributes
    ----------
    source : str
        Straight-line NumPy code: one function of the inputs that returns a tuple of the outputs.
    function : callable
        Compiled from it.
    """

    def __init__(self, source: str, function: Callable[..., Any]) -> None:
        self.source, self.function = source, function

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
        functions = {line.primitive.name for line in program.lines.values()}
        self.taken = {"np", "math", name, *functions}
        self.last = last_reads(program)
        self.body: list[str] = []

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
        fresh = other.primitive.name in FRESH or isinstance(other.primitive.function, np.ufunc)
        return bool(fresh and other.shape == line.shape and other.dtype == line.dtype)

    def write(self, number: int, line: Line) -> None:
        name, args = line.primitive.name, line.arguments
        texts = [self.text(argument) for argument in args]
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
        if name in UFUNCS and line.shape and isinstance(line.primitive.function, np.ufunc):
            for argument, text in zip(args, texts, strict=True):
                if self.reusable(number, argument):
                    self.body.append(
                        f"np.{line.primitive.function.__name__}({', '.join(texts)}, out={text})"
                    )
                    self.names[number] = text
                    return
        self.assign(number, line, self.expression(line, texts))

    def assign(self, number: int, line: Line, expression: str) -> None:
        name = self.name_for(number, line.name or line.primitive.name)
        self.body.append(f"{name} = {expression}")

    def expression(self, line: Line, texts: Sequence[str]) -> str:
        prim = line.primitive
        if prim.name in OPERATORS and not line.params and self.flat(line):
            return OPERATORS[prim.name].format(*texts)
        if isinstance(prim.function, np.ufunc):
            return f"np.{prim.function.__name__}({', '.join(texts)})"
        self.namespace.setdefault(prim.name, prim.function)
        function = prim.name
        if self.namespace[function] is not prim.function:
            function = f"{prim.name}_{id(prim)}"
            self.namespace[function] = prim.function
        params = [
            f"{key}={self.text(Constant(item)) if not isinstance(item, tuple | str | None.__class__) else repr(item)}"
            for key, item in line.params.items()
        ]
        return f"{function}({', '.join([*texts, *params])})"

    def flat(self, line: Line) -> bool:
        """Whether ``.T`` is right for a matrix product: both operands have two axes."""
        if line.primitive.name not in ("matmul_nt", "matmul_tn"):
            return True
        return all(
            len(self.program.lines[a].shape if isinstance(a, int) else np.shape(a.value)) == 2
            for a in line.arguments
        )

    def number(self, line: Line, texts: Sequence[str]) -> str:
        name = line.primitive.name
        shapes = [
            self.program.lines[a].shape if isinstance(a, int) else np.shape(a.value)
            for a in line.arguments
        ]
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
    return Emitted(source, writer.namespace[name])
