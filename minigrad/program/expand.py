"""Fused primitives written out, so that their parts can be shared.

An eager tape wants few instructions, so a layer or an optimiser's step is one. A compiled program
pays nothing for a line, and gains where two fused primitives compute the same part: the slope of
a tanh is needed by the inner backward pass and twice by the outer one. A row says what a fused
primitive consists of, in the order in which its own function computes it: the bits stay the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.ops import elementwise, products, special
from minigrad.ops.elementwise import add, divide, exp, multiply, subtract
from minigrad.optim import steps
from minigrad.primitive import Primitive
from minigrad.program.lines import Argument, Constant, Line, Program, computed, without_gaps

__all__ = ["EXPANSIONS", "expand"]

Build = Callable[..., Argument]
ONE, WHOLE_ONE, TWO = Constant(1.0), Constant(1), Constant(2)


def _dense(b: Build, x: Any, w: Any, bias: Any) -> Argument:
    return b(add, b(products.matmul, x, w), bias)


def _descend_decayed(b: Build, w: Any, eta: Any, lam: Any, g: Any, n: Any = 1) -> Argument:
    share = lam if n == 1 else b(divide, lam, Constant(n))
    shrunk = b(multiply, b(subtract, WHOLE_ONE, b(multiply, eta, share)), w)
    return b(subtract, shrunk, b(multiply, eta, g))


# fmt: off
# primitive                 what it consists of; b(primitive, operands) makes a line
EXPANSIONS: dict[Primitive, Callable[..., Argument]] = {
    special.dense:          _dense,
    special.dense_tanh:     lambda b, *layer: b(elementwise.tanh, _dense(b, *layer)),
    special.twice:          lambda b, s, w: b(multiply, b(multiply, TWO, s), w),
    special.residual:       lambda b, s, z, log_p, t: b(special.less_targets, s, b(exp, log_p), t),
    elementwise.tanh_slope: lambda b, d, y: b(multiply, d, b(subtract, ONE, b(multiply, y, y))),
    steps.descend:          lambda b, w, eta, g: b(subtract, w, b(multiply, eta, g)),
    steps.add_scaled:       lambda b, g, a, x: b(add, g, b(multiply, a, x)),
    steps.descend_decayed:  _descend_decayed,
}
# fmt: on


def expand(program: Program) -> Program:
    """Write out the fused primitives that have a row in `EXPANSIONS`.

    A line stays as it is where the row would give another shape or dtype, or round a part to
    another precision.
    """
    lines: dict[int, Line] = {}
    stands_for: dict[Argument, Argument] = {}
    fresh = max(program.lines, default=0)

    for number, line in program.lines.items():
        arguments = tuple(stands_for.get(a, a) for a in line.arguments)
        line = replace(line, arguments=arguments)
        row = EXPANSIONS.get(line.primitive)
        parts: dict[int, Line] = {}
        if row is not None:

            def build(prim: Primitive, *given: Argument, where: str = line.where) -> int:
                nonlocal fresh
                fresh += 1
                example = computed(prim, *(like(a, {**lines, **parts}) for a in given))  # noqa: B023
                dtype = getattr(example, "dtype", None)
                whole = without_gaps(example)
                parts[fresh] = Line(  # noqa: B023
                    prim, given, {}, np.shape(example), dtype, "", where, whole=whole
                )
                return fresh

            last = row(build, *arguments, **line.params)
            read = [lines[a] for a in line.reads]
            arrays = [part for part in (*read, *parts.values()) if part.shape]
            precise = all(x.dtype == line.dtype or x.dtype.kind in "iu" for x in arrays)
            if precise and isinstance(last, int) and alike(parts[last], line):
                lines.update(parts)
                stands_for[number] = last
                continue
        lines[number] = line
    return Program(lines, program.inputs, [stands_for.get(o, o) for o in program.outputs])


def alike(line: Line, other: Line) -> bool:
    """Whether two results have the same shape and dtype."""
    return bool((line.shape, line.dtype) == (other.shape, other.dtype))


def like(argument: Argument, lines: dict[int, Line]) -> Any:
    """Return something of the shape and dtype of an argument, to try a primitive on."""
    if isinstance(argument, Constant):
        return argument.value
    line = lines[argument]
    if line.dtype is None:
        return 1.0
    # Zeros, for they are valid class numbers as well.
    return np.broadcast_to(np.zeros((), line.dtype), line.shape)[()]
