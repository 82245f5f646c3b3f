"""The exact method that suits the run: from what its first step shows."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.errors import MissingRuleError
from minigrad.hyper.methods.checkpointed import Checkpointed, in_bytes, in_words
from minigrad.hyper.methods.forward import Forward
from minigrad.hyper.methods.stored import Stored
from minigrad.hyper.result import HyperGradient
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.unroll import Unroll, size

__all__ = ["Automatic"]

FEW = 2  # numbers for which the tangents cost less than the way back, which costs some three steps


@dataclass(frozen=True)
class Automatic:
    """Choose :class:`Forward`, :class:`Stored` or :class:`Checkpointed`, and say why.

    Forward for one or two numbers, whatever the length of the run. For more, the first step is
    run for its derivative; if what that keeps, times the number of steps, fits into the memory,
    everything is stored, and otherwise as many states are kept as fit. All three are exact.

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
    'Forward, because 1 number moves, which is cheaper to carry along than to go back for'
    """

    memory: int | str | None = None

    def __post_init__(self) -> None:
        if self.memory is not None:
            in_bytes(self.memory)

    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the cost and its gradient; see :func:`minigrad.hypergradient`."""
        method, why = self.choice(run, hypers)
        if isinstance(method, Forward):
            try:
                return explained(method.hypergradient(run, hypers), why)
            except MissingRuleError as error:
                method, why = self.reverse(run, hypers)
                why = f"{why}; not Forward, because {error}"
        return explained(method.hypergradient(run, hypers), why)

    def choice(self, run: TrainingRun, hypers: Any) -> tuple[Any, str]:
        """Return the method and why."""
        numbers = sum(np.size(x) for x in tree.leaves(Unroll(run, hypers).values))
        if numbers <= FEW:
            move = (
                "1 number moves, which is" if numbers == 1 else f"{numbers} numbers move, which are"
            )
            return Forward(), f"Forward, because {move} cheaper to carry along than to go back for"
        method, why = self.reverse(run, hypers)
        return method, f"{why}, for {numbers} numbers"

    def reverse(self, run: TrainingRun, hypers: Any) -> tuple[Any, str]:
        """Return one of the two that go back, and why."""
        unroll = Unroll(run, hypers)
        state = unroll.begin()
        memory = available_bytes() // 2 if self.memory is None else in_bytes(self.memory)
        step_bytes = size(state, unroll.forward(state, 0)[1]) if run.steps else 0
        needed = step_bytes * run.steps
        room = f"{in_words(memory)} that {'are free' if self.memory is None else 'were given'}"
        if needed <= memory:
            return Stored(), f"Stored, because all steps take {in_words(needed)} of the {room}"
        state_bytes = max(size(state), 1)
        snapshots = max(1, min(run.steps, (memory - step_bytes) // state_bytes))
        return (
            Checkpointed(snapshots=snapshots),
            f"Checkpointed, because all steps would take {in_words(needed)}, more than the {room}",
        )


def explained(result: HyperGradient, why: str) -> HyperGradient:
    """Return the result with why its method was chosen, before what it says itself."""
    said = result.stats.why
    return replace(
        result, stats=replace(result.stats, why=f"{why}{said and '; steps are recorded: ' + said}")
    )


def available_bytes() -> int:
    """Return how much memory is free, as the system tells; 2 GB where it does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as facts:
            for line in facts:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 2 * 10**9
