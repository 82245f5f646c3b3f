"""A tangent program in many directions at once.

A program that carries one tangent is made into one that carries k, in one of two ways.

- *Stacked*: whatever moves gets a first axis, the direction. An elementwise operation then
  broadcasts, and a matrix product is one call for all directions. The number of directions is
  left open.
- *Written out*: the lines of each direction, one direction after another. So it is done for
  single numbers, which are quicker as Python's floats than in arrays.

A hyperparameter moves in its own directions only, by unit vectors that are known beforehand.
What comes of it before it meets the tangents of the state is computed for these directions
alone, and added to their rows of the stack. It costs next to nothing in the usual case, where a
hyperparameter is used at the end of a step, when the tangent of the gradient is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from minigrad.nn.hypers import inner
from minigrad.ops import elementwise as ops
from minigrad.ops.axes import transpose
from minigrad.ops.elementwise import add, astype, multiply, negative, subtract
from minigrad.ops.index import ARRAY, pick
from minigrad.ops.products import dot, matmul, matmul_nt, matmul_tn, outer, vdot
from minigrad.ops.reduce import mean, sum_
from minigrad.ops.shape import reshape
from minigrad.ops.special import spread_rows, sum_rows
from minigrad.primitive import Primitive, broadcast_to, select, unbroadcast, variable
from minigrad.program import stacks
from minigrad.program.emit import NARROW, is_elementwise
from minigrad.program.linear import moving_lines
from minigrad.program.lines import INPUT, Argument, Constant, Line, Program
from minigrad.program.stacks import LIFTS, by_direction
from minigrad.transforms import detached

__all__ = ["Rows", "Unit", "stacked", "written_out"]


@dataclass(frozen=True)
class Rows:
    """Some directions: so many from `start`; a single one, without an axis, if `count` is None.

    `ahead` says that they are counted from a number that the program is given at each step.
    """

    start: int
    count: int | None
    ahead: bool = False


class Unit(NamedTuple):
    """How a hyperparameter moves in its own directions: 1, or a stack of unit vectors."""

    value: Any
    rows: Rows


class Symbol:
    """The length of an axis that a program leaves open."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


K = Symbol("k")
ALL = Rows(0, -1)  # every direction


