"""``minigrad landscape``: the cost over a grid of both hyperparameters."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from minigrad import hyper
from minigrad.cli.options import output_options, positive, run_options, whole
from minigrad.cli.output import Report, check_out
from minigrad.cli.subject import UsageError, subject
from minigrad.display import ProgressBar

__all__ = ["add"]

ETA, LAM, SIDE = (0.003, 3.0), (0.003, 30.0), 15


def add(adder: Callable[..., argparse.ArgumentParser], name: str) -> None:
    """Add the command."""
    parser = adder(
        name,
        help="the cost over a grid of eta and lambda",
        description="Train at every point of a grid of learning rates and weight decays, and show "
        "the costs. A run of your own must have exactly the hypers eta and lam.",
    )
    parser.set_defaults(command=landscape)
    run_options(parser)
    for option, ends in (("--eta-range", ETA), ("--lam-range", LAM)):
        parser.add_argument(
            option,
            nargs=2,
            type=positive,
            default=ends,
            metavar=("LOW", "HIGH"),
            help=f"({ends[0]:g} {ends[1]:g})",
        )
    parser.add_argument("--side", type=whole(2), default=SIDE, help=f"points on a side ({SIDE})")
    output_options(parser)


def landscape(options: argparse.Namespace) -> Report:
    """Train at every point."""
    about = subject(options)
    if not isinstance(about.hypers, dict) or set(about.hypers) != {"eta", "lam"}:
        raise UsageError("a landscape has the two axes eta and lam; this run has other hypers")
    for name in ("eta", "lam"):
        low, high = getattr(options, f"{name}_range")
        if low >= high:
            raise UsageError(f"--{name}-range {low:g} {high:g}: the first must be the lower one")
    check_out(options)
    ranges: dict[str, tuple[float, float]] = {"eta": options.eta_range, "lam": options.lam_range}
    grid = {name: np.geomspace(low, high, options.side) for name, (low, high) in ranges.items()}
    with ProgressBar("landscape") as bar:
        result = hyper.landscape(about.run, grid, callback=bar)
    return Report(f"{about.title}\n\n{result}", result.to_json())
