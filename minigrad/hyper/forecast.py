"""What each method will take on a run, told before it starts: from the first step, timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.errors import MissingRuleError
from minigrad.hyper.domains import markers
from minigrad.hyper.memory import NotEnoughMemoryError, available_bytes, in_bytes, in_words
from minigrad.hyper.run import TrainingRun, checked_run
from minigrad.hyper.unrolling.directions import Directions
from minigrad.hyper.unrolling.revolve import Plan, fewest_reruns, least_memory
from minigrad.hyper.unrolling.unroll import State, Unroll, size, zero
from minigrad.program.step import floating

__all__ = ["Forecast", "Row", "forecast"]

Costs = dict[str, float]  # what a step costs, by name


@dataclass(frozen=True)
class Row:
    """What one method will take.

    Attributes
    ----------
    method : str
        The method and its settings.
    exact : bool
        Whether it is exact up to rounding.
    kept_bytes : int
        Bytes of states, of their tangents and of what the way back reads, kept at the same time.
    steps_rerun : int
        Steps that are run again.
    seconds : float
        About how long it will take.
    fits : bool
        Whether `kept_bytes` fit into the memory.
    """

    method: str
    exact: bool
    kept_bytes: int
    steps_rerun: int
    seconds: float
    fits: bool


@dataclass(frozen=True)
class Forecast:
    """What the methods will take on a run; print it for a table.

    Attributes
    ----------
    rows : dict of str to Row
        By the names of the methods.
    steps, numbers : int
        Steps of the run, and numbers among its hyperparameters.
    memory : int
        Bytes that may be used.
    plan : Plan
        How the row ``"Checkpointed"`` goes back: snapshots and steps of a stretch.
    """

    rows: dict[str, Row]
    steps: int
    numbers: int
    memory: int
    plan: Plan

    @property
    def best(self) -> Row | None:
        """The fastest of the exact methods that fit; None if none does."""
        fit = (row for row in self.rows.values() if row.fits and row.exact)
        return min(fit, key=lambda row: row.seconds, default=None)

    def __str__(self) -> str:
        methods = [
            row.method if row.exact else f"{row.method}, approximate" for row in self.rows.values()
        ]
        width = max(map(len, methods))
        lines = [
            f"{self.steps:,} steps, {self.numbers:,} numbers among the hyperparameters; "
            f"{in_words(self.memory)} may be used",
            f"{'':{width}}{'kept':>9}{'steps again':>13}{'seconds':>10}",
        ]
        for method, row in zip(methods, self.rows.values(), strict=True):
            lines.append(
                f"{method:{width}}{in_words(row.kept_bytes):>9}{row.steps_rerun:13,}"
                f"{row.seconds:10.3g}{'' if row.fits else '  too much'}"
            )
        return "\n".join(lines)


def forecast(run: TrainingRun, hypers: Any, memory: int | str | None = None) -> Forecast:
    """Return what each method will take on a run, in bytes, steps run again and seconds.

    The first step is run a few times by each of them, and timed; so the times are about those of
    a run whose steps are alike, and leave out its beginning, its end and the compilation. They are
    kept with the run, and not taken again for hyperparameters of the same shapes.

    Parameters
    ----------
    run : TrainingRun
        The run; it must have a step.
    hypers : tree
        The hyperparameters, marked or not.
    memory : int or str, optional
        How much may be used, such as ``"2 GB"``. What is free, if left out.

    Returns
    -------
    Forecast
        A method whose tangents have no rule is left out.

    Raises
    ------
    ValueError
        If the run has no steps, or the memory is no amount of memory.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: np.zeros(1000),
    ...     step=lambda w, h, batch: w - h["eta"] * (np.tanh(w) - 0.5),
    ...     cost=lambda w, h: np.sum(w**2),
    ...     steps=10_000,
    ... )
    >>> told = mg.hyper.forecast(run, {"eta": mg.positive(0.1)}, memory="50 MB")
    >>> told.rows["Stored"].kept_bytes, told.rows["Stored"].fits
    (80000000, False)
    >>> told.rows["Checkpointed"].method, told.rows["Checkpointed"].steps_rerun
    ('Checkpointed(snapshots=99, stretch=100)', 9900)
    """
    if checked_run(run).steps == 0:
        raise ValueError("forecast: the run has no steps, so there is nothing to foretell")
    costs = measured(run, hypers, TIMED)
    room = available_bytes() if memory is None else in_bytes(memory)
    return foretold(run, hypers, room, costs)


def foretold(run: TrainingRun, hypers: Any, memory: int, costs: Costs) -> Forecast:
    """Return the forecast from what a step costs."""
    steps, marked = run.steps, tree.leaves(markers(hypers))
    numbers = sum(np.size(hyper.value) for hyper in marked)
    # The entry t of a schedule has a tangent from step t on: half of the steps, in the mean.
    tangents = sum(np.size(hyper.value) / (2 if hyper.per_step else 1) for hyper in marked)
    state_bytes, step_bytes = int(costs["state"]), int(costs["saved"])
    there_and_back = steps * (costs["forward"] + costs["backward"])
    plan = affordable(steps, memory, state_bytes, step_bytes)
    rows: dict[str, Row] = {}

    def tell(name: str, kept: float, seconds: float, rerun: int = 0, settings: str = "") -> None:
        exact, fits = name != "FiniteDifference", kept <= memory
        rows[name] = Row(f"{name}({settings})", exact, int(kept), rerun, seconds, fits)

    if "push" in costs:
        pushed = steps * (costs["linearise"] + tangents * costs["push"])
        tell("Forward", (1 + numbers) * state_bytes, pushed)
    tell("Stored", steps * step_bytes, there_and_back)
    kept, again = plan.nbytes(steps, state_bytes, step_bytes), plan.reruns(steps)
    settings = f"snapshots={plan.snapshots}, stretch={plan.stretch}"
    tell("Checkpointed", kept, there_and_back + again * costs["step"], again, settings)
    if "tape" in costs:
        tell("Recorded", steps * costs["tape"], steps * costs["recorded"])
    if "plain" in costs:
        again = 2 * numbers * steps
        tell("FiniteDifference", state_bytes, (steps + again) * costs["plain"], again)
    return Forecast(rows, steps, numbers, memory, plan)


def affordable(steps: int, memory: int, state_bytes: int, step_bytes: int) -> Plan:
    """Return the plan that runs each step once more if it fits, or else the fewest that fit."""
    once = least_memory(steps, 1, state_bytes, step_bytes)
    if once.nbytes(steps, state_bytes, step_bytes) <= memory:
        return once
    least = least_memory(steps, 3, state_bytes, step_bytes)
    return fewest_reruns(steps, memory, state_bytes, step_bytes) or least


# What a step costs: each is measured when it is first asked for, and kept with the run.

TIMED = ("sizes", "reverse", "tangents", "recorded", "plain")


def measured(run: TrainingRun, hypers: Any, what: Sequence[str]) -> Costs:
    """Return what the first step costs, in bytes and seconds, measured once."""
    unroll = Unroll(run, hypers)
    state = unroll.begin()
    kept = run.costs.setdefault(unroll.key(state, run.batch(0), 0), {})
    for name in what:
        if name not in kept:
            kept[name] = MEASURES[name](unroll, state)
    return {key: cost for name in what for key, cost in kept[name].items()}


def sizes(unroll: Unroll, state: State) -> Costs:
    """Return the bytes of a state, and of one with what the way back reads of a step."""
    return {"state": size(state), "saved": unroll.step_bytes(state)}


def reverse(unroll: Unroll, state: State) -> Costs:
    """Return the times of a step, of one that keeps what is read later, and of its adjoint."""
    new, saved = unroll.forward(state, 0)
    bar = [zero(x) for x in floating(new)]
    return {
        "step": timed(lambda: unroll.step(state, 0)),
        "forward": timed(lambda: unroll.forward(state, 0)),
        "backward": timed(lambda: unroll.backward(bar, state, saved, 0)),
    }


def tangents(unroll: Unroll, state: State) -> Costs:
    """Return the time of a step, and how much more it takes with each tangent that goes along.

    So many tangents that they need memory to be tried are not: each is counted as a step.
    """
    directions = Directions(unroll)
    later = directions.each_step * unroll.run.steps
    count = directions.constant + (later + directions.each_step) // 2  # in the mean
    if count > MANY:
        alone = timed(lambda: unroll.step(state, 0))
        return {"linearise": alone, "push": alone}
    dots = [np.zeros((count, *np.shape(x)), np.asarray(x).dtype) for x in floating(state)]
    try:
        alone = timed(lambda: unroll.step(state, 0))
        together = timed(lambda: directions.advance(state, dots, 0, 1))
    except MissingRuleError:
        return {}
    return {"linearise": alone, "push": max(together - alone, 0.0) / max(count, 1)}


def recorded(unroll: Unroll, state: State) -> Costs:
    """Return the bytes of a step on a tape, and the time to record it and to sweep over it."""
    batch = unroll.run.batch(0)

    def there_and_back() -> int:
        new, recording = unroll.recorded(state, 0, batch)
        recording.pull([zero(x) for x in floating(new)])
        return recording.tape.nbytes

    return {"tape": there_and_back(), "recorded": timed(there_and_back)}


def plain(unroll: Unroll, state: State) -> Costs:
    """Return the time of a step on plain numbers."""
    given, hypers = unroll.plain(state), unroll.run.slicer(unroll.marked, unroll.given)(0)
    return {"plain": timed(lambda: unroll.run.step(given, hypers, unroll.run.batch(0)))}


MEASURES = {
    "sizes": sizes,
    "reverse": reverse,
    "tangents": tangents,
    "recorded": recorded,
    "plain": plain,
}
ROUNDS = 3
MANY = 200  # tangents


def timed(function: Callable[[], object]) -> float:
    """Return the seconds that a call takes, the quickest of a few after one that warms up."""
    function()
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


# Refusal

SMALL = 64 * 10**6  # bytes for which the system is not asked whether it has them


def check_room(method: str, needed: int, run: TrainingRun, hypers: Any) -> None:
    """Raise, with the forecast and what to do, if a method needs more memory than there is.

    Raises
    ------
    NotEnoughMemoryError
        It is a :class:`MemoryError`.
    """
    if needed <= SMALL or needed <= (free := available_bytes()):
        return
    told = forecast(run, hypers, free)
    raise NotEnoughMemoryError(
        f"{method} would keep {in_words(needed)}, but {in_words(free)} are free. {advice(told)}"
    )


def advice(told: Forecast) -> str:
    """Return what to do about a method that does not fit."""
    best = told.best
    if best is None:
        todo = "No exact method fits; mg.Checkpointed(disk=True) has its states in a file"
    else:
        todo = f"Take mg.{best.method}, with {in_words(best.kept_bytes)}"
    return f"{todo}.\n{told}"