class Stacker:
    """Rewrites a program, line by line, into one on stacks of tangents.

    Attributes
    ----------
    lines : dict
        What has been written so far.
    becomes : dict
        What stands for a line of the old program in the new one.
    rows : dict
        In which directions a line of the new program moves; those that don't are left out.
    """

    def __init__(
        self, program: Program, dots: Sequence[int], units: Mapping[int, Unit], ahead: int | None
    ) -> None:
        self.old, self.ahead = program.lines, ahead
        self.lines: dict[int, Line] = {}
        self.becomes: dict[int, Argument] = {}
        self.rows: dict[Argument, Rows] = {}
        self.fresh = max(program.lines, default=0)
        self.like = next(iter(dots), None)  # something with an axis of all directions
        for number, line in program.lines.items():
            if number in units:
                unit = units[number]
                self.becomes[number] = constant = Constant(unit.value)
                self.rows[constant] = unit.rows
            elif number in dots:
                self.lines[number] = replace(line, shape=(K, *line.shape), dtype=dtype_of(line))
                self.rows[number] = ALL
            else:
                self.becomes[number] = self.rewrite(number, line)

    def now(self, argument: Argument) -> Argument:
        """Return what stands for an argument of the old program."""
        return self.becomes.get(argument, argument) if isinstance(argument, int) else argument

    def write(
        self, prim: Primitive, *arguments: Argument, rows: Rows, like: Line, **set_: Any
    ) -> int:
        """Append a line on stacks whose items are like those of `like`, except for what is set."""
        self.fresh += 1
        shape = set_.pop("shape", like.shape)
        lead = () if rows.count is None else (K if rows is ALL else rows.count,)
        line = Line(
            prim,
            arguments,
            set_.pop("params", {}),
            None if shape is None else (*lead, *shape),
            set_.pop("dtype", dtype_of(like) if rows.count is not None else like.dtype),
            "",
            like.where,
            set_.pop("view", False),
        )
        self.lines[self.fresh] = line
        self.rows[self.fresh] = rows
        return self.fresh

    def rewrite(self, number: int, line: Line) -> Argument:
        """Write what stands for a line of the old program, and return it."""
        arguments = list(map(self.now, line.arguments))
        moving = [k for k, a in enumerate(arguments) if a in self.rows]
        if not moving:
            self.lines[number] = replace(line, arguments=tuple(arguments))
            return number
        kinds = {self.rows[arguments[k]] for k in moving}
        if len(kinds) > 1:
            met = self.meet(line, arguments)
            if met is not None:
                return met
            for k in moving:
                arguments[k] = self.spread(arguments[k], self.shape_of(line.arguments[k]), line)
            kinds = {ALL}
        (rows,) = kinds
        if rows.count is None:
            self.lines[number] = replace(line, arguments=tuple(arguments))
            self.rows[number] = rows
            return number
        rule = RULES.get(line.primitive) or (
            elementwise if is_elementwise(line.primitive.function) else None
        )
        found = (
            rule(self, line, arguments, moving, rows) if rule and line.shape is not None else None
        )
        if found is None:
            prim = by_direction(line.primitive, tuple(moving))
            found = self.write(prim, *arguments, rows=rows, like=line, params=line.params)
            if line.dtype in NARROW:  # among its operands may have been a number of Python's
                params = {"dtype": line.dtype}
                found = self.write(astype, found, rows=rows, like=line, params=params)
        return found

    # Where tangents of different directions meet

    def meet(self, line: Line, arguments: list[Argument]) -> Argument | None:
        """Return the sum or difference of a stack of all directions and one of some of them."""
        if line.primitive not in (add, subtract) or len(arguments) != 2:
            return None
        whole = [k for k, a in enumerate(arguments) if self.rows.get(a) is ALL]
        fits = [k for k in whole if self.shape_of(line.arguments[k]) == line.shape]
        if not fits:
            return None
        k = fits[0]
        stack, term = arguments[k], arguments[1 - k]
        same = self.shape_of(line.arguments[1 - k]) == line.shape
        if term not in self.rows or not (same or self.rows[term].count is None):
            return None
        if line.primitive is subtract and k == 1:
            stack = self.write(negative, stack, rows=ALL, like=line)
        elif line.primitive is subtract:
            rows = self.rows[term]
            term = self.write(negative, term, rows=rows, like=line)
        return self.onto(stack, term, line)

    def onto(self, stack: Argument, term: Argument, line: Line) -> int:
        """Write the sum of a stack and a term that has some of its rows."""
        rows = self.rows[term]
        at = [self.ahead] if rows.ahead and self.ahead is not None else []
        params = {"start": rows.start, "count": rows.count}
        return self.write(stacks.add_to_rows, stack, term, *at, rows=ALL, like=line, params=params)

    def spread(self, argument: Argument, shape: Any, line: Line) -> Argument:
        """Return a stack of all directions: what moves in some of them, with zeros elsewhere."""
        if self.rows.get(argument) is ALL:
            return argument
        assert self.like is not None
        params = {"shape": shape, "dtype": dtype_of(line)}
        zeros = self.write(
            stacks.zero_rows, self.like, rows=ALL, like=line, shape=shape, params=params
        )
        return (
            self.onto(zeros, argument, replace(line, shape=shape))
            if argument in self.rows
            else zeros
        )

    # What rules are made of

    def shape_of(self, argument: Argument) -> Any:
        """Return the shape of an argument of the old program."""
        if isinstance(argument, Constant):
            return np.shape(argument.value)
        return self.old[argument].shape

    def lifted(self, argument: Argument, before: Argument, line: Line, ndim: int) -> Argument:
        """Return a stack with as many axes behind the first as `ndim` says."""
        shape = self.shape_of(before)
        own = self.old[before].dtype if isinstance(before, int) else None
        rows = self.rows[argument]
        if shape == () and own is None and line.dtype in NARROW:
            # A number of Python's does not widen an array, but a stack of them would.
            argument = self.write(
                astype, argument, rows=rows, like=line, shape=(), params={"dtype": line.dtype}
            )
        missing = ndim - len(shape)
        if missing <= 0:
            return argument
        return self.write(
            LIFTS[missing], argument, rows=rows, like=line, view=True,
            shape=(*[1] * missing, *shape), dtype=self.dtype_of(argument),
        )  # fmt: skip

    def dtype_of(self, argument: Argument) -> Any:
        """Return the dtype of an argument of the new program."""
        if isinstance(argument, Constant):
            return np.asarray(argument.value).dtype
        return dtype_of(self.lines[argument])


