"""``minigrad claims``: the statements of the question and its answers, settled by running them."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from minigrad import claims as statements
from minigrad.cli.options import data_options, output_options
from minigrad.cli.output import Report, check_out, say
from minigrad.cli.subject import UsageError, examples
from minigrad.display import ProgressBar
from minigrad.hyper import Progress

__all__ = ["add"]


def add(adder: Callable[..., argparse.ArgumentParser], name: str) -> None:
    """Add the command."""
    parser = adder(
        name,
        help="eleven statements on tuning by gradients, settled by running them",
        description="Settle the statements S1 to S11 by measuring what they are about. The exit "
        "code is 1 if the figures do not bear a verdict out.",
    )
    parser.set_defaults(command=claims)
    parser.add_argument(
        "numbers", nargs="*", type=number, metavar="N", help="which of them, 1 to 11 (all)"
    )
    data_options(parser.add_argument_group("the images of S11").add_argument)
    output_options(parser)


def number(text: str) -> int:
    """Read the number of a statement: 7 or S7."""
    found = text.upper().removeprefix("S")
    if not found.isdigit() or int(found) not in statements.CLAIMS:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to 11, got {text!r}")
    return int(found)


def claims(options: argparse.Namespace) -> Report:
    """Settle them, one after the other."""
    numbers = options.numbers or list(statements.CLAIMS)
    if options.data is not None and 11 not in numbers:
        raise UsageError("--data is for S11, which is not among those that were asked for")
    data = examples(options.data, options.target)
    check_out(options)
    settled = []
    with ProgressBar("claims") as bar:
        for k, one in enumerate(numbers, start=1):
            settled.append(statements.settle(one, data))
            bar(Progress(k, len(numbers), f"S{one}"))
            say(options, str(settled[-1]) if k == 1 else f"\n{settled[-1]}")
    held = all(claim.holds for claim in settled)
    return Report("", {"claims": [claim.to_json() for claim in settled]}, 0 if held else 1)
