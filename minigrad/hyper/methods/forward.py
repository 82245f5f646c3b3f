"""Tangents carried along with the training: exact, in a memory that does not know of T."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from minigrad.hyper.health import examined, growth, norm
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.unrolling.directions import Directions
from minigrad.hyper.unrolling.unroll import State, Unroll, size
from minigrad.program.step import floating

__all__ = ["Forward"]

LARGE = 1e3  # times the first state: tangents of which it is asked whether they have exploded


@dataclass(frozen=True)
class Forward:
    r"""Carry the derivative of the state in each hyperparameter forward, beside the state.

    .. math:: \dot s_{t+1} = \frac{\partial\, \mathrm{step}}{\partial s} \dot s_t
              + \frac{\partial\, \mathrm{step}}{\partial h} \dot h, \qquad
              \frac{dC}{dh} \dot h = \frac{\partial C}{\partial s} \dot s_T
              + \frac{\partial C}{\partial h} \dot h

    Exact up to rounding. For k numbers among the hyperparameters, k tangents of the size of the
    state are kept, however many steps there are: the method for a few hyperparameters, or for a
    run too long to be kept. The k tangents go through the steps together, as one stack of arrays
    in a compiled loop. The entry t of a schedule costs nothing before step t.

    References
    ----------
    .. [1] L. Franceschi, M. Donini, P. Frasconi, M. Pontil, "Forward and Reverse Gradient-Based
       Hyperparameter Optimization", ICML 2017, section 3.2.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=5,
    ... )
    >>> result = mg.hypergradient(run, {"eta": mg.positive(0.5)}, mg.Forward())
    >>> result.gradient["eta"], result.stats.kept_bytes
    (-0.009765625, 16)
    """

    @examined
    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the cost and its gradient; see :func:`minigrad.hypergradient`."""
        start = time.perf_counter()
        unroll = Unroll(run, hypers)
        state = unroll.begin()
        directions = Directions(unroll)
        dots, t = directions.begin(), 0
        first = state
        while t < run.steps:
            state, dots, taken = directions.advance(state, dots, t, run.steps)
            t += taken
        cost, bar = unroll.end(state)
        directions.gather(bar, dots)
        early: State = []
        if run.steps and norm(dots) > LARGE * (norm(floating(first)) or 1.0):
            early = directions.advance(first, directions.begin(), 0, 1)[1]
        stats = Stats(
            method="Forward()",
            exact=True,
            steps_run=unroll.steps_run,
            seconds=time.perf_counter() - start,
            why=unroll.why,
            kept_bytes=size(state, dots),
            growth=growth(early, dots),
            steps_rerun=unroll.steps_run - run.steps,
        )
        return HyperGradient(cost, unroll.gradient, unroll.marked, stats)
