"""``minigrad tune``, the main job: descend on the hyperparameters of a training."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minigrad import hyper, tree
from minigrad.cli.options import output_options, run_options, whole
from minigrad.cli.output import Report, check_out, say
from minigrad.cli.subject import Subject, UsageError, subject
from minigrad.display import ProgressBar
from minigrad.hyper.plain import plain

__all__ = ["add"]

GRID = {"eta": (0.003, 3.0), "lam": (0.003, 30.0)}
GRID_TEXT = "eta 0.003 to 3, lambda 0.003 to 30"
SYMBOLS = {"eta": "dC/dη", "lam": "dC/dλ"}


def add(adder: Callable[..., argparse.ArgumentParser], name: str) -> None:
    """Add the command."""
    parser = adder(
        name,
        help="descend on the hyperparameters of a network on digits, or of your own run",
        description="Train a 64-32-10 network on the bundled digits, descend on log eta and log "
        "lambda by the gradient of the validation cost, and compare with a grid search of the same "
        "budget. With FILE.py:NAME, descend on the hyperparameters of your own run.",
    )
    parser.set_defaults(command=tune)
    run_options(parser)
    parser.add_argument(
        "--outer-steps", type=whole(1), default=30, help="hypergradients (default 30)"
    )
    parser.add_argument(
        "--optimiser", choices=("adam", "signs", "newton"), default="signs", help="(signs)"
    )
    parser.add_argument(
        "--method", choices=hyper.METHODS, default="auto", help="of the hypergradients (auto)"
    )
    parser.add_argument("--per-step", action="store_true", help="learn a rate for each step")
    parser.add_argument("--per-layer", action="store_true", help="learn a decay for each layer")
    parser.add_argument(
        "--checkpoint", metavar="FILE", type=Path, help="kept after each outer step; resumed from"
    )
    parser.add_argument(
        "--html", metavar="FILE", type=Path, help="write a page with the curves and the landscape"
    )
    output_options(parser)


def tune(options: argparse.Namespace) -> Report:
    """Check the hypergradient, descend, and judge what came out."""
    about = subject(options)
    check_out(options)
    if options.html is not None:
        check_out(argparse.Namespace(out=options.html, force=options.force))
    hypers = shaped(about, options)
    say(options, about.title)
    say(options)
    check = compare_with_differences(about, hypers, options)
    start = time.perf_counter()
    with ProgressBar("tune") as bar:
        tuned = hyper.tune(
            about.run,
            hypers,
            options.outer_steps,
            optimiser=options.optimiser,
            method=options.method,
            checkpoint=options.checkpoint,
            callback=bar,
        )
    seconds = time.perf_counter() - start
    data = {"check": check, **tuned.to_json(), "seconds": {"tuned": seconds}}
    interrupted = tuned.stopped == "interrupted"
    if about.experiment is None or interrupted:
        say(options, str(tuned))
    else:
        data |= judged(about, hypers, tuned, seconds, options)
    if options.html is not None:
        tuned.save_html(options.html)
    return Report("" if options.out is None else str(tuned), data, 130 if interrupted else 0)


def shaped(about: Subject, options: argparse.Namespace) -> Any:
    """Return the hypers with a rate for each step or a decay for each layer, if asked for."""
    if not options.per_step and not options.per_layer:
        return about.hypers
    if about.experiment is None:
        raise UsageError("--per-step and --per-layer are for the built-in network")
    eta, lam = about.hypers["eta"], about.hypers["lam"]
    if options.per_step:
        eta = hyper.per_step(hyper.positive(np.full(about.run.steps, eta.value)))
    if options.per_layer:
        lam = [hyper.positive(lam.value) for _ in about.experiment.start]
    return {"eta": eta, "lam": lam}


def compare_with_differences(
    about: Subject, hypers: Any, options: argparse.Namespace
) -> dict[str, dict[str, float]]:
    """Print the tape's hypergradient beside finite differences, where numbers are few."""
    taped = hyper.hypergradient(about.run, hypers, "recorded")
    check: dict[str, dict[str, float]] = {}
    slopes = tree.paths(taped.gradient)
    if sum(map(np.size, slopes.values())) <= 8:
        differences = hyper.hypergradient(about.run, hypers, hyper.FiniteDifference())
        say(options, f"{'':8}{'from the tape':>22}{'finite differences':>22}   differ by")
        for path, found in tree.paths(differences.gradient).items():
            name = path.strip("[]'\"")
            a, b = float(slopes[path]), float(found)
            check[name] = {"tape": a, "finite_difference": b}
            label = SYMBOLS.get(name, f"dC/d {name}")
            say(options, f"{label:8}{a:22.14g}{b:22.14g}   {abs(a - b):.0e}")
    say(
        options,
        f"One run on the tape: {taped.stats.instructions:,} instructions, "
        f"{taped.stats.tape_bytes / 1e6:.0f} MB, {taped.stats.seconds:.2f} s.",
    )
    say(options)
    return check


def judged(
    about: Subject, hypers: Any, tuned: Any, seconds: float, options: argparse.Namespace
) -> dict[str, Any]:
    """Print what the start, the descent and a grid of the same budget come to."""
    assert about.judge is not None
    grid = search_with_budget(about, seconds)
    candidates = {
        "start": tree.map(lambda hyper: hyper.value, hypers),
        "tuned": tuned.values,
        "grid": grid["best"],
    }
    found = {name: {**values, **about.judge(values)} for name, values in candidates.items()}
    say(options, f"{'':8}{'eta':>10}{'lambda':>10}   validation          test")
    say(options, f"{'':8}{'':>20}   {'cost':>8}{'right':>8}  {'cost':>8}{'right':>8}")
    for name, row in found.items():
        cells = f"{name:8}{brief(row['eta']):>10}{brief(row['lam']):>10}   "
        cells += "  ".join(
            f"{row[split]['cost']:8.4f}{row[split]['accuracy']:8.2%}"
            for split in ("validation", "test")
        )
        say(options, cells)
    say(options)
    steps = len(tuned.history)
    say(options, f"tuned: {steps} hypergradients in {seconds:.1f} s, from where it started")
    say(
        options,
        f"grid:  {grid['trainings']} trainings in {grid['seconds']:.1f} s, over {GRID_TEXT}",
    )
    return {
        **plain(found),
        "seconds": {"tuned": seconds, "grid": grid["seconds"]},
        "grid_trainings": grid["trainings"],
        "grid_best_at_edge": grid["at_edge"],
    }


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


def brief(x: Any) -> str:
    """Return a number with a few digits, or the mean of several."""
    if np.ndim(x) == 0:
        return f"{x:.4g}"
    return f"~{np.mean(x):.4g}"
