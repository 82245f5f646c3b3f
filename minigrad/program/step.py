"""One training step as compiled functions, and the guard that says whether it can be.

The step is recorded with its state, its hypers and its batch as inputs, and its adjoint behind
it on the same tape. What that tape computes is the same for every step of the run, provided that
the step is a function of its inputs: so it is recorded twice, at two states, and the two must be
one program. What can't be told from two recordings (a branch on a value) is watched for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain, count
from keyword import iskeyword
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import numpy as np

from minigrad import tree
from minigrad.dispatch import watching
from minigrad.errors import MinigradError
from minigrad.program.adjoint import optimise_adjoint
from minigrad.program.columns import Columns, vector
from minigrad.program.frozen import Frozen
from minigrad.program.lines import Line, Program, of_tape
from minigrad.program.loop import Loop, emit_loop
from minigrad.program.passes import contents, optimise, repr_of
from minigrad.program.recurrence import emit_recurrence, recurrence
from minigrad.program.scan import Rest
from minigrad.program.store import compute_late, nbytes, parts_of, split
from minigrad.tape import Tape
from minigrad.variable import value_of

if TYPE_CHECKING:
    from minigrad.program.tangent import TangentProgram

__all__ = ["Fallback", "StepPrograms", "floating"]

State = list[Any]
Steps = Iterable[Any] | Columns
Example = tuple[Any, Any, Any]  # a state, hypers and a batch, as trees


class Fallback:
    """Why a step can't be compiled."""

    def __init__(self, reason: str) -> None:
        self.reason, self.announced = reason, False


