"""The exact method that suits the run: from what its first step shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.errors import MissingRuleError
from minigrad.hyper.domains import markers
from minigrad.hyper.memory import available_bytes, in_bytes, in_words
from minigrad.hyper.methods.checkpointed import Checkpointed
from minigrad.hyper.methods.forward import Forward
from minigrad.hyper.methods.stored import Stored
from minigrad.hyper.result import HyperGradient
from minigrad.hyper.revolve import extra_steps
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.unroll import Unroll, size

__all__ = ["Automatic"]

# What the methods take, in trainings. One tangent takes about as long as the step itself, and so
# does the way back: measured on the digits, half of it to the whole.


def forward_cost(numbers: int) -> float:
    """Return the trainings that tangents for so many numbers take."""
    return 1 + numbers


def checkpointed_cost(steps: int, snapshots: int) -> float:
    """Return the trainings that going back with so many states takes."""
    return 2 + extra_steps(steps, snapshots) / max(steps, 1)


@dataclass(frozen=True)
class Automatic:
    """Choose the exact method that suits the run, and say why.

    One of :class:`minigrad.Forward`, :class:`minigrad.Stored` and :class:`minigrad.Checkpointed`.

    Forward for a single number: it takes the time of two trainings, as going back does, and no
    memory. For more numbers the first step is run for its derivative. If what that keeps, times
    the number of steps, fits into the memory, everything is stored. Otherwise it is Checkpointed,
    with as many states as fit, or Forward, whichever takes fewer steps. All three are exact.

    Parameters
    ----------
    memory : int or str, optional
        How much may be used, such as ``"2 GB"``. Half of what is free, if left out.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=5,
    ... )
    >>> mg.hypergradient(run, {"eta": mg.positive(0.5)}).stats.why
    'Forward, because one number takes one tangent, and no memory'
    """

    memory: int | str | None = None

    def __post_init__(self) -> None:
        if self.memory is not None:
            in_bytes(self.memory)

    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the cost and its gradient; see :func:`minigrad.hypergradient`."""
        numbers = sum(np.size(hyper.value) for hyper in tree.leaves(markers(hypers)))
        try:
            method, why = self.choice(run, hypers, numbers)
            return explained(method.hypergradient(run, hypers), why)
        except MissingRuleError as error:
            if not isinstance(method, Forward):
                raise
            method, why = self.backward(run, hypers)
            return explained(method.hypergradient(run, hypers), f"{why}; not Forward: {error}")

    def choice(
        self, run: TrainingRun, hypers: Any, numbers: int
    ) -> tuple[Forward | Stored | Checkpointed, str]:
        """Return the method and why."""
        if numbers == 1:
            return Forward(), "Forward, because one number takes one tangent, and no memory"
        method, why = self.backward(run, hypers)
        cost = forward_cost(numbers)
        if isinstance(method, Checkpointed):
            other = checkpointed_cost(run.steps, method.snapshots or 1)
            if cost <= other:
                why = why.removeprefix("Checkpointed, because ")
                why = f"Forward, because {why}, and {numbers} tangents take {cost:g} trainings"
                return Forward(), f"{why}, but Checkpointed {other:.1f}"
        return method, why

    def backward(
        self, run: TrainingRun, hypers: Any
    ) -> tuple[Forward | Stored | Checkpointed, str]:
        """Return one of the two that go back, and why."""
        unroll = Unroll(run, hypers)
        state = unroll.begin()
        memory = available_bytes() // 2 if self.memory is None else in_bytes(self.memory)
        step_bytes = size(state, unroll.forward(state, 0)[1]) if run.steps else 0
        needed = step_bytes * run.steps
        room = (
            f"the {in_words(memory)} that {'may be used' if self.memory is None else 'were given'}"
        )
        if needed <= memory:
            return Stored(), f"Stored, because all steps take {in_words(needed)} of {room}"
        snapshots = max(1, min(run.steps, (memory - step_bytes) // max(size(state), 1)))
        return (
            Checkpointed(snapshots=snapshots),
            f"Checkpointed, because all steps take {in_words(needed)}, more than {room}",
        )


def explained(result: HyperGradient, why: str) -> HyperGradient:
    """Return the result with why its method was chosen, before what it says itself."""
    said = result.stats.why
    return replace(
        result, stats=replace(result.stats, why=f"{why}{said and '; steps are recorded: ' + said}")
    )
