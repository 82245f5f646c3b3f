"""Tangents carried along with the training: exact, in a memory that does not know of T."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.unroll import State, Unroll, size, zero

__all__ = ["Forward"]


@dataclass(frozen=True)
class Forward:
    r"""Carry the derivative of the state in each hyperparameter forward, beside the state.

    .. math:: \dot s_{t+1} = \frac{\partial\, \mathrm{step}}{\partial s} \dot s_t
              + \frac{\partial\, \mathrm{step}}{\partial h} \dot h, \qquad
              \frac{dC}{dh} \dot h = \frac{\partial C}{\partial s} \dot s_T
              + \frac{\partial C}{\partial h} \dot h

    Exact up to rounding. For k numbers among the hyperparameters, k tangents of the size of the
    state are kept, however many steps there are, and each step takes the time of k + 1 or so: the
    method for one or two hyperparameters. The entry t of a schedule costs nothing before step t.

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

    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the cost and its gradient; see :func:`minigrad.hypergradient`."""
        start = time.perf_counter()
        unroll = Unroll(run, hypers)
        state = unroll.begin()
        values = tree.leaves(unroll.values)
        axes = [
            Axis(unroll, k, place)
            for k, leaf in enumerate(values)
            for place in np.ndindex(np.shape(leaf))
        ]
        dots = [unroll.push_begin(unit(values, axis.leaf, axis.place)) for axis in axes]
        still = [not any(map(np.any, dot)) for dot in dots]
        kept_bytes = size(state, dots)
        for t in range(run.steps):
            new, saved = unroll.linearise(state, t)
            for k, axis in enumerate(axes):
                if not (still[k] and axis.first > t):
                    dots[k] = unroll.push(dots[k], axis.move(t), state, saved, t)
            state = new
        cost, bar = unroll.end(state)
        for axis, dot in zip(axes, dots, strict=True):
            axis.gather(unroll.bars, sum(np.sum(y * x) for y, x in zip(bar, dot, strict=True)))
        stats = Stats(
            method="Forward()",
            exact=True,
            steps_run=unroll.steps_run,
            seconds=time.perf_counter() - start,
            why=unroll.why,
            kept_bytes=kept_bytes,
        )
        return HyperGradient(cost, unroll.gradient, unroll.marked, stats)


class Axis:
    """A single number among the hyperparameters, and how it moves the hypers of each step.

    Parameters
    ----------
    unroll : Unroll
        The run.
    leaf : int
        Which leaf of the hyperparameters.
    place : tuple of int
        Which number of the leaf.

    Attributes
    ----------
    first : int
        The first step that sees it move.
    """

    def __init__(self, unroll: Unroll, leaf: int, place: tuple[int, ...]) -> None:
        self.leaf, self.place, self.first = leaf, place, 0
        at_step = unroll.hypers_at(0) if unroll.run.steps else tree.leaves(unroll.values)
        if unroll.scheduled[leaf]:
            self.first = place[0]
            self.on, self.off = unit(at_step, leaf, place[1:]), list(map(zero, at_step))
        else:
            self.on = self.off = unit(at_step, leaf, place)

    def move(self, t: int) -> State:
        """Return how the hypers move that step `t` sees."""
        return self.on if t == self.first else self.off

    def gather(self, bars: State, slope: Any) -> None:
        """Add to the derivative of the cost in this number."""
        if self.place:
            bars[self.leaf][self.place] += slope
        else:
            bars[self.leaf] = bars[self.leaf] + slope


def unit(values: State, leaf: int, place: tuple[int, ...]) -> State:
    """Return zeros like the values, with a one in one place."""
    moves = list(map(zero, values))
    if isinstance(moves[leaf], float):
        moves[leaf] = 1.0
    else:
        moves[leaf][place] = 1
    return moves
