"""``minigrad gradient``: the cost and its hypergradient, by any method."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from minigrad import hyper
from minigrad.cli.options import output_options, run_options
from minigrad.cli.output import Report, check_out
from minigrad.cli.subject import subject

__all__ = ["add"]


def add(adder: Callable[..., argparse.ArgumentParser], name: str) -> None:
    """Add the command."""
    parser = adder(
        name,
        help="the cost and its derivative in each hyperparameter",
        description="Train once, and give the final cost and its derivatives in the "
        "hyperparameters.",
    )
    parser.set_defaults(command=gradient)
    run_options(parser)
    parser.add_argument(
        "--method", choices=hyper.METHODS, default="auto", help="how to compute it (auto)"
    )
    output_options(parser)


def gradient(options: argparse.Namespace) -> Report:
    """Compute the hypergradient."""
    about = subject(options)
    check_out(options)
    result = hyper.hypergradient(about.run, about.hypers, options.method)
    data: dict[str, Any] = result.to_json()
    return Report(f"{about.title}\n\n{result}", data)
