"""A program as readable NumPy source, and the function compiled from it.

Each line becomes a statement. Arithmetic is written with operators, and in place (``a *= b``)
where the array written to is read by nobody else afterwards: that is where memory is saved.
Single numbers are Python floats, computed with :mod:`math`, which is much quicker than 0-d
arrays.
"""

from __future__ import annotations

import itertools
import keyword
import linecache
import math
import re
import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad.nn.hypers import inner
from minigrad.ops.axes import transpose
from minigrad.ops.elementwise import add, divide, multiply, negative, power, subtract
from minigrad.ops.products import matmul, matmul_nt, matmul_tn
from minigrad.ops.reduce import sum_
from minigrad.ops.shape import reshape
from minigrad.ops.special import sum_rows
from minigrad.primitive import Primitive, unbroadcast
from minigrad.program.lines import INPUT, Argument, Constant, Line, Program
from minigrad.program.scalars import MATH, SCALARS
from minigrad.program.stacks import (
    LIFTS,
    add_to_rows,
    column,
    rows_text,
    subtract_from_rows,
    weighted_sum,
    zero_rows,
)

__all__ = ["Emitted", "emit"]

serial = itertools.count()

# How a primitive is written with Python's operators, in place, and for single numbers.
# fmt: off
OPERATORS = {
    add: "{} + {}", subtract: "{} - {}", multiply: "{} * {}", divide: "{} / {}",
    power: "{} ** {}", negative: "-{}", transpose: "{}.T",
    matmul: "{} @ {}", matmul_nt: "{} @ {}.mT", matmul_tn: "{}.mT @ {}",
    column: "{}[..., None]", weighted_sum: "np.vecdot({}, {})",
    **{lift: "{}[:" + ", None" * count + "]" for count, lift in LIFTS.items()},
}
ON_ROWS = {add_to_rows: "+=", subtract_from_rows: "-="}
IN_PLACE = {add: "+=", subtract: "-=", multiply: "*=", divide: "/="}
COMMUTE = (add, multiply)
# How tightly an operator binds, and how tightly its operands must.
RANKS = {add: (1, 1, 2), subtract: (1, 1, 2), multiply: (2, 2, 3), divide: (2, 2, 3),
         negative: (3, 3)}
LONG = 50  # characters; a longer expression has a name
WORDS = {"matmul": "product", "matmul_nt": "product", "matmul_tn": "product", "add": "total",
         "subtract": "rest", "multiply": "scaled", "divide": "ratio", "negative": "minus"}
PRODUCTS = (matmul, matmul_nt, matmul_tn)
FRESH = (*PRODUCTS, zero_rows, add_to_rows, subtract_from_rows)  # give an array of their own
NARROW = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.complex64))
REAL = (None, np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.bool_))
WIDE = (np.dtype(np.float64), np.dtype(np.complex128))
# fmt: on


def called(program: Program) -> list[Primitive]:
    """Return the primitives that may appear in the code as functions of their own name."""
    prims = dict.fromkeys(line.primitive for line in program.lines.values())
    return [p for p in prims if p is not INPUT and not isinstance(p.function, np.ufunc)]


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


class Written(NamedTuple):
    """A function as written: whether Python's numbers may raise in it where NumPy's would not."""

    source: str
    function: Callable[..., Any]
    names: dict[int, str]
    may_raise: bool


