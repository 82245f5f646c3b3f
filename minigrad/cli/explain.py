"""``minigrad explain``: where a hypergradient comes from."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from minigrad import hyper
from minigrad.cli.options import output_options, run_options
from minigrad.cli.output import Report, check_out
from minigrad.cli.subject import subject

__all__ = ["add"]

ABOUT = (
    "Split each derivative into its direct part and the parts through the weights of each "
    "layer, and into the contributions of the steps."
)


def add(adder: Callable[..., argparse.ArgumentParser], name: str) -> None:
    """Add the command."""
    parser = adder(
        name,
        help="where a hypergradient comes from",
        description=ABOUT,
    )
    parser.set_defaults(command=explain)
    run_options(parser)

    output_options(parser)


def explain(options: argparse.Namespace) -> Report:
    """Run it."""
    about = subject(options)
    check_out(options)
    result = hyper.explain(about.run, about.hypers)
    return Report(f"{about.title}\n\n{result}", result.to_json(), 0)
