"""A tangent program on stacks: all directions in one call of each operation.

Whatever moves gets a first axis, the direction, whose length the program leaves open. An
elementwise operation then broadcasts, and a matrix product is one call for all directions; a
primitive without a rule in :mod:`minigrad.program.stack_rules` is run for each direction in turn.

What comes of a hyperparameter before it meets the tangents of the state is computed for its own
directions alone, and added to their rows of the stack. It costs next to nothing in the usual
case: a rate is used at the end of a step, when the tangent of the gradient is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.ops.elementwise import add, astype, negative, subtract
from minigrad.primitive import Primitive
from minigrad.program.directions import Rows, Unit
from minigrad.program.emit import NARROW
from minigrad.program.lines import INPUT, Argument, Constant, Line, Program
from minigrad.program.stack_rules import rule_of
from minigrad.program.stacks import LIFTS, add_to_rows, by_direction, zero_rows

__all__ = ["Stacker", "stacked"]


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
        self,
        prim: Primitive,
        *arguments: Argument,
        rows: Rows | None,
        like: Line,
        params: Any = None,
        view: bool = False,
    ) -> int:
        """Append a line; of stacks whose items are like those of a line, if it has `rows`."""
        self.fresh += 1
        shape, dtype = like.shape, like.dtype
        if rows is not None:
            self.rows[self.fresh] = rows
            if rows.count is not None:
                dtype, lead = dtype_of(like), K if rows is ALL else rows.count
                shape = None if shape is None else (lead, *shape)
        self.lines[self.fresh] = Line(
            prim, arguments, params or {}, shape, dtype, "", like.where, view
        )
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
        rule = rule_of(line)
        found = rule and rule(self, line, arguments, moving, rows)
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
        return self.write(add_to_rows, stack, term, *at, rows=ALL, like=line, params=params)

    def spread(self, argument: Argument, shape: Any, line: Line) -> Argument:
        """Return a stack of all directions: what moves in some of them, with zeros elsewhere."""
        if self.rows.get(argument) is ALL:
            return argument
        assert self.like is not None
        line = replace(line, shape=shape)
        params = {"shape": shape, "dtype": dtype_of(line)}
        zeros = self.write(zero_rows, self.like, rows=ALL, like=line, params=params)
        return self.onto(zeros, argument, line) if argument in self.rows else zeros

    # What rules are made of

    def shape_of(self, argument: Argument) -> Any:
        """Return the shape of an argument of the old program."""
        if isinstance(argument, Constant):
            return np.shape(argument.value)
        return self.old[argument].shape

    def lifted(self, argument: Argument, before: Argument, line: Line, ndim: int) -> Argument:
        """Return a stack with as many axes behind the first as `ndim` says."""
        shape, rows = self.shape_of(before), self.rows[argument]
        dtype = self.old[before].dtype if isinstance(before, int) else self.dtype_of(before)
        if shape == () and dtype is None and line.dtype in NARROW:
            # A number of Python's does not widen an array, but a stack of them would.
            single, params = replace(line, shape=()), {"dtype": line.dtype}
            argument = self.write(astype, argument, rows=rows, like=single, params=params)
        missing = ndim - len(shape)
        if missing <= 0:
            return argument
        like = replace(line, shape=(*[1] * missing, *shape), dtype=self.dtype_of(argument))
        return self.write(LIFTS[missing], argument, rows=rows, like=like, view=True)

    def dtype_of(self, argument: Argument) -> Any:
        """Return the dtype of an argument of the new program."""
        if isinstance(argument, Constant):
            return np.asarray(argument.value).dtype
        return dtype_of(self.lines[argument])


def dtype_of(line: Line) -> Any:
    """Return the dtype of an array of results."""
    return np.dtype(float) if line.dtype is None else line.dtype


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
