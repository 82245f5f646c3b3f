"""One training step as compiled functions that carry tangents: forward mode through a run.

The tangent of a step is linear in the directions. So it is compiled as two programs, the step
with what its derivative reads, and the map from old tangents to new ones; for k directions the
second is run k times, and the step itself once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.program.emit import emit
from minigrad.program.lines import of_tape
from minigrad.program.passes import optimise
from minigrad.program.step import Example, State, floating, named
from minigrad.tape import Tape
from minigrad.variable import value_of

__all__ = ["TangentPrograms"]


class TangentPrograms:
    """The compiled programs for the steps of one signature: the step that saves, and its tangent.

    Parameters
    ----------
    step : callable
        A step of which :class:`minigrad.program.StepPrograms` has found that it is one program.
    example : tuple
        A state, hypers and a batch, as trees.

    Attributes
    ----------
    forward_program, tangent_program : Emitted
        Print them to read their source.
    """

    def __init__(self, step: Callable[..., Any], example: Example) -> None:
        with Tape() as tape:
            state, hypers, batch = (tape.variable(part) for part in example)
            sources = [floating(tree.leaves(state)), tree.leaves(hypers)]
            dots = tree.map(lambda x: tape.variable(np.zeros_like(value_of(x))[()]), sources)
            new = tree.walk(step(state, hypers, batch), state, [])
            new_dots = tape.tangent(floating(new), sources, dots)
        given = {**named(state, "state"), **named(hypers, "hyper"), **named(batch, "batch")}
        named_dots = {f"dot_{k}": dot for k, dot in enumerate(tree.leaves(dots))}
        program = optimise(of_tape(tape, {**given, **named_dots}, [*new, *new_dots]))
        inputs, directions = program.inputs[: len(given)], program.inputs[len(given) :]
        self.n_new = len(new)
        new, new_dots = program.outputs[: self.n_new], program.outputs[self.n_new :]
        # What depends on no direction is computed once, with the step.
        moving = set(directions)
        for number, line in program.lines.items():
            if not moving.isdisjoint(line.reads):
                moving.add(number)
        still = program.lines.keys() - moving
        read = {j for k in moving for j in program.lines[k].reads}
        read |= {dot for dot in new_dots if isinstance(dot, int)}
        saved = [k for k in program.lines if k in still & read and k not in inputs]
        self.forward_program = emit(program.part(still, inputs, [*new, *saved]), "forward")
        self.tangent_program = emit(
            program.part(moving, [*inputs, *saved, *directions], new_dots), "tangent"
        )

    def forward(self, state: State, hypers: State, batch: Any) -> tuple[State, Any]:
        """Return the next state and what its tangents need besides state, hypers and batch."""
        out = self.forward_program.function(*state, *hypers, *tree.leaves(batch))
        return list(out[: self.n_new]), out[self.n_new :]

    def push(
        self, dots: State, hyper_dots: State, state: State, hypers: State, batch: Any, saved: Any
    ) -> State:
        """Return the tangents of the next state, from those of the state and of the hypers."""
        given = (*state, *hypers, *tree.leaves(batch))
        return list(self.tangent_program.function(*given, *saved, *dots, *hyper_dots))
