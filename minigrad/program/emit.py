"""A program as readable NumPy source, and the function compiled from it.

Each line becomes a statement. Arithmetic is written with operators, and in place (``a *= b``)
where the array written to is read by nobody else afterwards; large intermediate results go into
arrays that are kept from call to call (`minigrad.program.liveness`).
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
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad.arguments import instance
from minigrad.ops.axes import transpose
from minigrad.ops.elementwise import add, divide, multiply, negative, power, subtract
from minigrad.ops.products import matmul, matmul_nt, matmul_tn
from minigrad.ops.reduce import mean, sum_
from minigrad.ops.rows import adds_by_product, inner, sum_rows
from minigrad.primitive import Primitive, unbroadcast
from minigrad.program.lines import (
    INPUT,
    Argument,
    Constant,
    Line,
    Program,
    is_number,
    is_whole,
    shape_of,
)
from minigrad.program.liveness import Scratch, borrowed, overwrites, scratch_plan
from minigrad.program.scalars import MATH, SCALARS
from minigrad.program.stacks import (
    LIFTS,
    add_to_rows,
    column,
    rows_text,
    subtract_from_rows,
    weighted_sum,
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
LONG = 60  # characters; a longer expression has a name
FACTORS = {matmul: "{}, {}", matmul_nt: "{}, {}.mT", matmul_tn: "{}.mT, {}"}
# The same to the last bit, and half a microsecond sooner: `@` is a ufunc, which looks for a loop.
DOTS = {matmul: "{}.dot({})", matmul_nt: "{}.dot({}.mT)", matmul_tn: "{}.mT.dot({})"}
WORDS = {"matmul": "product", "matmul_nt": "product", "matmul_tn": "product", "add": "total",
         "subtract": "rest", "multiply": "scaled", "divide": "ratio", "negative": "minus"}
NARROW = (np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.complex64))
REAL = (None, np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.bool_))
WIDE = (np.dtype(np.float64), np.dtype(np.complex128))
# fmt: on


def called(program: Program) -> list[Primitive]:
    """Return the primitives that may appear in the code as functions of their own name."""
    prims = dict.fromkeys(line.primitive for line in program.lines.values())
    return [p for p in prims if p is not INPUT and not isinstance(p.function, np.ufunc)]


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

    def __init__(
        self, program: Program, name: str, by_rows: Iterable[int] = (), *, careful: bool = False
    ) -> None:
        self.program, self.name, self.careful = program, name, careful
        self.namespace: dict[str, Any] = {"np": np, "math": math}
        self.names: dict[int, str] = {}
        self.constants: dict[int, str] = {}
        self.ones: dict[Any, Constant] = {}
        self.taken = {"np", "math", "float", name}
        self.functions = {prim: self.unique(prim.name) for prim in called(program)}
        self.borrowed, self.over = borrowed(program), overwrites(program)
        self.plan = scratch_plan(program, self.over, by_rows)
        self.parts: dict[int, str] = {}  # numbers that are part of another expression
        self.written_last: set[Argument] = set()  # results that are read where they are given back
        self.readers = program.readers()
        self.body: list[str] = []
        self.where, self.may_raise = "", False
        self.scratch = self.take_scratch()

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
            ones = isinstance(value, np.ndarray) and value.size and np.all(value == 1)
            wish = f"ones_{value.size}" if ones else f"constant_{len(self.constants)}"
            name = self.constants[id(value)] = self.unique(wish)
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
            return [f"np.{wide(a)}({text})" if self.is_plain(a) else text for a, text in pairs]
        return texts

    def take_scratch(self) -> list[str]:
        """Write where the scratch arrays come from, and return their names."""
        if not self.plan.kinds:
            return []
        keeper = self.unique("scratch")
        self.namespace[keeper] = Scratch(self.plan.kinds)
        names = [self.unique(f"{keeper}_{k}") for k in range(len(self.plan.kinds))]
        comma = "," if len(names) == 1 else ""
        self.body.append(f"{', '.join(names)}{comma} = {keeper}.arrays  # this thread's own")
        return names

    def write(self, number: int, line: Line) -> None:
        texts = self.operands(line)
        self.quote(line.where)
        if is_number(line):
            expression = self.number(line, texts)
            if self.is_part(number, line, expression):
                self.parts[number] = expression
                self.names[number] = f"({expression})"
            else:
                self.assign(number, line, expression)
        elif line.primitive in ON_ROWS:
            self.on_rows(number, line, texts)
        elif number in self.over:
            k = self.over[number]
            self.body.append(self.in_place(line, texts, k))
            self.names[number] = texts[k]
        elif number in self.plan.lines:
            self.assign(number, line, self.into(line, texts, self.scratch[self.plan.lines[number]]))
        else:
            self.assign(number, line, self.expression(line, texts))

    def on_rows(self, number: int, line: Line, texts: Sequence[str]) -> None:
        """Write what is added to some rows of a stack: of a copy, if the stack is read again."""
        if number in self.over:
            self.names[number] = texts[0]
        else:
            self.assign(number, line, f"{texts[0]}.copy()")
        rows = rows_text(*line.params.values(), *texts[2:])
        self.body.append(f"{self.names[number]}[{rows}] {ON_ROWS[line.primitive]} {texts[1]}")

    def in_place(self, line: Line, texts: Sequence[str], k: int) -> str:
        """Return a statement that writes the result over operand `k`."""
        a, b = line.arguments[k], line.arguments[1 - k] if len(texts) == 2 else None
        if line.primitive in IN_PLACE and a != b and (k == 0 or line.primitive in COMMUTE):
            return f"{texts[k]} {IN_PLACE[line.primitive]} {texts[1 - k]}"
        return self.into(line, texts, texts[k])

    def into(self, line: Line, texts: Sequence[str], out: str) -> str:
        """Return a call that writes the result into an array."""
        form = FACTORS.get(line.primitive, "{}, {}")
        given = form.format(*texts) if len(texts) == 2 else ", ".join(texts)
        ufunc = "matmul" if line.primitive in FACTORS else line.primitive.function.__name__
        return f"np.{ufunc}({given}, out={out})"

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
        if prim in DOTS and self.is_blas(line):
            return DOTS[prim].format(*texts)
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
        shapes = [shape_of(argument, self.program.lines) for argument in line.arguments]
        if prim is sum_rows and adds_by_product(line.dtype, shapes[0]):
            key = shapes[0][0], line.dtype
            ones = self.ones.setdefault(key, Constant(np.ones(*key)))
            return f"{self.text(ones)}.dot({text})"
        if prim is sum_rows or (prim is unbroadcast and shapes[0][1:] == line.shape):
            return f"np.add.reduce({text})"
        if prim is inner and all(self.is_real(argument) for argument in line.arguments):
            return f"np.vdot({', '.join(texts)})"
        axis = params.get("axis")
        if prim is mean and axis is None and not params.get("keepdims") and line.dtype in WIDE:
            return f"np.add.reduce({text}, axis=None) / {math.prod(shapes[0])}"
        if prim is sum_ and type(axis) is tuple and len(axis) == 1 and "initial" not in params:
            keep = ", keepdims=True" if params.get("keepdims") else ""
            return f"np.add.reduce({text}, axis={axis[0]}{keep})"
        return None

    def dtype(self, argument: Argument) -> Any:
        """Return the dtype of an argument; None of a Python float."""
        if isinstance(argument, int):
            return self.program.lines[argument].dtype
        return None if type(argument.value) is float else np.asarray(argument.value).dtype

    def is_real(self, argument: Argument) -> bool:
        """Whether an argument is an array of real numbers."""
        dtype = self.dtype(argument)
        return dtype is None or dtype.kind == "f"

    def is_blas(self, line: Line) -> bool:
        """Whether a product is one that BLAS computes, of operands as they are."""
        ndims = [len(shape_of(a, self.program.lines)) for a in line.arguments]
        dtypes = [self.dtype(a) for a in line.arguments]
        known = all(dtype == line.dtype and dtype.char in "fdFD" for dtype in dtypes)
        whole = all(is_whole(a, self.program.lines) for a in line.arguments)
        return known and whole and set(ndims) in ({2}, {1, 2})

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
        first, *others = self.readers[number] or [None]
        if others or len(expression) > LONG:
            return False
        if first is None:
            return number in self.written_last and self.is_scalar(line)
        reader = self.program.lines[first]
        once = reader.primitive not in SCALARS or all(
            SCALARS[reader.primitive].count(f"{{{k}}}") == 1
            for k, a in enumerate(reader.arguments)
            if a == number
        )
        both = is_number(reader) and self.is_scalar(line) and self.is_scalar(reader)
        return both and once

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


def emit(program: Program, name: str = "program", by_rows: Iterable[int] = ()) -> Emitted:
    """Write a program as source and compile it.

    `by_rows` are inputs whose order in memory is known to be that of rows, or does not matter.

    The function gives results of their own: none shares memory with an input, a constant or the
    results of another call.
    """
    instance("emit: program", program, Program, "a Program, as of_tape returns")
    return with_care(lambda careful: straight(program, name, by_rows, careful=careful))


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


def straight(program: Program, name: str, by_rows: Iterable[int], *, careful: bool) -> Written:
    """Write a function that runs a program once."""
    writer = Writer(program, name, by_rows, careful=careful)
    inputs = [writer.name_for(k, program.lines[k].name) for k in program.inputs]
    for number, line in program.lines.items():
        if line.primitive is not INPUT:
            writer.write(number, line)
    outputs = [writer.output(output) for output in program.outputs]
    body = [*writer.body, f"return {', '.join(outputs)}{',' if len(outputs) == 1 else ''}"]
    source = f"def {name}({', '.join(inputs)}):\n" + "".join(f"    {row}\n" for row in body)
    return writer.compiled(source)


def wide(number: Argument) -> str:
    """Return the type of NumPy's that a Python number is, where it widens narrow arrays."""
    is_complex = isinstance(number, Constant) and isinstance(number.value, complex)
    return "complex128" if is_complex else "float64"
