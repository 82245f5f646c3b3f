"""One training step as compiled functions, and the guard that says whether it can be.

The step is recorded with its state, its hypers and its batch as inputs, and its adjoint behind
it on the same tape. What that tape computes is the same for every step of the run, provided that
the step is a function of its inputs: so it is recorded twice, at two states, and the two must be
one program. What can't be told from two recordings (a branch on a value) is watched for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import tree
from minigrad.dispatch import watching
from minigrad.errors import MinigradError
from minigrad.program.emit import emit
from minigrad.program.lines import Line, Program, of_tape
from minigrad.program.passes import drop_dead, optimise, repr_of
from minigrad.tape import Tape
from minigrad.variable import value_of

if TYPE_CHECKING:
    from minigrad.program.tangent import TangentProgram

__all__ = ["Fallback", "StepPrograms", "floating"]

State = list[Any]
Example = tuple[Any, Any, Any]  # a state, hypers and a batch, as trees


class Fallback:
    """Why a step can't be compiled."""

    def __init__(self, reason: str) -> None:
        self.reason, self.announced = reason, False


class StepPrograms:
    """The compiled programs for steps of one signature: the step, the step that saves, the adjoint.

    Attributes
    ----------
    step_program, forward_program, backward_program : Emitted
        Print them to read their source.
    """

    @staticmethod
    def of(step: Callable[..., Any], examples: Sequence[Example]) -> StepPrograms | Fallback:
        """Record a step at each example, check that it is one program, and compile it."""
        try:
            traces = [Trace(step, example) for example in examples]
        except MinigradError as error:
            return Fallback(f"the step does not take its batch as Variables: {error}")
        for trace in traces:
            if trace.looked:
                return Fallback(
                    f"the step looks at a value, {trace.looked[0]}, and may branch on it"
                )
        reason = difference(*(trace.program for trace in traces))
        return Fallback(reason) if reason else StepPrograms(traces[0])

    def __init__(self, trace: Trace) -> None:
        # The same step's tangents, once somebody wants them, by which hypers are schedules.
        self.tangents: dict[tuple[bool, ...], TangentProgram] = {}
        program = optimise(trace.program)
        self.n_new, self.weak = trace.n_new, trace.weak
        new, bars = program.outputs[: trace.n_new], program.outputs[trace.n_new :]
        given, new_bars = program.inputs[: trace.n_given], program.inputs[trace.n_given :]
        self.n_bars = len(new_bars)
        kinds = [program.kind(k) for k in (*given[: trace.n_new], *new)]
        self.keeps_kinds = kinds[: trace.n_new] == kinds[trace.n_new :]
        ahead, views = program.needed(new), views_of(program, given)
        behind = program.needed(bars) - (ahead - views)
        read = {j for k in behind for j in program.lines[k].reads}
        read |= {bar for bar in bars if isinstance(bar, int)}
        saved = [k for k in program.lines if k in (ahead & read) - behind - {*program.inputs}]
        forward = program.part(ahead, given, [*new, *saved])
        self.step_program = emit(drop_dead(Program(forward.lines, given, new)), "step")
        self.forward_program = emit(forward, "forward")
        names = self.forward_program.names
        back = program.part(behind, [*given, *saved, *new_bars], bars, names)
        self.backward_program = emit(back, "backward")

    @property
    def source(self) -> str:
        """The step and its adjoint as NumPy code."""
        return f"{self.forward_program.source}\n\n{self.backward_program.source}"

    def __str__(self) -> str:
        return self.source

    def step(self, state: State, hypers: State, batch: Any) -> State:
        """Return the next state."""
        return list(self.step_program.function(*state, *hypers, *tree.leaves(batch)))

    def forward(self, state: State, hypers: State, batch: Any) -> tuple[State, Any]:
        """Return the next state and what the adjoint needs besides state, hypers and batch."""
        out = self.forward_program.function(*state, *hypers, *tree.leaves(batch))
        return list(out[: self.n_new]), out[self.n_new :]

    def backward(
        self, new_bar: State, state: State, hypers: State, batch: Any, saved: Any
    ) -> tuple[State, State]:
        """Return the cotangents of the state and of the hypers."""
        given = (*state, *hypers, *tree.leaves(batch))
        out = list(self.backward_program.function(*given, *saved, *new_bar))
        for k in self.weak:
            out[k] = float(out[k])
        return out[: self.n_bars], out[self.n_bars :]


class Trace:
    """A step and its adjoint, recorded on one tape with their inputs as variables."""

    def __init__(self, step: Callable[..., Any], example: Example) -> None:
        with Tape(lines=True) as tape, watching() as self.looked:
            state, hypers, batch = (tape.variable(part) for part in example)
            new = tree.leaves(step(state, hypers, batch))
            varying = floating(new)
            new_bars = [tape.variable(np.zeros_like(value_of(x))[()]) for x in varying]
            sources = [floating(tree.leaves(state)), tree.leaves(hypers)]
            state_bars, hyper_bars = tape.gradient(varying, sources, cotangent=new_bars)
        # The adjoint comes from no line of the user's; the rest is quoted in the emitted source.
        end = new_bars[0].index if new_bars else len(tape)
        tape.lines = {k: line for k, line in (tape.lines or {}).items() if k < end}
        given = {**named(state, "state"), **named(hypers, "hyper"), **named(batch, "batch")}
        moving = [name for name, x in named(state, "state").items() if floating([x])]
        bars = {f"{name}_bar": bar for name, bar in zip(moving, new_bars, strict=True)}
        self.program = of_tape(tape, {**given, **bars}, [*new, *state_bars, *hyper_bars])
        self.n_new, self.n_given = len(new), len(given)
        # Which cotangents are Python numbers, as what they belong to.
        floats = [type(value_of(x)) is float for x in tree.leaves(sources)]
        self.weak = [k for k, is_float in enumerate(floats) if is_float]


def views_of(program: Program, inputs: Sequence[int]) -> set[int]:
    """Return the lines that are mere views of inputs: rather made again than saved."""
    found = set(inputs)
    for number, line in program.lines.items():
        if line.view and line.reads and found.issuperset(line.reads):
            found.add(number)
    return found.difference(inputs)


def named(part: Any, what: str) -> dict[str, Any]:
    """Return the leaves of a tree by names that code can use, such as ``state_0_w`` or ``eta``."""
    names: dict[str, Any] = {}
    for path, leaf in tree.paths(part).items():
        short = re.sub(r"\W+", "_", path).strip("_")
        names[
            short if what == "hyper" and short.isidentifier() else f"{what}_{short}".strip("_")
        ] = leaf
    return names


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
    return [x for x in leaves if np.asarray(value_of(x)).dtype.kind in "fcO"]


def same(a: Any, b: Any) -> bool:
    """Whether two constants are equal, bit by bit."""
    if a is b:
        return True
    return type(a) is type(b) and np.array_equal(
        np.asarray(a), np.asarray(b), equal_nan=np.asarray(a).dtype.kind in "fc"
    )