def dtype_of(line: Line) -> Any:
    """Return the dtype of an array of results."""
    return np.dtype(float) if line.dtype is None else line.dtype


# How a primitive works on stacks: rule(stacker, line, arguments, positions of stacks, rows) gives
# what stands for the line, or None where it does not know.


def elementwise(s: Stacker, line: Line, arguments: Any, moving: Any, rows: Rows) -> Argument | None:
    for k in moving:
        arguments[k] = s.lifted(arguments[k], line.arguments[k], line, len(line.shape))
    return s.write(
        line.primitive, *arguments, rows=rows, like=line, params=line.params, view=line.view
    )


def the_same(s: Stacker, line: Line, arguments: Any, moving: Any, rows: Rows) -> Argument:
    return s.write(line.primitive, *arguments, rows=rows, like=line, view=line.view)


def product(s: Stacker, line: Line, arguments: Any, moving: Any, rows: Rows) -> Argument | None:
    if len(moving) > 1:
        return None
    k = moving[0]
    ndims = [len(s.shape_of(a)) for a in line.arguments]
    prim, own, others = line.primitive, ndims[k], ndims[1 - k]
    if prim is dot:  # of stacks it is something else
        if not all(0 < ndim < 3 for ndim in ndims):
            return None
        prim = matmul
    if own == 1:
        if others > 2:
            return None
        if k == 1:  # a vector is a row of its stack
            prim = matmul_nt if others == 2 else matmul
            arguments = arguments[::-1]
    elif others > own:
        arguments[k] = s.lifted(arguments[k], line.arguments[k], line, others)
    return s.write(prim, *arguments, rows=rows, like=line)


def outer_product(
    s: Stacker, line: Line, arguments: Any, moving: Any, rows: Rows
) -> Argument | None:
    if len(moving) > 1:
        return None
    n = line.shape[0]
    a, b = arguments
    if moving == [0]:
        a = s.write(
            stacks.column, a, rows=rows, like=line, shape=(n, 1), view=True, dtype=s.dtype_of(a)
        )
    else:
        b = s.lifted(b, line.arguments[1], line, 2)
        s.fresh += 1
        shape = (n, 1)
        s.lines[s.fresh] = Line(
            stacks.column, (a,), {}, shape, s.dtype_of(a), "", line.where, view=True
        )
        a = s.fresh
    return s.write(multiply, a, b, rows=rows, like=line)


def reduction(s: Stacker, line: Line, arguments: Any, moving: Any, rows: Rows) -> Argument | None:
    if "initial" in line.params:
        return None
    ndim = len(s.shape_of(line.arguments[0]))
    axis = line.params.get("axis")
    axes = tuple(range(ndim)) if axis is None else axis
    params = {**line.params, "axis": tuple(k + 1 for k in axes)}
    return s.write(line.primitive, *arguments, rows=rows, like=line, params=params)


