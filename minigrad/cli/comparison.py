"""What `minigrad tune` holds its descent against: finite differences, and a grid search."""

from __future__ import annotations

import argparse
import math
import time
from typing import Any

import numpy as np

from minigrad import hyper, tree
from minigrad.cli.output import say
from minigrad.cli.subject import Subject
from minigrad.display import ProgressBar
from minigrad.hyper.plain import named, plain

__all__ = ["compare_with_differences", "compare_with_grid"]

GRID = {"eta": (0.003, 3.0), "lam": (0.003, 30.0)}
GRID_TEXT = "eta 0.003 to 3, lambda 0.003 to 30"
SYMBOLS = {"eta": "dC/dη", "lam": "dC/dλ"}
LARGE = 200 * 10**6  # bytes of a tape beyond which it is not kept whole
FEW = 8  # numbers among the hyperparameters, each of which costs two trainings


def compare_with_differences(about: Subject, hypers: Any, options: argparse.Namespace) -> Any:
    """Print the tape's hypergradient beside finite differences, if the hypers are few numbers."""
    taped = on_tape(about, hypers)
    check: dict[str, Any] = {}
    slopes = named(taped.gradient)
    if np.isfinite(taped.cost) and sum(map(np.size, slopes.values())) <= FEW:
        differences = hyper.hypergradient(about.run, hypers, hyper.FiniteDifference())
        labels = {name: SYMBOLS.get(name, f"dC/d {name}") for name in slopes}
        width = max(map(len, labels.values()))
        say(options, f"{'':{width}}{'from the tape':>21}{'finite differences':>21}     apart")
        for name, found in named(differences.gradient).items():
            for a, b in zip(np.ravel(slopes[name]), np.ravel(found), strict=True):
                apart = f"{abs(a - b):.0e}"
                say(options, f"{labels[name]:{width}}{a:21.14g}{b:21.14g}{apart:>10}")
            check[name] = {"tape": slopes[name], "finite_difference": found}
    stats = taped.stats
    if stats.instructions:
        size = f"{stats.instructions:,} instructions, {stats.tape_bytes / 1e6:.0f} MB"
        say(options, f"One run on the tape: {size}, {stats.seconds:.2f} s.\n")
    else:
        size = f"{stats.kept_bytes / 1e6:.0f} MB kept, {stats.seconds:.2f} s"
        say(options, f"One run on tapes of one step each: {size}.\n")
    return plain(check)


def on_tape(about: Subject, hypers: Any) -> hyper.HyperGradient:
    """Return the hypergradient by one tape of the whole run, or in stretches if that is large."""
    if about.run.steps and hyper.forecast(about.run, hypers).rows["Recorded"].kept_bytes > LARGE:
        return hyper.hypergradient(about.run, hypers, hyper.Checkpointed(memory="64 MB"))
    return hyper.hypergradient(about.run, hypers, "recorded")


def compare_with_grid(
    about: Subject,
    hypers: Any,
    tuned: hyper.TuneResult,
    seconds: float,
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Print what the start, the descent and a grid of the same budget come to on other examples.

    `seconds` are those of all hypergradients. An interrupted search leaves the grid out.
    """
    assert about.experiment is not None
    candidates = {"start": hypers, "tuned": tuned.best.hypers}
    report: dict[str, Any] = {}
    try:
        grid = search_with_budget(about, seconds)
    except KeyboardInterrupt:
        report["stopped"] = "interrupted"
    else:
        candidates["grid"] = grid["best"]
        report["seconds"] = {"tuned": seconds, "grid": grid["seconds"]}
        report |= {"grid_trainings": grid["trainings"], "grid_best_at_edge": grid["at_edge"]}
    say(options, f"{'':6}{'eta':>9}{'lambda':>11}{'validation':>17}{'test':>17}")
    say(options, f"{'':26}" + f"{'cost':>9}{'right':>8}" * 2)
    for name, point in candidates.items():
        judged = about.experiment.judge(point)
        values = tree.map(lambda h: getattr(h, "value", h), point)
        report[name] = plain({**values, **judged})
        cells = f"{name:6}{brief(values['eta']):>9}{brief(values['lam']):>11}"
        for split in ("validation", "test"):
            cells += f"{judged[split]['cost']:9.4f}{judged[split]['accuracy']:8.2%}"
        say(options, cells)
    steps = len(tuned.history)
    say(options, f"\ntuned: {steps} hypergradients in {seconds:.1f} s, from where it started")
    if "grid" in candidates:
        of = f"{grid['trainings']} trainings in {grid['seconds']:.1f} s"
        say(options, f"grid:  {of},\n       over {GRID_TEXT}")
    return report


def search_with_budget(about: Subject, seconds: float) -> dict[str, Any]:
    """Search a grid of as many points as the given seconds allow, 2 x 2 at least."""
    hyper.grid_search(about.run, {"eta": [0.1], "lam": [1.0]})  # which compiles the step
    start = time.perf_counter()
    hyper.grid_search(about.run, {"eta": [0.1], "lam": [1.0]})
    one = time.perf_counter() - start
    side = max(2, round(math.sqrt(seconds / one)))
    axes = {name: np.geomspace(*ends, side) for name, ends in GRID.items()}
    start = time.perf_counter()
    with ProgressBar("grid") as bar:
        found = hyper.grid_search(about.run, axes, callback=bar)
    best = found.points[found.best]
    return {
        "best": best,
        "at_edge": [name for name in axes if best[name] in (axes[name][0], axes[name][-1])],
        "trainings": len(found.points),
        "seconds": time.perf_counter() - start,
    }


def brief(values: Any) -> str:
    """Return a number with a few digits, or the mean of several."""
    numbers = np.concatenate([np.ravel(leaf) for leaf in tree.leaves(values)])
    return f"{numbers[0]:.4g}" if numbers.size == 1 else f"~{np.mean(numbers):.3g}"
