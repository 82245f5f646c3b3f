"""Passes: each takes a program and returns one that means the same and does less.

`optimise` applies them in the order of the list at the bottom.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.arguments import instance
from minigrad.ops.elementwise import (
    add,
    astype,
    divide,
    multiply,
    negative,
    positive,
    power,
    subtract,
)
from minigrad.ops.shape import reshape
from minigrad.primitive import broadcast_to, unbroadcast, variable
from minigrad.program.expand import expand
from minigrad.program.layout import delay_broadcasts, elide_broadcasts, fuse_transposes
from minigrad.program.lines import (
    INPUT,
    Argument,
    Constant,
    Line,
    Program,
    computed,
)
from minigrad.transforms import detached

__all__ = [
    "PASSES",
    "drop_dead",
    "drop_signs",
    "fold_constants",
    "merge_equal",
    "optimise",
    "shorten",
    "simplify",
]


def fold_constants(program: Program) -> Program:
    """Compute once, now, what depends on constants alone."""

    def rule(number: int, line: Line) -> Line | Argument:
        values = [a.value for a in line.arguments if isinstance(a, Constant)]
        if len(values) < len(line.arguments) or line.shape is None:
            return line
        return Constant(computed(line.primitive, *values, **line.params))

    return program.rewrite(rule)


def simplify(program: Program) -> Program:
    """Apply identities that are exact: ``1 x``, ``x / 1``, ``x ** 1``, ``--x``, copies."""
    kept = dict(program.lines)

    def alike(line: Line, argument: Argument) -> bool:
        if isinstance(argument, Constant):
            return False
        other = kept[argument]
        return bool(other.shape == line.shape and other.dtype == line.dtype)

    def rule(number: int, line: Line) -> Line | Argument:
        kept[number] = line
        prim, args = line.primitive, line.arguments
        if prim in COPIES and alike(line, args[0]):
            return args[0]
        if prim is multiply:
            for one, other in (args, args[::-1]):
                if is_number(one, 1) and alike(line, other):
                    return other
        if prim in (divide, power) and is_number(args[1], 1) and alike(line, args[0]):
            return args[0]
        if prim is negative and isinstance(args[0], int):
            inner = kept[args[0]]
            if inner.primitive is negative:
                return inner.arguments[0]
        return line

    return program.rewrite(rule)


def move_signs(program: Program) -> Program:
    """Move the sign of a product to its factor that is a single number: ``-(x s) = x (-s)``."""
    kept = dict(program.lines)
    lines: dict[int, Line] = {}
    fresh = max(program.lines, default=0)
    for number, line in program.lines.items():
        product = kept[line.reads[0]] if line.primitive is negative and line.reads else None
        if product is not None and product.primitive is multiply and line.shape:
            for k, factor in enumerate(product.arguments):
                if isinstance(factor, int) and is_real_number(kept[factor]):
                    fresh += 1
                    single = kept[factor]
                    kept[fresh] = lines[fresh] = Line(
                        negative, (factor,), {}, (), single.dtype, "", line.where
                    )
                    arguments = (product.arguments[1 - k], fresh)
                    line = replace(line, primitive=multiply, arguments=arguments)
                    break
        kept[number] = lines[number] = line
    return Program(lines, program.inputs, program.outputs)


def drop_signs(program: Program) -> Program:
    """Leave signs to the sum: ``-1 x = -x``, ``-x + y = y - x``, ``y - -x = y + x``."""
    kept = dict(program.lines)

    def opposite(argument: Argument, line: Line) -> Argument | None:
        """Return what a term is the negative of, if both are like the sum."""
        other = kept.get(argument) if isinstance(argument, int) else None
        if other is None or other.primitive is not negative:
            return None
        inner = other.arguments[0]
        same = isinstance(inner, int) and alike(kept[inner], other) and alike(other, line)
        return inner if same else None

    def rule(number: int, line: Line) -> Line:
        if line.primitive is multiply:
            for one, other in (line.arguments, line.arguments[::-1]):
                if is_number(one, -1) and isinstance(other, int) and alike(kept[other], line):
                    line = replace(line, primitive=negative, arguments=(other,))
                    break
        elif line.primitive in (add, subtract):
            a, b = line.arguments
            if (inner := opposite(b, line)) is not None:
                opposed = subtract if line.primitive is add else add
                line = replace(line, primitive=opposed, arguments=(a, inner))
            elif line.primitive is add and (inner := opposite(a, line)) is not None:
                line = replace(line, primitive=subtract, arguments=(b, inner))
        kept[number] = line
        return line

    return program.rewrite(rule)


def alike(line: Line, other: Line) -> bool:
    """Whether two results have one shape and dtype; that of Python's numbers is float64."""
    dtypes = {None: np.dtype(float)}
    both = dtypes.get(line.dtype, line.dtype) == dtypes.get(other.dtype, other.dtype)
    return bool(both and line.shape == other.shape)


def is_real_number(line: Line) -> bool:
    """Whether a result is a single number of a type that can be negative."""
    return line.shape == () and (line.dtype is None or line.dtype.kind in "fc")


COPIES = (variable, broadcast_to, unbroadcast, astype, reshape, positive, detached)


def is_number(argument: Argument, number: float) -> bool:
    """Whether an argument is a constant number that equals `number`."""
    return (
        isinstance(argument, Constant)
        and np.ndim(argument.value) == 0
        and bool(argument.value == number)
    )


def merge_equal(program: Program) -> Program:
    """Compute only once what is computed twice: common subexpressions."""
    first: dict[Any, int] = {}

    def rule(number: int, line: Line) -> Line | Argument:
        key = (line.primitive, tuple(map(identity_of, line.arguments)), repr_of(line.params))
        return line if first.setdefault(key, number) == number else first[key]

    return program.rewrite(rule)


def identity_of(argument: Argument) -> Any:
    """Return something equal for arguments that are interchangeable."""
    if isinstance(argument, int):
        return argument
    return contents(argument.value, arrays=id)


def repr_of(params: dict[str, Any]) -> Any:
    """Return something equal for equal parameters."""
    return tuple((key, contents(item)) for key, item in sorted(params.items()))


def contents(value: Any, arrays: Callable[[Any], Any] = np.ndarray.tobytes) -> Any:
    """Return something equal for equal values; the text of a long array leaves out its middle."""
    if isinstance(value, np.ndarray):
        return "array", value.shape, value.dtype.str, arrays(value)
    if isinstance(value, tuple | list):
        return type(value), tuple(contents(item, arrays) for item in value)
    return type(value), repr(value)  # unlike ==, tells 0.0 from -0.0


def drop_dead(program: Program) -> Program:
    """Leave out what no output depends on; inputs stay."""
    needed = program.needed(program.outputs)
    lines = {k: line for k, line in program.lines.items() if k in needed or line.primitive is INPUT}
    return Program(lines, program.inputs, program.outputs)


PASSES = (
    fold_constants,
    simplify,
    move_signs,
    drop_signs,
    delay_broadcasts,
    elide_broadcasts,
    fuse_transposes,
    merge_equal,
    drop_dead,
)


def optimise(program: Program) -> Program:
    """Write out fused primitives, then apply all passes until none makes the program shorter."""
    instance("optimise: program", program, Program, "a Program, as of_tape returns")
    return shorten(expand(program))


def shorten(program: Program) -> Program:
    """Apply all passes until none makes the program shorter."""
    while True:
        size = len(program)
        for one in PASSES:
            program = one(program)
        if len(program) == size:
            return program
