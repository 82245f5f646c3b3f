"""A run in windows: stretches of steps, from one to the next of which the hypers may change."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.errors import TargetError
from minigrad.hyper.run import TrainingRun, lost
from minigrad.hyper.unrolling.unroll import State, Unroll
from minigrad.variable import value_of

__all__ = ["checked_window", "cost_at", "moved_to", "windows"]


def windows(steps: int, window: int) -> list[tuple[int, int]]:
    """Return the first step and the end of each window; the last one may be shorter.

    Examples
    --------
    >>> from minigrad.hyper.unrolling.windows import windows
    >>> windows(7, 3)
    [(0, 3), (3, 6), (6, 7)]
    >>> windows(0, 3)
    [(0, 0)]
    """
    return [(first, min(first + window, steps)) for first in range(0, steps, window)] or [(0, 0)]


def checked_window(name: str, window: Any) -> int:
    """Return the length of a window, if it is one."""
    if not isinstance(window, int | np.integer) or isinstance(window, bool) or window < 1:
        raise ValueError(
            f"{name}: window= must be a number of steps, 1 or more, got {window!r:.60}"
        )
    return int(window)


def moved_to(unroll: Unroll, hypers: Any) -> Unroll:
    """Return a pass at other hyperparameters of the same kinds, to go on where one is.

    It knows the same programs, and the shape of the state.
    """
    new = Unroll(unroll.run, hypers)
    new.shape, new.first = unroll.shape, unroll.first
    new.same, new.held, new.why = unroll.same, unroll.held, unroll.why
    return new


def cost_at(run: TrainingRun, unroll: Unroll, state: State) -> float:
    """Return the outer cost of a state, wherever in the run it is; NaN if that is not finite."""
    if any(lost(state, unroll.first)):
        return np.nan
    cost = value_of(run.cost(unroll.plain(state), unroll.given))
    if np.shape(cost) != ():
        raise TargetError(f"TrainingRun: cost= must return one real scalar, got {cost!r:.80}")
    return float(cost)
