"""Passes on how arrays repeat and lie: broadcasts go where they cost least, transposes nowhere.

All keep every bit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from minigrad.ops.axes import transpose
from minigrad.ops.elementwise import add, divide, multiply, negative, subtract
from minigrad.ops.products import matmul, matmul_nt, matmul_tn
from minigrad.ops.rows import spread_rows
from minigrad.primitive import broadcast_to
from minigrad.program.lines import (
    Argument,
    Constant,
    Line,
    Program,
    is_elementwise,
    is_number,
    shape_of,
)

__all__ = ["delay_broadcasts", "elide_broadcasts", "fuse_transposes"]

BROADCASTS = (broadcast_to, spread_rows)
ARITHMETIC = (add, subtract, multiply, divide, negative)  # the same for Python's own numbers
# Which factors a product of two matrices transposes; there is none that does both.
TRANSPOSED = {matmul: (False, False), matmul_nt: (False, True), matmul_tn: (True, False)}
TURN = {"axes": (1, 0)}  # of a matrix
PRODUCT = {flags: prim for prim, flags in TRANSPOSED.items()}


def elide_broadcasts(program: Program) -> Program:
    """Leave a broadcast to the ufunc that reads it, if that has an operand of the full shape."""
    kept = dict(program.lines)

    def rule(number: int, line: Line) -> Line | Argument:
        if is_elementwise(line.primitive.function):
            arguments = list(line.arguments)
            for k, a in enumerate(arguments):
                others = arguments[:k] + arguments[k + 1 :]
                full = any(isinstance(o, int) and kept[o].shape == line.shape for o in others)
                if isinstance(a, int) and full and kept[a].primitive in BROADCASTS:
                    arguments[k] = kept[a].arguments[0]
            line = replace(line, arguments=tuple(arguments))
        kept[number] = line
        return line

    return program.rewrite(rule)


def delay_broadcasts(program: Program) -> Program:
    """Compute with few elements, then repeat them: a ufunc of broadcasts becomes a broadcast of it.

    Only where elementwise lines alone read the result: to a product of matrices, repeated rows
    are slower than rows.
    """
    readers = program.readers()
    kept: dict[int, Line] = {}
    fresh = max(program.lines, default=0)
    for number, line in program.lines.items():
        reading = readers[number]
        quick = reading and all(
            r is not None and is_elementwise(program.lines[r].primitive.function) for r in reading
        )
        small = before_broadcast(line, kept) if quick else None
        if small is not None:
            fresh += 1
            kept[fresh] = small
            first = next(a for a in line.reads if kept[a].primitive in BROADCASTS)
            again = replace(kept[first], arguments=(fresh,), dtype=line.dtype, where=line.where)
            line = replace(again, view=True)
        kept[number] = line
    return Program(kept, program.inputs, program.outputs)


def before_broadcast(line: Line, lines: dict[int, Line]) -> Line | None:
    """Return what a line computes of operands before they are broadcast; None if they differ."""
    if not is_elementwise(line.primitive.function) or not line.shape:
        return None
    sources = list(line.arguments)
    shapes = set()
    for k, a in enumerate(line.arguments):
        if shape_of(a, lines):
            wide = lines[a] if isinstance(a, int) else None
            if wide is None or wide.primitive not in BROADCASTS or wide.shape != line.shape:
                return None
            sources[k] = wide.arguments[0]
            shapes.add(shape_of(sources[k], lines))
    if len(shapes) != 1:
        return None
    small = replace(line, arguments=tuple(sources), shape=shapes.pop())
    if small.shape:
        return small
    # Single numbers: of one type, or they would be rounded as another.
    doubles = [
        is_number(lines[s]) if isinstance(s, int) else type(s.value) in (int, float)
        for s in sources
    ]
    exact = line.primitive in ARITHMETIC and line.dtype == np.dtype(float) and all(doubles)
    return small if exact else None


def fuse_transposes(program: Program) -> Program:
    """Let a product of matrices transpose its factors: ``a @ transpose(b)`` is ``matmul_nt(a, b)``.

    BLAS reads a matrix either way at the same price. A transpose of a transpose is nothing.
    """
    kept = dict(program.lines)

    def before(argument: Argument) -> Argument | None:
        """Return the matrix that an argument is the transpose of."""
        line = kept[argument] if isinstance(argument, int) else None
        matrix = line is not None and line.primitive is transpose and line.params == TURN
        return line.arguments[0] if line is not None and matrix else None

    def rule(number: int, line: Line) -> Line | Argument:
        kept[number] = line
        prim, (a, *b) = line.primitive, line.arguments or (Constant(None),)
        if before(number) is not None and (back := before(a)) is not None:
            return back
        if prim in TRANSPOSED and len(line.shape) == 2:
            first, second = TRANSPOSED[prim]
            if (x := before(a)) is not None and (not first, second) in PRODUCT:
                a, first = x, not first
            if (x := before(b[0])) is not None and (first, not second) in PRODUCT:
                b, second = [x], not second
            kept[number] = replace(line, primitive=PRODUCT[first, second], arguments=(a, *b))
        return kept[number]

    return program.rewrite(rule)
