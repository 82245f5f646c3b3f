"""The command line: ``minigrad tune`` descends on the hyperparameters of a network on digits.

``minigrad memory`` says before a run what each way to its hypergradient will take.
Results go to standard output, progress to standard error if that is a terminal. Exit codes: 0
done, 1 the training failed, 2 the command line was wrong, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from minigrad import __version__, hyper, tree
from minigrad.display import ProgressBar
from minigrad.errors import MinigradError
from minigrad.experiments import Classification
from minigrad.hyper.memory import in_bytes

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    options = parser().parse_args(arguments)
    try:
        report: dict[str, Any] = options.command(options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except (MinigradError, ValueError) as error:
        print(f"minigrad: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(report, indent=2, allow_nan=False))
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="minigrad", description="Gradients of a training's final cost in its hyperparameters."
    )
    top.add_argument("--version", action="version", version=f"minigrad-tape {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    tune = commands.add_parser(
        "tune",
        help="tune the learning rate and the weight decay of a network on digits",
        description="Train a 64-32-10 network on the bundled digits with the whole run on a tape, "
        "descend on log eta and log lambda by the gradient of the validation cost, and compare "
        "with a grid search of the same budget.",
    )
    tune.set_defaults(command=tune_digits)
    tune.add_argument("--steps", type=whole(1), default=200, help="training steps (200)")
    tune.add_argument("--outer-steps", type=whole(1), default=30, help="hypergradients (30)")
    tune.add_argument("--eta", type=positive, default=0.05, help="first learning rate (0.05)")
    tune.add_argument("--lam", type=positive, default=1.0, help="first weight decay (1.0)")
    tune.add_argument("--seed", type=whole(0), default=0, help="of weights and mini-batches (0)")
    tune.add_argument("--json", action="store_true", help="print the results as JSON")
    memory = commands.add_parser(
        "memory",
        help="what each method will take on the digits: bytes, steps run again, seconds",
        description="Run the first step of a 64-HIDDEN-10 network on the bundled digits a few "
        "times, and tell what the hypergradient of the whole run will take by each method.",
    )
    memory.set_defaults(command=memory_of_digits)
    memory.add_argument("--steps", type=whole(1), default=200, help="training steps (default 200)")
    memory.add_argument("--hidden", type=whole(1), default=32, help="hidden units (default 32)")
    memory.add_argument("--batch", type=whole(1), default=64, help="images of a batch (default 64)")
    memory.add_argument("--eta", type=positive, default=0.05, help="learning rate (0.05)")
    memory.add_argument("--lam", type=positive, default=1.0, help="weight decay (1.0)")
    memory.add_argument("--seed", type=whole(0), default=0, help="of weights and mini-batches (0)")
    memory.add_argument(
        "--memory", type=amount, help="how much may be used, such as '64 MB' (what is free)"
    )
    memory.add_argument("--json", action="store_true", help="print the forecast as JSON")
    return top


def amount(text: str) -> int:
    """Read an amount of memory."""
    try:
        return in_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def whole(least: int) -> Callable[[str], int]:
    """Make a reader of whole numbers from this one on."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(
                f"expected a whole number, {least} or more, got {text!r}"
            )
        return number

    return read


