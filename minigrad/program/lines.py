"""A program: a tape with named inputs and outputs, in a form that can be rewritten.

A tape holds values; a program holds what was done to get them. Each line names the lines it reads,
so a pass that rewrites one needs to know nothing of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from minigrad.arguments import instance
from minigrad.primitive import Primitive
from minigrad.tape import Tape
from minigrad.variable import Variable

__all__ = [
    "INPUT",
    "Argument",
    "Constant",
    "Line",
    "Program",
    "computed",
    "is_elementwise",
    "is_number",
    "is_whole",
    "of_tape",
    "shape_of",
    "without_gaps",
]


@dataclass(frozen=True, eq=False)
class Constant:
    """An operand that is the same at every step: a number or an array."""

    value: Any


Argument = int | Constant  # the number of a line, or a constant


@dataclass(frozen=True)
class Line:
    """One line of a program: ``name = primitive(*arguments, **params)``.

    Attributes
    ----------
    primitive : Primitive
        What is computed; of an input, the primitive "input".
    arguments : tuple
        Numbers of other lines, or constants.
    params : dict
        The primitive's parameters.
    shape, dtype : tuple, numpy.dtype or None
        Of the result; the dtype of a Python float is None.
    name : str
        What the emitted code calls the result, if it has a name of its own.
    where : str
        The user's file and line.
    view : bool
        Whether the result was a view of an operand when it was recorded.
    whole : bool
        Whether it lay in memory without gaps when it was recorded; of inputs the tape has copies.
    """

    primitive: Primitive
    arguments: tuple[Argument, ...]
    params: dict[str, Any]
    shape: Any
    dtype: Any
    name: str = ""
    where: str = ""
    view: bool = False
    whole: bool = False

    @property
    def reads(self) -> list[int]:
        """The numbers of the lines that this one reads."""
        return [argument for argument in self.arguments if isinstance(argument, int)]


def is_number(line: Line) -> bool:
    """Whether a result is a single real number, kept as a Python float."""
    return line.shape == () and line.dtype in (None, np.dtype(float))


def is_elementwise(function: Any) -> bool:
    """Whether a function is a ufunc that works element by element, and so can work in place."""
    return isinstance(function, np.ufunc) and function.signature is None


def without_gaps(value: Any) -> bool:
    """Whether an array lies in memory without gaps, by rows or by columns."""
    return isinstance(value, np.ndarray) and value.flags.forc


def is_whole(argument: Argument, lines: Mapping[int, Line]) -> bool:
    """Whether an argument is an array that BLAS reads as it is; what a ufunc makes always is."""
    if isinstance(argument, Constant):
        return without_gaps(argument.value)
    line = lines[argument]
    return line.whole or isinstance(line.primitive.function, np.ufunc)


def shape_of(argument: Argument, lines: Mapping[int, Line]) -> tuple[int, ...]:
    """Return the shape of an argument; that of several results at once counts as ()."""
    if isinstance(argument, int):
        return tuple(lines[argument].shape or ())
    return np.shape(argument.value)


def computed(prim: Primitive, *values: Any, **params: Any) -> Any:
    """Return what a tape would hold: a number made of Python numbers alone stays one."""
    value = prim.function(*values, **params)
    weak = type(value) is np.float64 and all(type(x) in (float, int) for x in values)
    return float(value) if weak else value


INPUT = Primitive(lambda x: x, "input")


@dataclass(frozen=True)
class Program:
    """Lines in the order of execution, by number, and what goes in and comes out.

    Attributes
    ----------
    lines : dict
        ``{number: Line}``, each after those it reads.
    inputs : list of int
        The lines that are given from outside, in order.
    outputs : list
        The arguments that are given back, in order.
    """

    lines: dict[int, Line]
    inputs: list[int]
    outputs: list[Argument]

    def needed(self, outputs: Iterable[Argument]) -> set[int]:
        """Return the lines that the outputs depend on, themselves included."""
        found: set[int] = set()
        waiting = [output for output in outputs if isinstance(output, int)]
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                waiting.extend(self.lines[number].reads)
        return found

    def readers(self) -> dict[int, list[int | None]]:
        """Return the lines that read each line, once for each time; an output is read by None."""
        found: dict[int, list[int | None]] = {number: [] for number in self.lines}
        for number, line in self.lines.items():
            for read in line.reads:
                found[read].append(number)
        for output in self.outputs:
            if isinstance(output, int):
                found[output].append(None)
        return found

    def kind(self, argument: Argument) -> Any:
        """Return the shape and dtype of an argument; a float64 number counts as a Python float."""
        if isinstance(argument, Constant):
            return None
        line = self.lines[argument]
        single = line.shape == () and line.dtype == np.dtype(float)
        return line.shape, None if single else line.dtype

    def part(
        self,
        keep: Iterable[int],
        inputs: Sequence[int],
        outputs: Sequence[Argument],
        names: Mapping[int, str] = MappingProxyType({}),
    ) -> Program:
        """Return some of the lines as a program of their own; `inputs` are given to it.

        `names` says what to call inputs that have no name yet.
        """
        kept = set(keep)
        lines = {}
        for number, line in self.lines.items():
            if number in inputs:
                name = line.name or names.get(number, line.primitive.name)
                whole = is_whole(number, self.lines)
                lines[number] = Line(INPUT, (), {}, line.shape, line.dtype, name, whole=whole)
            elif number in kept:
                lines[number] = line
        return Program(lines, list(inputs), list(outputs))

    def rewrite(self, rule: Callable[[int, Line], Line | Argument]) -> Program:
        """Return the program with each line as `rule` says: another line, or an argument for it.

        The rule sees a line whose arguments have been rewritten already.
        """
        stands_for: dict[int, Argument] = {}

        def current(argument: Argument) -> Argument:
            return stands_for.get(argument, argument) if isinstance(argument, int) else argument

        lines: dict[int, Line] = {}
        for number, line in self.lines.items():
            line = replace(line, arguments=tuple(map(current, line.arguments)))
            new = line if line.primitive is INPUT else rule(number, line)
            if isinstance(new, Line):
                lines[number] = new
            else:
                stands_for[number] = new
        return Program(lines, self.inputs, list(map(current, self.outputs)))

    def __len__(self) -> int:
        return len(self.lines)


def of_tape(tape: Tape, inputs: dict[str, Variable], outputs: Sequence[Any]) -> Program:
    """Return what a tape recorded as a program with these inputs and outputs.

    Parameters
    ----------
    tape : Tape
        What was recorded.
    inputs : dict
        The Variables that become inputs, by name.
    outputs : sequence
        Variables of the tape, or plain values.
    """
    instance("of_tape: tape", tape, Tape, "a Tape")
    instance("of_tape: inputs", inputs, dict, "a dict of Variables by name")
    names = {variable.index: name for name, variable in inputs.items()}
    lines: dict[int, Line] = {}
    for index, (prim, reads, operands, params, value) in enumerate(tape.code):
        several = type(value) is tuple
        shape = None if several else np.shape(value)
        dtype = None if several or type(value) is float else np.asarray(value).dtype
        where = (tape.lines or {}).get(index, "")
        whole = without_gaps(value)
        if index in names:
            lines[index] = Line(INPUT, (), {}, shape, dtype, names[index], whole=whole)
        else:
            pairs = zip(reads, operands, strict=True)
            arguments = tuple(j if j >= 0 else Constant(single(x)) for j, x in pairs)
            lines[index] = Line(
                prim, arguments, params, shape, dtype, "", where, is_view(value, operands), whole
            )
    given = [variable.index for variable in inputs.values()]
    return Program(
        lines, given, [y.index if isinstance(y, Variable) else Constant(y) for y in outputs]
    )


def single(x: Any) -> Any:
    """Return an array without axes as the number that it holds; passes compute with numbers."""
    return x[()] if isinstance(x, np.ndarray) and x.ndim == 0 else x


def is_view(value: Any, operands: Sequence[Any]) -> bool:
    """Whether arrays share memory with what they were made of."""
    own, others = arrays_of(value), [x for operand in operands for x in arrays_of(operand)]
    return any(np.may_share_memory(x, other) for x in own for other in others)


def arrays_of(value: Any) -> list[Any]:
    """Return the array, or the arrays of a tuple."""
    parts = value if type(value) is tuple else (value,)
    return [x for x in parts if isinstance(x, np.ndarray)]
