"""Liveness: how long the memory of each result is needed, and what may be written into it.

A result that is read for the last time may be written over by what is made of it (`overwrites`).
A large one that no output looks at is written, by ``out=``, into an array that is kept from call to
call (`scratch_plan`): otherwise the system would be asked for fresh pages at every step, which for
a 256 x 256 matrix takes longer than to compute a sum into it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad.ops.products import matmul, matmul_nt, matmul_tn
from minigrad.ops.shape import reshape
from minigrad.program.lines import INPUT, Constant, Line, Program, is_elementwise, is_number
from minigrad.program.stacks import add_to_rows, subtract_from_rows, zero_rows

__all__ = ["Scratch", "borrowed", "last_reads", "overwrites", "scratch_plan"]

MATRIX_PRODUCTS = (matmul, matmul_nt, matmul_tn)
ON_ROWS = (add_to_rows, subtract_from_rows)
FRESH = (*MATRIX_PRODUCTS, zero_rows, *ON_ROWS)  # give an array of their own, as ufuncs do
LARGE = 128 * 1024  # bytes from which malloc asks the system rather than its own store


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
    """Return when each line, or a view of it, is read for the last time: the place of the reader.

    Places count from 0. It is infinity for outputs and inputs.
    """
    last: dict[int, float] = {}
    for place, (number, line) in enumerate(program.lines.items()):
        last[number] = place
        for read in line.reads:
            last[read] = place
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


def overwrites(program: Program) -> dict[int, int]:
    """Return which operand's memory a line's result is written over, by place in `arguments`.

    The line is elementwise, or changes some rows of its first operand; it reads the operand last of
    all, and has its shape and dtype.
    """
    last, found = last_reads(program), {}
    for place, (number, line) in enumerate(program.lines.items()):
        elementwise = line.shape and is_elementwise(line.primitive.function)
        operands = line.arguments if elementwise else line.arguments[: line.primitive in ON_ROWS]
        for k, argument in enumerate(operands):
            if isinstance(argument, int) and last[argument] == place:
                other = program.lines[argument]
                function = other.primitive.function
                fresh = other.primitive in FRESH or isinstance(function, np.ufunc)
                if fresh and (other.shape, other.dtype) == (line.shape, line.dtype):
                    found[number] = k
                    break
    return found


class ScratchPlan(NamedTuple):
    """Which lines write into which scratch array, and the shape and dtype of each array."""

    lines: dict[int, int]
    kinds: list[tuple[tuple[int, ...], Any]]


def scratch_plan(
    program: Program, over: dict[int, int], by_rows: Iterable[int] = ()
) -> ScratchPlan:
    """Give large results that die within the program a place in arrays that outlive it.

    Two results share an array if one is dead before the other is made. A result whose order in
    memory may be another than that of rows gets none: the last bits of sums depend on it.

    Parameters
    ----------
    program : Program
        What is to be emitted.
    over : dict
        What `overwrites` says of it.
    by_rows : iterable of int
        Inputs of which it is known, or makes no difference.
    """
    last, in_rows = last_reads(program), lie_by_rows(program, by_rows)
    readers, ends = program.readers(), dict(last)
    for number, k in reversed(over.items()):  # a result lives on in what is written over it
        ends[program.lines[number].arguments[k]] = ends[number]  # type: ignore[index]
    plan = ScratchPlan({}, [])
    busy: list[float] = []  # until when each array is taken
    for place, (number, line) in enumerate(program.lines.items()):
        writes = line.primitive in MATRIX_PRODUCTS or is_elementwise(line.primitive.function)
        if not writes or number in over or ends[number] == math.inf:
            continue
        if not line.shape or not (number in in_rows or unseen(program, number, readers, over)):
            continue
        if not all(isinstance(n, int) for n in line.shape):  # a length is left open
            continue
        if math.prod(line.shape) * line.dtype.itemsize < LARGE:
            continue
        kind = line.shape, line.dtype
        free = (k for k, taken in enumerate(busy) if taken < place and plan.kinds[k] == kind)
        k = next(free, len(busy))
        if k == len(busy):
            busy.append(0.0)
            plan.kinds.append(kind)
        plan.lines[number], busy[k] = k, ends[number]
    return plan


def unseen(
    program: Program, number: int, readers: dict[int, list[int | None]], over: dict[int, int]
) -> bool:
    """Whether all that read a line work it into something else, however it lies in memory."""
    reading = [r for r in readers[number] if r is not None and r in over]
    into = [program.lines[r].arguments[over[r]] for r in reading]
    return len(reading) == len(readers[number]) and number not in into


def lie_by_rows(program: Program, inputs: Iterable[int] = ()) -> set[int]:
    """Return the arrays that lie by rows if these inputs do, however others lie."""
    found = set(inputs)
    for number, line in program.lines.items():
        operands = [a for a in line.reads if program.lines[a].shape]
        if line.primitive in MATRIX_PRODUCTS:
            plain = len(line.shape) == 2
        else:
            whole = [a for a in operands if program.lines[a].shape == line.shape]
            constants = [a.value for a in line.arguments if isinstance(a, Constant)]
            plain = bool(whole) and found.issuperset(whole) and not any(map(np.ndim, constants))
            plain = plain and is_elementwise(line.primitive.function)
        if plain and isinstance(line.dtype, np.dtype):
            found.add(number)
    return found


class Scratch(threading.local):
    """Arrays to write intermediate results into: the same ones at every call, each thread its own.

    Attributes
    ----------
    arrays : tuple of arrays
        As the plan says; what they hold between calls means nothing.
    """

    def __init__(self, kinds: Sequence[tuple[tuple[int, ...], Any]]) -> None:
        self.arrays = tuple(np.empty(shape, dtype) for shape, dtype in kinds)
