"""``minigrad verify``: the same hypergradient by independent methods."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from minigrad import hyper
from minigrad.cli.options import output_options, run_options, whole
from minigrad.cli.output import Report, check_out
from minigrad.cli.subject import subject

__all__ = ["add"]

ABOUT = (
    "Answer the same question by reverse mode, forward mode, a complex step, finite "
    "differences and the dot-product test, and say how far they agree. The exit code is 1 if "
    "they do not."
)


def add(adder: Callable[..., argparse.ArgumentParser], name: str) -> None:
    """Add the command."""
    parser = adder(
        name,
        help="the same hypergradient by independent methods, with the digits that agree",
        description=ABOUT,
    )
    parser.set_defaults(command=verify)
    run_options(parser)
    parser.add_argument("--digits", type=whole(1), default=6, help="that must agree (6)")
    output_options(parser)


def verify(options: argparse.Namespace) -> Report:
    """Run it."""
    about = subject(options)
    check_out(options)
    result = hyper.verify(about.run, about.hypers, digits=options.digits, seed=0)
    return Report(f"{about.title}\n\n{result}", result.to_json(), 1 if result.ok is False else 0)
