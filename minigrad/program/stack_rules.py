"""How each primitive works on stacks of tangents: one rule each, in a table at the end.

A rule is called as ``rule(stacker, line, arguments, moving, rows)``: for a line of the program in
one direction, with what its arguments have become, of which those at the positions `moving` are
stacks of the directions `rows`. It writes the line for stacks and returns its number, or None
where it does not know how: then the primitive is run for each direction in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.ops import elementwise as ops
from minigrad.ops.axes import transpose
from minigrad.ops.elementwise import astype, multiply
from minigrad.ops.index import ARRAY, pick
from minigrad.ops.products import dot, matmul, matmul_nt, matmul_tn, outer, vdot
from minigrad.ops.reduce import mean, sum_
from minigrad.ops.rows import inner, spread_rows, sum_rows
from minigrad.ops.shape import reshape
from minigrad.primitive import Primitive, broadcast_to, select, unbroadcast, variable
from minigrad.program import stacks
from minigrad.program.lines import Argument, Constant, Line, is_elementwise
from minigrad.transforms import detached

if TYPE_CHECKING:
    from minigrad.program.directions import Rows
    from minigrad.program.stacking import Stacker

__all__ = ["RULES", "rule_of"]

Rule = Callable[..., Argument | None]


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
    (a, b), upright = arguments, replace(line, shape=(line.shape[0], 1))
    upright = replace(upright, dtype=s.dtype_of(a))
    own = rows if moving == [0] else None
    if moving == [1]:
        b = s.lifted(b, line.arguments[1], line, 2)
    a = s.write(stacks.column, a, rows=own, like=upright, view=True)
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
    if len(shape) == 2 and np.dtype(line.dtype or float).kind == "f":
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
    if (
        len(moving) > 1 or np.dtype(line.dtype or float).kind == "c"
    ):  # one of them may be conjugated
        return None
    ordered = arguments if moving == [0] else arguments[::-1]
    return s.write(stacks.inner_rows, *ordered, rows=rows, like=line)


def part(s: Stacker, line: Line, arguments: Any, moving: Any, rows: Rows) -> Argument:
    return s.write(select, *arguments, rows=rows, like=line, params=line.params, view=True)


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


def rule_of(line: Line) -> Rule | None:
    """Return the rule for a line; None if its primitive has none."""
    if line.shape is None:  # several outputs
        return None
    if is_elementwise(line.primitive.function):
        return elementwise
    return RULES.get(line.primitive)
