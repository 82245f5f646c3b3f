"""``minigrad tune``, the main job: descend on the hyperparameters of a training."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minigrad import hyper
from minigrad.cli.comparison import compare_with_differences, compare_with_grid
from minigrad.cli.options import amount, method, method_option, output_options, run_options, whole
from minigrad.cli.output import Report, check_file, check_out, say
from minigrad.cli.subject import Subject, UsageError, subject
from minigrad.display import ProgressBar

__all__ = ["add"]

ROOM = "256 MB"


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
    parser.add_argument("--outer-steps", type=whole(1), default=30, help="hypergradients (30)")
    parser.add_argument(
        "--optimiser",
        choices=("adam", "signs", "newton"),
        default="signs",
        metavar="NAME",
        help="of the descent: signs, adam, newton (signs)",
    )
    method_option(parser)
    parser.add_argument("--memory", type=amount, default=ROOM, help=f"that auto may use ({ROOM})")
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
    way = method(options)
    check_out(options)
    check_file("--html", options.html, options.force)
    check_file("--checkpoint", options.checkpoint, replace=True)
    hypers = shaped(about, options)
    say(options, f"{about.title}\n")
    check = compare_with_differences(about, hypers, options)
    steps: list[hyper.Progress] = []
    start = time.perf_counter()
    with ProgressBar("tune") as bar:

        def tell(step: hyper.Progress) -> None:
            steps.append(step)
            bar(step)

        tuned = hyper.tune(
            about.run,
            hypers,
            options.outer_steps,
            optimiser=options.optimiser,
            method=hyper.Automatic(options.memory) if way == "auto" else way,
            checkpoint=options.checkpoint,
            callback=tell,
        )
    seconds = time.perf_counter() - start
    before = tuned.history[: len(tuned.history) - len(steps)]
    if before:
        seconds += sum(event.result.stats.seconds for event in before)
        say(options, f"{len(before)} outer steps from {options.checkpoint}, {len(steps)} more.\n")
    data = {"check": check, **tuned.to_json(), "resumed": len(before)}
    data["seconds"] = {"tuned": seconds}
    if about.experiment is None or tuned.stopped == "interrupted":
        say(options, str(tuned))
    else:
        data |= compare_with_grid(about, hypers, tuned, seconds, options)
    if options.html is not None:
        tuned.save_html(options.html)
    return Report("", data, 130 if data["stopped"] == "interrupted" else 0)


def shaped(about: Subject, options: argparse.Namespace) -> Any:
    """Return the hypers with a rate for each step or a decay for each layer, if asked for."""
    if not options.per_step and not options.per_layer:
        return about.hypers
    if about.experiment is None:
        raise UsageError(
            "--per-step and --per-layer are for the built-in network; in your own file, write "
            "per_step(...) or a list of decays among the hypers"
        )
    eta, lam = about.hypers["eta"], about.hypers["lam"]
    if options.per_step:
        eta = hyper.per_step(hyper.positive(np.full(about.run.steps, eta.value)))
    if options.per_layer:
        lam = [hyper.positive(lam.value) for _ in about.experiment.start]
    return {"eta": eta, "lam": lam}