class StepPrograms:
    """The compiled loops for steps of one signature: onward, onward and keeping, and back.

    Attributes
    ----------
    advance_program, forward_program, backward_program : Emitted
        Print them to read their source.
    keeps_kinds : bool
        Whether the next state has the shapes and dtypes of the state, so that steps can follow
        one another.
    step_bytes : int
        How many bytes the way back reads of a step.
    recorded : Program
        The step and its adjoint as they were recorded.
    frozen : Frozen or None
        The constants of the step, if all that it reads is known.
    numbers : Recurrence or None
        The adjoint as a recurrence, if the step is one of single numbers.
    """

    @staticmethod
    def of(
        step: Callable[..., Any], examples: Sequence[Example], scheduled: Sequence[bool] = ()
    ) -> StepPrograms | Fallback:
        """Record a step at each example, check that it is one program, and compile it.

        `scheduled` says which leaves of the hypers may be others at each step; all, if left out.
        """
        frozen = Frozen.of(step)
        try:
            traces = [Trace(step, example) for example in examples]
        except Exception as error:  # if it is the user's own, recording the step will raise it
            what = error if isinstance(error, MinigradError) else f"{type(error).__name__}: {error}"
            return Fallback(f"the step does not take its batch as Variables: {what}")
        for trace in traces:
            if trace.looked:
                return Fallback(
                    f"the step looks at a value, {trace.looked[0]}, and may branch on it"
                )
            if trace.turned:
                return Fallback(
                    f"the step turns {trace.turned[0]}, a whole number, into a float or back: "
                    f"begin with a float, such as 0.0"
                )
        reason = difference(*(trace.program for trace in traces))
        return Fallback(reason) if reason else StepPrograms(traces[0], scheduled, frozen)

    def __init__(self, trace: Trace, scheduled: Sequence[bool], frozen: Frozen | None) -> None:
        self.frozen, self.recorded = frozen, trace.program
        self.tangents: TangentProgram | None = None  # of the same step, once somebody wants it
        # Batches that are numbers, and as the columns that they are.
        self.seen: tuple[Any, Columns | None] = ((), None)
        program = optimise(trace.program)
        program = optimise_adjoint(program, program.needed(program.outputs[: trace.n_new]))
        given, new_bars = program.inputs[: trace.n_given], program.inputs[trace.n_given :]
        new, bars = program.outputs[: trace.n_new], program.outputs[trace.n_new :]
        state, hypers = given[: trace.n_state], given[trace.n_state :][: trace.n_hypers]
        batch = given[trace.n_state + trace.n_hypers :]
        per_step = list(scheduled) or [True] * len(hypers)
        fixed = [k for k, varies in zip(hypers, per_step, strict=True) if not varies]
        brought = [k for k, varies in zip(hypers, per_step, strict=True) if varies]
        self.per_step, self.n_state, self.n_bars = per_step, len(state), len(new_bars)
        kinds = [program.kind(k) for k in (*state, *new)]
        self.keeps_kinds = kinds[: len(state)] == kinds[len(state) :]
        ahead = program.needed(new)
        ahead |= parts_of(program, ahead) & program.needed(bars)
        behind, saved = split(program, ahead, given, bars)
        # What is the same at every step is computed once, on both ways.
        same = fixed_lines(program, [*state, *brought, *batch, *new_bars])
        behind |= program.needed(same & {*saved}) - {*given}
        saved = [k for k in saved if k not in same]
        read = {*bars}.union(*(program.lines[k].reads for k in behind))
        keep = [*(k for k in state if k in read), *saved]
        self.step_bytes = sum(nbytes(program.lines[k]) for k in keep)
        onward = program.part(ahead, given, new)
        loop = Loop(onward, state, new, fixed, [*brought, *batch])
        self.advance_program = emit_loop(loop, "advance")
        self.forward_program = emit_loop(replace(loop, keep=keep), "forward")
        back = program.part(behind, [*given, *saved, *new_bars], bars, self.forward_program.names)
        back = compute_late(back, ahead & behind)
        state_bars, hyper_bars = bars[: self.n_bars], bars[self.n_bars :]
        named_bars = [
            (f"{program.lines[k].name}_bar", bar) for k, bar in zip(hypers, hyper_bars, strict=True)
        ]
        called = list(zip(named_bars, per_step, strict=True))
        sums = [pair for pair, varies in called if not varies]
        lists = [pair for pair, varies in called if varies]
        columns = [*brought, *batch]
        self.numbers = recurrence(program, new_bars, state_bars, fixed, columns, sums, lists, state)
        if self.numbers is not None:
            listed = [(f"{program.lines[k].name}s", k) for k in self.numbers.kept]
            self.forward_program = emit_loop(replace(loop, lists=listed), "forward")
            self.backward_program = emit_recurrence(self.numbers, "backward")
            self.step_bytes = 8 * len([*columns, *self.numbers.kept])
            return
        self.backward_program = emit_loop(
            Loop(
                back,
                new_bars,
                state_bars,
                fixed,
                columns,
                kept=keep,
                sums=sums,
                lists=lists,
                weak=frozenset(bars[k] for k in trace.weak),
                by_rows=back.inputs,
            ),
            "backward",
        )

    def is_still(self, step: Callable[..., Any], example: Example) -> bool:
        """Whether a step that may read something else by now is the program that was compiled."""
        frozen = Frozen.of(step)
        try:
            trace = Trace(step, example)
        except Exception:
            return False
        if trace.looked or difference(self.recorded, trace.program):
            return False
        self.frozen = frozen
        return True

    @property
    def source(self) -> str:
        """The steps and their adjoint as NumPy code."""
        return f"{self.forward_program.source}\n\n{self.backward_program.source}"

    def __str__(self) -> str:
        return self.source

    def advance(self, state: State, hypers: State, steps: Steps) -> State:
        """Return the state after some steps.

        `hypers` are those that are the same at every step; `steps` has, for each step, a tuple of
        the others and of the leaves of its batch.
        """
        steps = steps.rows if isinstance(steps, Columns) else steps
        return list(self.advance_program.function(*state, *hypers, steps))

    def forward(self, state: State, hypers: State, steps: Steps) -> tuple[State, list[Any]]:
        """Return the state after some steps, and what their adjoint needs of each."""
        if self.numbers is None:
            *new, kept = self.forward_program.function(*state, *hypers, steps)
            return new, kept
        brought = steps if isinstance(steps, Columns) else Columns(list(steps))
        out = self.forward_program.function(*state, *hypers, brought.rows)
        lists = [vector(x) for x in out[self.n_state :]]
        return list(out[: self.n_state]), [len(brought.rows), *brought.vectors, *lists]

    def backward(
        self, bars: State, totals: State, hypers: State, steps: Steps, kept: Sequence[Any]
    ) -> tuple[State, State, list[Any]]:
        """Return the cotangents of the state before some steps, and those of the hypers.

        `totals` are those of the hypers that are the same at every step, so far; to them is
        added. Those of the others are listed. `steps` go from the last to the first.
        """
        if self.numbers is None:
            n, m = self.n_bars, self.n_bars + len(totals)
            out = list(self.backward_program.function(*bars, *totals, *hypers, steps, kept))
            return out[:n], out[n:m], out[m:]
        return self.backward_numbers(bars, totals, hypers, kept)[:3]

    def backward_numbers(
        self,
        bars: State,
        totals: State,
        hypers: State,
        kept: Sequence[Any],
        start: int = 0,
        above: Rest | None = None,
    ) -> tuple[State, State, list[Any], Rest | None]:
        """Return what `backward` does, for steps of single numbers of which `start` is the first.

        `above` are steps of the same block of the scan that were pulled back before; those of
        this stretch that the next one will need are returned as well.
        """
        own, *vectors = kept
        steps = own
        if above is not None and above.below is bars:
            bars, steps = above.bars, own + above.count
            vectors = [np.concatenate(pair) for pair in zip(vectors, above.vectors, strict=True)]
        count = start, steps, own
        *out, every = self.backward_program.function(*bars, *totals, *hypers, *vectors, *count)
        n, m = self.n_bars, self.n_bars + len(totals)
        lists = [np.broadcast_to(x, own)[::-1] for x in out[m:]]
        below = out[:n]
        scan = self.numbers is not None and self.numbers.scan
        rest = Rest.of(below, bars, every, vectors, start) if scan else None
        return below, out[n:m], lists, rest


