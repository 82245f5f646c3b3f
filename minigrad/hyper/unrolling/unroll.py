"""A run taken apart: a beginning, steps and an end, each differentiated by itself.

The methods differ in what they keep of a run and in which order they go over it. What they share
is here: how a state is begun from the hyperparameters, how one step is taken, its derivative
pulled back or pushed forward, and how the outer cost is read off. A state is a flat list of
arrays; leaves that are not floating, such as a counter, have no derivative and ride along.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from copy import copy
from itertools import repeat
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.constants import copied
from minigrad.hyper.domains import markers
from minigrad.hyper.run import Diverged, TrainingRun, checked_run, lost
from minigrad.hyper.unrolling.steps import Steps, Stretch, signature, size, weak
from minigrad.nn.weights import outline
from minigrad.program.ends import CostProgram
from minigrad.program.scan import Rest
from minigrad.program.step import Fallback, StepPrograms, floating
from minigrad.tape import Tape
from minigrad.variable import Variable, value_of

__all__ = ["State", "Unroll", "size"]

State = list[Any]


class Unroll:
    """One pass over a run at given hyperparameters, forward and back.

    Parameters
    ----------
    run : TrainingRun
        The run.
    hypers : tree
        The hyperparameters, marked or not.
    programs : bool, default True
        Whether to replay steps as compiled programs; a step that can't be is recorded, and says
        once why.

    Attributes
    ----------
    bars : list
        The cotangent of each hyperparameter, as gathered so far.
    why : str
        Why steps are recorded rather than replayed; empty if they are replayed.
    """

    def __init__(self, run: TrainingRun, hypers: Any, *, programs: bool = True) -> None:
        self.run, self.marked = checked_run(run), markers(hypers)
        leaves = tree.leaves(self.marked)
        self.flat = [weak(hyper.value) for hyper in leaves]
        self.values = tree.unflatten(self.marked, self.flat)
        self.scheduled = [hyper.per_step for hyper in leaves]
        pairs = list(zip(self.flat, self.scheduled, strict=True))
        self.fixed = [value for value, varies in pairs if not varies]
        self.schedules = [value for value, varies in pairs if varies]
        self.at_step = run.slicer(self.marked, self.values)
        self.bars: list[Any] = [zero(x) for x in self.flat]
        self.why = "" if programs else "programs were not asked for"
        self.shape: Any = None
        self.same: tuple[Any, StepPrograms] | None = None  # programs for batches of one signature
        self.held: set[Any] = set()  # the keys of programs that are known to hold
        self.constant = not any(self.scheduled)
        self.steps_run = 0
        # Of a block that the last stretch pulled back began inside, by that stretch's programs.
        self.above: dict[StepPrograms, Rest | None] = {}

    # The beginning and the end are recorded; they happen once.

    def begin(self) -> State:
        """Return the first state."""
        with Tape() as self.first_tape:
            self.first_hypers = self.first_tape.variable(self.values)
            self.shape = self.run.init(self.first_hypers)
        self.first = tree.leaves(self.shape)
        values = [value_of(x) for x in self.first]
        return [weak(np.array(x)[()] if isinstance(x, np.ndarray) else x) for x in values]

    def end(self, state: State) -> tuple[Any, State]:
        """Return the outer cost and the cotangents of the last state; gather the hypers' own.

        Raises
        ------
        Diverged
            If the state is not finite.
        """
        self.check(state)
        key = "cost", outline(self.shape, []), signature(self.values, state)
        found = self.cost_program(key, state)
        if found is not None:
            cost, state_bar, hyper_bars = found(state, self.flat, len(floating(state)))
            self.gather(hyper_bars, None)
            return cost, state_bar
        with Tape() as tape:
            given = tape.variable(self.unflatten(state))
            hypers = tape.variable(self.values)
            recorded = self.run.cost(given, hypers)
        bars = tape.gradient(recorded, [floating(tree.leaves(given)), tree.leaves(hypers)])
        self.gather(bars[1], None)
        return value_of(recorded), bars[0]

    def check(self, state: State) -> None:
        """Raise if a state is not finite, for whatever is computed from it means nothing."""
        if any(lost(state, self.first)):
            raise Diverged("the last state of the run is not finite")

    def cost_program(self, key: Any, state: State) -> CostProgram | None:
        """Return the compiled cost; None the first time, for recording it once is quicker."""
        found = self.run.programs.setdefault(key, 0)
        if found == 0:
            self.run.programs[key] = 1
        elif isinstance(found, CostProgram) and not found.frozen.holds():
            found = self.run.programs[key] = Fallback("what the cost reads was changed")
        elif found == 1:
            first = [weak(value_of(x)) for x in self.first]
            examples = [(self.unflatten(s), self.values) for s in (state, first)]
            found = self.run.programs[key] = CostProgram.of(self.run.cost, examples)
        return found if isinstance(found, CostProgram) else None

    def pull_begin(self, state_bar: State) -> None:
        """Take the cotangents of the first state back to the hyperparameters."""
        targets = floating(self.first)
        if not any(isinstance(x, Variable) for x in targets):
            return
        hypers = tree.leaves(self.first_hypers)
        self.gather(self.first_tape.gradient(targets, hypers, cotangent=state_bar), None)

    # Stretches of steps, each a piece for steps of one signature

    def advance(self, state: State, start: int, stop: int) -> State:
        """Return the state after the steps from `start` to `stop`."""
        while start < stop:
            programs, steps = self.stretch(state, start, stop)
            if programs is None:
                state, steps.taken = self.recorded(state, start, steps.first)[0], 1
            else:
                given = steps.columns(programs) if programs.numbers else steps
                state = programs.advance(state, self.fixed, given)
            start += steps.taken
            self.steps_run += steps.taken
        return state

    def forward_stretch(self, state: State, start: int, stop: int) -> tuple[State, list[Piece]]:
        """Return the state after the steps from `start` to `stop`, and what the way back needs."""
        pieces: list[Piece] = []
        while start < stop:
            programs, steps = self.stretch(state, start, stop)
            if programs is None:
                state, recording = self.recorded(state, start, steps.first)
                pieces.append(recording)
                steps.taken = 1
            else:
                given = steps.columns(programs) if programs.numbers else steps
                state, kept = programs.forward(state, self.fixed, given)
                pieces.append(Stretch(programs, steps.back(), kept))
            start += steps.taken
            self.steps_run += steps.taken
        return state, pieces

    def backward_stretch(self, state_bar: State, pieces: list[Piece]) -> State:
        """Return the cotangents of the first state of a stretch, from those of the last.

        Gather those of the hypers. The pieces are used up: what they hold is given back.
        """
        while pieces:
            piece = pieces.pop()
            if isinstance(piece, Recording):
                state_bar, hyper_bars = piece.pull(state_bar)
                self.gather(hyper_bars, piece.t)
                continue
            numbers = [k for k, varies in enumerate(self.scheduled) if not varies]
            schedules = [k for k, varies in enumerate(self.scheduled) if varies]
            totals, taken = [self.bars[k] for k in numbers], len(piece.kept)
            if piece.programs.numbers:
                start, above = piece.steps.order[-1], self.above.get(piece.programs)
                state_bar, totals, lists, rest = piece.programs.backward_numbers(
                    state_bar, totals, self.fixed, piece.kept, start, above
                )
                self.above = {piece.programs: rest}
            else:
                state_bar, totals, lists = piece.programs.backward(
                    state_bar, totals, self.fixed, piece.steps, piece.kept
                )
                piece.steps.check(taken)
            for k, total in zip(numbers, totals, strict=True):
                self.bars[k] = total
            for k, items in zip(schedules, lists, strict=True):
                self.bars[k][piece.steps.order] += np.asarray(items)
        return state_bar

    def stretch(self, state: State, start: int, stop: int) -> tuple[StepPrograms | None, Steps]:
        """Return the programs for step `start`, and the steps up to `stop` for which they are."""
        batch = self.run.batch(start)
        programs = self.programs(state, batch, start)
        if programs is not None and not programs.keeps_kinds:
            stop = start + 1
        return programs, Steps(self, range(start, stop), batch, self.same and self.same[0])

    def step_bytes(self, state: State) -> int:
        """Return how many bytes the way back reads of the first step."""
        programs = self.programs(state, self.run.batch(0), 0)
        if programs is None:
            return size(self.forward_stretch(state, 0, 1)[1])
        return programs.step_bytes

    # Single steps

    def step(self, state: State, t: int) -> State:
        """Return the next state."""
        return self.advance(state, t, t + 1)

    def forward(self, state: State, t: int) -> tuple[State, list[Piece]]:
        """Return the next state and what the way back needs."""
        return self.forward_stretch(state, t, t + 1)

    def backward(self, state_bar: State, state: State, saved: list[Piece], t: int) -> State:
        """Return the cotangents of `state`, from those of the next; gather the hypers'."""
        return self.backward_stretch(state_bar, [copy(piece) for piece in saved])

    def recorded(self, state: State, t: int, batch: Any) -> tuple[State, Recording]:
        """Take a step on a tape of its own."""
        with Tape() as tape:
            given, hypers = tape.variable(self.unflatten(state)), tape.variable(self.at_step(t))
            new = self.run.step(given, hypers, batch)
        leaves = tree.walk(new, self.shape, [])
        return [value_of(x) for x in leaves], Recording(tape, given, hypers, leaves, t)

    def programs(self, state: State, batch: Any, t: int) -> StepPrograms | None:
        """Return the compiled programs for a step like this one; None if it must be recorded."""
        if self.why:
            return None
        of_batch = signature(batch)
        if self.same is not None and self.same[0] == of_batch:
            return self.same[1]  # the state has not changed its kind, the hypers never do
        key = self.key(state, batch, t)
        found = self.run.programs.get(key)
        if found is None or not self.holds(found, key, state, batch, t):
            found = self.run.programs[key] = self.compile(state, batch, t)
        self.held.add(key)
        if isinstance(found, Fallback):
            self.why = found.reason
            if not found.announced:
                found.announced = True
                warnings.warn(
                    f"steps are recorded one by one, not replayed: {found.reason}", stacklevel=6
                )
            return None
        self.same = (of_batch, found) if found.keeps_kinds else None
        return found

    def key(self, state: State, batch: Any, t: int) -> Any:
        """Return what a program is kept under: the shapes of its trees, the kinds of leaves."""
        trees = outline(self.shape, []), outline(self.values, [])
        return trees, tuple(self.scheduled), signature(state, self.hypers_at(t), batch)

    def holds(
        self, found: StepPrograms | Fallback, key: Any, state: State, batch: Any, t: int
    ) -> bool:
        """Whether a program that an earlier pass compiled still does what the step does.

        The step may use something of the user's that was changed since. Each pass asks once.
        """
        if key in self.held or isinstance(found, Fallback):
            return True
        if found.frozen is not None and found.frozen.holds():
            return True
        example = self.unflatten(state), self.at_step(t), tree.map(copied, batch)
        return found.is_still(self.run.step, example)

    def compile(self, state: State, batch: Any, t: int) -> StepPrograms | Fallback:
        """Record the step twice, at two states, and compile it if it is the same program."""
        mine = tree.map(copied, batch)  # a later batch may be read into the same arrays
        again, other = self.unlike(state, mine, t)
        following = [weak(x) for x in self.recorded(state, t, mine)[0]]
        places = [(state, t, mine), (following, again, other)]
        examples = [(self.unflatten(s), self.at_step(k), b) for s, k, b in places]
        found = StepPrograms.of(self.run.step, examples, self.scheduled)
        if isinstance(found, StepPrograms) and not all(self.agrees(found, *at) for at in places):
            found = Fallback(
                "the step does something else if its batch is made of Variables: it may ask for a "
                "type, or whether a number is in a set"
            )
        self.run.batch(t)  # and now this one is read again
        return found

    def agrees(self, found: StepPrograms, state: State, t: int, batch: Any) -> bool:
        """Whether a program does what the step does, which is given its batch as it is."""
        entries = [weak(schedule[t]) for schedule in self.schedules]
        replayed = found.advance(state, self.fixed, [(*entries, *tree.leaves(batch))])
        new = [*map(weak, self.recorded(state, t, batch)[0])]
        scale = max(map(largest, [*state, *new]), default=0.0)  # what cancels is their rounding
        return all(map(alike, replayed, new, repeat(scale)))

    def unlike(self, state: State, batch: Any, t: int) -> tuple[int, Any]:
        """Return a later step of the same signature, and its batch: one that differs, if any."""
        here = signature(state, self.hypers_at(t), batch)
        best = t, batch
        for later in range(t + 1, min(self.run.steps, t + 1 + LOOK_AHEAD)):
            other = tree.map(copied, self.run.batch(later))
            if signature(state, self.hypers_at(later), other) == here:
                best = later, other
                pairs = zip(tree.leaves(batch), tree.leaves(other), strict=True)
                if not any(np.array_equal(x, y) for x, y in pairs):
                    break
        return best

    # Tangents: a list of those of the floating leaves of a state, for one direction of the hypers

    def push_begin(self, moves: Sequence[Any]) -> State:
        """Return the tangents of the first state, from how the hypers of the run move."""
        hypers = tree.leaves(self.first_hypers)
        return list(self.first_tape.tangent(floating(self.first), hypers, list(moves)))

    # Bookkeeping

    def unflatten(self, state: State) -> Any:
        """Return a state as the tree that the run's functions know."""
        return tree.unflatten(self.shape, state)

    @property
    def given(self) -> Any:
        """The hypers as plain training has them."""
        return tree.map(lambda hyper: hyper.value, self.marked)

    def plain(self, state: State) -> Any:
        """Return a state as plain training has it: a number is NumPy's if it began as NumPy's."""
        firsts = (type(value_of(first)) for first in self.first)
        pairs = zip(state, firsts, strict=True)
        return self.unflatten(
            [np.float64(x) if type(x) is float is not kind else x for x, kind in pairs]
        )

    def hypers_at(self, t: int) -> list[Any]:
        """Return the hypers as step `t` sees them, as a flat list."""
        return self.flat if self.constant else [weak(x) for x in tree.leaves(self.at_step(t))]

    def gather(self, bars: Sequence[Any], t: int | None) -> None:
        """Add to the cotangents of the hyperparameters: those of step `t`, or of the whole run."""
        for k, bar in enumerate(bars):
            if t is not None and self.scheduled[k]:
                self.bars[k][t] += bar
            else:
                self.bars[k] = self.bars[k] + bar

    @property
    def gradient(self) -> Any:
        """The gathered cotangents as a tree, each of its hyperparameter's kind."""
        bars = iter(self.bars)
        return tree.map(lambda hyper: like(next(bars), hyper.value), self.marked)


