"""``minigrad gradient``: the cost and its hypergradient, by any method."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import hyper
from minigrad.cli.options import method, method_option, output_options, run_options
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
    method_option(parser)
    output_options(parser)


def gradient(options: argparse.Namespace) -> Report:
    """Compute the hypergradient; the code is 1 if it is not finite."""
    about = subject(options)
    check_out(options)
    result = hyper.hypergradient(about.run, about.hypers, method(options))
    data: dict[str, Any] = result.to_json()
    text = f"{about.title}\n\n{result}"
    if np.isfinite(result.cost) and np.isfinite(result.norm):
        return Report(text, data)
    return Report(f"{text}\n\nIt diverged: start from a smaller learning rate or decay.", data, 1)
