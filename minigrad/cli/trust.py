"""``minigrad trust``: whether a hypergradient of this run can be trusted."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from minigrad import hyper
from minigrad.cli.options import output_options, run_options
from minigrad.cli.output import Report, check_out
from minigrad.cli.subject import subject

__all__ = ["add"]

ABOUT = (
    "Follow the adjoint and a tangent through the run: growth per step, Lyapunov exponent, "
    "sharpness, usable horizon. The exit code is 1 if the training diverges."
)


def add(adder: Callable[..., argparse.ArgumentParser], name: str) -> None:
    """Add the command."""
    parser = adder(
        name,
        help="whether a hypergradient of this run can be trusted",
        description=ABOUT,
    )
    parser.set_defaults(command=trust)
    run_options(parser)

    output_options(parser)


def trust(options: argparse.Namespace) -> Report:
    """Run it."""
    about = subject(options)
    check_out(options)
    result = hyper.trust(about.run, about.hypers)
    code = 1 if result.verdict == "diverged" else 0
    return Report(f"{about.title}\n\n{result}", result.to_json(), code)
