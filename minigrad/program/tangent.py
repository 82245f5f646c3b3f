"""Training steps as a compiled loop that carries tangents: forward mode through a run.

The tangent of a step is recorded in one direction, on the tape of the step itself, and written
for all directions at once: see :mod:`minigrad.program.directions`. One function takes a stretch
of steps; what goes round is the state, and a tangent of it in each direction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.program.directions import Rows, Unit, written_out
from minigrad.program.linear import (
    gather_factors,
    moving_lines,
    subtract_terms,
    weigh_sums,
)
from minigrad.program.lines import INPUT, Line, Program, of_tape
from minigrad.program.loop import Loop, emit_loop
from minigrad.program.passes import optimise, shorten
from minigrad.program.scales import pull_scales
from minigrad.program.stacking import stacked
from minigrad.program.step import Example, State, floating, named
from minigrad.tape import Tape
from minigrad.variable import value_of

__all__ = ["TangentProgram"]

FEW = 8  # so many directions of single numbers are written out; more are stacked


class TangentProgram:
    """The compiled loop over steps of one signature that carries a state and its tangents.

    There is a direction for each single number of the hypers as the step sees them: first those
    of hypers that are the same at every step, then those of the step's entries of schedules. The
    latter are other rows of a stack at each step, and which is told with the step.

    Parameters
    ----------
    step : callable
        A step of which :class:`minigrad.program.StepPrograms` has found that it is one program.
    example : tuple
        A state, hypers as the step sees them, and a batch, as trees.
    scheduled : sequence of bool
        Which leaves of the hypers are schedules.

    Attributes
    ----------
    program : Emitted
        Print it to read its source.
    constant, each_step : int
        How many directions there are from the start, and how many more with each step.
    """

    def __init__(
        self, step: Callable[..., Any], example: Example, scheduled: Sequence[bool]
    ) -> None:
        with Tape() as tape:
            state, hypers, batch = (tape.variable(part) for part in example)
            leaves = tree.leaves(hypers)
            sources = [floating(tree.leaves(state)), leaves]
            dots = [[tape.variable(still(value_of(x))) for x in part] for part in sources]
            new = tree.walk(step(state, hypers, batch), state, [])
            new_dots = tape.tangent(floating(new), sources, dots)
        of_state, of_hypers, of_batch = named(state=state, hyper=hypers, batch=batch)
        self.n_state, self.constant, self.each_step = len(new), 0, 0
        units = [self.unit(value_of(x), each) for x, each in zip(leaves, scheduled, strict=True)]
        moving = [name for name, x in of_state.items() if floating([x])]
        pairs = zip([*moving, *of_hypers], [*dots[0], *dots[1]], strict=True)
        given = of_state | of_hypers | of_batch
        inputs = given | {f"{name}_dot": dot for name, dot in pairs}
        program = optimise(of_tape(tape, inputs, [*new, *new_dots]))
        state_dots, hyper_dots = ([dot.index for dot in part] for part in dots)
        program = weigh_sums(program, [*state_dots, *hyper_dots])
        program = pull_scales(program, [*state_dots, *hyper_dots])
        program = gather_factors(program, [*state_dots, *hyper_dots])
        self.numbers = [program.kind(k) == ((), None) for k in state_dots]
        moves = dict(zip(hyper_dots, units, strict=True))
        brought = [x.index for x, each in zip(leaves, scheduled, strict=True) if each]
        brought += [x.index for x in tree.leaves(batch)]
        self.written_out = self.few(program, [*state_dots, *hyper_dots])
        if self.written_out:
            program = written_out(program, state_dots, moves, len(new_dots), labels(of_hypers))
        elif self.each_step:
            row = max(program.lines, default=0) + 1
            told = {row: Line(INPUT, (), {}, (), np.dtype(np.intp), "row")}
            with_row = Program(told | program.lines, [*program.inputs, row], program.outputs)
            program = stacked(with_row, state_dots, moves, len(new_dots), row)
            brought.append(row)
        else:
            program = stacked(program, state_dots, moves, len(new_dots))
        program = shorten(subtract_terms(shorten(program)))
        carried = [x.index for x in tree.leaves(state)]
        carried += [k for k in program.inputs if k not in {x.index for x in given.values()}]
        carried = [k for k in carried if k not in brought]
        fixed = [x.index for x, each in zip(leaves, scheduled, strict=True) if not each]
        loop = Loop(program, carried, program.outputs, fixed, brought)
        self.program = emit_loop(loop, "train")

    def unit(self, value: Any, each: bool) -> Unit:
        """Return how a leaf of the hypers moves in the directions that are its own."""
        shape, size = np.shape(value), np.size(value)
        count = None if shape == () else size
        if each:
            rows, self.each_step = Rows(self.each_step, count, True), self.each_step + size
        else:
            rows, self.constant = Rows(self.constant, count), self.constant + size
        if type(value) is float:
            return Unit(1.0, rows)
        units = np.eye(size, dtype=np.asarray(value).dtype)
        return Unit(units[0, 0] if shape == () else units.reshape(size, *shape), rows)

    def few(self, program: Program, dots: Iterable[int]) -> bool:
        """Whether each direction gets lines of its own.

        That is so for one, where a stack would only be an axis more, and for some directions of
        single numbers, which are tens of times quicker as Python's floats than in an array.
        """
        if self.each_step or self.constant > FEW:
            return False
        numbers = all(program.lines[k].shape == () for k in moving_lines(program, dots))
        return self.constant < 2 or numbers

    def __str__(self) -> str:
        return self.program.source

    def advance(
        self, state: State, dots: State, fixed: State, steps: Iterable[Any]
    ) -> tuple[State, State]:
        """Return the state and its tangents after a stretch of steps.

        Parameters
        ----------
        state : list
            The leaves of the state.
        dots : list of arrays
            The tangents of its floating leaves, each with a first axis of directions.
        fixed : list
            The hypers that are the same at every step.
        steps : iterable
            For each step its entries of schedules and the leaves of its batch; and, if there are
            schedules, the row of the first direction that is the step's own.
        """
        out = self.program.function(*state, *self.given(dots), *fixed, steps)
        new, k = list(out[self.n_state :]), self.constant
        if self.written_out:
            new = [np.stack(new[j : j + k]) for j in range(0, len(new), k)] if k else dots
        return list(out[: self.n_state]), new

    def given(self, dots: State) -> State:
        """Return stacks of tangents as the program takes them: row by row, if it is written out."""
        if not self.written_out:
            return dots
        pairs = zip(dots, self.numbers, strict=True)
        return [float(row) if number else row for stack, number in pairs for row in stack]


def still(x: Any) -> Any:
    """Return a zero to record with: like a number or array, and as weak."""
    return 0.0 if type(x) is float else np.zeros_like(x)[()]


def labels(hypers: dict[str, Any]) -> list[str]:
    """Return a name for each single number of named hypers."""
    return [
        "_".join([name, *map(str, place)])
        for name, x in hypers.items()
        for place in np.ndindex(np.shape(value_of(x)))
    ]
