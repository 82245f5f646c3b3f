"""Where the time of an emitted program goes: its source with the time of every line."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minigrad as mg
from minigrad.hyper.unrolling.directions import Directions
from minigrad.hyper.unrolling.unroll import Unroll
from minigrad.program import Emitted
from tests.benchmarks.workloads import problem


def measure_lines(names: Sequence[str]) -> None:
    """Print the programs of the workloads that are named, or of W1, with the time of each line."""
    for name in names or ("W1",):
        work = problem(name)
        for method in (mg.Stored(), mg.Forward()):
            mg.hypergradient(work.run, work.hypers, method)
        programs = next(iter(work.run.programs.values()))
        unroll = Unroll(work.run, work.hypers)
        state, batch = unroll.begin(), work.run.batch(0)
        small = [x * 1e-3 for x in state]
        entries = [schedule[0] for schedule in unroll.schedules]
        steps = [(*entries, *mg.tree.leaves(batch))]
        onward = (*state, *unroll.fixed, steps)
        report(f"{name} forward", programs.forward_program, lambda given=onward: given)
        kept = programs.forward(state, unroll.fixed, steps)[1]
        back = (*small, *[0.0] * len(unroll.fixed), *unroll.fixed, steps)
        # What was kept is used up.
        report(
            f"{name} backward",
            programs.backward_program,
            lambda given=back, kept=kept: (*given, list(kept)),
        )
        directions = Directions(unroll)
        dots = directions.grown(directions.begin(), 0)
        steps = [(*entries, *mg.tree.leaves(batch), *[0] * (directions.each_step > 0))]
        along = (*state, *programs.tangents.given(dots), *unroll.fixed, steps)
        report(f"{name} with tangents", programs.tangents.program, lambda given=along: given)


def report(
    what: str, emitted: Emitted, arguments: Callable[[], Sequence[Any]], rounds: int = 300
) -> None:
    """Print the source with the quickest time of each line, and how long the whole takes.

    A loop is run for one step. `arguments` gives those of each call.
    """
    body = [text for text in emitted.source.splitlines() if not text.lstrip().startswith("#")]
    function = clocked(emitted, body)
    readings = np.array([function(*arguments()) for _ in range(rounds)])
    look, *seconds = np.diff(readings, axis=1).min(axis=0)  # the first says what a look costs
    whole = []
    for _ in range(rounds):
        given = arguments()
        start = time.perf_counter()
        emitted.function(*given)
        whole.append(time.perf_counter() - start)
    print(f"{what}: {min(whole) * 1e6:.1f} us; by line, with hot caches:")
    statements = [text for text in body[1:-1] if not text.endswith(":")]
    for text, each in zip(statements, seconds, strict=True):
        print(f"{max(each - look, 0.0) * 1e6:8.2f}  {text.strip()}")


def clocked(emitted: Emitted, body: Sequence[str]) -> Callable[..., list[float]]:
    """Return the program with a look at the clock after every line, and the readings returned."""
    head, *statements, _ = body
    look = "clock.append(now())"
    lines = [head, "    clock = []", f"    {look}", f"    {look}"]
    for text in statements:
        lines.append(text)
        if not text.endswith(":"):
            indent = len(text) - len(text.lstrip())
            lines.append(f"{' ' * indent}{look}")
    nonlocals = inspect.getclosurevars(emitted.function).nonlocals
    fast = nonlocals.get("fast")  # behind what handles overflow
    inside = fast.function if fast else emitted.function
    namespace = {**inside.__globals__, "now": time.perf_counter}
    exec("\n".join([*lines, "    return clock"]), namespace)
    function: Callable[..., list[float]] = namespace[inside.__name__]
    return function
