"""A few states kept, the steps between them run again: exact, in the memory that there is."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.hyper.health import examined, growth
from minigrad.hyper.memory import in_bytes, in_words
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.unrolling.revolve import Plan, fewest_reruns, least_memory, schedule
from minigrad.hyper.unrolling.snapshots import shelf
from minigrad.hyper.unrolling.unroll import State, Unroll, size

__all__ = ["Checkpointed"]

MODEST = 48 * 10**6  # bytes that are taken without being asked for


@dataclass(frozen=True)
class Checkpointed:
    r"""Keep `s` states, and run the steps between them again, in the order that takes fewest.

    Exact up to rounding, with the very same numbers as :class:`Stored`. The T steps are gone back
    over in N stretches of L; of one stretch at a time, all is kept that its way back reads. Besides
    the T steps of which the derivative is taken, N stretches with s snapshots take

    .. math:: t(N, s) = r N - \binom{s+r}{s+1}, \qquad \binom{s+r}{s} \ge N > \binom{s+r-1}{s}

    further stretches: 150,000 steps, each a stretch, with 50 states take 3.8 further steps each.

    If nothing is given, s and L are those that take the least memory when no step is run again
    more than once, some :math:`2 \sqrt{T}` times the geometric mean of a state and of what a step
    keeps. Where that is more than 48 MB, steps may be run again twice, or else three times.

    Parameters
    ----------
    snapshots : int, optional
        s: how many states to keep, the first included.
    memory : int or str, optional
        Bytes for the states and for what is kept of a stretch together: a number, or a text such
        as ``"64 MB"``. s and L are those that run the fewest steps again. Sizes are those of the
        first step, which is run once more for that.
    disk : bool, default False
        Keep the states in a temporary file, which is gone with the process, however that ends. They
        do not count as `memory` then.
    stretch : int, optional
        L, together with `snapshots`; 1 if left out.

    Raises
    ------
    ValueError
        If `memory` and one of the others are given or one makes no sense; when it is used, if not
        one state and step fit.

    References
    ----------
    .. [1] A. Griewank, A. Walther, "Algorithm 799: Revolve", ACM Transactions on Mathematical
       Software 26 (2000), pages 19-45.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=14,
    ... )
    >>> result = mg.hypergradient(run, {"eta": mg.positive(0.01)}, mg.Checkpointed(snapshots=3))
    >>> result.stats.steps_run, result.stats.steps_rerun
    (41, 27)
    """

    snapshots: int | None = None
    memory: int | str | None = None
    disk: bool = False
    stretch: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.disk, bool):
            raise TypeError(f"Checkpointed: disk= must be True or False, got {self.disk!r:.60}")
        if self.memory is not None:
            in_bytes(self.memory)
            if self.snapshots is not None or self.stretch is not None:
                raise ValueError("Checkpointed: give memory=, or snapshots= and stretch=, not both")
        if self.stretch is not None and self.snapshots is None:
            raise ValueError("Checkpointed: stretch= goes with snapshots=, and was given alone")
        for name, what in (
            ("snapshots", "of states, 1 or more (the first is one of them)"),
            ("stretch", "of steps, 1 or more"),
        ):
            number = getattr(self, name)
            whole = isinstance(number, int | np.integer | None) and not isinstance(number, bool)
            if not whole or (number is not None and number < 1):
                raise ValueError(f"Checkpointed: {name}= must be a number {what}, got {number!r}")

    @examined
    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the cost and its gradient; see :func:`minigrad.hypergradient`."""
        start = time.perf_counter()
        unroll = Unroll(run, hypers)
        state = unroll.begin()
        state_bytes, step_bytes = size(state), 0
        plan = self.plan(unroll, state)
        cost: Any = None
        bar: State | None = None
        with shelf(self.disk) as snapshots:
            at = 0
            for do, place in schedule(plan.stretches(run.steps), plan.snapshots):
                t = place * plan.stretch
                if do == "keep":
                    snapshots.keep(t, state)
                elif do == "restore":
                    state = snapshots.restore(t)
                elif do == "advance":
                    state = unroll.advance(state, at, t)
                else:
                    snapshots.drop(t)
                    end = min(t + plan.stretch, run.steps)
                    state, kept = unroll.forward_stretch(state, t, end)
                    if bar is None:  # this was the last stretch
                        step_bytes = size(kept) // (end - t)
                        cost, bar = unroll.end(state)
                        last_bar = bar
                    bar = unroll.backward_stretch(bar, kept)
                at = t
        if bar is None:
            cost, bar = unroll.end(state)
            last_bar = bar
        unroll.pull_begin(bar)
        settings = f"snapshots={plan.snapshots}"
        if plan.stretch > 1:
            settings += f", stretch={plan.stretch}"
        stats = Stats(
            method=f"Checkpointed({settings}{', disk=True' if self.disk else ''})",
            exact=True,
            steps_run=unroll.steps_run,
            steps_rerun=unroll.steps_run - run.steps,
            seconds=time.perf_counter() - start,
            why=unroll.why,
            kept_bytes=plan.nbytes(run.steps, state_bytes, step_bytes),
            growth=growth(last_bar, bar),
        )
        return HyperGradient(cost, unroll.gradient, unroll.marked, stats)

    def plan(self, unroll: Unroll, state: State) -> Plan:
        """Return how many states to keep and how long a stretch is."""
        if self.snapshots is not None:
            return Plan(self.snapshots, self.stretch or 1)
        if unroll.run.steps == 0:
            return Plan(1, 1)
        step_bytes = unroll.step_bytes(state)
        return self.fitting(unroll.run.steps, size(state), step_bytes)

    def fitting(self, steps: int, state_bytes: int, step_bytes: int) -> Plan:
        """Return the plan for states and steps of so many bytes."""
        plans = [least_memory(steps, most, state_bytes, step_bytes) for most in (1, 2, 3)]
        if self.memory is None:
            fit = [p for p in plans if p.nbytes(steps, state_bytes, step_bytes) <= MODEST]
            return (fit or plans[-1:])[0]
        counted = 0 if self.disk else state_bytes
        found = fewest_reruns(steps, in_bytes(self.memory), counted, step_bytes)
        if found is None:
            good = plans[-1]
            enough = in_words(1.01 * good.nbytes(steps, counted, step_bytes))
            raise ValueError(
                f"Checkpointed: memory={self.memory!r} does not hold a state of "
                f"{in_words(counted)} and the {in_words(step_bytes)} that the way back reads of "
                f"one step. With memory='{enough}', the {steps} steps would take at most "
                f"{good.reruns(steps)} more; disk=True has the states in a file instead"
            )
        return found
