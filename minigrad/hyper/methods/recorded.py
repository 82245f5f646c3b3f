"""Everything on one tape: the definition of a hypergradient, and the method to check others by."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from minigrad import tree
from minigrad.finite import known
from minigrad.hyper.domains import markers
from minigrad.hyper.forecast import check_room
from minigrad.hyper.health import examined, growth
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import Diverged, TrainingRun, lost
from minigrad.program.step import floating
from minigrad.tape import Tape
from minigrad.variable import Variable, value_of

__all__ = ["Recorded"]


def on_tape(steps: int, sizes: list[int]) -> int:
    """Return about how many bytes a tape holds, from what it held after the first two steps.

    To go over a long tape once more takes a fortieth of its hypergradient's time.
    """
    first, second = sizes
    return first + (steps - 1) * (second - first)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause Python's search for reference cycles: a tape has none, and many objects to search."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True)
class Recorded:
    r"""Record the whole run on one tape and sweep backward once.

    Exact up to rounding, for any number of hyperparameters at once. The time is a small multiple
    of the training's own; the memory grows with the number of steps.

    Parameters
    ----------
    check : {None, "finite"}, default None
        With "finite", the first NaN or infinity of the run or of its derivatives is an error that
        names the instruction and the line of the step; see :class:`minigrad.Tape`.

    References
    ----------
    .. [1] J. Domke, "Generic Methods for Optimization-Based Modeling", AISTATS 2012,
       section 4.
    """

    check: str | None = None

    def __post_init__(self) -> None:
        known(self.check)

    @examined
    @collector_paused()
    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the cost and its gradient; see :func:`minigrad.hypergradient`."""
        start = time.perf_counter()
        marked = markers(hypers)
        with Tape(check=self.check) as tape:
            leaves = {
                path: tape.variable(hyper.value, name=path or "hyper")
                for path, hyper in tree.paths(marked).items()
            }
            variables = tree.unflatten(marked, leaves.values())

            sizes: list[int] = []

            def check(t: int) -> None:
                if t < 2:
                    sizes.append(tape.nbytes)
                if t == 0:
                    check_room("Recorded()", run.steps * sizes[0], run, hypers)

            first = run.init(variables)
            early: list[Any] = []
            last = first
            for t, last in enumerate(run.states(first, marked, variables)):
                check(t)
                early = early or tree.leaves(last)
            if any(lost(tree.leaves(last), tree.leaves(first))):
                raise Diverged("the last state of the run is not finite")
            cost = run.cost(last, variables)
        ends = [floating(early), floating(tree.leaves(last))]
        varying = [all(isinstance(x, Variable) for x in end) for end in ends]
        gradient, *bars = tape.gradient(cost, [variables, *(ends if all(varying) else ())])
        stats = Stats(
            method="Recorded()",
            exact=True,
            steps_run=run.steps,
            seconds=time.perf_counter() - start,
            tape_bytes=on_tape(run.steps, sizes) if run.steps > 2 else tape.nbytes,
            instructions=len(tape),
            growth=growth(*bars[::-1]) if bars else 0.0,
        )
        return HyperGradient(value_of(cost), gradient, marked, stats)
