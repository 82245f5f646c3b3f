"""Loops as long as one likes, and gradients one after the other: neither depth nor leaks."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
from numpy.testing import assert_allclose

import minigrad as mg

LONG = 100_000
METHODS = {
    "Recorded": mg.Recorded(),
    "Stored": mg.Stored(),
    "Checkpointed": mg.Checkpointed(snapshots=300),
    "Checkpointed on disk": mg.Checkpointed(snapshots=300, disk=True),
    "Forward": mg.Forward(),
    "Truncated": mg.Truncated(last=LONG),
    "auto": "auto",
}


def shrinking(steps: int) -> tuple[mg.TrainingRun, float, float]:
    """Return descent on half a square, with its cost and slope at 2 / steps in closed form."""
    eta = 2.0 / steps
    run = mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w - h * w,
        cost=lambda w, h: w,
        steps=steps,
    )
    return run, (1 - eta) ** steps, -steps * (1 - eta) ** (steps - 1)


def check(method: mg.hyper.Method | str, steps: int = LONG) -> None:
    """Fail unless a method goes through a loop of so many steps and finds its slope."""
    run, cost, slope = shrinking(steps)
    found = mg.hypergradient(run, 2.0 / steps, method)
    assert_allclose(found.cost, cost, rtol=1e-9)
    assert_allclose(found.gradient, slope, rtol=1e-9)


def gradient() -> None:
    """Differentiate twice through a few products, and drop all of it."""
    w = np.linspace(0.1, 1.0, 50)
    _, slope = mg.value_and_grad(lambda w: np.sum(np.sin(w) * np.exp(w)))(w)
    mg.hvp(lambda w: np.sum(np.tanh(w * w)), (w,), (slope,))


def growth(once: Callable[[], object], times: int) -> tuple[int, int]:
    """Return by how many bytes the memory in use grows, and how many objects were in cycles.

    The collector is off until the end. Then it finds the cycles, and empties Python's lists of
    tuples to use again, which are no leak.
    """
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):  # what is kept on purpose, such as caches, is there after these
            once()
        tracemalloc.start()
        once()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(times):
            once()
        found = gc.collect()
        return tracemalloc.get_traced_memory()[0] - before, found
    finally:
        tracemalloc.stop()
        gc.enable()


def report() -> str:
    """Go through all of it; return what it took."""
    told = []
    for name, method in METHODS.items():
        start = time.perf_counter()
        check(method)
        told.append(f"{name} {time.perf_counter() - start:.1f} s")
    grown, cycles = growth(gradient, 1000)
    assert grown < 2000, grown
    assert cycles == 0
    return f"{LONG:,} steps by {', '.join(told)}; 1,000 gradients leave {grown:,} bytes"
