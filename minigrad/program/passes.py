"""Passes: each takes a program and returns one that means the same and does less.

`optimise` applies them in the order of the list at the bottom.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.program.lines import INPUT, Argument, Constant, Line, Program

__all__ = ["PASSES", "drop_dead", "fold_constants", "merge_equal", "optimise", "simplify"]


def fold_constants(program: Program) -> Program:
    """Compute once, now, what depends on constants alone."""

    def rule(number: int, line: Line) -> Line | Argument:
        values = [a.value for a in line.arguments if isinstance(a, Constant)]
        if len(values) < len(line.arguments) or line.shape is None:
            return line
        return Constant(line.primitive.function(*values, **line.params))

    return program.rewrite(rule)


def simplify(program: Program) -> Program:
    """Apply identities that are exact: ``1 x``, ``x / 1``, ``x ** 1``, ``--x``, copies, casts to itself."""
    before = program.lines

    def same(line: Line, argument: Argument) -> bool:
        if not isinstance(argument, int):
            return False
        other = kept[argument]
        return bool(other.shape == line.shape and other.dtype == line.dtype)

    kept: dict[int, Line] = dict(before)

    def rule(number: int, line: Line) -> Line | Argument:
        new = identity(line)
        if isinstance(new, Line):
            kept[number] = new
        return new

    def identity(line: Line) -> Line | Argument:
        name, args = line.primitive.name, line.arguments
        first = args[0] if args else None
        if name in COPIES and same(line, first):
            return first
        if name == "multiply":
            for one, other in (args, args[::-1]):
                if is_number(one, 1) and same(line, other):
                    return other
        if name in ("divide", "power") and is_number(args[1], 1) and same(line, first):
            return first
        if (
            name == "negative"
            and isinstance(first, int)
            and kept[first].primitive.name == "negative"
        ):
            return kept[first].arguments[0]
        return line

    return program.rewrite(rule)


COPIES = (
    "variable",
    "broadcast_to",
    "unbroadcast",
    "astype",
    "reshape",
    "positive",
    "stop_gradient",
)


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
    value = argument.value
    if isinstance(value, np.ndarray):
        return "array", id(value)
    return type(value), value


def repr_of(params: dict[str, Any]) -> Any:
    """Return something equal for equal parameters."""
    return tuple((key, repr_of_item(item)) for key, item in sorted(params.items()))


def repr_of_item(item: Any) -> Any:
    if isinstance(item, np.ndarray):
        return item.shape, item.dtype.str, item.tobytes()
    return repr(item)


def drop_dead(program: Program) -> Program:
    """Leave out what no output depends on; inputs stay."""
    needed = program.needed(program.outputs)
    lines = {k: line for k, line in program.lines.items() if k in needed or line.primitive is INPUT}
    return Program(lines, program.inputs, program.outputs)


PASSES = (fold_constants, simplify, merge_equal, drop_dead)


def optimise(program: Program) -> Program:
    """Apply all passes until none makes the program shorter."""
    while True:
        size = len(program)
        for one in PASSES:
            program = one(program)
        if len(program) == size:
            return program
