"""``minigrad memory``: what each method will take, before a run starts."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict

from minigrad import hyper
from minigrad.cli.options import amount, output_options, run_options
from minigrad.cli.output import Report, check_out
from minigrad.cli.subject import subject

__all__ = ["add"]


def add(adder: Callable[..., argparse.ArgumentParser], name: str) -> None:
    """Add the command."""
    parser = adder(
        name,
        help="what each method will take: bytes, steps run again, seconds",
        description="Run the first step a few times, and tell what the hypergradient of the whole "
        "run will take by each method.",
    )
    parser.set_defaults(command=memory)
    run_options(parser)
    parser.add_argument(
        "--memory", type=amount, help="how much may be used, such as '64 MB' (what is free)"
    )
    output_options(parser)


def memory(options: argparse.Namespace) -> Report:
    """Tell it."""
    about = subject(options)
    check_out(options)
    told = hyper.forecast(about.run, about.hypers, options.memory)
    return Report(f"{about.title}\n{told}", asdict(told))
