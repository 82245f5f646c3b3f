"""Passes for tangents, which are linear: what does not move is computed apart, and once.

They change the order in which factors are multiplied, and so the last bits of a tangent; the step
itself is not theirs to change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.ops.elementwise import divide, multiply, negative
from minigrad.ops.reduce import sum_
from minigrad.program.lines import Argument, Constant, Line, Program
from minigrad.program.stacks import add_to_rows, column, subtract_from_rows, weighted_sum

__all__ = ["gather_factors", "moving_lines", "subtract_terms", "weigh_sums"]


def moving_lines(program: Program, dots: Iterable[int]) -> set[int]:
    """Return the lines that depend on the tangents `dots`, themselves included."""
    moving = set(dots)
    for number, line in program.lines.items():
        if not moving.isdisjoint(line.reads):
            moving.add(number)
    return moving


def gather_factors(program: Program, dots: Iterable[int]) -> Program:
    r"""Multiply a tangent once, by the product of its factors: ``-(x a) b / c = x (-a b / c)``.

    For k directions that is one product of stacks where there were several.
    """
    moving, uses = moving_lines(program, dots), read_counts(program)
    old, lines = program.lines, dict[int, Line]()
    readers = {a: line for line in old.values() for a in line.reads}
    chains: dict[int, list[tuple[int, Line]]] = {}  # the links that end here
    fresh = max(old, default=0)

    def write(prim: Any, *arguments: Argument, where: str) -> int:
        nonlocal fresh
        fresh += 1
        shape = np.broadcast_shapes(*(shape_of(a, lines) for a in arguments))
        lines[fresh] = Line(prim, arguments, {}, shape, dtype_of(arguments, lines), "", where)
        return fresh

    def product(times: list[Argument], over: list[Argument], odd: bool, where: str) -> Argument:
        """Return the factors as one; single numbers first, for an array costs more."""
        whole: Argument = Constant(1.0)
        for single in (True, False):
            for prim, factors in ((multiply, times), (divide, over)):
                for a in factors:
                    if (shape_of(a, lines) == ()) is single:
                        first = prim is multiply and is_one(whole)
                        whole = a if first else write(prim, whole, a, where=where)
            if single and odd and not is_one(whole):
                whole, odd = write(negative, whole, where=where), False
        return write(negative, whole, where=where) if odd else whole

    for number, line in old.items():
        base = link(line, old, moving) if number in moving else None
        if base is not None:
            alone = uses[base] == 1 or old[base].primitive is negative  # a sign is free
            chain = [*(chains.get(base, []) if alone else []), (base, line)]
            chains[number] = chain
            reader = readers.get(number) if uses[number] == 1 else None
            continued = reader is not None and link(reader, old, moving) == number
            if len(chain) > 1 and not continued:
                parts = [(part.primitive, beside(part, at)) for at, part in chain]
                times = [a for prim, a in parts if prim is multiply]
                over = [a for prim, a in parts if prim is divide]
                odd = sum(prim is negative for prim, _ in parts) % 2 == 1
                whole = product(times, over, odd, line.where)
                line = replace(line, primitive=multiply, arguments=(chain[0][0], whole))
        lines[number] = line
    return Program(lines, program.inputs, program.outputs)


def is_one(argument: Argument) -> bool:
    """Whether an argument is the number 1, to be left out of a product."""
    return isinstance(argument, Constant) and type(argument.value) is float and argument.value == 1


def link(line: Line, lines: dict[int, Line], moving: set[int]) -> int | None:
    """Return the tangent that a line multiplies by what does not move; None if it does not."""
    if line.primitive not in (multiply, divide, negative):
        return None
    bases = [a for a in line.reads if a in moving]
    if len(bases) != 1 or (line.primitive is divide and line.arguments[0] != bases[0]):
        return None
    base = lines[bases[0]]
    if line.dtype is not None and line.dtype.kind != "f":
        return None
    # Without a change of precision between the factors.
    same = (line.dtype, line.shape == ()) == (base.dtype, base.shape == ())
    return bases[0] if same or (base.shape == () and base.dtype is None) else None


def beside(line: Line, base: int) -> Argument:
    """Return the factor beside the tangent; of a sign, the tangent itself."""
    return line.arguments[-1] if line.arguments[0] == base else line.arguments[0]


def weigh_sums(program: Program, dots: Iterable[int]) -> Program:
    """Sum products over the last axis without an array of them: ``sum(a b) = vecdot(a, b)``."""
    moving, uses = moving_lines(program, dots), read_counts(program)
    fresh = max(program.lines, default=0)
    lines: dict[int, Line] = {}
    for number, line in program.lines.items():
        product = program.lines[line.reads[0]] if line.primitive is sum_ and line.reads else None
        if (
            number in moving
            and product is not None
            and product.primitive is multiply
            and uses[line.reads[0]] == 1
            and line.params.get("axis") == (len(product.shape) - 1,)
            and "initial" not in line.params
            and all(alike(a, product, program.lines) for a in product.arguments)
        ):
            shape = product.shape[:-1]
            summed = replace(
                line, primitive=weighted_sum, arguments=product.arguments, params={}, shape=shape
            )
            if line.params.get("keepdims"):
                fresh += 1
                lines[fresh] = summed
                summed = replace(line, primitive=column, arguments=(fresh,), params={}, view=True)
            line = summed
        lines[number] = line
    return Program(lines, program.inputs, program.outputs)


def subtract_terms(program: Program) -> Program:
    """Take a term from its rows of a stack, rather than add it with its sign changed."""
    kept = dict(program.lines)

    def rule(number: int, line: Line) -> Line | Argument:
        kept[number] = line
        if line.primitive is add_to_rows and isinstance(line.arguments[1], int):
            stack, _, *at = line.arguments
            made = kept[line.arguments[1]]
            if made.primitive is negative:
                arguments = (stack, made.arguments[0], *at)
                return replace(line, primitive=subtract_from_rows, arguments=arguments)
        return line

    return program.rewrite(rule)


def alike(argument: Argument, line: Line, lines: dict[int, Line]) -> bool:
    """Whether an operand is a real array of the shape and dtype of a line."""
    real = line.dtype is not None and line.dtype.kind == "f"
    if isinstance(argument, Constant):
        return real and (np.shape(argument.value), getattr(argument.value, "dtype", None)) == (
            line.shape,
            line.dtype,
        )
    one = lines[argument]
    return real and (one.shape, one.dtype) == (line.shape, line.dtype)


def read_counts(program: Program) -> Counter[Any]:
    """Return how often each line is read, by outputs as well."""
    reads = [a for line in program.lines.values() for a in line.reads]
    return Counter([*reads, *(o for o in program.outputs if isinstance(o, int))])


def shape_of(argument: Argument, lines: dict[int, Line]) -> Any:
    """Return the shape of an argument."""
    return np.shape(argument.value) if isinstance(argument, Constant) else lines[argument].shape


def dtype_of(arguments: Sequence[Argument], lines: dict[int, Line]) -> Any:
    """Return the dtype of a product; None if it is of Python's numbers alone."""
    dtypes = [
        getattr(a.value, "dtype", None) if isinstance(a, Constant) else lines[a].dtype
        for a in arguments
    ]
    found = [dtype for dtype in dtypes if dtype is not None]
    return np.result_type(*found) if found else None