class Writer:
    """Writes one function.

    Python's own numbers raise where NumPy's become inf or nan; `careful` code leaves them to NumPy.
    """

    def __init__(self, program: Program, name: str, *, careful: bool = False) -> None:
        self.program, self.name, self.careful = program, name, careful
        self.namespace: dict[str, Any] = {"np": np, "math": math}
        self.names: dict[int, str] = {}
        self.constants: dict[int, str] = {}
        self.taken = {"np", "math", "float", name}
        self.functions = {prim: self.unique(prim.name) for prim in called(program)}
        self.last, self.borrowed = last_reads(program), borrowed(program)
        self.parts: dict[int, str] = {}  # numbers that are part of another expression
        self.readers: dict[int, list[Line]] = {}
        for line in program.lines.values():
            for read in line.reads:
                self.readers.setdefault(read, []).append(line)
        self.body: list[str] = []
        self.where, self.may_raise = "", False

    def unique(self, wish: str) -> str:
        """Return a name like `wish` that is none yet."""
        wish = re.sub(r"\W+", "_", wish).strip("_") or "x"
        wish = f"v_{wish}" if wish[0].isdigit() or keyword.iskeyword(wish) else wish
        name, k = wish, 1
        while name in self.taken:
            k += 1
            name = f"{wish}_{k}"
        self.taken.add(name)
        return name

    def name_for(self, number: int, wish: str) -> str:
        self.names[number] = self.unique(wish)
        return self.names[number]

    def text(self, argument: Argument) -> str:
        if isinstance(argument, int):
            return self.names[argument]
        value = argument.value
        if isinstance(value, np.float64):
            value = float(value)
        if type(value) in (float, int, bool) and math.isfinite(value):
            text = repr(value)
            return f"({text})" if text.startswith("-") else text
        if id(value) not in self.constants:
            name = self.constants[id(value)] = self.unique(f"constant_{len(self.constants)}")
            self.namespace[name] = value
        return self.constants[id(value)]

    def compiled(self, source: str) -> Written:
        """Compile the function; its source is there for tracebacks as long as it lives."""
        file = f"<minigrad {self.name} {next(serial)}>"
        exec(compile(source, file, "exec"), self.namespace)
        function: Callable[..., Any] = self.namespace.pop(self.name)
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        weakref.finalize(function, linecache.cache.pop, file, None)
        return Written(source, function, self.names, self.may_raise)

    def operands(self, line: Line) -> list[str]:
        """Return the arguments as text; numbers that widen narrow arrays say that they do."""
        texts = [self.text(argument) for argument in line.arguments]
        dtypes = [self.dtype(a) for a in line.arguments if not self.is_plain(a)]
        if line.dtype in WIDE and set(dtypes) & set(NARROW) and not set(dtypes) & set(WIDE):
            pairs = zip(line.arguments, texts, strict=True)
            return [f"np.float64({text})" if self.is_plain(a) else text for a, text in pairs]
        return texts

    def reusable(self, number: int, argument: Argument) -> bool:
        """Whether the result of line `number` may be written over an operand."""
        if not isinstance(argument, int) or self.last[argument] != number:
            return False
        line, other = self.program.lines[number], self.program.lines[argument]
        function = other.primitive.function
        fresh = other.primitive in FRESH or isinstance(function, np.ufunc)
        return bool(fresh and other.shape == line.shape and other.dtype == line.dtype)

    def write(self, number: int, line: Line) -> None:
        prim, args, texts = line.primitive, line.arguments, self.operands(line)
        self.quote(line.where)
        if is_number(line):
            expression = self.number(line, texts)
            if self.is_part(number, line, expression):
                self.parts[number] = expression
                self.names[number] = f"({expression})"
            else:
                self.assign(number, line, expression)
            return
        if prim in ON_ROWS:
            if not self.reusable(number, args[0]):
                self.assign(number, line, f"{texts[0]}.copy()")
            name = self.names.setdefault(number, texts[0])
            rows = rows_text(*line.params.values(), *texts[2:])
            self.body.append(f"{name}[{rows}] {ON_ROWS[prim]} {texts[1]}")
            return
        if prim in IN_PLACE and line.shape:
            orders = [(0, 1), (1, 0)] if prim in COMMUTE else [(0, 1)]
            for i, j in orders:
                if self.reusable(number, args[i]) and args[i] != args[j]:
                    self.body.append(f"{texts[i]} {IN_PLACE[prim]} {texts[j]}")
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

    def output(self, output: Argument) -> str:
        """Return what is given back as text: a copy, if somebody else owns the memory."""
        constant = isinstance(output, Constant) and isinstance(output.value, np.ndarray)
        copy = ".copy()" if constant or output in self.borrowed else ""
        return self.text(output) + copy

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
        numpys = not all(map(self.is_plain, line.arguments))  # or the operator would be Python's
        if prim in OPERATORS and not line.params and numpys:
            return OPERATORS[prim].format(*texts)
        if isinstance(prim.function, np.ufunc):
            return f"np.{prim.function.__name__}({', '.join(texts)})"
        if (short := self.shorter(line, texts)) is not None:
            return short
        function = self.functions[prim]
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
        prim, params, text = line.primitive, line.params, texts[0] if texts else ""
        shapes = [self.shape(argument) for argument in line.arguments]
        if prim is sum_rows or (prim is unbroadcast and shapes[0][1:] == line.shape):
            return f"np.add.reduce({text})"
        if prim is inner and all(self.is_real(argument) for argument in line.arguments):
            return f"np.vdot({', '.join(texts)})"
        axis = params.get("axis")
        if prim is sum_ and type(axis) is tuple and len(axis) == 1 and "initial" not in params:
            keep = ", keepdims=True" if params.get("keepdims") else ""
            return f"np.add.reduce({text}, axis={axis[0]}{keep})"
        return None

    def shape(self, argument: Argument) -> tuple[int, ...]:
        """Return the shape of an argument."""
        if isinstance(argument, int):
            return tuple(self.program.lines[argument].shape or ())
        return np.shape(argument.value)

    def dtype(self, argument: Argument) -> Any:
        """Return the dtype of an argument; None of a Python float."""
        if isinstance(argument, int):
            return self.program.lines[argument].dtype
        return None if type(argument.value) is float else np.asarray(argument.value).dtype

    def is_real(self, argument: Argument) -> bool:
        """Whether an argument is an array of real numbers."""
        dtype = self.dtype(argument)
        return dtype is None or dtype.kind == "f"

    def is_plain(self, argument: Argument) -> bool:
        """Whether the code sees an argument as one of Python's own numbers."""
        if isinstance(argument, int):
            line = self.program.lines[argument]
            return is_number(line) or (line.primitive is INPUT and line.shape == ())
        return isinstance(argument.value, float | int | complex)

    def number(self, line: Line, texts: Sequence[str]) -> str:
        prim = line.primitive
        if not self.is_scalar(line):
            return f"float({self.expression(line, texts)})"
        self.may_raise |= prim in MATH or prim in SCALARS
        self.may_raise |= prim in (power, divide) and not is_constant(line)
        if prim in MATH:
            pairs = zip(line.arguments, texts, strict=True)
            return f"math.{MATH[prim]}({', '.join(self.within(*pair, 0) for pair in pairs)})"
        if prim in SCALARS:
            return SCALARS[prim].format(*texts)
        ranks = RANKS.get(prim, (9, 9))[1:]
        ranked = zip(line.arguments, texts, ranks, strict=False)
        return OPERATORS[prim].format(*(self.within(*each) for each in ranked))

    def is_scalar(self, line: Line) -> bool:
        """Whether a number is computed of numbers, by Python itself."""
        real = all(self.is_plain(a) and self.dtype(a) in REAL for a in line.arguments)
        known = line.primitive in MATH or line.primitive in OPERATORS or line.primitive in SCALARS
        return real and known and not self.careful

    def is_part(self, number: int, line: Line, expression: str) -> bool:
        """Whether a number is written inside the one expression that reads it, without a name.

        It must be of the same line of the user's, and short.
        """
        readers = self.readers.get(number, [])
        if len(readers) != 1 or number in self.program.outputs or len(expression) > LONG:
            return False
        reader = readers[0]
        once = reader.primitive not in SCALARS or all(
            SCALARS[reader.primitive].count(f"{{{k}}}") == 1
            for k, a in enumerate(reader.arguments)
            if a == number
        )
        both = is_number(reader) and self.is_scalar(line) and self.is_scalar(reader)
        return both and once and reader.where == line.where

    def within(self, argument: Argument, text: str, rank: int) -> str:
        """Return an operand as text, without its brackets where the operator needs none."""
        if isinstance(argument, int) and argument in self.parts:
            own = RANKS.get(self.program.lines[argument].primitive, (0,))[0]
            return self.parts[argument] if own >= rank else text
        return text


