"""The end of a run as a compiled program: the outer cost and its gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.dispatch import watching
from minigrad.program.emit import emit
from minigrad.program.frozen import Frozen
from minigrad.program.lines import of_tape
from minigrad.program.passes import optimise
from minigrad.program.step import Fallback, State, difference, floating, named
from minigrad.tape import Tape
from minigrad.variable import value_of

__all__ = ["CostProgram"]


class CostProgram:
    """The cost of a state, and its cotangents.

    Attributes
    ----------
    program : Emitted
        Print it to read its source.
    frozen : Frozen
        The constants of the cost function.
    """

    @staticmethod
    def of(
        cost: Callable[[Any, Any], Any], examples: Sequence[tuple[Any, Any]]
    ) -> CostProgram | Fallback:
        """Record a cost at each example, a state and hypers; compile it if it is one program."""
        frozen = Frozen.of(cost)
        if frozen is None:
            return Fallback("the cost may read something else by the next time")
        try:
            with np.errstate(all="ignore"):
                traces = [record(cost, *example) for example in examples]
        except Exception as error:
            return Fallback(f"there is no cost at another state: {error}")
        if any(looked for _, _, looked in traces):
            return Fallback("the cost looks at a value, and may branch on it")
        reason = difference(*(program for program, _, _ in traces))
        return Fallback(reason) if reason else CostProgram(*traces[0][:2], frozen)

    def __init__(self, program: Any, value: Any, frozen: Frozen) -> None:
        self.program, self.frozen = emit(optimise(program), "end"), frozen
        self.kind = type(value) if type(value) in (float, np.float64) else None

    def __call__(self, state: State, hypers: State, n: int) -> tuple[Any, State, State]:
        """Return the cost and the cotangents of the `n` floating leaves and of the hypers."""
        cost, *bars = self.program.function(*state, *hypers)
        return (cost if self.kind is None else self.kind(cost)), bars[:n], bars[n:]


def record(cost: Callable[[Any, Any], Any], state: Any, hypers: Any) -> tuple[Any, Any, Any]:
    """Return a cost with its gradient as a program, its value, and what was looked at."""
    with Tape(lines=True) as tape, watching() as looked:
        given, given_hypers = tape.variable(state), tape.variable(hypers)
        found = cost(given, given_hypers)
        sources = [floating(tree.leaves(given)), tree.leaves(given_hypers)]
        bars = tree.leaves(tape.gradient(found, sources))
    of_state, of_hypers = named(state=given, hyper=given_hypers)
    return of_tape(tape, of_state | of_hypers, [found, *bars]), value_of(found), looked