def row_sum(s: Stacker, line: Line, arguments: Any, moving: Any, rows: Rows) -> Argument:
    shape = s.shape_of(line.arguments[0])
    if len(shape) == 2 and dtype_of(line).kind == "f":
        # As a product, for NumPy's sum over a middle axis takes three times as long.
        return s.write(
            matmul, Constant(np.ones(shape[0], line.dtype)), *arguments, rows=rows, like=line
        )
    return s.write(sum_, *arguments, rows=rows, like=line, params={"axis": (1,)})


def summed_to_shape(s: Stacker, line: Line, arguments: Any, moving: Any, rows: Rows) -> Argument:
    if s.shape_of(line.arguments[0])[1:] == line.shape:
        return row_sum(s, line, arguments, moving, rows)
    params = {"shape": line.shape}
    return s.write(stacks.unbroadcast_rows, *arguments, rows=rows, like=line, params=params)


def reshaped(s: Stacker, line: Line, arguments: Any, moving: Any, rows: Rows) -> Argument | None:
    if line.params.get("order", "C") != "C":
        return None
    params = {"shape": line.shape}
    return s.write(stacks.reshape_rows, *arguments, rows=rows, like=line, params=params, view=True)


def broadcast(s: Stacker, line: Line, arguments: Any, moving: Any, rows: Rows) -> Argument:
    lifted = s.lifted(arguments[0], line.arguments[0], line, len(line.shape))
    params = {"shape": line.shape}
    return s.write(stacks.broadcast_rows, lifted, rows=rows, like=line, params=params, view=True)


def transposed(s: Stacker, line: Line, arguments: Any, moving: Any, rows: Rows) -> Argument:
    params = {"axes": (0, *(k + 1 for k in line.params["axes"]))}
    return s.write(transpose, *arguments, rows=rows, like=line, params=params, view=True)


def picked(s: Stacker, line: Line, arguments: Any, moving: Any, rows: Rows) -> Argument | None:
    index = line.params["index"]
    index = index if type(index) is tuple else (index,)
    arrays = [item == ARRAY for item in index if type(item) is str]
    # Arrays in front keep their axes in front; elsewhere NumPy moves them.
    if moving != [0] or (arrays and not all(type(item) is str for item in index)):
        return None
    params = {"index": (slice(None), *index)}
    return s.write(pick, *arguments, rows=rows, like=line, params=params, view=not arrays)


def inner_product(
    s: Stacker, line: Line, arguments: Any, moving: Any, rows: Rows
) -> Argument | None:
    if len(moving) > 1 or dtype_of(line).kind == "c":  # one of them may be conjugated
        return None
    ordered = arguments if moving == [0] else arguments[::-1]
    return s.write(stacks.inner_rows, *ordered, rows=rows, like=line)


def part(s: Stacker, line: Line, arguments: Any, moving: Any, rows: Rows) -> Argument:
    return s.write(select, *arguments, rows=rows, like=line, params=line.params, view=True)


Rule = Callable[[Stacker, Line, Any, Any, Rows], Argument | None]
# fmt: off
RULES: dict[Primitive, Rule] = {
    **dict.fromkeys((ops.where, astype, ops.real, variable, detached), elementwise),
    **dict.fromkeys((matmul, matmul_nt, matmul_tn, dot), product),
    outer:               outer_product,
    inner:               inner_product,
    vdot:                inner_product,
    stacks.weighted_sum: the_same,
    stacks.column:       the_same,
    sum_:                reduction,
    mean:                reduction,
    sum_rows:            row_sum,
    unbroadcast:         summed_to_shape,
    reshape:             reshaped,
    broadcast_to:        broadcast,
    spread_rows:         broadcast,
    transpose:           transposed,
    pick:                picked,
    select:              part,
}
# fmt: on