class Trace:
    """A step and its adjoint, recorded on one tape with their inputs as variables."""

    def __init__(self, step: Callable[..., Any], example: Example) -> None:
        with Tape(lines=True) as tape, watching() as self.looked:
            state, hypers, batch = (tape.variable(part) for part in example)
            new = tree.walk(step(state, hypers, batch), state, [])
            varying = floating(new)
            new_bars = [tape.variable(np.zeros_like(value_of(x))[()]) for x in varying]
            sources = [floating(tree.leaves(state)), tree.leaves(hypers)]
            state_bars, hyper_bars = tape.gradient(varying, sources, cotangent=new_bars)
        # The adjoint comes from no line of the user's; the rest is quoted in the emitted source.
        end = new_bars[0].index if new_bars else len(tape)
        tape.lines = {k: line for k, line in (tape.lines or {}).items() if k < end}
        of_state, of_hypers, of_batch = named(state=state, hyper=hypers, batch=batch)
        moving = [name for name, x in zip(of_state, new, strict=True) if floating([x])]
        bars = {f"{name}_bar": bar for name, bar in zip(moving, new_bars, strict=True)}
        before = [name for name, x in of_state.items() if floating([x])]
        self.turned = sorted({*before} ^ {*moving})
        inputs = of_state | of_hypers | of_batch | bars
        self.program = of_tape(tape, inputs, [*new, *state_bars, *hyper_bars])
        self.n_new, self.n_state, self.n_hypers = len(new), len(of_state), len(of_hypers)
        self.n_given = len(inputs) - len(bars)
        # Which cotangents are Python numbers, as what they belong to.
        floats = [type(value_of(x)) is float for x in tree.leaves(sources)]
        self.weak = [k for k, is_float in enumerate(floats) if is_float]


def fixed_lines(program: Program, varying: Sequence[int]) -> set[int]:
    """Return the lines that depend on none of these inputs."""
    moving = set(varying)
    for number, line in program.lines.items():
        if not moving.isdisjoint(line.reads):
            moving.add(number)
    return program.lines.keys() - moving


def named(**parts: Any) -> list[dict[str, Any]]:
    """Return the leaves of each tree by names that code can use; no two are alike in all trees.

    A leaf is called by its tree and its path, such as ``state_0_w``; a hyper by its path alone.
    """
    taken: set[str] = set()
    found = []
    for what, part in parts.items():
        leaves = {}
        for path, leaf in tree.paths(part).items():
            short = re.sub(r"\W+", "_", normalize("NFKC", path)).strip("_")  # as Python reads it
            own = what == "hyper" and short.isidentifier() and not iskeyword(short)
            leaves[unused(short if own else f"{what}_{short}".strip("_"), taken)] = leaf
        found.append(leaves)
    return found


def unused(name: str, taken: set[str]) -> str:
    """Return a name, numbered if it is taken, and take it, with what a derivative is called."""
    for candidate in chain([name], (f"{name}_{k}" for k in count(2))):
        names = {candidate, f"{candidate}_bar", f"{candidate}_dot"}
        if taken.isdisjoint(names):
            break
    taken |= names
    return candidate


def difference(one: Program, other: Program) -> str:
    """Return how two recordings differ, or an empty string if they are one program."""
    if len(one) != len(other):
        return f"two recordings of it have {len(one)} and {len(other)} instructions"
    for a, b in zip(one.lines.values(), other.lines.values(), strict=True):
        where = f"{a.primitive.name}{a.where and ' on ' + a.where}"
        if facts(a) != facts(b):
            return f"two recordings of it differ at {where}"
        for x, y in zip(a.arguments, b.arguments, strict=True):
            if isinstance(x, int) or isinstance(y, int):
                if x != y:
                    return f"two recordings of it differ in what {where} reads"
            elif not same(x.value, y.value):
                return (
                    f"{where} uses a value that is no input of the step and yet changes from step "
                    f"to step: it is random, or was computed with plain arrays"
                )
    return ""


def facts(line: Line) -> Any:
    """Return what must be equal in two lines besides their arguments."""
    return line.primitive, repr_of(line.params), line.shape, line.dtype, len(line.arguments)


def floating(leaves: Sequence[Any]) -> list[Any]:
    """Return the leaves that have a derivative."""
    return [x for x in leaves if type(x) is float or np.asarray(value_of(x)).dtype.kind in "fcO"]


def same(a: Any, b: Any) -> bool:
    """Whether two constants are equal, bit by bit; an array is read where it lies."""
    return a is b or (type(a) is type(b) and contents(a) == contents(b))
