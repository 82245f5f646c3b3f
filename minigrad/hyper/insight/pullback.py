"""A run's adjoint, one step at a time: for reports that look at every step of the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.unrolling.unroll import State, Unroll, zero
from minigrad.program.step import floating
from minigrad.tape import Tape
from minigrad.variable import value_of

__all__ = ["finish", "length", "pull"]


def finish(
    unroll: Unroll, state: State, cost: Callable[[Any, Any], Any]
) -> tuple[float, State, list[Any]]:
    """Return a cost of the last state, and the cotangents of the state and of the hypers."""
    with Tape() as tape:
        given, hypers = tape.variable(unroll.unflatten(state)), tape.variable(unroll.values)
        y = cost(given, hypers)
    bars = tape.gradient(y, [floating(tree.leaves(given)), tree.leaves(hypers)])
    return float(value_of(y)), bars[0], bars[1]


def pull(unroll: Unroll, bar: State, state: State, t: int) -> tuple[State, list[Any]]:
    """Return the cotangents of the state before step `t`, and of the hypers as step `t` sees them.

    The step is run again for what its adjoint reads, so that only states have to be kept.
    """
    for k, x in enumerate(tree.leaves(unroll.values)):
        if unroll.scheduled[k]:
            unroll.bars[k][t] = 0
        else:
            unroll.bars[k] = zero(x)
    _, saved = unroll.forward(state, t)
    bar = unroll.backward(bar, state, saved, t)
    pairs = zip(unroll.bars, unroll.scheduled, strict=True)
    return bar, [np.array(total[t] if by_step else total) for total, by_step in pairs]


def length(parts: Sequence[Any]) -> float:
    """Return the Euclidean norm of a list of numbers and arrays, where squares would overflow too.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.hyper.insight.pullback import length
    >>> f"{length([3e200, np.array([0.0, 4e200])]):.3g}"
    '5e+200'
    """
    largest = float(np.max([np.max(np.abs(x), initial=0.0) for x in parts], initial=0.0))
    if largest == 0.0 or not np.isfinite(largest):
        return largest
    squares = (np.sum((np.asarray(x, float) / largest) ** 2) for x in parts)
    return largest * float(np.sqrt(sum(squares)))
