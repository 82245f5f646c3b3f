"""What the commands share: how options are read, and which of them every command takes."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minigrad.cli.subject import UsageError
from minigrad.experiments import ACTIVATIONS
from minigrad.hyper import METHODS, Recorded
from minigrad.hyper.memory import in_bytes

__all__ = [
    "amount",
    "data_options",
    "method",
    "method_option",
    "output_options",
    "positive",
    "run_options",
    "units",
    "whole",
]

#: The options that describe the built-in network, and what they are if they are not given.
DEFAULTS: dict[str, Any] = {
    "steps": 200,
    "hidden": (32,),
    "batch": 64,
    "activation": "tanh",
    "eta": 0.05,
    "lam": 1.0,
    "seed": 0,
    "data": None,
    "target": None,
}


def run_options(parser: argparse.ArgumentParser, **defaults: Any) -> None:
    """Add the options that say which training a command is about.

    They are None where nothing was given: a training of the user's own has its own settings, and
    an option that it would not follow is refused.
    """
    told = {**DEFAULTS, **defaults}
    hidden = ",".join(map(str, told["hidden"]))
    parser.set_defaults(defaults=told)
    parser.add_argument(
        "run",
        nargs="?",
        metavar="FILE.py:NAME",
        help="a TrainingRun of your own; beside it, the file has its `hypers` (a network on the "
        "bundled digits if left out)",
    )
    group = parser.add_argument_group("the network, if no run is given")
    add = group.add_argument
    data_options(add)
    add("--steps", type=whole(1), help=f"training steps ({told['steps']})")
    add("--hidden", type=units, help=f"units of the hidden layers ({hidden})")
    add("--batch", type=whole(1), help=f"examples in a mini-batch ({told['batch']})")
    add("--activation", choices=ACTIVATIONS, help=f"of the hidden units ({told['activation']})")
    add("--eta", type=positive, help=f"learning rate ({told['eta']})")
    add("--lam", type=positive, help=f"weight decay ({told['lam']})")
    add("--seed", type=whole(0), help=f"of weights and mini-batches ({told['seed']})")


def data_options(add: Callable[..., Any]) -> None:
    """Add the options that name a file of examples."""
    add("--data", metavar="PATH", type=Path, help="IDX, CSV or NPZ to learn from (digits)")
    add(
        "--target",
        metavar="NAME",
        help="where its labels are: the column of a CSV, by name or number from 0, the array of an "
        "NPZ, the file beside an IDX (what has a usual name)",
    )


def method_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that says how hypergradients are computed."""
    parser.add_argument(
        "--method",
        choices=METHODS,
        default="auto",
        metavar="METHOD",
        help=f"how to compute hypergradients: {', '.join(METHODS)} (auto)",
    )
    parser.add_argument(
        "--check-finite",
        action="store_true",
        help="stop at the first NaN or infinity and name its instruction (by method recorded)",
    )


def method(options: argparse.Namespace) -> Any:
    """Return the method that was asked for: a tape that checks, with ``--check-finite``."""
    if not options.check_finite:
        return options.method
    if options.method not in ("auto", "recorded"):
        raise UsageError(
            f"--check-finite looks at the instructions of a tape, and --method {options.method} "
            f"makes none of the whole run: leave --method out, or take recorded"
        )
    return Recorded(check="finite")


def output_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the result goes."""
    parser.set_defaults(said=[])
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="print the result as JSON")
    group.add_argument("--out", metavar="FILE", type=Path, help="write it to a file instead")
    group.add_argument("--force", action="store_true", help="replace a file that is there")


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


def units(text: str) -> tuple[int, ...]:
    """Read the units of hidden layers, such as ``32`` or ``50,50``."""
    try:
        return tuple(whole(1)(part) for part in text.split(","))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"expected whole numbers with commas between them, such as 50,50, got {text!r}"
        ) from None


def amount(text: str) -> int:
    """Read an amount of memory."""
    try:
        return in_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
