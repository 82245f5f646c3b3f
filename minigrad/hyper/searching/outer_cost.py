"""The outer cost alone, for those who want no derivative of it and want it often."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.hyper.run import TrainingRun
from minigrad.hyper.unrolling.unroll import Unroll
from minigrad.hyper.unrolling.windows import cost_at
from minigrad.variable import value_of

__all__ = ["outer_cost"]


def outer_cost(run: TrainingRun, hypers: Any) -> float:
    """Return what ``run.evaluate(hypers)`` does, up to rounding, by replaying compiled steps.

    A training that diverges costs inf or nan, without warnings. Where the step can't be compiled,
    it is `run.evaluate` itself.
    """
    with np.errstate(all="ignore"):
        try:
            return float(value_of(replayed(run, hypers)))
        except OverflowError:  # of a power of Python numbers, which is no infinity
            return np.inf


def replayed(run: TrainingRun, hypers: Any) -> Any:
    """Return the outer cost after the replayed steps."""
    unroll = Unroll(run, hypers)
    state = unroll.begin()
    if run.steps and unroll.programs(state, run.batch(0), 0) is None:
        return run.evaluate(hypers)
    state = unroll.advance(state, 0, run.steps)
    return cost_at(run, unroll, state)
