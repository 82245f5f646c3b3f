"""Tangents carried along with the training: exact, in a memory that does not know of T."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from minigrad import tree
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.unroll import Recording, State, Unroll, size, zero
from minigrad.program.step import floating
from minigrad.program.tangent import TangentProgram
from minigrad.variable import Variable, value_of

__all__ = ["Forward"]


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

    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the cost and its gradient; see :func:`minigrad.hypergradient`."""
        start = time.perf_counter()
        unroll = Unroll(run, hypers)
        state = unroll.begin()
        directions = Directions(unroll)
        state, dots = carry(unroll, directions, state, directions.begin())
        cost, bar = unroll.end(state)
        directions.gather(bar, dots)
        stats = Stats(
            method="Forward()",
            exact=True,
            steps_run=unroll.steps_run,
            seconds=time.perf_counter() - start,
            why=unroll.why,
            kept_bytes=size(state, dots),
        )
        return HyperGradient(cost, unroll.gradient, unroll.marked, stats)


def carry(unroll: Unroll, directions: Directions, state: State, dots: State) -> tuple[State, State]:
    """Return the last state and its tangents, from the first: the whole training."""
    t, steps_all = 0, unroll.run.steps
    while t < steps_all:
        dots = directions.grown(dots, t)
        programs, steps = unroll.stretch(state, t, t + 1 if directions.each_step else steps_all)
        if programs is None:
            new, recording = unroll.recorded(state, t, steps.first)
            dots = directions.push(recording, dots, t)
            state, steps.taken = new, 1
        else:
            kind = tuple(unroll.scheduled)
            if kind not in programs.tangents:
                example = unroll.unflatten(state), unroll.at_step(t), steps.first
                programs.tangents[kind] = TangentProgram(unroll.run.step, example, kind)
            row = directions.first_row(t)
            given = [(*step, row) for step in steps] if directions.each_step else steps
            state, dots = programs.tangents[kind].advance(state, dots, unroll.fixed, given)
        t += steps.taken
        unroll.steps_run += steps.taken
    return state, dots


class Axis(NamedTuple):
    """A single number among the hyperparameters: which number of which leaf."""

    leaf: int
    place: tuple[int, ...]


class Directions:
    """The single numbers among the hyperparameters, and how they move the run.

    Tangents are stacks: an array for each floating leaf of the state, whose first axis is the
    direction. First come the numbers that every step sees, then those of schedules, step by step:
    they are appended as their steps come.

    Attributes
    ----------
    axes : list of Axis
        In the order of the stacks.
    constant, each_step : int
        How many every step sees, and how many more are each step's own.
    """

    def __init__(self, unroll: Unroll) -> None:
        self.unroll = unroll
        values = tree.leaves(unroll.values)
        axes = [
            Axis(k, place) for k, leaf in enumerate(values) for place in np.ndindex(np.shape(leaf))
        ]
        self.axes = [axis for axis in axes if not unroll.scheduled[axis.leaf]]
        self.constant = len(self.axes)
        later = [axis for axis in axes if unroll.scheduled[axis.leaf]]
        self.axes += sorted(later, key=lambda axis: axis.place[0])
        self.each_step = len(later) // max(unroll.run.steps, 1)

    def first_row(self, t: int) -> int:
        """Return the first direction that is the own of step `t`."""
        return self.constant + t * self.each_step

    def begin(self) -> State:
        """Return the tangents of the first state, up to the last direction that moves it."""
        first, values = floating(self.unroll.first), tree.leaves(self.unroll.values)
        if not any(isinstance(x, Variable) for x in first):  # the hypers are not in it
            rows = []
        else:
            units = (unit(values, axis.leaf, axis.place) for axis in self.axes)
            rows = [self.unroll.push_begin(moves) for moves in units]
        moved = [k for k, row in enumerate(rows) if any(map(np.any, row))]
        count = max([self.constant, *(k + 1 for k in moved)])
        dots = [
            np.zeros((count, *np.shape(value_of(x))), np.asarray(value_of(x)).dtype) for x in first
        ]
        for k in moved:
            for stack, dot in zip(dots, rows[k], strict=True):
                stack[k] = dot
        return dots

    def grown(self, dots: State, t: int) -> State:
        """Return the tangents with rows of zeros for the directions that step `t` begins."""
        missing = self.first_row(t + 1) - len(dots[0]) if dots else 0
        if missing <= 0:
            return dots
        return [np.concatenate([x, np.zeros((missing, *x.shape[1:]), x.dtype)]) for x in dots]

    def push(self, recording: Recording, dots: State, t: int) -> State:
        """Return the tangents after a recorded step."""
        at_step, own = self.unroll.hypers_at(t), range(self.first_row(t), self.first_row(t + 1))
        rows = []
        for k, axis in enumerate(self.axes[: len(dots[0])] if dots else []):
            moves = list(map(zero, at_step))
            if k < self.constant:
                moves = unit(at_step, axis.leaf, axis.place)
            elif k in own:
                moves = unit(at_step, axis.leaf, axis.place[1:])
            rows.append(recording.push([x[k] for x in dots], moves))
        return [np.stack(column) for column in zip(*rows, strict=True)] if rows else dots

    def gather(self, bar: State, dots: State) -> None:
        """Add to the derivatives of the cost, given that in the last state."""
        slopes: Any = sum(
            x.reshape(len(x), -1) @ np.ravel(y) for x, y in zip(dots, bar, strict=True)
        )
        bars = self.unroll.bars
        for (leaf, place), slope in zip(self.axes, slopes if dots else [], strict=False):
            if place:
                bars[leaf][place] += slope
            else:
                bars[leaf] = bars[leaf] + slope


def unit(values: State, leaf: int, place: tuple[int, ...]) -> State:
    """Return zeros like the values, with a one in one place."""
    moves = list(map(zero, values))
    if isinstance(moves[leaf], float):
        moves[leaf] = 1.0
    else:
        moves[leaf][place] = 1
    return moves
