"""S4: whether black-box methods are needed, and what they cost."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from minigrad.claims.claim import Claim, Fact
from minigrad.experiments import Classification
from minigrad.hyper import (
    Evolution,
    FiniteDifference,
    Stored,
    grid_search,
    hypergradient,
    per_step,
    positive,
    random_search,
    tune,
)

__all__ = ["settle"]

STEPS, POINTS = 50, 64


def settle() -> Claim:
    """Compare the tape with finite differences, evolution strategies, grid and random search."""
    run = Classification(steps=STEPS).run
    many = {"eta": per_step(positive(np.full(STEPS, 0.5))), "lam": positive(1.0)}
    exact, seconds = timed(lambda: hypergradient(run, many, Stored()))
    differences, longer = timed(lambda: hypergradient(run, many, FiniteDifference()))
    smoothed = hypergradient(run, many, Evolution(pairs=100))
    few = {"eta": positive(0.05), "lam": positive(1.0)}
    descent, of_descent = timed(lambda: tune(run, few, 20))
    grid = {"eta": np.geomspace(0.003, 3, 8), "lam": np.geomspace(0.003, 30, 8)}
    searched, of_grid = timed(lambda: grid_search(run, grid))
    drawn = random_search(run, few, POINTS, seed=0)
    finite = relative(differences, exact)
    strategy = relative(smoothed, exact)
    by_tape, by_differences = trainings(exact), trainings(differences)
    return Claim(
        number=4,
        statement="I'm not saying applying gradient descent is impossible, but one must apply "
        "other black-box methods to compute the gradients",
        facts=[
            Fact(f"trainings for {STEPS + 1} derivatives by the tape, and one way back", by_tape),
            Fact("trainings for them by finite differences", by_differences),
            Fact("seconds by the tape", round(seconds, 4)),
            Fact("seconds by finite differences", round(longer, 4)),
            Fact("relative error of finite differences", finite),
            Fact(
                f"relative error of an evolution strategy, {trainings(smoothed):g} trainings",
                strategy,
            ),
            Fact("validation cost after 20 outer steps by the tape", float(descent.best.cost)),
            Fact(f"validation cost by a grid of {POINTS} trainings", lowest(searched)),
            Fact(f"validation cost by {POINTS} random trainings", lowest(drawn)),
            Fact("seconds of the descent", round(of_descent, 3)),
            Fact("seconds of the grid", round(of_grid, 3)),
        ],
        verdict="false",
        why="the derivative of a training is computed like that of any other program; black boxes "
        "give the same numbers at a higher price, or rougher ones.",
        holds=finite < 1e-5 < 0.1 < strategy
        and by_tape == 1
        and by_differences >= 2 * (STEPS + 1)
        and descent.best.cost < min(lowest(searched), lowest(drawn)),
    )


def trainings(result: Any) -> float:
    """Return how many trainings' steps a method has run."""
    return float(result.stats.steps_run / STEPS)


def timed(function: Any) -> tuple[Any, float]:
    """Return a result and the seconds that it took, the second time."""
    function()
    start = time.perf_counter()
    return function(), time.perf_counter() - start


def relative(one: Any, exact: Any) -> float:
    """Return how far a gradient is from the exact one, in units of its norm."""
    a, b = (np.append(result.gradient["eta"], result.gradient["lam"]) for result in (one, exact))
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def lowest(found: Any) -> float:
    """Return the lowest cost of a search."""
    return float(found.costs[found.best])
