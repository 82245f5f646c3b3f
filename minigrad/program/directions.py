"""The directions of tangents, and a tangent program with the lines of each written out.

A program that carries one tangent is made into one that carries k, in one of two ways.

- *Stacked* (:mod:`minigrad.program.stacking`): whatever moves gets a first axis, the direction.
- *Written out*: the lines of each direction, one direction after another. So it is done for
  single numbers, which are quicker as Python's floats than in arrays.

A hyperparameter moves in its own directions only, by unit vectors that are known beforehand. In
all others its tangent is zero, and what is multiplied by it is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from minigrad.ops.elementwise import add, subtract
from minigrad.program.linear import moving_lines
from minigrad.program.lines import Argument, Constant, Line, Program

__all__ = ["Rows", "Unit", "written_out"]


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