def positive(text: str) -> float:
    """Read a positive number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0.0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text!r}")
    return number


def tune_digits(options: argparse.Namespace) -> dict[str, Any]:
    """Run the main job and print its report."""
    say = (lambda text="": None) if options.json else print
    experiment = Classification(steps=options.steps, seed=options.seed)
    hypers = {"eta": hyper.positive(options.eta), "lam": hyper.positive(options.lam)}
    say(f"A 64-32-10 network on 1,000 digits, {options.steps} steps of 64, seed {options.seed}.")
    say()
    check = compare_with_differences(experiment, hypers, say)
    start = time.perf_counter()
    with ProgressBar("tune") as bar:
        tuned = hyper.tune(experiment.run, hypers, options.outer_steps, callback=bar)
    seconds = time.perf_counter() - start
    grid = search_with_budget(experiment, options, seconds)
    candidates = {
        "start": {"eta": options.eta, "lam": options.lam},
        "tuned": tuned.values,
        "grid": grid["best"],
    }
    judged = {name: {**values, **experiment.judge(values)} for name, values in candidates.items()}
    say(f"{'':8}{'eta':>10}{'lambda':>10}   validation          test")
    say(f"{'':8}{'':>20}   {'cost':>8}{'right':>8}  {'cost':>8}{'right':>8}")
    for name, row in judged.items():
        cells = f"{name:8}{row['eta']:10.4g}{row['lam']:10.4g}   "
        cells += "  ".join(
            f"{row[split]['cost']:8.4f}{row[split]['accuracy']:8.2%}"
            for split in ("validation", "test")
        )
        say(cells)
    say()
    say(f"tuned: {len(tuned.history)} hypergradients in {seconds:.1f} s, from where it started")
    say(f"grid:  {grid['trainings']} trainings in {grid['seconds']:.1f} s, over {GRID_TEXT}")
    return {
        "options": {
            key: getattr(options, key) for key in ("steps", "outer_steps", "eta", "lam", "seed")
        },
        "check": check,
        "history": [
            {
                "cost": finite(event.result.cost),
                "norm": finite(event.result.norm),
                "accepted": event.accepted,
                **tree.map(lambda h: finite(h.value), event.result.hypers),
            }
            for event in tuned.history
        ],
        **judged,
        "seconds": {"tuned": seconds, "grid": grid["seconds"]},
        "grid_trainings": grid["trainings"],
        "grid_best_at_edge": grid["at_edge"],
    }


def memory_of_digits(options: argparse.Namespace) -> dict[str, Any]:
    """Print what each method will take on the digits."""
    experiment = Classification(
        hidden=(options.hidden,), steps=options.steps, batch=options.batch, seed=options.seed
    )
    hypers = {"eta": hyper.positive(options.eta), "lam": hyper.positive(options.lam)}
    told = hyper.forecast(experiment.run, hypers, options.memory)
    if not options.json:
        print(
            f"A 64-{options.hidden}-10 network on 1,000 digits, batches of {options.batch}, seed "
            f"{options.seed}."
        )
        print(told)
    return asdict(told)


def compare_with_differences(
    experiment: Classification, hypers: Any, say: Any
) -> dict[str, dict[str, float]]:
    """Print the tape's hypergradient beside finite differences."""
    taped = hyper.hypergradient(experiment.run, hypers, "recorded")
    differences = hyper.hypergradient(experiment.run, hypers, hyper.FiniteDifference())
    say(f"{'':8}{'from the tape':>22}{'finite differences':>22}   differ by")
    check = {}
    for name, symbol in (("eta", "dC/dη"), ("lam", "dC/dλ")):
        a, b = float(taped.gradient[name]), float(differences.gradient[name])
        check[name] = {"tape": a, "finite_difference": b}
        say(f"{symbol:8}{a:22.14g}{b:22.14g}   {abs(a - b):.0e}")
    say(
        f"One run on the tape: {taped.stats.instructions:,} instructions, "
        f"{taped.stats.tape_bytes / 1e6:.0f} MB, {taped.stats.seconds:.2f} s."
    )
    say()
    return check


GRID_ETA, GRID_LAM = (0.003, 3.0), (0.003, 30.0)
GRID_TEXT = "eta 0.003 to 3, lambda 0.003 to 30"


def search_with_budget(
    experiment: Classification, options: argparse.Namespace, seconds: float
) -> dict[str, Any]:
    """Search a grid of as many points as the given seconds allow, 2 x 2 at least."""
    start = time.perf_counter()
    experiment.run.evaluate({"eta": options.eta, "lam": options.lam})
    one = time.perf_counter() - start
    side = max(2, round(math.sqrt(seconds / one)))
    axes = {"eta": np.geomspace(*GRID_ETA, side), "lam": np.geomspace(*GRID_LAM, side)}
    start = time.perf_counter()
    with ProgressBar("grid") as bar:
        found = hyper.grid_search(experiment.run, axes, callback=bar)
    best = found.points[found.best]
    return {
        "best": best,
        "at_edge": [name for name in axes if best[name] in (axes[name][0], axes[name][-1])],
        "trainings": len(found.points),
        "seconds": time.perf_counter() - start,
    }


def finite(x: Any) -> float | None:
    """Return a number for JSON, which has no infinities."""
    return float(x) if np.isfinite(x) else None
