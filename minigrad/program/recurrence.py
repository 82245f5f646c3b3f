r"""The way back through a run of single numbers: what does not wait for it is done at once.

Of the adjoint of T steps, only

.. math:: \bar s_t = J_t^\top \bar s_{t+1}, \qquad
          J_t = \frac{\partial\, \mathrm{step}_t}{\partial s}

must go from the last step to the first. Everything else, the :math:`J_t` before it and the
cotangents of the hypers after it, is the same arithmetic at every step, and is done on vectors with
an element for each step. So of a step only the state is kept. The loop is a few multiplications and
additions; and where products of the :math:`J_t` are cheap, it is a loop over every eighth step
(:mod:`minigrad.program.scan`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minigrad.ops import elementwise as ops
from minigrad.ops import special
from minigrad.ops.elementwise import add, negative, subtract
from minigrad.primitive import Primitive
from minigrad.program.columns import add_up
from minigrad.program.emit import Emitted, Writer, Written, with_care
from minigrad.program.lines import (
    INPUT,
    Argument,
    Constant,
    Line,
    Program,
    is_elementwise,
    is_number,
)
from minigrad.program.loop import tuple_of
from minigrad.program.passes import optimise
from minigrad.program.scan import blocks, paired, spread, worthwhile

__all__ = ["Recurrence", "emit_recurrence", "recurrence"]

#: Primitives that work element by element though their function is no ufunc.
ELEMENTWISE: set[Primitive] = {
    ops.where, ops.tanh_slope, ops.chosen, ops.is_zero, ops.is_small, ops.same_sign, ops.sinc,
    special.sigmoid, special.softplus, special.relu, special.gelu, special.is_positive,
}  # fmt: skip


@dataclass(frozen=True)
class Recurrence:
    """The adjoint of many steps on single numbers.

    Attributes
    ----------
    program : Program
        The elements of :math:`J` and the terms of the hypers' cotangents.
    bars : list of int
        The inputs that are cotangents of the next state.
    jacobian : list
        For each cotangent of the state, pairs: which of those of the next it depends on, and the
        factor.
    fixed, columns, kept : list of int
        The inputs that are the same at every step; that steps bring; that were kept.
    sums, lists : list of pairs
        The terms to add up for hypers that are fixed, and those to list; each with a name.
    """

    program: Program
    bars: Sequence[int]
    jacobian: Sequence[Sequence[tuple[int, Argument]]]
    fixed: Sequence[int]
    columns: Sequence[int]
    kept: Sequence[int]
    sums: Sequence[tuple[str, Argument]]
    lists: Sequence[tuple[str, Argument]]

    @property
    def scan(self) -> bool:
        """Whether several steps are taken as one, by products of their Jacobians."""
        return worthwhile(len(self.bars), sum(map(len, self.jacobian)))


def recurrence(
    program: Program,
    bars: Sequence[int],
    state_bars: Sequence[Argument],
    fixed: Sequence[int],
    columns: Sequence[int],
    sums: Sequence[tuple[str, Argument]],
    lists: Sequence[tuple[str, Argument]],
    state: Sequence[int],
) -> Recurrence | None:
    """Return the adjoint of a step as a recurrence; None if not all of it is single numbers.

    `program` has the step and its adjoint, with all inputs.
    """
    if not bars or not all(single(line) for line in program.lines.values()):
        return None
    moving = set(bars)
    for number, line in program.lines.items():
        if not moving.isdisjoint(line.reads):
            moving.add(number)
    steps = len(moving & program.needed(state_bars))
    lines, columns_of = dict(program.lines), []
    for bar in bars:
        columns_of.append(column(lines, program, moving, bar))
    found = [[(j, entry(values, out)) for j, values in enumerate(columns_of)] for out in state_bars]
    jacobian = [[(j, x) for j, x in row if x is not None] for row in found]
    factors = [x for row in jacobian for _, x in row]
    if len(factors) > 2 * steps:
        return None
    terms = [x for _, x in (*sums, *lists)]
    small = optimise(Program(lines, program.inputs, [*factors, *terms]))
    rest = iter(small.outputs)
    jacobian = [[(j, next(rest)) for j, _ in row] for row in jacobian]
    sums, lists = [[(name, next(rest)) for name, _ in part] for part in (sums, lists)]
    read = {k for line in small.lines.values() for k in line.reads} | {*small.outputs}
    kept = [k for k in state if k in read]
    return Recurrence(small, bars, jacobian, fixed, columns, kept, sums, lists)


def single(line: Line) -> bool:
    """Whether a line is a number, computed of numbers by what works on vectors as well."""
    if line.shape != () or line.dtype not in (None, np.dtype(float), np.dtype(bool)):
        return False
    if line.primitive is INPUT:
        return is_number(line)
    numbers = all(np.shape(a.value) == () for a in line.arguments if isinstance(a, Constant))
    known = is_elementwise(line.primitive.function) or line.primitive in ELEMENTWISE
    return numbers and known and not line.params


def column(
    lines: dict[int, Line], program: Program, moving: set[int], bar: int
) -> dict[Argument, Argument]:
    """Add the lines of an adjoint for one cotangent that is 1, the others being 0.

    What stands for each line that it moves is returned. The adjoint is linear in the cotangents.
    """
    values: dict[Argument, Argument] = {bar: Constant(1.0)}
    fresh = max(lines)
    for number, line in program.lines.items():
        if number not in moving or values.keys().isdisjoint(line.reads):
            continue
        zeros = [a in moving and a not in values for a in line.arguments]
        arguments = tuple(
            Constant(0.0) if zero else values.get(a, a)
            for a, zero in zip(line.arguments, zeros, strict=True)
        )
        if line.primitive in (add, subtract) and any(zeros):
            if line.primitive is add or zeros[1]:
                values[number] = arguments[zeros.index(False)]
                continue
            line = replace(line, primitive=negative)
            arguments = arguments[1:]
        fresh += 1
        lines[fresh] = replace(line, arguments=arguments)
        values[number] = fresh
    return values


def entry(values: dict[Argument, Argument], out: Argument) -> Argument | None:
    """Return the factor of an output in one cotangent; None for zero."""
    return values.get(out)


class Length(int):
    """The length of vectors, which is left open: a 0 that says so."""

    def __repr__(self) -> str:
        return "T"


T = Length()


def vectors(r: Recurrence) -> Program:
    """Return the program on vectors: what varies from step to step has an axis of steps."""
    varying = {*r.bars, *r.columns, *r.kept}
    lines: dict[int, Line] = {}
    for number, line in r.program.lines.items():
        if number in varying or not varying.isdisjoint(line.reads):
            varying.add(number)
            line = replace(line, shape=(T,), dtype=line.dtype or np.dtype(float))
        lines[number] = line
    outputs = [x for row in r.jacobian for _, x in row]
    before = r.program.needed(outputs)
    order = sorted(lines, key=lambda k: k not in before)  # those of J first; otherwise as it was
    outputs += [x for _, x in (*r.sums, *r.lists)]
    return Program({k: lines[k] for k in order}, r.program.inputs, outputs)


def emit_recurrence(r: Recurrence, name: str) -> Emitted:
    """Write the adjoint as source and compile it.

    The function takes the cotangents of the last state, the sums so far, the hypers that are the
    same at every step, vectors of what the steps bring and of what was kept, the number of the
    first step in the run, how many there are and how many of them, from the first, count for the
    hypers. It returns the cotangents of the first state, the sums, as vectors the terms to list,
    and the cotangents after every step.
    """
    return with_care(lambda careful: written(r, name, careful=careful))


def written(r: Recurrence, name: str, *, careful: bool) -> Written:
    """Write the adjoint; `careful` as for :class:`minigrad.program.emit.Writer`."""
    program = vectors(r)
    writer = Writer(program, name, careful=careful)
    tools: list[Any] = [add_up, blocks, paired, spread]
    writer.namespace |= {tool.__name__: tool for tool in tools}
    writer.taken |= {tool.__name__ for tool in tools}
    wishes = "start", "steps", "own", "jacobians", "bars"
    start, steps, own, jacobians, bars = map(writer.unique, wishes)
    carried = [writer.unique(program.lines[k].name) for k in r.bars]
    given = [*r.fixed, *r.columns, *r.kept]
    inputs = [writer.name_for(k, program.lines[k].name) for k in given]
    every = [writer.name_for(k, f"{program.lines[k].name}s") for k in r.bars]
    sums = [writer.unique(wish) for wish, _ in r.sums]
    before = program.needed(x for row in r.jacobian for _, x in row)

    def body(numbers: Sequence[int]) -> list[str]:
        writer.body, writer.where = [], ""
        for number in numbers:
            writer.write(number, program.lines[number])
        return writer.body

    def cut(argument: Argument) -> str:
        text = writer.text(argument)
        return f"{text}[:{own}]" if isinstance(argument, int) else text

    lines = [k for k, line in program.lines.items() if line.primitive is not INPUT]
    first = body([k for k in lines if k in before])
    rows = [dict(row) for row in r.jacobian]
    texts = [[writer.text(row.get(j, Constant(0.0))) for j in range(len(rows))] for row in rows]
    matrix = f"[{', '.join(map(tuple_of, texts))}]"
    places = reached(r.jacobian) if r.scan else [(i, j) for i, row in enumerate(rows) for j in row]
    slopes = {place: writer.unique("slope") for place in places}
    moves = [
        " + ".join(f"{slopes[i, j]} * {carried[j]}" for j in range(len(rows)) if (i, j) in slopes)
        for i in range(len(rows))
    ]
    second = body([k for k in lines if k not in before])
    terms = zip(sums, r.sums, strict=True)
    back = [*carried, *sums, *(cut(x) for _, x in r.lists), bars]
    block = "eight steps" if r.scan else "step"
    code = [
        "# All steps at once",
        *first,
        f"{jacobians} = paired({matrix}, {start}, {steps}, scan={r.scan})",
        f"# From the last {block} to the first",
        *(f"{row} = []" for row in every),
        f"for {tuple_of([*slopes.values()])} in blocks({jacobians}, {[*slopes]}):",
        *(f"    {row}.append({bar})" for row, bar in zip(every, carried, strict=True)),
        f"    {', '.join(carried)} = {', '.join(move or '0.0' for move in moves)}",
        "# All steps at once",
        f"{bars} = spread({jacobians}, [{', '.join(every)}], {start}, {steps})",
        f"{tuple_of(every)} = {bars}",
        *second,
        *(f"{total} = add_up({total}, {cut(x)})" for total, (_, x) in terms),
        f"return {', '.join(back)}",
    ]
    top = f"def {name}({', '.join([*carried, *sums, *inputs, start, steps, own])}):"
    return writer.compiled("".join(f"{row}\n" for row in [top, *(f"    {row}" for row in code)]))


def reached(jacobian: Sequence[Sequence[tuple[int, Argument]]]) -> list[tuple[int, int]]:
    """Return which elements of products of Jacobians, of none too, may differ from 0."""
    size = len(jacobian)
    own = np.array([[any(k == j for k, _ in row) for j in range(size)] for row in jacobian])
    found = np.linalg.matrix_power(np.eye(size, dtype=int) + own, size) > 0
    return [(i, j) for i in range(size) for j in range(size) if found[i, j]]