def stacked(
    program: Program,
    dots: Sequence[int],
    units: Mapping[int, Unit],
    new_dots: int,
    ahead: int | None = None,
) -> Program:
    """Return a tangent program in many directions, with a first axis for the direction.

    Parameters
    ----------
    program : Program
        With the tangents of state and hyperparameters among its inputs, in one direction.
    dots : sequence of int
        The inputs that are tangents of the state: in all directions.
    units : dict
        How each other tangent moves; they are no inputs any longer.
    new_dots : int
        How many of the outputs, from the last, are tangents.
    ahead : int, optional
        The input with the number that rows are counted from, where they are.
    """
    s = Stacker(program, dots, units, ahead)
    outputs = list(map(s.now, program.outputs))
    for k in range(len(outputs) - new_dots, len(outputs)):
        old = program.outputs[k]
        line = Line(INPUT, (), {}, s.shape_of(old), s.dtype_of(outputs[k]))
        outputs[k] = s.spread(outputs[k], line.shape, line)
    inputs = [k for k in program.inputs if k not in units]
    return Program(s.lines, inputs, outputs)


def written_out(
    program: Program,
    dots: Sequence[int],
    units: Mapping[int, Unit],
    new_dots: int,
    names: Sequence[str],
) -> Program:
    """Return a tangent program with the lines of each direction, one direction after another.

    Parameters
    ----------
    program, dots, units, new_dots
        As for :func:`stacked`.
    names : sequence of str
        What the directions are called.

    Returns
    -------
    Program
        With as many inputs and outputs as there are directions in place of each tangent.
    """
    moving = moving_lines(program, [*dots, *units])
    lines = {k: line for k, line in program.lines.items() if k not in moving}
    fresh = max(program.lines, default=0)
    given: dict[tuple[int, int], int] = {}
    first = len(program.outputs) - new_dots
    results: list[list[Argument]] = []
    for direction, name in enumerate(names):
        becomes: dict[int, Argument | None] = {}  # None is a zero
        for number, line in program.lines.items():
            if number not in moving:
                continue
            if number in units:
                becomes[number] = of_direction(units[number], direction)
                continue
            found: Line | Argument | None
            if number in dots:
                found = replace(line, name=f"{line.name}_by_{name}")
            else:
                found = in_direction(line, program.lines, becomes)
            if isinstance(found, Line):
                fresh += 1
                lines[fresh], found = found, fresh
            becomes[number] = found
            if number in dots:
                given[number, direction] = fresh
        results.append([filled(o, program.lines, becomes) for o in program.outputs[first:]])
    others = [k for k in program.inputs if k not in moving]
    inputs = [*others, *(given[dot, d] for dot in dots for d in range(len(names)))]
    columns = [row[k] for k in range(new_dots) for row in results]
    return Program(lines, inputs, [*program.outputs[:first], *columns])


Becomes = Mapping[int, Argument | None]


def in_direction(line: Line, lines: Mapping[int, Line], becomes: Becomes) -> Line | Argument | None:
    """Return a line in one direction, or what stands for it; None if it does not move."""
    if all(becomes[a] is None for a in line.reads if a in becomes):
        return None
    for k, a in enumerate(line.arguments):
        if isinstance(a, int) and becomes.get(a, a) is None:
            rest = line.arguments[1 - k]
            whole = isinstance(rest, int) and lines[rest].shape == line.shape
            if whole and (line.primitive is add or (line.primitive is subtract and k == 1)):
                return filled(rest, lines, becomes)
    return replace(line, arguments=tuple(filled(a, lines, becomes) for a in line.arguments))


def filled(argument: Argument, lines: Mapping[int, Line], becomes: Becomes) -> Argument:
    """Return what stands for an argument in one direction; zeros, if it does not move there."""
    found = becomes.get(argument, argument) if isinstance(argument, int) else argument
    if found is None:
        line = lines[argument]  # type: ignore[index]
        return Constant(0.0 if line.dtype is None else np.zeros(line.shape, line.dtype)[()])
    return found


def of_direction(unit: Unit, direction: int) -> Argument | None:
    """Return how a hyperparameter moves in one direction; None where it does not."""
    start, count = unit.rows.start, unit.rows.count
    if count is None:
        return Constant(unit.value) if direction == start else None
    if start <= direction < start + count:
        return Constant(unit.value[direction - start])
    return None
