"""The single numbers among the hyperparameters as directions, and the tangents in each of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minigrad import tree
from minigrad.hyper.unrolling.unroll import Recording, State, Unroll, zero
from minigrad.program.step import floating
from minigrad.program.tangent import TangentProgram
from minigrad.variable import Variable, value_of

__all__ = ["Directions"]


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

    def advance(self, state: State, dots: State, t: int, stop: int) -> tuple[State, State, int]:
        """Return the state and its tangents after some steps from `t`, and how many they were.

        They end before `stop`, and where steps of another signature begin. With schedules they
        are one step, for the next has more directions.
        """
        unroll, dots = self.unroll, self.grown(dots, t)
        programs, steps = unroll.stretch(state, t, t + 1 if self.each_step else stop)
        if programs is None:
            new, recording = unroll.recorded(state, t, steps.first)
            state, dots, steps.taken = new, self.push(recording, dots, t), 1
        else:
            if programs.tangents is None:
                example = unroll.unflatten(state), unroll.at_step(t), steps.first
                programs.tangents = TangentProgram(unroll.run.step, example, unroll.scheduled)
            row = self.first_row(t)
            given: Any = steps.columns(programs).rows if programs.numbers else steps
            given = [(*step, row) for step in given] if self.each_step else given
            state, dots = programs.tangents.advance(state, dots, unroll.fixed, given)
        unroll.steps_run += steps.taken
        return state, dots, steps.taken

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
            x.reshape(len(x), np.size(y)) @ np.ravel(y) for x, y in zip(dots, bar, strict=True)
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
