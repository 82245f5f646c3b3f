"""What the descent on hyperparameters reaches, beside a grid over the same box, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minigrad as mg
from minigrad.experiments import Classification
from tests.benchmarks.timing import line

ETA, LAM, SIDE = (0.01, 3.0), (1e-4, 30.0), 15
CONSTANTS = np.geomspace(0.1, 5.0, 60)


def measure_tune(names: Sequence[str]) -> None:
    """Measure `tune` against a 15 x 15 grid, and a learnt schedule against every constant."""
    run = Classification().run
    grid = {"eta": np.geomspace(*ETA, SIDE), "lam": np.geomspace(*LAM, SIDE)}
    start = {"eta": mg.positive(ETA[0]), "lam": mg.positive(LAM[0])}
    mg.hypergradient(run, start)  # compiles the step for both
    ratios, costs = [], []
    for _ in range(3):
        tuned, ours = timed(lambda: mg.tune(run, start, 30))
        searched, theirs = timed(lambda: mg.grid_search(run, grid))
        ratios.append(ours / theirs)
        costs.append((float(tuned.best.cost), float(searched.costs[searched.best])))
    (descent, best), ratio = costs[0], float(np.median(ratios))
    line(
        "tune: cost after 30 outer steps, digits", f"{descent:.4f}", f"at most {best:.4f}, the grid"
    )
    line("its time over that of the 15 x 15 grid", f"{ratio:.2f}", "at most 0.33")

    constants = mg.grid_search(run, {"eta": CONSTANTS, "lam": grid["lam"]})
    lowest = float(constants.costs[constants.best])
    rates = np.full(run.steps, constants.points[constants.best]["eta"])
    decay = constants.points[constants.best]["lam"]
    layers = {"eta": mg.per_step(mg.positive(rates)), "lam": [mg.positive(decay)] * 2}
    learnt = float(mg.tune(run, layers, 60, optimiser=mg.hyper.Adam(0.05)).best.cost)
    line("200 rates and a decay for each layer: cost", f"{learnt:.4f}", f"below {lowest:.4f}")


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """Return a result and the CPU time that it took."""
    begin = time.process_time()
    return function(), time.process_time() - begin
