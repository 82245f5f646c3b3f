"""Steps replayed, every state kept: the fast exact method, as long as the memory lasts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from minigrad.hyper.forecast import check_room
from minigrad.hyper.health import examined, growth
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.unrolling.unroll import Unroll, size

__all__ = ["Stored"]


@dataclass(frozen=True)
class Stored:
    """Replay every step as a compiled program and keep what its adjoint reads.

    Exact up to rounding. The memory grows with the number of steps, but only by the states and
    by the values that the way back needs.

    Raises
    ------
    minigrad.hyper.NotEnoughMemoryError
        Before the first step, if the whole run would not fit into the memory that is free.
    """

    @examined
    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the cost and its gradient; see :func:`minigrad.hypergradient`."""
        start = time.perf_counter()
        unroll = Unroll(run, hypers)
        state = unroll.begin()
        if run.steps:
            check_room("Stored()", run.steps * unroll.step_bytes(state), run, hypers)
        state, kept = unroll.forward_stretch(state, 0, run.steps)
        kept_bytes = size(kept)
        cost, bar = unroll.end(state)
        first_bar = unroll.backward_stretch(bar, kept)
        unroll.pull_begin(first_bar)
        stats = Stats(
            method="Stored()",
            exact=True,
            steps_run=unroll.steps_run,
            seconds=time.perf_counter() - start,
            why=unroll.why,
            kept_bytes=kept_bytes,
            growth=growth(bar, first_bar),
        )
        return HyperGradient(cost, unroll.gradient, unroll.marked, stats)