class Recording:
    """One recorded step, to be pulled back."""

    def __init__(self, tape: Tape, state: Any, hypers: Any, new: list[Any], t: int = 0) -> None:
        self.tape, self.new, self.t = tape, new, t
        self.state, self.hypers = floating(tree.leaves(state)), tree.leaves(hypers)

    @property
    def nbytes(self) -> int:
        """Bytes of the tape."""
        return self.tape.nbytes

    def pull(self, new_bar: State) -> tuple[State, list[Any]]:
        """Return the cotangents of the state and of the hypers."""
        state_bar, hyper_bars = self.tape.gradient(
            floating(self.new), [self.state, self.hypers], cotangent=new_bar
        )
        return state_bar, hyper_bars

    def push(self, dots: State, moves: Sequence[Any]) -> State:
        """Return the tangents of the new state."""
        sources, moves = [self.state, self.hypers], list(moves)
        return list(self.tape.tangent(floating(self.new), sources, [dots, moves]))


Piece = Stretch | Recording  # of a stretch


def zero(x: Any) -> Any:
    """Return a zero of the kind and shape of a number or array."""
    return 0.0 if isinstance(x, float) else np.zeros_like(x)


def like(bar: Any, x: Any) -> Any:
    """Return a derivative as a number or array of the kind that `x` is."""
    return float(bar) if type(x) is float else np.asarray(bar, np.asarray(x).dtype)[()]


LOOK_AHEAD = 16  # batches to look at for one that differs


def alike(x: Any, y: Any, scale: float = 0.0) -> bool:
    """Whether two leaves are equal but for their rounding, or that of numbers of this scale."""
    if isinstance(x, float) and isinstance(y, float):  # as math.isclose, which is quick
        if x == y or (x != x and y != y):
            return True
        return abs(x - y) <= 1e-12 * max(abs(y), scale) < np.inf
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape or x.dtype.kind != y.dtype.kind:
        return False
    same = bool(np.array_equal(x, y))
    if same or x.dtype.kind not in "fc":
        return same
    rounding = 1e4 * float(np.finfo(y.dtype).eps)
    scale = max(scale, largest(y))
    return bool(np.allclose(x, y, rounding, rounding * scale, equal_nan=True))


def largest(x: Any) -> float:
    """Return the largest magnitude of the finite numbers of an array."""
    x = np.asarray(x)
    return float(np.max(np.abs(x[np.isfinite(x)]), initial=0.0))
