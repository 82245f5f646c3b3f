"""What to store for the adjoint, and what to compute again.

What is stored is written to memory and, a whole run later, read back, far from any cache. A few
sums and products of arrays that are stored anyway take less: the slope of a tanh is made again
of the tanh.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from minigrad.ops.elementwise import add, multiply, negative, subtract
from minigrad.primitive import select
from minigrad.program.lines import Argument, Line, Program

__all__ = ["compute_late", "parts_of", "split", "worth_recomputing"]

CHEAP = (add, subtract, multiply, negative)
PRICE = 4096  # bytes that are stored and read back in the time of one call of NumPy


def split(
    program: Program, ahead: set[int], given: Sequence[int], bars: Sequence[Argument]
) -> tuple[set[int], list[int]]:
    """Return the lines that the adjoint computes, and those that the step stores for it.

    Parameters
    ----------
    program : Program
        A step and its adjoint behind it.
    ahead : set of int
        The lines that the step computes.
    given : sequence of int
        The inputs of both: state, hypers and batch.
    bars : sequence
        What the adjoint gives back.
    """
    views = views_of(program, given)
    behind = program.needed(bars) - (ahead - views)
    again = worth_recomputing(
        program, ahead - behind, {*given, *views}, stored(program, ahead, behind, bars)
    )
    behind |= again
    return behind, stored(program, ahead, behind, bars)


def parts_of(program: Program, lines: set[int]) -> set[int]:
    """Return the parts of several results: one that is read is stored alone, not with the rest."""
    return {
        number
        for number, line in program.lines.items()
        if line.primitive is select and not lines.isdisjoint(line.reads)
    }


def stored(
    program: Program, ahead: set[int], behind: set[int], bars: Sequence[Argument]
) -> list[int]:
    """Return the lines of the step that the adjoint reads and does not compute itself."""
    read = {j for k in behind for j in program.lines[k].reads}
    read |= {bar for bar in bars if isinstance(bar, int)}
    return [k for k in program.lines if k in (ahead & read) - behind - {*program.inputs}]


def worth_recomputing(
    program: Program, ahead: set[int], given: set[int], saved: Sequence[int]
) -> set[int]:
    """Return the lines to compute again rather than to store, with what only they read.

    One is worth it if it takes a call or a few, each for `PRICE` bytes, and reads nothing but
    what is at hand.
    """
    at_hand, found = given | set(saved), set[int]()
    for number in saved:
        at_hand.discard(number)
        calls = calls_for(program, number, at_hand, ahead)
        if calls is not None and len(calls) * PRICE <= nbytes(program.lines[number]):
            found |= calls
        at_hand.add(number)
    return found


def calls_for(program: Program, number: int, at_hand: set[int], ahead: set[int]) -> set[int] | None:
    """Return the lines that make a line of what is at hand; None if one of them is not cheap."""
    calls, waiting = set[int](), [number]
    while waiting:
        one = waiting.pop()
        if program.lines[one].primitive not in CHEAP or one not in ahead:
            return None
        calls.add(one)
        waiting += [read for read in program.lines[one].reads if read not in at_hand | calls]
    return calls


def nbytes(line: Line) -> int:
    """Return how much memory a result takes."""
    return int(math.prod(line.shape) * (8 if line.dtype is None else line.dtype.itemsize))


def compute_late(program: Program, lines: set[int]) -> Program:
    """Move lines to where they are first read, so that the result is still in the cache then."""
    order: list[int] = []

    def place(number: int) -> None:
        for read in program.lines[number].reads:
            if read in lines and read not in placed:
                place(read)
        placed.add(number)
        order.append(number)

    placed: set[int] = set()
    for number in program.lines:
        if number not in lines:
            place(number)
    # What is computed again comes from no line of the user's.
    moved = {
        k: replace(program.lines[k], where="") if k in lines else program.lines[k] for k in order
    }
    return Program(moved, program.inputs, program.outputs)


def views_of(program: Program, inputs: Sequence[int]) -> set[int]:
    """Return the lines that are mere views of inputs: rather made again than saved."""
    found = set(inputs)
    for number, line in program.lines.items():
        if line.view and line.reads and found.issuperset(line.reads):
            found.add(number)
    return found.difference(inputs)