def is_constant(line: Line) -> bool:
    """Whether the second operand, such as a divisor, is a constant that is not 0."""
    other = line.arguments[1]
    return isinstance(other, Constant) and bool(other.value != 0)


def may_share(line: Line) -> bool:
    """Whether a result may look at the memory of what it was made of.

    Of NumPy's and our own functions the recording shows it, but for reshape, which makes a copy
    or not by how its operand lies in memory; of somebody else's function it can't be known.
    """
    function = line.primitive.function
    if isinstance(function, np.ufunc) or is_number(line):
        return False
    known = (getattr(function, "__module__", None) or "").split(".")[0] == "minigrad"
    return line.view or not known or line.primitive is reshape


def borrowed(program: Program) -> set[int]:
    """Return the lines whose memory may be that of an input or a constant."""
    found: set[int] = set()
    for number, line in program.lines.items():
        if line.primitive is INPUT:
            found |= {number} if line.shape else set()
        elif may_share(line):
            constant = any(isinstance(a, Constant) for a in line.arguments)
            found |= {number} if constant or not found.isdisjoint(line.reads) else set()
    return found


def last_reads(program: Program) -> dict[int, float]:
    """Return the last line that reads each, or a view of it; infinity for outputs and inputs."""
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
    for number, line in reversed(program.lines.items()):
        if may_share(line):
            for read in line.reads:
                last[read] = max(last[read], last[number])
    return last


def emit(program: Program, name: str = "program") -> Emitted:
    """Write a program as source and compile it.

    The function gives results of their own: none shares memory with an input, a constant or the
    results of another call.
    """
    return with_care(lambda careful: straight(program, name, careful=careful))


def with_care(
    write: Callable[[bool], Written], fresh: Callable[[Any], Any] = lambda inputs: inputs
) -> Emitted:
    """Return what `write` writes; where a number becomes infinite, its careful form runs instead.

    The careful form begins anew: `fresh` gives the inputs of each attempt, from those given.
    """
    fast = write(False)
    if not fast.may_raise:
        return Emitted(fast.source, fast.function, fast.names)
    careful: list[Written] = []

    def function(*inputs: Any) -> Any:
        try:
            return fast.function(*fresh(inputs))
        except (ArithmeticError, ValueError):  # a number became infinite, or none
            if not careful:
                careful.append(write(True))
            return careful[0].function(*fresh(inputs))

    return Emitted(fast.source, function, fast.names)


def straight(program: Program, name: str, *, careful: bool) -> Written:
    """Write a function that runs a program once."""
    writer = Writer(program, name, careful=careful)
    inputs = [writer.name_for(k, program.lines[k].name) for k in program.inputs]
    for number, line in program.lines.items():
        if line.primitive is not INPUT:
            writer.write(number, line)
    outputs = [writer.output(output) for output in program.outputs]
    body = [*writer.body, f"return {', '.join(outputs)}{',' if len(outputs) == 1 else ''}"]
    source = f"def {name}({', '.join(inputs)}):\n" + "".join(f"    {row}\n" for row in body)
    return writer.compiled(source)
