"""A step as the body of a loop: many steps in a row are one call of a generated function.

Whatever is not the step's own work is outside the loop, or is a word in it: the state goes round
in local names, what is the same at every step is computed before the first, what the adjoint
reads is appended to a list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from minigrad.program.emit import Emitted, Writer, Written, with_care
from minigrad.program.lines import INPUT, Argument, Line, Program, is_number

__all__ = ["Loop", "emit_loop"]

Named = tuple[str, Argument]


@dataclass(frozen=True)
class Loop:
    """What a loop over the steps of a run does.

    Attributes
    ----------
    program : Program
        One step; it has all inputs below.
    carried, new : list
        The inputs that go round, and what each is after the step.
    fixed : list of int
        The inputs that are the same at every step.
    brought : list of int
        The inputs that each step brings: its entries of schedules, the leaves of its batch.
    keep : list of int, optional
        What to keep of each step.
    kept : list of int, optional
        The inputs that were kept by another loop; this one goes from the last step to the first.
    sums, lists : list of pairs
        What to add up over the steps, and what to list: a name for it and which it is.
    weak : set of Argument
        Which results become Python floats, whatever they are.
    by_rows : list of int
        As for :func:`minigrad.program.emit`.
    """

    program: Program
    carried: Sequence[int]
    new: Sequence[Argument]
    fixed: Sequence[int]
    brought: Sequence[int]
    keep: Sequence[int] | None = None
    kept: Sequence[int] | None = None
    sums: Sequence[Named] = ()
    lists: Sequence[Named] = ()
    weak: frozenset[Argument] = frozenset()
    by_rows: Sequence[int] = ()

    def split(self) -> tuple[Program, set[int]]:
        """Return the program, what is the same at every step first, and which lines those are."""
        lines = self.program.lines
        varying = {*self.carried, *self.brought, *(self.kept or ())}
        for number, line in lines.items():
            if not varying.isdisjoint(line.reads):
                varying.add(number)
        results = [*self.new, *(item for _, item in (*self.sums, *self.lists)), *(self.keep or ())]
        program = Program(lines, self.program.inputs, results)
        needed = program.needed(results)
        still = [k for k in lines if k in needed and k not in varying and k not in program.inputs]
        moving = [k for k in lines if k in needed and k in varying and k not in program.inputs]
        order = [*program.inputs, *still, *moving]
        read = {j for k in moving for j in lines[k].reads} & {*still}
        return Program({k: lines[k] for k in order}, program.inputs, [*results, *read]), {*still}


def emit_loop(loop: Loop, name: str) -> Emitted:
    """Write a loop as source and compile it.

    The function takes what goes round, the sums so far, what is the same at every step, the steps
    as something to go over (again, if need be) and what was kept; it returns what has gone round,
    the sums, the lists and what it keeps.
    """

    def fresh(inputs: Any) -> Any:
        return inputs if loop.kept is None else (*inputs[:-1], list(inputs[-1]))

    return with_care(lambda careful: written(loop, name, careful=careful), fresh)


def written(loop: Loop, name: str, *, careful: bool) -> Written:
    """Write a loop; `careful` as for :class:`minigrad.program.emit.Writer`."""
    program, still = loop.split()
    writer = Writer(program, name, loop.by_rows, careful=careful)
    steps, kept = writer.unique("steps"), writer.unique("kept")
    for number in program.inputs:
        writer.name_for(number, program.lines[number].name)
    names = writer.names
    carried, fixed = [names[k] for k in loop.carried], [names[k] for k in loop.fixed]
    sums, lists = [[writer.unique(wish) for wish, _ in part] for part in (loop.sums, loop.lists)]

    def text(result: Argument) -> str:
        number = isinstance(result, int) and is_number(program.lines[result])
        plain = writer.output(result)
        return f"float({plain})" if result in loop.weak and not number else plain

    def move(result: Argument) -> str:
        return writer.within(result, text(result), 0)

    begun = writer.body
    writer.written_last = {*loop.new} - {*loop.carried}

    def body(numbers: Sequence[int]) -> list[str]:
        writer.body, writer.where = [], ""
        for number in numbers:
            writer.write(number, program.lines[number])
        return writer.body

    before = begun + body([k for k in program.lines if k in still])
    before += [f"{row} = []" for row in [*lists, *([kept] if loop.keep is not None else [])]]
    inside = body([k for k in program.lines if k not in still and not is_input(program.lines[k])])
    if loop.keep is not None:
        keep = [names[k] if k in loop.carried else text(k) for k in loop.keep]
        inside.append(f"{kept}.append({tuple_of(keep)})")
    pairs = zip(sums, loop.sums, strict=True)
    inside += [f"{total} = {total} + {text(term)}" for total, (_, term) in pairs]
    pairs = zip(lists, loop.lists, strict=True)
    inside += [f"{row}.append({text(item)})" for row, (_, item) in pairs]
    moves = [(names[k], new) for k, new in zip(loop.carried, loop.new, strict=True) if k != new]
    if moves:
        inside.append(
            f"{', '.join(to for to, _ in moves)} = {', '.join(move(x) for _, x in moves)}"
        )
    before += bound(inside, writer)
    bring = tuple_of([names[k] for k in loop.brought]) if loop.brought else "_"
    given = [*carried, *sums, *fixed, steps]
    if loop.kept is not None:
        inside.insert(0, f"{tuple_of([names[k] for k in loop.kept])} = {kept}.pop()")
        given.append(kept)
    back = [*carried, *sums, *lists, *([kept] if loop.keep is not None else [])]
    rows = [
        f"def {name}({', '.join(given)}):",
        *(f"    {row}" for row in before),
        f"    for {bring} in {steps}:",
        *(f"        {row}" for row in inside or ["pass"]),
        f"    return {', '.join(back)}{',' if len(back) == 1 else ''}",
    ]
    code = "".join(f"{row}\n" for row in rows)
    return writer.compiled(code)


def bound(rows: list[str], writer: Writer) -> list[str]:
    """Give functions of :mod:`math` that a loop calls a name of its own, which is quicker.

    The rows are changed; those that go before the loop are returned.
    """
    found = {word: writer.unique(word) for word in re.findall(r"math\.(\w+)", "\n".join(rows))}
    rows[:] = [re.sub(r"math\.(\w+)", lambda m: found[m[1]], row) for row in rows]
    return [f"{name} = math.{word}" for word, name in found.items()]


def is_input(line: Line) -> bool:
    """Whether a line is given from outside."""
    return line.primitive is INPUT


def tuple_of(texts: Sequence[str]) -> str:
    """Return names as a tuple, for both sides of an assignment."""
    return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"
